//! The form of work-packages.yaml: these types are the schema, and the reader reads into them.
//!
//! Every field is optional in Rust, so that a file with mistakes can be read as far as it goes;
//! what a file must have is said by `required`. Limits live here and nowhere else.

use std::sync::LazyLock;

use jsonschema::Validator;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::base::json::{Map, Value};
use crate::model::ContractKind;
use crate::plan::schema_parts::{
    ContextImpact, Decomposition, LocksForm, Metadata, OutputsForm, ScopeForm, VerificationForm,
    WorktreeForm,
};
use crate::plan::schema_words::{FilePath, PackageName, TierForm, compile, generate};

/// The schema, as it stands in `schemas/work-packages.schema.json`.
pub fn work_packages() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(generate::<Document>);
    &SCHEMA
}

/// The compiled schema.
pub(super) fn validator() -> &'static Validator {
    static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| compile(work_packages()));
    &VALIDATOR
}

/// A feature cut into work packages that agents can implement in parallel.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "work-packages.yaml")]
pub(super) struct Document {
    /// The number 1, without quotes.
    #[expect(dead_code, reason = "only the schema looks at it")]
    #[schemars(required, extend("const" = 1))]
    pub(super) schema_version: Option<u32>,
    /// What is being made.
    #[schemars(required)]
    pub(super) feature: Option<FeatureForm>,
    /// Interface files that the packages agree on.
    pub(super) contracts: Option<ContractsForm>,
    /// Values for packages that do not say otherwise.
    pub(super) defaults: Option<Defaults>,
    // Read one by one, so that a broken package does not hide the others.
    /// The work, at least one package.
    #[schemars(required, with = "Vec<PackageForm>", length(min = 1))]
    pub(super) packages: Option<Vec<Value>>,
}

/// What is being made.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Feature")]
pub(super) struct FeatureForm {
    /// The id of the feature, for OpenSpec the change-id: letters, digits and `._:-`.
    #[schemars(
        required,
        length(min = 1, max = 128),
        regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")
    )]
    pub(super) id: Option<String>,
    /// A title for people.
    #[schemars(length(min = 1, max = 200))]
    pub(super) title: Option<String>,
    /// Counts material changes of the plan, from 1.
    #[schemars(required, range(min = 1, max = 1_000_000))]
    pub(super) plan_revision: Option<u32>,
    /// Who wrote the plan.
    #[schemars(length(min = 1, max = 128))]
    pub(super) created_by: Option<String>,
    /// When the plan was written.
    pub(super) created_at: Option<String>,
}

/// Interface files that the packages agree on.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Contracts")]
pub(super) struct ContractsForm {
    /// Counts edits after the first package was started, from 1.
    #[schemars(required, range(min = 1, max = 1_000_000))]
    pub(super) revision: Option<u32>,
    /// Contract files of any kind.
    #[schemars(extend("uniqueItems" = true))]
    pub(super) files: Option<Vec<ContractForm>>,
    /// OpenAPI documents.
    pub(super) openapi: Option<Openapi>,
    /// Where generated types are kept.
    pub(super) generated: Option<Generated>,
    /// A mock server for consumers.
    pub(super) mocks: Option<Mocks>,
    /// Consumer-driven contract tests.
    pub(super) cdc: Option<Cdc>,
}

/// One contract file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Contract")]
pub(super) struct ContractForm {
    /// Relative to the repository root, else to the folder of the plan.
    #[schemars(required)]
    pub(super) path: Option<FilePath>,
    /// How the file is checked: the first two kinds are parsed, the others must exist.
    #[schemars(required)]
    pub(super) kind: Option<ContractKind>,
}

/// OpenAPI documents.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Openapi {
    /// The entry document.
    #[schemars(required)]
    pub(super) primary: Option<FilePath>,
    /// All documents.
    #[schemars(required, length(min = 1), extend("uniqueItems" = true))]
    pub(super) files: Option<Vec<FilePath>>,
}

/// Where generated types are kept.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Generated {
    /// Folder of Python models.
    pub(super) pydantic_dir: Option<FilePath>,
    /// Folder of TypeScript types.
    pub(super) typescript_dir: Option<FilePath>,
}

/// A mock server for consumers.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Mocks {
    /// The Prism mock server.
    pub(super) prism: Option<Prism>,
}

