//! Runs an agent in its room and watches it: limits, log, live activity, checkpoints.
//!
//! When [`run`] returns, the agent's whole process tree is gone. What it said is kept in a local
//! log, capped, and never believed; only a redacted tail leaves this floor.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use crate::agent::blanks::Blanks;
use crate::agent::environment::Environment;
use crate::agent::profile::Profile;
use crate::agent::sandbox::{self, Fence};
use crate::agent::scratch::Scratch;
use crate::base::hash::Hashing;
use crate::base::json::{self, Value, json};
use crate::base::{AttemptId, Error, FeatureId, Result, text};
use crate::model::{Account, Durability, LogDigest, Package, PromptChannel};
use crate::os::clock::Moment;
use crate::os::file::{self, Access};
use crate::os::process::{
    self, Ended, Input, Invocation, Job, Outcome, Sink, Status, Tail, Watch, sink,
};

/// Bytes of output kept in memory for the tail; redaction may need to see what comes before it.
const TAIL_KEPT: usize = 16 << 10;
/// Bytes of the tail that is recorded.
pub const TAIL_MAX: usize = 4 << 10;
/// Characters of the last line that observers get.
const LINE_MAX: usize = 160;
/// Longest prompt, in bytes, that is given as an argument; Linux takes 128 KiB.
const ARGUMENT_MAX: usize = 100_000;
/// Time between two looks at the activity.
const TICK: Duration = Duration::from_millis(250);

/// Where the files of one attempt stand, all outside its work tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// `wp/run/<aid>/prompt.md`, mode 0600.
    pub prompt_file: PathBuf,
    /// `wp/run/<aid>/out/result.json`; the agent may write it and what else is in its folder.
    pub result_file: PathBuf,
    /// `wp/run/<aid>/mcp.json`: how the agent starts its MCP server.
    pub mcp_config: PathBuf,
    /// `wp/run/<aid>/sandbox.json`: where a confined agent may write.
    pub rules: PathBuf,
    /// `wp/logs/<aid>.log`, mode 0600.
    pub log: PathBuf,
}

impl Places {
    /// The places of `attempt` below `wp_dir`, the `wp` folder of the common git folder.
    pub fn new(wp_dir: &Path, attempt: &AttemptId) -> Self {
        let run = wp_dir.join("run").join(attempt.as_str());
        Places {
            prompt_file: run.join("prompt.md"),
            result_file: run.join("out").join("result.json"),
            mcp_config: run.join("mcp.json"),
            rules: run.join("sandbox.json"),
            log: wp_dir.join("logs").join(format!("{attempt}.log")),
        }
    }
}

/// When an agent is stopped, and how much of it is kept.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Longest run.
    pub wall: Duration,
    /// Longest time without output; `None` is without limit.
    pub silence: Option<Duration>,
    /// Time between TERM and KILL.
    pub grace: Duration,
    /// Bytes of output that are kept.
    pub log_bytes: u64,
    /// Time between two checkpoints; `None` is without.
    pub checkpoint: Option<Duration>,
}

/// One attempt to run.
pub struct Order<'a> {
    /// The feature.
    pub feature: &'a FeatureId,
    /// The package.
    pub package: &'a Package,
    /// The attempt; its id marks every process of the agent.
    pub attempt: &'a AttemptId,
    /// The work tree, the agent's working folder.
    pub room: &'a Path,
    /// Where prompt, result and log stand.
    pub places: &'a Places,
    /// The prompt; it gets in as the profile says.
    pub prompt: &'a str,
    /// The session of an earlier attempt that is to go on.
    pub session: Option<&'a str>,
    /// Settings for the agent's program, for instance tool hooks.
    pub settings: Option<&'a Path>,
    /// Allowlist, identity and git configuration; the `WP_` variables are added here.
    pub environment: Environment,
    /// When to stop.
    pub limits: Limits,
    /// This program, for the agent's MCP server.
    pub program: &'a Path,
    /// Where alone the agent may write; `None`: wherever its user may.
    pub fence: Option<&'a Fence>,
}

