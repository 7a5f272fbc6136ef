//! Rooms for verification: a few detached worktrees, each reset to an exact tree when it is taken.
//!
//! Nothing in them is worth keeping: a reset removes everything that is not in the tree, ignored
//! files included. A room belongs to whoever holds its file lock, in any process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::{ContentHash, Error, Oid, RepoPath, Result};
use crate::git::worktree::points_to;
use crate::git::{Checkout, Conversion, Files, Kind, NewCommit, Person, Refit, Repo, Start};
use crate::os::lock::{self, FileLock};
use crate::os::{clock, file};
use crate::worktree::rooms::remove_stump;

/// Most verification rooms of a repository at one time.
const ROOMS_MAX: u32 = 64;

/// Lock files in the git folder of a room.
const LOCKS: [&str; 3] = ["HEAD.lock", "index.lock", "reftable/tables.list.lock"];

/// The verification rooms of one repository.
#[derive(Debug, Clone)]
pub struct VerifyRooms {
    repo: Repo,
    parent: PathBuf,
    /// What this process knows of rooms that it has reset, by number.
    known: Arc<Mutex<BTreeMap<u32, Refit>>>,
}

/// A room that holds exactly one tree, for as long as this value lives.
#[derive(Debug)]
#[must_use = "the room may be taken by somebody else when this is dropped"]
pub struct VerifyRoom {
    checkout: Checkout,
    commit: Oid,
    _lock: FileLock,
}

impl VerifyRooms {
    /// `parent` comes from [`crate::worktree::place::choose`].
    pub fn new(repo: Repo, parent: PathBuf) -> Self {
        VerifyRooms {
            repo,
            parent,
            known: Arc::default(),
        }
    }

    /// Takes a room that nobody uses, makes one if there is none, and resets it to `target`, a
    /// commit or a tree. Equipment has to be brought in anew each time.
    ///
    /// # Errors
    /// All rooms are in use (busy), the target is absent, or git cannot check it out.
    pub fn take(&self, target: &Oid) -> Result<VerifyRoom> {
        let commit = self.commit_of(target)?;
        for number in 1..=ROOMS_MAX {
            let Some(lock) = lock::try_lock(&self.lock_path(number))? else {
                continue;
            };
            let path = self.path(number);
            if !self.is_whole(&path) && !self.clear(&path)? {
                // Something else stands there; it is not ours to judge.
                continue;
            }
            let known = self.known().remove(&number);
            let refitted = known.is_some_and(|known| self.refit(&path, &known, &commit));
            if !refitted && self.reset(&path, &commit).is_err() && self.clear(&path)? {
                self.reset(&path, &commit)?;
            }
            let room = self.taken(path, commit, lock)?;
            self.known().insert(number, Refit::take(&room.checkout)?);
            return Ok(room);
        }
        let message = format!("all {ROOMS_MAX} verification worktrees are in use");
        Err(Error::busy("verify-rooms", message))
    }

    /// Removes all rooms that nobody uses.
    pub fn close(&self) -> Result<()> {
        for number in 1..=ROOMS_MAX {
            let path = self.path(number);
            let there = path.exists() || self.git_dir(&path).exists();
            if there && let Some(_lock) = lock::try_lock(&self.lock_path(number))? {
                self.known().remove(&number);
                self.clear(&path)?;
                file::remove(&self.baseline(&path))?;
            }
        }
        Ok(())
    }

