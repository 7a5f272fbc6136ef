//! What a run takes over from those before it, and what it leaves for those after it.

use crate::agent::Note;
use crate::base::{FeatureId, PackageId, Result};
use crate::commands::Context;
use crate::commands::verbs::handoffs::{self, Left};
use crate::commands::verbs::identity::{IdentityArgs, identity};
use crate::commands::verbs::memories;
use crate::engine::{Event, EventKind, RunReport};
use crate::model::PackageStatus;
use crate::report::view::StatusView;
use crate::store::{Load, Store};

/// Memories that prompts are given.
const MEMORIES_MAX: usize = 8;
/// Older ones are not worth the place.
const RELEVANCE_MIN: f64 = 0.05;

/// The last handoff of the feature and the memories that still matter, as data for prompts.
///
/// # Errors
/// The state cannot be read.
pub(super) fn recall(cx: &Context<'_>, store: &Store, feature: &FeatureId) -> Result<Vec<Note>> {
    let wanted = handoffs::Wanted {
        feature: Some(feature.clone()),
        limit: 1,
        ..handoffs::Wanted::default()
    };
    let mut notes = Vec::new();
    for handoff in handoffs::read(store, &wanted)? {
        notes.push(Note {
            from: handoff.origin(),
            kind: "handoff".to_owned(),
            text: handoff.text(),
        });
    }
    let wanted = memories::Wanted {
        min_relevance: RELEVANCE_MIN,
        limit: MEMORIES_MAX * 8,
        ..memories::Wanted::default()
    };
    let mut found = memories::recall(cx, store, &wanted)?;
    // What was learnt in this feature first; what belongs to another one, not at all.
    found.retain(|m| m.feature.as_ref().is_none_or(|f| f == feature));
    found.sort_by_key(|memory| memory.feature.is_none());
    for memory in found.into_iter().take(MEMORIES_MAX) {
        let mut text = memory.summary.clone();
        for lesson in &memory.lessons {
            text.push_str(&format!("\nso: {lesson}"));
        }
        notes.push(Note {
            from: memory.origin(),
            kind: format!("memory ({})", memory.event_type.as_str()),
            text,
        });
    }
    Ok(notes)
}

/// The event that says what was taken over; none if it is nothing.
pub(super) fn told(cx: &Context<'_>, feature: &FeatureId, notes: &[Note]) -> Option<Event> {
    let handoffs = notes.iter().filter(|note| note.kind == "handoff").count();
    let memories = notes.len() - handoffs;
    let mut event = EventKind::Recalled.of(feature, cx.now());
    event.text = match (handoffs, memories) {
        (0, 0) => return None,
        (0, n) => format!("{n} memories go into the prompts"),
        (_, 0) => "the last handoff goes into the prompts".to_owned(),
        (_, n) => format!("the last handoff and {n} memories go into the prompts"),
    };
    Some(event)
}

/// Leaves a handoff: how the run ended, and where every package stands.
///
/// # Errors
/// The state cannot be read or changed.
pub(super) fn leave(
    cx: &mut Context<'_>,
    (feature, report): (&FeatureId, Option<&RunReport>),
) -> Result<()> {
    let store = cx.store()?;
    let view = store.view(&Load::Features(vec![feature.clone()]))?;
    let Some(records) = view.features.get(feature) else {
        return Ok(());
    };
    let status = StatusView::of(feature, records);
    let of = |wanted: &[PackageStatus]| -> Vec<String> {
        let rows = status
            .packages
            .iter()
            .filter(|row| wanted.contains(&row.status));
        rows.map(|row| line(&row.id, row.status, &row.why))
            .collect()
    };
    let merged = of(&[PackageStatus::Merged]).len();
    let ending = match report {
        Some(report) if report.interrupted => "was interrupted".to_owned(),
        Some(report) => format!("ended: {}", report.result.as_str()),
        None => "broke off".to_owned(),
    };
    let rest: Vec<PackageStatus> = { status.packages.iter() }
        .map(|row| row.status)
        .filter(|s| !matches!(s, PackageStatus::Merged | PackageStatus::Running))
        .collect();
    let left = Left {
        feature: Some(feature.clone()),
        package: None,
        summary: format!(
            "the run of {feature} {ending}; {merged} of {} packages are merged",
            status.packages.len()
        ),
        completed: of(&[PackageStatus::Merged]),
        in_progress: of(&[PackageStatus::Running]),
        decisions: report.map(|r| r.warnings.clone()).unwrap_or_default(),
        next_steps: of(&rest),
        files: Vec::new(),
    };
    let who = identity(cx, &IdentityArgs::default())?;
    handoffs::write(cx, &store, (&left, &who)).map(drop)
}

fn line(id: &PackageId, status: PackageStatus, why: &str) -> String {
    match why.is_empty() {
        true => format!("{id}: {}", status.as_str()),
        false => format!("{id}: {}, {why}", status.as_str()),
    }
}
