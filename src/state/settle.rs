//! What an authority makes of the requests that wait for it. Pure.
//!
//! The same function is used twice. On what a clone knows it tells what everybody in that clone
//! sees meanwhile, marked as tentative; on the authority's newest state it makes the rights that
//! are pushed. Whoever loses the push throws them away and settles again.

use crate::base::{ActorId, AttemptId};
use crate::model::EndReason;
use crate::state::current::{self, current, was_meant};
use crate::state::evaluate::evaluate;
use crate::state::filed::Filed;
use crate::state::layout::{self, Class, FeatureRoom, LockRoom, PackageRoom, TaskRoom};
use crate::state::record::{By, End, Record, Ruling};
use crate::state::refusal::Refusal;
use crate::state::request::{Op, Request};
use crate::state::task_claim;
use crate::state::view::{Tentative, View};

/// What became of the waiting requests of one clone.
#[derive(Debug, Clone)]
pub struct Settled {
    /// The rights they come to, in the order in which they were made.
    pub rights: Vec<Record>,
    /// One for every request that was judged: that it was granted, or why not.
    pub rulings: Vec<Record>,
    /// The same for people.
    pub verdicts: Vec<Verdict>,
    /// Requests that nobody can judge, because of a record that cannot be read: no verdict on
    /// them, they wait until that is repaired. With what is in the way.
    pub waiting: Vec<Verdict>,
    /// The view with those rights in it, the requests still waiting.
    pub view: View,
}

/// What became of one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The request.
    pub request: Request,
    /// Why it was refused; `None` if it was granted.
    pub refused: Option<Refusal>,
}

/// Rules on the waiting requests of `me`, oldest first.
///
/// All features with a waiting request must be loaded in `view`, which shows confirmed rights
/// only.
pub fn settle(view: &View, me: &ActorId) -> Settled {
    let mut settled = Settled {
        rights: Vec::new(),
        rulings: Vec::new(),
        verdicts: Vec::new(),
        waiting: Vec::new(),
        view: view.clone(),
    };
    for filed in view.pending(me) {
        settled.rule(&filed);
    }
    settled
}

impl Settled {
    fn rule(&mut self, filed: &Filed) {
        let request = current(&self.view, filed);
        let judged = match self.waits(&request) {
            Some(refusal) => Err(refusal),
            None => may_land(&self.view, &request)
                .and_then(|()| outlived(&self.view, &request))
                .and_then(|()| evaluate(&self.view, &request)),
        };
        let (records, refused) = match judged {
            Ok(mut records) => {
                records.retain(|record| was_meant(&self.view, filed, record));
                (records, None)
            }
            Err(refusal @ Refusal::Damaged { .. }) => {
                let refused = Some(refusal);
                self.waiting.push(Verdict { request, refused });
                return;
            }
            Err(refusal) => (self.superseded(&request, &refusal), Some(refusal)),
        };
        self.view.apply(&records);
        let rights = records.into_iter().filter(is_right);
        self.rights.extend(rights);
        self.rulings.extend(self.ruling(&request, refused.clone()));
        self.verdicts.push(Verdict { request, refused });
    }

    /// Why the request cannot be judged yet: one before it, in the same room, could not.
    fn waits(&self, request: &Request) -> Option<Refusal> {
        let place = |request: &Request| room(&request.op).map(Room::into_path);
        let here = place(request);
        let before = self.waiting.iter().find(|v| place(&v.request) == here);
        before.and_then(|verdict| verdict.refused.clone())
    }

    /// The end of a claim that was refused; nothing for other requests.
    fn superseded(&self, request: &Request, refusal: &Refusal) -> Vec<Record> {
        let Some(authority) = &self.view.authority else {
            return Vec::new();
        };
        let end = |attempt: &AttemptId| End {
            epoch: 0,
            attempt: attempt.clone(),
            reason: EndReason::Superseded,
            note: refusal.to_string(),
            by: by(request),
        };
        let (path, end) = match &request.op {
            Op::Claim(claim) => {
                let attempt = &claim.attempt;
                let feature = self.view.features.get(&attempt.feature);
                let package = feature.and_then(|f| f.packages.get(&attempt.package));
                let known = package.and_then(|p| p.attempts.get(&attempt.attempt));
                if known.is_none_or(|a| !a.waits()) {
                    return Vec::new();
                }
                let room = PackageRoom::of(&FeatureRoom::of(&attempt.feature), &attempt.package);
                let path = room.end(&authority.id, &attempt.attempt);
                (path, end(&attempt.attempt))
            }
            Op::LockAcquire { attempt, key, .. } => {
                let lock = self.view.locks.get(key);
                if lock.is_none_or(|l| !l.claims.contains_key(attempt) || !l.waits(attempt)) {
                    return Vec::new();
                }
                (LockRoom::of(key).end(&authority.id, attempt), end(attempt))
            }
            op => match task_claim::waiting_claim(&self.view, op) {
                Some((room, attempt)) => (room.end(&authority.id, attempt), end(attempt)),
                None => return Vec::new(),
            },
        };
        Record::json(path, &end).into_iter().collect()
    }

    fn ruling(&self, request: &Request, refused: Option<Refusal>) -> Option<Record> {
        let authority = &self.view.authority.as_ref()?.id;
        let path = match room(&request.op)? {
            Room::Feature(room) => room.ruling(authority, &request.txn),
            Room::Lock(room) => room.ruling(authority, &request.txn),
            Room::Task(room) => room.ruling(authority, &request.txn),
        };
        let ruling = Ruling {
            txn: request.txn.clone(),
            refused,
            by: by(request),
        };
        Record::json(path, &ruling).ok()
    }
}

