//! What an authority makes of the requests that wait for it. Pure.
//!
//! The same function is used twice. On what a clone knows it tells what everybody in that clone
//! sees meanwhile, marked as tentative; on the authority's newest state it makes the rights that
//! are pushed. Whoever loses the push throws them away and settles again.

use crate::base::{ActorId, AttemptId, FeatureId, PackageId};
use crate::model::EndReason;
use crate::state::codec::decode;
use crate::state::evaluate::evaluate;
use crate::state::filed::Filed;
use crate::state::layout::{
    self, Class, FeatureRoom, FeatureSlot, LockRoom, LockSlot, PackageRoom, PackageSlot, Slot,
};
use crate::state::record::{Body, By, End, Grant, Record, Ruling};
use crate::state::refusal::Refusal;
use crate::state::request::{Op, Request};
use crate::state::view::{FeatureBrief, LockView, PackageView, Tentative, View};

/// What became of the waiting requests of one clone.
#[derive(Debug, Clone)]
pub struct Settled {
    /// The rights they come to, in the order in which they were made.
    pub rights: Vec<Record>,
    /// One for every request: that it was granted, or why not.
    pub rulings: Vec<Record>,
    /// The same for people.
    pub verdicts: Vec<Verdict>,
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
        let judged = may_land(&self.view, &request).and_then(|()| evaluate(&self.view, &request));
        let (records, refused) = match judged {
            Ok(records) => (records, None),
            Err(refusal) => (self.superseded(&request, &refusal), Some(refusal)),
        };
        self.view.apply(&records);
        let rights = records.into_iter().filter(is_right);
        self.rights.extend(rights);
        self.rulings.extend(self.ruling(&request, refused.clone()));
        self.verdicts.push(Verdict { request, refused });
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
            _ => return Vec::new(),
        };
        Record::json(path, &end).into_iter().collect()
    }

    fn ruling(&self, request: &Request, refused: Option<Refusal>) -> Option<Record> {
        let authority = &self.view.authority.as_ref()?.id;
        let path = match room(&request.op)? {
            Room::Feature(room) => room.ruling(authority, &request.txn),
            Room::Lock(room) => room.ruling(authority, &request.txn),
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
    confirmed(view, &request.op)?;
    may_land(view, request)?;
    let (rights, mut facts): (Vec<Record>, Vec<Record>) =
        evaluate(view, request)?.into_iter().partition(is_right);
    if !rights.is_empty() {
        let waiting = view.pending(&request.actor);
        let filed = Filed {
            seq: waiting
                .last()
                .map_or(0, |filed| filed.seq + 1)
                .max(millis(request)),
            displaces: view.displaced(&request.op),
            request: request.clone(),
        };
        let path = match room(&request.op) {
            Some(Room::Feature(room)) => room.filed(&request.actor, &request.txn),
            Some(Room::Lock(room)) => room.filed(&request.actor, &request.txn),
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
    match op {
        Op::Land { feature, land } => {
            if view.tentative.integrators.contains(feature) {
                return provisional("the right to merge".to_owned());
            }
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

impl View {
    /// Requests of `me` on which the authority has not ruled, oldest first.
    pub fn pending(&self, me: &ActorId) -> Vec<Filed> {
        let features = self.briefs.values().flat_map(|brief| brief.pending.clone());
        let locks = self.locks.values().flat_map(LockView::pending);
        let mut all: Vec<Filed> = features.chain(locks).collect();
        all.retain(|filed| filed.request.actor == *me);
        all.sort_by(|a, b| (a.seq, &a.request.txn).cmp(&(b.seq, &b.request.txn)));
        all
    }

    /// True if some request waits for the authority, so that an overlay differs from this view.
    pub fn has_pending(&self) -> bool {
        let waits = |brief: &FeatureBrief| !brief.pending.is_empty();
        self.briefs.values().any(waits) || self.locks.values().any(|l| !l.pending().is_empty())
    }

    /// Takes rights that this clone only hopes for.
    pub fn apply_tentative(&mut self, rights: &[Record]) {
        self.apply(rights);
        for record in rights {
            self.note_tentative(record);
        }
    }

    fn note_tentative(&mut self, record: &Record) {
        let feature = |room: &FeatureRoom| self.briefs.keys().find(|id| room.is_of(id)).cloned();
        match layout::parse(&record.path) {
            Some(Slot::Feature(room, FeatureSlot::Land(_, n))) => {
                let land = feature(&room).map(|id| (id, n));
                self.tentative.lands.extend(land);
            }
            Some(Slot::Feature(room, FeatureSlot::Integrator(..))) => {
                let id = feature(&room);
                self.tentative.integrators.extend(id);
            }
            Some(Slot::Package(room, package, PackageSlot::Accept(_))) => {
                let accept = feature(&room).and_then(|id| {
                    let packages = &self.features.get(&id)?.packages;
                    let package = packages.keys().find(|p| package.is_of(p))?.clone();
                    Some((id, package))
                });
                self.tentative.accepts.extend(accept);
            }
            Some(
                Slot::Package(_, _, PackageSlot::Grant(..)) | Slot::Lock(_, LockSlot::Grant(..)),
            ) => {
                let Body::Json(bytes) = &record.body else {
                    return;
                };
                let grant = decode::<Grant>(bytes).ok();
                self.tentative.grants.extend(grant.map(|g| g.attempt));
            }
            _ => {}
        }
    }

    /// The live grant of a package, or of a lock, that the request is about to take over.
    fn displaced(&self, op: &Op) -> Option<AttemptId> {
        match op {
            Op::Claim(claim) => {
                let steal = claim.steal.as_ref()?;
                let package = self.package(&claim.attempt.feature, &claim.attempt.package)?;
                let grant = package.grants.get(&steal.epoch)?;
                Some(grant.attempt.clone())
            }
            Op::LockAcquire { key, steal, .. } => {
                let grant = self.locks.get(key)?.grants.get(&steal.as_ref()?.epoch)?;
                Some(grant.attempt.clone())
            }
            _ => None,
        }
    }

    fn package(&self, feature: &FeatureId, package: &PackageId) -> Option<&PackageView> {
        self.features.get(feature)?.packages.get(package)
    }
}

/// The request as it reads now: what was granted in between may have got another epoch than it
/// had when this clone could only hope for it. An attempt is granted at most once, so its id
/// fences as well as its epoch does.
fn current(view: &View, filed: &Filed) -> Request {
    let mut request = filed.request.clone();
    match &mut request.op {
        Op::End {
            feature,
            package,
            attempt,
            epoch,
            ..
        } => {
            let package = view.package(feature, package);
            let known = package.and_then(|p| p.attempts.get(attempt)?.epoch);
            *epoch = known.unwrap_or(*epoch);
        }
        Op::Claim(claim) => {
            let package = view.package(&claim.attempt.feature, &claim.attempt.package);
            let held = |id: &AttemptId| package?.attempts.get(id)?.epoch;
            if let (Some(steal), Some(id)) = (&mut claim.steal, &filed.displaces) {
                steal.epoch = held(id).unwrap_or(steal.epoch);
            }
        }
        Op::LockAcquire { key, steal, .. } => {
            let grants = view.locks.get(key).map(|lock| &lock.grants);
            let held = |id: &AttemptId| {
                let mut all = grants?.values();
                all.find(|g| g.attempt == *id).map(|g| g.epoch)
            };
            if let (Some(steal), Some(id)) = (steal, &filed.displaces) {
                steal.epoch = held(id).unwrap_or(steal.epoch);
            }
        }
        _ => {}
    }
    request
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
}

fn room(op: &Op) -> Option<Room> {
    match op {
        Op::LockAcquire { key, .. } | Op::LockRelease { key, .. } => {
            Some(Room::Lock(LockRoom::of(key)))
        }
        _ => op.feature().map(|id| Room::Feature(FeatureRoom::of(id))),
    }
}
