//! Why a package is not running: one reason each.

use std::fmt;

use crate::base::{PackageId, Timestamp, text};
use crate::model::TroubleKind;

/// Why a package does not start now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// These are not merged yet.
    Needs(Vec<PackageId>),
    /// These are merged, and their review does not stand yet.
    Unreviewed(Vec<PackageId>),
    /// This one failed, was cancelled or is blocked itself.
    Blocked(PackageId),
    /// Somebody else holds the package, a lock or an overlapping scope.
    Held {
        /// Who, and what both want.
        who: String,
        /// Whether a live process of this machine holds it, so that it pays to wait.
        until: Until,
    },
    /// Every place of the run is taken.
    Places,
    /// The agent is not trusted enough.
    Trust {
        /// What the package asks for.
        needs: u8,
        /// What the agent has.
        has: u8,
    },
    /// The service behind its agent does not serve it, and the chain has no other.
    Unserved {
        /// The agent.
        agent: String,
        /// What is wrong.
        kind: TroubleKind,
        /// When it will be over, if that is known.
        until: Option<Timestamp>,
    },
    /// What may be spent is spent; in words.
    Spent(String),
    /// The feature or the package is paused or cancelled.
    OnHold(String),
    /// Somebody has to answer a question, or to do what was answered; in words.
    Asked(String),
    /// A newer plan was approved since this process began.
    Replanned,
    /// Another agent was asked for, and every agent of its chain has tried it.
    NoOther,
    /// The run was told to do other packages only.
    NotSelected,
    /// The run does this package only, and these are missing.
    SelectedWithout(Vec<PackageId>),
    /// Another package failed and the run was told to stop then.
    StoppedAfter(PackageId),
    /// The claim was refused.
    Refused(String),
    /// The commit that it would grow from has not arrived here yet.
    NoBase,
    /// A signal stopped the run.
    Stopping,
    /// It can start, and this process leaves that to others.
    ForWorkers,
    /// It is finished and green; others merge.
    Unmerged {
        /// Whether one who may merge is alive.
        by: Merger,
    },
    /// Its steps have to be answered by a person.
    Unanswered(Vec<String>),
    /// The run has ended, or another one of the feature goes on.
    RunOver,
}

/// Whether one who may merge is alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merger {
    /// Yes.
    Alive,
    /// Nobody is.
    Nobody,
}

/// How likely a wait ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hope {
    /// Not at all, or something else that is told of has to happen first.
    Nothing,
    /// Somebody may act some time.
    Somebody,
    /// A live process is at it.
    Sure,
}

/// What can end a wait for a holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// A live process of this machine finishes.
    ItEnds,
    /// Somebody gives it back, whenever that is.
    SomebodyActs,
}

impl Why {
    /// How likely it passes although nothing of this process is under way.
    pub fn hope(&self) -> Hope {
        match self {
            Why::Held {
                until: Until::ItEnds,
                ..
            }
            | Why::Unmerged { by: Merger::Alive }
            | Why::ForWorkers
            | Why::Places => Hope::Sure,
            Why::Held { .. }
            | Why::Unmerged { .. }
            | Why::OnHold(_)
            | Why::Unreviewed(_)
            | Why::Asked(_)
            | Why::Refused(_)
            | Why::NoBase => Hope::Somebody,
            Why::Needs(_)
            | Why::Blocked(_)
            | Why::Trust { .. }
            | Why::Unserved { .. }
            | Why::Spent(_)
            | Why::NoOther
            | Why::Replanned
            | Why::NotSelected
            | Why::SelectedWithout(_)
            | Why::StoppedAfter(_)
            | Why::Stopping
            | Why::Unanswered(_)
            | Why::RunOver => Hope::Nothing,
        }
    }
}

impl Why {
    /// True if another agent, or more of what it uses up, would help.
    pub fn is_about_agents(&self) -> bool {
        matches!(
            self,
            Why::Trust { .. } | Why::Unserved { .. } | Why::Spent(_) | Why::NoOther
        )
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Needs(ids) => write!(f, "waits for {}", quoted(ids)),
            Why::Unreviewed(ids) => write!(f, "waits for the review of {}", quoted(ids)),
            Why::Blocked(id) => write!(f, "blocked by `{id}`"),
            Why::Held { who, .. } => write!(f, "{}", text::foreign(who)),
            Why::Places => f.write_str("every place of the run is taken"),
            Why::Trust { needs, has } => {
                write!(
                    f,
                    "needs an agent of trust level {needs}, this one has {has}"
                )
            }
            Why::Unserved { agent, kind, until } => {
                write!(f, "`{}` {}", text::foreign(agent), kind.words())?;
                match until {
                    Some(at) => write!(f, " until {} UTC", at.brief()),
                    None => Ok(()),
                }
            }
            Why::Spent(words) => f.write_str(words),
            Why::OnHold(why) | Why::Asked(why) => write!(f, "{}", text::foreign(why)),
            Why::Replanned => f.write_str("a newer plan was approved: git wp implement goes on"),
            Why::NoOther => f.write_str("every agent that may do it has tried it: --agent NAME"),
            Why::NotSelected => f.write_str("not selected"),
            Why::SelectedWithout(ids) => {
                write!(f, "needs {}, not selected", quoted(ids))
            }
            Why::StoppedAfter(id) => write!(f, "not started because `{id}` failed"),
            Why::Refused(why) => write!(f, "{}", text::foreign(why)),
            Why::Stopping => f.write_str("the run is stopping"),
            Why::ForWorkers => f.write_str("ready, and left to workers: git wp work"),
            Why::Unmerged { by: Merger::Alive } => f.write_str("waits to be merged"),
            Why::Unmerged { by: Merger::Nobody } => {
                f.write_str("waits to be merged, and nobody merges now")
            }
            Why::Unanswered(steps) => write!(f, "waits for an answer to {}", steps.join(", ")),
            Why::NoBase => f.write_str("what it grows from has not arrived yet: git wp sync"),
            Why::RunOver => f.write_str("the run is over"),
        }
    }
}

fn quoted(ids: &[PackageId]) -> String {
    let names: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
    names.join(", ")
}
