//! The status of a feature, computed from its records alone; needs no plan file.
//!
//! The engine decides from the same stages, so `status` can promise nothing the engine denies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::{PackageId, TxnId};
use crate::model::{EndReason, PackageStatus, RunResult};
use crate::schedule::fixes;
use crate::schedule::growth;
use crate::schedule::input::Limits;
use crate::schedule::review::{self, ReviewPolicy};
use crate::schedule::stage::{self, Budget, Phase, Stage};
use crate::schedule::tier::OpenStep;
use crate::schedule::why::Why;
use crate::state::FeatureView;
use crate::state::questions;
use crate::state::record::{HoldKind, PackageBrief};

/// Where a feature and its packages stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The feature in one word.
    pub state: FeatureState,
    /// Packages in file order.
    pub packages: Vec<Row>,
    /// Open steps, in file order.
    pub awaiting: Vec<(PackageId, OpenStep)>,
}

/// Where a package stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Verbatim id.
    pub id: PackageId,
    /// One of nine words.
    pub status: PackageStatus,
    /// One line for people; empty where the status says it all.
    pub why: String,
    /// How the review of what was merged stands; empty where nobody reviews, or all approve.
    pub review: String,
    /// The package to ask next for a reason.
    pub because: Option<PackageId>,
}

/// A feature in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeatureState {
    /// Published, never run.
    Open,
    /// A run began and did not end; whether its process lives is not on the ref.
    Running,
    /// A person paused it.
    Paused,
    /// A person cancelled it.
    Cancelled,
    /// Everything is merged, verified and answered.
    Merged,
    /// A part is done, or steps wait for an answer.
    Partial,
    /// The last run failed.
    Failed,
    /// The last run was stopped.
    Stopped,
}

impl FeatureState {
    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            FeatureState::Open => "open",
            FeatureState::Running => "running",
            FeatureState::Paused => "paused",
            FeatureState::Cancelled => "cancelled",
            FeatureState::Merged => "merged",
            FeatureState::Partial => "partial",
            FeatureState::Failed => "failed",
            FeatureState::Stopped => "stopped",
        }
    }
}

impl From<RunResult> for FeatureState {
    fn from(result: RunResult) -> Self {
        match result {
            RunResult::Merged => FeatureState::Merged,
            RunResult::Partial => FeatureState::Partial,
            RunResult::Failed => FeatureState::Failed,
            RunResult::Stopped => FeatureState::Stopped,
        }
    }
}

impl Standing {
    /// The row of a package.
    pub fn get(&self, id: &PackageId) -> Option<&Row> {
        self.packages.iter().find(|row| row.id == *id)
    }

    /// Status by package.
    pub fn statuses(&self) -> BTreeMap<PackageId, PackageStatus> {
        let rows = self.packages.iter();
        rows.map(|row| (row.id.clone(), row.status)).collect()
    }

    /// The reasons from `package` down to what has no further reason, as `(package, reason)`.
    pub fn reasons(&self, package: &PackageId) -> Vec<(PackageId, String)> {
        let mut out: Vec<(PackageId, String)> = Vec::new();
        let mut next = Some(package.clone());
        while let Some(id) = next.take() {
            let seen = out.iter().any(|(earlier, _)| *earlier == id);
            let Some(row) = self.get(&id).filter(|_| !seen) else {
                break;
            };
            let why = match (row.why.is_empty(), row.review.is_empty()) {
                (false, _) => row.why.clone(),
                (true, false) => row.review.clone(),
                (true, true) => row.status.as_str().to_owned(),
            };
            out.push((id, why));
            next = row.because.clone();
        }
        out
    }
}

/// Where the feature stands by its current plan, and what the loops want beside it.
pub fn standing(feature: &FeatureView) -> Standing {
    let briefs = feature.current_plan().map(|plan| plan.packages.as_slice());
    let run = feature.last_run().map(|run| &run.started.run);
    let briefs = growth::briefs(briefs.unwrap_or_default(), feature);
    standing_of(feature, &briefs, run)
}