    /// A tree gets a commit of its own, because a worktree stands on commits.
    fn commit_of(&self, target: &Oid) -> Result<Oid> {
        let objects = self.repo.objects();
        match objects.header(target)? {
            Some((Kind::Commit, _)) => Ok(target.clone()),
            Some((Kind::Tree, _)) => objects.write_commit(&NewCommit {
                tree: target,
                parents: &[],
                by: &Person {
                    name: "git wp".to_owned(),
                    email: "git-wp@localhost".to_owned(),
                },
                at: clock::now(),
                message: "tree to verify\n",
            }),
            _ => {
                let message = format!("`{target}` is neither a commit nor a tree that is here");
                Err(Error::busy("verify-target", message))
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<u32, Refit>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// False if the room has to be reset from the ground.
    fn refit(&self, path: &Path, known: &Refit, commit: &Oid) -> bool {
        let tidy = |name: &&str| file::remove(&self.git_dir(path).join(name)).is_ok();
        LOCKS.iter().all(tidy)
            && known
                .apply(&self.checkout(path, known.tree().clone()), commit)
                .is_ok()
    }

    fn checkout(&self, path: &Path, base_tree: Oid) -> Checkout {
        Checkout {
            repo: self.repo.clone(),
            index: self.git_dir(path).join("index"),
            baseline: self.baseline(path),
            base_tree,
            aside: Vec::new(),
            folder: path.to_owned(),
        }
    }

    fn taken(&self, path: PathBuf, commit: Oid, lock: FileLock) -> Result<VerifyRoom> {
        let tree = self.repo.objects().commit(&commit)?.tree;
        let checkout = self.checkout(&path, tree);
        checkout.take_baseline()?;
        Ok(VerifyRoom {
            checkout,
            commit,
            _lock: lock,
        })
    }

    fn reset(&self, path: &Path, commit: &Oid) -> Result<()> {
        if !self.is_whole(path) {
            file::make_shared_dirs(&self.parent)?;
            let start = Start::Detached(commit);
            self.repo
                .add_worktree(path, start, Files::None, "git wp: verification")?;
        }
        // We hold the room's lock: whoever made these is gone.
        for name in LOCKS {
            file::remove(&self.git_dir(path).join(name))?;
        }
        self.repo.reset_worktree(path, commit)
    }

    fn is_whole(&self, path: &Path) -> bool {
        points_to(path, &self.git_dir(path)) && self.git_dir(path).join("HEAD").exists()
    }

    /// `false` if something stands at the path that is not the room.
    fn clear(&self, path: &Path) -> Result<bool> {
        let removed = self.repo.remove_worktree(path)?;
        if let Some(kept) = removed.kept {
            remove_stump(&kept);
        }
        Ok(std::fs::symlink_metadata(path).is_err())
    }

    fn path(&self, number: u32) -> PathBuf {
        // Several repositories may share one parent folder.
        let hash = ContentHash::of(self.repo.common_dir().as_os_str().as_encoded_bytes());
        let name = format!("wp-verify-{}-{number}", hash.short(6));
        self.parent.join(name)
    }

    fn git_dir(&self, path: &Path) -> PathBuf {
        let id = path.file_name().unwrap_or_default().to_string_lossy();
        self.repo.worktree_git_dir(&id)
    }

    fn baseline(&self, path: &Path) -> PathBuf {
        let id = path.file_name().unwrap_or_default().to_string_lossy();
        self.folder().join(format!("{id}.index"))
    }

    fn lock_path(&self, number: u32) -> PathBuf {
        self.folder().join(format!("{number}.lock"))
    }

    fn folder(&self) -> PathBuf {
        self.repo.wp_dir().join("verify")
    }
}

impl VerifyRoom {
    /// The work tree.
    pub fn path(&self) -> &Path {
        &self.checkout.folder
    }

    /// The tree it was reset to.
    pub fn tree(&self) -> &Oid {
        &self.checkout.base_tree
    }

    /// The commit its HEAD stands on.
    pub fn commit(&self) -> &Oid {
        &self.commit
    }

    /// Its own git folder.
    pub fn git_dir(&self) -> PathBuf {
        let id = self.path().file_name().unwrap_or_default();
        let repo = &self.checkout.repo;
        repo.worktree_git_dir(&id.to_string_lossy())
    }

    /// Everything in it, but what is ignored, that is not as it was when it was taken.
    ///
    /// # Errors
    /// The room cannot be read.
    pub fn changed(&self) -> Result<Vec<RepoPath>> {
        let found = self.checkout.tree(self.tree(), Conversion::Raw)?;
        let mut changed = self.checkout.repo.changed_paths(self.tree(), &found.tree)?;
        changed.extend(found.skipped);
        Ok(changed)
    }

    /// True if its HEAD stands elsewhere than when it was taken.
    ///
    /// # Errors
    /// HEAD cannot be read.
    pub fn has_moved(&self) -> Result<bool> {
        let head = self.checkout.repo.refs().head_of(&self.git_dir())?;
        Ok(head.branch.is_some() || head.oid.as_ref() != Some(&self.commit))
    }

    /// Tracked files that are no longer as in the tree.
    pub fn changed_tracked(&self) -> Result<Vec<RepoPath>> {
        self.checkout.changed_tracked()
    }
}
