//! A transaction: evaluate on one snapshot, swap, acknowledge.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::base::{Error, Oid, Result, TxnId};
use crate::os::lock::{self, FileLock};
use crate::state::record::Body;
use crate::state::settle::{self, Filing};
use crate::state::{Record, Refusal, Request, View, evaluate, layout};
use crate::store::backend::{Batch, Snapshot, SwapError, chain};
use crate::store::handle::{Accepted, Local, Site, Store};
use crate::store::message;
use crate::store::mirror::Load;
use crate::store::remembered::Remembered;
use crate::store::spool::{self, Ticket, Turn};

/// How often a batch is evaluated again because something else than this program moved the ref.
const RACES_MAX: usize = 8;
/// How often requests are left in the spool; each time others were served.
const ROUNDS_MAX: usize = 1000;

/// One outcome per request, in order.
pub(super) type Outcomes = Vec<Result<Accepted, Refusal>>;

/// What a batch came to.
enum Round {
    Done(Outcomes),
    /// Somebody moved the ref without our lock.
    Raced,
}

/// What the requests of a batch came to before the swap.
#[derive(Default)]
struct Judged<'a> {
    /// `None`: granted, to be acknowledged with the commit of the swap.
    outcomes: Vec<Result<Option<Accepted>, Refusal>>,
    granted: Vec<&'a Request>,
    records: Vec<Record>,
}

impl Store {
    pub(super) fn transact(&self, requests: &[Request]) -> Result<Outcomes> {
        let local = match &self.site {
            Site::Memory(memory) => {
                let _alone = memory.exclusive();
                return self.rounds(requests, None);
            }
            Site::Local(local) => local,
        };
        let path = local.path("lock");
        if let Some(guard) = lock::try_lock(&path)? {
            return self.lead(local, &guard, requests);
        }
        self.queue(local, &path, requests)
    }

    /// Leaves the requests for whoever holds the lock, until all have their answer.
    fn queue(&self, local: &Local, path: &Path, requests: &[Request]) -> Result<Outcomes> {
        let mut outcomes: Vec<Option<Result<Accepted, Refusal>>> = vec![None; requests.len()];
        for _ in 0..ROUNDS_MAX {
            let open: Vec<usize> = (0..requests.len())
                .filter(|i| outcomes[*i].is_none())
                .collect();
            if open.is_empty() {
                return Ok(outcomes.into_iter().flatten().collect());
            }
            let asked: Vec<Request> = open.iter().map(|i| requests[*i].clone()).collect();
            let base = self.tip()?;
            let ticket = Ticket::leave(&local.path("spool"), base.clone(), &asked)?;
            let answers = match ticket.wait(path, local.wait)? {
                Turn::Lead(guard) => {
                    let outcomes = self.lead(local, &guard, &asked)?;
                    outcomes.into_iter().map(Some).collect()
                }
                Turn::Taken => self.learn(&asked, base)?,
            };
            for (i, answer) in open.into_iter().zip(answers) {
                outcomes[i] = answer;
            }
        }
        Err(spool::starved())
    }

    /// What became of requests that somebody took along; `None`: ask again.
    fn learn(
        &self,
        requests: &[Request],
        base: Option<Oid>,
    ) -> Result<Vec<Option<Result<Accepted, Refusal>>>> {
        let snapshot = self.backend.read()?;
        let mut commits: BTreeMap<TxnId, Oid> = BTreeMap::new();
        chain(self.backend.as_ref(), snapshot.tip().cloned(), |commit| {
            let more = Some(&commit.oid) != base.as_ref();
            if more {
                let oid = || commit.oid.clone();
                commits.extend(message::txns(commit).into_iter().map(|txn| (txn, oid())));
            }
            more
        })?;
        let mut answers = Vec::with_capacity(requests.len());
        let mut view: Option<Arc<View>> = None;
        for request in requests {
            if let Some(commit) = commits.get(&request.txn) {
                answers.push(Some(Ok(Accepted::Committed(commit.clone()))));
                continue;
            }
            let view = match &view {
                Some(view) => view,
                None => view.insert(self.look(&snapshot, requests)?),
            };
            answers.push(match self.ask(view, request)? {
                Err(refusal) => Some(Err(refusal)),
                Ok(filing) if filing.is_empty() => Some(Ok(Accepted::Unchanged)),
                Ok(filing) => match self.with_objects(Ok(filing), request)? {
                    Err(refusal) => Some(Err(refusal)),
                    Ok(_) => None,
                },
            });
        }
        Ok(answers)
    }

    /// The view that requests are judged on.
    fn look(&self, snapshot: &Snapshot, requests: &[Request]) -> Result<Arc<View>> {
        let features = requests.iter().filter_map(|r| r.op.feature().cloned());
        let load = Load::Features(features.collect());
        self.view_at(snapshot, &load)
    }

