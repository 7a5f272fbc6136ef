//! What is asked and what is answered becomes a record: said by itself, told in a result, or as a
//! deviation that blocks.

use crate::base::json::{Map, Value};
use crate::base::{AttemptId, ContentHash, FeatureId, TxnId, id, text};
use crate::model::escalation::{EscalationImpact, EscalationKind, EscalationSeverity};
use crate::model::{Choice, Deviation, Escalation};
use crate::state::draft::{Draft, invalid, unknown};
use crate::state::layout::FeatureRoom;
use crate::state::questions::{self, State};
use crate::state::record::{Attempt, Escalated, Resolution};
use crate::state::refusal::Refusal;

/// Escalations that one attempt may make.
const PER_ATTEMPT_MAX: usize = 64;
const SUMMARY_MAX: usize = 500;
const DETAILS_MAX: usize = 8000;

/// Records a question. What was asked under the same id already is not asked again.
pub(super) fn ask(
    draft: &mut Draft<'_>,
    feature: &FeatureId,
    escalated: &Escalated,
) -> Result<(), Refusal> {
    let path = FeatureRoom::of(feature).escalation(&draft.request.txn);
    ask_at(draft, feature, escalated, path)
}

fn ask_at(
    draft: &mut Draft<'_>,
    feature: &FeatureId,
    escalated: &Escalated,
    path: String,
) -> Result<(), Refusal> {
    let known = draft.feature(feature)?;
    if let Some(package) = &escalated.package {
        let mut plans = known.plans.values().flat_map(|plan| &plan.packages);
        if !plans.any(|brief| brief.id == *package) && !known.packages.contains_key(package) {
            return Err(unknown(format!("package `{package}`")));
        }
    }
    let said = &escalated.escalation;
    if said.summary.trim().is_empty() {
        return Err(invalid("the summary is empty".to_owned()));
    }
    if !id::is_component(&said.escalation_id) {
        let id = text::foreign(&said.escalation_id).to_string();
        return Err(invalid(format!("`{id}` is no id of an escalation")));
    }
    if questions::find(known, &said.escalation_id).is_some() {
        return Ok(());
    }
    let own = |asked: &&Escalated| asked.attempt.is_some() && asked.attempt == escalated.attempt;
    if known.escalations.iter().filter(own).count() >= PER_ATTEMPT_MAX {
        let message = format!("the attempt has escalated {PER_ATTEMPT_MAX} times already");
        return Err(invalid(message));
    }
    let record = Escalated {
        by: draft.by(),
        ..escalated.clone()
    };
    draft.add(path, &record)
}

/// Records an answer.
pub(super) fn resolve(
    draft: &mut Draft<'_>,
    feature: &FeatureId,
    resolution: &Resolution,
) -> Result<(), Refusal> {
    let known = draft.feature(feature)?;
    let id = text::foreign(&resolution.question).to_string();
    let question = questions::find(known, &resolution.question);
    let question = question.ok_or_else(|| unknown(format!("escalation `{id}`")))?;
    if let Some(earlier) = question.answer {
        let (choice, who) = (&earlier.choice, &earlier.by.label);
        let message = format!("`{id}` was answered already, with {choice} by {who}");
        return Err(invalid(message));
    }
    if question.state != State::Open {
        return Err(invalid(format!("`{id}` waits for no answer")));
    }
    let choices = question.choices();
    if !choices.iter().any(|offer| offer.word == resolution.choice) {
        let words: Vec<&str> = choices.iter().map(|offer| offer.word.as_str()).collect();
        return Err(invalid(format!("answer `{id}` with {}", words.join(", "))));
    }
    let risk = Choice::parse(&resolution.choice) == Some(Choice::AcceptRisk);
    if risk && resolution.reason.trim().is_empty() {
        return Err(invalid("a risk is accepted with a reason".to_owned()));
    }
    let record = Resolution {
        by: draft.by(),
        ..resolution.clone()
    };
    let path = FeatureRoom::of(feature).resolution(&draft.request.txn);
    draft.add(path, &record)
}

/// Records what a result asks: its escalations, and its deviations that block.
pub(super) fn of_result(
    draft: &mut Draft<'_>,
    attempt: &Attempt,
    claimed: &Map<String, Value>,
) -> Result<(), Refusal> {
    let list = |name: &str| claimed.get(name).and_then(Value::as_array);
    let said = list("escalations").into_iter().flatten();
    let said = said.filter_map(|item| escalation(attempt, item));
    let blocks = list("deviations").into_iter().flatten();
    let blocks = blocks.filter_map(|item| blocking(attempt, item));
    let all: Vec<Escalation> = said.chain(blocks).take(PER_ATTEMPT_MAX).collect();
    all.iter().try_for_each(|one| told(draft, attempt, one))
}

/// Records what a deviation asks, if it blocks.
pub(super) fn of_deviation(
    draft: &mut Draft<'_>,
    attempt: &Attempt,
    deviation: &Deviation,
) -> Result<(), Refusal> {
    if deviation.kind != Deviation::BLOCKING {
        return Ok(());
    }
    let summary = deviation.detail.as_str();
    told(draft, attempt, &deviates(attempt, summary, None))
}

