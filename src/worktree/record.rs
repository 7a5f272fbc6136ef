//! The local record of a room, `wp/rooms/<aid>.json`: written before the room is made and
//! rewritten when it is whole, so that a half-made one is known for what it is.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::base::{AttemptId, Error, FeatureId, Oid, PackageId, RefName, RepoPath, Result, json};
use crate::git::Repo;
use crate::model::Durability;
use crate::os::file::{self, Access};

const RECORD_MAX: u64 = 64 << 10;
const ASIDE_MAX: u64 = 16 << 20;

/// How far a room is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Stage {
    /// Being made: nobody has worked in it.
    Making,
    /// Whole: somebody may have worked in it.
    Made,
    /// Being removed: everything in it is held by a ref.
    Removing,
}

/// What is known of a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) v: u32,
    pub(super) stage: Stage,
    pub(super) feature: FeatureId,
    pub(super) package: PackageId,
    pub(super) attempt: AttemptId,
    pub(super) branch: RefName,
    pub(super) base: Oid,
    pub(super) base_tree: Oid,
    pub(super) path: String,
    pub(super) is_sparse: bool,
}

impl Record {
    /// The folder of the room.
    pub(super) fn path(&self) -> &Path {
        Path::new(&self.path)
    }

    pub(super) fn write(&self, repo: &Repo, durability: Durability) -> Result<()> {
        let path = place(repo, &self.attempt);
        if let Some(folder) = path.parent() {
            file::make_private_dirs(folder)?;
        }
        let bytes = json::to_canonical(self)?;
        file::replace(&path, &bytes, Access::Private, durability)
    }

    pub(super) fn remove(&self, repo: &Repo) -> Result<()> {
        file::remove(&baseline(repo, &self.attempt))?;
        file::remove(&aside_path(repo, &self.attempt))?;
        file::remove(&disk(repo, &self.attempt))?;
        file::remove(&place(repo, &self.attempt)).map(drop)
    }
}

/// The record of one attempt.
pub(super) fn read(repo: &Repo, attempt: &AttemptId) -> Result<Option<Record>> {
    let path = place(repo, attempt);
    let Some(bytes) = file::read_bounded(&path, RECORD_MAX)? else {
        return Ok(None);
    };
    let record: Record = json::from_canonical(&bytes).map_err(|error| {
        let message = format!("the record `{}` of a worktree is damaged", path.display());
        Error::damaged("room-record", message)
            .because(error)
            .hint("git wp doctor")
    })?;
    Ok(Some(record).filter(|record| record.attempt == *attempt))
}

/// All attempts that have a record, sorted.
pub(super) fn attempts(repo: &Repo) -> Result<Vec<AttemptId>> {
    let names = file::names(&folder(repo))?;
    let stem = |name: std::ffi::OsString| {
        let name = name.into_string().ok()?;
        AttemptId::parse(name.strip_suffix(".json")?)
    };
    Ok(names.into_iter().filter_map(stem).collect())
}

/// The lock of whoever fills a new room.
pub(super) fn filling(repo: &Repo, attempt: &AttemptId) -> PathBuf {
    folder(repo).join(format!("{attempt}.filling"))
}

/// Where the copy of the index as checked out stands.
pub(super) fn baseline(repo: &Repo, attempt: &AttemptId) -> PathBuf {
    folder(repo).join(format!("{attempt}.index"))
}

/// Where what was measured of the room's size stands.
pub(super) fn disk(repo: &Repo, attempt: &AttemptId) -> PathBuf {
    folder(repo).join(format!("{attempt}.disk"))
}

/// What was brought into the room. Without a readable list nothing was.
pub(super) fn aside(repo: &Repo, attempt: &AttemptId) -> Vec<RepoPath> {
    let bytes = file::read_bounded(&aside_path(repo, attempt), ASIDE_MAX);
    let bytes = bytes.ok().flatten();
    bytes
        .and_then(|bytes| json::parse_as(&bytes).ok())
        .unwrap_or_default()
}

pub(super) fn set_aside(
    repo: &Repo,
    attempt: &AttemptId,
    paths: &[RepoPath],
    durability: Durability,
) -> Result<()> {
    if paths.is_empty() {
        return Ok(());
    }
    let bytes = json::line(paths)?;
    let path = aside_path(repo, attempt);
    file::replace(&path, bytes.as_bytes(), Access::Private, durability)
}

fn aside_path(repo: &Repo, attempt: &AttemptId) -> PathBuf {
    folder(repo).join(format!("{attempt}.aside"))
}

fn place(repo: &Repo, attempt: &AttemptId) -> PathBuf {
    folder(repo).join(format!("{attempt}.json"))
}

fn folder(repo: &Repo) -> PathBuf {
    repo.wp_dir().join("rooms")
}
