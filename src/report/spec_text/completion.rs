//! The completion report: what became of every task, track by track, and why not of the rest.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::base::text::foreign;
use crate::base::{FeatureId, PackageId};
use crate::model::{ItemKind, PackageStatus};
use crate::report::spec_text::words::{self, Split};
use crate::report::spec_text::{GateState, Statuses, TaskList, TaskRow};
use crate::report::status::quoted;

/// What a run of a list came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Completion {
    /// The feature.
    pub feature: FeatureId,
    /// Tasks of the list.
    pub total: usize,
    /// Tasks that are complete.
    pub complete: usize,
    /// Track by track.
    pub tracks: Vec<TrackEnd>,
    /// What failed.
    pub failed: Vec<Reason>,
    /// What was not done, and why.
    pub skipped: Vec<Reason>,
    /// How every gate stands, in file order.
    pub gates: Vec<GateEnd>,
    /// Rework beside a gate that did not open.
    pub rework: Vec<PackageId>,
}

/// What became of a track.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrackEnd {
    /// `Track A`, `Phase 1`; `null` for what stands in none.
    pub track: Option<String>,
    /// Its tasks by what became of them.
    pub complete: Vec<PackageId>,
    /// Those that failed.
    pub failed: Vec<PackageId>,
    /// Those that were not done.
    pub skipped: Vec<PackageId>,
}

/// An element and why it is not done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// The element.
    pub id: PackageId,
    /// Why.
    pub why: String,
}

/// How a gate stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateEnd {
    /// The gate.
    pub id: PackageId,
    /// How it stands.
    pub state: GateState,
}

/// What became of one element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Complete,
    Failed,
    Skipped,
}

impl Completion {
    /// The report of `list` when these are the statuses; `why` has the reasons that are known.
    pub fn of(list: &TaskList, statuses: &Statuses, why: &BTreeMap<PackageId, String>) -> Self {
        let end = |row: &TaskRow| match statuses.get(&row.id) {
            _ if row.is_done(statuses) => End::Complete,
            Some(PackageStatus::Failed) => End::Failed,
            _ => End::Skipped,
        };
        let reasons = |wanted: End| {
            let rows = list.rows.iter().filter(|row| row.kind != ItemKind::Rework);
            let rows = rows.filter(|row| end(row) == wanted);
            // A gate that was looked at is told with the gates; why one failed is told here.
            let is_told = |row: &TaskRow| {
                let looked_at = row.gate(statuses) != GateState::Open;
                row.kind == ItemKind::Review && wanted == End::Skipped && looked_at
            };
            let rows = rows.filter(|row| !is_told(row));
            let reason = |row: &TaskRow| Reason {
                id: row.id.clone(),
                why: why.get(&row.id).cloned().unwrap_or_default(),
            };
            rows.map(reason).collect()
        };
        let gates = list.gates().map(|row| GateEnd {
            id: row.id.clone(),
            state: row.gate(statuses),
        });
        let gates: Vec<GateEnd> = gates.collect();
        Completion {
            feature: list.feature.clone(),
            total: list.tasks().count(),
            complete: list.tasks().filter(|row| end(row) == End::Complete).count(),
            tracks: tracks(list, end),
            failed: reasons(End::Failed),
            skipped: reasons(End::Skipped),
            rework: rework(list, &gates),
            gates,
        }
    }

    /// The text.
    pub fn render(&self) -> String {
        let mut out = String::from("Completion Report\n");
        let (complete, total) = (self.complete, self.total);
        let _ = writeln!(out, "Progress: {complete}/{total} tasks complete");
        for track in &self.tracks {
            let parts = [
                (&track.complete, "complete"),
                (&track.failed, "failed"),
                (&track.skipped, "skipped"),
            ];
            let parts = parts.iter().filter(|(ids, _)| !ids.is_empty());
            let parts = parts.map(|(ids, word)| {
                let ids: Vec<&PackageId> = ids.iter().collect();
                format!("{} {word}", words::tasks(&ids))
            });
            let parts = parts.collect::<Vec<_>>().join("; ");
            let name = track.track.as_deref();
            let name = name.map_or(String::new(), |name| format!("{name}: "));
            let _ = writeln!(out, "- {name}{parts}");
        }
        self.reasons("Failed", &self.failed, &mut out);
        self.reasons("Skipped", &self.skipped, &mut out);
        self.render_gates(&mut out);
        out
    }

