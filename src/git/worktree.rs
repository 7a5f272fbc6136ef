//! Linked worktrees: adding one, listing all, taking one away after any crash.
//!
//! Only worktrees whose id begins with `wp-` are ever changed. `git worktree add` that is killed
//! leaves states in which its own retry fails, so removing goes by parts, each of which may be
//! missing, and never through `git worktree remove` or `prune`, which would also judge those of
//! the user.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::base::{Error, Oid, RefName, Result, text};
use crate::git::cmd::{Git, malformed};
use crate::git::repo::Repo;
use crate::git::sub::Sub;
use crate::os::lock::{self, FileLock};
use crate::os::{file, tree};

/// What ids of our worktrees begin with.
pub const PREFIX: &str = "wp-";
/// Longest wait for another process that adds or removes a worktree.
const LOCK_WAIT: Duration = Duration::from_secs(120);
const POINTER_BYTES_MAX: u64 = 16 << 10;

/// One linked worktree, or the main checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worktree {
    /// Its folder; it may be missing.
    pub path: PathBuf,
    /// Its commit; `None` if it has none or is bare.
    pub head: Option<Oid>,
    /// Its branch; `None` if detached.
    pub branch: Option<RefName>,
    /// The reason it is locked with, perhaps empty.
    pub locked: Option<String>,
    /// True if git would prune it, for instance because its folder is missing.
    pub is_prunable: bool,
}

/// What a new worktree shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start<'a> {
    /// A commit without a branch.
    Detached(&'a Oid),
    /// A branch that exists and is checked out nowhere.
    Branch(&'a RefName),
}

/// Which files a new worktree gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Files<'a> {
    /// All.
    All,
    /// None; the index is empty too.
    None,
    /// Those that these lines of a sparse-checkout file choose (gitignore syntax).
    Sparse(&'a [String]),
}

/// What [`Repo::remove_worktree`] found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removed {
    /// The folder was there and is gone.
    pub folder: bool,
    /// Git's own data on it was there and is gone.
    pub git_dir: bool,
    /// A folder stands at the path that does not point back to this worktree, so it was kept.
    pub kept: Option<PathBuf>,
}

impl Repo {
    /// The git folder of the linked worktree `id`, whether or not it exists.
    pub fn worktree_git_dir(&self, id: &str) -> PathBuf {
        self.common_dir().join("worktrees").join(id)
    }

    /// Git in the worktree `id` at `path`, without discovery: what stands in the folder cannot
    /// lead it to another repository.
    pub fn git_in_worktree(&self, id: &str, path: &Path) -> Git {
        self.checking_out(Git::in_work_tree(&self.worktree_git_dir(id), path))
    }

    /// Makes a worktree at `path`, whose last part is its id, locked with `reason` against
    /// pruning. Worktrees are made one at a time, and filled beside each other; no hook runs, no
    /// upstream is configured.
    ///
    /// # Errors
    /// The path or the id is taken, the branch is checked out elsewhere, or git refuses. What was
    /// made by then is left for [`Repo::remove_worktree`].
    pub fn add_worktree(
        &self,
        path: &Path,
        start: Start<'_>,
        files: Files<'_>,
        reason: &str,
    ) -> Result<()> {
        let id = id_of(path)?;
        let guard = self.worktree_lock()?;
        if self.worktree_git_dir(id).exists() {
            let message = format!("the worktree `{id}` exists already");
            return Err(Error::busy("worktree-exists", message));
        }
        if self.makes_worktrees_itself() {
            let places = (path, &*self.worktree_git_dir(id));
            self.make_worktree(places, start, &one_line(reason))?;
        } else {
            self.have_git_add(path, start, reason)?;
        }
        drop(guard);
        self.fill_worktree(path, files)
    }

    /// Checks the files of a worktree out that was made without any. Others may be made and filled
    /// meanwhile.
    ///
    /// # Errors
    /// Git refuses.
    pub fn fill_worktree(&self, path: &Path, files: Files<'_>) -> Result<()> {
        let id = id_of(path)?;
        let git = self.git_in_worktree(id, path);
        match files {
            Files::Sparse(patterns) => self.check_out_sparse(id, git, patterns),
            Files::All => check_out(&git),
            Files::None => Ok(()),
        }
    }

    fn have_git_add(&self, path: &Path, start: Start<'_>, reason: &str) -> Result<()> {
        let git = self.git();
        let call = git.call(Sub::Worktree).args(["add", "--quiet", "--lock"]);
        let mut call = call.arg("--reason").arg(one_line(reason));
        // The checkout is done below: git would do it by `git reset --hard`, which takes the lock
        // of the packed refs for nothing and, when killed, leaves it to block the user.
        call = call.arg("--no-checkout");
        let (detach, target) = match start {
            Start::Detached(oid) => (true, oid.as_str()),
            Start::Branch(name) => (false, name.short()),
        };
        if detach {
            call = call.arg("--detach");
        }
        call.arg("--").arg(path).arg(target).output()?;
        let id = id_of(path)?;
        if self.pointed_at(&self.worktree_git_dir(id)) != Some(path.join(".git")) {
            let message = format!("git did not name the new worktree `{id}`");
            return Err(Error::busy("worktree-exists", message));
        }
        Ok(())
    }

