//! The store as others see it.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::base::{ActorId, AttemptId, ContentHash, Error, FeatureId, Oid, RefName, Result, TxnId};
use crate::git::Repo;
use crate::model::Settings;
use crate::state::layout::FeatureRoom;
use crate::state::{Refusal, Request, View};
use crate::store::actor;
use crate::store::backend::{Backend, Snapshot, chain};
use crate::store::cache::Cache;
use crate::store::git_ref::GitRef;
use crate::store::journal::{self, Journal};
use crate::store::memory::Memory;
use crate::store::message::{self, Change};
use crate::store::mirror::{Load, Mirror};

/// Who sits at this handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seat {
    /// A person or a supervisor.
    Outside,
    /// A program inside an attempt's room: its requests go to the inbox of the attempt.
    Room {
        /// From `WP_ATTEMPT`.
        attempt: AttemptId,
    },
}

/// What became of a request that was not refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// Recorded by this commit.
    Committed(Oid),
    /// Everything asked for was there already; nothing was written.
    Unchanged,
    /// Laid into the inbox of the attempt; its supervisor decides.
    Queued,
}

/// A handle on the state, for one thread. Several handles and processes may share a state.
pub struct Store {
    pub(super) backend: Box<dyn Backend>,
    pub(super) cache: Cache,
    pub(super) mirror: RefCell<Mirror>,
    pub(super) site: Site,
    pub(super) seat: Seat,
}

/// Where a state lives, beside its objects.
pub(super) enum Site {
    Memory(Memory),
    Local(Box<Local>),
}

/// The files of ours in one repository, and how they are used.
pub(super) struct Local {
    pub(super) git: GitRef,
    pub(super) wp: PathBuf,
    pub(super) wait: Duration,
    /// The remote whose state decides; `None`: this repository's own.
    pub(super) remote: Option<String>,
    pub(super) journal: RefCell<Journal>,
}

impl Local {
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.wp.join(name)
    }
}

impl Store {
    /// Opens the state of a repository; it need not exist yet. Writes nothing.
    pub fn open(repo: &Repo, settings: &Settings, seat: Seat) -> Self {
        let git = GitRef::new(repo, &settings.state_ref, settings.durability);
        let wp = repo.wp_dir();
        let local = Local {
            git: git.clone(),
            wait: settings.lock_wait,
            remote: settings.remote.clone(),
            journal: RefCell::new(Journal::new(wp.join("journal"), settings.durability)),
            wp,
        };
        Store {
            backend: Box::new(git),
            cache: Cache::new(Some(local.path("cache"))),
            mirror: RefCell::default(),
            site: Site::Local(Box::new(local)),
            seat,
        }
    }

    /// Another handle on a state in memory.
    pub fn in_memory(memory: &Memory) -> Self {
        Store {
            backend: Box::new(memory.clone()),
            cache: Cache::new(None),
            mirror: RefCell::default(),
            site: Site::Memory(memory.clone()),
            seat: Seat::Outside,
        }
    }

    /// The newest state, with the features that `load` names.
    ///
    /// # Errors
    /// Damaged, if the ref is not where this clone left it; what is wrong inside the tree is in
    /// [`View::problems`] instead.
    pub fn view(&self, load: &Load) -> Result<Arc<View>> {
        let snapshot = self.checked()?;
        self.view_at(&snapshot, load)
    }

    /// The newest state, which must follow from what this clone knows.
    pub(super) fn checked(&self) -> Result<Snapshot> {
        // Known before read: the state may have moved on meanwhile, but never back.
        let known = match &self.site {
            Site::Local(local) => local.journal.borrow().newest()?,
            Site::Memory(_) => None,
        };
        let snapshot = self.backend.read()?;
        if let Some(known) = known {
            journal::check(self.backend.as_ref(), &known, snapshot.tip())?;
        }
        Ok(snapshot)
    }

    pub(super) fn view_at(&self, snapshot: &Snapshot, load: &Load) -> Result<Arc<View>> {
        let source = (self.backend.as_ref(), &self.cache);
        let mut mirror = self.mirror.borrow_mut();
        match self.elsewhere()? {
            Some(me) => mirror.shown(snapshot, (load, &me), source),
            None => mirror.view(snapshot, load, source),
        }
    }

    /// What was granted in the state of a commit, with all features that wait for more.
    pub(super) fn confirmed_at(&self, tip: &Oid, tree: &Oid) -> Result<Arc<View>> {
        self.rights_at(tip, tree, &Load::Briefs)
    }

