//! The rooms of this repository, as commands open them.

use std::path::{Path, PathBuf};

use crate::base::Result;
use crate::commands::Context;
use crate::git::{Person, Repo};
use crate::os::lock;
use crate::state::record::Grant;
use crate::worktree::Rooms;
use crate::worktree::place::{self, Wishes};

/// The rooms, with the place where new ones would stand.
///
/// # Errors
/// Nobody is named who commits what is saved, or no place can be written.
pub(super) fn open(cx: &mut Context<'_>) -> Result<Rooms> {
    let repo = cx.repo()?;
    let parent = folder(cx, &repo)?;
    let person = person(cx, &repo)?;
    Ok(Rooms::new(repo, parent, person))
}

/// The folder in which new rooms stand.
///
/// # Errors
/// No place can be written.
pub(super) fn folder(cx: &mut Context<'_>, repo: &Repo) -> Result<PathBuf> {
    let settings = cx.settings()?;
    let state_dir = cx.env().state_folder().ok();
    let wishes = Wishes {
        wanted: settings.worktree_dir.as_deref().map(Path::new),
        state_dir: state_dir.as_deref(),
    };
    place::choose(repo, wishes)
}

/// True if the holder shows that it lives, or need not: a claim from outside has a lease.
///
/// # Errors
/// The supervisor's lock cannot be looked at.
pub(super) fn is_supervised(repo: &Repo, grant: &Grant) -> Result<bool> {
    if grant.lease_seconds.is_some() {
        return Ok(true);
    }
    let lock = repo
        .wp_dir()
        .join("run")
        .join(format!("{}.lock", grant.attempt));
    lock::is_held(&lock)
}

/// Who commits: as git itself looks it up.
///
/// # Errors
/// Usage, `no-identity`.
pub(super) fn person(cx: &Context<'_>, repo: &Repo) -> Result<Person> {
    let env = cx.env();
    match (
        env.text("GIT_COMMITTER_NAME"),
        env.text("GIT_COMMITTER_EMAIL"),
    ) {
        (Some(name), Some(email)) => Ok(Person {
            name: name.to_owned(),
            email: email.to_owned(),
        }),
        _ => repo.git().identity(),
    }
}
