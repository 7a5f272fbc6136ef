//! What should happen next.

use crate::base::{AttemptId, Oid, PackageId};
use crate::model::{EndReason, RunResult};
use crate::schedule::begin::Beginning;
use crate::schedule::input::Work;
use crate::schedule::review::ReviewDue;
use crate::schedule::why::Why;
use crate::state::record::Land;

/// One thing that should happen. Some are effects, some only records; the engine knows which.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Move the integration ref as an open landing says.
    Swap(Box<Land>),
    /// Record that an open landing is done: the ref holds it.
    Landed {
        /// Which.
        n: u32,
    },
    /// Give an open landing up: the ref went another way.
    VoidLand {
        /// Which.
        n: u32,
        /// Why.
        note: String,
    },
    /// Take the supervisor lock of an attempt that nobody looks after any more.
    Adopt(Holding),
    /// Look after an adopted attempt that left no result: stop survivors, save everything.
    Recover(Holding),
    /// Record that an attempt no longer holds its package.
    End {
        /// Which.
        holding: Holding,
        /// Why.
        reason: EndReason,
        /// One line for people.
        note: String,
    },
    /// Check the commits of an attempt.
    Gate(Holding),
    /// Run the steps of an attempt on its head.
    Verify(Holding),
    /// Ask reviewers about a merged package.
    Review(Box<ReviewDue>),
    /// Put on record what reviewers answer to the verdict of a gate.
    Answer {
        /// The gate.
        package: PackageId,
        /// Its attempt.
        attempt: AttemptId,
        /// Whether it opens.
        passed: bool,
        /// One line for people.
        note: String,
    },
    /// Make merge commits for these, in this order, on this commit.
    Merge {
        /// What is merged.
        holdings: Vec<Holding>,
        /// The tip they grow on.
        onto: Oid,
    },
    /// Claim a package and run an agent.
    Start {
        /// The package.
        package: PackageId,
        /// The attempt's number.
        number: u32,
        /// The name of the agent's profile.
        agent: String,
        /// How it begins.
        beginning: Beginning,
    },
    /// Remove the room of an attempt that is over, of a merged package.
    Tidy {
        /// The package.
        package: PackageId,
        /// The attempt.
        attempt: AttemptId,
    },
    /// Ask for the right to merge for this feature.
    Integrate {
        /// The grant to be taken over, if its holder shows no sign of life.
        steal: Option<u32>,
    },
    /// Bring the feature branch to the tip if nobody works on it.
    Advance {
        /// The tip.
        to: Oid,
    },
    /// Let agents look at the finished feature as people would use it.
    Qa {
        /// The tip.
        commit: Oid,
        /// The number of the round.
        round: u32,
    },
    /// Ask a person how to go on after this QA round.
    AskQa {
        /// The number of the round.
        round: u32,
    },
    /// Verify the whole.
    FinalVerify {
        /// The tip.
        commit: Oid,
    },
    /// A package does not start now.
    Wait {
        /// The package.
        package: PackageId,
        /// Why.
        why: Why,
    },
    /// Nothing is left to do.
    Finish {
        /// How it went.
        result: RunResult,
    },
}

/// An attempt with what fences it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The package.
    pub package: PackageId,
    /// The attempt.
    pub attempt: AttemptId,
    /// The epoch it holds.
    pub epoch: u32,
}

impl Decision {
    /// The name of the effect, if it is one.
    pub fn work(&self) -> Option<Work> {
        Some(match self {
            Decision::Swap(_) => Work::Swap,
            Decision::Recover(holding) => Work::Recover(holding.attempt.clone()),
            Decision::Gate(holding) => Work::Gate(holding.attempt.clone()),
            Decision::Verify(holding) => Work::Verify(holding.attempt.clone()),
            Decision::Tidy { attempt, .. } => Work::Tidy(attempt.clone()),
            Decision::Review(due) => Work::Review(due.package.clone()),
            Decision::Merge { .. } => Work::Merge,
            Decision::Advance { .. } => Work::Advance,
            Decision::FinalVerify { .. } => Work::Final,
            Decision::Qa { .. } => Work::Qa,
            Decision::Landed { .. }
            | Decision::Integrate { .. }
            | Decision::AskQa { .. }
            | Decision::Adopt(_)
            | Decision::VoidLand { .. }
            | Decision::Answer { .. }
            | Decision::End { .. }
            | Decision::Start { .. }
            | Decision::Wait { .. }
            | Decision::Finish { .. } => return None,
        })
    }
}
