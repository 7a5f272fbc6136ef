//! All rooms of a repository: making one, finding half-made ones, removing one.
//!
//! Every making and removing happens under one file lock, after a record of the intent. Whoever
//! takes the lock next finds what a killed process left and clears it away, so a kill at any
//! point needs no step by hand. Only the files of a new room are checked out without it, under a
//! lock of the room's own, so that many rooms are filled at once.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::base::{AttemptId, Error, FeatureId, Oid, PackageId, RefName, Result};
use crate::git::worktree::points_to;
use crate::git::{Expected, Files, Move, Person, Repo, Start};
use crate::model::Durability;
use crate::os::lock::{self, FileLock};
use crate::os::{clock, file, tree};
use crate::worktree::record::{self, Record, Stage};
use crate::worktree::room::{Room, Salvage};
use crate::worktree::sparse;

/// Longest wait for another process that makes or removes a room.
const LOCK_WAIT: Duration = Duration::from_secs(120);
/// Longest wait for a branch's lock file that a killed process left to count as stale.
const STALE_WAIT: Duration = Duration::from_secs(4);
const REST: Duration = Duration::from_millis(100);

/// What a new room is for.
#[derive(Debug, Clone, Copy)]
pub struct RoomSpec<'a> {
    /// The feature.
    pub feature: &'a FeatureId,
    /// The package.
    pub package: &'a PackageId,
    /// The attempt; names the room.
    pub attempt: &'a AttemptId,
    /// The branch to make.
    pub branch: &'a RefName,
    /// The commit to begin from; what the gate compares with.
    pub base: &'a Oid,
    /// The commit that is checked out at the beginning: the base, or work that goes on.
    pub start: &'a Oid,
    /// Patterns of the only files to check out; empty: all.
    pub sparse: &'a [String],
}

/// What became of a room that was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removal {
    /// What was saved right before.
    pub salvage: Salvage,
    /// A folder at its place that is not the room any more, so it was kept.
    pub kept: Option<PathBuf>,
}

/// The rooms of one repository.
#[derive(Debug, Clone)]
pub struct Rooms {
    repo: Repo,
    parent: PathBuf,
    by: Person,
    durability: Durability,
    /// Threads of this process queue here; on the file lock they could only poll.
    turn: Arc<Mutex<()>>,
}

/// The right to make and remove rooms.
struct Guard<'a> {
    file: FileLock,
    _turn: MutexGuard<'a, ()>,
}

impl Rooms {
    /// `parent` comes from [`crate::worktree::place::choose`]; `by` makes the commits that keep
    /// what stood in a room.
    pub fn new(repo: Repo, parent: PathBuf, by: Person) -> Self {
        Rooms {
            repo,
            parent,
            by,
            durability: Durability::Fast,
            turn: Arc::default(),
        }
    }

    /// Says that nothing has to survive a power cut, if that is what the user chose.
    #[must_use]
    pub fn with_durability(mut self, durability: Durability) -> Self {
        self.durability = match durability {
            Durability::Off => Durability::Off,
            Durability::Full | Durability::Fast => Durability::Fast,
        };
        self
    }

    /// The folder in which rooms stand.
    pub fn parent(&self) -> &Path {
        &self.parent
    }

    /// Makes a room, or gives the one that a killed process made for this attempt.
    ///
    /// # Errors
    /// `branch-exists` if the branch is there and not at the base, and whatever git says.
    pub fn create(&self, spec: &RoomSpec<'_>) -> Result<Room> {
        let guard = self.lock("make a worktree")?;
        self.clear_half_made(&guard)?;
        if let Some(record) = record::read(&self.repo, spec.attempt)? {
            let same = record.branch == *spec.branch && record.base == *spec.base;
            return if same && record.stage == Stage::Made {
                self.room(record)
            } else {
                let message = format!("the attempt `{}` has another worktree", spec.attempt);
                Err(Error::busy("room-exists", message))
            };
        }
        let filling = self.claim_filling(spec.attempt)?;
        let record = self.intend(spec)?;
        if let Err(error) = self.make(&record, spec) {
            // The reason of the failure matters more than one of the clearing.
            let _ = self.clear(&record, &guard);
            return Err(error);
        }
        drop(guard);
        let filled = self.fill(&record, spec);
        if filled.is_err() {
            let guard = self.lock("clear a half-made worktree")?;
            let _ = self.clear(&record, &guard);
        }
        // Who looks from now on finds a room that is whole, or none.
        let _ = file::remove(filling.path());
        filled.and_then(|()| self.room(record))
    }

    /// The lock that keeps others from clearing a room away that is being filled.
    fn claim_filling(&self, attempt: &AttemptId) -> Result<FileLock> {
        let path = record::filling(&self.repo, attempt);
        lock::try_lock(&path)?.ok_or_else(|| {
            let message = format!("another process makes the worktree of the attempt `{attempt}`");
            Error::busy("room-exists", message)
        })
    }

