//! Set-up and tear-down commands of a room: run in it, by a shell, into a log.
//!
//! They come from `wp.toml` and need a person's approval; whoever calls has checked that.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::Duration;

use crate::base::{Result, text};
use crate::os::file;
use crate::os::process::{
    Ended, Invocation, Job, Limits, Sink, Status, Tail, Watch, sink, supervise,
};

/// Longest run of one set-up command.
const SETUP_MAX: Duration = Duration::from_secs(30 * 60);
/// Longest run of one tear-down command.
const TEARDOWN_MAX: Duration = Duration::from_secs(5 * 60);
const GRACE: Duration = Duration::from_secs(5);
const LOG_BYTES: u64 = 4 << 20;
/// Bytes of output kept in memory; redaction may need to see what comes before the tail.
const TAIL_KEPT: usize = 16 << 10;

/// When commands of a room run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Before work starts: the first that fails ends it.
    Setup,
    /// When work has ended: all of them run.
    Teardown,
}

/// Where and with what they run.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The room.
    pub room: &'a Path,
    /// Their whole environment.
    pub env: &'a BTreeMap<OsString, OsString>,
    /// A variable that marks every process of them, so that none outlives a crash unseen.
    pub mark: Option<(&'a str, &'a str)>,
    /// Where their output goes; begun anew, so each phase has a log of its own.
    pub log: &'a Path,
    /// Stops them.
    pub watch: &'a Watch,
}

/// A command that did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The command line, as written.
    pub command: String,
    /// How it ended.
    pub status: Status,
    /// Who ended it.
    pub ended: Ended,
    /// How long it ran.
    pub took: Duration,
    /// The end of its output, as it came: not redacted.
    pub tail: String,
}

impl Failure {
    /// One line for people, for instance ``the set-up command `make` ended with exit code 2``.
    pub fn describe(&self, phase: Phase) -> String {
        let word = match phase {
            Phase::Setup => "set-up",
            Phase::Teardown => "tear-down",
        };
        let command = text::foreign(&self.command);
        let how = match self.ended {
            Ended::Alone => format!("ended with {}", self.status),
            Ended::WallLimit | Ended::SilenceLimit => "ran longer than its limit".to_owned(),
            Ended::Stopped | Ended::Enough => "was stopped".to_owned(),
        };
        format!("the {word} command `{command}` {how}")
    }

    /// Its exit code, if it ended by itself.
    pub fn exit_code(&self) -> Option<i32> {
        match self.status {
            Status::Code(code) if self.ended == Ended::Alone => Some(code),
            Status::Code(_) | Status::Signal(_) => None,
        }
    }
}

/// Runs the commands in order; gives those that failed.
///
/// # Errors
/// The log cannot be written, or no shell can be started.
pub fn run(phase: Phase, lines: &[String], at: Surroundings<'_>) -> Result<Vec<Failure>> {
    let mut failures = Vec::new();
    if lines.is_empty() {
        return Ok(failures);
    }
    if let Some(folder) = at.log.parent() {
        file::make_private_dirs(folder)?;
    }
    let output = sink::Log::create(at.log, LOG_BYTES)?;
    for line in lines {
        output.write(format!("$ {line}\n").as_bytes());
        let failure = one(phase, line, at, &output)?;
        failures.extend(failure);
        if phase == Phase::Setup && !failures.is_empty() {
            break;
        }
    }
    output.finish()?;
    Ok(failures)
}

fn one(
    phase: Phase,
    line: &str,
    at: Surroundings<'_>,
    output: &sink::Log,
) -> Result<Option<Failure>> {
    let tail = Tail::new(TAIL_KEPT);
    let sink = || Sink::Both(Box::new(Sink::Log(output.clone())), Box::new(tail.sink()));
    let mut env = at.env.clone();
    let ceiling = at.room.parent().unwrap_or(at.room);
    env.insert("GIT_CEILING_DIRECTORIES".into(), ceiling.into());
    let wall = match phase {
        Phase::Setup => SETUP_MAX,
        Phase::Teardown => TEARDOWN_MAX,
    };
    let job = Job {
        invocation: Invocation::new("sh", at.room)
            .args([OsStr::new("-c"), OsStr::new(line)])
            .only_env(env),
        mark: at
            .mark
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        limits: Limits {
            wall: Some(wall),
            silence: None,
            grace: GRACE,
        },
        stdout: sink(),
        stderr: sink(),
    };
    let done = supervise(job, at.watch)?;
    let is_well = done.ended == Ended::Alone && done.status == Status::Code(0);
    Ok((!is_well).then(|| Failure {
        command: line.to_owned(),
        status: done.status,
        ended: done.ended,
        took: done.took,
        tail: tail.text(),
    }))
}
