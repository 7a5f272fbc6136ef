//! What verification showed: per merged package, and of the whole.

use serde::Serialize;

use crate::base::{Oid, PackageId};
use crate::model::{StepEvidence, StepState};
use crate::report::summary::Merged;
use crate::state::record::Answer;
use crate::state::view::FeatureView;

/// The verification of one merged package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EvidenceRow {
    /// The package.
    pub package: PackageId,
    /// The required tier, `A`, `B` or `C`; empty if nothing was shown.
    pub tier: String,
    /// The tree the newest steps ran on.
    pub tree: Option<Oid>,
    /// The newest steps.
    pub steps: Vec<StepRow>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepRow {
    /// Its name.
    pub name: String,
    /// `command`, `ci` or `manual`.
    pub kind: String,
    /// `passed`, `failed`, `skipped`, `awaiting`, `delegated`, or `answered` by a person.
    pub state: String,
    /// Command line, workflow or instructions.
    pub what: String,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// Where the answer can be seen.
    pub url: Option<String>,
}

/// The final verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FinalRow {
    /// The commit.
    pub commit: Oid,
    /// All green.
    pub passed: bool,
    /// Its steps; none if none is configured.
    pub steps: Vec<StepRow>,
}

pub(super) fn row(merged: &Merged<'_>) -> EvidenceRow {
    let newest = merged.attempt.evidence.last().map(|e| &e.evidence);
    let answers = &merged.package.answers;
    EvidenceRow {
        package: merged.id.clone(),
        tier: newest.map_or(String::new(), |e| e.tier.as_str().to_owned()),
        tree: newest.map(|e| e.tree.clone()),
        steps: newest.map_or_else(Vec::new, |e| {
            e.steps.iter().map(|s| step(s, answers)).collect()
        }),
    }
}

/// The newest final verification of `head`.
pub(super) fn last_check(feature: &FeatureView, head: &Oid) -> Option<FinalRow> {
    let check = feature.finals.iter().rev().find(|f| &f.commit == head)?;
    Some(FinalRow {
        commit: check.commit.clone(),
        passed: check.passed,
        steps: check.steps.iter().map(|s| step(s, &[])).collect(),
    })
}

fn step(step: &StepEvidence, answers: &[Answer]) -> StepRow {
    let answer = answers.iter().rev().find(|a| a.step == step.name);
    let state = match (answer, step.state) {
        (Some(answer), StepState::Awaiting | StepState::Delegated) if answer.passed => "answered",
        (Some(_), StepState::Awaiting | StepState::Delegated) => "failed",
        (_, state) => state.as_str(),
    };
    StepRow {
        name: step.name.clone(),
        kind: step.kind.clone(),
        state: state.to_owned(),
        what: step.what.clone(),
        millis: step.millis,
        url: answer.and_then(|a| a.url.clone()),
    }
}
