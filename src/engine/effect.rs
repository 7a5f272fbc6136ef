//! What the loop asks the world to do, and what comes back. Plain values.
//!
//! Every effect is keyed by its attempt or landing and can be done again: what was done already
//! is found, not repeated.

use crate::base::Oid;
use crate::model::qa::QaRound;
use crate::model::{AttemptResult, Deviation, GateVerdict, Reviewed, StepEvidence};
use crate::schedule::{Holding, ReviewDue, Work};
use crate::state::record::{EvidenceFact, Land, Salvage};
use crate::state::view::AttemptView;

/// Something to be done outside the ref.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Make the room, run the agent, collect what it left.
    Run(Box<Subject>),
    /// The supervisor of this attempt died: stop survivors, save everything.
    Recover(Box<Subject>),
    /// Check the commits of an attempt.
    Gate(Box<Subject>),
    /// Run the steps on the attempt's own tree.
    Verify(Box<Subject>),
    /// Make merge commits in this order, verify merged trees that are new, keep the last one
    /// under a ref.
    Merge {
        /// The landing that will be asked for.
        n: u32,
        /// The tip they grow on.
        onto: Oid,
        /// What is merged.
        subjects: Vec<Subject>,
    },
    /// Ask reviewers about a merged package.
    Review(Box<ReviewDue>),
    /// Move the integration ref from `old` to `new`, by compare-and-swap.
    Swap(Box<Land>),
    /// Bring the feature branch to a commit if nobody works on it.
    Advance(Oid),
    /// Let QA agents look at a commit.
    Qa {
        /// The commit.
        commit: Oid,
        /// The number of the round.
        round: u32,
        /// Packages that are merged in it.
        merged: u32,
    },
    /// Verify the whole.
    Final(Oid),
    /// Save what is left in a merged attempt's room, then remove it.
    Tidy(Box<Subject>),
}

/// An attempt that an effect is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// What fences it.
    pub holding: Holding,
    /// Its records; `None` if they are missing or not loaded.
    pub view: Option<AttemptView>,
}

/// What an effect came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// An agent ended.
    Ran {
        /// The attempt.
        holding: Holding,
        /// What it left.
        result: Box<AttemptResult>,
        /// What went otherwise.
        deviations: Vec<Deviation>,
    },
    /// Everything of a dead attempt is safe.
    Recovered {
        /// The attempt.
        holding: Holding,
        /// Where its leftovers are.
        salvage: Option<Salvage>,
        /// One line for people.
        note: String,
    },
    /// The gate has an answer.
    Gated {
        /// The attempt.
        holding: Holding,
        /// The answer.
        verdict: GateVerdict,
        /// Scope that was granted on the way, and the like.
        deviations: Vec<Deviation>,
    },
    /// The steps were run.
    Verified {
        /// The attempt.
        holding: Holding,
        /// What they showed.
        evidence: EvidenceFact,
        /// For instance a result key that is missing.
        deviations: Vec<Deviation>,
    },
    /// Reviewers answered, or did not.
    Reviewed {
        /// What each of them said.
        reviews: Vec<Reviewed>,
    },
    /// Merge commits were made.
    Merged {
        /// The landing to ask for; `None` if nothing could be merged.
        land: Option<Box<Land>>,
        /// What was verified on merged trees.
        evidence: Vec<(Holding, EvidenceFact)>,
        /// What could not be merged.
        rejected: Vec<Rejection>,
    },
    /// The integration ref was moved, or stands elsewhere; a look tells.
    Swapped,
    /// The feature branch was looked at.
    Advanced {
        /// The commit it should be at.
        to: Oid,
        /// What became of it.
        branch: Advanced,
    },
    /// QA agents looked.
    Looked(Box<QaRound>),
    /// The whole was verified.
    FinalChecked {
        /// The commit.
        commit: Oid,
        /// Its tree.
        tree: Oid,
        /// Every step.
        steps: Vec<StepEvidence>,
    },
    /// A room is gone.
    Tidied {
        /// The attempt.
        holding: Holding,
        /// Where its leftovers are, if there were any.
        salvage: Option<Salvage>,
    },
    /// The run is stopping and the effect left no trace.
    Interrupted,
}

/// An attempt that could not be merged.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejection {
    /// The attempt.
    pub holding: Holding,
    /// One line for people; a conflict names the other package.
    pub note: String,
    /// More, for instance the hunks of a conflict.
    pub deviation: Option<Deviation>,
}

/// What became of the feature branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advanced {
    /// It stands at the commit.
    There,
    /// Somebody works on it: it was left alone.
    CheckedOut {
        /// The work tree.
        at: String,
    },
    /// It has commits that the integration does not have: it was left alone.
    Diverged,
}

impl Effect {
    /// Its name.
    pub fn work(&self) -> Work {
        let id = |subject: &Subject| subject.holding.attempt.clone();
        match self {
            Effect::Run(subject) => Work::Run(id(subject)),
            Effect::Recover(subject) => Work::Recover(id(subject)),
            Effect::Gate(subject) => Work::Gate(id(subject)),
            Effect::Verify(subject) => Work::Verify(id(subject)),
            Effect::Tidy(subject) => Work::Tidy(id(subject)),
            Effect::Review(due) => Work::Review(due.package.clone()),
            Effect::Merge { .. } => Work::Merge,
            Effect::Swap(_) => Work::Swap,
            Effect::Advance(_) => Work::Advance,
            Effect::Qa { .. } => Work::Qa,
            Effect::Final(_) => Work::Final,
        }
    }
}
