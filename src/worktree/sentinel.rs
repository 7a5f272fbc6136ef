//! Watches what all worktrees share and what an agent can change there: configuration, hooks,
//! attributes, grafts, alternates, replace refs. Other refs are [`crate::worktree::RefWatch`]'s.
//!
//! A snapshot before, a comparison after. Files are put back as they were; the changed ones are
//! kept in `wp/quarantine/`, because the user may have changed them meanwhile. `shallow` and
//! `alternates` are reported and left alone: objects may depend on them by now.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::{Error, Oid, RefName, Result};
use crate::git::{Expected, Git, Repo, Sub};
use crate::model::Durability;
use crate::os::file::{self, Access};
use crate::os::{random, tree};

/// Files of this size or more are compared by size and time and not kept.
const FILE_MAX: u64 = 4 << 20;
/// Most entries of a folder that are watched.
const NAMES_MAX: usize = 1000;

/// How the names of rooms' git folders begin.
const ROOM_PREFIX: &str = "wp-";

/// Shared files, relative to the common git folder.
const FILES: [&str; 9] = [
    "config",
    "config.worktree",
    "info/attributes",
    "info/exclude",
    "info/grafts",
    "objects/info/alternates",
    "objects/info/http-alternates",
    "shallow",
    "wp/worktree.gitconfig",
];
/// Shared folders whose direct entries are watched.
const FOLDERS: [&str; 2] = ["hooks", "wp/hooks"];
/// Reported, never put back.
const LEFT_ALONE: [&str; 3] = [
    "shallow",
    "objects/info/alternates",
    "objects/info/http-alternates",
];

/// A snapshot of what is shared, and of the configuration of the room that is watched.
#[derive(Debug)]
pub struct Sentinel {
    repo: Repo,
    shared: Arc<Shared>,
    own: Own,
}

/// The configuration of the one room that is watched, by its path below the common git folder.
///
/// Rooms come and go while a snapshot is in force, so it holds none of theirs: each is watched by
/// the sentinel of its own agent.
type Own = BTreeMap<PathBuf, Option<Kept>>;

/// What agents must not change.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shared {
    files: BTreeMap<PathBuf, Kept>,
    /// Worktrees of the user's, by the names of their git folders.
    worktrees: BTreeSet<PathBuf>,
    replaced: BTreeMap<RefName, Oid>,
}

/// One thing that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tampering {
    /// A shared file, by its path below the common git folder.
    File {
        /// The path.
        path: PathBuf,
        /// What happened to it.
        how: How,
    },
    /// A replace ref, which makes git show other objects than there are.
    Replace(RefName),
}

/// What happened to a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It was not there.
    Added,
    /// It is different.
    Changed,
    /// It is gone.
    Removed,
}

impl Tampering {
    /// The sentence for people.
    pub fn describe(&self) -> String {
        let word = |how: &How| match how {
            How::Added => "was added",
            How::Changed => "was changed",
            How::Removed => "was removed",
        };
        match self {
            Tampering::File { path, how } => {
                format!("`{}` of the git folder {}", path.display(), word(how))
            }
            Tampering::Replace(name) => format!("the replace ref `{name}` was added or changed"),
        }
    }
}

/// The content of a watched path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Kept {
    File {
        bytes: Vec<u8>,
        is_program: bool,
    },
    Link(PathBuf),
    /// Too large to keep, or no file: size, time in seconds and nanoseconds.
    Other(u64, i64, i64),
}

impl Shared {
    /// Reads how things are.
    pub(super) fn read(repo: &Repo) -> Result<Self> {
        let worktrees = user_worktrees(repo.common_dir())?;
        Ok(Shared {
            files: read_files(repo.common_dir(), &worktrees)?,
            worktrees,
            replaced: repo.refs().list("refs/replace")?.into_iter().collect(),
        })
    }
}

impl Sentinel {
    /// Takes the snapshot.
    pub fn take(repo: &Repo) -> Result<Self> {
        let shared = Arc::new(Shared::read(repo)?);
        Ok(Sentinel::sharing(repo, shared))
    }

    /// A sentinel that compares with an earlier snapshot.
    pub(super) fn sharing(repo: &Repo, shared: Arc<Shared>) -> Self {
        Sentinel {
            repo: repo.clone(),
            shared,
            own: Own::new(),
        }
    }

    /// Also watches the configuration of the room with this git folder, as it is now.
    pub fn watch_room(&mut self, git_dir: &Path) -> Result<()> {
        if let Some(id) = git_dir.file_name() {
            let path = config_of(Path::new(id));
            let now = read_one(&self.repo.common_dir().join(&path))?;
            self.own.insert(path, now);
        }
        Ok(())
    }

