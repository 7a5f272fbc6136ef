//! What `status` and `implement` show, as values: `--json` prints them, the pictures draw them.

use serde::{Deserialize, Serialize};

use crate::base::{ActorId, AttemptId, FeatureId, Oid, PackageId, RefName, Timestamp};
use crate::model::{Account, EndReason, Format, Mode, PackageStatus, Usage};
use crate::report::ended;
use crate::report::qa::{self, QaView};
use crate::report::questions::{self, EscalationRow, QuestionRow};
use crate::report::rehearsal::{self, RehearsalRow};
use crate::report::remote::RemoteView;
use crate::report::used;
use crate::schedule::{FeatureState, OpenStep, Standing, standing};
use crate::state::FeatureView;
use crate::state::record::Delivered;
use crate::state::view::{AttemptView, LandState, PackageView, Tentative};

/// Where one feature stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusView {
    /// Verbatim id.
    pub feature: FeatureId,
    /// Title for people.
    pub title: Option<String>,
    /// The format of its plan, once it has one.
    pub format: Option<Format>,
    /// One word for the whole.
    pub state: FeatureState,
    /// The feature branch of the last run, without `refs/heads/`.
    pub branch: Option<String>,
    /// Tip of what was merged so far.
    pub head: Option<Oid>,
    /// In file order.
    pub packages: Vec<PackageRow>,
    /// Open manual and ci steps.
    pub awaiting: Vec<AwaitingRow>,
    /// What agents cannot decide by themselves, oldest first.
    pub escalations: Vec<EscalationRow>,
    /// Those that wait for an answer.
    pub questions: Vec<QuestionRow>,
    /// The QA loop, where a round was made.
    #[serde(default)]
    pub qa: Option<QaView>,
    /// Branches that it became part of, oldest first.
    #[serde(default)]
    pub delivered: Vec<Delivered>,
    /// Live packages that would conflict with others as they stand.
    #[serde(default)]
    pub rehearsals: Vec<RehearsalRow>,
    /// Who merges, where several machines share an authority.
    pub integrator: Option<IntegratorRow>,
    /// The remote whose state decides; `null`: this repository's own.
    pub remote: Option<RemoteView>,
}

/// Who merges a feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegratorRow {
    /// The clone.
    pub actor: ActorId,
    /// `user@host`, for people.
    pub machine: String,
    /// Whether the authority has said so.
    pub claim: ClaimWord,
    /// Since when.
    pub since: Timestamp,
}

/// Whether the authority has said yes to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimWord {
    /// Not yet.
    Provisional,
    /// Yes.
    Confirmed,
    /// No, or no longer: other work was preferred.
    Superseded,
}

impl ClaimWord {
    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            ClaimWord::Provisional => "provisional",
            ClaimWord::Confirmed => "confirmed",
            ClaimWord::Superseded => "superseded",
        }
    }
}

/// Where one package stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PackageRow {
    /// Verbatim id.
    pub id: PackageId,
    /// One of nine words.
    pub status: PackageStatus,
    /// One line for people; empty where the status says it all.
    pub why: String,
    /// What its agents used up, as far as they tell.
    #[serde(default)]
    pub usage: Option<Usage>,
    /// In the order of their numbers.
    pub attempts: Vec<AttemptRow>,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptRow {
    /// The attempt.
    pub id: AttemptId,
    /// From 1, per package.
    pub number: u32,
    /// The epoch of its grant.
    pub epoch: Option<u32>,
    /// Whether the authority has granted it.
    pub claim: ClaimWord,
    /// The clone that works on it.
    pub actor: ActorId,
    /// The same for people: `user@host`.
    pub machine: String,
    /// The agent profile; empty for a claim from outside.
    pub agent: String,
    /// What it set out to do.
    #[serde(default)]
    pub mode: Mode,
    /// Its branch, without `refs/heads/`.
    pub branch: String,
    /// Head of its branch once it ended.
    pub head: Option<Oid>,
    /// What is kept of its work, if it did not become part of the feature.
    pub kept: Option<Kept>,
    /// How it went; `null` while it is under way.
    pub outcome: Option<String>,
    /// One line for people.
    pub reason: String,
    /// What a debugger supposed and tried, in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hypotheses: Option<String>,
    /// When it began.
    pub started: Timestamp,
    /// How long the agent worked.
    pub seconds: Option<u64>,
    /// What the agent told of itself.
    #[serde(default)]
    pub account: Option<Account>,
}

/// Work that did not become part of the feature and can be adopted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The commit that holds all of it.
    pub head: Oid,
    /// Where the attempt started.
    pub base: Oid,
    /// How many commits; `null` if no record tells and the objects are not here.
    pub commits: Option<u32>,
    /// How many paths differ from where the attempt started; `null` as above.
    pub files: Option<u32>,
}

/// A verification step that waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitingRow {
    /// The package.
    pub package: PackageId,
    /// The step's name.
    pub step: String,
    /// `manual` or `ci`.
    pub kind: String,
    /// The instructions, or the workflow and its checks.
    pub what: String,
}

