//! What agents leave for each other. Facts under the transaction's own name: nobody can overwrite
//! what another one said, and what is said decides nothing.

use crate::base::FeatureId;
use crate::state::asked::Said;
use crate::state::draft::{Draft, invalid, stable};
use crate::state::escalated;
use crate::state::layout::{self, FeatureRoom, Shelf};
use crate::state::record::{
    Decided, Delivered, Handoff, Judged, Judgement, Memory, Retraction, Session, SessionStatus,
};
use crate::state::refusal::Refusal;

/// Records it.
pub(super) fn say(draft: &mut Draft<'_>, said: &Said) -> Result<(), Refusal> {
    let txn = &draft.request.txn;
    match said {
        Said::Session(session) => beat(draft, session),
        Said::Handoff(handoff) => {
            needed("summary", &handoff.summary)?;
            let by = draft.by();
            let record = Handoff {
                by,
                ..handoff.clone()
            };
            draft.add(Shelf::Handoffs.record(txn), &record)
        }
        Said::Remember(memory) => {
            needed("summary", &memory.summary)?;
            let by = draft.by();
            let record = Memory {
                by,
                ..memory.clone()
            };
            draft.add(Shelf::Memories.record(txn), &record)
        }
        Said::Forget { memory, reason } => {
            let record = Retraction {
                memory: memory.clone(),
                reason: reason.clone(),
                by: draft.by(),
            };
            draft.add(Shelf::Retractions.record(txn), &record)
        }
        Said::Escalate {
            feature,
            escalated: asked,
        } => escalated::ask(draft, feature, asked),
        Said::Resolve {
            feature,
            resolution,
        } => escalated::resolve(draft, feature, resolution),
        Said::Judge { feature, what } => judge(draft, feature, what),
        Said::Decided(decided) => {
            needed("operation", &decided.operation)?;
            let by = draft.by();
            let record = Decided {
                by,
                ..decided.clone()
            };
            draft.add(Shelf::Decisions.record(txn), &record)
        }
        Said::Deliver { feature, delivered } => {
            draft.feature(feature)?;
            let record = Delivered {
                by: draft.by(),
                ..delivered.clone()
            };
            let path = FeatureRoom::of(feature).delivered(txn);
            draft.add(path, &record)
        }
    }
}

/// A session that was over begins anew.
fn beat(draft: &mut Draft<'_>, session: &Session) -> Result<(), Refusal> {
    needed("session", &session.session)?;
    stable(&session.session)?;
    let by = draft.by();
    let key = (by.actor.clone(), session.session.clone());
    let known = draft.view.sessions.get(&key);
    let goes_on = known.filter(|known| known.status != SessionStatus::Disconnected);
    let record = Session {
        seq: known.map_or(0, |known| known.seq) + 1,
        started: goes_on.map_or(by.at, |known| known.started),
        by,
        ..session.clone()
    };
    let path = layout::session(&record.by.actor, &record.session);
    draft.add(path, &record)
}

/// What follows from it is computed, so nothing is refused here but what nobody could read later.
fn judge(draft: &mut Draft<'_>, feature: &FeatureId, what: &Judgement) -> Result<(), Refusal> {
    draft.feature(feature)?;
    if let Judgement::Waiver(waiver) = what {
        needed("key", &waiver.key)?;
        needed("reason", &waiver.reason)?;
    }
    let record = Judged {
        what: what.clone(),
        by: draft.by(),
    };
    let path = FeatureRoom::of(feature).judged(&draft.request.txn);
    draft.add(path, &record)
}

fn needed(what: &str, text: &str) -> Result<(), Refusal> {
    match text.trim().is_empty() {
        true => Err(invalid(format!("the {what} is empty"))),
        false => Ok(()),
    }
}
