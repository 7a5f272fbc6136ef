//! The state on a ref of a repository.
//!
//! Order of a swap: objects, flush, ref, flush, a look whether a prune took the objects meanwhile.

use std::path::PathBuf;

use crate::base::{Error, Oid, RefName, Result};
use crate::git::refs::{Expected, SwapError as RefSwap};
use crate::git::{Change, Commit, Entry, NewCommit, Objects, Repo};
use crate::model::Durability;
use crate::os::lock::FileLock;
use crate::state::record::Body;
use crate::store::backend::{Backend, Batch, Snapshot, SwapError};

/// How often objects are written again because a prune took them.
const REWRITES_MAX: usize = 3;

#[derive(Clone)]
pub(super) struct GitRef {
    repo: Repo,
    name: RefName,
    durability: Durability,
}

impl GitRef {
    pub(super) fn new(repo: &Repo, name: &RefName, durability: Durability) -> Self {
        GitRef {
            repo: repo.clone(),
            name: name.clone(),
            durability,
        }
    }

    pub(super) fn name(&self) -> &RefName {
        &self.name
    }

    /// Removes what a killed process left in the way of the ref.
    pub(super) fn clear_the_way(&self, guard: &FileLock) -> Result<()> {
        self.repo.refs().clear_the_way(&self.name, guard)
    }

    /// The same at once; true if something was removed.
    pub(super) fn remove_stale_lock(&self, guard: &FileLock) -> Result<bool> {
        self.repo.refs().remove_stale_lock(&self.name, guard)
    }

    /// The objects of the repository.
    pub(super) fn objects(&self) -> Objects {
        self.repo.objects()
    }

    /// How hard changes are made durable.
    pub(super) fn durability(&self) -> Durability {
        self.durability
    }

    /// Moves the ref to a commit that is there and flushed; false if it is not as expected.
    pub(super) fn move_to(&self, new: &Oid, expected: &Expected) -> Result<bool> {
        let refs = self.repo.refs();
        match refs.swap(&self.name, Some(new), expected, "wp: sync", self.durability) {
            Ok(()) => Ok(true),
            Err(RefSwap::Moved { .. }) => Ok(false),
            Err(RefSwap::Failed(error)) => Err(error),
        }
    }

    /// What the ref holds, whether or not that is a state.
    pub(super) fn tip(&self) -> Result<Option<Oid>> {
        self.repo.refs().read(&self.name)
    }

    /// What another ref of the repository holds.
    pub(super) fn held_by(&self, name: &RefName) -> Result<Option<Oid>> {
        self.repo.refs().read(name)
    }

    /// The lock file that git takes to change the ref.
    pub(super) fn lock_path(&self) -> PathBuf {
        self.repo.refs().lock_path(&self.name)
    }

    /// Puts a ref back in a repair.
    pub(super) fn put(&self, name: &RefName, oid: &Oid, expected: &Expected) -> Result<()> {
        let refs = self.repo.refs();
        refs.swap(name, Some(oid), expected, "wp: repair", self.durability)
            .map_err(|error| error.into_error(name))
    }
}

impl Backend for GitRef {
    fn read(&self) -> Result<Snapshot> {
        let at = match self.repo.refs().read(&self.name)? {
            Some(tip) => {
                let commit = self.repo.objects().commit(&tip);
                let commit = commit.map_err(|e| e.hint("git wp doctor"))?;
                Some((tip, commit.tree))
            }
            None => None,
        };
        Ok(Snapshot::new(at))
    }

    fn swap(&self, base: Snapshot, batch: &Batch<'_>) -> Result<Snapshot, SwapError> {
        let objects = self.repo.objects();
        let (commit, tree) = build(&objects, &base, batch)?;
        let mut written = objects.unflushed();
        objects.flush(self.durability)?;
        let expected = Expected::same_as(base.tip());
        let reason = batch.message.lines().next().unwrap_or("wp");
        let refs = self.repo.refs();
        match refs.swap(
            &self.name,
            Some(&commit),
            &expected,
            reason,
            self.durability,
        ) {
            Ok(()) => {}
            Err(RefSwap::Moved { .. }) => return Err(SwapError::Moved),
            Err(RefSwap::Failed(error)) => return Err(SwapError::Failed(error)),
        }
        for _ in 0..REWRITES_MAX {
            if all_exist(&objects, &written)? {
                return Ok(Snapshot::new(Some((commit, tree))));
            }
            // A prune ran between the objects and the ref. From now on the ref keeps them.
            build(&objects, &base, batch)?;
            written = objects.unflushed();
            objects.flush(self.durability)?;
        }
        let message = "objects of the state vanish as soon as they are written";
        Err(SwapError::Failed(Error::busy("object-write", message)))
    }

    fn list(&self, tree: &Oid) -> Result<Vec<Entry>> {
        self.repo.objects().list(tree)
    }

    fn blob(&self, oid: &Oid) -> Result<Vec<u8>> {
        self.repo.objects().blob(oid)
    }

    fn commit(&self, oid: &Oid) -> Result<Commit> {
        self.repo.objects().commit(oid)
    }

    fn has(&self, oid: &Oid) -> Result<bool> {
        // An id of the other hash names nothing here.
        let ours = oid.as_str().len() == self.repo.format().hex_len();
        Ok(ours && self.repo.objects().exists(oid)?)
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<Oid> {
        let objects = self.repo.objects();
        let oid = objects.write_blob(bytes)?;
        objects.flush(self.durability)?;
        Ok(oid)
    }
}

/// Writes blobs, trees and the commit; the same input always makes the same objects.
fn build(objects: &Objects, base: &Snapshot, batch: &Batch<'_>) -> Result<(Oid, Oid)> {
    let mut changes = Vec::with_capacity(batch.records.len());
    for record in batch.records {
        let oid = match &record.body {
            Body::Json(bytes) => objects.write_blob(bytes)?,
            Body::Blob(oid) => oid.clone(),
        };
        changes.push(Change::file(record.path.as_str(), oid));
    }
    let tree = objects.edit(base.tree(), &changes)?;
    let parents: Vec<Oid> = base.tip().cloned().into_iter().collect();
    let commit = objects.write_commit(&NewCommit {
        tree: &tree,
        parents: &parents,
        by: batch.by,
        at: batch.at,
        message: batch.message,
    })?;
    Ok((commit, tree))
}

fn all_exist(objects: &Objects, oids: &[Oid]) -> Result<bool> {
    for oid in oids {
        if !objects.exists(oid)? {
            return Ok(false);
        }
    }
    Ok(true)
}
