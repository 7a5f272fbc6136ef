//! A work tree that somebody else may write to, and the copy of its index from before that.

use std::fs;
use std::path::PathBuf;

use crate::base::{Error, Oid, RepoPath, Result};
use crate::git::baseline::read_index;
use crate::git::cmd::Git;
use crate::git::repo::Repo;

/// A checkout to look at.
#[derive(Debug, Clone)]
pub struct Checkout {
    /// The repository; only its common folder is used.
    pub repo: Repo,
    /// The folder of the files.
    pub folder: PathBuf,
    /// The index in the work tree's own git folder; names in it count as tracked.
    pub index: PathBuf,
    /// A copy of the index as it was checked out.
    pub baseline: PathBuf,
    /// The tree that was checked out.
    pub base_tree: Oid,
    /// Files and folders that are nobody's work: they count only if they are tracked.
    pub aside: Vec<RepoPath>,
}

impl Checkout {
    /// Copies the index to the baseline. To be called after a checkout, before anybody works.
    pub fn take_baseline(&self) -> Result<()> {
        let about = |e| Error::io(format!("cannot copy `{}`", self.index.display()), e);
        let time = fs::metadata(&self.index)
            .and_then(|meta| meta.modified())
            .map_err(about)?;
        fs::copy(&self.index, &self.baseline).map_err(about)?;
        // Files of the same instant as the index count as unknown; that must stay so.
        fs::File::options()
            .write(true)
            .open(&self.baseline)
            .and_then(|copy| copy.set_modified(time))
            .map_err(about)
    }

    /// True for what is, or stands below, something that is no work.
    pub(super) fn is_aside(&self, path: &RepoPath) -> bool {
        let path = path.as_bytes();
        self.aside.iter().any(|aside| {
            let rest = path.strip_prefix(aside.as_bytes());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
        })
    }

    /// Best effort: a damaged index names nothing.
    pub(super) fn names_in_index(&self) -> Vec<RepoPath> {
        let index = read_index(&self.index, &self.repo);
        index.map_or_else(|_| Vec::new(), |index| index.into_keys().collect())
    }

    pub(super) fn git(&self) -> Git {
        Git::in_work_tree(self.repo.common_dir(), &self.folder)
            .config("core.untrackedCache=false")
            .config("core.bare=false")
    }
}
