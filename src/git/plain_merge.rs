//! The merge of two commits that touched different paths, in process.
//!
//! Where it gives a tree, that is the one git's own merge gives with renames off; wherever both
//! sides have something to say about a path, a folder and a file compete for a name, there is
//! more than one merge base, or anything is unusual, it gives nothing and git is asked.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::base::{Oid, RepoPath, Result};
use crate::git::objects::Objects;
use crate::git::raw::{RawChange, RawStore};
use crate::git::tree::{Change, Mode};

/// Most commits that are read to find the merge base.
const WALK_MAX: usize = 4000;

const OURS: u8 = 1;
const THEIRS: u8 = 2;
const STALE: u8 = 4;
const RESULT: u8 = 8;

/// The merged tree, written and not flushed; `None` if git has to be asked.
///
/// # Errors
/// A tree cannot be written.
pub fn merge(raw: &RawStore, objects: &Objects, ours: &Oid, theirs: &Oid) -> Result<Option<Oid>> {
    let Some(parts) = parts(raw, ours, theirs) else {
        return Ok(None);
    };
    let Some(changes) = parts.disjoint() else {
        return Ok(None);
    };
    objects.edit(Some(&parts.tree), &changes).map(Some)
}

struct Parts {
    /// Our tree, which is not empty.
    tree: Oid,
    ours: Vec<RawChange>,
    theirs: Vec<RawChange>,
}

/// What cannot be read is for git to complain about.
fn parts(raw: &RawStore, ours: &Oid, theirs: &Oid) -> Option<Parts> {
    let base = raw.commit(&merge_base(raw, ours, theirs)?).ok()?.tree;
    let (ours, theirs) = (raw.commit(ours).ok()?.tree, raw.commit(theirs).ok()?.tree);
    let is_empty = |tree: &Oid| raw.names(tree, b"").map_or(true, |names| names.is_empty());
    if [&base, &ours, &theirs].into_iter().any(is_empty) {
        return None;
    }
    Some(Parts {
        ours: raw.changes(Some(&base), Some(&ours)).ok()?,
        theirs: raw.changes(Some(&base), Some(&theirs)).ok()?,
        tree: ours,
    })
}

impl Parts {
    /// Their changes, if none of them meets one of ours.
    fn disjoint(&self) -> Option<Vec<Change>> {
        let ours: BTreeSet<&RepoPath> = self.ours.iter().map(|change| &change.path).collect();
        let both = self.ours.iter().chain(&self.theirs);
        let all: BTreeSet<&[u8]> = both.map(|change| change.path.as_bytes()).collect();
        let mut out = Vec::with_capacity(self.theirs.len());
        for change in &self.theirs {
            if ours.contains(&change.path) || change.path.is_hostile() {
                return None;
            }
            out.push(Change {
                path: change.path.clone(),
                entry: match &change.new {
                    Some(new) => Some((plain(new.mode)?, new.oid.clone())),
                    None => None,
                },
            });
        }
        let folders = |path: &&[u8]| {
            let slashes = path.iter().enumerate().filter(|(_, b)| **b == b'/');
            slashes.map(|(at, _)| at).collect::<Vec<_>>()
        };
        let competes = |path: &&[u8]| folders(path).iter().any(|at| all.contains(&path[..*at]));
        (!all.iter().any(competes)).then_some(out)
    }
}

fn plain(mode: u32) -> Option<Mode> {
    match mode {
        0o100_644 => Some(Mode::File),
        0o100_755 => Some(Mode::Program),
        0o120_000 => Some(Mode::Link),
        _ => None,
    }
}

