//! The state of a review loop of the original: where it stands and how its rounds went.

use serde::Serialize;

use crate::base::json::Value;
use crate::review::read::at::At;

/// Where a loop stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoopState {
    /// The version the document gives itself; 0 where it gives none.
    pub version: u32,
    /// The change.
    pub change: Option<String>,
    /// The phase, in the document's own word.
    pub phase: Option<String>,
    /// Rounds so far.
    pub rounds: Option<u32>,
    /// Blocking findings of each round.
    pub trend: Vec<u32>,
    /// True if it came to a good end.
    pub converged: Option<bool>,
    /// Why it stopped.
    pub reason: Option<String>,
}

/// Reads a loop state. None if something was wrong, which was said.
pub(super) fn loop_state(top: &At<'_>) -> Option<LoopState> {
    let text = |names: &[&str]| top.any(names).and_then(|at| at.text()).map(str::to_owned);
    let phase = text(&[
        "current_phase",
        "phase",
        "state",
        "status",
        "convergence_status",
    ]);
    let converged = top.field("converged").and_then(|at| at.value.as_bool());
    if phase.is_none() && converged.is_none() {
        top.missing("current_phase", "say where the loop stands");
        return None;
    }
    let rounds = top.any(&[
        "iteration",
        "rounds",
        "round",
        "rounds_completed",
        "current_round",
    ]);
    let counted = rounds.as_ref().and_then(|at| {
        let listed = at
            .value
            .as_array()
            .and_then(|list| u32::try_from(list.len()).ok());
        at.number().or(listed)
    });
    let names = &[
        "findings_trend",
        "trend",
        "findings_per_round",
        "iteration_history",
        "rounds",
    ];
    Some(LoopState {
        version: top
            .field("schema_version")
            .and_then(|at| at.number())
            .unwrap_or(0),
        change: text(&["change_id", "change", "feature_id"]),
        phase,
        rounds: counted,
        trend: top.any(names).map_or_else(Vec::new, |at| trend(&at)),
        converged,
        reason: text(&["escalation_reason", "reason", "exit_reason", "error"]),
    })
}

/// Numbers, or objects that hold one; anything else is left out and noted.
fn trend(at: &At<'_>) -> Vec<u32> {
    let count = |one: &At<'_>| {
        let named = one.any(&[
            "blocking",
            "blocking_count",
            "findings",
            "count",
            "blocking_findings",
        ]);
        let listed = |at: &At<'_>| match at.value {
            Value::Array(items) => u32::try_from(items.len()).ok(),
            _ => None,
        };
        one.number()
            .or_else(|| named.and_then(|at| at.number().or_else(|| listed(&at))))
    };
    let items = at.items();
    let read: Vec<u32> = items.iter().filter_map(count).collect();
    if read.len() < items.len() {
        at.note("holds rounds without a count; they were left out");
    }
    read
}
