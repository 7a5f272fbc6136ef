//! The seam below the store: where commits of the state live, and the one way to add another.
//!
//! A [`Snapshot`] is consumed by the swap that builds on it, so nobody can swap against a base
//! that was read again. Subtrees are read when somebody asks for them.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeSet, BinaryHeap};

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

/// Looks at the commits of the history, newest first, while `look` wants more. Where two machines
/// worked at the same time the history forks and joins again; all of it is looked at.
pub(super) fn chain(
    backend: &dyn Backend,
    tip: Option<Oid>,
    look: impl FnMut(&Commit) -> bool,
) -> Result<()> {
    walk(&|oid| backend.commit(oid), tip, look)
}

/// The same with commits from wherever `read` finds them.
pub(super) fn walk(
    read: &dyn Fn(&Oid) -> Result<Commit>,
    tip: Option<Oid>,
    mut look: impl FnMut(&Commit) -> bool,
) -> Result<()> {
    let (mut seen, mut waiting) = (BTreeSet::new(), BinaryHeap::new());
    let mut count = 0;
    let mut next: Vec<Oid> = tip.into_iter().collect();
    loop {
        for oid in next {
            if seen.insert(oid.clone()) {
                let commit = read(&oid)?;
                // Of commits made at the same time the one that was met first comes first.
                count += 1;
                waiting.push(Waiting(commit.committed, Reverse(count), commit));
            }
        }
        let Some(Waiting(_, _, commit)) = waiting.pop() else {
            return Ok(());
        };
        if !look(&commit) {
            return Ok(());
        }
        next = commit.parents;
    }
}

/// A commit that was met and not looked at yet, ordered by time.
struct Waiting(Timestamp, Reverse<usize>, Commit);

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Waiting {}
