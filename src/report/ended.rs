//! How an attempt went, in a word and in a line.

use crate::model::{EndReason, OutcomeKind};
use crate::state::view::AttemptView;

/// What went wrong with the agent comes first, then what became of its work.
pub(super) fn outcome(view: &AttemptView, accepted: bool) -> Option<String> {
    let agent = view.result.as_ref().map(|r| r.outcome);
    let went_well = matches!(
        agent,
        None | Some(OutcomeKind::Finished | OutcomeKind::Empty)
    );
    let word = match (agent, view.end.as_ref().map(|e| e.reason)) {
        (Some(kind), _) if !went_well => kind.as_str(),
        _ if accepted => "merged",
        (_, Some(EndReason::Completed)) => "merged",
        (_, Some(reason)) => reason.as_str(),
        (Some(kind), None) => kind.as_str(),
        (None, None) => return None,
    };
    Some(word.to_owned())
}

/// One line for people: the note of the end, else what the agent's result says.
pub(super) fn reason(view: &AttemptView) -> String {
    let note = view.end.as_ref().map(|e| e.note.as_str());
    let note = note.filter(|n| !n.is_empty());
    let result = view.result.as_ref().map(|r| r.reason.as_str());
    note.or(result).unwrap_or("").to_owned()
}