/// The Prism mock server.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Prism {
    /// Whether agents are told about it; true unless said otherwise.
    pub(super) enabled: Option<bool>,
    /// How an agent starts it; the runner never does.
    pub(super) command: Option<String>,
    /// Where it answers.
    pub(super) base_url: Option<String>,
}

/// Consumer-driven contract tests.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Cdc {
    /// The Pact broker.
    pub(super) pact: Option<Pact>,
}

/// The Pact broker.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pact {
    /// Whether agents are told about it; false unless said otherwise.
    pub(super) enabled: Option<bool>,
    /// The broker.
    pub(super) broker_url: Option<String>,
    /// Where consumer tests are kept.
    pub(super) consumer_dir: Option<FilePath>,
}

/// Values for packages that do not say otherwise.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Defaults {
    /// 1 (most urgent) to 10; 5 if nothing is said.
    #[schemars(range(min = 1, max = 10))]
    pub(super) priority: Option<u8>,
    /// Lease of the locks in minutes; 120 if nothing is said.
    #[schemars(range(min = 1, max = 480))]
    pub(super) lock_ttl_minutes: Option<u32>,
    /// Wall-clock limit of one attempt in minutes; 60 if nothing is said.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(super) timeout_minutes: Option<u32>,
    /// Attempts after the first; 1 if nothing is said.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(super) retry_budget: Option<u32>,
    /// What verification must show; A if nothing is said.
    pub(super) verification_tier_required: Option<TierForm>,
    /// 0 to 4; 2 if nothing is said.
    #[schemars(range(min = 0, max = 4))]
    pub(super) min_trust_level: Option<u8>,
}

/// A work package: what to do, where, and how it is verified.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Package")]
pub(super) struct PackageForm {
    /// The id, unique in the plan.
    #[schemars(required)]
    pub(super) package_id: Option<PackageName>,
    /// A title for people.
    #[schemars(length(min = 1, max = 120))]
    pub(super) title: Option<String>,
    /// The kind of task, for instance `implement` or `integration`.
    #[schemars(required, length(min = 1, max = 40))]
    pub(super) task_type: Option<String>,
    /// What is to be done.
    #[schemars(required, length(min = 1, max = 4000))]
    pub(super) description: Option<String>,
    /// Who does it, for instance `backend`; decides which parts of the design the agent gets.
    #[schemars(length(min = 1, max = 60))]
    pub(super) role: Option<String>,
    /// 1 (most urgent) to 10.
    #[schemars(range(min = 1, max = 10))]
    pub(super) priority: Option<u8>,
    /// Whether it lands as part of a stack or as a branch of its own.
    pub(super) decomposition: Option<Decomposition>,
    /// Position in the stack, from 0.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(super) stack_position: Option<u32>,
    /// The sort of model or agent that suits.
    #[schemars(length(max = 32), regex(pattern = r"^[a-z][a-z0-9_-]*$"))]
    pub(super) archetype: Option<String>,
    /// Packages that must be merged first; `[]` if there are none.
    #[schemars(required, extend("uniqueItems" = true))]
    pub(super) depends_on: Option<Vec<PackageName>>,
    /// Claims beside the write scope.
    #[schemars(required)]
    pub(super) locks: Option<LocksForm>,
    /// Where it may read and write.
    #[schemars(required)]
    pub(super) scope: Option<ScopeForm>,
    /// Which parts of the project's context change with it.
    pub(super) context_impact: Option<ContextImpact>,
    /// The worktree it asks for.
    #[schemars(required)]
    pub(super) worktree: Option<WorktreeForm>,
    /// Wall-clock limit of one attempt in minutes.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(super) timeout_minutes: Option<u32>,
    /// Attempts after the first.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(super) retry_budget: Option<u32>,
    /// 0 to 4; an agent below it is not given the package.
    #[schemars(range(min = 0, max = 4))]
    pub(super) min_trust_level: Option<u8>,
    /// How the result is verified.
    #[schemars(required)]
    pub(super) verification: Option<VerificationForm>,
    /// Hints about size and kind.
    pub(super) metadata: Option<Metadata>,
    /// Free parameters for the agent.
    pub(super) inputs: Option<Map<String, Value>>,
    /// What must come out.
    #[schemars(required)]
    pub(super) outputs: Option<OutputsForm>,
}
