//! Live packages merged against each other while they work, at every checkpoint: what would
//! conflict is told long before either ends. It blocks nobody, and what it cannot do it leaves.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use crate::base::{AttemptId, Oid, PackageId, RepoPath, Result};
use crate::engine::machine::Machine;
use crate::engine::machine::worker::Worker;
use crate::engine::world::{Clash, Occurrence, Side};
use crate::integrate::{Shadow, rehearse};
use crate::os::lock;
use crate::state::record::Attempt;
use crate::worktree::live_tips::{LiveTip, live_tips};

/// What rehearsals found: each pair and set of paths is told once.
#[derive(Debug, Default)]
pub(super) struct Rehearsed {
    told: BTreeSet<([AttemptId; 2], Vec<RepoPath>)>,
    fresh: Vec<Clash>,
}

impl Worker {
    /// Merges where an attempt stands with where all others stand, of all features that run in
    /// this repository.
    pub(super) fn rehearse(&self, attempt: &Attempt) -> Result<()> {
        let setup = &self.shared.setup;
        let run = setup.repo.wp_dir().join("run");
        let is_live = |id: &AttemptId| lock::is_held(&run.join(format!("{id}.lock")));
        let all = live_tips(&setup.repo, &is_live)?;
        let (own, others): (Vec<LiveTip>, Vec<LiveTip>) = all
            .into_iter()
            .partition(|tip| tip.attempt == attempt.attempt);
        let Some(own) = own.first().filter(|own| own.tip != attempt.base) else {
            return Ok(());
        };
        let pairs: Vec<(Oid, Oid)> = others
            .iter()
            .map(|other| (own.tip.clone(), other.tip.clone()))
            .collect();
        if pairs.is_empty() {
            return Ok(());
        }
        let trials = rehearse(&Shadow::open(&setup.repo)?, &pairs)?;
        for (other, trial) in others.iter().zip(trials) {
            if !trial.is_clean {
                self.clash(attempt, other, trial.conflicts);
            }
        }
        Ok(())
    }

    fn clash(&self, attempt: &Attempt, other: &LiveTip, paths: Vec<RepoPath>) {
        let mut pair = [attempt.attempt.clone(), other.attempt.clone()];
        pair.sort();
        let rehearsed = self.shared.rehearsed.lock();
        let mut rehearsed = rehearsed.unwrap_or_else(PoisonError::into_inner);
        if rehearsed.told.insert((pair, paths.clone())) {
            let one = Side {
                name: attempt.package.to_string(),
                package: Some(attempt.package.clone()),
                attempt: attempt.attempt.clone(),
            };
            let other = self.side(attempt, other);
            rehearsed.fresh.push(Clash { one, other, paths });
        }
    }

    fn side(&self, attempt: &Attempt, tip: &LiveTip) -> Side {
        let is_ours = tip.feature == attempt.feature.slug();
        let mut packages = self.plan.packages.iter().map(|package| &package.id);
        let known: Option<&PackageId> = packages.find(|id| id.slug() == tip.package);
        let package = known.filter(|_| is_ours).cloned();
        Side {
            name: match &package {
                Some(id) => id.to_string(),
                None => format!("{}/{}", tip.feature, tip.package),
            },
            package,
            attempt: tip.attempt.clone(),
        }
    }
}

impl Machine<'_> {
    /// What rehearsals found since the last look.
    pub(super) fn rehearsed(&self) -> Vec<Occurrence> {
        let rehearsed = self.shared.rehearsed.lock();
        let mut rehearsed = rehearsed.unwrap_or_else(PoisonError::into_inner);
        let fresh = std::mem::take(&mut rehearsed.fresh);
        fresh.into_iter().map(Occurrence::Rehearsed).collect()
    }
}
