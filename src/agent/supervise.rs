//! Runs an agent in its room and watches it: limits, log, live activity, checkpoints, troubles.
//!
//! When [`run`] returns, the agent's whole process tree is gone. What it said is kept in a local
//! log, capped, and never believed; only a redacted tail and account leave this floor.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use crate::agent::blanks::Blanks;
use crate::agent::launch;
use crate::agent::listen::{Ear, Stream, Verdict};
use crate::agent::order::{Observer, Order};
use crate::agent::profile::Profile;
use crate::agent::sandbox;
use crate::agent::scratch::Scratch;
use crate::agent::stream::reader::Left;
use crate::agent::stream::{Counting, Reader};
use crate::base::hash::Hashing;
use crate::base::{Error, Redactor, Result, text};
use crate::model::{Account, LogDigest, Trouble, TroubleKind};
use crate::os::clock;
use crate::os::process::{self, Ended, Invocation, Job, Outcome, Sink, Status, Tail, Watch, sink};

/// Bytes of output kept in memory for the tail; redaction may need to see what comes before it.
const TAIL_KEPT: usize = 16 << 10;
/// Bytes of the tail that is recorded.
pub const TAIL_MAX: usize = 4 << 10;
/// Longest prompt, in bytes, that is given as an argument; Linux takes 128 KiB.
const ARGUMENT_MAX: usize = 100_000;

/// What became of an agent's process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentRun {
    /// How it ended.
    pub end: AgentEnd,
    /// How long it ran.
    pub took: Duration,
    /// The log, if anything was started.
    pub log: Option<LogDigest>,
    /// The last lines, redacted.
    pub tail: String,
    /// Its last text, redacted, if somebody reads its output; else the same as the tail.
    pub said: String,
    /// Processes that could not be ended, for people; empty in all ordinary cases.
    pub survivors: Vec<String>,
    /// It was told to go on with a conversation.
    pub resumed: bool,
    /// What it told of itself, redacted, if somebody reads its output.
    pub account: Option<Account>,
}

/// How an agent ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentEnd {
    /// There was nothing to run and the package needs nothing.
    NothingToDo,
    /// By itself with this code. One that stayed after its final event has 0, or 1 if it said
    /// that something was wrong.
    Exited(i32),
    /// By this signal, which was not ours.
    Signalled(i32),
    /// We stopped it: past its wall-clock limit.
    TimedOut,
    /// We stopped it: silent for too long.
    Silent,
    /// We stopped it: it did the same again and again.
    Repeating,
    /// We stopped it: somebody asked through the [`Watch`].
    Stopped,
}

/// Runs the agent to its end in the calling thread. `watch` shows it to other threads and stops
/// it.
///
/// # Errors
/// The profile does not fit the package, a file cannot be written, or the program cannot be
/// started.
pub fn run(
    profile: &Profile,
    order: &Order<'_>,
    observer: Observer<'_>,
    watch: &Watch,
) -> Result<AgentRun> {
    let Some((words, variables)) = words(profile, order)? else {
        return Ok(nothing());
    };
    launch::prepare(order)?;
    let scratch = Scratch::make(order.attempt, &order.environment)?;
    let words = match order.fence {
        Some(fence) => sandbox::wrap(fence, words, &start(order, &scratch))?,
        None => words,
    };
    let log = sink::Log::create(&order.places.log, order.limits.log_bytes)?;
    let tail = Tail::new(TAIL_KEPT);
    let reader = Reader::new(&profile.data, &order.room.to_string_lossy(), clock::now());
    let ear = Ear::new(&profile.data, reader, tail.clone());
    let sink = |stream| {
        let log = Sink::Log(log.clone());
        Sink::Both(Box::new(log), Box::new(ear.sink(stream)))
    };
    let job = Job {
        invocation: launch::invocation(&words, (profile, variables), order, scratch.path())?,
        mark: Some(("WP_ATTEMPT".to_owned(), order.attempt.as_str().to_owned())),
        limits: process::Limits {
            wall: Some(order.limits.wall),
            silence: order.limits.silence,
            grace: order.limits.grace,
        },
        stdout: sink(Stream::Out),
        stderr: sink(Stream::Err),
    };
    let (outcome, verdict) = std::thread::scope(|scope| {
        let (done, ended) = channel::<()>();
        let (ear, every) = (&ear, order.limits.checkpoint);
        let observing = scope.spawn(move || ear.observe(every, observer, watch, &ended));
        let outcome = process::supervise(job, watch);
        drop(done);
        // A panic of an observer is told by the scope.
        outcome.map(|outcome| (outcome, observing.join().unwrap_or(None)))
    })?;
    finish((&outcome, verdict), &log, order, (&tail, &ear))
}

fn start<'a>(order: &'a Order<'_>, scratch: &'a Scratch) -> sandbox::Start<'a> {
    sandbox::Start {
        program: order.program,
        room: order.room,
        rules: &order.places.rules,
        scratch: scratch.path(),
        vars: order.environment.vars(),
    }
}

