//! Landings: one at a time, the open one first.
//!
//! The integration ref and the state ref are two refs, so an intent stands between them. The
//! normal way and the recovery are the same three rules.

use crate::base::PackageId;
use crate::schedule::decision::{Decision, Holding};
use crate::schedule::gates::{self, GateState};
use crate::schedule::input::{Duties, IntegratorSeen, LandSeen, Stop, Work};
use crate::schedule::picture::Picture;
use crate::schedule::review::{ReviewPolicy, ReviewState};
use crate::schedule::stage::{self, Phase, Stage};
use crate::state::questions;

/// Decides who merges: asks for the right if it is needed and nobody who is alive has it.
pub(super) fn role(picture: &mut Picture<'_>) {
    let input = picture.input;
    if input.options.duties == Duties::Work || input.observed.stop != Stop::No || !input.is_open() {
        return;
    }
    let steal = match input.observed.integrator {
        IntegratorSeen::Free => None,
        IntegratorSeen::Elsewhere {
            epoch,
            expired: true,
            ..
        } => Some(epoch),
        IntegratorSeen::NotNeeded
        | IntegratorSeen::Mine
        | IntegratorSeen::Asked
        | IntegratorSeen::Elsewhere { expired: false, .. } => return,
    };
    picture.push(Decision::Integrate { steal });
}

/// Decides about the landing that is open.
pub(super) fn settle(picture: &mut Picture<'_>) {
    if !picture.input.may_integrate() {
        return;
    }
    let Some(land) = picture.input.records().open_land() else {
        return;
    };
    // Until the authority has confirmed it, it moves nothing.
    let name = (picture.input.feature.clone(), land.n);
    let is_tentative = picture.input.view.tentative.lands.contains(&name);
    if is_tentative || picture.input.observed.in_flight.contains(&Work::Swap) {
        return;
    }
    match picture.input.observed.land {
        Some(LandSeen::AtOld) => picture.push(Decision::Swap(Box::new(land.clone()))),
        Some(LandSeen::HoldsNew) => picture.push(Decision::Landed { n: land.n }),
        Some(LandSeen::Elsewhere) => picture.push(Decision::VoidLand {
            n: land.n,
            note: "the integration ref went another way".to_owned(),
        }),
        None => {}
    }
}

/// Decides which attempts are merged next.
pub(super) fn merge(picture: &mut Picture<'_>) {
    let observed = picture.input.observed;
    let open = picture.input.records().open_land().is_some() || !picture.input.may_integrate();
    let Some(tip) = &observed.tip else {
        return;
    };
    if open || observed.stop != Stop::No || picture.busy(&Work::Merge) || picture.busy(&Work::Swap)
    {
        return;
    }
    let items = picture.input.agenda.items();
    let holdings: Vec<Holding> = items
        .iter()
        .filter_map(|item| green(picture, &item.id))
        .collect();
    if !holdings.is_empty() {
        picture.push(Decision::Merge {
            holdings,
            onto: tip.clone(),
        });
    }
}

/// Decides which merged packages are reviewed now.
pub(super) fn review(picture: &mut Picture<'_>) {
    let input = picture.input;
    let held = !input.records().holds.is_empty() || super::contention::pause_lock(&input).is_some();
    if !input.may_integrate() || !input.is_open() || input.observed.stop != Stop::No || held {
        return;
    }
    for decision in gates(picture) {
        if !matches!(decision, Decision::Review(_)) || picture.places() > 0 {
            picture.push(decision);
        }
    }
    let due = picture.reviews.values().filter_map(|state| match state {
        ReviewState::Due(due) => Some(due.clone()),
        _ => None,
    });
    for due in due.collect::<Vec<_>>() {
        if picture.places() > 0 {
            picture.push(Decision::Review(Box::new(due)));
        }
    }
}

/// What is to be done about gates whose verdict is open.
fn gates(picture: &Picture<'_>) -> Vec<Decision> {
    let records = picture.input.records();
    let Some(policy) = ReviewPolicy::with_reviewers(records) else {
        return Vec::new();
    };
    let items = picture.input.agenda.items().iter().filter(|item| item.gate);
    let decisions = items.filter_map(|item| {
        let Some(Stage::Held {
            attempt: Some(attempt),
            phase: Phase::Awaiting(open),
            ..
        }) = picture.stage(&item.id)
        else {
            return None;
        };
        if open.iter().any(|step| step.step != gates::VERDICT) {
            return None;
        }
        match gates::state(records, &item.id, attempt, &policy) {
            GateState::Due(due) => Some(Decision::Review(Box::new(due))),
            GateState::Answered(passed, note) => Some(Decision::Answer {
                package: item.id.clone(),
                attempt: attempt.attempt.attempt.clone(),
                passed,
                note,
            }),
            GateState::ForAPerson => None,
        }
    });
    decisions.collect()
}

/// The holder of a package that may be merged now.
fn green(picture: &Picture<'_>, id: &PackageId) -> Option<Holding> {
    let Some(Stage::Held {
        grant,
        phase: Phase::Green,
        ..
    }) = picture.stage(id)
    else {
        return None;
    };
    let ending = picture
        .decisions
        .iter()
        .any(|d| matches!(d, Decision::End { holding, .. } if holding.attempt == grant.attempt));
    let paused = stage::paused(picture.input.records(), id).is_some()
        || super::contention::pause_lock(&picture.input).is_some()
        || questions::obstacle(picture.input.records(), id).is_some()
        // What this process knows of the plan is old: it may not be what is wanted any more.
        || picture.input.observed.replanned;
    // Who else holds it is done with it: everything is on record, and the landing protects it.
    let observed = picture.input.observed;
    let held = observed.supervised.contains(&grant.attempt) || picture.input.is_foreign(grant);
    let tentative = &picture.input.view.tentative.grants;
    let here = !observed.missing.contains(&grant.attempt);
    let free =
        held && here && !observed.busy_with(&grant.attempt) && !tentative.contains(&grant.attempt);
    (free && !ending && !paused).then(|| picture.holding(id, grant))
}
