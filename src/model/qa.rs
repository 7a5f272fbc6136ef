//! Quality assurance of a finished feature: what is planned, what agents report, what a round of it
//! comes to. Everything an agent says here is data; what follows from it is computed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::Oid;

/// A way in which people use what was built, with what is looked at there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QaSurface {
    /// `web`, `api`, `cli`, or a name of `wp.toml`.
    pub name: String,
    /// What in the tree shows that it is there.
    pub seen: Vec<String>,
    /// What is looked at, in order.
    pub checks: Vec<QaCheck>,
}

/// Something that is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QaCheck {
    /// `web-1`, `web-2`, ...
    pub id: String,
    /// What should hold, in a sentence.
    pub what: String,
}

/// What a QA agent writes into its result file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "QA report")]
pub struct QaReport {
    /// The version of this form.
    #[schemars(range(min = 1, max = 1))]
    pub schema_version: u32,
    /// The surface that was asked about.
    #[schemars(length(min = 1, max = 64))]
    pub surface: String,
    /// The verdict over all checks.
    pub status: QaStatus,
    /// One result per planned check.
    #[schemars(length(max = 200))]
    pub checks: Vec<QaResult>,
    /// What else is wrong, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub issues: Vec<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4000))]
    pub recommendation: Option<String>,
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QaResult {
    /// The id of the planned check.
    #[schemars(length(min = 1, max = 64))]
    pub id: String,
    /// The verdict.
    pub status: QaStatus,
    /// What was done and seen: a command and its output, a request and its answer.
    #[schemars(length(min = 1, max = 4000))]
    pub evidence: String,
}

/// A verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum QaStatus {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
}

/// What one agent made of one surface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QaReading {
    /// The surface.
    pub surface: String,
    /// The agent.
    pub agent: String,
    /// Its report; nothing where it left none that can be read.
    pub report: Option<QaReport>,
    /// Why it does not count; empty if it does.
    pub faults: Vec<String>,
}

/// One round: the whole plan, on one commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QaRound {
    /// From 1, per feature.
    pub number: u32,
    /// The commit that was looked at.
    pub commit: Oid,
    /// Packages that were merged then: what is merged later was not looked at.
    pub merged: u32,
    /// What was planned, the same in every round.
    pub plan: Vec<QaSurface>,
    /// What came of it, per surface.
    pub readings: Vec<QaReading>,
}

impl QaStatus {
    /// The word in JSON and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            QaStatus::Pass => "PASS",
            QaStatus::Fail => "FAIL",
        }
    }
}
