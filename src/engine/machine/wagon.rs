//! What a merge train is made of, and what it comes to. Plain data.

use std::collections::BTreeMap;

use crate::base::{FeatureId, Oid, RefName};
use crate::integrate::Conflict;
use crate::model::{Step, StepEvidence};
use crate::schedule::train::{Car, Care, Culprit};

/// What is to be merged. The target is the branch that the setup's run names.
pub struct TrainJob {
    /// The features, in the order in which they go.
    pub cars: Vec<Wagon>,
    /// How much is verified.
    pub care: Care,
}

/// One finished feature.
pub struct Wagon {
    /// The feature.
    pub feature: FeatureId,
    /// What it is about.
    pub title: String,
    /// What is merged.
    pub head: Oid,
    /// What shows that it works, beside `wp.toml`'s final commands.
    pub steps: Vec<Step>,
}

/// Why a feature was left behind.
#[derive(Debug, Clone, PartialEq)]
pub enum LeftBehind {
    /// As text it does not fit behind the others.
    Conflict {
        /// The paths, and what git says.
        conflict: Conflict,
        /// Those of the train with which it conflicts by itself; none: with the target.
        with: Vec<Car>,
    },
    /// A step fails with it that passes without it.
    Red {
        /// The step.
        step: Box<StepEvidence>,
        /// With whom, and what it cost to tell.
        culprit: Culprit,
    },
}

/// What became of the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// There was nothing to merge.
    Unchanged,
    /// It holds what was merged.
    Moved,
    /// It is checked out there and was left alone; this ref keeps what was merged.
    CheckedOut {
        /// The work tree.
        at: String,
        /// The ref.
        kept_by: RefName,
    },
}

/// How a train ended. Cars are places in [`TrainJob::cars`].
#[derive(Debug, Clone, PartialEq)]
pub struct TrainReport {
    /// Its random id.
    pub id: String,
    /// Where the target stood.
    pub old: Oid,
    /// Where it stands, or would.
    pub new: Oid,
    /// What the target held already.
    pub there: Vec<Car>,
    /// What was merged, in order, with the merge commits.
    pub merged: Vec<(Car, Oid)>,
    /// What was not.
    pub left: BTreeMap<Car, LeftBehind>,
    /// A step that fails on the target itself: then nobody is to blame and nothing was merged.
    pub target_red: Option<Box<StepEvidence>>,
    /// How many lines were verified.
    pub verifications: u32,
    /// True if there was nothing to verify with.
    pub unverified: bool,
    /// What became of the target.
    pub arrival: Arrival,
}
