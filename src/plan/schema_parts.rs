//! The parts of a package in work-packages.yaml; the second half of the schema.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::json::{Value, json};
use crate::plan::schema_words::{FilePath, Glob, Key, ResultKey, TierForm};

/// Whether a package lands as part of a stack.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Decomposition {
    Stacked,
    Branch,
}

/// Claims beside the write scope.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Locks")]
pub(super) struct LocksForm {
    /// Files that nobody else may claim meanwhile; `[]` if there are none.
    #[schemars(required, extend("uniqueItems" = true))]
    pub(super) files: Option<Vec<FilePath>>,
    /// Logical resources that nobody else may claim meanwhile; `[]` if there are none.
    #[schemars(required, extend("uniqueItems" = true))]
    pub(super) keys: Option<Vec<Key>>,
    /// Lease of the locks in minutes.
    #[schemars(range(min = 1, max = 480))]
    pub(super) ttl_minutes: Option<u32>,
    /// Why, for those who have to wait.
    #[schemars(length(max = 500))]
    pub(super) reason: Option<String>,
}

/// Where a package may read and write.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Scope")]
pub(super) struct ScopeForm {
    /// What it may create, change and delete; `[]` if it changes nothing.
    #[schemars(required)]
    pub(super) write_allow: Option<Vec<Glob>>,
    /// What it should look at.
    #[schemars(required, length(min = 1))]
    pub(super) read_allow: Option<Vec<Glob>>,
    /// What it may not touch; wins over both lists.
    pub(super) deny: Option<Vec<Glob>>,
}

/// Which parts of the project's context change with a package.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ContextImpact {
    /// The parts; `[]` claims that nothing is affected.
    #[schemars(required, extend("uniqueItems" = true))]
    pub(super) surfaces: Option<Vec<Surface>>,
    /// Why a part that seems affected is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rationale: Option<Rationale>,
}

/// A part of the project's context.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Surface {
    Capabilities,
    Apis,
    Architecture,
    Decisions,
    Documentation,
    SemanticCode,
}

/// Why a part that seems affected is not, by part.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rationale {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) capabilities: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) apis: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) architecture: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) decisions: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) documentation: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) semantic_code: Option<Reason>,
}

/// One reason and who stands for it.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    /// The reason.
    #[schemars(required, length(min = 1, max = 1000))]
    pub(super) reason: Option<String>,
    /// Who approved it.
    #[schemars(required, length(min = 1, max = 128))]
    pub(super) approved_by: Option<String>,
}

/// The worktree a package asks for.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Worktree")]
pub(super) struct WorktreeForm {
    /// A name to show: letters, digits and `._-`.
    #[schemars(
        required,
        length(min = 1, max = 80),
        regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    )]
    pub(super) name: Option<String>,
    /// Whether others may run at the same time.
    pub(super) mode: Option<WorktreeModeForm>,
}

/// Whether others may run at the same time.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "WorktreeMode")]
pub(super) enum WorktreeModeForm {
    Isolated,
    Shared,
}

/// How the result of a package is verified.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Verification")]
pub(super) struct VerificationForm {
    /// A: everything before the merge. B: CI may come later. C: commands only.
    pub(super) tier_required: Option<TierForm>,
    /// What is done, in order; the first failure ends it.
    #[schemars(required, length(min = 1))]
    pub(super) steps: Option<Vec<StepForm>>,
}

/// One verification step.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("allOf" = [
    needs("command", "command"),
    needs("ci", "ci"),
    needs("manual", "manual_instructions"),
]))]
#[schemars(rename = "Step")]
pub(super) struct StepForm {
    /// What is shown.
    #[schemars(required, length(min = 1, max = 80))]
    pub(super) name: Option<String>,
    /// Who does it: a command, a CI service, or a person.
    #[schemars(required)]
    pub(super) kind: Option<StepKindForm>,
    /// The command line, run by `sh -c`.
    pub(super) command: Option<String>,
    /// The folder it runs in, below the root.
    pub(super) cwd: Option<FilePath>,
    /// Variables added to its environment.
    pub(super) env: Option<BTreeMap<String, String>>,
    /// The exit code that means success; 0 if nothing is said.
    #[schemars(range(min = -2_147_483_648_i64, max = 2_147_483_647_i64))]
    pub(super) expect_exit_code: Option<i32>,
    /// The checks of a CI service.
    pub(super) ci: Option<CiForm>,
    /// What a person looks at.
    pub(super) manual_instructions: Option<String>,
    /// What the step leaves behind.
    #[schemars(required)]
    pub(super) evidence: Option<EvidenceForm>,
}

/// A step of this kind needs this field.
fn needs(kind: &str, field: &str) -> Value {
    json!({
        "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
        "then": {"required": [field]},
    })
}

/// Who does a verification step.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "StepKind")]
pub(super) enum StepKindForm {
    Command,
    Ci,
    Manual,
}

/// The checks of a CI service.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Ci")]
pub(super) struct CiForm {
    /// Which service; `github` if nothing is said.
    pub(super) provider: Option<Provider>,
    /// The workflow.
    pub(super) workflow: Option<String>,
    /// Names of checks that must be green.
    #[schemars(extend("uniqueItems" = true))]
    pub(super) required_checks: Option<Vec<String>>,
}

/// A CI service.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Provider {
    Github,
    Other,
}

/// What a step leaves behind.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Evidence")]
pub(super) struct EvidenceForm {
    /// Files that must exist afterwards; `[]` if there are none.
    #[schemars(required)]
    pub(super) artifacts: Option<Vec<FilePath>>,
    /// Values the step adds to the result; `[]` if there are none.
    #[schemars(required)]
    pub(super) result_keys: Option<Vec<ResultKey>>,
}

/// Hints about size and kind.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Metadata {
    /// Lines of code, roughly.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub(super) loc_estimate: Option<u32>,
    /// How many designs were considered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub(super) alternatives_count: Option<u32>,
    /// How hard it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) complexity: Option<Complexity>,
    /// What sort of code it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) package_kind: Option<PackageKind>,
}

/// How hard a package is.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Complexity {
    Low,
    Medium,
    High,
}

/// What sort of code a package is.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PackageKind {
    Algorithm,
    DataModel,
    Crud,
    Config,
    Migration,
    Integration,
}

/// What must come out of a package.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Outputs")]
pub(super) struct OutputsForm {
    /// Values the result must hold.
    #[schemars(required, length(min = 1))]
    pub(super) result_keys: Option<Vec<ResultKey>>,
    /// Files that must exist in the merged tree.
    pub(super) artifacts: Option<Vec<FilePath>>,
}
