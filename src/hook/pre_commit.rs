//! `pre-commit`: what is staged against `HEAD`, judged by the scope.

use crate::base::{Oid, Result};
use crate::git::raw::{self, RawStore};
use crate::git::{Repo, index};
use crate::hook::explain;
use crate::hook::room::{Place, Room, RoomScope};
use crate::os::file;

/// The text for the agent if the commit is refused.
pub(super) fn judge(place: &Place, room: &Room, scope: &RoomScope) -> Result<Option<String>> {
    let repo = Repo::open_at(&room.git_dir)?;
    let raw = RawStore::open(&room.objects, &scope.base)?;
    let head = repo.refs().head()?;
    let tree = head
        .oid
        .map(|oid| raw.commit(&oid))
        .transpose()?
        .map(|commit| commit.tree);
    let index_file = match &place.index {
        Some(path) => place.folder.join(path),
        None => room.git_dir.join("index"),
    };
    let mut changes = index::staged(&raw, &index_file, tree.as_ref())?;
    // What concludes a merge brings the other side along; only the rest is the package's own.
    if let Some(bytes) = file::read(&room.git_dir.join("MERGE_HEAD"))? {
        for other in String::from_utf8_lossy(&bytes)
            .lines()
            .filter_map(Oid::parse)
        {
            let theirs = raw.commit(&other)?.tree;
            raw::keep_common(
                &mut changes,
                &index::staged(&raw, &index_file, Some(&theirs))?,
            );
        }
    }
    explain::judge(&raw, scope, &changes, "the commit")
}
