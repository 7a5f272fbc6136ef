//! An attempt that only reads: asks an agent about an exact commit and gives what it answers.
//!
//! It has no branch and no scope. Its room is detached, and reset before somebody else gets it.
//! Where the kernel can, the agent cannot write there at all; where not, what it changed is told
//! and nothing of it is kept. Nothing here touches the records.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::agent::{
    AgentEnd, AgentRun, Environment, Fence, Limits, Observer, Order, Places, Profile, held,
    sandbox, supervise,
};
use crate::base::json::{self, Value};
use crate::base::{AttemptId, Error, FeatureId, Oid, Redactor, RepoPath, Result};
use crate::git::Repo;
use crate::model::{Account, Held, Mode, Package, SandboxLevel, Settings, Usage};
use crate::os::process::Watch;
use crate::os::{clock, confine, file, lock, random, tree};
use crate::plan::{self, fits};
use crate::worktree::{Post, VerifyRoom, VerifyRooms};

/// Largest result file.
const RESULT_MAX: u64 = 1 << 20;
/// Longest wait for a lock of a name that nobody else has.
const LOCK_WAIT: std::time::Duration = std::time::Duration::from_millis(200);

/// Where agents of one process read; any number of them at once.
pub struct Library {
    repo: Repo,
    rooms: VerifyRooms,
    post: Post,
    lock: lock::FileLock,
}

/// Whom to ask, about what.
pub struct ReadOrder<'a> {
    /// The agent.
    pub profile: &'a Profile,
    /// The commit that it sees; agents that read the same one do not see each other.
    pub commit: &'a Oid,
    /// What it is asked.
    pub prompt: &'a str,
    /// What kind of answer is wanted.
    pub answer: Answer<'a>,
    /// The settings of this repository.
    pub settings: &'a Settings,
    /// The environment of this process; agents get a part of it.
    pub environment: &'a BTreeMap<OsString, OsString>,
    /// When it is stopped.
    pub limits: Limits,
    /// This program.
    pub program: &'a Path,
}

/// What kind of answer is wanted.
#[derive(Debug, Clone, Copy)]
pub enum Answer<'a> {
    /// Its last text.
    Text,
    /// The JSON of its result file; with a schema that it has to fit.
    Json(Option<&'a Value>),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Its last text, redacted; of one whose output nobody reads, the end of it.
    pub text: String,
    /// What its result file holds, if JSON was asked for and is there.
    pub json: Option<Value>,
    /// Why the answer is none; empty if it is one.
    pub faults: Vec<String>,
    /// Paths that it changed, which are as they were again; none where it is confined.
    pub changed: Vec<RepoPath>,
    /// What else it did that it must not, in sentences.
    pub trespasses: Vec<String>,
    /// How it was held.
    pub held: Held,
    /// How it ended.
    pub end: AgentEnd,
    /// What it told of itself.
    pub account: Option<Account>,
    /// The end of its output, redacted.
    pub tail: String,
}

impl Reading {
    /// True if there is an answer, and nothing speaks against it.
    pub fn is_good(&self) -> bool {
        self.faults.is_empty() && self.changed.is_empty() && self.trespasses.is_empty()
    }
}

impl Library {
    /// `rooms` comes from [`crate::worktree::place::choose`].
    ///
    /// # Errors
    /// The lock that shows this process cannot be taken.
    pub fn open(repo: &Repo, rooms: &Path) -> Result<Self> {
        let name = format!("reading-{}", random::id(20)?);
        let path = repo.wp_dir().join("run").join(format!("{name}.lock"));
        let lock = lock::lock(&path, LOCK_WAIT)?;
        lock.announce("git wp", clock::now());
        Ok(Library {
            rooms: VerifyRooms::new(repo.clone(), rooms.to_owned()),
            post: Post::new(repo.clone(), &name),
            repo: repo.clone(),
            lock,
        })
    }

    /// Asks, in the calling thread, and waits for the answer. `watch` stops it.
    ///
    /// # Errors
    /// The commit is absent, the program cannot be started, or the sandbox that was asked for
    /// cannot be had. What the agent does wrong is part of the [`Reading`].
    pub fn read(&self, order: &ReadOrder<'_>, watch: &Watch) -> Result<Reading> {
        let attempt = random::attempt_id()?;
        let places = Places::new(&self.repo.wp_dir(), &attempt);
        let folder = places.rules.parent().unwrap_or(&places.rules).to_owned();
        let room = self.rooms.take(order.commit)?;
        let (held, fence) = held_in(order, &places)?;
        let sentinel = match fence {
            Some(_) => None,
            None => Some(self.post.take()?),
        };
        let run = self.run(order, (&attempt, &places), (&room, fence.as_ref()), watch)?;
        let mut trespasses = Vec::new();
        if let Some(sentinel) = sentinel {
            let found = sentinel.compare()?;
            sentinel.restore(&found)?;
            for tampering in &found {
                trespasses.push(tampering.describe());
            }
            self.post.dismiss(sentinel)?;
        }
        if room.has_moved()? {
            trespasses.push("HEAD of its worktree was moved".to_owned());
        }
        let changed = room.changed()?;
        let redactor = Environment::allowed(order.environment, &[]).redactor();
        let (json, faults) = answer(order.answer, (&places.result_file, &redactor), &run)?;
        tree::remove(&folder)?;
        file::remove(&places.log)?;
        Ok(Reading {
            text: run.said,
            json,
            faults,
            changed,
            trespasses,
            held,
            end: run.end,
            account: run.account,
            tail: run.tail,
        })
    }

