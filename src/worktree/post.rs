//! Where sentinels of agents that run at the same time come from.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::base::Result;
use crate::git::Repo;
use crate::worktree::baseline;
use crate::worktree::sentinel::{Sentinel, Shared};

/// Gives all agents of a run that are at work the same snapshot: the one that was taken when none
/// was on duty.
///
/// Else one that begins after another agent planted something would take that for how things
/// should be, and put it back. The snapshot is on disk as long, in case this process dies.
#[derive(Debug)]
pub struct Post {
    repo: Repo,
    run: String,
    shared: Mutex<Weak<Shared>>,
}

impl Post {
    /// One post per process and run; `run` names the lock `wp/run/<run>.lock` that it holds.
    pub fn new(repo: Repo, run: &str) -> Self {
        Post {
            repo,
            run: run.to_owned(),
            shared: Mutex::new(Weak::new()),
        }
    }

    /// A sentinel for one agent; it is on duty until it is dropped.
    ///
    /// # Errors
    /// What is shared cannot be read, or the snapshot cannot be kept.
    pub fn take(&self) -> Result<Sentinel> {
        let mut held = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = held.upgrade() {
            return Ok(Sentinel::sharing(&self.repo, shared));
        }
        let fresh = || Shared::read(&self.repo);
        let shared = Arc::new(baseline::begin(&self.repo, &self.run, fresh)?);
        *held = Arc::downgrade(&shared);
        Ok(Sentinel::sharing(&self.repo, shared))
    }

    /// Takes a sentinel off duty that has compared and put back. The snapshot on disk goes with
    /// the last one; one that is just dropped leaves it, for whoever comes next to compare.
    ///
    /// # Errors
    /// The snapshot cannot be removed.
    pub fn dismiss(&self, sentinel: Sentinel) -> Result<()> {
        let _held = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        match Arc::into_inner(sentinel.into_shared()) {
            Some(_) => baseline::remove(&self.repo, &self.run),
            None => Ok(()),
        }
    }
}