    /// The same with every feature.
    pub(super) fn everything_at(&self, tip: &Oid, tree: &Oid) -> Result<Arc<View>> {
        self.rights_at(tip, tree, &Load::All)
    }

    /// The same with these features.
    pub(super) fn features_at(
        &self,
        tip: &Oid,
        tree: &Oid,
        ids: Vec<FeatureId>,
    ) -> Result<Arc<View>> {
        self.rights_at(tip, tree, &Load::Features(ids))
    }

    fn rights_at(&self, tip: &Oid, tree: &Oid, load: &Load) -> Result<Arc<View>> {
        let snapshot = Snapshot::new(Some((tip.clone(), tree.clone())));
        let source = (self.backend.as_ref(), &self.cache);
        self.mirror.borrow_mut().confirmed(&snapshot, load, source)
    }

    /// This clone's id, where the authority is elsewhere and this clone may have something
    /// waiting for it.
    pub(super) fn elsewhere(&self) -> Result<Option<ActorId>> {
        match &self.site {
            Site::Local(local) if local.remote.is_some() => actor::read(&local.wp),
            Site::Local(_) | Site::Memory(_) => Ok(None),
        }
    }

    /// Makes the changes that are asked for, in order, each on the state that includes the ones
    /// before it. Waits at most `wp.lockSeconds` for others.
    ///
    /// A transaction that took effect before is accepted again without effect.
    ///
    /// # Errors
    /// The machine failed, the state is damaged, or somebody held the lock for too long. What was
    /// acknowledged before is safe; [`Store::find_txn`] tells about the rest.
    pub fn submit(&self, requests: Vec<Request>) -> Result<Vec<Result<Accepted, Refusal>>> {
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        if let Seat::Room { attempt } = &self.seat {
            self.leave(attempt, &requests)?;
            return Ok(requests.iter().map(|_| Ok(Accepted::Queued)).collect());
        }
        self.transact(&requests)
    }

    /// The newest commit of the state; `None` while there is none.
    pub fn tip(&self) -> Result<Option<Oid>> {
        Ok(self.backend.read()?.tip().cloned())
    }

    /// Writes bytes that a request will name in `needs`: a plan, a summary.
    pub fn put_blob(&self, bytes: &[u8]) -> Result<Oid> {
        self.backend.put_blob(bytes)
    }

    /// The bytes of a published plan.
    pub fn plan_bytes(&self, feature: &FeatureId, plan: &ContentHash) -> Result<Option<Vec<u8>>> {
        let view = self.view(&Load::Features(vec![feature.clone()]))?;
        let origin = view.features.get(feature).and_then(|f| f.plans.get(plan));
        let Some(origin) = origin else {
            return Ok(None);
        };
        let bytes = self.backend.blob(&origin.blob)?;
        if ContentHash::of(&bytes) != *plan {
            let room = FeatureRoom::of(feature);
            let message = format!("`{}` does not hold what was approved", room.plan(plan));
            return Err(Error::damaged("plan", message).hint("git wp doctor"));
        }
        Ok(Some(bytes))
    }

    /// The bytes of a blob that a record names, for instance a run's summary.
    pub fn blob(&self, oid: &Oid) -> Result<Vec<u8>> {
        self.backend.blob(oid)
    }

    /// The newest transactions, newest first, at most `limit`.
    pub fn history(&self, limit: usize) -> Result<Vec<Change>> {
        let mut found = Vec::new();
        let tip = self.tip()?;
        chain(self.backend.as_ref(), tip, |commit| {
            let mut changes = message::changes(commit);
            changes.reverse();
            found.extend(changes);
            found.len() < limit
        })?;
        found.truncate(limit);
        Ok(found)
    }

    /// The commit that recorded a transaction, however old; `None` if it never took effect.
    pub fn find_txn(&self, txn: &TxnId) -> Result<Option<Oid>> {
        let mut found = None;
        let tip = self.tip()?;
        chain(self.backend.as_ref(), tip, |commit| {
            if message::txns(commit).contains(txn) {
                found = Some(commit.oid.clone());
            }
            found.is_none()
        })?;
        Ok(found)
    }

    /// The folder of our local files; `None` in memory.
    pub fn local_dir(&self) -> Option<&Path> {
        match &self.site {
            Site::Local(local) => Some(&local.wp),
            Site::Memory(_) => None,
        }
    }

    /// The ref that holds the state; `None` in memory.
    pub fn state_ref(&self) -> Option<&RefName> {
        match &self.site {
            Site::Local(local) => Some(local.git.name()),
            Site::Memory(_) => None,
        }
    }
}
