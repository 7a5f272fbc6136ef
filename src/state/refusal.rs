//! Why a request was not granted: data, matchable, with who holds what.

use serde::{Deserialize, Serialize};

use crate::base::text::{cut, foreign};
use crate::base::{AttemptId, Error, FeatureId, Kind, Oid, PackageId, TaskId, Timestamp};
use crate::model::TaskOutcome;

/// A typed no. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// Somebody else holds the package, a lock or an overlapping scope.
    Held(Box<Holder>),
    /// The package is merged already.
    AlreadyMerged {
        /// The package.
        package: PackageId,
    },
    /// A package it waits for is not merged.
    NotReady {
        /// What is missing.
        waits_for: Vec<PackageId>,
    },
    /// The feature or package is paused or cancelled.
    OnHold {
        /// `paused` or `cancelled`, and the reason.
        why: String,
    },
    /// The attempt does not hold the highest grant (any more).
    Fenced {
        /// The attempt.
        attempt: AttemptId,
        /// Who holds it now, if anybody.
        holder: Option<AttemptId>,
    },
    /// A landing with this attempt is under way.
    Landing {
        /// Which landing.
        n: u32,
    },
    /// Another clone has the right to merge the feature, or nobody has it.
    NotIntegrator {
        /// Who has it: `user@host`; `None`: nobody.
        holder: Option<String>,
        /// The epoch of its right.
        epoch: u32,
    },
    /// What it builds on is not confirmed by the authority yet.
    Provisional {
        /// What that is.
        what: String,
    },
    /// There is no such feature, plan, package, attempt, lock or landing.
    Unknown {
        /// What was looked for.
        what: String,
    },
    /// No free-standing task can be claimed now; how many are open all the same, and why not.
    NoTask {
        /// Somebody holds it.
        held: u32,
        /// Something before it is not completed, or its feature is paused.
        waiting: u32,
        /// It is not for this agent.
        unfit: u32,
    },
    /// What the task waits for is not completed.
    TaskWaits {
        /// Not completed yet.
        waits_for: Vec<TaskId>,
        /// Failed or cancelled: it never will be.
        broken: Vec<TaskId>,
    },
    /// The task is over; its result never changes.
    TaskOver {
        /// The task.
        task: TaskId,
        /// How.
        outcome: TaskOutcome,
        /// Who closed it.
        label: String,
    },
    /// The task is not for this agent.
    Unfit {
        /// Why.
        why: String,
    },
    /// An object the request needs is not in the repository.
    MissingObject {
        /// Its id.
        oid: Oid,
    },
    /// Records it would build on cannot be read; see `git wp doctor`.
    Damaged {
        /// Where.
        path: String,
        /// What is wrong there.
        why: String,
    },
    /// The request contradicts itself or a rule.
    Invalid {
        /// Why.
        why: String,
    },
}

/// Who holds what somebody else wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The feature of a package grant.
    pub feature: Option<FeatureId>,
    /// The package of a package grant.
    pub package: Option<PackageId>,
    /// The attempt or lock claim.
    pub attempt: AttemptId,
    /// The session of a lock or outside claim.
    pub session: Option<String>,
    /// `user@host`.
    pub label: String,
    /// What both want: a path, a pattern or a key.
    pub what: String,
    /// The holder's reason.
    pub reason: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// When others may ask to take over, if there is a lease.
    pub expires: Option<Timestamp>,
}

/// Characters of the reason of a holder.
pub(super) const REASON_CHARS_MAX: usize = 200;

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        let kind = match &refusal {
            Refusal::Held(_)
            | Refusal::AlreadyMerged { .. }
            | Refusal::Fenced { .. }
            | Refusal::NotIntegrator { .. }
            | Refusal::Landing { .. } => Kind::Lost,
            Refusal::Provisional { .. } => Kind::Provisional,
            Refusal::NotReady { .. }
            | Refusal::OnHold { .. }
            | Refusal::NoTask { .. }
            | Refusal::TaskWaits { .. }
            | Refusal::TaskOver { .. } => Kind::Negative,
            Refusal::Unfit { .. } => Kind::Policy,
            Refusal::Unknown { .. } | Refusal::Invalid { .. } => Kind::Usage,
            Refusal::MissingObject { .. } => Kind::Busy,
            Refusal::Damaged { .. } => Kind::Damaged,
        };
        let error = Error::new(kind, refusal.code(), refusal.to_string());
        match refusal {
            Refusal::Damaged { .. } => error.hint("git wp doctor"),
            Refusal::NoTask { .. } | Refusal::Unfit { .. } => error.hint("git wp task list"),
            Refusal::OnHold { .. } | Refusal::NotReady { .. } => error.hint("git wp status"),
            Refusal::TaskWaits { waits_for, broken } => {
                match broken.first().or(waits_for.first()) {
                    Some(task) => error.hint(format!("git wp task show {task}")),
                    None => error,
                }
            }
            Refusal::TaskOver { task, .. } => error.hint(format!("git wp task show {task}")),
            Refusal::Unknown { what } => match what.split(' ').find_map(lister) {
                Some(verb) => error.hint(verb),
                None => error,
            },
            _ => error,
        }
    }
}

