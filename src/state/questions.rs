//! Questions: escalations that somebody has to answer, what they stop, and what an answer does.
//!
//! Pure: opinions on what is recorded. What is asked and answered are facts; whether a question is
//! open follows from them and from the table of [`Procedure`]s, and from nothing else.

use crate::base::{FeatureId, PackageId, Timestamp};
use crate::model::escalation::{EscalationKind, EscalationSeverity};
use crate::model::{Choice, EndReason, Escalation, FeatureFate, PackageFate, Procedure, Treatment};
use crate::state::asked::Said;
use crate::state::record::{Attempt, By, Escalated, Offer, PlanOrigin, Resolution};
use crate::state::request::Op;
use crate::state::view::FeatureView;

/// The name that the tool itself asks under.
pub const TOOL: &str = "git wp";

/// An escalation, with what follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// What was asked.
    pub asked: &'a Escalated,
    /// What happens to package and feature.
    pub treatment: Treatment,
    /// What somebody answered: the first answer counts.
    pub answer: Option<&'a Resolution>,
    /// How it stands.
    pub state: State,
}

/// How an escalation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nobody has to answer: it is recorded, or its procedure is automatic.
    Noted,
    /// It waits for an answer.
    Open,
    /// The plan or the contracts are to be revised, and no newer plan was published since.
    Revising,
    /// It was answered with `reject`, and no newer plan was published since.
    GivenUp,
    /// It was answered, and stops nothing any more.
    Settled,
}

/// What the tool itself asks, for instance when a loop has come to its end.
#[derive(Debug, Clone)]
pub struct Asking {
    /// What to type to answer it; asked under the same id again, it is the same question.
    pub id: String,
    /// The feature.
    pub feature: FeatureId,
    /// The package; `None`: the feature as a whole, which then stops.
    pub package: Option<PackageId>,
    /// What it is about.
    pub kind: EscalationKind,
    /// How bad it is.
    pub severity: EscalationSeverity,
    /// In a sentence.
    pub summary: String,
    /// In full.
    pub details: Option<String>,
    /// What may be answered; empty: what the table says for its type. A word of the table, like
    /// `retry`, does there what it does everywhere; for others, whoever asks looks at [`answer`].
    pub offers: Vec<Offer>,
    /// Who asks, and when.
    pub by: By,
}

/// The operation that asks it.
pub fn ask(asking: Asking) -> Op {
    let package = asking.package.as_ref().map(ToString::to_string);
    let escalation = Escalation {
        escalation_id: asking.id,
        feature_id: asking.feature.to_string(),
        package_id: package.unwrap_or_default(),
        kind: asking.kind,
        severity: asking.severity,
        summary: asking.summary,
        details: asking.details,
        evidence: None,
        impact: None,
        proposed_action: None,
        requires_human: true,
        detected_at: asking.by.at.to_string(),
    };
    Op::Say(Box::new(Said::Escalate {
        feature: asking.feature,
        escalated: Escalated {
            escalation,
            package: asking.package,
            attempt: None,
            agent: TOOL.to_owned(),
            offers: asking.offers,
            by: asking.by,
        },
    }))
}

/// Every escalation of the feature, oldest first.
pub fn all(feature: &FeatureView) -> Vec<Question<'_>> {
    let each = feature.escalations.iter();
    each.map(|asked| question(feature, asked)).collect()
}

/// Those that wait for an answer, oldest first.
pub fn open(feature: &FeatureView) -> Vec<Question<'_>> {
    let mut all = all(feature);
    all.retain(|question| question.state == State::Open);
    all
}

/// The escalation of this id.
pub fn find<'a>(feature: &'a FeatureView, id: &str) -> Option<Question<'a>> {
    let mut each = feature.escalations.iter();
    let asked = each.find(|asked| asked.escalation.escalation_id == id)?;
    Some(question(feature, asked))
}

/// What was answered to the escalation of this id.
pub fn answer<'a>(feature: &'a FeatureView, id: &str) -> Option<&'a Resolution> {
    feature.resolutions.iter().find(|r| r.question == id)
}

/// The first question that keeps the package from starting and from being merged.
pub fn obstacle<'a>(feature: &'a FeatureView, package: &PackageId) -> Option<Question<'a>> {
    let concerns = |asked: &&Escalated| {
        asked.package.as_ref() == Some(package) || treatment(asked).feature == FeatureFate::Pauses
    };
    let each = feature.escalations.iter().filter(concerns);
    let mut each = each.map(|asked| question(feature, asked));
    each.find(|question| question.pauses() || (question.stops() && question.is_of(package)))
}