/// What an agent is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Its last line of output, made harmless for terminals.
    pub line: String,
    /// How long it runs.
    pub elapsed: Duration,
    /// Bytes it wrote so far.
    pub bytes: u64,
}

/// Who is told while an agent runs. Both are called from another thread than [`run`].
#[derive(Clone, Copy)]
pub struct Observer<'a> {
    /// Called when something new was said.
    pub activity: &'a (dyn Fn(&Activity) + Sync),
    /// Called every [`Limits::checkpoint`].
    pub checkpoint: &'a (dyn Fn() + Sync),
}

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
    /// Processes that could not be ended, for people; empty in all ordinary cases.
    pub survivors: Vec<String>,
    /// What it told of itself, if somebody reads its output.
    pub account: Option<Account>,
}

/// How an agent ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentEnd {
    /// There was nothing to run and the package needs nothing.
    NothingToDo,
    /// By itself with this code.
    Exited(i32),
    /// By this signal, which was not ours.
    Signalled(i32),
    /// We stopped it: past its wall-clock limit.
    TimedOut,
    /// We stopped it: silent for too long.
    Silent,
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
    let (mcp_toml, pointer) = (toml_server(order)?, pointer(order));
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
        session: order.session,
        cwd: order.room,
        feature: order.feature,
        attempt: order.attempt,
    };
    let Some(words) = profile.words(order.package, blanks)? else {
        return Ok(nothing());
    };
    let variables = profile.variables(order.package, blanks);
    prepare(order)?;
    let scratch = Scratch::make(order.attempt, &order.environment)?;
    let words = match order.fence {
        Some(fence) => sandbox::wrap(fence, words, &start(order, &scratch))?,
        None => words,
    };
    let log = sink::Log::create(&order.places.log, order.limits.log_bytes)?;
    let tail = Tail::new(TAIL_KEPT);
    let sink = || Sink::Both(Box::new(Sink::Log(log.clone())), Box::new(tail.sink()));
    let job = Job {
        invocation: invocation(&words, (profile, variables), order, scratch.path())?,
        mark: Some(("WP_ATTEMPT".to_owned(), order.attempt.as_str().to_owned())),
        limits: process::Limits {
            wall: Some(order.limits.wall),
            silence: order.limits.silence,
            grace: order.limits.grace,
        },
        stdout: sink(),
        stderr: sink(),
    };
    let outcome = std::thread::scope(|scope| {
        let (done, ended) = channel();
        let (tail, every) = (&tail, order.limits.checkpoint);
        scope.spawn(move || observe(tail, every, observer, watch, &ended));
        let outcome = process::supervise(job, watch);
        drop::<std::sync::mpsc::Sender<()>>(done);
        outcome
    })?;
    finish(&outcome, &log, order, &tail)
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

fn nothing() -> AgentRun {
    AgentRun {
        end: AgentEnd::NothingToDo,
        took: Duration::ZERO,
        log: None,
        tail: String::new(),
        survivors: Vec::new(),
        account: None,
    }
}

/// Writes the prompt and clears the place of the result.
fn prepare(order: &Order<'_>) -> Result<()> {
    let places = order.places;
    for path in [&places.prompt_file, &places.result_file, &places.log] {
        if let Some(folder) = path.parent() {
            file::make_private_dirs(folder)?;
        }
    }
    file::remove(&places.result_file)?;
    let servers = json::pretty(&servers(order))?;
    for (path, text) in [
        (&places.prompt_file, order.prompt),
        (&places.mcp_config, servers.as_str()),
    ] {
        file::replace(path, text.as_bytes(), Access::Private, Durability::Off)?;
    }
    Ok(())
}

/// The MCP server of this program, as most agents read it. What tells the server where it is
/// stands in it: not every agent hands its environment on.
fn servers(order: &Order<'_>) -> Value {
    json!({"mcpServers": {"git-wp": {
        "command": order.program,
        "args": ["mcp"],
        "env": {
            "WP_FEATURE": order.feature,
            "WP_PACKAGE": order.package.id,
            "WP_ATTEMPT": order.attempt,
        },
    }}})
}

