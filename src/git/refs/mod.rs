//! The only module that touches refs, HEAD or revision strings.
//!
//! The backend is chosen once from `extensions.refStorage`. In the files backend refs are read
//! here and, where no reflog is kept, written here with git's own locking protocol and with the
//! flushes that git leaves out. Everything else (reftable, branches, deletions) goes through
//! `git update-ref`, followed by a flush. No hook of the repository runs either way.

mod files;
mod head;
mod packed;
mod stale;
mod via_git;

pub use head::Head;

use std::path::PathBuf;

use crate::base::{Error, Oid, RefName, Result, text};
use crate::git::cmd::Sub;
use crate::git::repo::{RefStorage, Repo};
use crate::model::Durability;

/// What a ref must hold for a swap to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Nothing: the ref does not exist.
    Absent,
    /// Exactly this.
    Is(Oid),
    /// Whatever it is, or nothing.
    Any,
}

impl Expected {
    /// What was read before: the swap happens only if it is still so.
    pub fn same_as(read: Option<&Oid>) -> Self {
        read.map_or(Expected::Absent, |oid| Expected::Is(oid.clone()))
    }

    fn allows(&self, found: Option<&Oid>) -> bool {
        match self {
            Expected::Absent => found.is_none(),
            Expected::Is(oid) => found == Some(oid),
            Expected::Any => true,
        }
    }
}

/// Why a swap did not happen.
#[derive(Debug)]
pub enum SwapError {
    /// Somebody else was first; the ref holds this now.
    Moved {
        /// `None` if it does not exist.
        found: Option<Oid>,
    },
    /// It could not be tried, or its outcome is unknown: read the ref to learn it.
    Failed(Error),
}

impl SwapError {
    /// The error for those who do not handle a lost race.
    pub fn into_error(self, name: &RefName) -> Error {
        match self {
            SwapError::Failed(error) => error,
            SwapError::Moved { found } => {
                let now = found.map_or("gone".to_owned(), |oid| format!("at {}", oid.short()));
                let name = text::foreign(name.as_str());
                Error::new(
                    crate::base::Kind::Lost,
                    "ref-moved",
                    format!("`{name}` was moved by somebody else, it is {now}"),
                )
            }
        }
    }
}

impl From<Error> for SwapError {
    fn from(error: Error) -> Self {
        SwapError::Failed(error)
    }
}

/// The refs of one repository.
#[derive(Debug, Clone, Copy)]
pub struct Refs<'a> {
    repo: &'a Repo,
}

impl<'a> Refs<'a> {
    pub(super) fn new(repo: &'a Repo) -> Self {
        Refs { repo }
    }

    /// What a ref holds now; symbolic refs are followed. `None` if it does not exist.
    pub fn read(&self, name: &RefName) -> Result<Option<Oid>> {
        match self.repo.ref_storage() {
            RefStorage::Files => files::read(self.repo, name),
            RefStorage::Reftable => via_git::read(self.repo, name),
        }
    }

    /// All refs below `folder`, for instance `refs/wp/wip`, sorted by name. Names that are not
    /// [`RefName`]s are left out.
    pub fn list(&self, folder: &str) -> Result<Vec<(RefName, Oid)>> {
        let folder = folder.trim_end_matches('/');
        match self.repo.ref_storage() {
            RefStorage::Files => files::list(self.repo, folder),
            RefStorage::Reftable => via_git::list(self.repo, folder),
        }
    }

    /// Compares and swaps in one step: puts `new` (nothing: deletes) where `expected` is.
    ///
    /// With [`Durability::Full`] the change survives a power cut once this returned; the objects
    /// must have been flushed before. Branches get a reflog entry with `reason`, as from git; the
    /// checkout of a branch is not touched, so see [`Repo::checked_out`] before moving one.
    ///
    /// # Errors
    /// [`SwapError::Moved`] if the ref holds something else: nothing was changed. `ref-clash` if
    /// another ref's name stands in the way, `ref-locked` if a lock was not freed in time.
    pub fn swap(
        &self,
        name: &RefName,
        new: Option<&Oid>,
        expected: &Expected,
        reason: &str,
        durability: Durability,
    ) -> Result<(), SwapError> {
        match new {
            Some(new)
                if self.repo.ref_storage() == RefStorage::Files
                    && !files::keeps_reflog(self.repo, name) =>
            {
                files::swap(self.repo, name, new, expected, durability)
            }
            _ => via_git::swap(self.repo, &[(name, new, expected)], reason, durability),
        }
    }

    /// Changes several refs, all or none: `(name, new, expected)` as in [`Refs::swap`].
    ///
    /// # Errors
    /// [`SwapError::Moved`] with what the first ref that differs holds.
    pub fn swap_all(
        &self,
        changes: &[(RefName, Option<Oid>, Expected)],
        reason: &str,
        durability: Durability,
    ) -> Result<(), SwapError> {
        let changes: Vec<_> = changes.iter().map(|(n, o, e)| (n, o.as_ref(), e)).collect();
        via_git::swap(self.repo, &changes, reason, durability)
    }

    /// The commit that a revision string of a person means; `None` if it means none.
    pub fn resolve(&self, revision: &str) -> Result<Option<Oid>> {
        if revision.is_empty() || revision.contains(['\0', '\n']) {
            return Ok(None);
        }
        let git = self.repo.git();
        let call = git
            .call(Sub::RevParse)
            .args(["--verify", "--quiet", "--end-of-options"]);
        let answer = call.arg(format!("{revision}^{{commit}}")).run()?;
        if answer.code != 0 {
            return Ok(None);
        }
        let line = std::str::from_utf8(&answer.stdout).unwrap_or_default();
        let oid = line.strip_suffix('\n').and_then(Oid::parse);
        oid.map(Some)
            .ok_or_else(|| crate::git::cmd::malformed(Sub::RevParse))
    }

    /// A ref that makes it impossible to create `name`: one that is a folder on its way, or one
    /// below it. `None` if the way is free; `name` itself does not count.
    pub fn clash(&self, name: &RefName) -> Result<Option<RefName>> {
        let mut parts: Vec<&str> = name.as_str().split('/').collect();
        while parts.len() > 2 {
            parts.pop();
            if let Some(above) = RefName::parse(&parts.join("/"))
                && self.read(&above)?.is_some()
            {
                return Ok(Some(above));
            }
        }
        let below = self.list(name.as_str())?;
        Ok(below.into_iter().next().map(|(name, _)| name))
    }

    /// The lock file that git takes to change `name`.
    pub fn lock_path(&self, name: &RefName) -> PathBuf {
        match self.repo.ref_storage() {
            RefStorage::Files => files::lock_path(self.repo, name),
            RefStorage::Reftable => self.repo.common_dir().join("reftable/tables.list.lock"),
        }
    }
}

fn clashes(name: &RefName, other: &str) -> Error {
    let (name, other) = (text::foreign(name.as_str()), text::foreign(other));
    let message = format!("`{name}` cannot be made because `{other}` exists");
    Error::usage("ref-clash", message)
}
