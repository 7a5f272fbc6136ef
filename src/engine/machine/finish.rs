//! The end of a run: the final verification, rooms of merged attempts.

use std::collections::BTreeMap;
use std::path::Path;

use crate::base::{Oid, Result};
use crate::engine::effect::{Outcome, Subject};
use crate::engine::machine::shared::Trust;
use crate::engine::machine::start::tree_of;
use crate::engine::machine::verify::Check;
use crate::engine::machine::worker::Worker;
use crate::git::{Expected, Git, Sub, SwapError};
use crate::model::{Role, Step, StepKind, Tier};
use crate::os::clock;
use crate::state::record::Salvage;
use crate::worktree::rooms::Removal;

impl Worker {
    /// The integration package's steps, then `wp.toml`'s, then further checks, on one tree.
    pub(super) fn last_check(&self, commit: &Oid) -> Result<Outcome> {
        let tree = tree_of(self, commit)?;
        let steps = self.final_steps();
        let mut all = self.contract_checks(&tree)?;
        let evidence = self.check(&Check {
            commit,
            tree: &tree,
            steps: &steps,
            tier: Tier::C,
            name: &format!("{}.final", self.shared.feature().slug()),
        })?;
        Ok(Outcome::FinalChecked {
            commit: commit.clone(),
            tree,
            steps: {
                all.extend(evidence.steps);
                all
            },
        })
    }

    fn final_steps(&self) -> Vec<Step> {
        let setup = &self.shared.setup;
        let packages = setup.plan.packages.iter();
        let integration = packages.filter(|p| p.kind() == Role::Integration);
        // Manual and ci steps are asked for once, as steps of the package itself.
        let mut steps: Vec<Step> = integration
            .flat_map(|p| p.verification.steps.clone())
            .filter(|step| matches!(step.kind, StepKind::Command { .. }))
            .collect();
        if setup.project == Trust::Given {
            let project = &setup.settings.project;
            let contracts = project.contracts.verify.iter();
            steps.extend(contracts.map(|line| command("contracts", line)));
            let commands = project.verify.final_commands.iter();
            steps.extend(commands.map(|line| command("final", line)));
        }
        let extra = setup.extra_checks.iter();
        steps.extend(extra.map(|(name, line)| command(name, line)));
        steps
    }

    /// Saves what is left in a merged attempt's room and removes it.
    pub(super) fn tidy(&self, subject: &Subject) -> Result<Outcome> {
        let id = &subject.holding.attempt;
        let mut salvage = None;
        if let Some(room) = self.shared.rooms.find(id)? {
            let removal = match self.shared.rooms.remove(&room) {
                // Another process was faster.
                Err(_) if self.shared.rooms.find(id)?.is_none() => Removal::default(),
                other => other?,
            };
            // Merged, and what was left is saved: nothing is only in a checkpoint.
            room.forget_checkpoints()?;
            if let Some(commit) = removal.salvage.commit {
                salvage = Some(Salvage {
                    commit,
                    kept_by: room.salvage_ref()?,
                    extent: None,
                    at: clock::now(),
                });
            }
        }
        let standing = self.shared.standing.lock();
        let mut standing = standing.unwrap_or_else(std::sync::PoisonError::into_inner);
        standing.remove(id);
        Ok(Outcome::Tidied {
            holding: subject.holding.clone(),
            salvage,
        })
    }

    /// Fast-forwards a checkout as `git merge --ff-only` would: files that were changed there and
    /// concern the merge make git refuse. False if it did.
    pub(super) fn update_checkout(&self, at: &Path, from: &Oid, to: &Oid) -> Result<bool> {
        let setup = &self.shared.setup;
        let git = Git::in_folder(at);
        let read_tree = |more: &[&str]| {
            let call = git.call(Sub::ReadTree).args(["-m", "-u"]).args(more);
            call.args([from.as_str(), to.as_str()]).run()
        };
        if read_tree(&["--dry-run"])?.code != 0 {
            return Ok(false);
        }
        let (name, held) = (&setup.started.branch, Expected::Is(from.clone()));
        let durability = setup.settings.durability;
        let refs = setup.repo.refs();
        match refs.swap(name, Some(to), &held, "wp: fast-forward", durability) {
            Ok(()) => read_tree(&[])?.output().map(|_| true),
            Err(SwapError::Moved { .. }) => Ok(false),
            Err(error) => Err(error.into_error(name)),
        }
    }
}

pub(super) fn command(name: &str, line: &str) -> Step {
    Step {
        name: name.to_owned(),
        kind: StepKind::Command {
            command: line.to_owned(),
            cwd: None,
            env: BTreeMap::new(),
            expect_exit_code: 0,
        },
        artifacts: Vec::new(),
        result_keys: Vec::new(),
    }
}
