//! Which attempt's room this is, and what may be written in it.
//!
//! The runner writes one small file per attempt, `<common-dir>/wp/run/<attempt>/scope.json`; hooks
//! read it. A room is known by its own git folder, `worktrees/wp-<attempt>`, which an agent cannot
//! forget to pass on; the variable `WP_ATTEMPT` is the second way.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::base::{AttemptId, Error, FeatureId, Oid, PackageId, RefName, Result, json};
use crate::git::home_of;
use crate::model::{Durability, ScopeSpec};
use crate::os::file::{self, Access};

/// The version of the file that this program writes and reads.
const VERSION: u32 = 1;
/// Largest scope file that is read.
const BYTES_MAX: u64 = 16 << 20;

/// What a hook has to know of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomScope {
    v: u32,
    /// The feature.
    pub feature: FeatureId,
    /// The package.
    pub package: PackageId,
    /// The attempt.
    pub attempt: AttemptId,
    /// Its branch, the only one that may be moved from inside the room.
    pub branch: RefName,
    /// Where the branch starts.
    pub base: Oid,
    /// Where the package may write.
    pub scope: ScopeSpec,
    /// Whether paths that differ in letter case only count as the same.
    pub ignore_case: bool,
    /// Largest blob, in bytes.
    pub max_blob_bytes: u64,
    /// The other unfinished packages, for naming owners.
    pub others: Vec<Neighbour>,
    /// Patterns of all that may be read, where the room is held to that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readable: Option<Vec<String>>,
}

/// Another unfinished package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbour {
    /// Its id.
    pub package: PackageId,
    /// Where it may write.
    pub scope: ScopeSpec,
}

/// The first part of a [`RoomScope`], for [`RoomScope::new`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomOf {
    /// The feature.
    pub feature: FeatureId,
    /// The package.
    pub package: PackageId,
    /// The attempt.
    pub attempt: AttemptId,
    /// Its branch.
    pub branch: RefName,
    /// Where the branch starts.
    pub base: Oid,
}

impl RoomScope {
    /// A strict scope without neighbours and with the usual largest blob.
    pub fn new(of: RoomOf, scope: ScopeSpec) -> Self {
        RoomScope {
            v: VERSION,
            feature: of.feature,
            package: of.package,
            attempt: of.attempt,
            branch: of.branch,
            base: of.base,
            scope,
            ignore_case: false,
            max_blob_bytes: 10 << 20,
            others: Vec::new(),
            readable: None,
        }
    }

    /// Where the file of an attempt is.
    pub fn path(common_dir: &Path, attempt: &AttemptId) -> PathBuf {
        let run = common_dir.join("wp").join("run");
        run.join(attempt.as_str()).join("scope.json")
    }

    /// Writes the file; the runner does so before the agent starts and when neighbours change.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(&self, common_dir: &Path) -> Result<()> {
        let path = Self::path(common_dir, &self.attempt);
        let folder = path.parent().unwrap_or(common_dir);
        file::make_private_dirs(folder)?;
        let bytes = json::to_canonical(self)?;
        file::replace(&path, &bytes, Access::Private, Durability::Off)
    }

    /// Reads the file; `None` if this repository knows no such attempt.
    ///
    /// # Errors
    /// `room`: the file is there but is not what the runner writes. Nothing is guessed then.
    pub fn read(common_dir: &Path, attempt: &AttemptId) -> Result<Option<Self>> {
        let path = Self::path(common_dir, attempt);
        let Some(bytes) = file::read_bounded(&path, BYTES_MAX)? else {
            return Ok(None);
        };
        let broken = || {
            let message = format!("`{}` is not a scope file", path.display());
            Error::damaged("room", message).hint("git wp doctor")
        };
        let scope: RoomScope = json::parse_as(&bytes).map_err(|e| broken().because(e))?;
        if scope.v != VERSION || scope.attempt != *attempt {
            return Err(broken());
        }
        Ok(Some(scope))
    }
}

/// Where a hook was started: what git and the environment say. Nothing in it is trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The current folder.
    pub folder: PathBuf,
    /// `GIT_DIR`, if set.
    pub git_dir: Option<PathBuf>,
    /// `GIT_INDEX_FILE`, if set.
    pub index: Option<PathBuf>,
    /// `WP_ATTEMPT`, if set and an attempt id.
    pub attempt: Option<AttemptId>,
    /// `WP_HOOKS_DIR`: the folder of the script that was started.
    pub hooks_dir: Option<PathBuf>,
}

/// A repository as a hook meets it, perhaps an attempt's room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// The git folder of the worktree.
    pub git_dir: PathBuf,
    /// The git folder of the repository.
    pub common_dir: PathBuf,
    /// The objects that git reads and writes there.
    pub objects: PathBuf,
    /// What may be done; `None` outside of rooms.
    pub scope: Option<RoomScope>,
}

impl Room {
    /// Finds out where a hook runs.
    ///
    /// # Errors
    /// There is no repository, or its scope file is damaged.
    pub fn locate(place: &Place) -> Result<Self> {
        let git_dir = match &place.git_dir {
            Some(dir) => place.folder.join(dir),
            None => find_git_dir(&place.folder)?,
        };
        let shared = match file::read(&git_dir.join("commondir"))? {
            Some(bytes) => git_dir.join(String::from_utf8_lossy(&bytes).trim_end()),
            None => git_dir.clone(),
        };
        let common_dir = home_of(&git_dir).map_or(shared.clone(), Path::to_owned);
        let common_dir = std::fs::canonicalize(&common_dir)
            .map_err(|e| Error::io(format!("cannot enter `{}`", common_dir.display()), e))?;
        let mut room = Room {
            scope: None,
            objects: shared.join("objects"),
            git_dir,
            common_dir,
        };
        for attempt in room.own_attempt().iter().chain(&place.attempt) {
            room.scope = RoomScope::read(&room.common_dir, attempt)?;
            if room.scope.is_some() {
                break;
            }
        }
        Ok(room)
    }

    fn own_attempt(&self) -> Option<AttemptId> {
        let name = self.git_dir.file_name()?.to_str()?;
        let is_linked = self.git_dir.parent()?.file_name()? == "worktrees";
        let is_ours = is_linked || home_of(&self.git_dir).is_some();
        AttemptId::parse(name.strip_prefix("wp-").filter(|_| is_ours)?)
    }
}

fn find_git_dir(folder: &Path) -> Result<PathBuf> {
    for folder in folder.ancestors() {
        let found = folder.join(".git");
        if found.is_dir() {
            return Ok(found);
        }
        if let Ok(Some(bytes)) = file::read(&found) {
            let text = String::from_utf8_lossy(&bytes);
            let target = text
                .trim_end()
                .strip_prefix("gitdir: ")
                .map(|t| folder.join(t));
            return target.ok_or_else(|| no_repository(folder));
        }
    }
    Err(no_repository(folder))
}

fn no_repository(folder: &Path) -> Error {
    let message = format!("`{}` is not in a git repository", folder.display());
    Error::usage("no-repository", message)
}
