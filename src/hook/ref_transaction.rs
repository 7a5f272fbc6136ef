//! `reference-transaction`: what `--no-verify` does not skip.
//!
//! From inside a room only the attempt's own branch moves, and only to commits that keep to the
//! scope. Refs of the worktree itself (`HEAD`, `ORIG_HEAD`, a rebase's) stay free, or nothing
//! would work.

use crate::base::{Oid, Result, text::foreign};
use crate::git::raw::{self, RawStore};
use crate::hook::explain;
use crate::hook::room::{Room, RoomScope};

/// Most commits that are looked at; what is further back is left to the gate.
const COMMITS_MAX: usize = 1000;
/// Namespaces that git keeps per worktree.
const OWN_FOLDERS: [&str; 3] = ["refs/worktree/", "refs/bisect/", "refs/rewritten/"];

/// The text for the agent if the transaction is refused. `input` is what git hands to the hook:
/// a line `<old> <new> <ref>` per ref.
pub(super) fn judge(room: &Room, scope: &RoomScope, input: &[u8]) -> Result<Option<String>> {
    for line in String::from_utf8_lossy(input).lines() {
        let mut words = line.splitn(3, ' ');
        let (Some(old), Some(new), Some(name)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        if let Some(text) = update(room, scope, (old, new), name)? {
            return Ok(Some(text));
        }
    }
    Ok(None)
}

fn update(
    room: &Room,
    scope: &RoomScope,
    (old, new): (&str, &str),
    name: &str,
) -> Result<Option<String>> {
    let branch = scope.branch.as_str();
    if let Some(target) = new.strip_prefix("ref:") {
        let leaves = name == "HEAD" && target != branch && is_in_room(room);
        return Ok(leaves.then(|| {
            let target = foreign(target);
            format!(
                "git wp: this room works on `{branch}` only; it does not switch to `{target}`\n"
            )
        }));
    }
    if !name.starts_with("refs/") || OWN_FOLDERS.iter().any(|own| name.starts_with(own)) {
        return Ok(None);
    }
    if name != branch {
        return Ok(Some(refuse_ref(scope, name)));
    }
    let Some(new) = Oid::parse(new).filter(|new| !new.is_null()) else {
        let text = format!("git wp: `{branch}` is the branch of this attempt and stays\n");
        return Ok(Some(text));
    };
    commits(room, scope, Oid::parse(old).as_ref(), &new)
}

/// Outside of a linked worktree the variable alone says that this is an agent.
fn is_in_room(room: &Room) -> bool {
    room.git_dir != room.common_dir
}

fn refuse_ref(scope: &RoomScope, name: &str) -> String {
    let name = foreign(name);
    let mut out = format!(
        "git wp: from this room only `{}` moves, not `{name}`\n",
        scope.branch
    );
    if name.to_string() == "refs/stash" {
        out += "the stash is shared with the user's checkout; commit on the branch instead\n";
    } else {
        out += "commit on the attempt's branch; the runner merges it and does everything else\n";
    }
    out
}

/// Judges the commits that come to the branch, one by one, newest first.
fn commits(room: &Room, scope: &RoomScope, old: Option<&Oid>, new: &Oid) -> Result<Option<String>> {
    let store = RawStore::open(&room.objects, &scope.base)?;
    let mut at = new.clone();
    for _ in 0..COMMITS_MAX {
        if at == scope.base || Some(&at) == old {
            return Ok(None);
        }
        let commit = store.commit(&at)?;
        let mut parents = commit.parents.iter();
        let Some(first) = parents.next() else {
            let text = format!(
                "git wp: `{}` would no longer grow from its base {}; the gate refuses that\n",
                scope.branch,
                scope.base.short()
            );
            return Ok(Some(text));
        };
        let tree = store.commit(first)?.tree;
        let mut changes = store.changes(Some(&tree), Some(&commit.tree))?;
        for other in parents {
            let theirs = store.commit(other)?.tree;
            raw::keep_common(
                &mut changes,
                &store.changes(Some(&theirs), Some(&commit.tree))?,
            );
        }
        let what = format!("commit {}", at.short());
        if let Some(text) = explain::judge(&store, scope, &changes, &what)? {
            return Ok(Some(text));
        }
        at = first.clone();
    }
    Ok(None)
}
