//! How much room a room takes: measured now and then, and remembered for those who only look.
//!
//! What it shares with others costs nothing here and is not counted: hard links, and what links
//! lead to. Blocks shared by copy-on-write cannot be told and are counted.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::base::{AttemptId, FeatureId, PackageId, RepoPath, Result, Timestamp, json};
use crate::git::Repo;
use crate::model::Durability;
use crate::os::clock;
use crate::os::file::{self, Access};
use crate::worktree::record;
use crate::worktree::room::Room;

/// Most entries that one measurement looks at.
const ENTRIES_MAX: u64 = 1_000_000;
const RECORD_MAX: u64 = 4 << 10;
/// Bytes of one block in `st_blocks`, whatever the file system.
const BLOCK: u64 = 512;

/// How much is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskUse {
    /// Allocated bytes.
    pub bytes: u64,
    /// Files and links.
    pub files: u64,
    /// False if there was more than was looked at.
    pub complete: bool,
    /// When it was measured.
    pub at: Timestamp,
}

impl Room {
    /// Walks through the room; changes nothing.
    pub fn size(&self) -> DiskUse {
        let mut found = DiskUse {
            bytes: 0,
            files: 0,
            complete: true,
            at: clock::now(),
        };
        let mut left = ENTRIES_MAX;
        walk(self.path(), &mut found, &mut left);
        found.complete = left > 0;
        found
    }

    /// As [`Room::size`], and remembers it for [`Room::disk_use`].
    pub fn measure(&self) -> DiskUse {
        let found = self.size();
        // Who looks later measures again, or does without.
        if let Ok(bytes) = json::to_canonical(&found) {
            let _ = file::replace(
                &self.disk_record(),
                &bytes,
                Access::Private,
                Durability::Off,
            );
        }
        found
    }

    /// What was measured last; `None` if nothing was. Reads one small file.
    pub fn disk_use(&self) -> Option<DiskUse> {
        read(&self.disk_record())
    }

    /// Remembers what was brought into the room: it is nobody's work and is never committed, also
    /// if a rule that ignores it goes.
    pub fn set_aside(&self, brought: &[RepoPath]) -> Result<()> {
        record::set_aside(self.repo(), self.attempt(), brought, self.durability())
    }

    fn disk_record(&self) -> PathBuf {
        record::disk(self.repo(), self.attempt())
    }
}

/// A room and what was measured of it last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Known {
    /// The feature.
    pub feature: FeatureId,
    /// The package.
    pub package: PackageId,
    /// The attempt.
    pub attempt: AttemptId,
    /// Its folder.
    pub path: String,
    /// Its size; `None` if it was not measured.
    pub disk: Option<DiskUse>,
}

/// All rooms as far as their records can be read. Walks through none and writes nothing.
pub fn known(repo: &Repo) -> Vec<Known> {
    let attempts = record::attempts(repo).unwrap_or_default();
    let records = attempts
        .iter()
        .filter_map(|id| record::read(repo, id).ok()?);
    let known = records.map(|record| Known {
        disk: read(&record::disk(repo, &record.attempt)),
        feature: record.feature,
        package: record.package,
        attempt: record.attempt,
        path: record.path,
    });
    known.collect()
}

fn read(path: &Path) -> Option<DiskUse> {
    let bytes = file::read_bounded(path, RECORD_MAX).ok()??;
    json::from_canonical(&bytes).ok()
}

fn walk(folder: &Path, found: &mut DiskUse, left: &mut u64) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        if *left == 0 {
            return;
        }
        *left -= 1;
        let Ok(meta) = fs::symlink_metadata(entry.path()) else {
            continue;
        };
        if meta.is_dir() {
            found.bytes += meta.blocks() * BLOCK;
            walk(&entry.path(), found, left);
        } else {
            found.files += 1;
            if meta.nlink() == 1 {
                found.bytes += meta.blocks() * BLOCK;
            }
        }
    }
}
