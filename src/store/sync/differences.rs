//! Where two state trees differ. Folders that are equal are not looked into.

use std::collections::BTreeMap;

use crate::base::{Error, Oid, Result};
use crate::git::{Entry, Mode, Objects};
use crate::state::codec;
use crate::state::join::{Entries, Leaf};
use crate::state::layout::{self, Class};

/// Entries that are looked at before it is too much for a state.
const ENTRIES_MAX: usize = 500_000;
/// Folders nested deeper than any record.
const DEPTH_MAX: usize = 12;
/// A register is smaller.
const REGISTER_BYTES_MAX: u64 = 1 << 20;

/// The entries that one side has and the other has not, or not so.
#[derive(Debug, Default)]
pub(super) struct Differences {
    pub(super) ours: Entries,
    pub(super) theirs: Entries,
    /// Entries of theirs that are no plain files, with what they are.
    pub(super) odd: Vec<String>,
    seen: usize,
}

/// Compares two trees; `None` is the tree of nothing.
///
/// # Errors
/// An object is missing or malformed, or there are more differences than a state can have.
pub(super) fn differences(
    objects: &Objects,
    ours: Option<&Oid>,
    theirs: Option<&Oid>,
) -> Result<Differences> {
    let mut found = Differences::default();
    found.walk(objects, "", (ours, theirs), 0)?;
    Ok(found)
}

impl Differences {
    fn walk(
        &mut self,
        objects: &Objects,
        folder: &str,
        (ours, theirs): (Option<&Oid>, Option<&Oid>),
        depth: usize,
    ) -> Result<()> {
        if ours == theirs {
            return Ok(());
        }
        if depth > DEPTH_MAX {
            return Err(too_large(folder, "folders are nested too deep"));
        }
        let level = |tree: Option<&Oid>| -> Result<BTreeMap<Vec<u8>, Entry>> {
            let entries = tree.map_or_else(|| Ok(Vec::new()), |tree| objects.list(tree))?;
            let named = entries.into_iter().map(|e| (e.path.as_bytes().to_vec(), e));
            Ok(named.collect())
        };
        let (mine, mut others) = (level(ours)?, level(theirs)?);
        self.seen += mine.len() + others.len();
        if self.seen > ENTRIES_MAX {
            return Err(too_large(folder, "there are too many entries"));
        }
        for (name, entry) in mine {
            let other = others.remove(&name);
            self.pair(objects, folder, (Some(entry), other), depth)?;
        }
        for entry in others.into_values() {
            self.pair(objects, folder, (None, Some(entry)), depth)?;
        }
        Ok(())
    }

    fn pair(
        &mut self,
        objects: &Objects,
        folder: &str,
        (ours, theirs): (Option<Entry>, Option<Entry>),
        depth: usize,
    ) -> Result<()> {
        if ours == theirs {
            return Ok(());
        }
        let name = ours.as_ref().or(theirs.as_ref());
        let name = name.map(|entry| entry.path.to_text()).unwrap_or_default();
        let path = match folder {
            "" => name,
            folder => format!("{folder}/{name}"),
        };
        let tree = |entry: &Option<Entry>| {
            let tree = entry.as_ref().filter(|e| e.mode == Mode::Tree);
            tree.map(|e| e.oid.clone())
        };
        let (mine, other) = (tree(&ours), tree(&theirs));
        if let Some(entry) = ours.filter(|e| e.mode == Mode::File) {
            let leaf = leaf(objects, &path, entry.oid)?;
            self.ours.insert(path.clone(), leaf);
        }
        match theirs {
            Some(entry) if entry.mode == Mode::File => {
                let leaf = leaf(objects, &path, entry.oid)?;
                self.theirs.insert(path.clone(), leaf);
            }
            Some(entry) if entry.mode != Mode::Tree => {
                self.odd
                    .push(format!("`{path}` has the mode {}", entry.mode.octal()));
            }
            _ => {}
        }
        self.walk(objects, &path, (mine.as_ref(), other.as_ref()), depth + 1)
    }
}

fn leaf(objects: &Objects, path: &str, oid: Oid) -> Result<Leaf> {
    let seq = match layout::class(path) {
        Some(Class::Register) => match objects.header(&oid)? {
            Some((_, size)) if size <= REGISTER_BYTES_MAX => codec::seq(path, &objects.blob(&oid)?),
            _ => None,
        },
        _ => None,
    };
    Ok(Leaf { oid, seq })
}

fn too_large(folder: &str, why: &str) -> Error {
    let message = format!("`{folder}` is no part of a state: {why}");
    Error::damaged("state-too-large", message)
}