/// Where the feature stands by these packages; failures of other runs than `run` do not count.
pub fn standing_of(
    feature: &FeatureView,
    briefs: &[PackageBrief],
    run: Option<&TxnId>,
) -> Standing {
    let mut stages = BTreeMap::new();
    for brief in briefs {
        let budget = Budget {
            retries: brief.retries,
            lost_max: Limits::default().lost_max,
            run,
            gate: brief.gate,
        };
        stages.insert(&brief.id, stage::stage(feature, &brief.id, budget));
    }
    let mut known = BTreeMap::new();
    let mut rows: Vec<(usize, Row)> = Vec::new();
    for i in in_order(briefs) {
        let brief = &briefs[i];
        let row = row(feature, brief, &stages[&brief.id], &known);
        known.insert(&brief.id, row.status);
        rows.push((i, row));
    }
    add_reviews(feature, briefs, &mut rows);
    rows.sort_by_key(|(i, _)| *i);
    let mut awaiting = Vec::new();
    for brief in briefs {
        let open = open_steps(&stages[&brief.id]);
        awaiting.extend(open.iter().map(|step| (brief.id.clone(), step.clone())));
    }
    Standing {
        state: state(feature, &stages, &awaiting),
        packages: rows.into_iter().map(|(_, row)| row).collect(),
        awaiting,
    }
}

/// Indices, dependencies before dependents where the plan has no circle; every package once.
fn in_order(briefs: &[PackageBrief]) -> Vec<usize> {
    let ids = briefs.iter().enumerate().map(|(i, b)| (&b.id, i));
    let index: BTreeMap<&PackageId, usize> = ids.collect();
    let mut open = vec![0_usize; briefs.len()];
    let mut followers = vec![Vec::new(); briefs.len()];
    for (i, brief) in briefs.iter().enumerate() {
        for on in brief.after.iter().filter_map(|id| index.get(id)) {
            open[i] += 1;
            followers[*on].push(i);
        }
    }
    let mut out: Vec<usize> = (0..briefs.len()).filter(|i| open[*i] == 0).collect();
    let mut next = 0;
    while let Some(&done) = out.get(next) {
        next += 1;
        for &i in &followers[done] {
            open[i] -= 1;
            if open[i] == 0 {
                out.push(i);
            }
        }
    }
    out.extend((0..briefs.len()).filter(|i| open[*i] > 0));
    out
}

fn row(
    feature: &FeatureView,
    brief: &PackageBrief,
    stage: &Stage<'_>,
    known: &BTreeMap<&PackageId, PackageStatus>,
) -> Row {
    let (status, why, because) = match stage {
        Stage::Merged { red, .. } => (PackageStatus::Merged, red.clone().unwrap_or_default(), None),
        Stage::Failed { why } => (PackageStatus::Failed, why.clone(), None),
        Stage::Cancelled { why } => (PackageStatus::Cancelled, why.clone(), None),
        Stage::Held { phase, grant, .. } => {
            let asked = questions::obstacle(feature, &brief.id);
            match asked.filter(|_| matches!(phase, Phase::Green | Phase::Awaiting(_))) {
                Some(question) => (PackageStatus::Awaiting, question.words(), None),
                None => held(phase, &grant.by.label),
            }
        }
        Stage::Idle { .. } => idle(feature, brief, known),
    };
    Row {
        id: brief.id.clone(),
        status,
        why,
        review: String::new(),
        because,
    }
}

/// What is left to say of the reviews of merged packages.
fn add_reviews(feature: &FeatureView, briefs: &[PackageBrief], rows: &mut [(usize, Row)]) {
    let Some(policy) = ReviewPolicy::of(feature) else {
        return;
    };
    for (at, row) in rows {
        let is_subject = !briefs[*at].gate && !fixes::is_fix(feature, &row.id);
        if row.status == PackageStatus::Merged && is_subject {
            let state = review::state(feature, &row.id, &policy);
            let open = state.filter(|state| !state.is_settled());
            row.review = open.map(|state| state.words()).unwrap_or_default();
        }
    }
}

fn held(phase: &Phase, label: &str) -> (PackageStatus, String, Option<PackageId>) {
    let (status, why) = match phase {
        Phase::Working => (PackageStatus::Running, format!("held by {label}")),
        Phase::Ungated => (PackageStatus::Review, "waits for the gate".to_owned()),
        Phase::Unverified => (
            PackageStatus::Review,
            "waits for its verification".to_owned(),
        ),
        Phase::Green => (PackageStatus::Review, "waits to be merged".to_owned()),
        Phase::Over(EndReason::Failed, why) => (PackageStatus::Review, why.clone()),
        Phase::Over(_, why) => (PackageStatus::Running, why.clone()),
        Phase::Awaiting(open) => {
            let names: Vec<String> = open.iter().map(|s| format!("`{}`", s.step)).collect();
            let why = format!("waits for an answer to {}", names.join(", "));
            (PackageStatus::Awaiting, why)
        }
    };
    (status, why, None)
}

