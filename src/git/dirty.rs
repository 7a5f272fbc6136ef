//! What differs between a checkout and its HEAD, without refreshing the index.

use std::collections::BTreeSet;

use crate::base::{RepoPath, Result};
use crate::git::index;
use crate::git::raw::RawStore;
use crate::git::repo::Repo;
use crate::git::sub::Sub;

impl Repo {
    /// Paths of the checkout that are changed, staged, deleted or untracked and not ignored,
    /// sorted.
    ///
    /// # Errors
    /// There is no checkout, or the index cannot be read.
    pub fn dirty(&self) -> Result<Vec<RepoPath>> {
        let listing = [
            "-z",
            "--modified",
            "--others",
            "--exclude-standard",
            "--deduplicate",
        ];
        let git = self.git_in_work_dir()?;
        let items = git.call(Sub::LsFiles).args(listing).items()?;
        let mut all: BTreeSet<RepoPath> = items.into_iter().map(RepoPath::from_bytes).collect();
        let head = self.refs().head()?.oid;
        let tree = head.map(|oid| self.objects().commit(&oid)).transpose()?;
        let tree = tree.map(|commit| commit.tree);
        let objects = self.common_dir().join("objects");
        let store = RawStore::open(&objects, &self.format().null())?;
        let staged = index::staged(&store, &self.git_dir().join("index"), tree.as_ref())?;
        all.extend(staged.into_iter().map(|change| change.path));
        Ok(all.into_iter().collect())
    }
}
