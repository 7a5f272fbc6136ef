//! Where rooms stand: beside the checkout, in the user's state folder, or below the git folder.
//!
//! A place is tried, not guessed: a file is made in it and removed. It lies in no other work
//! tree, so that a room without its `.git` file is in no repository at all.

use std::path::{Component, Path, PathBuf};

use crate::base::{ContentHash, Error, Result};
use crate::git::Repo;
use crate::os::file::{self, Access};
use crate::os::random;

/// What the choice depends on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wishes<'a> {
    /// `wp.worktreeDir`; it must work if it is set. Relative to the main checkout.
    pub wanted: Option<&'a Path>,
    /// The user's state folder for this program, for instance `~/.local/state/git-wp`.
    pub state_dir: Option<&'a Path>,
}

/// The folder in which rooms are made. It exists and can be written when this returns.
///
/// # Errors
/// The wanted folder cannot be made or lies in a work tree, or no place can be written.
pub fn choose(repo: &Repo, wishes: Wishes<'_>) -> Result<PathBuf> {
    let main = main_folder(repo);
    if let Some(wanted) = wishes.wanted {
        let folder = tidy(&main.join(wanted));
        return try_place(&folder, repo).map_err(|why| {
            let shown = folder.display();
            let message = format!("`wp.worktreeDir` is `{shown}`, which cannot be used: {why}");
            Error::usage("worktree-dir", message).hint("git config wp.worktreeDir FOLDER")
        });
    }
    let mut reasons = Vec::new();
    for folder in candidates(repo, &main, wishes.state_dir) {
        match try_place(&folder, repo) {
            Ok(folder) => return Ok(folder),
            Err(why) => reasons.push(format!("`{}`: {why}", folder.display())),
        }
    }
    let message = format!(
        "no folder for worktrees can be written: {}",
        reasons.join("; ")
    );
    Err(Error::busy("worktree-dir", message).hint("git config wp.worktreeDir FOLDER"))
}

fn candidates(repo: &Repo, main: &Path, state_dir: Option<&Path>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let name = main
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    if let (Some(name), Some(parent)) = (&name, main.parent()) {
        found.push(parent.join(format!("{name}.wp")));
    }
    if let Some(state_dir) = state_dir.filter(|dir| dir.is_absolute()) {
        let hash = ContentHash::of(repo.common_dir().as_os_str().as_encoded_bytes());
        let name = name.unwrap_or_else(|| "repository".to_owned());
        let own = format!("{name}-{}", hash.short(8));
        found.push(state_dir.join("trees").join(own));
    }
    found.push(repo.wp_dir().join("trees"));
    found
}

/// The main checkout, or the folder of a bare repository.
fn main_folder(repo: &Repo) -> PathBuf {
    let common = repo.common_dir();
    match (common.file_name(), common.parent()) {
        (Some(name), Some(parent)) if name == ".git" => parent.to_owned(),
        _ => common.to_owned(),
    }
}

fn try_place(folder: &Path, repo: &Repo) -> Result<PathBuf, String> {
    if !folder.starts_with(repo.wp_dir())
        && let Some(inside) = work_tree_above(folder)
    {
        return Err(format!("it lies in the work tree `{}`", inside.display()));
    }
    let said = |error: Error| {
        let cause = error.causes().into_iter().next();
        cause.unwrap_or_else(|| error.message().to_owned())
    };
    file::make_shared_dirs(folder).map_err(said)?;
    let real = std::fs::canonicalize(folder).map_err(|e| e.to_string())?;
    // The way there may have led through a link into a work tree.
    if !real.starts_with(repo.wp_dir())
        && let Some(inside) = work_tree_above(&real)
    {
        return Err(format!("it lies in the work tree `{}`", inside.display()));
    }
    let name = random::id(8).map_err(said)?;
    let probe = real.join(format!(".probe-{name}"));
    file::create_new(&probe, b"", Access::Private).map_err(said)?;
    file::remove(&probe).map_err(said)?;
    match real.to_str() {
        Some(_) => Ok(real),
        None => Err("its name is not UTF-8".to_owned()),
    }
}

/// The nearest folder from `folder` upwards that is a work tree or a git folder.
fn work_tree_above(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|dir| {
        let is_git_dir = dir.join("HEAD").is_file() && dir.join("objects").is_dir();
        std::fs::symlink_metadata(dir.join(".git")).is_ok() || is_git_dir
    })
}

/// Resolves `.` and `..` by name, for a folder that may not exist yet.
fn tidy(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_tidied_by_name() {
        for (path, tidied) in [("/a/b/../c", "/a/c"), ("/a/./b", "/a/b"), ("/../a", "/a")] {
            assert_eq!(tidy(Path::new(path)), Path::new(tidied));
        }
    }
}
