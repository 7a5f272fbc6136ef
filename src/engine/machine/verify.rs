//! Verification of one exact tree in a room that holds nothing else.

use std::collections::BTreeMap;

use crate::base::{Error, Kind, Oid, RepoPath, Result};
use crate::engine::effect::{Outcome, Subject};
use crate::engine::machine::equip::Desk;
use crate::engine::machine::start::{attempt_of, command_environment, result_of};
use crate::engine::machine::worker::Worker;
use crate::model::{Deviation, Evidence, Package, Step, StepEvidence, StepKind, StepState, Tier};
use crate::os::clock;
use crate::os::process::{Ended, Watch};
use crate::state::record::EvidenceFact;
use crate::verify::{self, Limits, Verify};
use crate::worktree::programs::{Failure, Phase};

/// What is verified.
pub(super) struct Check<'a> {
    pub(super) commit: &'a Oid,
    pub(super) tree: &'a Oid,
    pub(super) steps: &'a [Step],
    pub(super) tier: Tier,
    /// Names the log.
    pub(super) name: &'a str,
}

fn unready(worker: &Worker, failure: &Failure) -> Error {
    let message = worker.line(Phase::Setup, failure);
    match failure.ended {
        Ended::Stopped => Error::new(Kind::Interrupted, "stopped", message),
        _ => Error::negative("setup", message),
    }
}

impl Worker {
    pub(super) fn verify(&self, subject: &Subject) -> Result<Outcome> {
        let (attempt, result) = (attempt_of(subject)?, result_of(subject)?);
        let package = self.package(&attempt.package)?;
        let mut evidence = self.check(&Check {
            commit: &result.head,
            tree: &result.tree,
            steps: &package.verification.steps,
            tier: package.verification.tier,
            name: attempt.attempt.as_str(),
        })?;
        evidence
            .steps
            .extend(self.artifacts(package, &result.tree)?);
        Ok(Outcome::Verified {
            holding: subject.holding.clone(),
            evidence: EvidenceFact {
                evidence,
                merged: false,
                at: clock::now(),
            },
            deviations: Vec::<Deviation>::new(),
        })
    }

    /// Runs steps on a tree; what is known of that very tree is not run again.
    pub(super) fn check(&self, check: &Check<'_>) -> Result<Evidence> {
        let known = self.known(check.tree)?;
        let reuse = |label: &str, step: &Step| {
            let known = known.get(label)?;
            let same = match &step.kind {
                StepKind::Command { command, .. } => known.what == *command,
                StepKind::Ci { .. } | StepKind::Manual { .. } => false,
            };
            same.then(|| known.clone())
        };
        let labels = verify::labels(check.steps);
        let commands = check.steps.iter().zip(&labels);
        let all_known = commands
            .filter(|(step, _)| matches!(step.kind, StepKind::Command { .. }))
            .all(|(step, label)| reuse(label, step).is_some());
        if all_known {
            // No command runs, so nothing has to stand anywhere.
            let nowhere = self.shared.setup.repo.wp_dir();
            return self.run_steps(check, (&nowhere, None), &|| Ok(Vec::new()), &reuse);
        }
        let room = self.shared.verify_rooms.take(check.commit)?;
        let desk = Desk::take(&self.shared, &format!("{}.verify", check.name))?;
        self.bring(room.path(), check.tree)?;
        let at = (room.path(), None);
        let failures = self.programs(Phase::Setup, &desk, at, &self.watch)?;
        let done = match failures.first() {
            Some(failure) => Err(unready(self, failure)),
            None => {
                let changed = || room.changed_tracked();
                self.run_steps(check, (room.path(), Some(&desk)), &changed, &reuse)
            }
        };
        // What it leaves goes with the next reset; what fails here changes no evidence.
        let _ = self.programs(Phase::Teardown, &desk, at, &Watch::default());
        done
    }

    fn run_steps(
        &self,
        check: &Check<'_>,
        (room, desk): (&std::path::Path, Option<&Desk>),
        changed_tracked: &dyn Fn() -> Result<Vec<RepoPath>>,
        reuse: &dyn Fn(&str, &Step) -> Option<StepEvidence>,
    ) -> Result<Evidence> {
        let environment = command_environment(self);
        let environment = match desk {
            Some(desk) => desk.told(environment),
            None => environment,
        };
        let redactor = environment.redactor();
        let settings = &self.shared.setup.settings;
        let logs = self.shared.setup.repo.wp_dir().join("logs");
        crate::os::file::make_private_dirs(&logs)?;
        let verify = Verify {
            steps: check.steps,
            tier: check.tier,
            tree: check.tree,
            room,
            env: environment.vars(),
            limits: Limits {
                wall: self.shared.step_limit(),
                grace: settings.grace,
                log_bytes: settings.log_bytes,
            },
            log: &logs.join(format!("{}.verify.log", check.name)),
            redactor: &redactor,
            changed_tracked,
        };
        verify::run(&verify, reuse, &self.watch)
    }

    /// Green steps that were run on this tree, by label.
    fn known(&self, tree: &Oid) -> Result<BTreeMap<String, StepEvidence>> {
        let records = self.records()?;
        let attempts = records.packages.values().flat_map(|p| p.attempts.values());
        let facts = attempts.flat_map(|a| &a.evidence);
        let same = facts.filter(|fact| fact.evidence.tree == *tree);
        let steps = same.flat_map(|fact| &fact.evidence.steps);
        let green = steps.filter(|step| step.state == StepState::Passed);
        Ok(green
            .map(|step| (step.name.clone(), step.clone()))
            .collect())
    }

    /// A red step if files that must come out of the package are not in the tree.
    fn artifacts(&self, package: &Package, tree: &Oid) -> Result<Option<StepEvidence>> {
        let objects = self.shared.setup.repo.objects();
        let mut missing = Vec::new();
        for path in &package.outputs.artifacts {
            if objects
                .entry(tree, &RepoPath::from(path.as_str()))?
                .is_none()
            {
                missing.push(format!("`{path}`"));
            }
        }
        if missing.is_empty() {
            return Ok(None);
        }
        Ok(Some(StepEvidence {
            name: "outputs.artifacts".to_owned(),
            kind: "command".to_owned(),
            state: StepState::Failed,
            what: package.outputs.artifacts.join(", "),
            exit_code: None,
            millis: 0,
            at: clock::now(),
            tail: String::new(),
            note: Some(format!("missing: {}", missing.join(", "))),
            reused: false,
        }))
    }
}