    fn reasons(&self, head: &str, reasons: &[Reason], out: &mut String) {
        if reasons.is_empty() {
            return;
        }
        let _ = writeln!(out, "{head}:");
        let mut told: Vec<&str> = Vec::new();
        for reason in reasons {
            if told.contains(&reason.why.as_str()) {
                continue;
            }
            told.push(&reason.why);
            let same = reasons.iter().filter(|other| other.why == reason.why);
            let (gates, tasks): (Vec<&PackageId>, Vec<&PackageId>) = same
                .map(|other| &other.id)
                .partition(|id| self.gates.iter().any(|gate| gate.id == **id));
            let ids = words::listed(&Split { tasks, gates });
            let why = match reason.why.as_str() {
                "" => String::new(),
                why => format!(": {}", foreign(why)),
            };
            let _ = writeln!(out, "- {ids}{why}");
        }
    }

    fn render_gates(&self, out: &mut String) {
        if self.gates.is_empty() {
            return;
        }
        out.push_str("Gates:\n");
        for gate in &self.gates {
            let id = foreign(gate.id.as_str());
            let target = quoted(&format!("{}/{}", self.feature, gate.id));
            let next = match gate.state {
                GateState::Awaiting => {
                    format!(": git wp evidence {target} verdict --pass (or --fail)")
                }
                GateState::Open
                | GateState::Approved
                | GateState::ChangesRequested
                | GateState::Failed
                | GateState::Ticked => String::new(),
            };
            let _ = writeln!(out, "- {id} {}{next}", gate.state.words());
        }
        if !self.rework.is_empty() {
            let ids: Vec<&PackageId> = self.rework.iter().collect();
            let _ = writeln!(
                out,
                "Rework: {} does not run by itself; after --fail the next run has the review \
                 written anew",
                words::names(&ids)
            );
        }
    }
}

fn tracks(list: &TaskList, end: impl Fn(&TaskRow) -> End) -> Vec<TrackEnd> {
    let tracks = list.lanes().into_iter().map(|lane| {
        let rows = list.tasks().filter(|row| row.lane.as_deref() == lane);
        let rows: Vec<&TaskRow> = rows.collect();
        let of = |wanted: End| {
            let rows = rows.iter().filter(|row| end(row) == wanted);
            rows.map(|row| row.id.clone()).collect()
        };
        TrackEnd {
            track: lane.map(str::to_owned),
            complete: of(End::Complete),
            failed: of(End::Failed),
            skipped: of(End::Skipped),
        }
    });
    let holds = |track: &TrackEnd| {
        !(track.complete.is_empty() && track.failed.is_empty() && track.skipped.is_empty())
    };
    tracks.filter(holds).collect()
}

/// Open rework in the lane of a gate that did not open.
fn rework(list: &TaskList, gates: &[GateEnd]) -> Vec<PackageId> {
    let shut = [
        GateState::Awaiting,
        GateState::ChangesRequested,
        GateState::Failed,
    ];
    let asks = gates.iter().filter(|gate| shut.contains(&gate.state));
    let lanes: Vec<Option<&str>> = asks
        .filter_map(|gate| list.get(&gate.id))
        .map(|row| row.lane.as_deref())
        .collect();
    let rows = list.rows.iter().filter(|row| row.kind == ItemKind::Rework);
    let open = rows.filter(|row| !row.is_ticked && lanes.contains(&row.lane.as_deref()));
    open.map(|row| row.id.clone()).collect()
}