    /// The room of an attempt, if it was made here.
    pub fn find(&self, attempt: &AttemptId) -> Result<Option<Room>> {
        let record = record::read(&self.repo, attempt)?;
        let record = record.filter(|record| record.stage == Stage::Made);
        record.map(|record| self.room(record)).transpose()
    }

    /// All rooms that were made and not removed, by attempt. Their folders may be gone.
    pub fn list(&self) -> Result<Vec<Room>> {
        let mut rooms = Vec::new();
        for attempt in record::attempts(&self.repo)? {
            rooms.extend(self.find(&attempt)?);
        }
        Ok(rooms)
    }

    /// The errors of records that cannot be read; every other method may stumble over them.
    pub fn damaged(&self) -> Result<Vec<Error>> {
        let attempts = record::attempts(&self.repo)?;
        let reads = attempts.iter().map(|id| record::read(&self.repo, id));
        Ok(reads.filter_map(Result::err).collect())
    }

    /// Attempts whose room is in the making or in removal; of a live process, or left by a
    /// killed one.
    pub fn unfinished(&self) -> Result<Vec<AttemptId>> {
        let mut unfinished = Vec::new();
        for attempt in record::attempts(&self.repo)? {
            let record = record::read(&self.repo, &attempt)?;
            if record.is_some_and(|record| record.stage != Stage::Made) {
                unfinished.push(attempt);
            }
        }
        Ok(unfinished)
    }

    /// Clears away what killed processes left of rooms in the making or in removal. Every other
    /// method that changes rooms does this first. Gives the attempts concerned.
    pub fn recover(&self) -> Result<Vec<AttemptId>> {
        let guard = self.lock("clear half-made worktrees")?;
        self.clear_half_made(&guard)
    }

    /// Saves everything that is not ignored (see [`Room::salvage`]) and removes the room. The
    /// branch stays.
    ///
    /// # Errors
    /// `unsaved` (policy) if something in it cannot be saved: then the room stays.
    pub fn remove(&self, room: &Room) -> Result<Removal> {
        // Nobody works in it any more, so others need not wait meanwhile.
        let salvage = room.salvage()?;
        if let Some(first) = salvage.unsaved.first() {
            let path = room.path().display();
            let message = format!("`{path}` is kept: `{first}` in it cannot be saved");
            let hint = format!("look at `{path}`, then: git wp cleanup");
            return Err(Error::policy("unsaved", message).hint(hint));
        }
        let guard = self.lock("remove a worktree")?;
        self.clear_half_made(&guard)?;
        let Some(mut record) = record::read(&self.repo, room.attempt())? else {
            return Ok(Removal {
                salvage,
                kept: None,
            });
        };
        record.stage = Stage::Removing;
        record.write(&self.repo, self.durability)?;
        let kept = self.clear(&record, &guard)?;
        Ok(Removal { salvage, kept })
    }

    fn intend(&self, spec: &RoomSpec<'_>) -> Result<Record> {
        let path = self.parent.join(format!("wp-{}", spec.attempt));
        if std::fs::symlink_metadata(&path).is_ok() {
            let message = format!("`{}` exists already", path.display());
            return Err(Error::busy("room-exists", message));
        }
        // A branch that is where it begins is that of an earlier try.
        let found = self.repo.refs().read(spec.branch)?;
        if let Some(found) = found.filter(|found| found != spec.start) {
            let (branch, at) = (spec.branch.short(), found.short());
            let message = format!("the branch `{branch}` exists already, at {at}");
            return Err(Error::busy("branch-exists", message));
        }
        let path = path.to_str().map(str::to_owned);
        let record = Record {
            v: 1,
            stage: Stage::Making,
            feature: spec.feature.clone(),
            package: spec.package.clone(),
            attempt: spec.attempt.clone(),
            branch: spec.branch.clone(),
            base: spec.base.clone(),
            base_tree: self.repo.objects().commit(spec.base)?.tree,
            path: path.ok_or_else(|| Error::bug("a room whose path is not UTF-8"))?,
            is_sparse: !spec.sparse.is_empty(),
        };
        record.write(&self.repo, self.durability)?;
        Ok(record)
    }

    fn make(&self, record: &Record, spec: &RoomSpec<'_>) -> Result<()> {
        file::make_shared_dirs(&self.parent)?;
        let reason = format!("begin of {} attempt {}", record.package, record.attempt);
        let refs = self.repo.refs();
        let branch = &record.branch;
        if refs.read(branch)?.is_none() {
            let begin = Move {
                name: branch,
                new: spec.start,
                expected: &Expected::Absent,
                reason: &reason,
                by: &self.by,
            };
            refs.advance(begin, self.durability)
                .map_err(|error| error.into_error(branch))?;
        }
        let reason = format!("git wp: attempt {}", record.attempt);
        let start = Start::Branch(&record.branch);
        self.repo
            .add_worktree(record.path(), start, Files::None, &reason)
    }

