//! The progress block: how far the list is, what runs, what is complete, what failed.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::base::text::foreign;
use crate::base::{PackageId, Timestamp, time};
use crate::model::{ItemKind, PackageStatus};
use crate::report::event_line::EventLine;
use crate::report::spec_text::words::{self, Split};
use crate::report::spec_text::{GateState, Statuses, TaskList, TaskRow};

/// When a run was on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its begin.
    pub began: Timestamp,
    /// Its end, if it ended.
    pub ended: Option<Timestamp>,
}

/// A list and how far it is. Fed with events, or made of what the records say.
#[derive(Debug, Clone, PartialEq)]
pub struct Board {
    list: TaskList,
    statuses: Statuses,
    span: Option<Span>,
}

/// The same as data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tally {
    /// Tasks of the list.
    pub total: usize,
    /// Tasks that are complete.
    pub complete: usize,
    /// What runs, tasks and gates.
    pub active: Vec<PackageId>,
    /// Tasks that are complete, in file order.
    pub completed: Vec<PackageId>,
    /// Tasks and gates that failed.
    pub failed: Vec<PackageId>,
    /// How every gate stands.
    pub gates: BTreeMap<PackageId, GateState>,
    /// Seconds since the run began, until it ended.
    pub seconds: Option<u64>,
}

impl Board {
    /// A list of which this is known.
    pub fn new(list: TaskList, statuses: Statuses, span: Option<Span>) -> Self {
        Board {
            list,
            statuses,
            span,
        }
    }

    /// Takes note of an event; true if the block says something new that lasts.
    pub fn observe(&mut self, event: &EventLine) -> bool {
        let Some(id) = event.package.as_ref() else {
            return false;
        };
        let is_gate = || self.list.gates().any(|row| row.id == *id);
        let status = match (event.kind.as_str(), event.word.as_str()) {
            ("attempt-started" | "attempt-adopted", _) => PackageStatus::Running,
            ("landed", _) => PackageStatus::Merged,
            ("attempt-ended", "failed") => PackageStatus::Failed,
            ("attempt-ended", word) if word != "completed" => PackageStatus::Ready,
            // What a review came to is for a person to say.
            ("verified", "passed") if is_gate() => PackageStatus::Awaiting,
            _ => return false,
        };
        if self.statuses.get(id) == Some(&PackageStatus::Merged) {
            return false;
        }
        let before = self.statuses.insert(id.clone(), status);
        let lasts = matches!(status, PackageStatus::Merged | PackageStatus::Failed);
        lasts && before != Some(status)
    }

    /// The block as data at `now`.
    pub fn tally(&self, now: Timestamp) -> Tally {
        let ids = |rows: Vec<&TaskRow>| rows.into_iter().map(|row| row.id.clone()).collect();
        let gates = self.list.gates();
        Tally {
            total: self.list.tasks().count(),
            complete: self.completed().len(),
            active: ids(self.with(PackageStatus::Running)),
            completed: ids(self.completed()),
            failed: ids(self.with(PackageStatus::Failed)),
            gates: gates
                .map(|row| (row.id.clone(), row.gate(&self.statuses)))
                .collect(),
            seconds: self.seconds(now),
        }
    }

    /// The block as it is at `now`, line by line.
    pub fn lines(&self, now: Timestamp) -> Vec<String> {
        let completed: Split<'_> = self.completed().into_iter().collect();
        let failed: Split<'_> = self.with(PackageStatus::Failed).into_iter().collect();
        let or_none = |split: &Split<'_>| match words::listed(split) {
            text if text.is_empty() => "None".to_owned(),
            text => text,
        };
        let (complete, total) = (completed.tasks.len(), self.list.tasks().count());
        let mut lines = vec![
            format!("Progress: {complete}/{total} tasks complete"),
            format!("Active: {}", self.active()),
            format!("Completed: {}", or_none(&completed)),
            format!("Failed: {}", or_none(&failed)),
        ];
        let gates = self.list.gates().map(|row| {
            let state = row.gate(&self.statuses).words();
            format!("{} {state}", foreign(row.id.as_str()))
        });
        let gates: Vec<String> = gates.collect();
        if !gates.is_empty() {
            lines.push(format!("Gates: {}", gates.join(", ")));
        }
        if let Some(seconds) = self.seconds(now) {
            let span = time::human(std::time::Duration::from_secs(seconds));
            let span = if seconds == 0 { "0s".to_owned() } else { span };
            lines.push(format!("Time Elapsed: {span}"));
        }
        lines
    }

    fn seconds(&self, now: Timestamp) -> Option<u64> {
        let span = self.span?;
        Some(span.ended.unwrap_or(now).since(span.began).as_secs())
    }

    fn completed(&self) -> Vec<&TaskRow> {
        let tasks = self.list.tasks();
        tasks.filter(|row| row.is_done(&self.statuses)).collect()
    }

    fn with(&self, status: PackageStatus) -> Vec<&TaskRow> {
        let is = |row: &&TaskRow| match self.statuses.get(&row.id) {
            // What the gate and the verification look at is still under way.
            Some(PackageStatus::Review) => status == PackageStatus::Running,
            Some(other) => *other == status,
            None => false,
        };
        self.list.rows.iter().filter(is).collect()
    }

    /// `Track A (Task 5), Track C (Tasks 10-11, CR-C)`.
    fn active(&self) -> String {
        let running = self.with(PackageStatus::Running);
        let lanes = self.list.lanes().into_iter().filter_map(|lane| {
            let rows = running.iter().filter(|row| row.lane.as_deref() == lane);
            let rows: Vec<&TaskRow> = rows.copied().collect();
            let tasks = rows.iter().filter(|row| row.kind != ItemKind::Review);
            let tasks: Vec<&PackageId> = tasks.map(|row| &row.id).collect();
            let gates = rows.iter().filter(|row| row.kind == ItemKind::Review);
            let gates: Vec<&PackageId> = gates.map(|row| &row.id).collect();
            let mut parts = Vec::new();
            if !tasks.is_empty() {
                parts.push(words::tasks(&tasks));
            }
            if !gates.is_empty() {
                parts.push(words::names(&gates));
            }
            let inside = parts.join(", ");
            match (lane, inside.is_empty()) {
                (_, true) => None,
                (None, false) => Some(inside),
                (Some(lane), false) => Some(format!("{lane} ({inside})")),
            }
        });
        let lanes: Vec<String> = lanes.collect();
        match lanes.is_empty() {
            true => "None".to_owned(),
            false => lanes.join(", "),
        }
    }
}
