//! Submodules in rooms: empty folders, unless somebody asks for their files.
//!
//! Their files come from the checkout's own clone of the submodule, at the commit that the tree
//! names, without a `.git`: several checkouts of one submodule would share its configuration and
//! its refs. So they are there to be read and built; a change in them is no change of the room,
//! is not committed, and goes with the room.

use std::fs;
use std::path::{Path, PathBuf};

use crate::base::{Error, Oid, RepoPath, Result, text};
use crate::git::{Git, Mode, Repo, Sub};
use crate::os::{file, tree};

const POINTER_MAX: u64 = 16 << 10;

/// A submodule as a tree names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submodule {
    /// Where its files belong.
    pub path: RepoPath,
    /// Its commit.
    pub commit: Oid,
}

/// The submodules of a tree. A tree without `.gitmodules` has none that anybody could use.
///
/// # Errors
/// An object is absent.
pub fn of_tree(repo: &Repo, tree: &Oid) -> Result<Vec<Submodule>> {
    let objects = repo.objects();
    if objects.entry(tree, &".gitmodules".into())?.is_none() {
        return Ok(Vec::new());
    }
    let all = objects.walk(tree, "")?.into_iter();
    let links = all.filter(|entry| entry.mode == Mode::Submodule);
    Ok(links
        .map(|entry| Submodule {
            path: entry.path,
            commit: entry.oid,
        })
        .collect())
}

/// Fails if a pattern of a write scope names a submodule, or something in one: nothing there could
/// become part of the result.
///
/// # Errors
/// Policy, `submodule`.
pub fn refuse(submodules: &[Submodule], write: &[String]) -> Result<()> {
    for Submodule { path, .. } in submodules {
        let path = path.to_text();
        let named = write.iter().find(|pattern| {
            let plain = pattern.trim_start_matches("./").trim_end_matches('/');
            let rest = plain.strip_prefix(path.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if let Some(pattern) = named {
            let (pattern, path) = (text::foreign(pattern), text::foreign(&path));
            let message = format!("the write scope `{pattern}` leads into the submodule `{path}`");
            let error = Error::policy("submodule", message)
                .hint("plan the change in the submodule's own repository")
                .hint("set `[worktree] submodules = true` in wp.toml if it is only moved");
            return Err(error);
        }
    }
    Ok(())
}

/// Brings the files of `submodules` into the room at `path`; gives a line for each that cannot be
/// brought. `main` is the checkout that has them.
///
/// # Errors
/// A folder cannot be cleared.
pub fn bring(path: &Path, main: &Path, submodules: &[Submodule]) -> Result<Vec<String>> {
    let mut left_out = Vec::new();
    for submodule in submodules {
        let name = submodule.path.to_text();
        let shown = text::foreign(&name).to_string();
        let Some(git_dir) = git_dir_of(&main.join(&name)) else {
            left_out.push(format!(
                "the submodule `{shown}` is not checked out here: git submodule update --init"
            ));
            continue;
        };
        let folder = path.join(&name);
        if !is_real_folder(path, &name) {
            left_out.push(format!(
                "the submodule `{shown}` has no folder in the worktree"
            ));
            continue;
        }
        tree::remove(&folder)?;
        file::make_shared_dirs(&folder)?;
        if let Err(error) = check_out(&git_dir, &folder, &submodule.commit) {
            let commit = submodule.commit.short();
            left_out.push(format!(
                "the submodule `{shown}` cannot be brought at {commit}: {}",
                error.message()
            ));
        }
    }
    Ok(left_out)
}

fn check_out(git_dir: &Path, folder: &Path, commit: &Oid) -> Result<()> {
    // An index beside the files of the room would be one of them.
    let index = git_dir.join(format!("wp-index-{}", crate::os::random::id(8)?));
    let git = Git::in_work_tree(git_dir, folder)
        .env("GIT_INDEX_FILE", &index)
        .env("GIT_LFS_SKIP_SMUDGE", "1")
        .config("core.sparseCheckout=false");
    let call = git.call(Sub::ReadTree).args(["-m", "-u"]);
    let done = call.arg(commit.as_str()).output();
    file::remove(&index)?;
    done.map(drop)
}

/// The git folder of a submodule that is checked out at `folder`.
fn git_dir_of(folder: &Path) -> Option<PathBuf> {
    let pointer = folder.join(".git");
    let meta = fs::symlink_metadata(&pointer).ok()?;
    if meta.is_dir() {
        return Some(pointer);
    }
    let bytes = file::read_bounded(&pointer, POINTER_MAX).ok()??;
    let line = String::from_utf8(bytes).ok()?;
    let target = folder.join(line.strip_prefix("gitdir: ")?.trim_end());
    fs::canonicalize(target).ok().filter(|dir| dir.is_dir())
}

/// True if no part of the way is a link or a file.
fn is_real_folder(room: &Path, name: &str) -> bool {
    let mut at = room.to_owned();
    name.split('/').all(|part| {
        at.push(part);
        fs::symlink_metadata(&at).map_or(true, |meta| meta.is_dir())
    })
}