    /// The part of the making for which nobody has to wait.
    fn fill(&self, record: &Record, spec: &RoomSpec<'_>) -> Result<()> {
        let sparse: Vec<String> = sparse::lines(spec.sparse);
        let files = if sparse.is_empty() {
            Files::All
        } else {
            Files::Sparse(&sparse)
        };
        self.repo.fill_worktree(record.path(), files)?;
        self.room(record.clone())?.checkout().take_baseline()?;
        let made = Record {
            stage: Stage::Made,
            ..record.clone()
        };
        made.write(&self.repo, self.durability)
    }

    fn clear_half_made(&self, guard: &Guard<'_>) -> Result<Vec<AttemptId>> {
        let mut cleared = Vec::new();
        for attempt in record::attempts(&self.repo)? {
            // Asked first: who fills a room says that it is made before the lock is let go.
            if self.is_being_filled(&attempt)? {
                continue;
            }
            // A damaged record is told by `doctor`; it must not stop all others.
            let Ok(Some(record)) = record::read(&self.repo, &attempt) else {
                continue;
            };
            if record.stage == Stage::Made {
                continue;
            }
            self.clear(&record, guard)?;
            cleared.push(attempt);
        }
        Ok(cleared)
    }

    fn is_being_filled(&self, attempt: &AttemptId) -> Result<bool> {
        lock::is_held(&record::filling(&self.repo, attempt))
    }

    /// Takes a room away in which nobody worked, or of which everything is saved. Gives the
    /// folder at its place if that is something else by now.
    fn clear(&self, record: &Record, guard: &Guard<'_>) -> Result<Option<PathBuf>> {
        let gone = self
            .parent_of(record)
            .join(format!(".gone-{}", record.attempt));
        if record.stage == Stage::Removing {
            self.set_aside(record, &gone)?;
            tree::remove(&gone)?;
        }
        let removed = self.repo.remove_worktree(record.path())?;
        if let Some(kept) = &removed.kept {
            remove_stump(kept);
        }
        if record.stage == Stage::Making {
            self.free_branch(record, guard);
        }
        record.remove(&self.repo)?;
        Ok(removed.kept.filter(|kept| kept.exists()))
    }

    /// Renames a room that is to go, in one step: one that is removed in part could not be told
    /// from something else.
    fn set_aside(&self, record: &Record, gone: &Path) -> Result<()> {
        let (path, id) = (record.path(), format!("wp-{}", record.attempt));
        let is_ours = std::fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir())
            && points_to(path, &self.repo.worktree_git_dir(&id))
            && !self.repo.common_dir().starts_with(path);
        if is_ours {
            std::fs::rename(path, gone)
                .map_err(|e| Error::io(format!("cannot move `{}`", path.display()), e))?;
        }
        Ok(())
    }

    fn parent_of<'a>(&'a self, record: &'a Record) -> &'a Path {
        record.path().parent().unwrap_or(&self.parent)
    }

    /// Frees the branch of a half-made room from the lock of a killed process. The branch stays,
    /// for the next try: deleting it would take the lock of all packed refs.
    fn free_branch(&self, record: &Record, guard: &Guard<'_>) {
        let refs = self.repo.refs();
        let lock = refs.lock_path(&record.branch);
        clock::poll(STALE_WAIT, REST, || {
            let gone = refs.remove_stale_lock(&record.branch, &guard.file).is_err();
            (gone || !lock.exists()).then_some(())
        });
    }

    fn room(&self, record: Record) -> Result<Room> {
        let (repo, by) = (self.repo.clone(), self.by.clone());
        Ok(Room::new(repo, by, record, self.durability))
    }

    fn lock(&self, why: &str) -> Result<Guard<'_>> {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let file = lock::lock(&self.repo.wp_dir().join("rooms.lock"), LOCK_WAIT)?;
        file.announce(why, clock::now());
        Ok(Guard { file, _turn: turn })
    }
}

/// Removes a folder in which a killed `git worktree add` left nothing but its `.git` file, which
/// may not be whole.
pub(super) fn remove_stump(folder: &Path) {
    let only_pointer = file::names(folder).is_ok_and(|names| names == [".git"]);
    let pointer = folder.join(".git");
    let is_file = std::fs::symlink_metadata(&pointer).is_ok_and(|meta| meta.is_file());
    if only_pointer && is_file && file::remove(&pointer).is_ok() {
        // If it is not empty any more, somebody else put something there.
        let _ = std::fs::remove_dir(folder);
    }
}
