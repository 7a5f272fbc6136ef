//! One repository as found on disk: where its parts are and which formats it uses.
//!
//! Opening reads configuration of the repository only, never writes, and never runs git unless
//! the folder belongs to somebody else: then git's own `safe.directory` rule decides.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::{Error, Result, text};
use crate::git::cmd::Git;
use crate::git::format::Format;
use crate::git::home::home_of;
use crate::git::sub::Sub;

/// Pack indices that can be open at once; fixed when the object store is opened, so it has to
/// allow for packs that appear while a long run is on.
const PACK_SLOTS: usize = 2048;

/// How refs are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefStorage {
    /// Loose files and `packed-refs`.
    Files,
    /// Tables, read and written through git only.
    Reftable,
}

/// A repository, seen from its main checkout, one of its worktrees, or bare. Clones share it.
#[derive(Clone)]
pub struct Repo(Arc<Inner>, LargeFiles);

/// What stands for a file of git LFS where one is checked out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LargeFiles {
    /// Its pointer: nothing is fetched, and no filter of LFS runs.
    #[default]
    Pointers,
    /// Its content, as the filters of the configuration bring it.
    Content,
}

struct Inner {
    git_dir: PathBuf,
    common_dir: PathBuf,
    work_dir: Option<PathBuf>,
    format: Format,
    ref_storage: RefStorage,
    is_bare: bool,
    store: Arc<gix::odb::Store>,
}

impl Repo {
    /// Finds the repository that holds `start`, as git would.
    ///
    /// # Errors
    /// `no-repository` (usage) if there is none; git's own refusal if its owner is not trusted.
    pub fn discover(start: &Path) -> Result<Self> {
        let start = fs::canonicalize(start)
            .map_err(|e| Error::io(format!("cannot enter `{}`", start.display()), e))?;
        let (path, trust) = gix::discover::upwards(&start).map_err(|_| no_repository(&start))?;
        let (git_dir, work_dir) = path.into_repository_and_work_tree_directories();
        if trust != gix::sec::Trust::Full {
            ask_git_for_trust(&start)?;
        }
        let git_dir = start.join(git_dir);
        // A worktree that stands apart is one of its repository all the same.
        let home = home_of(&git_dir).zip(git_dir.file_name());
        let linked = home.map(|(common, id)| common.join("worktrees").join(id));
        let git_dir = linked.filter(|dir| dir.is_dir()).unwrap_or(git_dir);
        Self::open(&git_dir, work_dir.map(|dir| start.join(dir)))
    }

    /// Opens exactly `git_dir`, for instance a shadow repository, without any discovery. Its
    /// owner is not asked for, as with `git --git-dir`.
    pub fn open_at(git_dir: &Path) -> Result<Self> {
        Self::open(git_dir, None)
    }

    fn open(git_dir: &Path, work_dir: Option<PathBuf>) -> Result<Self> {
        let failed = |e| cannot_open(git_dir, e);
        let options = gix::open::Options::isolated()
            .with(gix::sec::Trust::Full)
            .open_path_as_is(true);
        let found = options.open(git_dir).map_err(failed)?.to_thread_local();
        let format = match found.object_hash() {
            gix::hash::Kind::Sha1 => Format::Sha1,
            gix::hash::Kind::Sha256 => Format::Sha256,
            other => {
                let message = format!("objects are named by `{other}`, which is not supported");
                return Err(Error::usage("object-format", message));
            }
        };
        let ref_storage = ref_storage(&found)?;
        let work_dir = work_dir.or_else(|| found.workdir().map(Path::to_owned));
        let common_dir = absolute(found.common_dir())?;
        let options = gix::odb::store::init::Options {
            slots: gix::odb::store::init::Slots::AsNeededByDiskState {
                multiplier: 1.1,
                minimum: PACK_SLOTS,
            },
            ..Default::default()
        };
        let objects = common_dir.join("objects");
        let store =
            gix::odb::Store::at_opts(objects, format.kind(), &mut None.into_iter(), options)
                .map_err(|e| Error::io("cannot open the object store", e))?;
        let inner = Inner {
            git_dir: absolute(found.git_dir())?,
            common_dir,
            work_dir: work_dir.as_deref().map(absolute).transpose()?,
            format,
            ref_storage,
            is_bare: found.is_bare(),
            store: Arc::new(store),
        };
        Ok(Repo(Arc::new(inner), LargeFiles::default()))
    }

    /// Says what stands for files of git LFS in worktrees that are made from now on.
    #[must_use]
    pub fn with_large_files(mut self, large: LargeFiles) -> Self {
        self.1 = large;
        self
    }

