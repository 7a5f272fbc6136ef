//! Contract compliance of the whole: every contract is what was approved, and can be read.

use crate::base::{ContentHash, Oid, RepoPath, Result};
use crate::check;
use crate::engine::machine::worker::Worker;
use crate::model::{Contract, StepEvidence, StepState};
use crate::os::clock;
use crate::plan::contracts;
use crate::schedule::agreed;

impl Worker {
    /// A step for each contract of the plan, judged on this tree.
    pub(super) fn contract_checks(&self, tree: &Oid) -> Result<Vec<StepEvidence>> {
        let plan = &self.shared.setup.plan;
        let records = self.records()?;
        let approved = records
            .plans
            .get(&plan.hash)
            .map(|origin| &origin.contracts);
        let mut out = Vec::new();
        for contract in &plan.contracts.files {
            let seen = approved
                .into_iter()
                .flatten()
                .find(|c| c.path == contract.path);
            let hash = seen.and_then(|seen| seen.hash.as_ref());
            out.push(self.contract_check(tree, contract, hash)?);
        }
        Ok(out)
    }

    fn contract_check(
        &self,
        tree: &Oid,
        contract: &Contract,
        approved: Option<&ContentHash>,
    ) -> Result<StepEvidence> {
        let plan = &self.shared.setup.plan;
        let objects = self.shared.setup.repo.objects();
        let mut bytes = None;
        for place in check::contract_places(&plan.source, &contract.path) {
            bytes = match bytes {
                None => objects.file(tree, &RepoPath::from(place.as_str()))?,
                found => found,
            };
        }
        let (state, note) = match &bytes {
            None => (StepState::Failed, "there is no such file".to_owned()),
            Some(bytes) => match contracts::parse(contract.kind, bytes) {
                Err(why) => (StepState::Failed, why),
                Ok(()) => self.unchanged(contract, (bytes, approved)),
            },
        };
        Ok(StepEvidence {
            name: format!("contract {}", contract.path),
            kind: "contract".to_owned(),
            state,
            what: contract.path.clone(),
            exit_code: None,
            millis: 0,
            at: clock::now(),
            tail: String::new(),
            note: (!note.is_empty()).then_some(note),
            reused: false,
        })
    }

    /// Whether it is what was approved, or what a package made of it that the plan lets change it.
    fn unchanged(
        &self,
        contract: &Contract,
        (bytes, approved): (&[u8], Option<&ContentHash>),
    ) -> (StepState, String) {
        let plan = &self.shared.setup.plan;
        if approved.is_none_or(|hash| *hash == ContentHash::of(bytes)) {
            return (StepState::Passed, String::new());
        }
        let mut packages = plan.packages.iter();
        match packages.find(|package| agreed::writes(package, &contract.path)) {
            Some(package) => {
                let note = format!("changed in the scope of `{}`", package.id);
                (StepState::Passed, note)
            }
            None => {
                let revision = plan.contracts.revision;
                let note = format!("changed since it was approved as revision {revision}");
                (StepState::Failed, note)
            }
        }
    }
}