    /// The worktree's own sparse file is enough: `git sparse-checkout` would switch on
    /// `extensions.worktreeConfig`, which other programs cannot read.
    fn check_out_sparse(&self, id: &str, git: Git, patterns: &[String]) -> Result<()> {
        let info = self.worktree_git_dir(id).join("info");
        file::make_shared_dirs(&info)?;
        let mut lines = patterns.join("\n");
        lines.push('\n');
        let access = file::Access::Shared;
        let off = crate::model::Durability::Off;
        file::replace(&info.join("sparse-checkout"), lines.as_bytes(), access, off)?;
        let git = git.config("core.sparseCheckout=true");
        check_out(&git.config("core.sparseCheckoutCone=false"))
    }

    /// All worktrees, the main checkout first, as git sees them.
    pub fn worktrees(&self) -> Result<Vec<Worktree>> {
        let git = Git::in_git_dir(self.common_dir());
        let items = git
            .call(Sub::Worktree)
            .args(["list", "--porcelain", "-z"])
            .items()?;
        let mut found = Vec::new();
        for record in items
            .split(Vec::is_empty)
            .filter(|record| !record.is_empty())
        {
            found.push(parse(record).ok_or_else(|| malformed(Sub::Worktree))?);
        }
        Ok(found)
    }

    /// Branches that some worktree has checked out, or is rebasing, with its folder.
    pub fn checked_out(&self) -> Result<Vec<(RefName, PathBuf)>> {
        let mut found: Vec<_> = self
            .worktrees()?
            .into_iter()
            .filter_map(|w| Some((w.branch?, w.path)))
            .collect();
        let mut git_dirs = vec![self.common_dir().to_owned()];
        let linked = self.common_dir().join("worktrees");
        git_dirs.extend(file::names(&linked)?.iter().map(|name| linked.join(name)));
        for git_dir in git_dirs {
            for place in ["rebase-merge/head-name", "rebase-apply/head-name"] {
                let text = file::read_bounded(&git_dir.join(place), POINTER_BYTES_MAX)?;
                let text = String::from_utf8(text.unwrap_or_default()).unwrap_or_default();
                if let Some(name) = RefName::parse(text.trim()) {
                    found.push((name, self.folder_of(&git_dir)));
                }
            }
        }
        Ok(found)
    }

    /// Takes the worktree away that stands, or should stand, at `path`: its folder, git's data on
    /// it, and lock files in it. Parts that are missing are fine, so it is also the recovery
    /// after a crash at any point. The branch stays; save what is in the folder first.
    ///
    /// The folder goes only if its `.git` file points back to this worktree of this repository,
    /// or if nothing is in it yet; else it is kept and [`Removed::kept`] names it.
    ///
    /// # Errors
    /// The last part of `path` is not an id of ours, or the path holds the repository itself.
    pub fn remove_worktree(&self, path: &Path) -> Result<Removed> {
        let id = id_of(path)?;
        let _guard = self.worktree_lock()?;
        let git_dir = self.worktree_git_dir(id);
        let mut removed = Removed::default();
        if let Ok(real) = fs::canonicalize(path) {
            let main = self.work_dir().filter(|_| self.worktree_id().is_none());
            let holds = |inner: Option<&Path>| inner.is_some_and(|dir| dir.starts_with(&real));
            if holds(Some(self.common_dir())) || holds(main) {
                let message = format!("`{}` holds the repository itself", path.display());
                return Err(Error::policy("worktree-path", message));
            }
            let is_link = fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink());
            if !is_link && (points_to(path, &git_dir) || is_barely_begun(path)) {
                removed.folder = tree::remove(path)?;
            } else if fs::remove_dir(path).is_ok() {
                removed.folder = true;
            } else {
                removed.kept = Some(path.to_owned());
            }
        }
        removed.git_dir = tree::remove(&git_dir)?;
        // As git does it; fails while others are in there.
        let _ = fs::remove_dir(self.common_dir().join("worktrees"));
        Ok(removed)
    }

    /// Makes the worktree `id` at `path` hold exactly `commit`, detached: every file is written
    /// anew and everything else goes, ignored files included, whatever its index claimed.
    pub fn reset_worktree(&self, path: &Path, commit: &Oid) -> Result<()> {
        let id = id_of(path)?;
        let git_dir = self.worktree_git_dir(id);
        if !git_dir.is_dir() || !path.is_dir() {
            let message = format!("there is no worktree `{id}`");
            return Err(Error::busy("worktree-lost", message));
        }
        put_pointer(path, &git_dir)?;
        file::remove(&git_dir.join("index.lock"))?;
        // Without the old index no stale or forged entry of it can pass for up to date.
        file::remove(&git_dir.join("index"))?;
        let git = self.git_in_worktree(id, path);
        self.detach(&git_dir, commit)?;
        git.call(Sub::ReadTree).arg(commit.as_str()).output()?;
        git.call(Sub::Clean).args(["-ffdxq"]).output()?;
        git.call(Sub::CheckoutIndex)
            .args(["-a", "-f", "-u", "-q"])
            .output()?;
        Ok(())
    }

    /// Serialises adding and removing: git's own commands trip over each other.
    fn worktree_lock(&self) -> Result<FileLock> {
        lock::lock(&self.wp_dir().join("worktrees.lock"), LOCK_WAIT)
    }

    /// The `.git` file that the worktree with this git folder names.
    fn pointed_at(&self, git_dir: &Path) -> Option<PathBuf> {
        let bytes = file::read_bounded(&git_dir.join("gitdir"), POINTER_BYTES_MAX).ok()??;
        Some(git_dir.join(path_of(&bytes)))
    }

    pub(super) fn folder_of(&self, git_dir: &Path) -> PathBuf {
        let pointed = self.pointed_at(git_dir);
        let pointed = pointed.and_then(|file| file.parent().map(Path::to_owned));
        pointed.unwrap_or_else(|| git_dir.parent().unwrap_or(git_dir).to_owned())
    }
}

