//! What the gate says of the commits between a base and a head.

use serde::{Deserialize, Serialize};

use crate::base::{Oid, PackageId, RepoPath, Timestamp};

/// What the gate found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateVerdict {
    /// From here.
    pub base: Oid,
    /// To here.
    pub head: Oid,
    /// Nothing was found.
    pub passed: bool,
    /// What was found.
    pub violations: Vec<GateViolation>,
    /// Number of commits that were looked at one by one.
    pub commits: u32,
    /// When.
    pub at: Timestamp,
}

/// One reason of the gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateViolation {
    /// The path, if one is concerned.
    pub path: Option<RepoPath>,
    /// The rule's stable word, for instance `not-allowed`, `denied`, `symlink`, `history`.
    pub rule: String,
    /// The sentence for people.
    pub detail: String,
    /// The commit in which it was found, if not in the net difference.
    pub commit: Option<Oid>,
    /// The package that owns the path, if one does.
    pub owner: Option<PackageId>,
}
