//! The state in memory: for tests and for simulations. Several stores may share one.
//!
//! Trees and commits are content-addressed as in git, so everything above behaves the same.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::{ContentHash, Error, Oid, RepoPath, Result};
use crate::git::{Commit, Entry, Mode};
use crate::state::record::{Body, Record};
use crate::store::backend::{Backend, Batch, Snapshot, SwapError};

/// A state that ends with the last of its handles.
#[derive(Clone, Default)]
pub struct Memory {
    content: Arc<Mutex<Content>>,
    transaction: Arc<Mutex<()>>,
}

#[derive(Default)]
struct Content {
    tip: Option<Oid>,
    blobs: BTreeMap<Oid, Vec<u8>>,
    trees: BTreeMap<Oid, Vec<Entry>>,
    commits: BTreeMap<Oid, Commit>,
}

impl Memory {
    /// An empty state.
    pub fn new() -> Self {
        Memory::default()
    }

    /// One transaction at a time.
    pub(super) fn exclusive(&self) -> MutexGuard<'_, ()> {
        self.transaction
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for Memory {
    fn read(&self) -> Result<Snapshot> {
        let content = self.content();
        let tip = content.tip.clone();
        let at = tip.and_then(|tip| {
            let tree = content.commits.get(&tip)?.tree.clone();
            Some((tip, tree))
        });
        Ok(Snapshot::new(at))
    }

    fn swap(&self, base: Snapshot, batch: &Batch<'_>) -> Result<Snapshot, SwapError> {
        let mut content = self.content();
        if content.tip.as_ref() != base.tip() {
            return Err(SwapError::Moved);
        }
        let tree = content.grow(base.tree(), batch.records)?;
        let parents: Vec<Oid> = base.tip().cloned().into_iter().collect();
        let named = format!("{tree} {parents:?} {} {}", batch.at, batch.message);
        let oid = name("commit", named.as_bytes());
        let commit = Commit {
            oid: oid.clone(),
            tree: tree.clone(),
            parents,
            author: batch.by.clone(),
            authored: batch.at,
            committed: batch.at,
            message: batch.message.to_owned(),
        };
        content.commits.insert(oid.clone(), commit);
        content.tip = Some(oid.clone());
        Ok(Snapshot::new(Some((oid, tree))))
    }

    fn list(&self, tree: &Oid) -> Result<Vec<Entry>> {
        let content = self.content();
        let found = content.trees.get(tree).cloned();
        found.ok_or_else(|| missing("tree", tree))
    }

    fn blob(&self, oid: &Oid) -> Result<Vec<u8>> {
        let content = self.content();
        let found = content.blobs.get(oid).cloned();
        found.ok_or_else(|| missing("blob", oid))
    }

    fn commit(&self, oid: &Oid) -> Result<Commit> {
        let content = self.content();
        let found = content.commits.get(oid).cloned();
        found.ok_or_else(|| missing("commit", oid))
    }

    fn has(&self, oid: &Oid) -> Result<bool> {
        let content = self.content();
        Ok(content.blobs.contains_key(oid) || content.commits.contains_key(oid))
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<Oid> {
        Ok(self.content().put_blob(bytes))
    }
}

impl Content {
    fn put_blob(&mut self, bytes: &[u8]) -> Oid {
        let oid = name("blob", bytes);
        self.blobs.insert(oid.clone(), bytes.to_vec());
        oid
    }

    /// The tree that `base` becomes by `records`.
    fn grow(&mut self, base: Option<&Oid>, records: &[Record]) -> Result<Oid> {
        let mut changes = Vec::new();
        for record in records {
            let oid = match &record.body {
                Body::Json(bytes) => self.put_blob(bytes),
                Body::Blob(oid) => oid.clone(),
            };
            changes.push((record.path.as_str(), oid));
        }
        self.edit(base, &changes)
    }

    fn edit(&mut self, base: Option<&Oid>, changes: &[(&str, Oid)]) -> Result<Oid> {
        let mut entries = match base {
            Some(tree) => self.trees.get(tree).cloned().unwrap_or_default(),
            None => Vec::new(),
        };
        let mut below: BTreeMap<&str, Vec<(&str, Oid)>> = BTreeMap::new();
        let mut new = Vec::new();
        for (path, oid) in changes {
            match path.split_once('/') {
                Some((folder, rest)) => {
                    below.entry(folder).or_default().push((rest, oid.clone()));
                }
                None => new.push((*path, Mode::File, oid.clone())),
            }
        }
        for (folder, changes) in below {
            let old = entries.iter().find(|e| e.path == RepoPath::from(folder));
            let old = old.map(|e| e.oid.clone());
            new.push((folder, Mode::Tree, self.edit(old.as_ref(), &changes)?));
        }
        for (path, mode, oid) in new {
            let path = RepoPath::from(path);
            match entries.iter_mut().find(|e| e.path == path) {
                Some(entry) if mode == Mode::File && entry.oid != oid => {
                    return Err(Error::bug(format!("record `{path}` would be replaced")));
                }
                Some(entry) => entry.oid = oid,
                None => entries.push(Entry { path, mode, oid }),
            }
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        let oid = name("tree", format!("{entries:?}").as_bytes());
        self.trees.insert(oid.clone(), entries);
        Ok(oid)
    }
}

fn name(kind: &str, bytes: &[u8]) -> Oid {
    let hash = ContentHash::of(&[kind.as_bytes(), b"\0", bytes].concat());
    Oid::parse(hash.as_str()).expect("64 hex digits are an object id")
}

fn missing(kind: &str, oid: &Oid) -> Error {
    Error::damaged("object", format!("{kind} `{oid}` is missing"))
}
