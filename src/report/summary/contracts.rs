//! Contract compliance: which agreed files were touched, and by whom.

use serde::Serialize;

use crate::base::PackageId;
use crate::model::{ContractKind, Plan};
use crate::report::summary::{Merged, files};

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

/// A contract is written relative to the root or to the plan's folder, so the ends are compared.
pub(super) fn is_contract(path: &str, contract: &str) -> bool {
    let contract = contract.trim_start_matches("./");
    path.strip_suffix(contract)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}
