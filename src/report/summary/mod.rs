//! The execution summary of a run, as data. Markdown is drawn from it by `markdown`.
//!
//! [`summarise`] is pure: it reads the plan, the records and the statuses it is given. What it
//! says of times, scopes and evidence comes from records, never from what an agent claimed.

mod contracts;
mod evidence;
pub mod markdown;
mod repairs;
mod risk;
mod timeline;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use contracts::{ContractCheckRow, ContractRow, checks as contract_checks};
pub use evidence::{EvidenceRow, FinalRow};
pub use repairs::RepairRow;
pub use risk::Risk;
pub use timeline::TimelineRow;

use crate::base::{FeatureId, Oid, PackageId, RepoPath, Timestamp};
use crate::model::{Deviation, PackageStatus, Plan, RunResult, SandboxLevel, Usage};
use crate::report::qa::{self, QaView};
use crate::report::used;
use crate::report::view::{AwaitingRow, branch_name};
use crate::state::record::RunStarted;
use crate::state::view::{AttemptView, FeatureView, PackageView};

/// What a summary is made from.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// The plan of the run.
    pub plan: &'a Plan,
    /// The level of each package in the graph, from 0.
    pub levels: &'a BTreeMap<PackageId, usize>,
    /// The records.
    pub feature: &'a FeatureView,
    /// Where each package stands.
    pub statuses: &'a BTreeMap<PackageId, PackageStatus>,
    /// How the run began.
    pub run: &'a RunStarted,
    /// How it ends.
    pub ending: Ending<'a>,
}

/// How a run ends.
#[derive(Debug, Clone, Copy)]
pub struct Ending<'a> {
    /// The one word.
    pub result: RunResult,
    /// Tip of the integration ref.
    pub head: &'a Oid,
    /// Open steps.
    pub awaiting: &'a [AwaitingRow],
    /// Now.
    pub at: Timestamp,
}

/// The execution summary.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Form of this document.
    pub v: u32,
    /// Verbatim id.
    pub feature: FeatureId,
    /// Title for people.
    pub title: Option<String>,
    /// `merged`, `partial`, `failed` or `stopped`.
    pub result: RunResult,
    /// The feature branch.
    pub branch: String,
    /// Where it grew from.
    pub base: Oid,
    /// Where it stands.
    pub head: Oid,
    /// SHA-256 of the plan and its revisions.
    pub plan: PlanRow,
    /// When the run began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// The time between, in whole seconds.
    pub seconds: u64,
    /// Options of the run by flag name.
    pub options: BTreeMap<String, crate::base::json::Value>,
    /// What agents used up, as far as they tell.
    pub usage: Option<Usage>,
    /// How the agents that did it were held in their rooms.
    pub agents: Vec<AgentRow>,
    /// Packages in file order.
    pub timeline: Vec<TimelineRow>,
    /// Contract files and what happened to them.
    pub contracts: Vec<ContractRow>,
    /// What the last final verification found of them.
    pub contract_checks: Vec<ContractCheckRow>,
    /// What each package changed and whether the gate agreed.
    pub scope: Vec<ScopeRow>,
    /// Verification of each merged package.
    pub evidence: Vec<EvidenceRow>,
    /// The final verification, if it was reached.
    pub last_check: Option<FinalRow>,
    /// Every lock key a merged package held.
    pub lock_keys: Vec<String>,
    /// How careful a reviewer should be.
    pub risk: Risk,
    /// Open steps.
    pub awaiting: Vec<AwaitingRow>,
    /// What went otherwise than planned.
    pub deviations: Vec<DeviationRow>,
    /// The QA loop, where a round was made.
    pub qa: Option<QaView>,
    /// What debuggers did.
    pub repairs: Vec<RepairRow>,
    /// Capabilities that were missing, and what was done without them.
    pub degraded: Vec<String>,
}

/// The plan of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanRow {
    /// Where it was read from.
    pub source: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// As written.
    pub plan_revision: u32,
    /// As written.
    pub contracts_revision: u32,
    /// False if an attempt that was merged worked for other bytes of the plan.
    pub attempts_match: bool,
}

/// How an agent was held in its rooms.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct AgentRow {
    /// Its name.
    pub agent: String,
    /// How far it could write.
    pub sandbox: SandboxLevel,
    /// Why.
    pub why: String,
}

/// What a package changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScopeRow {
    /// The package.
    pub package: PackageId,
    /// Number of paths that differ from its base.
    pub files: usize,
    /// True if the gate let the merged attempt pass.
    pub passed: bool,
    /// What the gate refused in earlier attempts: path and rule.
    pub refused: Vec<String>,
}

/// What went otherwise than planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviationRow {
    /// The package.
    pub package: PackageId,
    /// The number of the attempt.
    pub number: u32,
    /// What.
    pub deviation: Deviation,
}

