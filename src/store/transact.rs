//! A transaction: evaluate on one snapshot, swap, acknowledge.

use std::collections::BTreeMap;

use crate::base::{Error, Oid, Result, TxnId};
use crate::os::lock::{self, FileLock};
use crate::state::record::Body;
use crate::state::{Record, Refusal, Request, evaluate};
use crate::store::backend::{Batch, Snapshot, SwapError};
use crate::store::handle::{Accepted, Local, Site, Store, chain};
use crate::store::message;
use crate::store::mirror::Load;

/// How often a batch is evaluated again because something else than this program moved the ref.
const RACES_MAX: usize = 8;

/// One outcome per request, in order.
pub(super) type Outcomes = Vec<Result<Accepted, Refusal>>;

/// What a batch came to.
enum Round {
    Done(Outcomes),
    /// Somebody moved the ref without our lock.
    Raced,
}

impl Store {
    pub(super) fn transact(&self, requests: &[Request]) -> Result<Outcomes> {
        match &self.site {
            Site::Memory(memory) => {
                let _alone = memory.exclusive();
                self.rounds(requests, None)
            }
            Site::Local(local) => {
                let guard = lock::lock(&local.path("lock"), local.wait)?;
                self.lead(local, &guard, requests)
            }
        }
    }

    fn lead(&self, local: &Local, guard: &FileLock, own: &[Request]) -> Result<Outcomes> {
        local.git.clear_the_way(guard)?;
        self.rounds(own, Some(local))
    }

    /// Evaluates and swaps until nobody moves the ref in between.
    fn rounds(&self, requests: &[Request], local: Option<&Local>) -> Result<Outcomes> {
        for _ in 0..RACES_MAX {
            let snapshot = self.backend.read()?;
            if let Some(local) = local {
                let mut journal = local.journal.borrow_mut();
                journal.catch_up(self.backend.as_ref(), snapshot.tip())?;
            }
            let round = self.round(snapshot, requests, local);
            if let Ok(Round::Done(outcomes)) = round {
                return Ok(outcomes);
            }
            // What was applied did not become part of the state.
            self.mirror.borrow_mut().forget();
            round?;
        }
        let message = "something moves the ref of the state all the time";
        Err(Error::busy("contended", message))
    }

    fn round(
        &self,
        snapshot: Snapshot,
        requests: &[Request],
        local: Option<&Local>,
    ) -> Result<Round> {
        let mut mirror = self.mirror.borrow_mut();
        let source = (self.backend.as_ref(), &self.cache);
        let features = requests
            .iter()
            .filter_map(|r| r.op.feature().cloned())
            .collect();
        // The view itself is not kept: the mirror could not change it in place.
        drop(mirror.view(&snapshot, &Load::Features(features), source)?);
        let mut records: Vec<Record> = Vec::new();
        let mut granted: Vec<&Request> = Vec::new();
        let mut outcomes: Vec<Result<Option<Accepted>, Refusal>> = Vec::new();
        let mut here: BTreeMap<&TxnId, usize> = BTreeMap::new();
        for (i, request) in requests.iter().enumerate() {
            if let Some(first) = here.insert(&request.txn, i) {
                let same = outcomes[first].clone();
                outcomes.push(same);
                continue;
            }
            if let Some(commit) = self.known(&snapshot, request, local)? {
                outcomes.push(Ok(Some(Accepted::Committed(commit))));
                continue;
            }
            let judged = evaluate(mirror.current(), request);
            match self.with_objects(judged, request)? {
                Err(refusal) => outcomes.push(Err(refusal)),
                Ok(new) if new.is_empty() => outcomes.push(Ok(Some(Accepted::Unchanged))),
                Ok(new) => {
                    mirror.apply(&new);
                    records.extend(new);
                    granted.push(request);
                    outcomes.push(Ok(None));
                }
            }
        }
        let mut commit = None;
        if !granted.is_empty() {
            let batch = Batch {
                records: &records,
                message: &message::compose(&granted),
                by: &message::person(&granted),
                at: granted.iter().map(|r| r.at).max().unwrap_or(granted[0].at),
            };
            let new = match self.backend.swap(snapshot, &batch) {
                Ok(new) => new,
                Err(SwapError::Moved) => return Ok(Round::Raced),
                Err(SwapError::Failed(error)) => return Err(error),
            };
            if let (Some(local), Some(tip)) = (local, new.tip()) {
                let txns: Vec<TxnId> = granted.iter().map(|r| r.txn.clone()).collect();
                local.journal.borrow_mut().append(tip, &txns)?;
            }
            commit = new.tip().cloned();
            mirror.adopt(&new, &records, source)?;
        }
        let acknowledge = |outcome: Result<Option<Accepted>, Refusal>| {
            let committed = || {
                commit
                    .clone()
                    .map_or(Accepted::Unchanged, Accepted::Committed)
            };
            outcome.map(|accepted| accepted.unwrap_or_else(committed))
        };
        Ok(Round::Done(outcomes.into_iter().map(acknowledge).collect()))
    }

    /// The commit by which this very transaction took effect before.
    fn known(
        &self,
        snapshot: &Snapshot,
        request: &Request,
        local: Option<&Local>,
    ) -> Result<Option<Oid>> {
        let partial = match local {
            Some(local) => {
                let journal = local.journal.borrow();
                if let Some(commit) = journal.commit_of(&request.txn) {
                    return Ok(Some(commit.clone()));
                }
                journal.partial().is_some_and(|since| request.at < since)
            }
            None => true,
        };
        let mut found = None;
        if partial {
            chain(self.backend.as_ref(), snapshot.tip().cloned(), |commit| {
                let is_it = message::txns(commit).contains(&request.txn);
                found = is_it.then(|| commit.oid.clone());
                !is_it
            })?;
        }
        Ok(found)
    }

    /// Refuses what names an object that is not there.
    fn with_objects(
        &self,
        judged: Result<Vec<Record>, Refusal>,
        request: &Request,
    ) -> Result<Result<Vec<Record>, Refusal>> {
        let Ok(records) = &judged else {
            return Ok(judged);
        };
        let blobs = records.iter().filter_map(|record| match &record.body {
            Body::Blob(oid) => Some(oid),
            Body::Json(_) => None,
        });
        for oid in request.needs.iter().chain(blobs) {
            if !self.backend.has(oid)? {
                let oid = oid.clone();
                return Ok(Err(Refusal::MissingObject { oid }));
            }
        }
        Ok(judged)
    }
}
