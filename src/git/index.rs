//! What is staged: an index compared with a tree, guided by the index's own cache of trees.
//!
//! Folders whose cached tree is the one in `HEAD` are skipped with all their entries, so one staged
//! file among fifty thousand costs the decoding of the index and a handful of trees. Nothing is
//! refreshed and nothing is written.

use std::path::Path;

use gix::hash::ObjectId;
use gix::index::entry::{Flags, Mode, Stage};
use gix::index::{Entry, State, extension};

use crate::base::{Error, Oid, RepoPath, Result};
use crate::git::raw::{self, MODE_TREE, RawChange, RawEntry, RawStore};

/// Every path whose staged entry differs from `tree`; `None` is the empty tree.
///
/// An unmerged path is told once, with its own side. A path that is only intended to be added
/// counts as absent, as it does for a commit.
///
/// # Errors
/// The index cannot be decoded or an object is missing.
pub fn staged(store: &RawStore, index: &Path, tree: Option<&Oid>) -> Result<Vec<RawChange>> {
    let options = gix::index::decode::Options::default();
    let file = gix::index::File::at_or_default(index, store.hash(), true, options)
        .map_err(|e| Error::busy("index", "cannot read the index").because(e.to_string()))?;
    let tree = tree.map(raw::binary).transpose()?;
    let mut walk = Walk {
        store,
        state: &file,
        out: Vec::new(),
    };
    let all = 0..file.entries().len();
    walk.folder(&mut Vec::new(), all, tree, file.tree())?;
    Ok(walk.out)
}

struct Walk<'a> {
    store: &'a RawStore,
    state: &'a State,
    out: Vec<RawChange>,
}

type Range = std::ops::Range<usize>;

impl Walk<'_> {
    /// Compares the entries of `range`, all of which lie below `prefix`, with one tree.
    fn folder(
        &mut self,
        prefix: &mut Vec<u8>,
        range: Range,
        tree: Option<ObjectId>,
        cached: Option<&extension::Tree>,
    ) -> Result<()> {
        if let (Some(cache), Some(tree)) = (cached, tree)
            && cache.id == tree
            && cache.num_entries.is_some_and(|n| n as usize == range.len())
        {
            return Ok(());
        }
        let mut wanted = match tree {
            Some(id) => self.store.entries(&id)?,
            None => raw::Entries::new(),
        };
        let mut at = range.start;
        while at < range.end {
            let entry = &self.state.entries()[at];
            let rest = entry.path(self.state)[prefix.len()..].to_vec();
            let Some(slash) = rest.iter().position(|b| *b == b'/') else {
                at = self.leaf(prefix, &rest, at, &range, &mut wanted);
                continue;
            };
            let name = &rest[..slash];
            if entry.mode == Mode::DIR {
                let staged = raw::textual(&entry.id);
                let below = [&prefix[..], name].concat();
                self.sparse_folder(&below, wanted.remove(name), &staged)?;
                at += 1;
                continue;
            }
            let end = self.end_of_folder(prefix.len() + slash + 1, at, range.end);
            let (subtree, replaced) = match wanted.remove(name) {
                Some((MODE_TREE, id)) => (Some(id), None),
                other => (None, other),
            };
            let length = prefix.len();
            prefix.extend_from_slice(name);
            if let Some(old) = replaced {
                self.push(prefix, Some(raw::leaf(&old)), None);
            }
            prefix.push(b'/');
            let child = cached.and_then(|c| c.children.iter().find(|c| c.name[..] == *name));
            self.folder(prefix, at..end, subtree, child)?;
            prefix.truncate(length);
            at = end;
        }
        self.gone(prefix, wanted)
    }

    /// One path directly in this folder, in one stage or several; gives the entry after it.
    fn leaf(
        &mut self,
        prefix: &mut Vec<u8>,
        name: &[u8],
        at: usize,
        range: &Range,
        wanted: &mut raw::Entries,
    ) -> usize {
        let entries = &self.state.entries()[..range.end];
        let path = entries[at].path(self.state);
        let same = |e: &&Entry| e.path(self.state) == path;
        let stages: Vec<&Entry> = entries[at..].iter().take_while(same).collect();
        let next = at + stages.len();
        let chosen = stages
            .iter()
            .find(|e| matches!(e.stage(), Stage::Unconflicted | Stage::Ours))
            .filter(|e| !e.flags.contains(Flags::INTENT_TO_ADD));
        let new = chosen.map(|e| RawEntry {
            mode: e.mode.bits(),
            oid: raw::textual(&e.id),
        });
        let length = prefix.len();
        prefix.extend_from_slice(name);
        match wanted.remove(name) {
            Some((MODE_TREE, id)) => {
                wanted.insert(name.to_vec(), (MODE_TREE, id));
                self.push(prefix, None, new);
            }
            old => self.push(prefix, old.as_ref().map(raw::leaf), new),
        }
        prefix.truncate(length);
        next
    }

    fn end_of_folder(&self, prefix: usize, start: usize, end: usize) -> usize {
        let entries = self.state.entries();
        let folder = &entries[start].path(self.state)[..prefix];
        start + entries[start..end].partition_point(|e| e.path(self.state).starts_with(folder))
    }

    fn gone(&mut self, prefix: &[u8], left: raw::Entries) -> Result<()> {
        for (name, (mode, id)) in left {
            let mut path = prefix.to_vec();
            path.extend_from_slice(&name);
            if mode == MODE_TREE {
                self.trees(&path, Some(&raw::textual(&id)), None)?;
            } else {
                self.push(&path, Some(raw::leaf(&(mode, id))), None);
            }
        }
        Ok(())
    }

    /// A folder that a sparse index holds as one entry.
    fn sparse_folder(
        &mut self,
        path: &[u8],
        old: Option<raw::ModeAndId>,
        staged: &Oid,
    ) -> Result<()> {
        match old {
            Some((MODE_TREE, id)) => self.trees(path, Some(&raw::textual(&id)), Some(staged)),
            other => {
                self.push(path, other.as_ref().map(raw::leaf), None);
                self.trees(path, None, Some(staged))
            }
        }
    }

    fn trees(&mut self, path: &[u8], old: Option<&Oid>, new: Option<&Oid>) -> Result<()> {
        for mut change in self.store.changes(old, new)? {
            let below = [path, b"/", change.path.as_bytes()].concat();
            change.path = RepoPath::from_bytes(below);
            self.out.push(change);
        }
        Ok(())
    }

    fn push(&mut self, path: &[u8], old: Option<RawEntry>, new: Option<RawEntry>) {
        if old != new {
            let path = RepoPath::from_bytes(path);
            self.out.push(RawChange { path, old, new });
        }
    }
}