/// Makes the summary.
pub fn summarise(sources: &Sources<'_>) -> Summary {
    let Sources {
        plan, run, ending, ..
    } = *sources;
    let merged = merged(sources);
    let changed: BTreeSet<RepoPath> = merged.iter().flat_map(|m| files(m.attempt)).collect();
    Summary {
        v: 1,
        feature: plan.feature.id.clone(),
        title: plan.feature.title.clone(),
        result: ending.result,
        branch: branch_name(&run.branch),
        base: run.base.clone(),
        head: ending.head.clone(),
        plan: plan_row(plan, &merged),
        started: run.by.at,
        ended: ending.at,
        seconds: ending.at.since(run.by.at).as_secs(),
        options: run.options.clone(),
        usage: usage(sources),
        agents: agents(sources),
        timeline: timeline::rows(sources),
        contracts: contracts::rows(plan, &merged),
        contract_checks: contract_checks(sources.feature),
        scope: merged.iter().map(scope_row).collect(),
        evidence: merged.iter().map(evidence::row).collect(),
        last_check: evidence::last_check(sources.feature, ending.head),
        lock_keys: lock_keys(plan, &merged),
        risk: risk::judge(plan, &changed),
        awaiting: ending.awaiting.to_vec(),
        deviations: deviations(sources),
        qa: qa::view(&plan.feature.id, sources.feature),
        repairs: repairs::rows(sources),
        degraded: run.degraded.clone(),
    }
}

/// What all attempts of the feature used up.
fn usage(sources: &Sources<'_>) -> Option<Usage> {
    let packages = sources.feature.packages.values();
    let attempts = packages.flat_map(|package| package.attempts.values());
    used::sum(attempts.filter_map(used::account))
}

/// Once for each way in which each agent was held; machines may differ.
fn agents(sources: &Sources<'_>) -> Vec<AgentRow> {
    let packages = sources.feature.packages.values();
    let attempts = packages.flat_map(|package| package.attempts.values());
    let rows = attempts.filter_map(|attempt| {
        let held = attempt.result.as_ref()?.held.as_ref()?;
        Some(AgentRow {
            agent: attempt.attempt.agent.clone(),
            sandbox: held.sandbox,
            why: held.why.clone(),
        })
    });
    rows.collect::<BTreeSet<_>>().into_iter().collect()
}

/// A merged package with the attempt that was accepted.
struct Merged<'a> {
    id: &'a PackageId,
    package: &'a PackageView,
    attempt: &'a AttemptView,
}

/// In file order.
fn merged<'a>(sources: &Sources<'a>) -> Vec<Merged<'a>> {
    let packages = sources.plan.packages.iter().filter_map(|p| {
        let package = sources.feature.packages.get(&p.id)?;
        let accept = package.accept.as_ref()?;
        let attempt = package.attempts.get(&accept.attempt)?;
        let id = &p.id;
        Some(Merged {
            id,
            package,
            attempt,
        })
    });
    packages.collect()
}

fn files(attempt: &AttemptView) -> Vec<RepoPath> {
    let result = attempt.result.as_ref();
    result.map_or_else(Vec::new, |r| r.files_modified.clone())
}

fn plan_row(plan: &Plan, merged: &[Merged<'_>]) -> PlanRow {
    PlanRow {
        source: plan.source.clone(),
        sha256: plan.hash.to_string(),
        plan_revision: plan.feature.plan_revision,
        contracts_revision: plan.contracts.revision,
        attempts_match: merged.iter().all(|m| m.attempt.attempt.plan == plan.hash),
    }
}

fn scope_row(merged: &Merged<'_>) -> ScopeRow {
    let gates = merged.package.in_order();
    let refused = gates.iter().flat_map(|a| &a.gates).flat_map(|gate| {
        gate.violations.iter().map(|v| match &v.path {
            Some(path) => format!("{path}: {}", v.rule),
            None => v.rule.clone(),
        })
    });
    ScopeRow {
        package: merged.id.clone(),
        files: files(merged.attempt).len(),
        passed: merged.attempt.gates.last().is_some_and(|g| g.passed),
        refused: refused.collect::<BTreeSet<_>>().into_iter().collect(),
    }
}

fn lock_keys(plan: &Plan, merged: &[Merged<'_>]) -> Vec<String> {
    let packages = merged.iter().filter_map(|m| plan.package(m.id));
    let keys: BTreeSet<String> = packages
        .flat_map(|p| p.locks.keys.iter().map(|k| k.as_str().to_owned()))
        .collect();
    keys.into_iter().collect()
}

fn deviations(sources: &Sources<'_>) -> Vec<DeviationRow> {
    let mut rows = Vec::new();
    for package in &sources.plan.packages {
        let Some(view) = sources.feature.packages.get(&package.id) else {
            continue;
        };
        for attempt in view.in_order() {
            rows.extend(attempt.deviations.iter().map(|d| DeviationRow {
                package: package.id.clone(),
                number: attempt.attempt.number,
                deviation: d.clone(),
            }));
        }
    }
    rows
}
