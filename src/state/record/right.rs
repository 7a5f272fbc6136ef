//! Rights: who may act. Written only by the commit that wins the swap; the path is the slot.

use serde::{Deserialize, Serialize};

use crate::base::{AttemptId, Oid, PackageId, RefName, TxnId};
use crate::model::outcome::EndReason;
use crate::state::locks::LockSet;
use crate::state::record::entry::By;
use crate::state::refusal::Refusal;

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

/// A clone merges and finishes a feature; only needed where several machines share an authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Integrator {
    /// 1, 2, 3 ... per feature.
    pub epoch: u32,
    /// Who merges, and since when.
    pub by: By,
}

/// A clone no longer merges a feature: it gave the role back, or another took it over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resignation {
    /// Which of the feature's integrators.
    pub epoch: u32,
    /// Who ended it, and when.
    pub by: By,
}

/// What the authority made of a request that was filed elsewhere. There is one per request, so
/// that none takes effect twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// The request.
    pub txn: TxnId,
    /// Why it was refused; `None` if it was granted.
    pub refused: Option<Refusal>,
    /// Whose request it was, and when that was made.
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
