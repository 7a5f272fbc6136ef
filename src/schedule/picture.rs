//! One round's working copy: the stage of every package, and what the round decided so far.

use std::collections::BTreeMap;

use crate::base::PackageId;
use crate::schedule::agenda::Item;
use crate::schedule::decision::{Decision, Holding};
use crate::schedule::input::{Input, Work};
use crate::schedule::review::{self, ReviewPolicy, ReviewState};
use crate::schedule::stage::{self, Budget, Stage};
use crate::state::record::Grant;

/// The stages of all packages, and the decisions so far.
#[derive(Debug)]
pub(super) struct Picture<'a> {
    /// What everything is decided from.
    pub(super) input: Input<'a>,
    /// By package.
    pub(super) stages: BTreeMap<&'a PackageId, Stage<'a>>,
    /// Where the reviews of merged packages stand; empty where nobody reviews.
    pub(super) reviews: BTreeMap<&'a PackageId, ReviewState>,
    /// In order.
    pub(super) decisions: Vec<Decision>,
}

impl<'a> Picture<'a> {
    /// Looks at every package of the agenda once.
    pub(super) fn new(input: Input<'a>) -> Self {
        let records = input.records();
        let stages = input.agenda.items().iter().map(|item| {
            let budget = Budget {
                retries: item.retries,
                lost_max: input.limits.lost_max,
                run: Some(&input.options.run),
                gate: item.gate,
            };
            (&item.id, stage::stage(records, &item.id, budget))
        });
        Picture {
            stages: stages.collect(),
            reviews: reviews(&input),
            input,
            decisions: Vec::new(),
        }
    }

    /// The stage of a package of the agenda.
    pub(super) fn stage(&self, id: &PackageId) -> Option<&Stage<'a>> {
        self.stages.get(id)
    }

    /// True if the package is merged.
    pub(super) fn is_merged(&self, id: &PackageId) -> bool {
        matches!(self.stage(id), Some(Stage::Merged { .. }))
    }

    /// True unless somebody has yet to review the package, or to answer what a review found.
    pub(super) fn is_reviewed(&self, id: &PackageId) -> bool {
        self.reviews.get(id).is_none_or(ReviewState::is_settled)
    }

    /// True if the run was told to do this package.
    pub(super) fn selected(&self, item: &Item) -> bool {
        let only = self.input.options.only.as_ref();
        only.is_none_or(|only| only.contains(&item.id))
    }

    /// Adds an effect unless it is under way or was tried in vain.
    pub(super) fn push(&mut self, decision: Decision) {
        let observed = self.input.observed;
        let free =
            |work: &Work| !observed.in_flight.contains(work) && !observed.given_up.contains(work);
        if decision.work().as_ref().is_none_or(free) {
            self.decisions.push(decision);
        }
    }

    /// Places that are neither in use nor given away in this round.
    pub(super) fn places(&self) -> usize {
        let new = self.decisions.iter().filter(|d| {
            let takes = d.work().is_some_and(|work| work.takes_place());
            takes || matches!(d, Decision::Start { .. })
        });
        let taken = self.input.observed.places() + new.count();
        self.input.limits.jobs.saturating_sub(taken)
    }

    /// A grant of this feature with what fences it.
    pub(super) fn holding(&self, package: &PackageId, grant: &Grant) -> Holding {
        Holding {
            package: package.clone(),
            attempt: grant.attempt.clone(),
            epoch: grant.epoch,
        }
    }

    /// True if an effect of this name is under way or was decided in this round.
    pub(super) fn busy(&self, work: &Work) -> bool {
        self.input.observed.in_flight.contains(work)
            || self
                .decisions
                .iter()
                .any(|d| d.work().as_ref() == Some(work))
    }
}

/// Fixes are reviewed with the package that they belong to.
fn reviews<'a>(input: &Input<'a>) -> BTreeMap<&'a PackageId, ReviewState> {
    let records = input.records();
    let Some(policy) = ReviewPolicy::of(records) else {
        return BTreeMap::new();
    };
    let work = input.agenda.items().iter().filter(|item| !item.gate);
    let subjects = work.map(|item| &item.id);
    let subjects = subjects.filter(|id| input.agenda.sprout(id) != Some(review::FIX));
    let states = subjects.filter_map(|id| Some((id, review::state(records, id, &policy)?)));
    states.collect()
}