/// The first question that keeps anything of the feature from starting and being finalised.
pub fn pausing(feature: &FeatureView) -> Option<Question<'_>> {
    let pauses = |asked: &&Escalated| treatment(asked).feature == FeatureFate::Pauses;
    let each = feature.escalations.iter().filter(pauses);
    let mut each = each.map(|asked| question(feature, asked));
    each.find(Question::pauses)
}

/// Why no attempt of the package follows, in words.
pub fn given_up(feature: &FeatureView, package: &PackageId) -> Option<String> {
    let each = of(feature, package);
    { each }.find_map(|question| match question.state {
        State::GivenUp => Some(question.words_of_answer()),
        State::Open | State::Revising if question.treatment.package == PackageFate::Fails => {
            Some(format!("{}: {}", question.kind(), question.summary()))
        }
        _ => None,
    })
}

/// Since when failures of the package count: a person asked for another attempt then.
pub fn forgiven(feature: &FeatureView, package: &PackageId) -> Option<Timestamp> {
    let again = |question: &Question<'_>| question.is_tried_again();
    let answers = of(feature, package).filter(again);
    answers.filter_map(|q| Some(q.answer?.by.at)).max()
}

/// When a person asked that another agent does the package: who tried it until then is out.
pub fn reassigned(feature: &FeatureView, package: &PackageId) -> Option<Timestamp> {
    let again = |question: &Question<'_>| question.is_answered(Choice::Reassign);
    let answers = of(feature, package).filter(again);
    answers.filter_map(|q| Some(q.answer?.by.at)).max()
}

/// Why an attempt that has a result is not merged, whatever it shows; `None`: it may be, or waits.
pub fn verdict(feature: &FeatureView, attempt: &Attempt) -> Option<(EndReason, String)> {
    let each = of(feature, &attempt.package);
    { each }.find_map(|question| {
        let asks = question.asked.attempt.as_ref();
        let asked = match asks {
            Some(asks) => *asks == attempt.attempt,
            None => attempt.by.at <= question.asked.by.at,
        };
        let fails = question.treatment.package == PackageFate::Fails;
        if asked && fails && question.answer.is_none() && question.state == State::Open {
            let note = format!("{}: {}", question.kind(), question.summary());
            return Some((EndReason::Failed, note));
        }
        let answer = question.answer?;
        if attempt.by.at > answer.by.at {
            return None;
        }
        let reason = match Choice::parse(&answer.choice) {
            Some(Choice::Retry | Choice::Reassign) => EndReason::Superseded,
            Some(Choice::Reject) => EndReason::Failed,
            _ => return None,
        };
        Some((reason, question.words_of_answer()))
    })
}

/// What an attempt asked for that is tried again without using a retry.
pub fn again<'a>(feature: &'a FeatureView, attempt: &Attempt) -> Option<Question<'a>> {
    let each = of(feature, &attempt.package);
    { each }.find(|question| {
        question.treatment.package == PackageFate::Again
            && question.asked.attempt.as_ref() == Some(&attempt.attempt)
    })
}

fn of<'a>(
    feature: &'a FeatureView,
    package: &PackageId,
) -> impl Iterator<Item = Question<'a>> + use<'a> {
    let package = package.clone();
    let each = feature.escalations.iter();
    let own = each.filter(move |asked| asked.package.as_ref() == Some(&package));
    own.map(|asked| question(feature, asked))
}

fn treatment(asked: &Escalated) -> Treatment {
    let escalation = &asked.escalation;
    let procedure = Procedure::of(escalation.kind);
    let mut treatment = procedure.treatment(escalation.severity, escalation.requires_human);
    if asked.package.is_none() && treatment.asks() {
        // What is about everything stops everything.
        treatment.feature = FeatureFate::Pauses;
    }
    treatment
}

fn question<'a>(feature: &'a FeatureView, asked: &'a Escalated) -> Question<'a> {
    let escalation = &asked.escalation;
    let treatment = treatment(asked);
    let answer = answer(feature, &escalation.escalation_id);
    Question {
        asked,
        treatment,
        answer,
        state: state(feature, asked, (treatment, answer)),
    }
}