/// The verb that lists things of this name.
fn lister(word: &str) -> Option<&'static str> {
    match word {
        "lock" => Some("git wp lock list"),
        "task" => Some("git wp task list --all"),
        "feature" | "package" | "attempt" => Some("git wp status --all"),
        _ => None,
    }
}

impl Refusal {
    /// The stable word in JSON.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::Held(_) => "held",
            Refusal::AlreadyMerged { .. } => "already-merged",
            Refusal::NotReady { .. } => "not-ready",
            Refusal::OnHold { .. } => "on-hold",
            Refusal::Fenced { .. } => "fenced",
            Refusal::Landing { .. } => "landing",
            Refusal::NotIntegrator { .. } => "not-integrator",
            Refusal::Provisional { .. } => "provisional",
            Refusal::Unknown { .. } => "unknown",
            Refusal::NoTask { .. } => "no-task",
            Refusal::TaskWaits { .. } => "task-waits",
            Refusal::TaskOver { .. } => "task-over",
            Refusal::Unfit { .. } => "unfit",
            Refusal::MissingObject { .. } => "missing-object",
            Refusal::Damaged { .. } => "damaged",
            Refusal::Invalid { .. } => "invalid",
        }
    }
}

impl Refusal {
    fn about_task(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refusal::NoTask {
                held,
                waiting,
                unfit,
            } => write!(
                f,
                "no task can be claimed: {held} held, {waiting} waiting, {unfit} not for this agent"
            ),
            Refusal::TaskWaits { waits_for, broken } => {
                let (word, ids) = match broken.is_empty() {
                    true => ("the task waits for", waits_for),
                    false => ("the task can never start after", broken),
                };
                let names: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
                write!(f, "{word} {}", names.join(", "))
            }
            Refusal::TaskOver {
                task,
                outcome,
                label,
            } => write!(f, "task `{task}` is {} already ({label})", outcome.as_str()),
            _ => Ok(()),
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refusal::Held(holder) => write!(f, "{holder}"),
            Refusal::AlreadyMerged { package } => write!(f, "`{package}` is merged already"),
            Refusal::NotReady { waits_for } => {
                let names: Vec<String> = waits_for.iter().map(|p| format!("`{p}`")).collect();
                write!(f, "waits for {}", names.join(", "))
            }
            Refusal::OnHold { why } => f.write_str(why),
            Refusal::Fenced {
                attempt,
                holder: Some(holder),
            } => {
                write!(
                    f,
                    "attempt `{attempt}` no longer holds the package, `{holder}` does"
                )
            }
            Refusal::Fenced {
                attempt,
                holder: None,
            } => {
                write!(f, "attempt `{attempt}` no longer holds the package")
            }
            Refusal::Landing { n } => write!(f, "landing {n} with this attempt is under way"),
            Refusal::NotIntegrator {
                holder: Some(holder),
                ..
            } => write!(f, "{holder} merges this feature"),
            Refusal::NotIntegrator { holder: None, .. } => {
                f.write_str("nobody has the right to merge this feature yet")
            }
            Refusal::Provisional { what } => {
                write!(f, "{what} is provisional until the authority confirms it")
            }
            Refusal::Unknown { what } => write!(f, "there is no {what}"),
            Refusal::NoTask { .. } | Refusal::TaskWaits { .. } | Refusal::TaskOver { .. } => {
                self.about_task(f)
            }
            Refusal::Unfit { why } => f.write_str(why),
            Refusal::MissingObject { oid } => write!(f, "object {oid} is not in the repository"),
            Refusal::Damaged { path, why } => write!(f, "the record `{path}` is damaged: {why}"),
            Refusal::Invalid { why } => f.write_str(why),
        }
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.what.strip_prefix("task ") {
            Some(task) => write!(f, "task `{task}` is held by ")?,
            None => write!(f, "`{}` is held by ", self.what)?,
        }
        match (&self.feature, &self.package, &self.session) {
            (Some(feature), Some(package), _) => write!(f, "{feature}/{package}")?,
            (_, _, Some(session)) => write!(f, "session {session}")?,
            _ => write!(f, "attempt {}", self.attempt)?,
        }
        write!(f, " ({}, since {}", self.label, self.since)?;
        if let Some(expires) = &self.expires {
            write!(f, ", until {expires}")?;
        }
        f.write_str(")")?;
        if let Some(reason) = &self.reason {
            // Somebody else wrote it: it stays on the line, and short.
            write!(f, ": {}", foreign(&cut(reason, REASON_CHARS_MAX)))?;
        }
        Ok(())
    }
}
