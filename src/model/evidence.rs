//! What verification showed, for an exact tree.

use serde::{Deserialize, Serialize};

use crate::base::{Oid, Timestamp};
use crate::model::verification::Tier;

/// The outcome of a package's steps on one tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The tree the steps ran on.
    pub tree: Oid,
    /// The tier that was required.
    pub tier: Tier,
    /// In plan order; after the first red step the rest are [`StepState::Skipped`].
    pub steps: Vec<StepEvidence>,
}

impl Evidence {
    /// No step is red. Open steps may remain.
    pub fn is_green(&self) -> bool {
        self.steps
            .iter()
            .all(|s| !matches!(s.state, StepState::Failed | StepState::Skipped))
    }

    /// The first step that is red.
    pub fn first_failure(&self) -> Option<&StepEvidence> {
        self.steps.iter().find(|s| s.state == StepState::Failed)
    }
}

/// The outcome of one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepEvidence {
    /// The step's name.
    pub name: String,
    /// `command`, `ci` or `manual`.
    pub kind: String,
    /// The outcome.
    pub state: StepState,
    /// The command line, the workflow or the instructions.
    pub what: String,
    /// The exit code of a command.
    pub exit_code: Option<i32>,
    /// How long it took.
    pub millis: u64,
    /// When it started.
    pub at: Timestamp,
    /// The last lines of output, redacted, at most 4 KiB.
    pub tail: String,
    /// What is missing or wrong beyond the exit code, for instance an artifact.
    pub note: Option<String>,
    /// True if the result was taken from an earlier run on the same tree.
    pub reused: bool,
}

/// The outcome of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// Green.
    Passed,
    /// Red.
    Failed,
    /// Not run because an earlier step was red.
    Skipped,
    /// A `manual` step that waits for a person.
    Awaiting,
    /// A `ci` step that was handed over.
    Delegated,
}

impl StepState {
    /// True unless it is red, or was not run for that reason.
    pub fn is_green(self) -> bool {
        !matches!(self, StepState::Failed | StepState::Skipped)
    }

    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            StepState::Passed => "passed",
            StepState::Failed => "failed",
            StepState::Skipped => "skipped",
            StepState::Awaiting => "awaiting",
            StepState::Delegated => "delegated",
        }
    }
}
