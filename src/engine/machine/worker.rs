//! One effect in a thread of its own; each kind of effect has a file of its own beside this one.

use std::sync::Arc;

use crate::base::{Error, Kind, PackageId, Result};
use crate::engine::effect::{Effect, Outcome};
use crate::engine::machine::shared::Shared;
use crate::engine::reviewing::{self, Desk};
use crate::model::{Package, Plan, Reviewed};
use crate::os::process::Watch;
use crate::schedule::ReviewDue;
use crate::state::{FeatureView, View};

/// What an effect works with.
pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    /// The plan with what the loops want.
    pub(super) plan: Arc<Plan>,
    /// The state on which the effect was decided.
    pub(super) view: Arc<View>,
    pub(super) watch: Watch,
}

impl Worker {
    /// Performs the effect; one that was stopped leaves no trace.
    pub(super) fn perform(&self, effect: Effect) -> Result<Outcome> {
        match self.attempt(effect) {
            Err(error) if error.kind() == Kind::Interrupted => Ok(Outcome::Interrupted),
            other => other,
        }
    }

    fn attempt(&self, effect: Effect) -> Result<Outcome> {
        match effect {
            Effect::Run(subject) => self.run(&subject),
            Effect::Recover(subject) => self.recover(&subject),
            Effect::Gate(subject) => self.gate(&subject),
            Effect::Verify(subject) => self.verify(&subject),
            Effect::Review(due) => Ok(Outcome::Reviewed {
                reviews: self.review(&due)?,
            }),
            Effect::Merge { n, onto, subjects } => self.merge(n, &onto, &subjects),
            Effect::Swap(land) => self.swap(&land),
            Effect::Advance(to) => self.advance(&to),
            Effect::Qa {
                commit,
                round,
                merged,
            } => self.look(&commit, (round, merged)),
            Effect::Final(commit) => self.last_check(&commit),
            Effect::Tidy(subject) => self.tidy(&subject),
        }
    }

    /// A package of the plan, or one that a loop wants.
    pub(super) fn package(&self, id: &PackageId) -> Result<&Package> {
        let package = self.plan.package(id);
        package.ok_or_else(|| Error::bug(format!("the plan has no package `{id}`")))
    }

    fn review(&self, due: &ReviewDue) -> Result<Vec<Reviewed>> {
        let setup = &self.shared.setup;
        let desk = Desk {
            repo: &setup.repo,
            rooms: &setup.rooms,
            plan: &self.plan,
            records: self.records()?,
            profiles: &setup.reviewers,
            settings: &setup.settings,
            environment: &setup.environment,
            program: &setup.program,
        };
        reviewing::ask(&desk, due, &self.watch)
    }

    /// The records of the feature.
    pub(super) fn records(&self) -> Result<&FeatureView> {
        let records = self.shared.records(&self.view);
        records.ok_or_else(|| Error::bug("the feature was not loaded"))
    }
}