/// An escalation that came with something else has a name that follows from what it says.
fn told(draft: &mut Draft<'_>, attempt: &Attempt, said: &Escalation) -> Result<(), Refusal> {
    let known = draft.feature(&attempt.feature)?;
    let again = |asked: &Escalated| {
        let earlier = &asked.escalation;
        asked.attempt.as_ref() == Some(&attempt.attempt)
            && earlier.kind == said.kind
            && earlier.summary == said.summary
    };
    let name = TxnId::parse(&said.escalation_id);
    let Some(name) = name.filter(|_| !known.escalations.iter().any(again)) else {
        return Ok(());
    };
    let escalated = Escalated {
        escalation: said.clone(),
        package: Some(attempt.package.clone()),
        attempt: Some(attempt.attempt.clone()),
        agent: attempt.agent.clone(),
        offers: Vec::new(),
        by: draft.by(),
    };
    let path = FeatureRoom::of(&attempt.feature).escalation(&name);
    ask_at(draft, &attempt.feature, &escalated, path)
}

/// What an agent wrote into the list of escalations. A word that nobody knows is a reason to ask
/// somebody, not to go on.
fn escalation(attempt: &Attempt, item: &Value) -> Option<Escalation> {
    let word = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
    let kind = EscalationKind::ALL.into_iter();
    let kind = { kind }.find(|kind| kind.as_str() == word("type"));
    let severity = EscalationSeverity::ALL.into_iter();
    let severity = { severity }.find(|severity| severity.as_str() == word("severity"));
    let is_known = kind.is_some() && severity.is_some();
    let human = item.get("requires_human").and_then(Value::as_bool);
    let kind = kind.unwrap_or(EscalationKind::PlanRevisionRequired);
    let summary = match is_known {
        true => word("summary").to_owned(),
        false => format!("{} {}: {}", word("type"), word("severity"), word("summary")),
    };
    let details = item.get("details").and_then(Value::as_str);
    let action = item.get("proposed_action").and_then(Value::as_str);
    let mut said = draft_of(attempt, kind, &summary);
    said.severity = severity.unwrap_or_else(|| kind.usual_severity());
    said.details = details.map(|text| text::cut(text, DETAILS_MAX));
    said.proposed_action = action.map(|text| text::cut(text, 2000));
    said.requires_human = human.unwrap_or(false) || !is_known;
    said.impact = item.get("impact").map(impact);
    (!said.summary.trim().is_empty()).then_some(said)
}

fn impact(item: &Value) -> EscalationImpact {
    let texts = |name: &str| {
        let items = item.get(name).and_then(Value::as_array);
        let texts = items.into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).take(200).collect()
    };
    let flag = |name: &str| item.get(name).and_then(Value::as_bool);
    EscalationImpact {
        contract_revision_bump_required: flag("contract_revision_bump_required"),
        plan_revision_bump_required: flag("plan_revision_bump_required"),
        impacted_packages: texts("impacted_packages"),
        logical_locks: texts("logical_locks"),
    }
}

/// A deviation of a result that says of itself that it blocks, or that a person must decide.
fn blocking(attempt: &Attempt, item: &Value) -> Option<Escalation> {
    let severity = item.get("severity").and_then(Value::as_str);
    let human = item.get("requires_human").and_then(Value::as_bool);
    if severity != Some("blocking") && human != Some(true) {
        return None;
    }
    let word = |name: &str| item.get(name).and_then(Value::as_str);
    let summary = ["description", "summary", "reason", "step"].into_iter();
    let summary = { summary }.find_map(|name| word(name).filter(|text| !text.trim().is_empty()))?;
    Some(deviates(attempt, summary, word("reason")))
}

fn deviates(attempt: &Attempt, summary: &str, details: Option<&str>) -> Escalation {
    let kind = EscalationKind::PlanRevisionRequired;
    let mut said = draft_of(attempt, kind, &format!("blocking deviation: {summary}"));
    said.details = details.map(|text| text::cut(text, DETAILS_MAX));
    said.requires_human = true;
    said
}

fn draft_of(attempt: &Attempt, kind: EscalationKind, summary: &str) -> Escalation {
    let summary = text::cut(summary, SUMMARY_MAX);
    Escalation {
        escalation_id: name(&attempt.attempt, kind, &summary),
        feature_id: attempt.feature.to_string(),
        package_id: attempt.package.to_string(),
        kind,
        severity: kind.usual_severity(),
        summary,
        details: None,
        evidence: None,
        impact: None,
        proposed_action: None,
        requires_human: false,
        detected_at: attempt.by.at.to_string(),
    }
}

fn name(attempt: &AttemptId, kind: EscalationKind, summary: &str) -> String {
    let hash = ContentHash::of(format!("{attempt} {} {summary}", kind.as_str()).as_bytes());
    format!("e-{}", hash.short(10))
}