/// The same as an inline table of TOML, whose strings are written like those of JSON.
fn toml_server(order: &Order<'_>) -> Result<String> {
    let program = json::line(order.program)?;
    let feature = json::line(order.feature)?;
    let package = json::line(&order.package.id)?;
    let attempt = json::line(order.attempt)?;
    let env = format!("WP_FEATURE={feature},WP_PACKAGE={package},WP_ATTEMPT={attempt}");
    Ok(format!(
        "{{command={program},args=[\"mcp\"],env={{{env}}}}}"
    ))
}

/// What an agent is told whose prompt is too long for its command line.
fn pointer(order: &Order<'_>) -> String {
    let file = order.places.prompt_file.display();
    format!("Read the file {file} to its end and do what it says.")
}

fn invocation(
    words: &[String],
    (profile, variables): (&Profile, BTreeMap<String, String>),
    order: &Order<'_>,
    scratch: &Path,
) -> Result<Invocation> {
    let (program, args) = words
        .split_first()
        .ok_or_else(|| Error::bug("an agent without a command line"))?;
    let ceiling = order.room.parent().unwrap_or(order.room);
    let mut environment = order.environment.clone().without(&profile.data.unset);
    for (name, value) in variables {
        environment = environment.with(name, value);
    }
    let environment = environment
        .with("WP_FEATURE", order.feature.as_str())
        .with("WP_PACKAGE", order.package.id.as_str())
        .with("WP_ATTEMPT", order.attempt.as_str())
        .with("WP_PROMPT_FILE", &order.places.prompt_file)
        .with("WP_RESULT_FILE", &order.places.result_file)
        .with("WP_MCP_CONFIG", &order.places.mcp_config)
        .with("GIT_CEILING_DIRECTORIES", ceiling)
        .with("PWD", order.room);
    let environment = ["TMPDIR", "TMP", "TEMP"]
        .into_iter()
        .fold(environment, |env, name| env.with(name, scratch));
    Ok(Invocation::new(program, order.room)
        .args(args)
        .only_env(environment.vars().clone())
        .input(match profile.channel() {
            PromptChannel::Stdin => Input::Bytes(order.prompt.as_bytes().to_vec()),
            PromptChannel::Argument | PromptChannel::File => Input::Null,
        }))
}

fn finish(outcome: &Outcome, log: &sink::Log, order: &Order<'_>, tail: &Tail) -> Result<AgentRun> {
    let summary = log.finish()?;
    let digest = LogDigest {
        sha256: hash_file(&order.places.log)?,
        bytes: summary.total,
        dropped: summary.dropped,
    };
    let end = match (outcome.ended, outcome.status) {
        (Ended::WallLimit, _) => AgentEnd::TimedOut,
        (Ended::SilenceLimit, _) => AgentEnd::Silent,
        (Ended::Stopped, _) => AgentEnd::Stopped,
        (Ended::Alone, Status::Code(code)) => AgentEnd::Exited(code),
        (Ended::Alone, Status::Signal(signal)) => AgentEnd::Signalled(signal),
    };
    let shown = |left: &process::Survivor| format!("{} {}", left.pid, text::foreign(&left.command));
    let survivors = outcome.survivors.iter().map(shown).collect();
    Ok(AgentRun {
        end,
        took: outcome.took,
        log: Some(digest),
        tail: order.environment.redactor().tail(&tail.text(), TAIL_MAX),
        survivors,
        account: None,
    })
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

/// Tells the observer until `ended` closes.
fn observe(
    tail: &Tail,
    every: Option<Duration>,
    observer: Observer<'_>,
    watch: &Watch,
    ended: &Receiver<()>,
) {
    let start = Moment::now();
    let mut last_checkpoint = start;
    let mut told = None;
    while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        let bytes = watch.output_bytes();
        if told != Some(bytes) {
            told = Some(bytes);
            (observer.activity)(&Activity {
                line: text::foreign(&text::cut(&tail.last_line(), LINE_MAX)).to_string(),
                elapsed: start.elapsed(),
                bytes,
            });
        }
        if every.is_some_and(|every| last_checkpoint.elapsed() >= every) {
            (observer.checkpoint)();
            last_checkpoint = Moment::now();
        }
    }
}