    pub(super) fn into_shared(self) -> Arc<Shared> {
        self.shared
    }

    /// What is not as it was.
    ///
    /// A configuration file in which nothing but harmless keys changed (`branch.*`, as written by
    /// `git push -u`) counts as unchanged.
    pub fn compare(&self) -> Result<Vec<Tampering>> {
        let now = Sentinel::take(&self.repo)?;
        let mut found = Vec::new();
        for (path, how) in differences(&self.shared.files, &now.shared.files) {
            if !self.is_harmless(&path, &now) && !self.came_or_went(&path, &now) {
                found.push(Tampering::File { path, how });
            }
        }
        for (path, before) in &self.own {
            let now = read_one(&self.repo.common_dir().join(path))?;
            let how = match (before, &now) {
                _ if *before == now => continue,
                (None, _) => How::Added,
                (Some(_), None) => How::Removed,
                (Some(_), Some(_)) => How::Changed,
            };
            let path = path.clone();
            found.push(Tampering::File { path, how });
        }
        for (name, how) in differences(&self.shared.replaced, &now.shared.replaced) {
            if how != How::Removed {
                found.push(Tampering::Replace(name));
            }
        }
        Ok(found)
    }

    /// Puts files and replace refs back as they were; gives where the changed ones are kept.
    pub fn restore(&self, found: &[Tampering]) -> Result<Vec<PathBuf>> {
        let mut kept = Vec::new();
        for tampering in found {
            match tampering {
                Tampering::File { path, .. } if !is_left_alone(path) => {
                    kept.extend(self.restore_file(path)?);
                }
                Tampering::Replace(name) => self.restore_replace(name)?,
                Tampering::File { .. } => {}
            }
        }
        Ok(kept)
    }

    fn restore_file(&self, path: &Path) -> Result<Option<PathBuf>> {
        let place = self.repo.common_dir().join(path);
        let kept = if fs::symlink_metadata(&place).is_ok() {
            let name = path.to_string_lossy().replace('/', "-");
            let folder = self.repo.wp_dir().join("quarantine");
            file::make_private_dirs(&folder)?;
            let kept = folder.join(format!("{}-{name}", random::id(8)?));
            fs::rename(&place, &kept)
                .map_err(|e| Error::io(format!("cannot move `{}`", place.display()), e))?;
            // So that nothing in it can run by accident.
            if fs::symlink_metadata(&kept).is_ok_and(|meta| meta.is_file()) {
                let _ = fs::set_permissions(&kept, fs::Permissions::from_mode(0o600));
            }
            Some(kept)
        } else {
            None
        };
        let before = match self.own.get(path) {
            Some(before) => before.as_ref(),
            None => self.shared.files.get(path),
        };
        match before {
            Some(Kept::File { bytes, is_program }) => {
                if let Some(folder) = place.parent() {
                    file::make_shared_dirs(folder)?;
                }
                let access = if *is_program {
                    Access::Program
                } else {
                    Access::Shared
                };
                file::replace(&place, bytes, access, Durability::Full)?;
            }
            Some(Kept::Link(target)) => tree::link(target, &place)?,
            Some(Kept::Other(..)) | None => {}
        }
        Ok(kept)
    }

    fn restore_replace(&self, name: &RefName) -> Result<()> {
        let old = self.shared.replaced.get(name);
        self.repo
            .refs()
            .swap(name, old, &Expected::Any, "restore", Durability::Fast)
            .map_err(|error| error.into_error(name))
    }

    /// True if `path` belongs to a worktree that was made or removed meanwhile.
    fn came_or_went(&self, path: &Path, now: &Sentinel) -> bool {
        let of = |ids: &BTreeSet<PathBuf>| ids.iter().any(|id| path == config_of(id));
        of(&self.shared.worktrees) != of(&now.shared.worktrees)
    }

    /// True if `path` is a configuration file in which only harmless keys differ.
    fn is_harmless(&self, path: &Path, now: &Sentinel) -> bool {
        let content = |files: &BTreeMap<PathBuf, Kept>| match files.get(path) {
            Some(Kept::File { bytes, .. }) => Some(bytes.clone()),
            _ => None,
        };
        if !path.ends_with("config") {
            return false;
        }
        let (Some(old), Some(new)) = (content(&self.shared.files), content(&now.shared.files))
        else {
            return false;
        };
        let (Some(old), Some(new)) = (self.settings(old), self.settings(new)) else {
            return false;
        };
        old.symmetric_difference(&new).all(|(_, item)| {
            let key = item.split(|b| *b == b'\n').next().unwrap_or_default();
            is_harmless_key(&String::from_utf8_lossy(key))
        })
    }