/// What a clone whose authority is elsewhere makes of a request.
#[derive(Debug, Clone)]
pub struct Filing {
    /// What it records: facts, and the request itself if it needs a right.
    pub facts: Vec<Record>,
    /// What it shows meanwhile.
    pub rights: Vec<Record>,
}

impl Filing {
    /// Records that all count at once.
    pub fn of_facts(facts: Vec<Record>) -> Self {
        Filing {
            facts,
            rights: Vec::new(),
        }
    }

    /// True if everything asked for is there already.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }
}

/// Files a request: `view` is what this clone shows, tentative rights included.
///
/// # Errors
/// A refusal as far as this clone knows. Nothing is recorded then.
pub fn file(view: &View, request: &Request) -> Result<Filing, Refusal> {
    if view.authority.is_none() {
        return Err(Refusal::Unknown {
            what: "state here yet".to_owned(),
        });
    }
    let request = &task_claim::pinned(view, request);
    confirmed(view, &request.op)?;
    may_land(view, request)?;
    outlived(view, request)?;
    let (rights, mut facts): (Vec<Record>, Vec<Record>) =
        evaluate(view, request)?.into_iter().partition(is_right);
    if !rights.is_empty() {
        let waiting = view.pending(&request.actor);
        let next = waiting.last().map_or(0, |filed| filed.seq + 1);
        let filed = current::filed(view, next.max(millis(request)), request);
        let path = match room(&request.op) {
            Some(Room::Feature(room)) => room.filed(&request.actor, &request.txn),
            Some(Room::Lock(room)) => room.filed(&request.actor, &request.txn),
            Some(Room::Task(room)) => room.filed(&request.actor, &request.txn),
            None => {
                let why = "the request belongs to no room".to_owned();
                return Err(Refusal::Invalid { why });
            }
        };
        facts.push(Record::json(path, &filed)?);
    }
    Ok(Filing { facts, rights })
}

/// Requests of an authority that was rewound wait again, those of long ago among them.
fn millis(request: &Request) -> u64 {
    u64::try_from(request.at.millis()).unwrap_or(0)
}

/// A landing is built on confirmed rights only: what it moves cannot be taken back.
fn confirmed(view: &View, op: &Op) -> Result<(), Refusal> {
    let provisional = |what: String| Err(Refusal::Provisional { what });
    if let Op::Land { feature, .. } | Op::Landed { feature, .. } | Op::VoidLand { feature, .. } = op
        && view.tentative.integrators.contains(feature)
    {
        return provisional("the right to merge".to_owned());
    }
    match op {
        Op::Land { land, .. } => {
            let mut attempts = land.attempts.iter().map(|l| &l.attempt);
            match attempts.find(|id| view.tentative.grants.contains(*id)) {
                Some(id) => provisional(format!("attempt `{id}`")),
                None => Ok(()),
            }
        }
        Op::Landed { feature, n } => match view.tentative.lands.contains(&(feature.clone(), *n)) {
            true => provisional(format!("landing {n}")),
            false => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Where several machines share an authority, only the integrator lands.
fn may_land(view: &View, request: &Request) -> Result<(), Refusal> {
    let (Op::Land { feature, .. } | Op::Landed { feature, .. } | Op::VoidLand { feature, .. }) =
        &request.op
    else {
        return Ok(());
    };
    let known = view.features.get(feature);
    match known.and_then(|f| f.integrator()) {
        Some(live) if live.by.actor == request.actor => Ok(()),
        live => Err(Refusal::NotIntegrator {
            holder: live.map(|l| l.by.label.clone()),
            epoch: live.map_or(0, |l| l.epoch),
        }),
    }
}

/// A lock for an attempt that does not hold its package any more, or never did: nobody would give
/// it back.
fn outlived(view: &View, request: &Request) -> Result<(), Refusal> {
    let Op::LockAcquire { session, .. } = &request.op else {
        return Ok(());
    };
    let mut packages = view.features.values().flat_map(|f| f.packages.values());
    let ended = packages.find_map(|package| {
        let mut attempts = package.attempts.values();
        let known = attempts.find(|a| a.attempt.attempt.as_str() == session)?;
        known.end.as_ref().map(|_| (known, package.live()))
    });
    match ended {
        None => Ok(()),
        Some((known, live)) => Err(Refusal::Fenced {
            attempt: known.attempt.attempt.clone(),
            holder: live.map(|grant| grant.attempt.clone()),
        }),
    }
}

/// The view that a clone shows while its requests wait: what they come to as far as it knows.
pub fn overlay(view: &View, me: &ActorId) -> View {
    let settled = settle(view, me);
    let mut shown = settled.view;
    shown.tentative = Tentative::default();
    for record in &settled.rights {
        shown.note_tentative(record);
    }
    shown
}

fn is_right(record: &Record) -> bool {
    matches!(layout::class(&record.path), Some(Class::Right(_)))
}

fn by(request: &Request) -> By {
    By {
        actor: request.actor.clone(),
        label: request.label.clone(),
        at: request.at,
    }
}

/// The folder in which a request is filed and ruled on.
enum Room {
    Feature(FeatureRoom),
    Lock(LockRoom),
    Task(TaskRoom),
}

impl Room {
    fn into_path(self) -> String {
        match self {
            Room::Feature(room) => room.path().to_owned(),
            Room::Lock(room) => room.path().to_owned(),
            Room::Task(room) => room.path().to_owned(),
        }
    }
}

fn room(op: &Op) -> Option<Room> {
    let lock = op.lock().map(|key| Room::Lock(LockRoom::of(key)));
    let task = || op.task().map(|id| Room::Task(TaskRoom::of(id)));
    lock.or_else(task)
        .or_else(|| Some(Room::Feature(FeatureRoom::of(op.feature()?))))
}
