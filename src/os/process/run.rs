//! Runs a short tool to its end with bounded output in memory.

use std::io::{ErrorKind, Read, Write};
use std::process::{Child, Stdio};
use std::thread;

use crate::base::{Error, Result};
use crate::os::process::child;
use crate::os::process::invocation::{Input, Invocation};
use crate::os::process::status::Status;

/// What a short tool gave.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: Status,
    /// The first bytes of standard output, up to the limit.
    pub stdout: Vec<u8>,
    /// The first bytes of standard error, up to [`STDERR_MAX`].
    pub stderr: Vec<u8>,
    /// True if standard output was longer than the limit; the rest was read and dropped.
    pub truncated: bool,
}

/// Bytes of standard error that are kept.
pub const STDERR_MAX: u64 = 64 << 10;

/// Runs a program that ends by itself, keeping at most `stdout_max` bytes of its output.
///
/// It stays in the session of this process, so it can use the terminal for a password, and it
/// dies with the calling thread. Its exit code is returned, not judged.
///
/// # Errors
/// The program cannot be started, or a pipe broke.
pub fn run(invocation: &Invocation, stdout_max: u64) -> Result<Finished> {
    let mut command = invocation.command()?;
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    child::die_with_parent(&mut command);
    let mut child = child::spawn(&mut command).map_err(|e| invocation.cannot_start(e))?;
    let about = |e| {
        let program = invocation.program().to_string_lossy().into_owned();
        Error::io(format!("cannot talk to `{program}`"), e)
    };
    let (stdout, stderr) = exchange(&mut child, &invocation.input, stdout_max).map_err(about)?;
    let status = Status::from_std(child::wait(&mut child).map_err(about)?);
    Ok(Finished {
        status,
        truncated: stdout.1,
        stdout: stdout.0,
        stderr: stderr.0,
    })
}

/// Runs a program that speaks to the outputs of this process itself, to its end.
///
/// # Errors
/// The program cannot be started, or it cannot be waited for.
pub fn attached(invocation: &Invocation) -> Result<Status> {
    let mut command = invocation.command()?;
    child::die_with_parent(&mut command);
    let mut child = child::spawn(&mut command).map_err(|e| invocation.cannot_start(e))?;
    if let (Some(mut pipe), Input::Bytes(bytes)) = (child.stdin.take(), &invocation.input) {
        // The program's output goes elsewhere, so it never waits for us while we write.
        let wrote = finish_write(pipe.write_all(bytes));
        drop(pipe);
        wrote.map_err(|e| Error::io("cannot hand on the standard input", e))?;
    }
    let status = child::wait(&mut child).map_err(|e| Error::io("cannot wait for a program", e))?;
    Ok(Status::from_std(status))
}

type Kept = (Vec<u8>, bool);

fn exchange(child: &mut Child, input: &Input, max: u64) -> std::io::Result<(Kept, Kept)> {
    let stdin = child.stdin.take();
    let stdout = child.stdout.take();
    let stderr = child.stderr.take();
    thread::scope(|scope| {
        let writer = stdin.map(|mut pipe| {
            scope.spawn(move || match input {
                Input::Bytes(bytes) => finish_write(pipe.write_all(bytes)),
                Input::Null | Input::File(_) | Input::Inherit => Ok(()),
            })
        });
        let errors = scope.spawn(move || read_some(stderr, STDERR_MAX));
        let output = read_some(stdout, max);
        let errors = joined(errors.join())?;
        if let Some(writer) = writer {
            joined(writer.join())?;
        }
        Ok((output?, errors))
    })
}

/// A tool may stop reading before it has everything; its exit code says whether that was well.
fn finish_write(result: std::io::Result<()>) -> std::io::Result<()> {
    match result {
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn read_some(pipe: Option<impl Read>, max: u64) -> std::io::Result<Kept> {
    let mut kept = Vec::new();
    let Some(mut pipe) = pipe else {
        return Ok((kept, false));
    };
    pipe.by_ref().take(max).read_to_end(&mut kept)?;
    let dropped = std::io::copy(&mut pipe, &mut std::io::sink())?;
    Ok((kept, dropped > 0))
}

fn joined<T>(result: thread::Result<std::io::Result<T>>) -> std::io::Result<T> {
    result.unwrap_or_else(|_| Err(std::io::Error::other("a reader thread panicked")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Invocation {
        Invocation::new("sh", "/").args(["-c", script])
    }

    #[test]
    fn code_output_and_errors_come_back() {
        let done = run(&shell("echo out; echo err >&2; exit 3"), 100).unwrap();
        assert_eq!(done.status, Status::Code(3));
        assert_eq!(
            (&done.stdout[..], &done.stderr[..]),
            (&b"out\n"[..], &b"err\n"[..])
        );
        assert!(!done.truncated);
        let killed = run(&shell("kill -9 $$"), 100).unwrap();
        assert_eq!(killed.status, Status::Signal(9));
    }

    #[test]
    fn output_beyond_the_limit_is_dropped_and_said() {
        let done = run(&shell("head -c 300000 /dev/zero"), 10).unwrap();
        assert_eq!((done.stdout.len(), done.truncated), (10, true));
        assert!(done.status.is_success());
    }

    #[test]
    fn input_goes_in_and_may_be_left_unread() {
        let bytes = vec![b'x'; 300_000];
        let cat = shell("wc -c").input(Input::Bytes(bytes.clone()));
        assert_eq!(run(&cat, 100).unwrap().stdout.trim_ascii(), b"300000");
        let deaf = shell("exit 0").input(Input::Bytes(bytes));
        assert!(run(&deaf, 100).unwrap().status.is_success());
    }

    #[test]
    fn the_environment_is_what_was_asked_for() {
        let env = [("A".into(), "1".into())].into();
        let only = Invocation::new("/usr/bin/env", "/").only_env(env);
        assert_eq!(run(&only, 100).unwrap().stdout, b"A=1\n");
        let changed = shell("echo $A-$PATH").env("A", "2").without_env("PATH");
        let said = run(&changed, 1000).unwrap().stdout;
        assert!(said.starts_with(b"2-"), "{said:?}");
    }

    #[test]
    fn an_attached_program_gets_its_input_and_gives_its_code() {
        let input = Input::Bytes(b"7".to_vec());
        let status = attached(&shell("read x; exit $x").input(input)).unwrap();
        assert_eq!(status, Status::Code(7));
    }

    #[test]
    fn a_missing_program_and_a_missing_folder_are_told_apart() {
        let error = run(&Invocation::new("no-such-program", "/"), 1).unwrap_err();
        assert_eq!(error.code(), "no-program");
        let error = run(&Invocation::new("true", "/no/such/folder"), 1).unwrap_err();
        assert_eq!(error.code(), "no-folder");
    }
}
