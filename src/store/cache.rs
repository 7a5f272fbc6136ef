//! Derived values on disk, keyed by the tree they follow from. Best effort in both directions:
//! what cannot be written is not, what cannot be read is computed. May be deleted at any time.

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::base::{ContentHash, FeatureId, Oid, Result, json};
use crate::model::Durability;
use crate::os::file::{self, Access};
use crate::state::layout::FeatureRoom;
use crate::state::view::FeatureBrief;

/// Changes with the meaning or the form of what is kept.
const VERSION: u32 = 2;
/// A larger file was not written by us.
const BYTES_MAX: u64 = 256 << 20;

/// A folder of derived values, or none.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    folder: Option<PathBuf>,
}

#[derive(Serialize, Deserialize)]
struct KeptBrief {
    v: u32,
    tree: Oid,
    id: FeatureId,
    brief: FeatureBrief,
}

impl Cache {
    /// The cache in `folder`, which need not exist.
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        Cache { folder }
    }

    /// The brief of the feature in `room`, if it was kept for this tree.
    pub(super) fn brief(
        &self,
        room: &FeatureRoom,
        tree: &Oid,
    ) -> Option<(FeatureId, FeatureBrief)> {
        let bytes = self.get(&brief_name(room))?;
        let kept: KeptBrief = json::parse_as(&bytes).ok()?;
        let right = kept.v == VERSION && kept.tree == *tree && room.is_of(&kept.id);
        right.then_some((kept.id, kept.brief))
    }

    /// Keeps a brief.
    pub(super) fn keep_brief(
        &self,
        room: &FeatureRoom,
        tree: &Oid,
        (id, brief): (&FeatureId, &FeatureBrief),
    ) {
        let kept = KeptBrief {
            v: VERSION,
            tree: tree.clone(),
            id: id.clone(),
            brief: brief.clone(),
        };
        if let Ok(text) = json::line(&kept) {
            self.put(&brief_name(room), text.as_bytes());
        }
    }

    /// The value kept for this tree under `name`.
    pub(super) fn derived<T: DeserializeOwned>(
        &self,
        room: &FeatureRoom,
        name: &str,
        tree: &Oid,
    ) -> Option<T> {
        let bytes = self.get(&file_name(name, room))?;
        let end = bytes.iter().position(|b| *b == b'\n')?;
        let (key, value) = (&bytes[..end], &bytes[end..]);
        if key != derived_key(tree).as_bytes() {
            return None;
        }
        json::parse_as(value).ok()
    }

    /// Keeps a value for this tree.
    pub(super) fn keep_derived<T: Serialize>(
        &self,
        (room, name, tree): (&FeatureRoom, &str, &Oid),
        value: &T,
    ) {
        if let Ok(text) = json::line(value) {
            let text = format!("{}\n{text}", derived_key(tree));
            self.put(&file_name(name, room), text.as_bytes());
        }
    }

    /// Files that no release of this program writes. Links and folders are left alone.
    pub(super) fn damaged(&self) -> Result<Vec<PathBuf>> {
        let Some(folder) = &self.folder else {
            return Ok(Vec::new());
        };
        let mut damaged = Vec::new();
        for name in file::names(folder)? {
            let path = folder.join(&name);
            let name = name.to_string_lossy();
            let is_file = std::fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file());
            if name.starts_with('.') || !is_file {
                continue;
            }
            let bytes = self.get(&name).unwrap_or_default();
            let value = match name.starts_with("brief-") {
                true => Some(&bytes[..]),
                false => bytes
                    .iter()
                    .position(|b| *b == b'\n')
                    .map(|at| &bytes[at..]),
            };
            if value.is_none_or(|value| json::parse(value).is_err()) {
                damaged.push(path);
            }
        }
        Ok(damaged)
    }

    /// False if nothing is ever kept.
    pub(super) fn is_there(&self) -> bool {
        self.folder.is_some()
    }

    /// The bytes kept under `name`.
    pub(super) fn get(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.folder.as_ref()?.join(name);
        file::read_bounded(&path, BYTES_MAX).ok().flatten()
    }

    /// Keeps bytes under `name`.
    pub(super) fn put(&self, name: &str, bytes: &[u8]) {
        let Some(folder) = &self.folder else { return };
        if file::make_private_dirs(folder).is_ok() {
            let path = folder.join(name);
            // A read-only repository is read without a cache.
            let _ = file::replace(&path, bytes, Access::Private, Durability::Off);
        }
    }
}

fn brief_name(room: &FeatureRoom) -> String {
    file_name("brief", room)
}

fn file_name(what: &str, room: &FeatureRoom) -> String {
    let hash = ContentHash::of(room.path().as_bytes());
    format!("{what}-{}", hash.short(16))
}

/// Another build may compute another value.
fn derived_key(tree: &Oid) -> String {
    format!("{VERSION} {} {tree}", env!("CARGO_PKG_VERSION"))
}
