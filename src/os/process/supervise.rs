//! Runs a long program under limits and leaves none of its processes behind.

use std::io::Read;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{io, thread};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::base::{Error, Result};
use crate::os::clock::Moment;
use crate::os::process::child;
use crate::os::process::invocation::{Input, Invocation};
use crate::os::process::reap::{FAMILIES, Family, Survivor};
use crate::os::process::sink::Sink;
use crate::os::process::status::Status;

/// Time between two looks at limits and stop requests.
pub(super) const TICK: Duration = Duration::from_millis(50);
/// Time between two looks at the process table.
const CENSUS: Duration = Duration::from_millis(500);
/// Patience with what is left behind by a program that ended by itself.
const LEFTOVER_GRACE: Duration = Duration::from_millis(500);
/// Longest wait for the last output once all processes are gone.
const DRAIN: Duration = Duration::from_secs(2);

/// When a program is stopped.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Longest run; `None` is without limit.
    pub wall: Option<Duration>,
    /// Longest time without a byte of output; `None` is without limit.
    pub silence: Option<Duration>,
    /// Time between TERM and KILL.
    pub grace: Duration,
}

/// Why a program is no longer running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself, or by a signal that was not ours.
    Alone,
    /// It ran longer than it may.
    WallLimit,
    /// It was silent longer than it may.
    SilenceLimit,
    /// Somebody asked through its [`Watch`].
    Stopped,
    /// Whoever listens to it has heard enough.
    Enough,
}

/// What became of a supervised program.
#[derive(Debug)]
pub struct Outcome {
    /// How its first process ended.
    pub status: Status,
    /// Why.
    pub ended: Ended,
    /// How long it ran.
    pub took: Duration,
    /// Processes that could not be ended; empty in all ordinary cases.
    pub survivors: Vec<Survivor>,
}

/// A view of a running program for other threads, and their way to stop it. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Watch(Arc<State>);

#[derive(Debug, Default)]
struct State {
    pid: AtomicU32,
    output: AtomicU64,
    last: Mutex<Option<Moment>>,
    stop: AtomicBool,
    enough: AtomicBool,
    kill: AtomicBool,
}

impl Watch {
    /// The id of the first process; `None` before it was started.
    pub fn pid(&self) -> Option<u32> {
        Some(self.0.pid.load(Ordering::SeqCst)).filter(|&pid| pid != 0)
    }

    /// Bytes of output so far, both streams.
    pub fn output_bytes(&self) -> u64 {
        self.0.output.load(Ordering::SeqCst)
    }

    /// When output last came; the start of the program before any did, `None` before the start.
    pub fn last_output(&self) -> Option<Moment> {
        *self.0.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks to stop: TERM, then KILL after the grace time. Does not wait.
    pub fn stop(&self) {
        self.0.stop.store(true, Ordering::SeqCst);
    }

    /// Asks to stop without grace.
    pub fn kill(&self) {
        self.0.kill.store(true, Ordering::SeqCst);
        self.stop();
    }

    /// Ends this one program as [`Watch::stop`] does; one that is started later with the same
    /// watch is not concerned.
    pub fn enough(&self) {
        self.0.enough.store(true, Ordering::SeqCst);
    }

    fn heard(&self, bytes: usize) {
        self.0.output.fetch_add(bytes as u64, Ordering::SeqCst);
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(Moment::now());
    }

    fn silent_for(&self) -> Duration {
        self.last_output().map_or(Duration::ZERO, Moment::elapsed)
    }
}

/// What to supervise, and how.
pub struct Job {
    /// The program.
    pub invocation: Invocation,
    /// An entry of its environment, `NAME=value`, by which its processes are recognised; it is
    /// set for the program.
    pub mark: Option<(String, String)>,
    /// When to stop it.
    pub limits: Limits,
    /// Where its standard output goes.
    pub stdout: Sink,
    /// Where its standard error goes.
    pub stderr: Sink,
}

/// Runs `job` to its end in the calling thread.
///
/// The program leads a session of its own and is killed by the kernel should this thread or
/// process die. When this returns, its whole process tree is gone (else [`Outcome::survivors`]
/// names the rest) and both sinks have all output. This process becomes a subreaper for good.
///
/// # Errors
/// The program cannot be started. Everything later is an [`Outcome`].
pub fn supervise(job: Job, watch: &Watch) -> Result<Outcome> {
    let Job {
        mut invocation,
        mark,
        limits,
        stdout,
        stderr,
    } = job;
    become_subreaper()?;
    if let Some((name, value)) = &mark {
        invocation = invocation.env(name, value);
    }
    let mut command = invocation.command()?;
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    child::lead_session(&mut command);
    let _counted = Counted::new();
    let mut child = child::spawn(&mut command).map_err(|e| invocation.cannot_start(e))?;
    let start = Moment::now();
    watch.0.pid.store(child.id(), Ordering::SeqCst);
    watch.0.enough.store(false, Ordering::SeqCst);
    watch.heard(0);
    let readers = start_pumps(&mut child, invocation.input, [stdout, stderr], watch);
    let exited = announce_exit(child.id());
    let mark = mark.map(|(name, value)| format!("{name}={value}").into_bytes());
    let mut family = Family::new(child.id(), mark);
    let ended = attend(&mut family, &exited, limits, watch);
    let grace = match ended {
        Ended::Alone => LEFTOVER_GRACE.min(limits.grace),
        _ if watch.0.kill.load(Ordering::SeqCst) => Duration::ZERO,
        _ => limits.grace,
    };
    let survivors = family.end(grace);
    let status = child::wait(&mut child);
    let status = status.map_err(|e| Error::io("cannot wait for a child process", e))?;
    drain(&readers);
    Ok(Outcome {
        status: Status::from_std(status),
        ended,
        took: start.elapsed(),
        survivors,
    })
}

/// Waits until the program ends or has to be ended.
fn attend(family: &mut Family, exited: &Receiver<()>, limits: Limits, watch: &Watch) -> Ended {
    let start = Moment::now();
    let mut census = Moment::now();
    loop {
        match exited.recv_timeout(TICK) {
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ended::Alone,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if watch.0.stop.load(Ordering::SeqCst) {
            return Ended::Stopped;
        }
        if watch.0.enough.load(Ordering::SeqCst) {
            return Ended::Enough;
        }
        if limits.wall.is_some_and(|wall| start.elapsed() >= wall) {
            return Ended::WallLimit;
        }
        if limits
            .silence
            .is_some_and(|most| watch.silent_for() >= most)
        {
            return Ended::SilenceLimit;
        }
        if census.elapsed() >= CENSUS {
            family.look();
            census = Moment::now();
        }
    }
}

/// Says when the child has ended, without reaping it: its id stays its own until we do.
pub(super) fn announce_exit(pid: u32) -> Receiver<()> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        if let Some(pid) = pid {
            while matches!(
                waitid(WaitId::Pid(pid), options),
                Err(rustix::io::Errno::INTR)
            ) {}
        }
        let _ = sender.send(());
    });
    receiver
}

