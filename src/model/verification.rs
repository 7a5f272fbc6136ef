//! How a package is verified: a tier and steps in order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The verification of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// What is required.
    pub tier: Tier,
    /// Run in order, fail fast.
    pub steps: Vec<Step>,
}

/// How much must be shown before a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Tier {
    /// Every step green or answered before the merge.
    A,
    /// `ci` steps may be open at the merge; the run stays partial until they are answered.
    B,
    /// Command steps only.
    C,
}

impl Tier {
    /// The letter.
    pub fn as_str(self) -> &'static str {
        match self {
            Tier::A => "A",
            Tier::B => "B",
            Tier::C => "C",
        }
    }
}

/// One verification step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Unique within the package in practice; the n-th of a name is shown as `name#n`.
    pub name: String,
    /// What it does.
    pub kind: StepKind,
    /// Files that must exist afterwards.
    pub artifacts: Vec<String>,
    /// Keys the step contributes to the result.
    pub result_keys: Vec<String>,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepKind {
    /// Runs a command line with `sh -c`; approved with the plan.
    Command {
        /// The command line.
        command: String,
        /// Folder below the root of the tree.
        cwd: Option<String>,
        /// Variables added to the environment.
        env: BTreeMap<String, String>,
        /// The exit code that counts as green.
        expect_exit_code: i32,
    },
    /// Delegated to a CI service; recorded, answered later.
    Ci {
        /// `github` or `other`.
        provider: String,
        /// The workflow as written.
        workflow: Option<String>,
        /// Names of checks.
        required_checks: Vec<String>,
    },
    /// A person looks; recorded, answered with `git wp evidence`.
    Manual {
        /// What to look at.
        instructions: String,
    },
}

impl StepKind {
    /// The word in JSON and messages.
    pub fn as_str(&self) -> &'static str {
        match self {
            StepKind::Command { .. } => "command",
            StepKind::Ci { .. } => "ci",
            StepKind::Manual { .. } => "manual",
        }
    }
}