/// The command line and the variables of its profile; `None` if nothing is started.
fn words(profile: &Profile, order: &Order<'_>) -> Result<Option<Line>> {
    let (mcp_toml, pointer) = (launch::toml_server(order)?, launch::pointer(order));
    let blanks = Blanks {
        prompt: match order.prompt.len() > ARGUMENT_MAX {
            true => &pointer,
            false => order.prompt,
        },
        prompt_file: &order.places.prompt_file,
        result_file: &order.places.result_file,
        mcp_config: &order.places.mcp_config,
        mcp_toml: &mcp_toml,
        settings: order.settings,
        confined: order.fence.is_some(),
        session: order.conversation.map(|it| it.session.as_str()),
        session_file: order.conversation.and_then(|it| it.file.as_deref()),
        cwd: order.room,
        feature: order.feature,
        attempt: order.attempt,
    };
    let Some(words) = profile.words(order.package, blanks)? else {
        return Ok(None);
    };
    let variables = profile.variables(order.package, blanks);
    Ok(Some((words, variables)))
}

/// Words and variables.
type Line = (Vec<String>, BTreeMap<String, String>);

fn nothing() -> AgentRun {
    AgentRun {
        end: AgentEnd::NothingToDo,
        took: Duration::ZERO,
        log: None,
        tail: String::new(),
        said: String::new(),
        survivors: Vec::new(),
        resumed: false,
        account: None,
    }
}

fn finish(
    (outcome, verdict): (&Outcome, Option<Verdict>),
    log: &sink::Log,
    order: &Order<'_>,
    (tail, ear): (&Tail, &Ear),
) -> Result<AgentRun> {
    let summary = log.finish()?;
    let log = LogDigest {
        sha256: hash_file(&order.places.log)?,
        bytes: summary.total,
        dropped: summary.dropped,
    };
    let mut reader = ear.reader();
    reader.close();
    let end = match (outcome.ended, outcome.status) {
        (Ended::WallLimit, _) => AgentEnd::TimedOut,
        (Ended::SilenceLimit, _) => AgentEnd::Silent,
        (Ended::Stopped, _) => AgentEnd::Stopped,
        (Ended::Enough, _) if verdict == Some(Verdict::Repeating) => AgentEnd::Repeating,
        (Ended::Enough, _) => AgentEnd::Exited(reader.digest().trouble.is_some().into()),
        (Ended::Alone, Status::Code(code)) => AgentEnd::Exited(code),
        (Ended::Alone, Status::Signal(signal)) => AgentEnd::Signalled(signal),
    };
    let left = match end {
        AgentEnd::Exited(0) | AgentEnd::NothingToDo => Left::Well,
        AgentEnd::Repeating => Left::Repeating,
        _ => Left::Badly,
    };
    settle_reset(&mut reader);
    let shown = |left: &process::Survivor| format!("{} {}", left.pid, text::foreign(&left.command));
    let redactor = order.environment.redactor();
    let tail = redactor.tail(&tail.text(), TAIL_MAX);
    let said = match reader.is_listening() {
        true => redactor.redact(reader.said()),
        false => tail.clone(),
    };
    Ok(AgentRun {
        end,
        took: outcome.took,
        log: Some(log),
        tail,
        said,
        survivors: outcome.survivors.iter().map(shown).collect(),
        resumed: order.conversation.is_some(),
        account: account(&reader, left, order, &redactor),
    })
}

/// What the agent told of itself; `None` where nobody listened.
fn account(reader: &Reader, left: Left, order: &Order<'_>, secret: &Redactor) -> Option<Account> {
    let digest = reader.is_listening().then(|| reader.digest())?;
    let trouble = reader.trouble(left).map(|trouble| Trouble {
        text: secret.redact(&trouble.text),
        ..trouble
    });
    let before = || order.conversation.map(|it| it.session.clone());
    let stop = digest.stop.as_ref().map(|stop| secret.redact(stop));
    Some(Account {
        session: digest.session.clone().or_else(before),
        usage: match digest.counting {
            Counting::Session => digest.usage.since(&order.spent),
            Counting::Attempt => digest.usage,
        },
        tool_calls: u32::try_from(digest.tools).unwrap_or(u32::MAX),
        stop,
        trouble,
    })
}

/// Some agents tell the time of day at which there is quota again, as the clock on the wall has
/// it.
fn settle_reset(reader: &mut Reader) {
    let open = reader.digest().last_trouble.as_ref();
    if open.is_some_and(|t| t.kind == TroubleKind::Quota && t.resets_at.is_none()) {
        let date = Invocation::new("date", "/").arg("+%z");
        let said = process::run(&date, 64).ok().map(|done| done.stdout);
        let said = said.and_then(|bytes| String::from_utf8(bytes).ok());
        if let Some(offset) = said.and_then(|said| seconds_east(said.trim())) {
            reader.settle_reset(offset);
        }
    }
}

/// `+0130` is 5400.
fn seconds_east(zone: &str) -> Option<i64> {
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = digits.split_at_checked(2)?;
    let hours: i64 = hours.parse().ok()?;
    let minutes: i64 = minutes.parse().ok()?;
    Some(sign * (hours * 3600 + minutes * 60))
}

fn hash_file(path: &Path) -> Result<crate::base::ContentHash> {
    let about = |e| Error::io(format!("cannot read `{}`", path.display()), e);
    let mut file = File::open(path).map_err(about)?;
    let mut hashing = Hashing::default();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer).map_err(about)? {
            0 => return Ok(hashing.finish()),
            length => hashing.update(&buffer[..length]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_of_date_are_read() {
        assert_eq!(seconds_east("+0000"), Some(0));
        assert_eq!(seconds_east("-0330"), Some(-12_600));
        for other in ["", "UTC", "+1", "+xx00"] {
            assert_eq!(seconds_east(other), None);
        }
    }
}
