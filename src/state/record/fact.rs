//! Facts: what happened, written once under the id of whoever says so; they merge as a union.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::json::Value;
use crate::base::{AttemptId, ContentHash, FeatureId, Oid, PackageId, RefName, Timestamp, TxnId};
use crate::model::evidence::{Evidence, StepEvidence};
use crate::model::outcome::Mode;
use crate::model::plan::Format;
use crate::state::record::entry::By;

/// A feature was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// Verbatim id.
    pub feature: FeatureId,
    /// Title for people.
    pub title: Option<String>,
    /// Who and when.
    pub by: By,
}

/// Where a plan's bytes came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanOrigin {
    /// SHA-256 of the bytes.
    pub hash: ContentHash,
    /// The blob of the bytes.
    pub blob: Oid,
    /// Path relative to the repository root; empty for the linear plan.
    pub path: String,
    /// The dialect.
    pub format: Format,
    /// Plan revision as written.
    pub plan_revision: u32,
    /// Contracts revision as written.
    pub contracts_revision: u32,
    /// Verbatim ids of the packages in file order, so that a status needs no parser.
    pub packages: Vec<PackageBrief>,
    /// The contracts as they were approved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contracts: Vec<ContractSeen>,
    /// The barrier between groups of a document, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barrier: Option<String>,
    /// Whether soft dependencies of a document are not waited for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub eager: bool,
    /// Who and when.
    pub by: By,
}

/// What a status needs to know of a package's definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageBrief {
    /// Verbatim id.
    pub id: PackageId,
    /// Effective dependencies.
    pub after: Vec<PackageId>,
    /// Retry budget.
    pub retries: u32,
    /// True for a gate of a document: a review whose verdict lets others go on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gate: bool,
    /// Hash of the definition, and of the contracts that it concerns; a package of another
    /// revision with the same one is the same work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<ContentHash>,
}

/// A contract file as it was approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractSeen {
    /// As the plan writes it.
    pub path: String,
    /// SHA-256 of its bytes; `None`: there was no such file.
    pub hash: Option<ContentHash>,
}

/// A person approved these bytes on a machine. History; the right to run is a local file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The plan.
    pub plan: ContentHash,
    /// The command lines that were shown.
    pub commands: Vec<String>,
    /// Who and when.
    pub by: By,
}

/// A run began; its options hold for every resume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStarted {
    /// Random id of the run.
    pub run: TxnId,
    /// The plan.
    pub plan: ContentHash,
    /// Commit the feature grows from.
    pub base: Oid,
    /// The feature branch.
    pub branch: RefName,
    /// The integration ref.
    pub integration: RefName,
    /// Options by flag name, as given or inherited.
    pub options: BTreeMap<String, Value>,
    /// Capabilities that were missing and what was done without them.
    pub degraded: Vec<String>,
    /// Who and when.
    pub by: By,
}

/// A run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnded {
    /// Id of the run.
    pub run: TxnId,
    /// `merged`, `partial`, `failed` or `stopped`.
    pub result: String,
    /// Tip of the integration ref.
    pub head: Oid,
    /// The execution summary as data.
    pub summary: Value,
    /// The same for people: a Markdown blob.
    pub text: Oid,
    /// Who and when.
    pub by: By,
}

/// The final verification of a feature on an exact tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinalCheck {
    /// The commit.
    pub commit: Oid,
    /// Its tree.
    pub tree: Oid,
    /// The integration package's steps, `wp.toml` commands, the OpenSpec check.
    pub steps: Vec<StepEvidence>,
    /// All green.
    pub passed: bool,
    /// Who and when.
    pub by: By,
}

/// A feature became part of another branch, by a merge train.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// The branch.
    pub target: RefName,
    /// What was merged.
    pub head: Oid,
    /// The merge commit; the head itself where the branch had it already.
    pub merge: Oid,
    /// Its place among those that were merged together, from 1.
    pub position: u32,
    /// How many those were.
    pub of: u32,
    /// Who and when.
    pub by: By,
}

/// One try of one package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The attempt.
    pub attempt: AttemptId,
    /// Verbatim feature id.
    pub feature: FeatureId,
    /// Verbatim package id.
    pub package: PackageId,
    /// From 1, per package.
    pub number: u32,
    /// The plan it works for.
    pub plan: ContentHash,
    /// Hash of the package's definition.
    pub definition: ContentHash,
    /// Commit it starts from; the gate compares with it.
    pub base: Oid,
    /// Its branch.
    pub branch: RefName,
    /// Name of the agent profile; empty for a claim from outside.
    pub agent: String,
    /// The session that claimed from outside.
    pub session: Option<String>,
    /// The attempt whose work it goes on with. Where the base is another one, that work is merged
    /// onto the base first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<AttemptId>,
    /// What it sets out to do.
    #[serde(default, skip_serializing_if = "Mode::is_ordinary")]
    pub mode: Mode,
    /// Which loop wants the package, where no plan names it: `fix`, `refine` ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sprout: Option<String>,
    /// The run it belongs to.
    pub run: Option<TxnId>,
    /// Who and when.
    pub by: By,
}

/// Verification of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceFact {
    /// What was shown.
    pub evidence: Evidence,
    /// True if the tree is a merged one, false for the attempt's own head.
    pub merged: bool,
    /// When.
    pub at: Timestamp,
}

/// A person answered an open step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Unique; time-sortable.
    pub id: TxnId,
    /// The step's name.
    pub step: String,
    /// The answer.
    pub passed: bool,
    /// Where it can be seen.
    pub url: Option<String>,
    /// Free text.
    pub note: Option<String>,
    /// Who and when.
    pub by: By,
}

/// Where an attempt's leftovers were saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Salvage {
    /// A commit that holds every non-ignored file.
    pub commit: Oid,
    /// The ref that keeps it.
    pub kept_by: RefName,
    /// How much it is, so that a machine without the objects can tell; older records do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extent: Option<Extent>,
    /// When.
    pub at: Timestamp,
}

/// How much work was saved, seen from the commit that the attempt started from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// Commits.
    pub commits: u32,
    /// Paths that differ.
    pub files: u32,
}

/// A lock taken outside a package, or an intent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockClaim {
    /// Minted for this claim.
    pub attempt: AttemptId,
    /// The path, glob or logical key, verbatim.
    pub key: String,
    /// The session that holds it; locks are exclusive between sessions, not identities.
    pub session: String,
    /// Why, for those who have to wait.
    pub reason: Option<String>,
    /// True for an intent (ttl 0): shown to others, excludes nobody, has no grant.
    pub intent: bool,
    /// Who and when.
    pub by: By,
}
