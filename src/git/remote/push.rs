//! One push, and what became of it. Exit code 0 is no proof, and a failure may have taken effect:
//! every ref has to be told, else the remote is asked.

use std::time::Duration;

use crate::base::{Error, Oid, RefName, Result};
use crate::git::cmd::Answer;
use crate::git::refs::Expected;
use crate::git::remote::outpost::{Outpost, Promisors};
use crate::git::remote::report::Report;
use crate::git::remote::{Remote, Trouble, words};
use crate::git::sub::Sub;
use crate::os::clock::Moment;
use crate::os::file;

/// Longest push; what was not answered by then is unknown.
const TIME_MAX: Duration = Duration::from_secs(1800);
/// Most bytes of an answer.
const BYTES_MAX: u64 = 16 << 20;
/// Most bytes that git's record of its own steps has.
const TRACE_MAX: u64 = 4 << 20;
/// What is said of a remote without atomic pushes.
const NOT_ATOMIC: &str = "it does not support atomic pushes";

/// What one ref of the remote shall hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushUpdate {
    /// The object; `None` deletes the ref.
    pub source: Option<Oid>,
    /// The ref.
    pub target: RefName,
    /// What it must hold before. [`Expected::Any`] overwrites.
    pub expected: Expected,
}

/// Whether all refs change or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Atomic {
    /// All or none; the remote has to support it.
    Yes,
    /// Each by itself.
    No,
}

/// What became of a push that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// Every ref holds what was pushed.
    Done,
    /// Somebody else was first: a ref is not what was expected, or is being changed right now.
    /// With [`Atomic::No`] other refs may have been changed.
    Lost,
    /// The other side does not take it; its own words, foreign text. With [`Atomic::No`] other
    /// refs may have been changed.
    Refused(String),
}

/// Whether something can have reached the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Nothing,
    Perhaps,
}

impl Remote {
    /// Changes refs of the remote; runs no hook of this repository.
    ///
    /// Deleting a ref that is not there is [`Pushed::Done`] if nothing else is pushed.
    ///
    /// # Errors
    /// [`Trouble::Offline`]: nothing was changed. [`Trouble::Unknown`]: list the refs first.
    /// [`Trouble::Failed`]: an object is missing here, or the formats differ.
    pub fn push(&self, updates: &[PushUpdate], atomic: Atomic) -> Result<Pushed, Trouble> {
        if updates.is_empty() {
            return Ok(Pushed::Done);
        }
        let objects = self.repo.objects();
        for oid in updates.iter().filter_map(|update| update.source.as_ref()) {
            if objects.header(oid)?.is_none() {
                let message = format!("object `{oid}` is missing, so it cannot be pushed");
                return Err(Error::damaged("object", message).hint("git fsck").into());
            }
        }
        let outpost = Outpost::open(&self.repo, &self.transport, Promisors::Kept)?;
        let answer = self.send(&outpost, updates, atomic)?;
        let sent = sent(&outpost);
        let Some(answer) = answer else {
            return self.look_up(updates, sent, "cut off");
        };
        let report = Report::parse(&answer.stdout);
        let targets = || updates.iter().map(|update| &update.target);
        if answer.code == 0 && report.is_done(targets()) {
            return Ok(Pushed::Done);
        }
        if answer.code != 0 && report.is_clear_no(targets()) {
            return Ok(self.judge(updates, &report, &answer));
        }
        match inability(&answer) {
            Some(Inability::Atomic) => Ok(Pushed::Refused(NOT_ATOMIC.to_owned())),
            Some(Inability::Format) => {
                let own = self.repo.format().hex_len();
                Err(self.other_format(if own == 40 { 64 } else { 40 }).into())
            }
            None => self.look_up(updates, sent, &words(&answer.stderr, false)),
        }
    }

    fn send(
        &self,
        outpost: &Outpost,
        updates: &[PushUpdate],
        atomic: Atomic,
    ) -> Result<Option<Answer>> {
        let git = self
            .git(outpost)
            .env("GIT_TRACE2_EVENT", outpost.folder().join("trace"))
            .env("GIT_TRACE2_EVENT_NESTING", "10");
        let call = git
            .call(Sub::Push)
            .args([
                "--porcelain",
                "--no-verify",
                "--no-follow-tags",
                "--no-signed",
            ])
            .args(["--recurse-submodules=no", "--receive-pack=git-receive-pack"])
            .arg(match atomic {
                Atomic::Yes => "--atomic",
                Atomic::No => "--no-atomic",
            })
            .args(updates.iter().filter_map(lease))
            .arg("--end-of-options")
            .arg(&self.name)
            .args(updates.iter().map(refspec));
        let start = Moment::now();
        call.run_unless(self.session, BYTES_MAX, &mut || {
            self.is_over(start, TIME_MAX)
        })
    }

