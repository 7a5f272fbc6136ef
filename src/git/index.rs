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
use crate::git::index_root::cached_root;
use crate::git::raw::{self, MODE_TREE, RawChange, RawEntry, RawStore};

/// Every path whose staged entry differs from `tree`; `None` is the empty tree.
///
/// An unmerged path is told once, with its own side. A path that is only intended to be added
/// counts as absent, as it does for a commit.
///
/// # Errors
/// The index cannot be decoded or an object is missing.
pub fn staged(store: &RawStore, index: &Path, tree: Option<&Oid>) -> Result<Vec<RawChange>> {
    if let Some(root) = cached_root(index, store.hash().len_in_bytes())
        && store.size(&root)?.is_some()
        && let Ok(changes) = store.changes(tree, Some(&root))
    {
        return Ok(changes);
    }
    decoded(store, index, tree)
}

/// The same by decoding every entry.
fn decoded(store: &RawStore, index: &Path, tree: Option<&Oid>) -> Result<Vec<RawChange>> {
    let options = gix::index::decode::Options {
        // A hook is over before threads have paid for themselves.
        thread_limit: Some(1),
        ..Default::default()
    };
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
    walk.out.sort_by(|a, b| a.path.cmp(&b.path));
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn git(folder: &Path, script: &str) -> String {
        let output = Command::new("sh")
            .args(["-ec", script])
            .current_dir(folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "a")
            .env("GIT_AUTHOR_EMAIL", "a@x")
            .env("GIT_COMMITTER_NAME", "a")
            .env("GIT_COMMITTER_EMAIL", "a@x")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{script}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }

    /// Git, the decoder and the shortcut agree on what is staged.
    #[test]
    fn three_ways_of_reading_what_is_staged_agree() {
        let scripts = [
            "true",
            "echo 2 > d/e/f1; git add -A",
            "git rm -qr d; git add -A",
            "rm -r d; echo x > d; git add -A",
            "rm a; mkdir a; echo x > a/b; git add -A",
            "echo new > new; git add -N new; echo 3 > d/f2; git add d",
            "git mv d/e moved; chmod +x a; git add -A",
            "ln -s x link; git add -A; git update-index --index-version 4",
            "echo 2 > a; git add a; git update-index --split-index",
            "git sparse-checkout set --sparse-index d/e; echo 2 > a; git add a",
            "echo 2 > a; git -c index.threads=2 add a; git write-tree >/dev/null",
            "git checkout -qb x; echo 3 > a; git commit -qam x; git checkout -q -; echo 2 > a; \
             git commit -qam y; git merge -q x >/dev/null || true",
        ];
        for format in ["sha1", "sha256"] {
            for script in scripts {
                let folder = tempfile::tempdir().unwrap();
                let folder = folder.path();
                git(folder, &format!("git init -q --object-format={format} ."));
                git(
                    folder,
                    "mkdir -p d/e z; echo 1 | tee a d/f1 d/f2 d/e/f1 z/y >/dev/null",
                );
                git(folder, "git add -A; git commit -qm base");
                git(folder, script);
                let tree = Oid::parse(&git(folder, "git rev-parse HEAD^{tree}")).unwrap();
                let store = RawStore::open(&folder.join(".git/objects"), &tree).unwrap();
                let index = folder.join(".git/index");
                let want = git(
                    folder,
                    "git diff --cached --no-renames --diff-filter=u --name-only HEAD",
                );
                let names = |changes: Vec<RawChange>| {
                    let names: Vec<_> = changes.iter().map(|c| c.path.to_text()).collect();
                    names.join("\n")
                };
                assert_eq!(
                    names(decoded(&store, &index, Some(&tree)).unwrap()),
                    want,
                    "{script}"
                );
                // Git itself leaves the cache valid before it asks the hook.
                git(folder, "git write-tree >/dev/null || true");
                assert_eq!(
                    names(staged(&store, &index, Some(&tree)).unwrap()),
                    want,
                    "{script}"
                );
            }
        }
    }

    #[test]
    fn the_shortcut_is_taken_where_git_has_just_written_the_trees() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        git(
            folder,
            "git init -q .; mkdir d; echo 1 | tee a d/b >/dev/null; git add -A",
        );
        assert_eq!(
            cached_root(&folder.join(".git/index"), 20),
            None,
            "nothing is written yet"
        );
        let tree = git(folder, "git write-tree");
        let root = cached_root(&folder.join(".git/index"), 20);
        assert_eq!(root, Oid::parse(&tree));
        let bytes = std::fs::read(folder.join(".git/index")).unwrap();
        let cut = folder.join("cut");
        for end in 0..bytes.len() {
            std::fs::write(&cut, &bytes[..end]).unwrap();
            assert_eq!(cached_root(&cut, 20), None, "{end}");
        }
    }
}
