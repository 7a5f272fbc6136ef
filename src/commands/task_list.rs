//! Lists of spec:parallel_execute: how far one is, from its plan and its records.

use std::collections::BTreeMap;

use crate::base::{PackageId, Result};
use crate::commands::Context;
use crate::commands::reading::{self, ValidPlan};
use crate::engine::{Job, RunReport};
use crate::model::{Format, PackageStatus};
use crate::report::spec_text::{Board, Completion, Span, Statuses, TaskList};
use crate::report::view::StatusView;
use crate::state::FeatureView;
use crate::store::{Load, Store};

/// The list that a plan is, if it is one.
pub(super) fn of(valid: &ValidPlan) -> Option<TaskList> {
    let outline = valid.outline.as_ref();
    let outline = outline.filter(|_| valid.plan.format == Format::SpecTasks)?;
    Some(TaskList::of(&valid.plan.feature.id, outline))
}

/// How far the list of a feature is; `None` if its plan is no list, or cannot be read any more.
///
/// # Errors
/// The state cannot be read.
pub(super) fn board(
    cx: &mut Context<'_>,
    store: &Store,
    shown: &StatusView,
) -> Result<Option<Board>> {
    if shown.format != Some(Format::SpecTasks) {
        return Ok(None);
    }
    let feature = &shown.feature;
    let view = store.view(&Load::Features(vec![feature.clone()]))?;
    let records = view.features.get(feature);
    let plan = match records.filter(|records| !records.plans.is_empty()) {
        Some(records) => reading::published(cx, store, (feature, records)),
        None => reading::valid(cx, Some(feature.as_str()), reading::Linear::Refused),
    };
    let list = plan.ok().and_then(|valid| of(&valid));
    let span = records.and_then(span);
    Ok(list.map(|list| Board::new(list, statuses(shown), span)))
}

/// What became of every package.
pub(super) fn statuses(shown: &StatusView) -> Statuses {
    let rows = shown.packages.iter();
    rows.map(|row| (row.id.clone(), row.status)).collect()
}

/// When the newest run was on.
fn span(records: &FeatureView) -> Option<Span> {
    let run = records.last_run()?;
    Some(Span {
        began: run.started.by.at,
        ended: run.ended.as_ref().map(|ended| ended.by.at),
    })
}

/// What a run made of every task of a list, and why not of the rest.
pub(super) fn completion(list: &TaskList, report: &RunReport, shown: &StatusView) -> Completion {
    let rows = shown.packages.iter().filter(|row| !row.why.is_empty());
    let rows = rows.map(|row| (row.id.clone(), row.why.clone()));
    let mut why: BTreeMap<PackageId, String> = rows.collect();
    let waits = report.waits.iter();
    why.extend(waits.map(|(id, why)| (id.clone(), why.to_string())));
    Completion::of(list, &statuses(shown), &why)
}

/// How far a list is when a run of it begins.
///
/// # Errors
/// The state cannot be read.
pub(super) fn begun(cx: &mut Context<'_>, list: &TaskList, job: &Job) -> Result<Board> {
    let load = Load::Features(vec![job.feature.clone()]);
    let view = cx.store()?.view(&load)?;
    let records = view.features.get(&job.feature);
    let shown = records.map(|records| StatusView::of(&job.feature, records));
    let mut statuses = shown.as_ref().map(statuses).unwrap_or_default();
    // What failed in earlier runs is tried again.
    statuses.retain(|_, status| *status != PackageStatus::Failed);
    let span = Span {
        began: job.started.by.at,
        ended: None,
    };
    Ok(Board::new(list.clone(), statuses, Some(span)))
}