/// Starts the threads that feed and empty the pipes; the receiver closes when both are empty.
pub(super) fn start_pumps(
    child: &mut Child,
    input: Input,
    sinks: [Sink; 2],
    watch: &Watch,
) -> Receiver<()> {
    if let (Some(mut pipe), Input::Bytes(bytes)) = (child.stdin.take(), input) {
        thread::spawn(move || {
            // A program may well not read its input to the end.
            let _ = io::Write::write_all(&mut pipe, &bytes);
        });
    }
    let (open, closed) = channel();
    let [stdout, stderr] = sinks;
    if let Some(pipe) = child.stdout.take() {
        let (watch, open) = (watch.clone(), open.clone());
        thread::spawn(move || pump(pipe, stdout, &watch, open));
    }
    if let Some(pipe) = child.stderr.take() {
        let watch = watch.clone();
        thread::spawn(move || pump(pipe, stderr, &watch, open));
    }
    closed
}

fn pump(mut pipe: impl Read, mut sink: Sink, watch: &Watch, open: std::sync::mpsc::Sender<()>) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => {
                watch.heard(length);
                sink.take(&buffer[..length]);
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    drop(sink);
    drop(open);
}

/// Waits for both pumps, which end by themselves unless a survivor keeps a pipe open.
pub(super) fn drain(readers: &Receiver<()>) {
    let start = Moment::now();
    while let Some(left) = DRAIN.checked_sub(start.elapsed()) {
        if readers.recv_timeout(left) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
    }
}

#[cfg(target_os = "linux")]
fn become_subreaper() -> Result<()> {
    let own = Some(rustix::process::getpid());
    rustix::process::set_child_subreaper(own)
        .map_err(|e| Error::io("cannot become a subreaper", e.into()))
}

#[cfg(not(target_os = "linux"))]
fn become_subreaper() -> Result<()> {
    Ok(())
}

struct Counted;

