//! What a killed process of this clone left without a word. The next one finds it in the records
//! and in locks that nobody holds any more, and leaves the handoff in its place.

use std::collections::BTreeSet;

use crate::base::text::count;
use crate::base::{ActorId, AttemptId, FeatureId, Result, Timestamp};
use crate::commands::running::relay::{self, Ending};
use crate::commands::verbs::handoffs::{self, HandoffInfo};
use crate::commands::{Context, rooms};
use crate::engine;
use crate::state::FeatureView;
use crate::store::{Load, Store};

/// Handoffs that are searched for a word about what was left.
const SEARCHED_MAX: usize = 256;

/// Notices what was left, warns of it, and leaves a handoff where nobody did.
///
/// # Errors
/// The state cannot be read or changed.
pub(in crate::commands) fn notice(
    cx: &mut Context<'_>,
    store: &Store,
    feature: &FeatureId,
) -> Result<()> {
    let view = store.view(&Load::Features(vec![feature.clone()]))?;
    let Some(records) = view.features.get(feature) else {
        return Ok(());
    };
    let wanted = handoffs::Wanted {
        feature: Some(feature.clone()),
        limit: SEARCHED_MAX,
        ..handoffs::Wanted::default()
    };
    let told = handoffs::read(store, &wanted)?;
    let orphans = orphans(cx, records)?;
    let fresh: Vec<AttemptId> = { orphans.iter() }
        .filter(|id| !told.iter().any(|handoff| names(handoff, id)))
        .cloned()
        .collect();
    if is_broken_off(cx, (feature, records), &told)? {
        let message =
            format!("the last run of `{feature}` was killed; it goes on from the records");
        cx.ui.warn("unfinished-run", &message);
        return relay::leave(cx, (feature, Ending::Found));
    }
    if !fresh.is_empty() {
        let left = count(fresh.len(), "attempt");
        let message = format!("a process that worked on `{feature}` was killed; it left {left}");
        cx.ui.warn("unfinished-work", &message);
        return relay::leave_orphans(cx, (feature, records), &fresh);
    }
    Ok(())
}

/// Attempts of processes of this clone that are gone.
fn orphans(cx: &mut Context<'_>, records: &FeatureView) -> Result<BTreeSet<AttemptId>> {
    let (me, repo) = (cx.actor()?, cx.repo()?);
    let mut orphans = BTreeSet::new();
    for grant in records.packages.values().filter_map(|p| p.live()) {
        if grant.by.actor == me && !rooms::is_supervised(&repo, grant)? {
            orphans.insert(grant.attempt.clone());
        }
    }
    Ok(orphans)
}

fn names(handoff: &HandoffInfo, attempt: &AttemptId) -> bool {
    let mut lines = handoff.in_progress.iter().chain(&handoff.completed_work);
    lines.any(|line| line.contains(attempt.as_str()))
}

/// True if this clone began the last run, nobody here goes on with it, and nothing was said since
/// it did something last.
fn is_broken_off(
    cx: &mut Context<'_>,
    (feature, records): (&FeatureId, &FeatureView),
    told: &[HandoffInfo],
) -> Result<bool> {
    let me = cx.actor()?;
    let Some(run) = records.last_run() else {
        return Ok(false);
    };
    let elsewhere = records.integrator().is_some_and(|live| live.by.actor != me);
    if run.ended.is_some() || run.started.by.actor != me || elsewhere {
        return Ok(false);
    }
    let since = last_move(records, &me).max(run.started.by.at);
    let is_told = told.iter().any(|handoff| handoff.created_at >= since);
    Ok(!is_told && !engine::is_run(&cx.repo()?, feature)?)
}

/// When this clone did something about the packages last.
fn last_move(records: &FeatureView, me: &ActorId) -> Timestamp {
    let attempts = { records.packages.values() }.flat_map(|p| p.attempts.values());
    let mine = attempts.filter(|a| a.attempt.by.actor == *me);
    let moves = mine.flat_map(|a| {
        let end = a.end.as_ref().map(|end| end.by.at);
        let result = a.result.as_ref().map(|result| result.at);
        [Some(a.attempt.by.at), end, result]
    });
    moves.flatten().max().unwrap_or(Timestamp::from_millis(0))
}
