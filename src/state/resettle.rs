//! Another authority, or the same after it was rewound: what becomes of rights that it does not
//! know. Pure.
//!
//! Epochs of two authorities never mix. A feature of which the other authority knows no right is
//! taken over with its history, under the new name, and what was live in it ends. Of any other
//! feature the authority's rights count, and attempts of this clone that it does not know are
//! superseded: kept, shown, and up to a person.

use std::collections::BTreeSet;

use crate::base::{ActorId, AttemptId};
use crate::model::EndReason;
use crate::state::join::Entries;
use crate::state::layout::{self, Class, FeatureRoom, LockRoom, PackageRoom};
use crate::state::record::{By, End, Record};
use crate::state::view::View;

/// Rights in `ours`, granted by `from`, of features of which `theirs` has no right by `to`; with
/// the paths they get there. Entries that are equal on both sides may be left out.
pub fn import(ours: &Entries, theirs: &Entries, (from, to): (&ActorId, &ActorId)) -> Entries {
    let right_of = |path: &str, who: &ActorId| match layout::class(path) {
        Some(Class::Right(by)) if by == *who => layout::feature_of(path),
        _ => None,
    };
    let known: BTreeSet<FeatureRoom> = theirs.keys().filter_map(|p| right_of(p, to)).collect();
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

/// Ends for what `imported` features hold, and for claims of this clone that no request asks for
/// any more. All features must be loaded.
pub fn close(view: &View, imported: &Entries, by: &By) -> Vec<Record> {
    let Some(authority) = view.authority.as_ref().map(|a| &a.id) else {
        return Vec::new();
    };
    let rooms: BTreeSet<FeatureRoom> = imported
        .keys()
        .filter_map(|path| layout::feature_of(path))
        .collect();
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
            if let Some(grant) = records.live().filter(|_| rooms.contains(&room)) {
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
    let records = ends.into_iter().map(|(path, end)| Record::json(path, &end));
    records.filter_map(Result::ok).collect()
}
