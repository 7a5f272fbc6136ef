//! The records of the state tree, and the bodies they carry.
//!
//! ```text
//! meta/format.json                                    {"v":1}; a higher v is read-only here
//! meta/authority.json                                 who grants: random id, generation
//! features/<h2>/<f>/facts/open/<actor>.json           Open
//! features/<h2>/<f>/facts/plans/<sha256>/plan         the plan's bytes as approved (not JSON)
//! features/<h2>/<f>/facts/plans/<sha256>/origin.json  PlanOrigin
//! features/<h2>/<f>/facts/approvals/<sha256>/<actor>.json   Approval (history only)
//! features/<h2>/<f>/facts/runs/<run>/started.json     RunStarted
//! features/<h2>/<f>/facts/runs/<run>/ended.json       RunEnded
//! features/<h2>/<f>/facts/runs/<run>/summary.md       text for people (not JSON)
//! features/<h2>/<f>/facts/final/<tree>-<h8>.json      FinalCheck
//! features/<h2>/<f>/rights/<authority>/land-<n>.json landed-<n>.json void-<n>.json
//! features/<h2>/<f>/rights/<authority>/hold-<n>.json lift-<n>.json
//! features/<h2>/<f>/packages/<h2>/<p>/facts/<aid>/attempt.json
//!                                                /result.json
//!                                                /evidence-<tree>-<h8>.json
//!                                                /gate-<head>-<h8>.json
//!                                                /deviation-<h8>.json
//!                                                /salvage-<commit>.json
//! features/<h2>/<f>/packages/<h2>/<p>/answers/<h2 of step>/<id>.json   Answer
//! features/<h2>/<f>/packages/<h2>/<p>/rights/<authority>/grant-<epoch>.json end-<aid>.json
//!                                                       accept.json hold-<n>.json lift-<n>.json
//! locks/<h2>/<hash of key>/facts/<aid>/claim.json     LockClaim
//! locks/<h2>/<hash of key>/rights/<authority>/grant-<epoch>.json end-<aid>.json
//! ```
//! `<h2>` is the first two hex digits of the SHA-256 of the verbatim id, `<h8>` the first eight of
//! the record's canonical bytes, `<f>` and `<p>` are slugs; the verbatim id stands in the record.
//! Rooms kept free for later: `tasks/`, `handoffs/`, `memories/`, `retractions/`, `actors/`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::json::Value;
use crate::base::{
    ActorId, AttemptId, ContentHash, FeatureId, Oid, PackageId, RefName, Timestamp, TxnId,
};
use crate::model::evidence::{Evidence, StepEvidence};
use crate::model::outcome::EndReason;
use crate::model::plan::Format;
use crate::state::locks::LockSet;

/// The state format this program writes and the highest it changes.
pub const FORMAT_VERSION: u32 = 1;

/// One entry of the state tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its path; for a right the path is the slot.
    pub path: String,
    /// Its content.
    pub body: Body,
}

/// The content of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Canonical JSON, ready to be written.
    Json(Vec<u8>),
    /// A blob that is already in the object store (plan bytes, summaries); named in the
    /// request's `needs`.
    Blob(Oid),
}

/// `meta/format.json`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormatRecord {
    /// See [`FORMAT_VERSION`].
    pub v: u32,
}

/// `meta/authority.json`: the ref whose compare-and-swap decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    /// Random, minted when the state is created.
    pub id: ActorId,
    /// Counts explicit restarts of the history, from 1.
    pub generation: u32,
}

/// Who did it and when; part of every record that a person may ask about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    /// The clone.
    pub actor: ActorId,
    /// `user@host`, for people.
    pub label: String,
    /// Wall time at that actor; never decides anything.
    pub at: Timestamp,
}

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
    /// When.
    pub at: Timestamp,
}

/// A grant of a package, or of a lock taken outside one. Immutable; the path is the slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// 1, 2, 3 ... per package or lock.
    pub epoch: u32,
    /// The holder.
    pub attempt: AttemptId,
    /// Everything it holds, all or nothing.
    pub locks: LockSet,
    /// After this many seconds without a sign of life others may ask to take over; `None`: the
    /// holder's supervisor lock alone tells.
    pub lease_seconds: Option<u32>,
    /// Who and when.
    pub by: By,
}

/// An attempt no longer holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The epoch it held.
    pub epoch: u32,
    /// The holder.
    pub attempt: AttemptId,
    /// Why.
    pub reason: EndReason,
    /// One line for people.
    pub note: String,
    /// Who and when.
    pub by: By,
}

/// A package is merged: which attempt, in which merge commit. One per package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accept {
    /// The epoch it held.
    pub epoch: u32,
    /// The attempt.
    pub attempt: AttemptId,
    /// The accepted head.
    pub head: Oid,
    /// The merge commit.
    pub merge: Oid,
    /// Which landing did it.
    pub land: u32,
    /// Who and when.
    pub by: By,
}

/// Intent to move the integration ref. While it is open its attempts cannot end or be stolen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Land {
    /// 1, 2, 3 ... per feature.
    pub n: u32,
    /// What lands, in merge order.
    pub attempts: Vec<Landing>,
    /// The ref that moves.
    pub branch: RefName,
    /// From here.
    pub old: Oid,
    /// To here; held by a ref before this record is made.
    pub new: Oid,
    /// Who and when.
    pub by: By,
}

/// One attempt of a landing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Landing {
    /// The package.
    pub package: PackageId,
    /// The attempt.
    pub attempt: AttemptId,
    /// The epoch it holds.
    pub epoch: u32,
    /// The head that was merged.
    pub head: Oid,
    /// Its merge commit.
    pub merge: Oid,
}

/// A landing is done (`landed-<n>`) or given up (`void-<n>`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LandClosed {
    /// Which.
    pub n: u32,
    /// Why, for a void one.
    pub note: String,
    /// Who and when.
    pub by: By,
}

/// Stops new grants of a feature or a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// 1, 2, 3 ... per feature or package.
    pub n: u32,
    /// What it does.
    pub kind: HoldKind,
    /// Why.
    pub reason: String,
    /// Who and when.
    pub by: By,
}

/// What a hold does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldKind {
    /// Nothing new starts and nothing is finalised; what runs goes on.
    Pause,
    /// Nothing new starts; what ran was ended in the same transaction.
    Cancel,
}

/// Ends a hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lift {
    /// Which.
    pub n: u32,
    /// Who and when.
    pub by: By,
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
