//! The structured result of a package, in the form users of the original know.
//!
//! An agent may leave one at `WP_RESULT_FILE`; it is read for its notes, escalations and free
//! values, and nothing in it is believed. The result the runner publishes is computed from git
//! and the plan. The schema of this form is generated from these types.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::json::{Map, Value, json};
use crate::model::escalation::Escalation;

/// What a package came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "work-queue-result.json")]
pub struct QueueResult {
    /// The number 1.
    #[schemars(extend("const" = 1))]
    pub schema_version: u32,
    /// The feature.
    #[schemars(length(min = 1, max = 128))]
    pub feature_id: String,
    /// The package.
    #[schemars(length(min = 1, max = 128))]
    pub package_id: String,
    /// Which try this is, from 1.
    #[serde(default = "first")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub attempt: u32,
    /// The plan revision it was made for.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub plan_revision: u32,
    /// The contracts revision it was made for.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub contracts_revision: u32,
    /// Whether the work was done.
    pub status: ResultStatus,
    /// Why not, as a word like `SCOPE_VIOLATION`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamps: Option<ResultTimestamps>,
    /// What was held.
    pub locks: ResultLocks,
    /// The scope it worked under, as in the plan.
    pub scope: ResultScope,
    /// Every path that was changed.
    #[schemars(inner(length(min = 1, max = 512)), extend("uniqueItems" = true))]
    pub files_modified: Vec<String>,
    /// Whether all of them lie in the scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope_check: Option<ScopeCheck>,
    /// What was started from, and what came of it.
    pub git: ResultGit,
    /// How it was verified.
    pub verification: ResultVerification,
    /// Checks of the contracts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract_checks: Option<ContractChecks>,
    /// What was used besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResultResources>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8000))]
    pub notes: Option<String>,
    /// What somebody else must decide; `[]` if there is nothing.
    pub escalations: Vec<Escalation>,
}

fn first() -> u32 {
    1
}

/// Whether the work was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ResultStatus {
    /// It was.
    Completed,
    /// It was not, or was cancelled.
    Failed,
}

/// When an attempt ran.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultTimestamps {
    /// The beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// The end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
}

/// The locks that were held.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultLocks {
    /// Files.
    #[schemars(inner(length(min = 1, max = 512)), extend("uniqueItems" = true))]
    pub files: Vec<String>,
    /// Logical keys.
    #[schemars(inner(length(min = 1, max = 512)), extend("uniqueItems" = true))]
    pub keys: Vec<String>,
}

/// The scope an attempt worked under.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultScope {
    /// What it might write.
    pub write_allow: Vec<String>,
    /// What it should look at.
    pub read_allow: Vec<String>,
    /// What it might not touch.
    pub deny: Vec<String>,
}

/// Whether all changed paths lie in the scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScopeCheck {
    /// True if they do.
    pub passed: bool,
    /// Those that do not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("uniqueItems" = true))]
    pub violations: Vec<String>,
}

/// What was started from, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultGit {
    /// What was started from.
    pub base: ResultBase,
    /// What came of it.
    pub head: ResultHead,
}

/// What an attempt started from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultBase {
    /// A branch or other ref.
    #[serde(rename = "ref")]
    #[schemars(length(min = 1))]
    pub name: String,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultHead {
    /// The commit, 7 to 64 hex digits.
    #[schemars(regex(pattern = r"^[0-9a-f]{7,64}$"))]
    pub commit: String,
    /// Its branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Its worktree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worktree: Option<String>,
}

/// How a result was verified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultVerification {
    /// A, B or C.
    pub tier: ResultTier,
    /// True if every step passed.
    pub passed: bool,
    /// The steps, at least one.
    #[schemars(length(min = 1))]
    pub steps: Vec<ResultStep>,
}

/// How much was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ResultTier {
    /// Everything.
    A,
    /// CI may be open.
    B,
    /// Commands only.
    C,
}

/// One verification step and its outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("allOf" = [
    needs("command", &["command", "exit_code"]),
    needs("ci", &["ci"]),
    needs("manual", &["manual"]),
]))]
pub struct ResultStep {
    /// Its name.
    #[schemars(length(min = 1, max = 80))]
    pub name: String,
    /// Who did it.
    pub kind: ResultStepKind,
    /// Whether it passed.
    pub passed: bool,
    /// The command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Its exit code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -2_147_483_648_i64, max = 2_147_483_647_i64))]
    pub exit_code: Option<i32>,
    /// The run of a CI service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ci: Option<ResultCi>,
    /// What a person looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manual: Option<ResultManual>,
    /// What it left behind.
    pub evidence: ResultEvidence,
}

fn needs(kind: &str, fields: &[&str]) -> Value {
    json!({
        "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
        "then": {"required": fields},
    })
}

/// Who did a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ResultStepKind {
    /// A command.
    Command,
    /// A CI service.
    Ci,
    /// A person.
    Manual,
}

/// The run of a CI service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultCi {
    /// The service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// Where to see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Names of checks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required_checks: Vec<String>,
}

/// What a person looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultManual {
    /// The instructions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
}

/// What a step left behind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultEvidence {
    /// Files.
    #[schemars(inner(length(min = 1, max = 512)))]
    pub artifacts: Vec<String>,
    /// Values by name.
    pub metrics: Map<String, Value>,
}

/// Checks of the contracts; the form of each is its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContractChecks {
    /// OpenAPI documents are valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openapi_validation: Option<ContractCheck>,
    /// Schemathesis has run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schemathesis: Option<ContractCheck>,
    /// Pact has verified the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pact_provider_verification: Option<ContractCheck>,
}

/// One check of the contracts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContractCheck {
    /// Whether it passed.
    pub passed: bool,
    /// What was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    /// A report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<String>,
    /// Where the service answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The seed of generated requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<Value>,
    /// The Pact broker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broker: Option<String>,
}

/// What was used besides.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultResources {
    /// Ports by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub ports: Map<String, Value>,
}
