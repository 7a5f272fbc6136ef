//! What the records mean: a fold from package to feature to root. Pure, total, order-free.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::base::{ActorId, AttemptId, ContentHash, FeatureId, Oid, PackageId, TaskId, TxnId};
use crate::model::Reviewed;
use crate::model::gate::GateVerdict;
use crate::model::outcome::{AttemptResult, Deviation, EndReason};
use crate::model::qa::QaRound;
use crate::state::epochs::contradictions;
use crate::state::filed::Filed;
use crate::state::layout::PackageRoom;
use crate::state::lock_view::LockView;
use crate::state::record::{
    Accept, Answer, Approval, Attempt, Authority, Beat, By, Delivered, End, Escalated,
    EvidenceFact, FinalCheck, Grant, Hold, Integrator, Judged, Judgement, Land, Open, PlanOrigin,
    Resolution, Ruling, RunEnded, RunStarted, Salvage, Session, Waiver,
};
use crate::state::task_view::TaskView;

/// The state as somebody sees it: the brief of everything, and the features that were asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct View {
    /// Format version; 0 while there is no state.
    pub format: u32,
    /// Who grants; `None` while there is no state.
    pub authority: Option<Authority>,
    /// Every feature in brief.
    pub briefs: BTreeMap<FeatureId, FeatureBrief>,
    /// The features that were loaded.
    pub features: BTreeMap<FeatureId, FeatureView>,
    /// Every lock taken outside a package, by key.
    pub locks: BTreeMap<String, LockView>,
    /// Every free-standing task.
    pub tasks: BTreeMap<TaskId, TaskView>,
    /// The last sign of life of every clone.
    pub beats: BTreeMap<ActorId, Beat>,
    /// Sessions of agents, by clone and name.
    pub sessions: BTreeMap<(ActorId, String), Session>,
    /// What of this is not confirmed by the authority; empty where this repository is its own.
    pub tentative: Tentative,
    /// Records that could not be read: reported, never skipped silently.
    pub problems: Vec<Problem>,
}

/// Rights that a clone shows because it asked for them: granted as far as it knows, and worth
/// nothing until the authority has said so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tentative {
    /// Holders of a package or a lock.
    pub grants: BTreeSet<AttemptId>,
    /// Landings.
    pub lands: BTreeSet<(FeatureId, u32)>,
    /// Packages that are merged as far as this clone knows.
    pub accepts: BTreeSet<(FeatureId, PackageId)>,
    /// Features of which this clone would be the integrator.
    pub integrators: BTreeSet<FeatureId>,
}

/// A record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where.
    pub path: String,
    /// Why.
    pub why: String,
}

impl Problem {
    /// An entry that is none of the records of this format.
    pub fn foreign(path: String) -> Self {
        let why = FOREIGN.to_owned();
        Problem { path, why }
    }

    /// True if the entry is none of the records of this format.
    pub fn is_foreign(&self) -> bool {
        self.why == FOREIGN
    }
}

const FOREIGN: &str = "it is none of the records of this format";

/// One feature in brief; what a claim of another feature has to know.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FeatureBrief {
    /// Title for people.
    pub title: Option<String>,
    /// The last run's result, if it ended.
    pub last_result: Option<String>,
    /// Number of packages of the newest plan.
    pub packages: usize,
    /// Number of merged packages.
    pub merged: usize,
    /// Live grants, with the package they belong to.
    pub live: Vec<(PackageId, Grant)>,
    /// Nothing new starts.
    pub held: bool,
    /// Requests on which the authority has not ruled, in no order.
    pub pending: Vec<Filed>,
}

