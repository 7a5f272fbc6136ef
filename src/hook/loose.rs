//! What stands changed in a work tree and is in no commit yet, as git tells it without writing.

use std::collections::BTreeSet;

use crate::base::{RepoPath, Result};
use crate::git::{Repo, Sub};
use crate::scope::{Change, EntryMode};

/// Files that are changed, removed or new and not ignored.
///
/// # Errors
/// The repository is bare, or git fails.
pub fn loose(repo: &Repo) -> Result<Vec<Change>> {
    let git = repo.git_in_work_dir()?;
    let call = git.call(Sub::LsFiles).args(["-z", "--exclude-standard"]);
    let answer = call
        .args(["--others", "--modified", "--deleted"])
        .output()?;
    let names = answer.split(|byte| *byte == 0);
    // A removed file is told twice, as changed and as removed.
    let names: BTreeSet<&[u8]> = names.filter(|name| !name.is_empty()).collect();
    let changes = names.into_iter().map(|name| Change {
        path: RepoPath::from_bytes(name.to_vec()),
        old: EntryMode::File,
        new: EntryMode::File,
        size: None,
        target: None,
    });
    Ok(changes.collect())
}