    /// What a push that changed nothing, or not all, means. The reasons are words, so the refs are
    /// asked first; words alone only turn a refusal into a race, which is tried again.
    fn judge(&self, updates: &[PushUpdate], report: &Report, answer: &Answer) -> Pushed {
        let reasons = report.reasons();
        if reasons.is_empty() {
            return Pushed::Lost;
        }
        let said = words(&answer.stderr, true);
        let all = reasons.join("; ") + "; " + &said;
        let in_the_way = all.contains("exists; cannot create");
        let locked = all.contains("cannot lock ref") || all.contains("Unable to create");
        let moved = self.now(updates).is_ok_and(|now| {
            let pairs = updates.iter().zip(now);
            pairs
                .into_iter()
                .any(|(update, now)| now != update.source && !update.expected.allows(now.as_ref()))
        });
        if moved || (locked && !in_the_way) {
            return Pushed::Lost;
        }
        Pushed::Refused(match said.is_empty() {
            true => reasons.join("; "),
            false => all,
        })
    }

    /// What became of a push that was not answered in full.
    fn look_up(&self, updates: &[PushUpdate], sent: Sent, words: &str) -> Result<Pushed, Trouble> {
        let error = |what: &str| self.failure("remote-push", what, words);
        let now = match (self.now(updates), sent) {
            (Ok(now), _) => now,
            (Err(_), Sent::Nothing) => return Err(Trouble::Offline(error("push to"))),
            (Err(_), Sent::Perhaps) => {
                return Err(Trouble::Unknown(error("learn the end of a push to")));
            }
        };
        let pairs = || updates.iter().zip(&now);
        if pairs().all(|(update, now)| *now == update.source) {
            return Ok(Pushed::Done);
        }
        if sent == Sent::Perhaps {
            return Err(Trouble::Unknown(error("learn the end of a push to")));
        }
        let moved = pairs().any(|(update, now)| !update.expected.allows(now.as_ref()));
        match moved {
            true => Ok(Pushed::Lost),
            false => Err(Trouble::Offline(error("push to"))),
        }
    }

    /// What the targets hold now.
    fn now(&self, updates: &[PushUpdate]) -> Result<Vec<Option<Oid>>, Trouble> {
        let names: Vec<&str> = updates
            .iter()
            .map(|update| update.target.as_str())
            .collect();
        let found = self.list(&names)?;
        let of = |target: &RefName| {
            let found = found.iter().find(|(name, _)| name == target);
            found.map(|(_, oid)| oid.clone())
        };
        Ok(updates.iter().map(|update| of(&update.target)).collect())
    }
}

fn lease(update: &PushUpdate) -> Option<String> {
    let target = &update.target;
    match &update.expected {
        Expected::Absent => Some(format!("--force-with-lease={target}:")),
        Expected::Is(oid) => Some(format!("--force-with-lease={target}:{oid}")),
        Expected::Any => None,
    }
}

fn refspec(update: &PushUpdate) -> String {
    let force = if update.expected == Expected::Any {
        "+"
    } else {
        ""
    };
    let source = update.source.as_ref().map_or("", Oid::as_str);
    format!("{force}{source}:{}", update.target)
}

/// Git's record of its own steps tells where it stopped. Only a record that shows the step before
/// proves that the step itself was not reached.
fn sent(outpost: &Outpost) -> Sent {
    let trace = file::read_bounded(&outpost.folder().join("trace"), TRACE_MAX);
    let trace = trace.ok().flatten().unwrap_or_default();
    let trace = String::from_utf8_lossy(&trace);
    let began = |label: &str| trace.contains(&format!("\"label\":\"{label}\""));
    match began("get_refs_list") && !began("push_refs") {
        true => Sent::Nothing,
        false => Sent::Perhaps,
    }
}

/// What the two sides cannot do together; git then stops before it sends anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inability {
    Atomic,
    Format,
}

fn inability(answer: &Answer) -> Option<Inability> {
    let mut own = answer
        .stderr
        .lines()
        .filter(|line| line.starts_with("fatal: "));
    own.find_map(|line| {
        if line.contains("--atomic") {
            Some(Inability::Atomic)
        } else if line.contains("hash algorithm") {
            Some(Inability::Format)
        } else {
            None
        }
    })
}
