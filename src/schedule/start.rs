//! Which packages start now: the longest remaining path first, then priority, then file order.

use std::cmp::Reverse;

use crate::base::{ContentHash, PackageId};
use crate::schedule::agenda::Item;
use crate::schedule::choose::Known;
use crate::schedule::decision::Decision;
use crate::schedule::input::{Duties, Input, IntegratorSeen, OnError, Stop, Work};
use crate::schedule::picture::Picture;
use crate::schedule::review::FIX;
use crate::schedule::stage::{self, Phase, Stage};
use crate::schedule::why::Why;
use crate::schedule::{begin, choose, contention};
use crate::state::questions;

/// Decides for every package that nobody holds.
pub(super) fn ready(picture: &mut Picture<'_>) {
    let mut idle: Vec<(&Item, u32)> = picture
        .input
        .agenda
        .items()
        .iter()
        .filter_map(|item| match picture.stage(&item.id) {
            Some(Stage::Idle { number }) => Some((item, *number)),
            _ => None,
        })
        .collect();
    let input = picture.input;
    idle.sort_by_cached_key(|(item, _)| (Reverse(item.rank), item.priority, turn(&input, item)));
    let known = Known::of(&input);
    for (item, number) in idle {
        let package = item.id.clone();
        let decision = match starter(picture, &known, item) {
            Ok(agent) => Decision::Start {
                package,
                number,
                beginning: begin::beginning(&input, item, &agent),
                agent,
            },
            Err(why) => Decision::Wait { package, why },
        };
        picture.push(decision);
    }
}

/// The turn among packages that matter equally: file order, or, where several clones choose at the
/// same moment, an order of each clone's own, so that they do not all ask for the same one.
fn turn(input: &Input<'_>, item: &Item) -> Option<ContentHash> {
    let alone = input.observed.integrator == IntegratorSeen::NotNeeded;
    let own = || ContentHash::of(format!("{} {}", input.options.actor, item.id).as_bytes());
    (!alone).then(own)
}

/// The agent that starts the package now, or why none does.
fn starter(picture: &Picture<'_>, known: &Known<'_>, item: &Item) -> Result<String, Why> {
    let obstacle = asked(picture, item)
        .or_else(|| dependencies(picture, item))
        .or_else(|| forbidden(picture, item));
    if let Some(why) = obstacle {
        return Err(why);
    }
    let agent = match picture.input.options.duties {
        // Who starts nothing has no agent to choose.
        Duties::Integrate => String::new(),
        Duties::All | Duties::Work => choose::agent(&picture.input, known, item)?.agent.clone(),
    };
    let obstacle = stopped_after(picture)
        .or_else(|| choose::spent(&picture.input, known, item))
        .or_else(|| contention::obstacle(picture, item))
        .or_else(|| crowded(picture, item));
    obstacle.map_or(Ok(agent), Err)
}

/// What the caller of the run asked for.
fn asked(picture: &Picture<'_>, item: &Item) -> Option<Why> {
    let options = picture.input.options;
    if options.duties == Duties::Work && !picture.input.is_open() {
        return Some(Why::RunOver);
    }
    if !picture.selected(item) {
        return Some(Why::NotSelected);
    }
    if picture.input.observed.replanned {
        return Some(Why::Replanned);
    }
    (picture.input.observed.stop != Stop::No).then_some(Why::Stopping)
}

fn dependencies(picture: &Picture<'_>, item: &Item) -> Option<Why> {
    let missing = item.after.iter().filter(|id| !picture.is_merged(id));
    let missing: Vec<PackageId> = missing.cloned().collect();
    if missing.is_empty() {
        return unreviewed(picture, item);
    }
    let dead = missing.iter().find(|id| is_dead(picture, id, 0));
    if let Some(dead) = dead {
        return Some(Why::Blocked(dead.clone()));
    }
    let only = picture.input.options.only.as_ref();
    let left_out: Vec<PackageId> = missing
        .iter()
        .filter(|id| only.is_some_and(|only| !only.contains(id)))
        .cloned()
        .collect();
    Some(match left_out.is_empty() {
        false => Why::SelectedWithout(left_out),
        true => Why::Needs(missing),
    })
}

/// What it grows on has to be reviewed first, unless it is there to answer that very review.
fn unreviewed(picture: &Picture<'_>, item: &Item) -> Option<Why> {
    if picture.input.agenda.sprout(&item.id) == Some(FIX) {
        return None;
    }
    let open = item.after.iter().filter(|id| !picture.is_reviewed(id));
    let open: Vec<PackageId> = open.cloned().collect();
    (!open.is_empty()).then_some(Why::Unreviewed(open))
}

/// Chains longer than this are cut; a plan has at most as many packages.
const DEPTH_MAX: usize = 64;

/// True if the package will not be merged in this run.
fn is_dead(picture: &Picture<'_>, id: &PackageId, depth: usize) -> bool {
    match picture.stage(id) {
        Some(Stage::Failed { .. } | Stage::Cancelled { .. }) | None => true,
        Some(Stage::Idle { .. }) if depth < DEPTH_MAX => {
            let item = picture.input.agenda.get(id);
            let mut after = item.into_iter().flat_map(|item| &item.after);
            after.any(|id| is_dead(picture, id, depth + 1))
        }
        Some(_) => false,
    }
}

/// What people forbid.
fn forbidden(picture: &Picture<'_>, item: &Item) -> Option<Why> {
    let input = &picture.input;
    let paused = stage::paused(input.records(), &item.id);
    let paused = paused.or_else(|| contention::pause_lock(input));
    let asked = || questions::obstacle(input.records(), &item.id);
    let asked = || asked().map(|question| Why::Asked(question.words()));
    paused.map(Why::OnHold).or_else(asked)
}

/// The package after whose failure the run was told to stop.
fn stopped_after(picture: &Picture<'_>) -> Option<Why> {
    let input = &picture.input;
    if input.options.on_error == OnError::Continue {
        return None;
    }
    let failed = |id: &&PackageId| matches!(picture.stage(id), Some(Stage::Failed { .. }));
    let mut ids = input.agenda.items().iter().map(|item| &item.id);
    ids.find(failed).cloned().map(Why::StoppedAfter)
}

fn crowded(picture: &Picture<'_>, item: &Item) -> Option<Why> {
    if picture.input.options.duties == Duties::Integrate {
        return Some(Why::ForWorkers);
    }
    if picture.input.observed.tip.is_none() {
        return Some(Why::NoBase);
    }
    if let Some(why) = picture.input.observed.refused.get(&item.id) {
        return Some(Why::Refused(why.clone()));
    }
    (picture.places() <= verifying(picture)).then_some(Why::Places)
}

/// Attempts of this process that will need a place for their verification: finished work comes
/// before new work, also while its gate is still looking.
fn verifying(picture: &Picture<'_>) -> usize {
    let observed = picture.input.observed;
    let waits = |stage: &&Stage<'_>| match stage {
        Stage::Held { grant, phase, .. } => {
            let id = &grant.attempt;
            let verify = Work::Verify(id.clone());
            observed.mine.contains(id)
                && matches!(phase, Phase::Ungated | Phase::Unverified)
                && !picture.busy(&verify)
                && !observed.given_up.contains(&verify)
        }
        _ => false,
    };
    picture.stages.values().filter(waits).count()
}