impl Counted {
    fn new() -> Self {
        FAMILIES.fetch_add(1, Ordering::SeqCst);
        Counted
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        FAMILIES.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::process::sink::Memory;
    use crate::os::process::table;

    const LONG: Duration = Duration::from_secs(120);
    const SHORT: Duration = Duration::from_millis(150);

    fn job(script: &str, mark: &str) -> (Job, Memory) {
        let memory = Memory::new(1 << 16);
        let job = Job {
            invocation: Invocation::new("bash", "/").args(["-c", script]),
            mark: Some(("WP_TEST_MARK".into(), mark.into())),
            limits: Limits {
                wall: Some(LONG),
                silence: None,
                grace: SHORT,
            },
            stdout: Sink::Memory(memory.clone()),
            stderr: Sink::Memory(memory.clone()),
        };
        (job, memory)
    }

    /// Process ids that the script printed, one per line.
    fn pids(memory: &Memory) -> Vec<u32> {
        let text = String::from_utf8(memory.bytes()).unwrap();
        text.lines().map(|line| line.parse().unwrap()).collect()
    }

    fn assert_all_gone(memory: &Memory, expected: usize) {
        let pids = pids(memory);
        assert_eq!(pids.len(), expected);
        for pid in pids {
            let entry = table::entry(pid);
            assert!(entry.is_none_or(|e| e.zombie), "{entry:?} lives");
        }
    }

    #[test]
    fn output_and_exit_code_arrive() {
        let (job, memory) = job("echo a; echo b >&2; echo $WP_TEST_MARK; exit 4", "m1");
        let outcome = supervise(job, &Watch::default()).unwrap();
        assert_eq!(
            (outcome.status, outcome.ended),
            (Status::Code(4), Ended::Alone)
        );
        let mut lines: Vec<_> = pids_as_text(&memory);
        lines.sort();
        assert_eq!(lines, ["a", "b", "m1"]);
        assert_eq!(outcome.survivors, []);
    }

    fn pids_as_text(memory: &Memory) -> Vec<String> {
        let text = String::from_utf8(memory.bytes()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_daemon_in_a_session_of_its_own_does_not_survive() {
        let script = "echo $$; (setsid sh -c 'echo $$; exec sleep 300' >&1 &) ; sleep 0.1; exit 0";
        let (job, memory) = job(script, "m2");
        let outcome = supervise(job, &Watch::default()).unwrap();
        assert_eq!((outcome.ended, outcome.survivors), (Ended::Alone, vec![]));
        assert_all_gone(&memory, 2);
    }

    #[test]
    fn a_daemon_without_mark_that_was_seen_once_does_not_survive() {
        // It stays a visible descendant until two looks at the table have passed.
        let script = "setsid env -i sh -c 'echo $$; exec sleep 300' & echo $!; sleep 1.3";
        let (job, memory) = job(script, "m3");
        let outcome = supervise(job, &Watch::default()).unwrap();
        assert_eq!(outcome.survivors, []);
        assert_all_gone(&memory, 2);
    }

    #[test]
    fn one_that_ignores_term_is_killed_after_the_grace_time() {
        let (mut job, memory) = job("trap '' TERM; echo $$; while :; do sleep 0.05; done", "m4");
        job.limits.wall = Some(SHORT);
        let outcome = supervise(job, &Watch::default()).unwrap();
        assert_eq!(
            (outcome.ended, outcome.status),
            (Ended::WallLimit, Status::Signal(9))
        );
        assert!(outcome.took >= SHORT * 2);
        assert_all_gone(&memory, 1);
    }

    #[test]
    fn silence_ends_a_program_and_noise_does_not() {
        let script = "for i in 1 2 3 4 5 6; do sleep 0.1; echo $$; done; exec sleep 300";
        let (mut job, memory) = job(script, "m5");
        job.limits.silence = Some(Duration::from_millis(400));
        let outcome = supervise(job, &Watch::default()).unwrap();
        assert_eq!(outcome.ended, Ended::SilenceLimit);
        assert_all_gone(&memory, 6);
    }

    #[test]
    fn a_watch_sees_and_stops_a_program() {
        let (mut job, memory) = job(
            "trap 'exit 7' TERM; echo $$; while :; do sleep 0.01; done",
            "m6",
        );
        job.stderr = Sink::Null;
        let watch = Watch::default();
        let other = watch.clone();
        let stopper = thread::spawn(move || {
            let found = crate::os::clock::poll(LONG, TICK, || {
                (other.output_bytes() > 0).then(|| other.pid())
            });
            other.stop();
            found.flatten()
        });
        let outcome = supervise(job, &watch).unwrap();
        assert_eq!(outcome.ended, Ended::Stopped);
        assert_eq!(outcome.status, Status::Code(7));
        assert_eq!(stopper.join().unwrap(), watch.pid());
        assert_eq!(pids(&memory), [watch.pid().unwrap()]);
    }

    #[test]
    fn marked_processes_are_found_and_killed_without_a_supervisor() {
        let mark = format!("WP_TEST_MARK=lost-{}", std::process::id());
        let (name, value) = mark.split_once('=').unwrap();
        let mut daemon = std::process::Command::new("sleep")
            .arg("300")
            .env(name, value)
            .spawn()
            .unwrap();
        let reaper = thread::spawn(move || daemon.wait());
        let found = crate::os::clock::poll(LONG, TICK, || {
            Some(crate::os::process::marked(&mark)).filter(|found| !found.is_empty())
        });
        assert_eq!(found.unwrap()[0].command, "sleep 300");
        assert_eq!(crate::os::process::kill_marked(&mark), []);
        assert!(!reaper.join().unwrap().unwrap().success());
    }

    #[test]
    fn input_reaches_a_supervised_program() {
        let (mut job, memory) = job("cat", "m7");
        job.invocation = job.invocation.input(Input::Bytes(b"prompt".to_vec()));
        supervise(job, &Watch::default()).unwrap();
        assert_eq!(memory.bytes(), b"prompt");
    }
}