impl StatusView {
    /// Where `feature` stands by its records.
    pub fn of(feature: &FeatureId, view: &FeatureView) -> Self {
        let Standing {
            state,
            packages,
            awaiting,
        } = standing(view);
        let run = view.last_run().map(|run| &run.started);
        let none = PackageView::default();
        let packages = packages.into_iter().map(|row| {
            let records = view.packages.get(&row.id).unwrap_or(&none);
            let why = match row.why.is_empty() {
                true => row.review,
                false => row.why,
            };
            PackageRow::new(row.id, row.status, why, records)
        });
        let awaiting = awaiting
            .iter()
            .map(|(package, step)| awaiting_row(package, step));
        StatusView {
            feature: feature.clone(),
            title: view.opens.last().and_then(|open| open.title.clone()),
            format: view.current_plan().map(|plan| plan.format),
            state,
            branch: run.map(|run| branch_name(&run.branch)),
            head: head(view),
            packages: packages.collect(),
            awaiting: awaiting.collect(),
            escalations: questions::escalations(view),
            questions: questions::open(feature, view),
            qa: qa::view(feature, view),
            delivered: view.delivered.clone(),
            rehearsals: rehearsal::rows(view),
            integrator: view.integrator().map(|live| IntegratorRow {
                actor: live.by.actor.clone(),
                machine: live.by.label.clone(),
                claim: ClaimWord::Confirmed,
                since: live.by.at,
            }),
            remote: None,
        }
    }

    /// What all agents used up, as far as they tell.
    pub fn usage(&self) -> Option<Usage> {
        let all: Usage = self
            .packages
            .iter()
            .filter_map(|row| row.usage.as_ref())
            .sum();
        (!all.is_nothing()).then_some(all)
    }

    /// Marks what the authority has not confirmed.
    pub fn mark(&mut self, tentative: &Tentative) {
        let rows = self.packages.iter_mut().flat_map(|p| &mut p.attempts);
        for row in rows.filter(|row| row.claim == ClaimWord::Confirmed) {
            if tentative.grants.contains(&row.id) {
                row.claim = ClaimWord::Provisional;
            }
        }
        let role = self.integrator.as_mut();
        if let Some(role) = role.filter(|_| tentative.integrators.contains(&self.feature)) {
            role.claim = ClaimWord::Provisional;
        }
    }

    /// Attempts whose package was given to other work, with that package.
    pub fn superseded(&self) -> impl Iterator<Item = (&PackageId, &AttemptRow)> {
        let rows = self.packages.iter();
        let rows = rows.flat_map(|p| p.attempts.iter().map(move |row| (&p.id, row)));
        rows.filter(|(_, row)| row.claim == ClaimWord::Superseded)
    }
}

/// The row of a step that waits for an answer.
pub fn awaiting_row(package: &PackageId, step: &OpenStep) -> AwaitingRow {
    AwaitingRow {
        package: package.clone(),
        step: step.step.clone(),
        kind: step.kind.clone(),
        what: step.what.clone(),
    }
}

/// Tip of what was merged so far.
fn head(view: &FeatureView) -> Option<Oid> {
    let landed = view
        .lands
        .values()
        .rev()
        .find(|l| l.state == LandState::Landed);
    landed.map(|l| l.land.new.clone())
}

impl PackageRow {
    /// The row of a package as the records show it.
    pub fn new(id: PackageId, status: PackageStatus, why: String, view: &PackageView) -> Self {
        let accepted = view.accept.as_ref().map(|a| &a.attempt);
        let attempts = view.in_order();
        let attempts = attempts
            .into_iter()
            .map(|a| AttemptRow::new(a, accepted == Some(&a.attempt.attempt)));
        PackageRow {
            id,
            status,
            why,
            usage: used::sum(view.attempts.values().filter_map(used::account)),
            attempts: attempts.collect(),
        }
    }
}

impl AttemptRow {
    /// The row of an attempt; `accepted` if it is the one that was merged.
    pub fn new(view: &AttemptView, accepted: bool) -> Self {
        let result = view.result.as_ref();
        AttemptRow {
            id: view.attempt.attempt.clone(),
            number: view.attempt.number,
            epoch: view.epoch,
            claim: claim(view),
            actor: view.attempt.by.actor.clone(),
            machine: view.attempt.by.label.clone(),
            agent: view.attempt.agent.clone(),
            mode: view.attempt.mode,
            branch: branch_name(&view.attempt.branch),
            head: result.map(|r| r.head.clone()),
            kept: kept(view).filter(|_| !accepted && view.end.is_some()),
            outcome: ended::outcome(view, accepted),
            reason: ended::reason(view),
            hypotheses: result.and_then(|r| r.hypotheses.clone()),
            started: view.attempt.by.at,
            seconds: result.map(|r| r.seconds),
            account: used::account(view).cloned(),
        }
    }
}

/// What the records say of a claim; what is only hoped for is marked later.
pub fn claim(view: &AttemptView) -> ClaimWord {
    match &view.end {
        Some(end) if end.reason == EndReason::Superseded => ClaimWord::Superseded,
        None if view.epoch.is_none() => ClaimWord::Provisional,
        Some(_) | None => ClaimWord::Confirmed,
    }
}

/// What the records name of an attempt's work: what was saved last, else its result.
pub fn kept(view: &AttemptView) -> Option<Kept> {
    let base = &view.attempt.base;
    let saved = view.salvages.iter().max_by_key(|saved| saved.at);
    let (head, commits, files) = match (saved, &view.result) {
        (Some(saved), _) => {
            let extent = saved.extent;
            let (commits, files) = (extent.map(|e| e.commits), extent.map(|e| e.files));
            (&saved.commit, commits, files)
        }
        (None, Some(result)) => {
            let files = u32::try_from(result.files_modified.len()).ok();
            (&result.head, None, files)
        }
        (None, None) => return None,
    };
    (head != base).then(|| Kept {
        head: head.clone(),
        base: base.clone(),
        commits,
        files,
    })
}

/// A branch without `refs/heads/`.
pub fn branch_name(name: &RefName) -> String {
    name.short().to_owned()
}
