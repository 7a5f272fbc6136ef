//! New names that some file systems cannot tell from names that are there.

use std::collections::BTreeMap;

use crate::base::{Oid, RepoPath, Result};
use crate::git::raw::{RawChange, RawStore};
use crate::integrate::rules::Found;
use crate::scope::Fold;

/// Finds every added path of which some part equals a sibling in `after` but for letter case or
/// Unicode composition. Names that were side by side in `before` already are not the package's
/// doing and are not told.
pub(super) fn collisions(
    raw: &RawStore,
    (before, after): (&Oid, &Oid),
    changes: &[RawChange],
) -> Result<Vec<Found>> {
    let mut look = Look {
        raw,
        before,
        after,
        folders: BTreeMap::new(),
    };
    let mut out = Vec::new();
    for change in changes {
        if change.old.is_none() && change.new.is_some() {
            out.extend(look.path(&change.path)?);
        }
    }
    Ok(out)
}

struct Look<'a> {
    raw: &'a RawStore,
    before: &'a Oid,
    after: &'a Oid,
    folders: BTreeMap<Vec<u8>, Folder>,
}

/// Names before, and names after by their folded form.
struct Folder {
    before: Vec<Vec<u8>>,
    after: BTreeMap<Vec<u8>, Vec<Vec<u8>>>,
}

impl Look<'_> {
    fn path(&mut self, path: &RepoPath) -> Result<Option<Found>> {
        let bytes = path.as_bytes();
        let mut start = 0;
        loop {
            let end = bytes[start..].iter().position(|b| *b == b'/');
            let end = end.map_or(bytes.len(), |at| start + at);
            let name = &bytes[start..end];
            let folder = self.folder(&bytes[..start.saturating_sub(1)])?;
            let same = folder.after.get(&Fold::Case.apply(name));
            let twin = same.and_then(|names| names.iter().find(|n| n[..] != *name));
            if let Some(twin) = twin.filter(|_| !folder.before.iter().any(|n| n[..] == *name)) {
                let twin = RepoPath::from_bytes([&bytes[..start], twin].concat());
                let text = format!("is one name with `{twin}` on some file systems");
                return Ok(Some(Found::at(path, "case-collision", text)));
            }
            if end == bytes.len() {
                return Ok(None);
            }
            start = end + 1;
        }
    }

    fn folder(&mut self, path: &[u8]) -> Result<&Folder> {
        if !self.folders.contains_key(path) {
            let mut after: BTreeMap<Vec<u8>, Vec<Vec<u8>>> = BTreeMap::new();
            for name in self.raw.names(self.after, path)? {
                after.entry(Fold::Case.apply(&name)).or_default().push(name);
            }
            let before = self.raw.names(self.before, path)?;
            self.folders.insert(path.to_vec(), Folder { before, after });
        }
        Ok(&self.folders[path])
    }
}
