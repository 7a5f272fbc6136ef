//! What happens to an attempt: facts about it, answers to its open steps, its end.

use crate::state::codec;
use crate::state::draft::{Draft, invalid, stable, unknown};
use crate::state::escalated;
use crate::state::land::landing_of;
use crate::state::layout::{FeatureRoom, PackageRoom};
use crate::state::refusal::Refusal;
use crate::state::request::{AttemptFact, Op};
use crate::state::view::AttemptView;

/// Adds a fact. The same fact again changes nothing.
pub(super) fn note(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    match &draft.request.op {
        Op::Note {
            feature,
            package,
            attempt,
            fact,
        } => {
            let view = draft.package(feature, package)?;
            let view = view.attempts.get(attempt);
            let view = view.ok_or_else(|| unknown(format!("attempt `{attempt}`")))?;
            let room = PackageRoom::of(&FeatureRoom::of(feature), package);
            fact_of(draft, &room, view, fact)
        }
        Op::Answer {
            feature,
            package,
            answer,
        } => {
            let view = draft.feature(feature)?;
            stable(package.as_str())?;
            let mut plans = view.plans.values().flat_map(|plan| &plan.packages);
            if !plans.any(|brief| brief.id == *package) {
                return Err(unknown(format!("package `{package}`")));
            }
            let known = view.packages.get(package);
            if known.is_some_and(|p| p.answers.iter().any(|a| a.id == answer.id)) {
                return Ok(());
            }
            let room = PackageRoom::of(&FeatureRoom::of(feature), package);
            let mut answer = answer.clone();
            answer.by = draft.by();
            draft.add(room.answer(&answer.step, &answer.id), &answer)
        }
        _ => Ok(()),
    }
}

fn fact_of(
    draft: &mut Draft<'_>,
    room: &PackageRoom,
    view: &AttemptView,
    fact: &AttemptFact,
) -> Result<(), Refusal> {
    let aid = &view.attempt.attempt;
    match fact {
        AttemptFact::Result(result) => match &view.result {
            None => {
                draft.add(room.result(aid), result.as_ref())?;
                escalated::of_result(draft, &view.attempt, &result.claimed)
            }
            Some(known) if codec::encode(known)? == codec::encode(result.as_ref())? => Ok(()),
            Some(_) => Err(invalid(format!("attempt `{aid}` has a result already"))),
        },
        AttemptFact::Gate(gate) => {
            let body = codec::encode(gate)?;
            let path = room.fact(aid, "gate", Some(&gate.head), &body);
            if same(&view.gates, &body)? {
                return Ok(());
            }
            draft.add(path, gate)
        }
        AttemptFact::Evidence(evidence) => {
            let body = codec::encode(evidence)?;
            let path = room.fact(aid, "evidence", Some(&evidence.evidence.tree), &body);
            if same(&view.evidence, &body)? {
                return Ok(());
            }
            draft.add(path, evidence)
        }
        AttemptFact::Deviation(deviation) => {
            let body = codec::encode(deviation)?;
            let path = room.fact(aid, "deviation", None, &body);
            if same(&view.deviations, &body)? {
                return Ok(());
            }
            draft.add(path, deviation)?;
            escalated::of_deviation(draft, &view.attempt, deviation)
        }
        AttemptFact::Salvage(salvage) => {
            if view.salvages.iter().any(|s| s.commit == salvage.commit) {
                return Ok(());
            }
            draft.add(room.salvage(aid, &salvage.commit), salvage)
        }
    }
}

/// True if one of the facts has these bytes.
fn same<T: serde::Serialize>(known: &[T], body: &[u8]) -> Result<bool, Refusal> {
    for fact in known {
        if codec::encode(fact)? == body {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Ends an attempt that holds its package.
pub(super) fn end(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let Op::End {
        feature,
        package,
        attempt,
        epoch,
        reason,
        note,
    } = &draft.request.op
    else {
        return Ok(());
    };
    if reason.is_completion() {
        return Err(invalid("only a landing completes an attempt".to_owned()));
    }
    let view = draft.package(feature, package)?;
    let grant = draft.held_by(view, attempt)?;
    if grant.epoch != *epoch {
        return Err(Refusal::Fenced {
            attempt: attempt.clone(),
            holder: Some(grant.attempt.clone()),
        });
    }
    if let Some(n) = landing_of(draft.feature(feature)?, attempt) {
        return Err(Refusal::Landing { n });
    }
    let room = PackageRoom::of(&FeatureRoom::of(feature), package);
    draft.end(&room, grant, (*reason, note))
}
