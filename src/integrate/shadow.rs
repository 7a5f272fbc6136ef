//! A bare git folder that sees the objects of a repository and nothing else of it.
//!
//! Its configuration is written here, it has no refs, hooks, attributes, grafts or remotes, so
//! whatever an agent planted in the shared git folder neither runs nor bends an answer. What git
//! writes while judging lands in the shadow's own objects and goes with it; only
//! [`Shadow::git_into_store`] writes to the real ones.

use std::path::PathBuf;

use crate::base::{Oid, Result};
use crate::git::raw::RawStore;
use crate::git::{Format, Git, Objects, Repo, alternates};
use crate::model::Durability;
use crate::os::file::{self, Access};
use crate::os::{random, tree};

/// A shadow repository; it is removed when this is dropped.
#[derive(Debug)]
pub struct Shadow {
    repo: Repo,
    folder: PathBuf,
    store: PathBuf,
    shallow: Option<PathBuf>,
}

impl Shadow {
    /// Makes a shadow of `repo` below `<common-dir>/wp/shadow/`, without starting a process.
    ///
    /// # Errors
    /// The folder cannot be written, or its path cannot be named in an alternates file.
    pub fn open(repo: &Repo) -> Result<Self> {
        let store = repo.common_dir().join("objects");
        let folder = repo.wp_dir().join("shadow").join(random::id(12)?);
        let shadow = Shadow {
            repo: repo.clone(),
            shallow: repo.is_shallow().then(|| repo.common_dir().join("shallow")),
            folder,
            store,
        };
        shadow.furnish()?;
        Ok(shadow)
    }

    fn furnish(&self) -> Result<()> {
        for part in ["objects/info", "objects/pack", "refs"] {
            file::make_private_dirs(&self.folder.join(part))?;
        }
        let write = |name: &str, bytes: &[u8]| {
            let path = self.folder.join(name);
            file::replace(&path, bytes, Access::Private, Durability::Off)
        };
        write("HEAD", b"ref: refs/heads/none\n")?;
        write("config", config(self.repo.format()).as_bytes())?;
        write("objects/info/alternates", &alternates(&self.store)?)
    }

    /// Git in the shadow; what it writes is forgotten with the shadow.
    pub fn git(&self) -> Git {
        let git = Git::in_git_dir(&self.folder);
        match &self.shallow {
            Some(path) => git.env("GIT_SHALLOW_FILE", path),
            None => git,
        }
    }

    /// Git in the shadow that writes new objects to the real store.
    pub fn git_into_store(&self) -> Git {
        self.git().env("GIT_OBJECT_DIRECTORY", &self.store)
    }

    /// The objects of the repository and of the shadow, read without git.
    pub fn raw(&self) -> Result<RawStore> {
        RawStore::open(&self.folder.join("objects"), &self.repo.format().null())
    }

    /// Writes to the real store, in process.
    pub(super) fn objects(&self) -> Objects {
        self.repo.objects()
    }

    /// The hash that names objects.
    pub(super) fn format(&self) -> Format {
        self.repo.format()
    }

    /// The empty tree of the repository's hash.
    pub fn empty_tree(&self) -> Oid {
        self.repo.format().empty_tree()
    }

    /// True if `ancestor` is `descendant` or one of its ancestors.
    ///
    /// # Errors
    /// One of them is not there.
    pub fn is_ancestor(&self, ancestor: &Oid, descendant: &Oid) -> Result<bool> {
        self.git().is_ancestor(ancestor, descendant)
    }

    /// The best common ancestors of two commits.
    pub(super) fn merge_bases(&self, one: &Oid, other: &Oid) -> Result<Vec<Oid>> {
        self.git().merge_bases(one, other)
    }

    pub(super) fn scratch(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Drop for Shadow {
    fn drop(&mut self) {
        // What is left behind is named by the doctor; a verdict does not depend on it.
        let _ = tree::remove(&self.folder);
    }
}

fn config(format: Format) -> String {
    let version = match format {
        Format::Sha1 => 0,
        Format::Sha256 => 1,
    };
    let mut text = format!("[core]\n\trepositoryformatversion = {version}\n\tbare = true\n");
    // A commit graph or an index of packs could be forged to hide parents.
    text += "\tcommitGraph = false\n\tmultiPackIndex = false\n\tattributesFile = /dev/null\n";
    text += "\tignoreCase = false\n\tquotePath = false\n";
    // What is written here is forgotten; what goes to the real store is flushed before it counts.
    text += "\tfsync = none\n";
    if format == Format::Sha256 {
        text += "[extensions]\n\tobjectFormat = sha256\n";
    }
    text += "[pack]\n\tuseBitmaps = false\n\twriteReverseIndex = false\n";
    // Renames would carry one package's edit into a path of another; as a conflict it is seen.
    text += "[merge]\n\trenames = false\n\tdirectoryRenames = false\n\tconflictStyle = merge\n";
    text
}
