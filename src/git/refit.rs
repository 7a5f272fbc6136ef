//! Brings a worktree that was reset before to another tree without writing every file anew.
//!
//! What is heard of the files is the index of the last reset, which is believed only if its bytes
//! are those that this process saw then: so whoever worked in the worktree can have changed files,
//! but not what is known of them, and a changed file shows by its times. What is not in that index
//! is removed here; git writes what differs.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::base::{ContentHash, Error, Oid, RepoPath, Result};
use crate::git::baseline::read_index;
use crate::git::checkout::Checkout;
use crate::git::raw::RawStore;
use crate::git::sub::Sub;
use crate::git::tree::Mode;
use crate::git::worktree::{id_of, put_pointer};
use crate::os::{file, tree};

/// How git compares a file with its index, whatever is configured: by all there is.
const COMPARE: [&str; 5] = [
    "core.trustctime=true",
    "core.checkStat=default",
    "core.ignoreStat=false",
    "core.sparseCheckout=false",
    "core.untrackedCache=false",
];

/// What this process knows of a worktree that it reset.
#[derive(Debug, Clone)]
pub struct Refit {
    tree: Oid,
    index: ContentHash,
    written: SystemTime,
}

impl Refit {
    /// To be called right after a reset, before anybody works in the worktree.
    pub fn take(checkout: &Checkout) -> Result<Self> {
        let about = |e| Error::io(format!("cannot read `{}`", checkout.baseline.display()), e);
        let bytes = fs::read(&checkout.baseline).map_err(about)?;
        let meta = fs::metadata(&checkout.baseline).map_err(about)?;
        Ok(Refit {
            tree: checkout.base_tree.clone(),
            index: ContentHash::of(&bytes),
            written: meta.modified().map_err(about)?,
        })
    }

    /// The tree it was reset to.
    pub fn tree(&self) -> &Oid {
        &self.tree
    }

    /// Makes the worktree hold exactly `commit`, detached. `checkout` is as it was then.
    ///
    /// # Errors
    /// What is known is no longer so, or the disk refuses: reset it from the ground then.
    pub fn apply(&self, checkout: &Checkout, commit: &Oid) -> Result<()> {
        let Checkout { repo, folder, .. } = checkout;
        let id = id_of(folder)?;
        let git_dir = repo.worktree_git_dir(id);
        put_pointer(folder, &git_dir)?;
        self.restore_index(checkout)?;
        let is_clean = Sweep::of(checkout)?.run()?;
        repo.detach(&git_dir, commit)?;
        let target = repo.objects().commit(commit)?.tree;
        let same = target == self.tree;
        self.refuse_new_attributes(checkout, &target)?;
        if same && is_clean && checkout.changed_tracked()?.is_empty() {
            return Ok(());
        }
        let mut git = repo.git_in_worktree(id, folder);
        for setting in COMPARE {
            git = git.config(setting);
        }
        let call = git.call(Sub::ReadTree).args(["--reset", "-u"]);
        call.arg(commit.as_str()).output().map(drop)
    }

    /// Other attributes give other bytes to files whose blobs are the same.
    fn refuse_new_attributes(&self, checkout: &Checkout, target: &Oid) -> Result<()> {
        let repo = &checkout.repo;
        let store = RawStore::open(&repo.common_dir().join("objects"), target)?;
        let empty = repo.format().empty_tree();
        let some = |tree: &'_ Oid| (*tree != empty).then(|| tree.clone());
        let changes = store.changes(some(&self.tree).as_ref(), some(target).as_ref())?;
        let differs = changes
            .iter()
            .any(|change| change.path.as_bytes().ends_with(b".gitattributes"));
        if differs {
            return Err(Error::busy("attributes", "the attributes are others"));
        }
        Ok(())
    }

    fn restore_index(&self, checkout: &Checkout) -> Result<()> {
        let about = |e| Error::io(format!("cannot write `{}`", checkout.index.display()), e);
        let bytes = fs::read(&checkout.baseline).map_err(about)?;
        if ContentHash::of(&bytes) != self.index {
            let message = "what was noted of a verification worktree was changed";
            return Err(Error::busy("worktree-lost", message));
        }
        // Files of the same instant count as unknown; that must stay so.
        let dated = |path: &Path| {
            let file = fs::File::options().write(true).open(path);
            file.and_then(|file| file.set_modified(self.written))
        };
        if fs::read(&checkout.index).ok().as_ref() != Some(&bytes) {
            let off = crate::model::Durability::Off;
            file::replace(&checkout.index, &bytes, file::Access::Shared, off)?;
        }
        dated(&checkout.index).map_err(about)?;
        dated(&checkout.baseline).map_err(about)
    }
}

/// Removes what an index does not name.
struct Sweep {
    folder: PathBuf,
    files: BTreeSet<RepoPath>,
    /// Folders on the way to files.
    folders: BTreeSet<RepoPath>,
    is_clean: bool,
}

impl Sweep {
    fn of(checkout: &Checkout) -> Result<Self> {
        let mut sweep = Sweep {
            folder: checkout.folder.clone(),
            files: BTreeSet::new(),
            folders: BTreeSet::new(),
            is_clean: true,
        };
        for (path, known) in read_index(&checkout.baseline, &checkout.repo)? {
            let bytes = path.as_bytes();
            for (at, _) in bytes.iter().enumerate().filter(|(_, b)| **b == b'/') {
                sweep.folders.insert(RepoPath::from_bytes(&bytes[..at]));
            }
            if known.entry.0 == Mode::Submodule {
                // An empty folder, as nobody checks a submodule out here.
                sweep.folders.insert(path);
            } else {
                sweep.files.insert(path);
            }
        }
        Ok(sweep)
    }

    /// True if there was nothing to remove.
    fn run(mut self) -> Result<bool> {
        let folder = self.folder.clone();
        self.enter(&folder, &[])?;
        Ok(self.is_clean)
    }

    fn enter(&mut self, folder: &Path, prefix: &[u8]) -> Result<()> {
        for name in file::names(folder)? {
            if prefix.is_empty() && name == ".git" {
                continue;
            }
            let path = folder.join(&name);
            let below = [prefix, name.as_bytes()].concat();
            let about = |e| Error::io(format!("cannot look at `{}`", path.display()), e);
            let is_folder = fs::symlink_metadata(&path).map_err(about)?.is_dir();
            let known = RepoPath::from_bytes(&below[..]);
            if is_folder && self.folders.contains(&known) {
                self.enter(&path, &[&below[..], b"/"].concat())?;
            } else if is_folder {
                self.is_clean = false;
                tree::remove(&path)?;
            } else if !self.files.contains(&known) {
                self.is_clean = false;
                file::remove(&path)?;
            }
        }
        Ok(())
    }
}