    fn run(
        &self,
        order: &ReadOrder<'_>,
        (attempt, places): (&AttemptId, &Places),
        (room, fence): (&VerifyRoom, Option<&Fence>),
        watch: &Watch,
    ) -> Result<AgentRun> {
        let (feature, package) = reader(order.prompt)?;
        let order_of_agent = Order {
            feature: &feature,
            package: &package,
            attempt,
            mode: Mode::Implement,
            room: room.path(),
            places,
            prompt: order.prompt,
            conversation: None,
            spent: Usage::default(),
            settings: None,
            environment: Environment::allowed(order.environment, &order.profile.env),
            limits: order.limits,
            program: order.program,
            fence,
        };
        let nobody = Observer {
            activity: &|_| {},
            checkpoint: &|| {},
        };
        supervise::run(order.profile, &order_of_agent, nobody, watch)
    }

    /// Removes what nobody reads in any more.
    ///
    /// # Errors
    /// A worktree cannot be removed.
    pub fn close(self) -> Result<()> {
        self.rooms.close()?;
        // The name is never used again.
        file::remove(self.lock.path()).map(drop)
    }
}

/// How the agent is held: so that it only reads, unless the kernel cannot, somebody switched it
/// off, or its profile knows that its program does not work so.
fn held_in(order: &ReadOrder<'_>, places: &Places) -> Result<(Held, Option<Fence>)> {
    let missing = confine::missing();
    let mut held = held::of(order.profile, order.settings, missing.as_deref())?;
    let own = order.settings.agents.get(&order.profile.name);
    let asked = own.and_then(|own| own.sandbox).or(order.settings.sandbox);
    let usual = &order.profile.data.sandbox;
    let is_unfit = usual.level == SandboxLevel::Off && !usual.why.is_empty();
    let is_off = asked == Some(SandboxLevel::Off) || (asked.is_none() && is_unfit);
    if missing.is_some() || is_off {
        return Ok((held, None));
    }
    let home = order.environment.get(OsStr::new("HOME")).map(Path::new);
    let state = &order.profile.data.writes;
    sandbox::make_ready(state, home)?;
    let outside = own.map_or(&[][..], |own| &own.writable).iter();
    let outside = outside.chain(&order.settings.sandbox_writable).chain(state);
    let outside: Vec<String> = outside.cloned().collect();
    let results = places.result_file.parent().unwrap_or(&places.result_file);
    file::make_private_dirs(results)?;
    held.sandbox = SandboxLevel::Scope;
    held.why = "it only reads".to_owned();
    Ok((held, Some(sandbox::reading(results, &outside, home))))
}

/// What a profile has to know of a package: nothing may be written.
fn reader(prompt: &str) -> Result<(FeatureId, Package)> {
    let feature = FeatureId::parse("reading").ok_or_else(|| Error::bug("a literal is no id"))?;
    let plan = plan::linear(feature.clone(), "", prompt);
    let package = plan.packages.into_iter().next();
    let mut package = package.ok_or_else(|| Error::bug("a linear plan without a package"))?;
    package.scope.write_allow.clear();
    Ok((feature, package))
}

/// The JSON of an answer, and what is wrong with the answer.
fn answer(
    wanted: Answer<'_>,
    (path, redactor): (&Path, &Redactor),
    run: &AgentRun,
) -> Result<(Option<Value>, Vec<String>)> {
    let mut faults: Vec<String> = ill_end(run.end).into_iter().collect();
    let account = run.account.as_ref();
    let trouble = account.and_then(|account| account.trouble.as_ref());
    faults.extend(trouble.map(|trouble| format!("it {}: {}", trouble.kind.words(), trouble.text)));
    let Answer::Json(schema) = wanted else {
        if run.said.is_empty() && faults.is_empty() {
            faults.push("it said nothing".to_owned());
        }
        return Ok((None, faults));
    };
    match result(path, redactor) {
        Ok(value) => {
            let schema = schema.map(|schema| fits::faults(schema, &value));
            faults.extend(schema.transpose()?.unwrap_or_default());
            Ok((Some(value), faults))
        }
        Err(fault) => {
            faults.push(fault);
            Ok((None, faults))
        }
    }
}

/// What its result file holds, or why that is nothing.
fn result(path: &Path, redactor: &Redactor) -> Result<Value, String> {
    let about = |error: &Error| format!("its result file: {}", error.message());
    let bytes = file::read_bounded(path, RESULT_MAX).map_err(|e| about(&e))?;
    let bytes = bytes.ok_or_else(|| "it left no result file".to_owned())?;
    let text = String::from_utf8(bytes).map_err(|_| "its result file is not UTF-8".to_owned())?;
    json::parse(redactor.redact(&text).as_bytes()).map_err(|e| about(&e))
}

/// How it ended, where that is no way to end.
fn ill_end(end: AgentEnd) -> Option<String> {
    let said = match end {
        AgentEnd::Exited(0) => return None,
        AgentEnd::Exited(code) => return Some(format!("it ended with exit code {code}")),
        AgentEnd::Signalled(signal) => return Some(format!("it was killed by signal {signal}")),
        AgentEnd::NothingToDo => "it answers no questions",
        AgentEnd::TimedOut => "it ran longer than its limit",
        AgentEnd::Silent => "it said nothing for longer than its limit",
        AgentEnd::Repeating => "it did the same again and again",
        AgentEnd::Stopped => "it was stopped",
    };
    Some(said.to_owned())
}