/// One feature in full.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FeatureView {
    /// Publications, oldest first.
    pub opens: Vec<Open>,
    /// Plans by hash.
    pub plans: BTreeMap<ContentHash, PlanOrigin>,
    /// Approvals, oldest first.
    pub approvals: Vec<Approval>,
    /// Runs by id (time-sortable).
    pub runs: BTreeMap<TxnId, RunView>,
    /// Final verifications, oldest first.
    pub finals: Vec<FinalCheck>,
    /// Questions of agents, oldest first.
    pub escalations: Vec<Escalated>,
    /// What reviewers, checks and people found, oldest first.
    pub judged: Vec<Judged>,
    /// Branches that it became part of, oldest first.
    pub delivered: Vec<Delivered>,
    /// Answers to them, oldest first.
    pub resolutions: Vec<Resolution>,
    /// Landings by number.
    pub lands: BTreeMap<u32, LandView>,
    /// Holds that were not lifted.
    pub holds: Vec<Hold>,
    /// Highest number of any hold, lifted or not.
    pub holds_seen: u32,
    /// Who merges, by epoch.
    pub integrators: BTreeMap<u32, Integrator>,
    /// Integrators that no longer are.
    pub resigned: BTreeSet<u32>,
    /// Requests that were filed with an authority elsewhere.
    pub filed: BTreeMap<TxnId, Filed>,
    /// What it made of them.
    pub rulings: BTreeMap<TxnId, Ruling>,
    /// Packages that have at least one record, by verbatim id.
    pub packages: BTreeMap<PackageId, PackageView>,
}

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunView {
    /// How it began.
    pub started: RunStarted,
    /// How it ended, if it did.
    pub ended: Option<RunEnded>,
}

/// One landing.
#[derive(Debug, Clone, PartialEq)]
pub struct LandView {
    /// The intent.
    pub land: Land,
    /// What became of it.
    pub state: LandState,
}

/// What became of a landing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LandState {
    /// Under way, or interrupted.
    Open,
    /// The ref moved.
    Landed,
    /// Given up.
    Void,
}

/// One package.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PackageView {
    /// Attempts by id.
    pub attempts: BTreeMap<AttemptId, AttemptView>,
    /// Grants by epoch.
    pub grants: BTreeMap<u32, Grant>,
    /// The accepted attempt.
    pub accept: Option<Accept>,
    /// Answers of people, oldest first.
    pub answers: Vec<Answer>,
    /// Holds that were not lifted.
    pub holds: Vec<Hold>,
    /// Highest number of any hold, lifted or not.
    pub holds_seen: u32,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptView {
    /// What was set out to do.
    pub attempt: Attempt,
    /// The epoch of its grant, if it got one.
    pub epoch: Option<u32>,
    /// How it ceased to hold.
    pub end: Option<End>,
    /// What came out.
    pub result: Option<AttemptResult>,
    /// What the gate found, oldest first.
    pub gates: Vec<GateVerdict>,
    /// What verification showed, oldest first.
    pub evidence: Vec<EvidenceFact>,
    /// What went otherwise, oldest first.
    pub deviations: Vec<Deviation>,
    /// Saved leftovers.
    pub salvages: Vec<Salvage>,
}

impl FeatureBrief {
    /// Notes what holds `package` now.
    pub(super) fn refresh(&mut self, package: &PackageId, live: Option<&Grant>) {
        let place = self.live.binary_search_by(|(id, _)| id.cmp(package));
        match (place, live) {
            (Ok(at), Some(grant)) => self.live[at].1 = grant.clone(),
            (Ok(at), None) => {
                self.live.remove(at);
            }
            (Err(at), Some(grant)) => self.live.insert(at, (package.clone(), grant.clone())),
            (Err(_), None) => {}
        }
    }
}

impl PackageView {
    /// The grant with the highest epoch, live or not.
    pub fn highest(&self) -> Option<&Grant> {
        self.grants.last_key_value().map(|(_, grant)| grant)
    }

    /// The grant that holds: the highest, while its attempt has not ended.
    pub fn live(&self) -> Option<&Grant> {
        self.highest().filter(|grant| {
            self.attempts
                .get(&grant.attempt)
                .is_none_or(|attempt| attempt.end.is_none())
        })
    }

    /// What cannot have come from one authority: gaps, a displaced grant without its end.
    pub(super) fn contradictions(&self) -> Vec<String> {
        let ended = |grant: &Grant| {
            let attempt = self.attempts.get(&grant.attempt);
            attempt.is_some_and(|a| a.end.is_some())
        };
        let mut found = contradictions(&self.grants, ended);
        if let (Some(accept), Some(highest)) = (&self.accept, self.highest())
            && accept.epoch != highest.epoch
        {
            let (old, new) = (accept.epoch, highest.epoch);
            found.push(format!("epoch {old} was accepted, {new} was granted"));
        }
        found
    }

