//! What the records mean: a fold from package to feature to root. Pure, total, order-free.

use std::collections::BTreeMap;

use crate::base::{AttemptId, ContentHash, FeatureId, PackageId, TxnId};
use crate::model::gate::GateVerdict;
use crate::model::outcome::{AttemptResult, Deviation};
use crate::state::record::{
    Accept, Answer, Approval, Attempt, Authority, End, EvidenceFact, FinalCheck, Grant, Hold, Land,
    LockClaim, Open, PlanOrigin, RunEnded, RunStarted, Salvage,
};

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
    /// Records that could not be read: reported, never skipped silently.
    pub problems: Vec<Problem>,
}

/// A record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub path: String,
    /// Why.
    pub why: String,
}

/// One feature in brief; what a claim of another feature has to know.
#[derive(Debug, Clone, Default, PartialEq)]
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
    /// Landings by number.
    pub lands: BTreeMap<u32, LandView>,
    /// Holds that were not lifted.
    pub holds: Vec<Hold>,
    /// Highest number of any hold, lifted or not.
    pub holds_seen: u32,
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

/// One lock taken outside a package.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LockView {
    /// Claims and intents by their minted id.
    pub claims: BTreeMap<AttemptId, LockClaim>,
    /// Grants by epoch.
    pub grants: BTreeMap<u32, Grant>,
    /// Ends by claim.
    pub ends: BTreeMap<AttemptId, End>,
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

    /// Attempts in the order of their numbers.
    pub fn in_order(&self) -> Vec<&AttemptView> {
        let mut all: Vec<&AttemptView> = self.attempts.values().collect();
        all.sort_by_key(|a| (a.attempt.number, a.epoch, a.attempt.attempt.clone()));
        all
    }
}

impl LockView {
    /// The grant that holds, with its claim.
    pub fn live(&self) -> Option<(&Grant, &LockClaim)> {
        let (_, grant) = self.grants.last_key_value()?;
        let claim = self.claims.get(&grant.attempt)?;
        (!self.ends.contains_key(&grant.attempt)).then_some((grant, claim))
    }
}

impl FeatureView {
    /// The newest run.
    pub fn last_run(&self) -> Option<&RunView> {
        self.runs.last_key_value().map(|(_, run)| run)
    }

    /// The landing that is under way, if one is.
    pub fn open_land(&self) -> Option<&Land> {
        self.lands
            .values()
            .find(|l| l.state == LandState::Open)
            .map(|l| &l.land)
    }
}
