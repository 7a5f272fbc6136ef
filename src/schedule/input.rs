//! Everything a decision is made from: the view, the agenda, the run's options, and what can be
//! observed outside the ref. Plain values; whoever decides looks at nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::base::{ActorId, AttemptId, FeatureId, Oid, PackageId, Timestamp, TxnId};
use crate::model::Trouble;
use crate::schedule::agenda::Agenda;
use crate::schedule::hands::{Hands, Purse};
use crate::state::record::Grant;
use crate::state::{FeatureView, View};

/// What [`crate::schedule::decide()`] is given.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The feature that is being implemented.
    pub feature: &'a FeatureId,
    /// The newest view; the feature is loaded in it.
    pub view: &'a View,
    /// The plan.
    pub agenda: &'a Agenda,
    /// What the run was asked to do.
    pub options: &'a RunOptions,
    /// What lies outside the ref.
    pub observed: &'a Observed,
    /// How much of anything.
    pub limits: Limits,
    /// The time.
    pub now: Timestamp,
}

/// What a run was asked to do; recorded with the run, so a resume reads the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOptions {
    /// The run.
    pub run: TxnId,
    /// The clone it runs in.
    pub actor: ActorId,
    /// Only these packages.
    pub only: Option<BTreeSet<PackageId>>,
    /// What happens to independent packages when one fails.
    pub on_error: OnError,
    /// Who works. Not recorded: which agents there are is for each machine to know.
    pub hands: Hands,
    /// What may be spent.
    pub purses: Purses,
    /// Whether agents look at the finished feature as people would use it.
    pub qa: Qa,
    /// What this process does for the run. Not recorded: each process has its own.
    pub duties: Duties,
    /// When a worker leaves. Not recorded either.
    pub stay: Stay,
}

/// Whether the QA loop is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Qa {
    /// No.
    #[default]
    Off,
    /// Yes.
    On,
}

/// What may be spent by agents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purses {
    /// In the whole run.
    pub run: Purse,
    /// On one package.
    pub package: Purse,
}

/// What a process does for a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Duties {
    /// Everything.
    #[default]
    All,
    /// Looks after what nobody looks after, merges, and ends the run. Starts no package.
    Integrate,
    /// Starts packages and looks after its own attempts. Merges nothing, and never ends the run.
    Work,
}

/// When a process that cannot end the run leaves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// As soon as nothing can start and nothing of its own is under way.
    Once,
    /// When nothing is left for it; if only a person or an absent process could bring more, once
    /// nothing has changed for so long.
    Patient(Duration),
}

impl Default for Stay {
    fn default() -> Self {
        Stay::Patient(Duration::from_secs(60))
    }
}

/// What happens to independent packages when one fails for good.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnError {
    /// They go on.
    #[default]
    Continue,
    /// Nothing new starts.
    Stop,
}

/// How much of anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Agents and verifications at the same time.
    pub jobs: usize,
    /// Attempts of a package that one run may lose to crashes and kills before it gives up.
    pub lost_max: u32,
    /// The longest wait for the quota of an agent; zero: the run ends instead.
    pub quota_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            jobs: 4,
            lost_max: 8,
            quota_wait: Duration::ZERO,
        }
    }
}

/// What lies outside the ref.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// Attempts whose supervisor lock is held by some process, this one included.
    pub supervised: BTreeSet<AttemptId>,
    /// Those of them whose lock this process holds.
    pub mine: BTreeSet<AttemptId>,
    /// What this process is doing now.
    pub in_flight: BTreeSet<Work>,
    /// Effects that this run tried in vain and that are not worth another try.
    pub given_up: BTreeSet<Work>,
    /// Attempts of the merge that is under way.
    pub merging: BTreeSet<AttemptId>,
    /// Tip of the integration ref.
    pub tip: Option<Oid>,
    /// Where the integration ref stands, seen from the open landing.
    pub land: Option<LandSeen>,
    /// The plan's own files do not say yet what became of the run.
    pub books_due: bool,
    /// The tip for which the feature branch was moved, or found not to be movable.
    pub advanced: Option<Oid>,
    /// Attempts of the feature that still have a room.
    pub rooms: BTreeSet<AttemptId>,
    /// Claims that were refused on exactly this view, with the reason.
    pub refused: BTreeMap<PackageId, String>,
    /// A newer plan of the feature was published since this process began.
    pub replanned: bool,
    /// A signal asked to stop.
    pub stop: Stop,
    /// Attempts of other clones that have shown no sign of life for longer than their lease.
    pub expired: BTreeSet<AttemptId>,
    /// Attempts of other clones whose head has not arrived here yet.
    pub missing: BTreeSet<AttemptId>,
    /// Why the authority cannot be reached; `None`: it can, or it is this repository.
    pub offline: Option<String>,
    /// Who may merge.
    pub integrator: IntegratorSeen,
    /// Another process of this machine merges for this feature now.
    pub integrating: bool,
    /// Places that this process has given to other features.
    pub elsewhere: usize,
    /// Agents whose service refused them while this process ran.
    pub unserved: BTreeMap<String, Trouble>,
    /// For how long nothing of this feature has changed, as far as this process saw.
    pub quiet: Duration,
}