fn state(
    feature: &FeatureView,
    asked: &Escalated,
    (treatment, answer): (Treatment, Option<&Resolution>),
) -> State {
    let Some(answer) = answer else {
        let is_due = treatment.feature == FeatureFate::Pauses || { asked.package.as_ref() }
            .is_none_or(|id| !is_dropped(feature, id));
        return match treatment.asks() && is_due {
            true => State::Open,
            false => State::Noted,
        };
    };
    let newest = feature.plans.values().map(|plan| plan.by.at).max();
    let replanned = newest.is_some_and(|at| at > answer.by.at);
    match Choice::parse(&answer.choice) {
        Some(Choice::BumpContracts | Choice::BumpPlan) if !replanned => State::Revising,
        Some(Choice::Reject) if !replanned => State::GivenUp,
        _ => State::Settled,
    }
}

/// True if an earlier plan had the package and the current one has not.
fn is_dropped(feature: &FeatureView, package: &PackageId) -> bool {
    let names = |plan: &PlanOrigin| plan.packages.iter().any(|brief| brief.id == *package);
    let current = feature.current_plan();
    current.is_some_and(|plan| !names(plan)) && feature.plans.values().any(names)
}

impl State {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Noted => "noted",
            State::Open => "open",
            State::Revising => "revising",
            State::GivenUp => "given-up",
            State::Settled => "settled",
        }
    }
}

impl<'a> Question<'a> {
    /// What to type to answer it.
    pub fn id(&self) -> &'a str {
        &self.asked.escalation.escalation_id
    }

    /// Its type.
    pub fn kind(&self) -> &'static str {
        self.asked.escalation.kind.as_str()
    }

    /// In a sentence, in the words of whoever asks: data of unknown intent.
    pub fn summary(&self) -> &'a str {
        &self.asked.escalation.summary
    }

    /// True if it is about this package.
    pub fn is_of(&self, package: &PackageId) -> bool {
        self.asked.package.as_ref() == Some(package)
    }

    /// What may be answered, the usual one first.
    pub fn choices(&self) -> Vec<Offer> {
        if !self.asked.offers.is_empty() {
            return self.asked.offers.clone();
        }
        let row = Procedure::of(self.asked.escalation.kind);
        let offer = |choice: &Choice| Offer {
            word: choice.as_str().to_owned(),
            does: choice.does().to_owned(),
        };
        row.choices.iter().map(offer).collect()
    }

    /// `e-1 asks: ...`, `e-1 was answered with bump-plan by ann: ...`: one line for people.
    pub fn words(&self) -> String {
        match self.state {
            State::Revising => format!(
                "{}; change the plan, then git wp approve",
                self.words_of_answer()
            ),
            State::GivenUp | State::Settled => self.words_of_answer(),
            State::Open | State::Noted => format!(
                "asks `{}`: {}; git wp decide {}",
                self.id(),
                self.summary(),
                self.id()
            ),
        }
    }

    fn words_of_answer(&self) -> String {
        let Some(answer) = self.answer else {
            return String::new();
        };
        let reason = match answer.reason.is_empty() {
            true => String::new(),
            false => format!(": {}", answer.reason),
        };
        let (choice, who) = (&answer.choice, &answer.by.label);
        format!(
            "`{}` was answered with {choice} by {who}{reason}",
            self.id()
        )
    }

    /// True if something of its package, at least, waits for it.
    fn stops(&self) -> bool {
        matches!(self.state, State::Open | State::Revising)
    }

    fn pauses(&self) -> bool {
        let given_up = self.state == State::GivenUp && self.asked.package.is_none();
        self.treatment.feature == FeatureFate::Pauses && (self.stops() || given_up)
    }

    fn is_answered(&self, choice: Choice) -> bool {
        let said = self.answer.and_then(|answer| Choice::parse(&answer.choice));
        said == Some(choice)
    }

    fn is_tried_again(&self) -> bool {
        self.is_answered(Choice::Retry) || self.is_answered(Choice::Reassign)
    }
}

/// Flaky tests that are quarantined, or asked to be.
pub fn quarantine(feature: &FeatureView) -> Vec<Question<'_>> {
    let mut all = all(feature);
    all.retain(|q| q.asked.escalation.kind == EscalationKind::FlakyTestQuarantineRequest);
    all
}