    /// Holding the lock: takes along what waits, and answers the own requests.
    fn lead(&self, local: &Local, guard: &FileLock, own: &[Request]) -> Result<Outcomes> {
        let purpose = format!("{} {}", own[0].op.name(), own[0].op.target());
        guard.announce(&purpose, own[0].at);
        local.git.clear_the_way(guard)?;
        let taken = spool::collect(&local.path("spool"), &own[0].txn)?;
        let mut all = own.to_vec();
        all.extend(
            taken
                .iter()
                .flat_map(|t| t.waiting.requests.iter().cloned()),
        );
        let mut outcomes = self.rounds(&all, Some(local))?;
        spool::clear(&taken)?;
        outcomes.truncate(own.len());
        Ok(outcomes)
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
        // The view itself is not kept: the mirror could not change it in place.
        drop(self.look(&snapshot, requests)?);
        let judged = self.judge(&snapshot, requests, local)?;
        let mut commit = None;
        if !judged.granted.is_empty() {
            let Some(new) = self.publish(snapshot, &judged, local)? else {
                return Ok(Round::Raced);
            };
            commit = new.tip().cloned();
        }
        let acknowledge = |outcome: Result<Option<Accepted>, Refusal>| {
            let committed = || {
                commit
                    .clone()
                    .map_or(Accepted::Unchanged, Accepted::Committed)
            };
            outcome.map(|accepted| accepted.unwrap_or_else(committed))
        };
        Ok(Round::Done(
            judged.outcomes.into_iter().map(acknowledge).collect(),
        ))
    }

    /// Evaluates each request on the view that includes the records accepted before it.
    fn judge<'a>(
        &self,
        snapshot: &Snapshot,
        requests: &'a [Request],
        local: Option<&Local>,
    ) -> Result<Judged<'a>> {
        let mut mirror = self.mirror.borrow_mut();
        let mut all = Judged::default();
        let mut here: BTreeMap<&TxnId, usize> = BTreeMap::new();
        for (i, request) in requests.iter().enumerate() {
            if let Some(first) = here.insert(&request.txn, i) {
                let same = all.outcomes[first].clone();
                all.outcomes.push(same);
                continue;
            }
            if let Some(commit) = self.known(snapshot, request, local)? {
                all.outcomes.push(Ok(Some(Accepted::Committed(commit))));
                continue;
            }
            let judged = self.ask(mirror.current(), request)?;
            all.outcomes
                .push(match self.with_objects(judged, request)? {
                    Err(refusal) => Err(refusal),
                    Ok(new) if new.is_empty() => Ok(Some(Accepted::Unchanged)),
                    Ok(new) => {
                        mirror.file(&new);
                        all.records.extend(new.facts);
                        all.granted.push(request);
                        Ok(None)
                    }
                });
        }
        Ok(all)
    }

    /// What a request comes to here: records, or, where the authority is elsewhere, facts and the
    /// rights that this clone hopes for.
    fn ask(&self, view: &View, request: &Request) -> Result<Result<Filing, Refusal>> {
        let Site::Local(local) = &self.site else {
            return Ok(evaluate(view, request).map(Filing::of_facts));
        };
        let Some(remote) = &local.remote else {
            return Ok(evaluate(view, request).map(Filing::of_facts));
        };
        let filing = settle::file(view, request);
        match filing {
            Ok(filing) if !filing.rights.is_empty() => {
                let frozen = Remembered::load(&local.wp, remote)?.frozen;
                Ok(match frozen {
                    Some(why) => Err(Refusal::Damaged {
                        path: layout::AUTHORITY.to_owned(),
                        why,
                    }),
                    None => Ok(filing),
                })
            }
            other => Ok(other),
        }
    }

    /// Swaps the ref against the snapshot that was judged on; `None` if it moved.
    fn publish(
        &self,
        snapshot: Snapshot,
        judged: &Judged<'_>,
        local: Option<&Local>,
    ) -> Result<Option<Snapshot>> {
        let granted = &judged.granted;
        let batch = Batch {
            records: &judged.records,
            message: &message::compose(granted),
            by: &message::person(granted),
            at: granted.iter().map(|r| r.at).max().unwrap_or(granted[0].at),
        };
        let new = match self.backend.swap(snapshot, &batch) {
            Ok(new) => new,
            Err(SwapError::Moved) => return Ok(None),
            Err(SwapError::Failed(error)) => return Err(error),
        };
        if let (Some(local), Some(tip)) = (local, new.tip()) {
            let txns: Vec<TxnId> = granted.iter().map(|r| r.txn.clone()).collect();
            local.journal.borrow_mut().append(tip, &txns)?;
        }
        let source = (self.backend.as_ref(), &self.cache);
        self.mirror
            .borrow_mut()
            .adopt(&new, &judged.records, source)?;
        Ok(Some(new))
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
        judged: Result<Filing, Refusal>,
        request: &Request,
    ) -> Result<Result<Filing, Refusal>> {
        let Ok(filing) = &judged else {
            return Ok(judged);
        };
        let blobs = filing.facts.iter().filter_map(|record| match &record.body {
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
