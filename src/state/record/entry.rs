//! One entry of the state tree, and what all records share.

use serde::{Deserialize, Serialize};

use crate::base::{ActorId, Oid, Timestamp};

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
