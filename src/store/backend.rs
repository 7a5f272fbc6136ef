//! The seam below the store: where commits of the state live, and the one way to add another.
//!
//! A [`Snapshot`] is consumed by the swap that builds on it, so nobody can swap against a base
//! that was read again. Subtrees are read when somebody asks for them.

use crate::base::{Error, Oid, Result, Timestamp};
use crate::git::{Commit, Entry, Person};
use crate::state::Record;

/// The state at one commit. Not `Clone`: a swap takes it away.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a snapshot is read in order to build on it"]
pub struct Snapshot {
    tip: Option<Oid>,
    tree: Option<Oid>,
}

impl Snapshot {
    /// What a backend read: nothing, or a commit and its tree.
    pub(super) fn new(at: Option<(Oid, Oid)>) -> Self {
        let (tip, tree) = at.unzip();
        Snapshot { tip, tree }
    }

    /// The commit; `None` while there is no state.
    pub fn tip(&self) -> Option<&Oid> {
        self.tip.as_ref()
    }

    /// Its tree.
    pub fn tree(&self) -> Option<&Oid> {
        self.tree.as_ref()
    }
}

/// What one commit adds.
pub(super) struct Batch<'a> {
    pub(super) records: &'a [Record],
    pub(super) message: &'a str,
    pub(super) by: &'a Person,
    pub(super) at: Timestamp,
}

/// Why a swap did not happen.
#[derive(Debug)]
pub(super) enum SwapError {
    /// The tip is another one by now. Nothing was changed.
    Moved,
    /// It could not be tried, or its outcome is unknown.
    Failed(Error),
}

impl From<Error> for SwapError {
    fn from(error: Error) -> Self {
        SwapError::Failed(error)
    }
}

/// Where the state lives.
pub(super) trait Backend: Send {
    /// The newest state.
    fn read(&self) -> Result<Snapshot>;

    /// Adds a commit on `base` if that still is the newest state.
    fn swap(&self, base: Snapshot, batch: &Batch<'_>) -> Result<Snapshot, SwapError>;

    /// One level of a tree.
    fn list(&self, tree: &Oid) -> Result<Vec<Entry>>;

    /// The content of a blob.
    fn blob(&self, oid: &Oid) -> Result<Vec<u8>>;

    /// A commit of the chain.
    fn commit(&self, oid: &Oid) -> Result<Commit>;

    /// True if the object is there now.
    fn has(&self, oid: &Oid) -> Result<bool>;

    /// Writes a blob and makes it durable.
    fn put_blob(&self, bytes: &[u8]) -> Result<Oid>;
}

/// Looks at the commits from `tip` along the first parents while `look` wants more.
pub(super) fn chain(
    backend: &dyn Backend,
    tip: Option<Oid>,
    mut look: impl FnMut(&Commit) -> bool,
) -> Result<()> {
    let mut next = tip;
    while let Some(oid) = next {
        let commit = backend.commit(&oid)?;
        if !look(&commit) {
            break;
        }
        next = commit.parents.into_iter().next();
    }
    Ok(())
}