fn idle(
    feature: &FeatureView,
    brief: &PackageBrief,
    known: &BTreeMap<&PackageId, PackageStatus>,
) -> (PackageStatus, String, Option<PackageId>) {
    let missing: Vec<&PackageId> = brief
        .after
        .iter()
        .filter(|id| known.get(id) != Some(&PackageStatus::Merged))
        .collect();
    let dead = missing
        .iter()
        .find(|id| known.get(*id).is_some_and(|s| is_dead(*s)));
    if let Some(dead) = dead {
        let why = Why::Blocked((*dead).clone()).to_string();
        return (PackageStatus::Blocked, why, Some((*dead).clone()));
    }
    if let Some(first) = missing.first() {
        let why = Why::Needs(missing.iter().map(|id| (*id).clone()).collect());
        let first = Some((*first).clone());
        return (PackageStatus::Pending, why.to_string(), first);
    }
    if let Some(question) = questions::obstacle(feature, &brief.id) {
        return (PackageStatus::Awaiting, question.words(), None);
    }
    let why = stage::paused(feature, &brief.id);
    let why = why.or_else(|| refused(feature.packages.get(&brief.id)?));
    (PackageStatus::Ready, why.unwrap_or_default(), None)
}

/// Why the service behind the agent of the last attempt did not serve it.
fn refused(package: &crate::state::PackageView) -> Option<String> {
    let last = package.in_order().pop()?.end.as_ref()?;
    (last.reason == EndReason::Unserved).then(|| last.note.clone())
}

/// True if dependents of such a package will not run.
fn is_dead(status: PackageStatus) -> bool {
    matches!(
        status,
        PackageStatus::Failed | PackageStatus::Blocked | PackageStatus::Cancelled
    )
}

fn open_steps<'a>(stage: &'a Stage<'_>) -> &'a [OpenStep] {
    match stage {
        Stage::Merged { open, .. } => open,
        Stage::Held {
            phase: Phase::Awaiting(open),
            ..
        } => open,
        Stage::Held { .. }
        | Stage::Idle { .. }
        | Stage::Failed { .. }
        | Stage::Cancelled { .. } => &[],
    }
}

fn state(
    feature: &FeatureView,
    stages: &BTreeMap<&PackageId, Stage<'_>>,
    awaiting: &[(PackageId, OpenStep)],
) -> FeatureState {
    let all_merged = stages.values().all(|s| matches!(s, Stage::Merged { .. }));
    let red = |s: &Stage<'_>| matches!(s, Stage::Merged { red: Some(_), .. });
    let done = all_merged && !stages.is_empty();
    let Some(run) = feature.last_run() else {
        return held_state(feature).unwrap_or(FeatureState::Open);
    };
    let Some(ended) = &run.ended else {
        return held_state(feature).unwrap_or(FeatureState::Running);
    };
    let asked = !questions::open(feature).is_empty();
    let passed = |commit| {
        let checks = feature.finals.iter();
        checks.rev().find(|c| c.commit == commit).map(|c| c.passed)
    };
    match passed(ended.head.clone()) {
        Some(true) if done && stages.values().any(red) => FeatureState::Failed,
        Some(true) if done && awaiting.is_empty() && !asked => FeatureState::Merged,
        Some(true) if done => FeatureState::Partial,
        _ => held_state(feature).unwrap_or_else(|| last_word(&ended.result)),
    }
}

fn last_word(result: &str) -> FeatureState {
    match result {
        "merged" => FeatureState::Merged,
        "partial" => FeatureState::Partial,
        "stopped" => FeatureState::Stopped,
        _ => FeatureState::Failed,
    }
}

fn held_state(feature: &FeatureView) -> Option<FeatureState> {
    let kinds: Vec<HoldKind> = feature.holds.iter().map(|h| h.kind).collect();
    if kinds.contains(&HoldKind::Cancel) {
        return Some(FeatureState::Cancelled);
    }
    kinds
        .contains(&HoldKind::Pause)
        .then_some(FeatureState::Paused)
}
