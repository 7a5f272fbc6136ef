//! Makes the git folder of a linked worktree in process, as `git worktree add --no-checkout` does.
//!
//! The parts come in an order in which a kill leaves nothing that removal does not know: git's
//! data first, the folder after it, its `.git` file last.

use std::fs::{self, DirBuilder};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::base::{Error, Oid, RefName, Result, text};
use crate::git::cmd::Git;
use crate::git::refs::Head;
use crate::git::repo::{RefStorage, Repo};
use crate::git::sub::Sub;
use crate::git::worktree::Start;
use crate::os::file;

impl Repo {
    /// False where more belongs to a worktree than files that stand for themselves.
    pub(super) fn makes_worktrees_itself(&self) -> bool {
        self.ref_storage() == RefStorage::Files
            && !self.common_dir().join("config.worktree").exists()
    }

    /// Makes the worktree whose git folder is to be `git_dir`; nothing is checked out.
    ///
    /// # Errors
    /// Something stands at a place of it, or the branch is checked out elsewhere.
    pub(super) fn make_worktree(
        &self,
        (path, git_dir): (&Path, &Path),
        start: Start<'_>,
        reason: &str,
    ) -> Result<()> {
        if let Start::Branch(name) = start
            && let Some(at) = self.checked_out_at(name)?
        {
            let message = format!("`{}` is checked out at `{}`", name.short(), at.display());
            return Err(Error::busy("worktree-exists", message));
        }
        if !file::names(path)?.is_empty() || fs::symlink_metadata(path).is_ok_and(is_no_dir) {
            let message = format!("`{}` exists already", path.display());
            return Err(Error::busy("worktree-exists", message));
        }
        let path = &real(path)?;
        let head = match start {
            Start::Detached(oid) => format!("{oid}\n"),
            Start::Branch(name) => format!("ref: {name}\n"),
        };
        let gitdir = path.join(".git");
        file::make_shared_dirs(&git_dir.join("refs"))?;
        write(git_dir, "locked", format!("{reason}\n").as_bytes())?;
        write(git_dir, "gitdir", &line(b"", gitdir.as_os_str().as_bytes()))?;
        write(git_dir, "commondir", b"../..\n")?;
        write(git_dir, "HEAD", head.as_bytes())?;
        let made = DirBuilder::new().create(path);
        made.or_else(|e| if path.is_dir() { Ok(()) } else { Err(e) })
            .map_err(|e| Error::io(format!("cannot make the folder `{}`", path.display()), e))?;
        write(
            path,
            ".git",
            &line(b"gitdir: ", git_dir.as_os_str().as_bytes()),
        )
    }

    /// Puts a detached HEAD into the git folder of a worktree that nobody else uses.
    pub(in crate::git) fn detach(&self, git_dir: &Path, commit: &Oid) -> Result<()> {
        if self.ref_storage() == RefStorage::Reftable {
            let git = Git::in_git_dir(git_dir);
            let call = git.call(Sub::UpdateRef).args(["--no-deref", "HEAD"]);
            return call.arg(commit.as_str()).output().map(drop);
        }
        let off = crate::model::Durability::Off;
        let line = format!("{commit}\n");
        file::replace(
            &git_dir.join("HEAD"),
            line.as_bytes(),
            file::Access::Shared,
            off,
        )
    }

    fn checked_out_at(&self, name: &RefName) -> Result<Option<PathBuf>> {
        let linked = self.common_dir().join("worktrees");
        let mut git_dirs = vec![self.common_dir().to_owned()];
        git_dirs.extend(file::names(&linked)?.iter().map(|name| linked.join(name)));
        // A worktree without a readable HEAD has nothing checked out.
        let holds = |dir: &PathBuf| {
            let head: Option<Head> = self.refs().head_of(dir).ok();
            head.is_some_and(|head| head.branch.as_ref() == Some(name))
        };
        let holder = git_dirs.into_iter().find(holds);
        Ok(holder.map(|dir| self.folder_of(&dir)))
    }
}

fn is_no_dir(meta: fs::Metadata) -> bool {
    !meta.is_dir()
}

/// The path without links in the folders above it, as git records it.
fn real(path: &Path) -> Result<PathBuf> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Error::bug("a worktree without a folder"));
    };
    let about = |e| Error::io(format!("cannot enter `{}`", folder.display()), e);
    file::make_shared_dirs(folder)?;
    Ok(fs::canonicalize(folder).map_err(about)?.join(name))
}

fn line(word: &[u8], path: &[u8]) -> Vec<u8> {
    [word, path, b"\n"].concat()
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let path = folder.join(name);
    let made = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path);
    made.and_then(|mut file| file.write_all(bytes))
        .map_err(|e| {
            let path = path.to_string_lossy();
            Error::io(format!("cannot write `{}`", text::foreign(&path)), e)
        })
}
