//! Refs as others see them: read, list, swap, resolve. Chooses the backend.

use std::path::PathBuf;

use crate::base::{Error, Oid, RefName, Result};
use crate::git::cmd::malformed;
use crate::git::commit::Person;
use crate::git::refs::log::Log;
use crate::git::refs::swap::{Expected, SwapError, clashes};
use crate::git::refs::via_git::Wanted;
use crate::git::refs::{files, via_git};
use crate::git::repo::{RefStorage, Repo};
use crate::git::sub::Sub;
use crate::model::Durability;

/// The refs of one repository.
#[derive(Debug, Clone, Copy)]
pub struct Refs<'a> {
    pub(super) repo: &'a Repo,
}

/// One move of a branch, as it is logged.
#[derive(Debug, Clone, Copy)]
pub struct Move<'a> {
    /// The branch.
    pub name: &'a RefName,
    /// Where it goes.
    pub new: &'a Oid,
    /// Where it must be.
    pub expected: &'a Expected,
    /// What the log says.
    pub reason: &'a str,
    /// Who the log names.
    pub by: &'a Person,
}

impl Repo {
    /// The refs of this repository.
    pub fn refs(&self) -> Refs<'_> {
        Refs { repo: self }
    }
}

impl Refs<'_> {
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
                files::swap(self.repo, name, new, expected, durability).map(drop)
            }
            _ => self.swap_via_git(&[(name, new, expected)], reason, durability),
        }
    }

    /// Swaps a branch of ours with its reflog entry, in process where refs are files.
    ///
    /// # Errors
    /// As [`Refs::swap`].
    pub fn advance(&self, step: Move<'_>, durability: Durability) -> Result<(), SwapError> {
        let Move {
            name,
            new,
            expected,
            reason,
            ..
        } = step;
        let in_files = self.repo.ref_storage() == RefStorage::Files;
        let log = in_files.then(|| Log::open(self.repo, name)).flatten();
        match log {
            Some(log) => {
                let old = files::swap(self.repo, name, new, expected, durability)?;
                let old = old.unwrap_or_else(|| self.repo.format().null());
                log.add((&old, new), step.by, reason);
                Ok(())
            }
            None => self.swap_via_git(&[(name, Some(new), expected)], reason, durability),
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
        self.swap_via_git(&changes, reason, durability)
    }

    fn swap_via_git(
        &self,
        changes: &[Wanted<'_>],
        reason: &str,
        durability: Durability,
    ) -> Result<(), SwapError> {
        let done = via_git::swap(self.repo, changes, reason, durability);
        done.map_err(|failure| self.judge(changes, failure))
    }

    /// Git's exit code does not say why, so the refs are asked.
    fn judge(&self, changes: &[Wanted<'_>], failure: Error) -> SwapError {
        for (name, new, expected) in changes {
            match self.read(name) {
                Ok(found) if !expected.allows(found.as_ref()) => {
                    return SwapError::Moved { found };
                }
                Ok(_) => {}
                Err(error) => return SwapError::Failed(error),
            }
            if new.is_some()
                && let Ok(Some(other)) = self.clash(name)
            {
                return SwapError::Failed(clashes(name, other.as_str()).because(failure));
            }
        }
        SwapError::Failed(failure)
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
        oid.map(Some).ok_or_else(|| malformed(Sub::RevParse))
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