    /// Attempts in the order of their numbers.
    pub fn in_order(&self) -> Vec<&AttemptView> {
        let mut all: Vec<&AttemptView> = self.attempts.values().collect();
        all.sort_by_key(|a| (a.attempt.number, a.epoch, a.attempt.attempt.clone()));
        all
    }
}

impl AttemptView {
    /// True if it neither held its package nor was refused it: its claim waits for the authority.
    pub(super) fn waits(&self) -> bool {
        self.epoch.is_none() && self.end.is_none()
    }

    /// True if the authority, or this clone as far as it knows, gave the package to another.
    pub fn is_superseded(&self) -> bool {
        let never_held = |end: &End| end.epoch == 0 && end.reason == EndReason::Superseded;
        self.end.as_ref().is_some_and(never_held)
    }
}

impl FeatureView {
    /// Who merges the feature, where that is a right.
    pub fn integrator(&self) -> Option<&Integrator> {
        let (epoch, live) = self.integrators.last_key_value()?;
        (!self.resigned.contains(epoch)).then_some(live)
    }

    /// The plan that was published, or run, last.
    pub fn current_plan(&self) -> Option<&PlanOrigin> {
        self.plans.values().max_by_key(|plan| {
            let runs = self.runs.values().filter(|r| r.started.plan == plan.hash);
            let run = runs.map(|r| r.started.by.at).max();
            (run.unwrap_or(plan.by.at).max(plan.by.at), &plan.hash)
        })
    }

    /// The package that lies in `room`, where a record or a plan names it.
    pub(super) fn package_of(&self, room: &PackageRoom) -> Option<PackageId> {
        let plain = PackageId::parse(room.slug()).filter(|id| room.is_of(id));
        let known = || self.packages.keys().find(|id| room.is_of(id)).cloned();
        let planned = || {
            let mut briefs = self.plans.values().flat_map(|plan| &plan.packages);
            briefs.find(|b| room.is_of(&b.id)).map(|b| b.id.clone())
        };
        plain.or_else(known).or_else(planned)
    }

    /// Reviews, oldest first.
    pub fn reviews(&self) -> impl Iterator<Item = &Reviewed> {
        self.judged.iter().filter_map(|judged| match &judged.what {
            Judgement::Review(reviewed) => Some(reviewed.as_ref()),
            Judgement::Waiver(_) | Judgement::Qa(_) => None,
        })
    }

    /// What people set aside, oldest first.
    pub fn waivers(&self) -> impl Iterator<Item = (&Waiver, &By)> {
        self.judged.iter().filter_map(|judged| match &judged.what {
            Judgement::Waiver(waiver) => Some((waiver, &judged.by)),
            Judgement::Review(_) | Judgement::Qa(_) => None,
        })
    }

    /// QA rounds, by number.
    pub fn qa_rounds(&self) -> impl Iterator<Item = &QaRound> {
        let rounds = self.judged.iter().filter_map(|judged| match &judged.what {
            Judgement::Qa(round) => Some((round.number, round.as_ref())),
            Judgement::Review(_) | Judgement::Waiver(_) => None,
        });
        // Of two with one number the first counts.
        let mut by_number = BTreeMap::new();
        for (number, round) in rounds {
            by_number.entry(number).or_insert(round);
        }
        by_number.into_values()
    }

    /// The newest run.
    pub fn last_run(&self) -> Option<&RunView> {
        self.runs.last_key_value().map(|(_, run)| run)
    }

    /// Where the last landing left the integration ref; `None` before the first one.
    pub fn reached(&self) -> Option<&Oid> {
        let mut lands = self.lands.values().rev();
        let last = lands.find(|l| l.state == LandState::Landed);
        last.map(|l| &l.land.new)
    }

    /// The landing that is under way, if one is.
    pub fn open_land(&self) -> Option<&Land> {
        self.lands
            .values()
            .find(|l| l.state == LandState::Open)
            .map(|l| &l.land)
    }
}
