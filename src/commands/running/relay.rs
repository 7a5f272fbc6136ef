//! What a run takes over from those before it, and what it leaves for those after it.

use crate::agent::Note;
use crate::base::text::count;
use crate::base::{AttemptId, FeatureId, Result};
use crate::commands::Context;
use crate::commands::verbs::handoffs::{self, Left};
use crate::commands::verbs::identity::{IdentityArgs, identity};
use crate::commands::verbs::memories;
use crate::engine::{Event, EventKind, RunReport};
use crate::model::PackageStatus;
use crate::report::view::StatusView;
use crate::schedule::revise;
use crate::state::FeatureView;
use crate::store::{Load, Store};

/// Memories that prompts are given.
const MEMORIES_MAX: usize = 8;
/// Older ones are not worth the place.
const RELEVANCE_MIN: f64 = 0.05;

/// The last handoff of the feature and the memories that still matter, as data for prompts.
///
/// # Errors
/// The state cannot be read.
pub(in crate::commands) fn recall(
    cx: &Context<'_>,
    store: &Store,
    feature: &FeatureId,
) -> Result<Vec<Note>> {
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
pub(in crate::commands) fn told(
    cx: &Context<'_>,
    feature: &FeatureId,
    notes: &[Note],
) -> Option<Event> {
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

/// How a process ended that worked on a feature.
#[derive(Debug, Clone, Copy)]
pub(in crate::commands) enum Ending<'a> {
    /// It says so itself; `None`: an error ended it.
    Told(Option<&'a RunReport>),
    /// It was killed: the records say what it left.
    Found,
}

/// Leaves a handoff: how the run ended, and where every package stands.
///
/// # Errors
/// The state cannot be read or changed.
pub(in crate::commands) fn leave(
    cx: &mut Context<'_>,
    (feature, ending): (&FeatureId, Ending<'_>),
) -> Result<()> {
    let store = cx.store()?;
    let view = store.view(&Load::Features(vec![feature.clone()]))?;
    let Some(records) = view.features.get(feature) else {
        return Ok(());
    };
    let status = StatusView::of(feature, records);
    let (word, decisions) = match ending {
        Ending::Told(Some(report)) if report.interrupted => {
            ("was interrupted".to_owned(), report.warnings.clone())
        }
        Ending::Told(Some(report)) => {
            let word = format!("ended: {}", report.result.as_str());
            (word, report.warnings.clone())
        }
        Ending::Told(None) => ("broke off".to_owned(), Vec::new()),
        Ending::Found => ("broke off: its process was killed".to_owned(), Vec::new()),
    };
    // What a revision of the plan meant for its packages is worth more than its number.
    let mut decisions = decisions;
    decisions.extend(revise::words(&revise::reuse(records)));
    let is_open = |s: PackageStatus| !matches!(s, PackageStatus::Merged | PackageStatus::Running);
    let merged = rows(&status, |s| s == PackageStatus::Merged);
    let left = Left {
        feature: Some(feature.clone()),
        package: None,
        summary: format!(
            "the run of {feature} {word}; {} of {} packages are merged",
            merged.len(),
            status.packages.len()
        ),
        completed: merged,
        in_progress: rows(&status, |s| s == PackageStatus::Running),
        decisions,
        next_steps: rows(&status, is_open),
        files: Vec::new(),
    };
    write(cx, &store, &left)
}

/// Leaves the handoff of a worker that tried these attempts.
///
/// # Errors
/// As [`leave`].
pub(in crate::commands) fn leave_work(
    cx: &mut Context<'_>,
    (feature, mine): (&FeatureId, &[AttemptId]),
    report: Option<&RunReport>,
) -> Result<()> {
    let store = cx.store()?;
    let view = store.view(&Load::Features(vec![feature.clone()]))?;
    let Some(records) = view.features.get(feature) else {
        return Ok(());
    };
    let status = StatusView::of(feature, records);
    let word = match report {
        Some(report) if report.interrupted => "was interrupted",
        Some(_) => "is done",
        None => "broke off",
    };
    let tried = attempts(&status, |id| mine.contains(id));
    let (over, open): (Vec<_>, Vec<_>) = tried.into_iter().partition(|(_, over)| *over);
    let line = |(line, _): (String, bool)| line;
    let left = Left {
        feature: Some(feature.clone()),
        summary: format!(
            "a worker on {feature} {word}; it made {}",
            count(mine.len(), "attempt")
        ),
        completed: over.into_iter().map(line).collect(),
        in_progress: open.into_iter().map(line).collect(),
        decisions: report.map(|r| r.warnings.clone()).unwrap_or_default(),
        next_steps: rows(&status, |s| s != PackageStatus::Merged),
        ..Left::default()
    };
    write(cx, &store, &left)
}

/// Leaves what is known of attempts whose process of this clone was killed.
///
/// # Errors
/// As [`leave`].
pub(super) fn leave_orphans(
    cx: &mut Context<'_>,
    (feature, records): (&FeatureId, &FeatureView),
    orphans: &[AttemptId],
) -> Result<()> {
    let status = StatusView::of(feature, records);
    let lines = attempts(&status, |id| orphans.contains(id)).into_iter();
    let left = Left {
        feature: Some(feature.clone()),
        summary: format!(
            "a process that worked on {feature} was killed; it left {}",
            count(orphans.len(), "attempt")
        ),
        in_progress: lines.map(|(line, _)| line).collect(),
        ..Left::default()
    };
    let store = cx.store()?;
    write(cx, &store, &left)
}

fn write(cx: &mut Context<'_>, store: &Store, left: &Left) -> Result<()> {
    let who = identity(cx, &IdentityArgs::default())?;
    handoffs::write(cx, store, (left, &who)).map(drop)
}

/// Packages that stand so, a line each.
fn rows(status: &StatusView, fits: impl Fn(PackageStatus) -> bool) -> Vec<String> {
    let rows = status.packages.iter().filter(|row| fits(row.status));
    rows.map(|row| match row.why.is_empty() {
        true => format!("{}: {}", row.id, row.status.as_str()),
        false => format!("{}: {}, {}", row.id, row.status.as_str(), row.why),
    })
    .collect()
}

/// Attempts, a line each, and whether they are over.
fn attempts(status: &StatusView, fits: impl Fn(&AttemptId) -> bool) -> Vec<(String, bool)> {
    let rows = status.packages.iter().flat_map(|package| {
        let rows = package.attempts.iter().map(|row| (&package.id, row));
        rows.filter(|(_, row)| fits(&row.id))
    });
    rows.map(|(package, row)| match &row.outcome {
        Some(outcome) => {
            let why = match row.reason.is_empty() {
                true => String::new(),
                false => format!(", {}", row.reason),
            };
            (
                format!("{package}: attempt {}: {outcome}{why}", row.id),
                true,
            )
        }
        None => {
            let (id, since, branch) = (&row.id, row.started, &row.branch);
            (
                format!("{package}: attempt {id}, since {since}, branch {branch}"),
                false,
            )
        }
    })
    .collect()
}