/// Who may merge, where several clones work together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum IntegratorSeen {
    /// This clone alone decides: the lock of the run is enough.
    #[default]
    NotNeeded,
    /// This clone holds the right.
    Mine,
    /// Nobody holds it.
    Free,
    /// This clone asked for it, and the authority has not answered yet.
    Asked,
    /// Another clone holds it.
    Elsewhere {
        /// `user@host`, for people.
        who: String,
        /// The grant, for whoever wants to take it over.
        epoch: u32,
        /// It has shown no sign of life for longer than its lease.
        expired: bool,
    },
}

/// What a signal asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Nothing.
    #[default]
    No,
    /// Start nothing, end what runs with care.
    Soon,
    /// Leave now.
    Now,
}

/// Where the integration ref stands, seen from an open landing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LandSeen {
    /// It did not move yet.
    AtOld,
    /// It contains the new commit.
    HoldsNew,
    /// It went another way.
    Elsewhere,
}

/// The name of an effect; at most one of each name is under way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// The agent of an attempt.
    Run(AttemptId),
    /// The look at an attempt whose supervisor is gone.
    Recover(AttemptId),
    /// The gate of an attempt.
    Gate(AttemptId),
    /// The verification of an attempt.
    Verify(AttemptId),
    /// The removal of a merged attempt's room.
    Tidy(AttemptId),
    /// The review of a merged package.
    Review(PackageId),
    /// The making of merge commits.
    Merge,
    /// The move of the integration ref.
    Swap,
    /// The move of the feature branch.
    Advance,
    /// A QA round.
    Qa,
    /// The final verification.
    Final,
}

impl Work {
    /// True if it occupies one of the run's places.
    pub fn takes_place(&self) -> bool {
        matches!(
            self,
            Work::Run(_) | Work::Verify(_) | Work::Review(_) | Work::Qa | Work::Final
        )
    }
}

impl Observed {
    /// True if this process works on the attempt in any way.
    pub fn busy_with(&self, attempt: &AttemptId) -> bool {
        [
            Work::Run,
            Work::Recover,
            Work::Gate,
            Work::Verify,
            Work::Tidy,
        ]
        .iter()
        .any(|work| self.in_flight.contains(&work(attempt.clone())))
    }

    /// Places in use, those of other features included.
    pub fn places(&self) -> usize {
        let own = self.in_flight.iter().filter(|w| w.takes_place()).count();
        own + self.elsewhere
    }
}

impl<'a> Input<'a> {
    /// The records of the feature; empty if it was never published.
    pub fn records(&self) -> &'a FeatureView {
        static NONE: std::sync::LazyLock<FeatureView> =
            std::sync::LazyLock::new(FeatureView::default);
        self.view.features.get(self.feature).unwrap_or(&NONE)
    }

    /// True if this process may merge, verify the whole and end the run.
    pub fn may_integrate(&self) -> bool {
        let mine = matches!(
            self.observed.integrator,
            IntegratorSeen::NotNeeded | IntegratorSeen::Mine
        );
        mine && self.options.duties != Duties::Work
    }

    /// True if somebody else who is alive may.
    pub fn is_integrated_elsewhere(&self) -> bool {
        let elsewhere = matches!(
            self.observed.integrator,
            IntegratorSeen::Elsewhere { expired: false, .. }
        );
        elsewhere || self.observed.integrating
    }

    /// True if the run is on record, and the one that goes on.
    pub fn is_open(&self) -> bool {
        let run = self.records().last_run();
        run.is_some_and(|run| run.ended.is_none() && run.started.run == self.options.run)
    }

    /// True if another clone made the grant: nothing of it stands on this machine.
    pub fn is_foreign(&self, grant: &Grant) -> bool {
        grant.by.actor != self.options.actor
    }

    /// True if whoever holds the grant shows that it lives.
    pub fn is_alive(&self, grant: &Grant) -> bool {
        let alone = self.observed.integrator == IntegratorSeen::NotNeeded;
        let beats = !alone && self.is_foreign(grant);
        self.observed.supervised.contains(&grant.attempt)
            || (beats && !self.observed.expired.contains(&grant.attempt))
    }
}
