//! What debuggers did: which failure each of them set out to repair, what it tried, and what came
//! of that.

use std::fmt::Write as _;

use serde::Serialize;

use crate::base::PackageId;
use crate::base::text::foreign;
use crate::model::{EndReason, Mode};
use crate::report::summary::markdown::{code, heading, inline};
use crate::report::summary::{Sources, Summary};
use crate::schedule::begin;
use crate::state::view::{AttemptView, PackageView};

/// One debugger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RepairRow {
    /// The package.
    pub package: PackageId,
    /// The number of the attempt.
    pub number: u32,
    /// The agent.
    pub agent: String,
    /// What had failed, in a line.
    pub failure: String,
    /// `repaired`, why its attempt ended, or `working`.
    pub outcome: String,
    /// How it ended, in a line; empty if it repaired the package.
    pub note: String,
    /// What it supposed and tried, in its own words.
    pub hypotheses: Option<String>,
}

/// In file order.
pub(super) fn rows(sources: &Sources<'_>) -> Vec<RepairRow> {
    let mut rows = Vec::new();
    for package in &sources.plan.packages {
        let view = sources.feature.packages.get(&package.id);
        let attempts = view.map(|view| (view, view.in_order()));
        for (view, attempt) in attempts
            .iter()
            .flat_map(|(v, all)| all.iter().map(move |a| (v, a)))
        {
            if attempt.attempt.mode == Mode::Debug {
                rows.push(row(view, attempt));
            }
        }
    }
    rows
}

fn row(package: &PackageView, attempt: &AttemptView) -> RepairRow {
    let of = &attempt.attempt;
    let before =
        |other: &AttemptView| other.attempt.run == of.run && other.attempt.number < of.number;
    let failed = begin::to_repair(package, before);
    let failure = failed.and_then(|(failed, _)| failed.end.as_ref());
    let (outcome, note) = match &attempt.end {
        None => ("working", String::new()),
        Some(end) if end.reason == EndReason::Completed => ("repaired", String::new()),
        Some(end) => (end.reason.as_str(), end.note.clone()),
    };
    let result = attempt.result.as_ref();
    RepairRow {
        package: of.package.clone(),
        number: of.number,
        agent: of.agent.clone(),
        failure: failure.map(|end| end.note.clone()).unwrap_or_default(),
        outcome: outcome.to_owned(),
        note,
        hypotheses: result.and_then(|result| result.hypotheses.clone()),
    }
}

/// Draws the section; nothing where there was nothing to repair.
pub(super) fn draw(out: &mut String, summary: &Summary) {
    if summary.repairs.is_empty() {
        return;
    }
    heading(out, "Repairs");
    for row in &summary.repairs {
        let (id, agent) = (code(row.package.as_str()), code(&row.agent));
        let (outcome, failure) = (inline(&row.outcome), inline(&row.failure));
        let _ = write!(out, "- `{id}` try {}, `{agent}`: {outcome}", row.number);
        if !row.note.is_empty() {
            let _ = write!(out, " ({})", inline(&row.note));
        }
        let _ = writeln!(out, "; to repair: {failure}");
        let said = row.hypotheses.as_deref().unwrap_or_default();
        if !said.is_empty() {
            out.push('\n');
        }
        for line in said.lines() {
            let _ = writeln!(out, "      {}", foreign(line));
        }
    }
}