    /// The settings of a configuration file with their positions among equal keys; `None` if git
    /// cannot read it. Includes are not followed.
    fn settings(&self, bytes: Vec<u8>) -> Option<BTreeSet<(usize, Vec<u8>)>> {
        let git = Git::in_git_dir(self.repo.common_dir());
        let call = git
            .call(Sub::Config)
            .args(["--file", "-", "--no-includes", "--null", "--list"]);
        let mut seen: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
        let items = call.input(bytes).items().ok()?;
        let numbered = items.into_iter().map(|item| {
            let count = seen.entry(item.clone()).or_default();
            *count += 1;
            (*count, item)
        });
        Some(numbered.collect())
    }
}

fn is_harmless_key(key: &str) -> bool {
    let lfs = key.starts_with("lfs.")
        && (key.ends_with(".access")
            || key.ends_with(".locksverify")
            || key == "lfs.repositoryformatversion");
    key.starts_with("branch.") || lfs
}

fn is_left_alone(path: &Path) -> bool {
    LEFT_ALONE.iter().any(|left| path == Path::new(left))
}

fn differences<K: Ord + Clone, V: PartialEq>(
    old: &BTreeMap<K, V>,
    new: &BTreeMap<K, V>,
) -> Vec<(K, How)> {
    let gone = |key: &K| !new.contains_key(key);
    let removed = old.keys().filter(|key| gone(key));
    let mut found: Vec<(K, How)> = removed.map(|key| (key.clone(), How::Removed)).collect();
    for (key, value) in new {
        match old.get(key) {
            None => found.push((key.clone(), How::Added)),
            Some(before) if before != value => found.push((key.clone(), How::Changed)),
            Some(_) => {}
        }
    }
    found
}

/// The worktrees that are no rooms.
fn user_worktrees(common: &Path) -> Result<BTreeSet<PathBuf>> {
    let ids = file::names(&common.join("worktrees"))?.into_iter();
    let is_room = |id: &PathBuf| id.to_str().is_some_and(|id| id.starts_with(ROOM_PREFIX));
    Ok(ids.map(PathBuf::from).filter(|id| !is_room(id)).collect())
}

fn config_of(worktree: &Path) -> PathBuf {
    Path::new("worktrees")
        .join(worktree)
        .join("config.worktree")
}

fn read_files(common: &Path, worktrees: &BTreeSet<PathBuf>) -> Result<BTreeMap<PathBuf, Kept>> {
    let mut paths: Vec<PathBuf> = FILES.iter().map(PathBuf::from).collect();
    for folder in FOLDERS {
        let names = file::names(&common.join(folder))?
            .into_iter()
            // Git runs no hook with another name.
            .filter(|name| name.to_str().is_some())
            .take(NAMES_MAX);
        paths.extend(names.map(|name| Path::new(folder).join(name)));
    }
    paths.extend(worktrees.iter().map(|id| config_of(id)));
    let mut files = BTreeMap::new();
    for path in paths {
        if let Some(kept) = read_one(&common.join(&path))? {
            files.insert(path, kept);
        }
    }
    Ok(files)
}

fn read_one(path: &Path) -> Result<Option<Kept>> {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return Ok(None);
    };
    if meta.is_symlink() {
        let target = fs::read_link(path);
        return Ok(target.ok().map(Kept::Link));
    }
    if meta.is_file() && meta.len() < FILE_MAX {
        let bytes = file::read_bounded(path, FILE_MAX)?;
        let is_program = meta.permissions().mode() & 0o111 != 0;
        return Ok(bytes.map(|bytes| Kept::File { bytes, is_program }));
    }
    use std::os::unix::fs::MetadataExt;
    let other = Kept::Other(meta.len(), meta.ctime(), meta.ctime_nsec());
    Ok((!meta.is_dir()).then_some(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_that_name_no_program_are_harmless() {
        for key in [
            "branch.main.remote",
            "lfs.https://x.access",
            "lfs.repositoryformatversion",
        ] {
            assert!(is_harmless_key(key), "{key}");
        }
        for key in [
            "core.fsmonitor",
            "lfs.customtransfer.x.path",
            "filter.x.clean",
            "include.path",
            "remote.origin.url",
        ] {
            assert!(!is_harmless_key(key), "{key}");
        }
    }
}