    /// `git`, set up for checking files out: by all processors, which git does not do by itself.
    pub(super) fn checking_out(&self, git: Git) -> Git {
        let git = git.config("checkout.workers=0");
        match self.1 {
            LargeFiles::Content => git,
            // Empty commands: the filter counts as absent, and its absence as no failure.
            LargeFiles::Pointers => git
                .env("GIT_LFS_SKIP_SMUDGE", "1")
                .config("filter.lfs.smudge=")
                .config("filter.lfs.process=")
                .config("filter.lfs.required=false"),
        }
    }

    /// The folder of this worktree's own git data; the common one outside linked worktrees.
    pub fn git_dir(&self) -> &Path {
        &self.0.git_dir
    }

    /// The folder shared by all worktrees: objects, refs, configuration.
    pub fn common_dir(&self) -> &Path {
        &self.0.common_dir
    }

    /// Where our own local files are, `<common-dir>/wp`. It may not exist yet.
    pub fn wp_dir(&self) -> PathBuf {
        self.0.common_dir.join("wp")
    }

    /// The checkout from which the repository was found, if it has one.
    pub fn work_dir(&self) -> Option<&Path> {
        self.0.work_dir.as_deref()
    }

    /// The checkout, or an error that says what needs one.
    pub fn need_work_dir(&self, what: &str) -> Result<&Path> {
        self.work_dir().ok_or_else(|| {
            Error::usage(
                "bare",
                format!("{what} needs a checkout, this repository is bare"),
            )
        })
    }

    /// The hash that names objects.
    pub fn format(&self) -> Format {
        self.0.format
    }

    /// How refs are stored.
    pub fn ref_storage(&self) -> RefStorage {
        self.0.ref_storage
    }

    /// True for a repository without a main checkout.
    pub fn is_bare(&self) -> bool {
        self.0.is_bare
    }

    /// True if history is cut off somewhere; asked anew each time.
    pub fn is_shallow(&self) -> bool {
        fs::metadata(self.0.common_dir.join("shallow")).is_ok_and(|meta| meta.len() > 0)
    }

    /// The name of the linked worktree under `worktrees/`; `None` in the main checkout.
    pub fn worktree_id(&self) -> Option<&str> {
        if self.0.git_dir == self.0.common_dir {
            return None;
        }
        self.0.git_dir.file_name()?.to_str()
    }

    pub(super) fn store(&self) -> &Arc<gix::odb::Store> {
        &self.0.store
    }

    /// Git with this repository, without a work tree.
    pub fn git(&self) -> Git {
        Git::in_git_dir(&self.0.git_dir)
    }

    /// Git in this repository's checkout.
    pub fn git_in_work_dir(&self) -> Result<Git> {
        let folder = self.need_work_dir("this")?;
        Ok(Git::in_work_tree(&self.0.git_dir, folder))
    }
}

impl std::fmt::Debug for Repo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repo")
            .field("git_dir", &self.0.git_dir)
            .field("work_dir", &self.0.work_dir)
            .field("format", &self.0.format)
            .field("ref_storage", &self.0.ref_storage)
            .finish()
    }
}

fn ref_storage(found: &gix::Repository) -> Result<RefStorage> {
    let config = found.config_snapshot();
    let word = config.string("extensions.refStorage");
    match word
        .as_ref()
        .map(|word| word.to_ascii_lowercase())
        .as_deref()
    {
        None | Some(b"files") => Ok(RefStorage::Files),
        Some(b"reftable") => Ok(RefStorage::Reftable),
        Some(other) => {
            let other = String::from_utf8_lossy(other).into_owned();
            let message = format!("refs are stored as `{}`", text::foreign(&other));
            Err(Error::usage(
                "ref-storage",
                message + ", which is not supported",
            ))
        }
    }
}

fn ask_git_for_trust(folder: &Path) -> Result<()> {
    let git = Git::in_folder(folder);
    let answer = git.call(Sub::RevParse).arg("--absolute-git-dir").run()?;
    if answer.code == 0 {
        return Ok(());
    }
    let refusal = answer.failure();
    Err(Error::policy("foreign-owner", refusal.message())
        .hint("see `safe.directory` in `git help config`"))
}

fn no_repository(start: &Path) -> Error {
    let message = format!("`{}` is not in a git repository", start.display());
    Error::usage("no-repository", message).hint("git init")
}

fn cannot_open(git_dir: &Path, error: gix::Error) -> Error {
    let message = format!("cannot open the repository `{}`", git_dir.display());
    Error::new(crate::base::Kind::Busy, "git-open", message).because(error.to_string())
}

fn absolute(path: &Path) -> Result<PathBuf> {
    fs::canonicalize(path).map_err(|e| Error::io(format!("cannot enter `{}`", path.display()), e))
}
