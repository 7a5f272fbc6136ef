//! Contract compliance: which agreed files were touched, and by whom.

use serde::Serialize;

use crate::base::PackageId;
use crate::model::{ContractKind, Plan, StepState};
use crate::report::summary::{Merged, files};
use crate::state::FeatureView;

/// One contract file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContractRow {
    /// As written.
    pub path: String,
    /// How it is checked.
    pub kind: ContractKind,
    /// The merged packages that changed it; empty if it is as the plan found it.
    pub changed_by: Vec<PackageId>,
}

/// In order of appearance.
pub(super) fn rows(plan: &Plan, merged: &[Merged<'_>]) -> Vec<ContractRow> {
    let contracts = plan.contracts.files.iter().map(|contract| {
        let touched = |m: &&Merged<'_>| {
            let files = files(m.attempt);
            files
                .iter()
                .any(|f| is_contract(&f.to_text(), &contract.path))
        };
        ContractRow {
            path: contract.path.clone(),
            kind: contract.kind,
            changed_by: merged
                .iter()
                .filter(touched)
                .map(|m| m.id.clone())
                .collect(),
        }
    });
    contracts.collect()
}

/// One check of the contracts on the merged tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContractCheckRow {
    /// `contract PATH`, or `contracts` for a command of `wp.toml`.
    pub name: String,
    /// The path, or the command line.
    pub what: String,
    /// Whether it passed.
    pub passed: bool,
    /// What was found.
    pub note: Option<String>,
}

/// What the last final verification found of the contracts; the only meaning of compliance.
pub fn checks(feature: &FeatureView) -> Vec<ContractCheckRow> {
    let last = feature
        .finals
        .last()
        .into_iter()
        .flat_map(|check| &check.steps);
    let ours = last.filter(|step| step.kind == "contract" || is_command(&step.name));
    let rows = ours.map(|step| ContractCheckRow {
        name: step.name.clone(),
        what: step.what.clone(),
        passed: step.state == StepState::Passed,
        note: step.note.clone(),
    });
    rows.collect()
}

/// Steps of one name are numbered.
fn is_command(name: &str) -> bool {
    name == "contracts" || name.starts_with("contracts#")
}

/// A contract is written relative to the root or to the plan's folder, so the ends are compared.
pub(super) fn is_contract(path: &str, contract: &str) -> bool {
    let contract = contract.trim_start_matches("./");
    path.strip_suffix(contract)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}