/// Fills a worktree that has neither files nor an index.
fn check_out(git: &Git) -> Result<()> {
    git.call(Sub::ReadTree)
        .args(["-m", "-u", "HEAD"])
        .output()
        .map(drop)
}

/// True if the folder's `.git` file leads to exactly this git folder.
pub fn points_to(folder: &Path, git_dir: &Path) -> bool {
    let Ok(Some(bytes)) = file::read_bounded(&folder.join(".git"), POINTER_BYTES_MAX) else {
        return false;
    };
    let Some(target) = bytes.strip_prefix(b"gitdir: ") else {
        return false;
    };
    let target = folder.join(path_of(target));
    // Compared by real paths where both exist; by name where git's data is gone already.
    match (fs::canonicalize(&target), fs::canonicalize(git_dir)) {
        (Ok(target), Ok(git_dir)) => target == git_dir,
        (Err(_), Err(_)) => target == git_dir,
        _ => false,
    }
}

/// True for what a killed `git worktree add` leaves between making and filling the `.git` file:
/// nothing of anybody's can be in there.
fn is_barely_begun(folder: &Path) -> bool {
    let names = file::names(folder).unwrap_or_default();
    let pointer = fs::symlink_metadata(folder.join(".git"));
    names == [".git"] && pointer.is_ok_and(|meta| meta.is_file() && meta.len() == 0)
}

/// Makes the folder's `.git` file lead to `git_dir`, whatever stood there.
pub(in crate::git) fn put_pointer(folder: &Path, git_dir: &Path) -> Result<()> {
    use std::os::unix::ffi::OsStrExt;
    let pointer = [b"gitdir: ", git_dir.as_os_str().as_bytes(), b"\n"].concat();
    let (path, off) = (folder.join(".git"), crate::model::Durability::Off);
    match file::read_bounded(&path, POINTER_BYTES_MAX) {
        Ok(Some(found)) if found == pointer => Ok(()),
        _ => file::replace(&path, &pointer, file::Access::Shared, off),
    }
}

fn path_of(line: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(line.trim_ascii_end()))
}

/// The id of the worktree at `path`, if it is one of ours.
pub(super) fn id_of(path: &Path) -> Result<&str> {
    let id = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    if id.starts_with(PREFIX) && crate::base::id::is_component(id) && path.is_absolute() {
        return Ok(id);
    }
    let message = format!("`{}` is not a worktree of ours", path.display());
    Err(Error::policy("worktree-path", message))
}

fn one_line(reason: &str) -> String {
    text::foreign(reason).to_string()
}

fn parse(record: &[Vec<u8>]) -> Option<Worktree> {
    let mut found = Worktree {
        path: path_of(record.first()?.strip_prefix(b"worktree ")?),
        head: None,
        branch: None,
        locked: None,
        is_prunable: false,
    };
    for line in &record[1..] {
        let line = String::from_utf8_lossy(line);
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match word {
            "HEAD" => found.head = Some(Oid::parse(rest)?).filter(|oid| !oid.is_null()),
            "branch" => found.branch = RefName::parse(rest),
            "locked" => found.locked = Some(rest.to_owned()),
            "prunable" => found.is_prunable = true,
            _ => {}
        }
    }
    Some(found)
}
