//! Repairs what is provably ours. Repeating a repair changes nothing more.
//!
//! A ref that was lost or moved is put back to the newest commit of the journal that is whole and
//! holds every record the ref has now; what the ref had is kept under `refs/wp/archive/`.

use std::path::Path;

use crate::base::{Error, Kind, Oid, RefName, Result};
use crate::git::Mode;
use crate::git::refs::Expected;
use crate::os::{file, lock};
use crate::store::backend::Backend;
use crate::store::damage::Damage;
use crate::store::fsck::taken_away;
use crate::store::handle::{Local, Site, Store};

/// Candidates from the journal that are tried.
const CANDIDATES_MAX: usize = 1000;

impl Store {
    /// Repairs one damage; `false` if nothing was there to be done.
    ///
    /// # Errors
    /// Damaged, `unfixable`, if no repair is known to be safe.
    pub fn fix(&self, damage: &Damage) -> Result<bool> {
        let Site::Local(local) = &self.site else {
            return Ok(false);
        };
        let guard = lock::lock(&local.path("lock"), local.wait)?;
        match damage {
            _ if damage.is_of_the_ref() => self.restore(local),
            Damage::RefLock { .. } => local.git.remove_stale_lock(&guard),
            Damage::DeadRequest { file }
            | Damage::DamagedCache { file }
            | Damage::Leftover { file } => {
                let path = Path::new(file);
                let ours = path.starts_with(&local.wp);
                if !ours || lock::is_held(path)? {
                    return Ok(false);
                }
                file::remove(path)
            }
            _ => Err(unfixable(&damage.to_string())),
        }
    }

    fn restore(&self, local: &Local) -> Result<bool> {
        let tip = local.git.tip()?;
        let known = local.journal.borrow().newest()?;
        let Some(known) = known else {
            return Err(unfixable("the journal knows no commit of the state"));
        };
        let backend = self.backend.as_ref();
        let sound = crate::store::journal::check(backend, &known, tip.as_ref());
        if sound.is_ok() && tip.as_ref().is_none_or(|tip| is_whole(backend, tip)) {
            return Ok(false);
        }
        let commits = local.journal.borrow().commits()?;
        for commit in commits.into_iter().take(CANDIDATES_MAX) {
            if !is_whole(backend, &commit) || !holds_all(backend, &commit, tip.as_ref())? {
                continue;
            }
            // A ref to what is not whole would make every `git gc` of the user fail.
            if let Some(tip) = tip.as_ref().filter(|tip| is_readable(backend, tip)) {
                let name = format!("refs/wp/archive/moved-{}", tip.short());
                let name = RefName::parse(&name);
                let name = name.ok_or_else(|| Error::bug("an archive cannot be named"))?;
                local.git.put(&name, tip, &Expected::Any)?;
            }
            local
                .git
                .put(local.git.name(), &commit, &Expected::same_as(tip.as_ref()))?;
            // The journal may know commits that came after and cannot be read any more.
            local.journal.borrow_mut().restart(&commit)?;
            self.mirror.borrow_mut().forget();
            return Ok(true);
        }
        Err(unfixable(
            "no commit of the journal is whole and holds what the ref has now",
        ))
    }
}

/// Commit, trees and blobs can be read.
fn is_readable(backend: &dyn Backend, commit: &Oid) -> bool {
    let commit = backend.commit(commit);
    commit.is_ok_and(|commit| tree_is_whole(backend, &commit.tree))
}

/// Commit, trees and blobs can be read, and it is a state.
fn is_whole(backend: &dyn Backend, commit: &Oid) -> bool {
    let Ok(commit) = backend.commit(commit) else {
        return false;
    };
    let entries = backend.list(&commit.tree).unwrap_or_default();
    let is_state = entries.iter().any(|e| e.path.as_bytes() == b"meta");
    is_state && tree_is_whole(backend, &commit.tree)
}

fn tree_is_whole(backend: &dyn Backend, tree: &Oid) -> bool {
    let Ok(entries) = backend.list(tree) else {
        return false;
    };
    entries.iter().all(|entry| match entry.mode {
        Mode::Tree => tree_is_whole(backend, &entry.oid),
        _ => backend.blob(&entry.oid).is_ok(),
    })
}

/// True unless `tip` is a state with a record that `commit` does not have.
fn holds_all(backend: &dyn Backend, commit: &Oid, tip: Option<&Oid>) -> Result<bool> {
    let Some(tip) = tip.filter(|tip| is_whole(backend, tip)) else {
        return Ok(true);
    };
    let (old, new) = (backend.commit(tip)?.tree, backend.commit(commit)?.tree);
    match taken_away(backend, "", (&old, &new), 0) {
        Ok(gone) => Ok(gone.is_none()),
        Err(error) if error.kind() == Kind::Damaged => Ok(false),
        Err(error) => Err(error),
    }
}

fn unfixable(why: &str) -> Error {
    Error::damaged("unfixable", why.to_owned())
        .hint("git log refs/wp/state shows the history that is there")
}
