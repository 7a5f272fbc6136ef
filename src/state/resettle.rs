//! Another authority, or the same after it was rewound: what becomes of rights that it does not
//! know. Pure.
//!
//! Epochs of two authorities never mix. A feature or a task of which the other authority knows no
//! right is taken over with its history, under the new name, and what was live in it ends. Of any
//! other the authority's rights count: what this clone held asks again, and whatever else it did
//! not know is superseded: kept, shown, and up to a person.

use std::collections::BTreeSet;

use crate::base::{ActorId, AttemptId, ContentHash, TxnId};
use crate::model::EndReason;
use crate::state::filed::Filed;
use crate::state::join::Entries;
use crate::state::layout::{self, Class, FeatureRoom, LockRoom, PackageRoom, Slot, TaskRoom};
use crate::state::record::{By, End, Grant, Record};
use crate::state::request::{Claim, Op, Request};
use crate::state::view::{AttemptView, FeatureView, View};

/// Rights in `ours`, granted by `from`, of features of which `theirs` has no right by `to`; with
/// the paths they get there. Entries that are equal on both sides may be left out.
pub fn import(ours: &Entries, theirs: &Entries, (from, to): (&ActorId, &ActorId)) -> Entries {
    let right_of = |path: &str, who: &ActorId| match layout::class(path) {
        Some(Class::Right(by)) if by == *who => whole(path),
        _ => None,
    };
    let known: BTreeSet<String> = theirs.keys().filter_map(|p| right_of(p, to)).collect();
    let mut taken = Entries::new();
    for (path, leaf) in ours {
        let room = right_of(path, from).filter(|room| !known.contains(room));
        if room.is_some() {
            let renamed = path.replacen(&format!("/rights/{from}/"), &format!("/rights/{to}/"), 1);
            taken.insert(renamed, leaf.clone());
        }
    }
    taken
}

/// Requests for what this clone holds in `before` and the authority of `after` does not know: it
/// waits again, and may be granted there. All features must be loaded in both.
pub fn ask_again(before: &View, after: &View, by: &By) -> Vec<Record> {
    let mut asked = Vec::new();
    for (id, feature) in &before.features {
        for (package, records) in &feature.packages {
            let held = records.live().and_then(|grant| {
                let known = records.attempts.get(&grant.attempt)?;
                (known.attempt.by.actor == by.actor).then_some((grant, known))
            });
            let Some((grant, known)) = held else { continue };
            let there = after.features.get(id).and_then(|f| f.packages.get(package));
            let there = there.and_then(|p| p.attempts.get(&grant.attempt));
            let waiting = after.pending(&by.actor);
            let is_asked = |f: &Filed| f.request.op.claims() == Some(&grant.attempt);
            if there.is_some_and(AttemptView::waits) && !waiting.iter().any(is_asked) {
                asked.extend(claim(feature, grant, known));
            }
        }
    }
    asked
}

/// The claim by which an attempt would get what it holds.
fn claim(feature: &FeatureView, grant: &Grant, known: &AttemptView) -> Option<Record> {
    let attempt = &known.attempt;
    let plan = feature.plans.get(&attempt.plan)?;
    let brief = plan.packages.iter().find(|b| b.id == attempt.package)?;
    let hash = ContentHash::of(attempt.attempt.as_str().as_bytes());
    let request = Request {
        txn: TxnId::parse(&format!("again{}", hash.short(20)))?,
        actor: attempt.by.actor.clone(),
        label: attempt.by.label.clone(),
        at: grant.by.at,
        needs: Vec::new(),
        op: Op::Claim(Box::new(Claim {
            attempt: attempt.clone(),
            locks: grant.locks.clone(),
            after: brief.after.clone(),
            lease_seconds: grant.lease_seconds,
            steal: None,
        })),
    };
    let path = FeatureRoom::of(&attempt.feature).filed(&request.actor, &request.txn);
    let filed = Filed {
        seq: u64::try_from(grant.by.at.millis()).unwrap_or(0),
        displaces: None,
        lifts: Vec::new(),
        request,
    };
    Record::json(path, &filed).ok()
}