/// The only best common ancestor, found as git finds it: both histories are painted from the
/// newest commit on, until everything left is an ancestor of what was found. `None` if there is
/// none or more than one, or git has to be asked.
pub fn merge_base(raw: &RawStore, ours: &Oid, theirs: &Oid) -> Option<Oid> {
    let mut paint: BTreeMap<Oid, u8> = BTreeMap::new();
    let mut queue: BinaryHeap<(i64, Oid)> = BinaryHeap::new();
    for (side, id) in [(OURS, ours), (THEIRS, theirs)] {
        *paint.entry(id.clone()).or_default() |= side;
        queue.push((raw.commit(id).ok()?.seconds, id.clone()));
    }
    let mut found = Vec::new();
    let mut read = 0;
    while queue.iter().any(|(_, id)| paint[id] & STALE == 0) {
        let (_, id) = queue.pop()?;
        let mut colours = paint[&id] & (OURS | THEIRS | STALE);
        if colours == OURS | THEIRS {
            let known = paint.entry(id.clone()).or_default();
            if *known & RESULT == 0 {
                *known |= RESULT;
                found.push(id.clone());
            }
            colours |= STALE;
        }
        read += 1;
        if read > WALK_MAX {
            return None;
        }
        for parent in raw.commit(&id).ok()?.parents {
            let known = paint.entry(parent.clone()).or_default();
            if *known & colours != colours {
                *known |= colours;
                queue.push((raw.commit(&parent).ok()?.seconds, parent));
            }
        }
    }
    found.retain(|id| paint[id] & STALE == 0);
    match &found[..] {
        [only] => Some(only.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::Repo;
    use crate::git::merge::Merged;
    use std::path::Path;

    fn git(folder: &Path, script: &str) -> String {
        let output = std::process::Command::new("sh")
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
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{script}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Our side, their side, and whether it is for us to merge.
    const CASES: [(&str, &str, bool); 12] = [
        ("echo 2 > a", "echo 2 > d/b", true),
        (
            "echo 2 > a; git add a; git commit -qm x; echo 3 > n/m",
            "git rm -q d/b",
            true,
        ),
        (
            "mkdir -p d/n; echo 1 > d/n/x",
            "mkdir -p d/o; echo 1 > d/o/x",
            true,
        ),
        (
            "mkdir -p d/n; echo 1 > d/n/x",
            "mkdir -p d/n; echo 1 > d/n/y",
            true,
        ),
        ("chmod +x a", "ln -s a link", true),
        ("git mv d e", "echo 2 > a", true),
        ("git rm -qr d; echo x > d", "echo 2 > a", false),
        ("echo 2 > a", "echo 3 > a", false),
        ("echo 2 > a", "echo 2 > a; echo 9 > d/c", false),
        ("echo 2 > a", "git rm -q a; mkdir a; echo 1 > a/b", false),
        ("git rm -q d/b", "echo 2 > d/b", false),
        // Theirs was merged once and reverted: the base is their first commit.
        (
            "git merge -q --no-ff -m m theirs~1; git revert -m 1 --no-edit HEAD >/dev/null",
            "echo 2 > a; git commit -qam one; echo 2 > d/c",
            true,
        ),
    ];

    #[test]
    fn what_is_merged_in_process_is_what_git_merges() {
        for (ours, theirs, is_plain) in CASES {
            let folder = tempfile::tempdir().unwrap();
            let folder = folder.path();
            let commit = "git add -A; git commit -q --allow-empty -m c";
            git(
                folder,
                "git init -q -b ours .; git config core.autocrlf false; mkdir d n",
            );
            git(
                folder,
                "echo 1 | tee a d/b d/c n/m >/dev/null; git add -A; git commit -qm base",
            );
            git(
                folder,
                &format!("git checkout -q -b theirs; {theirs}; {commit}"),
            );
            git(folder, &format!("git checkout -q ours; {ours}; {commit}"));
            let repo = Repo::discover(folder).unwrap();
            let tip = |name: &str| {
                let line = git(folder, &format!("git rev-parse {name}"));
                Oid::parse(line.trim()).unwrap()
            };
            let (ours, theirs) = (tip("ours"), tip("theirs"));
            let raw = RawStore::open(&folder.join(".git/objects"), &ours).unwrap();
            let merged = merge(&raw, &repo.objects(), &ours, &theirs).unwrap();
            assert_eq!(merged.is_some(), is_plain, "{ours} {theirs}");
            let said = repo.git().config("merge.renames=false");
            let said = said.merge_tree(&ours, &theirs, None).unwrap();
            if let Some(tree) = merged {
                assert_eq!(said, Merged::Clean { tree });
            }
            let base = git(folder, "git merge-base ours theirs");
            let found = merge_base(&raw, &ours, &theirs).unwrap();
            assert_eq!(found.as_str(), base.trim());
        }
    }

    #[test]
    fn two_merge_bases_are_left_to_git() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let one = |name: &str| format!("echo {name} > {name}; git add -A; git commit -qm {name}");
        git(
            folder,
            &format!("git init -q -b ours .; {}; git branch theirs", one("base")),
        );
        git(
            folder,
            &format!("{}; git checkout -q theirs; {}", one("a"), one("b")),
        );
        git(
            folder,
            "git merge -q --no-ff -m m ours; git checkout -q ours",
        );
        git(folder, "git merge -q --no-ff -m m theirs~1");
        let repo = Repo::discover(folder).unwrap();
        let tip = |name: &str| repo.refs().resolve(name).unwrap().unwrap();
        let (ours, theirs) = (tip("ours"), tip("theirs"));
        let raw = RawStore::open(&folder.join(".git/objects"), &ours).unwrap();
        assert_eq!(merge_base(&raw, &ours, &theirs), None);
        assert_eq!(merge(&raw, &repo.objects(), &ours, &theirs).unwrap(), None);
    }
}
