//! The texts that users of spec:parallel_execute know: the execution plan, the progress block and
//! the completion report. Tasks are counted; review gates stand beside them and are never tasks.

mod completion;
mod dry;
mod progress;
mod words;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::text::foreign;
use crate::base::{FeatureId, PackageId};
use crate::model::{ItemKind, ItemStatus, PackageStatus};
use crate::plan::outline::{Item, Outline, Ruling};

pub use completion::Completion;
pub use dry::{Estimate, ExecutionPlan};
pub use progress::{Board, Span};
pub use words::ranges;

/// A task list as it stands in its file.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskList {
    /// The feature.
    pub feature: FeatureId,
    /// Tasks, gates and rework in file order.
    pub rows: Vec<TaskRow>,
}

/// A task, a gate, or rework that a gate may ask for.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskRow {
    /// Verbatim id.
    pub id: PackageId,
    /// Work, review or rework.
    pub kind: ItemKind,
    /// The track it belongs to, else the phase, as people call it.
    pub lane: Option<String>,
    /// The file says that it is done.
    pub is_ticked: bool,
    /// What the file says a review came to.
    pub ruling: Option<Ruling>,
}

/// What became of the elements of a list, as far as a run or the records know.
pub type Statuses = BTreeMap<PackageId, PackageStatus>;

/// How a gate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateState {
    /// Its review was not begun, or is under way.
    Open,
    /// Its review is written; a person has to say what it came to.
    Awaiting,
    /// It approved.
    Approved,
    /// Its text asks for changes.
    ChangesRequested,
    /// A person said no, or no review came about.
    Failed,
    /// It is ticked in the file, which does not say what it came to.
    Ticked,
}

impl GateState {
    fn words(self) -> &'static str {
        match self {
            GateState::Open => "open",
            GateState::Awaiting => "waits for a verdict",
            GateState::Approved => "approved",
            GateState::ChangesRequested => "changes requested",
            GateState::Failed => "not passed",
            GateState::Ticked => "ticked",
        }
    }
}

impl TaskList {
    /// The list that a reader found; headings over tasks are no part of it.
    pub fn of(feature: &FeatureId, outline: &Outline) -> Self {
        let is_row =
            |item: &&Item| !matches!(item.kind, ItemKind::Container | ItemKind::Checkpoint);
        let rows = outline.items.iter().filter(is_row).filter_map(row);
        TaskList {
            feature: feature.clone(),
            rows: rows.collect(),
        }
    }

    /// The tasks.
    pub fn tasks(&self) -> impl Iterator<Item = &TaskRow> {
        self.rows.iter().filter(|row| row.kind == ItemKind::Work)
    }

    /// The gates.
    pub fn gates(&self) -> impl Iterator<Item = &TaskRow> {
        self.rows.iter().filter(|row| row.kind == ItemKind::Review)
    }

    /// The element with this id.
    pub fn get(&self, id: &PackageId) -> Option<&TaskRow> {
        self.rows.iter().find(|row| row.id == *id)
    }

    /// The lanes in the order in which they begin; `None` for what stands in none.
    fn lanes(&self) -> Vec<Option<&str>> {
        let mut lanes: Vec<Option<&str>> = Vec::new();
        for row in &self.rows {
            let lane = row.lane.as_deref();
            if !lanes.contains(&lane) {
                lanes.push(lane);
            }
        }
        lanes
    }
}

impl TaskRow {
    /// True if nothing is left to do for it.
    pub fn is_done(&self, statuses: &Statuses) -> bool {
        let is_shut = self.ruling == Some(Ruling::ChangesRequested);
        let merged = statuses.get(&self.id) == Some(&PackageStatus::Merged);
        merged || (self.is_ticked && !is_shut)
    }

    /// How the gate stands.
    fn gate(&self, statuses: &Statuses) -> GateState {
        match statuses.get(&self.id) {
            Some(PackageStatus::Merged) => GateState::Approved,
            Some(PackageStatus::Awaiting) => GateState::Awaiting,
            Some(PackageStatus::Failed) => GateState::Failed,
            _ => match (self.is_ticked, self.ruling) {
                (true, Some(Ruling::ChangesRequested)) => GateState::ChangesRequested,
                (true, Some(_)) => GateState::Approved,
                (true, None) => GateState::Ticked,
                (false, _) => GateState::Open,
            },
        }
    }
}

fn row(item: &Item) -> Option<TaskRow> {
    let track = item.labels.get("track").map(|value| lane("Track", value));
    let phase = item.labels.get("phase").map(|value| lane("Phase", value));
    Some(TaskRow {
        id: PackageId::parse(&item.id)?,
        kind: item.kind,
        lane: track.or(phase),
        is_ticked: matches!(
            item.mark.status,
            ItemStatus::Done | ItemStatus::Skipped | ItemStatus::Cancelled
        ),
        ruling: item.verdict.as_ref().map(|verdict| verdict.ruling),
    })
}

/// `Track A`, but `Testing Track` and `Final Review Track` as they are called.
fn lane(word: &str, value: &str) -> String {
    match value.contains(' ') {
        true => foreign(value).to_string(),
        false => format!("{word} {}", foreign(value)),
    }
}

#[cfg(test)]
mod tests;