/// Ends for what `imported` features hold, and for claims of this clone that no request asks for
/// any more. All features must be loaded.
pub fn close(view: &View, imported: &Entries, by: &By) -> Vec<Record> {
    let Some(authority) = view.authority.as_ref().map(|a| &a.id) else {
        return Vec::new();
    };
    let rooms: BTreeSet<String> = imported.keys().filter_map(|path| whole(path)).collect();
    let waiting = view.pending(&by.actor);
    let asked = |attempt: &AttemptId| {
        waiting
            .iter()
            .any(|filed| filed.request.op.claims() == Some(attempt))
    };
    let end = |epoch, attempt: &AttemptId, reason| End {
        epoch,
        attempt: attempt.clone(),
        reason,
        note: "another authority decides now".to_owned(),
        by: by.clone(),
    };
    let mut ends = Vec::new();
    for (id, feature) in &view.features {
        let room = FeatureRoom::of(id);
        for (package, records) in &feature.packages {
            let place = PackageRoom::of(&room, package);
            if let Some(grant) = records.live().filter(|_| rooms.contains(room.path())) {
                let end = end(grant.epoch, &grant.attempt, EndReason::Lost);
                ends.push((place.end(authority, &grant.attempt), end));
            }
            for (attempt, known) in &records.attempts {
                let mine = known.attempt.by.actor == by.actor;
                if mine && known.waits() && !asked(attempt) {
                    let end = end(0, attempt, EndReason::Superseded);
                    ends.push((place.end(authority, attempt), end));
                }
            }
        }
    }
    for (key, lock) in &view.locks {
        let open = lock
            .claims
            .values()
            .filter(|c| !c.intent && lock.waits(&c.attempt));
        for claim in open.filter(|c| c.by.actor == by.actor && !asked(&c.attempt)) {
            let end = end(0, &claim.attempt, EndReason::Superseded);
            ends.push((LockRoom::of(key).end(authority, &claim.attempt), end));
        }
    }
    let imported = |room: &TaskRoom| rooms.contains(room.path());
    for (attempt, room, reason, epoch) in open_tasks(view, &by.actor, (&imported, &asked)) {
        let end = end(epoch, &attempt, reason);
        ends.push((room.end(authority, &attempt), end));
    }
    let records = ends.into_iter().map(|(path, end)| Record::json(path, &end));
    records.filter_map(Result::ok).collect()
}

type Is<'a, T> = &'a dyn Fn(&T) -> bool;

type Open = (AttemptId, TaskRoom, EndReason, u32);

/// Claims of free-standing tasks that have to end: what taken over tasks hold, and what no request
/// of `me` asks for any more.
fn open_tasks(
    view: &View,
    me: &ActorId,
    (imported, asked): (Is<'_, TaskRoom>, Is<'_, AttemptId>),
) -> Vec<Open> {
    let mut open = Vec::new();
    for (id, task) in &view.tasks {
        let room = TaskRoom::of(id);
        if let Some((grant, _)) = task.live().filter(|_| imported(&room)) {
            let (attempt, epoch) = (grant.attempt.clone(), grant.epoch);
            open.push((attempt, room.clone(), EndReason::Lost, epoch));
        }
        let claims = task.claims.values().filter(|c| task.waits(&c.attempt));
        for claim in claims.filter(|c| c.by.actor == *me && !asked(&c.attempt)) {
            let attempt = claim.attempt.clone();
            open.push((attempt, room.clone(), EndReason::Superseded, 0));
        }
    }
    open
}

/// The folder of the feature or the task in which a right lies: what is taken over as a whole.
fn whole(path: &str) -> Option<String> {
    match layout::parse(path)? {
        Slot::Task(room, _) => Some(room.path().to_owned()),
        _ => layout::feature_of(path).map(|room| room.path().to_owned()),
    }
}
