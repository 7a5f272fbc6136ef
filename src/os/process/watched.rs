//! Runs a short tool that may hang, with bounded output, while somebody looks on.
//!
//! Unlike [`crate::os::process::supervise()`] it leaves alone what a tool that ended by itself
//! leaves behind: a credential cache or a shared connection belongs to the user.

use std::process::Stdio;
use std::sync::mpsc::RecvTimeoutError;

use rustix::process::{Pid, Signal};

use crate::base::{Error, Result};
use crate::os::process::child;
use crate::os::process::invocation::Invocation;
use crate::os::process::run::{Finished, STDERR_MAX};
use crate::os::process::sink::{Memory, Sink};
use crate::os::process::status::Status;
use crate::os::process::supervise::{TICK, Watch, announce_exit, drain, start_pumps};

/// Whether a tool may speak to the terminal of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {
    /// It can ask the person there, and only its first process is killed.
    Shared,
    /// It has no terminal, so it never waits for an answer; it is killed with its children.
    Own,
}

/// Runs a program to its end, or until `give_up`, which is asked many times a second, says yes.
///
/// `None` if it was given up; it is gone then. Output is kept as by [`crate::os::process::run`];
/// what a daemon left behind keeps open is not waited for.
///
/// # Errors
/// The program cannot be started, or cannot be waited for.
pub fn run_watched(
    invocation: &Invocation,
    stdout_max: u64,
    session: Session,
    give_up: &mut dyn FnMut() -> bool,
) -> Result<Option<Finished>> {
    let mut command = invocation.command()?;
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    match session {
        Session::Shared => child::die_with_parent(&mut command),
        Session::Own => child::lead_session(&mut command),
    }
    let mut child = child::spawn(&mut command).map_err(|e| invocation.cannot_start(e))?;
    let [stdout, stderr] =
        [stdout_max, STDERR_MAX].map(|max| Memory::new(usize::try_from(max).unwrap_or(usize::MAX)));
    let sinks = [&stdout, &stderr].map(|memory| Sink::Memory(memory.clone()));
    let readers = start_pumps(
        &mut child,
        invocation.input.clone(),
        sinks,
        &Watch::default(),
    );
    let exited = announce_exit(child.id());
    let mut given_up = false;
    while exited.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        if give_up() {
            given_up = true;
            kill(child.id(), session);
            break;
        }
    }
    let status = child::wait(&mut child);
    let status = status.map_err(|e| Error::io("cannot wait for a child process", e))?;
    if given_up {
        return Ok(None);
    }
    drain(&readers);
    Ok(Some(Finished {
        status: Status::from_std(status),
        truncated: stdout.dropped() > 0,
        stdout: stdout.bytes(),
        stderr: stderr.bytes(),
    }))
}

/// The child was not reaped yet, so its id is its own.
pub(super) fn kill(id: u32, session: Session) {
    let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) else {
        return;
    };
    // One that has ended by now is as good as killed.
    let _ = match session {
        Session::Shared => rustix::process::kill_process(pid, Signal::KILL),
        Session::Own => rustix::process::kill_process_group(pid, Signal::KILL),
    };
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::os::clock::Moment;
    use crate::os::process::table;

    fn shell(script: &str) -> Invocation {
        Invocation::new("sh", "/").args(["-c", script])
    }

    #[test]
    fn what_ends_by_itself_gives_code_and_output() {
        for session in [Session::Shared, Session::Own] {
            let script = shell("echo out; echo err >&2; exit 3");
            let done = run_watched(&script, 2, session, &mut || false).unwrap();
            let done = done.unwrap();
            assert_eq!(done.status, Status::Code(3));
            assert_eq!((&done.stdout[..], done.truncated), (&b"ou"[..], true));
            assert_eq!(done.stderr, b"err\n");
        }
    }

    #[test]
    fn what_is_given_up_is_gone_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let script = format!(
            "sleep 300 & echo $! > {0}.x; mv {0}.x {0}; wait",
            file.display()
        );
        let give_up = &mut || file.exists();
        let done = run_watched(&shell(&script), 10, Session::Own, give_up).unwrap();
        assert!(done.is_none());
        let pid: u32 = std::fs::read_to_string(file)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        let gone = crate::os::clock::poll(Duration::from_secs(60), TICK, || {
            table::entry(pid)
                .is_none_or(|entry| entry.zombie)
                .then_some(())
        });
        assert!(gone.is_some());
    }

    #[test]
    fn a_daemon_that_keeps_the_output_open_is_not_waited_for() {
        let start = Moment::now();
        let script = shell("sleep 30 & echo $!");
        let done = run_watched(&script, 100, Session::Own, &mut || false).unwrap();
        let said = String::from_utf8(done.unwrap().stdout).unwrap();
        assert!(start.elapsed() < Duration::from_secs(20));
        let daemon = Pid::from_raw(said.trim().parse().unwrap()).unwrap();
        // The reaper of another test in this process may have been faster.
        let _ = rustix::process::kill_process(daemon, Signal::KILL);
    }
}
