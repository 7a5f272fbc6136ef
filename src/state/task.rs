//! Free-standing tasks: one task to one session, and one end for each task.

use crate::base::TaskId;
use crate::model::EndReason;
use crate::model::TaskOutcome;
use crate::state::asked::{TaskCompletion, TaskOp};
use crate::state::codec;
use crate::state::draft::{Draft, invalid, paused, unknown};
use crate::state::layout::TaskRoom;
use crate::state::record::{Grant, Task, TaskClaim, TaskClosed, TaskResult};
use crate::state::refusal::Refusal;
use crate::state::request::Request;
use crate::state::task_claim::{claim, held, known, over};
use crate::state::task_view::TaskView;
use crate::state::view::View;

/// Tasks that one may wait for.
const AFTER_MAX: usize = 200;

/// Does what is asked for.
pub(super) fn task(draft: &mut Draft<'_>, op: &TaskOp) -> Result<(), Refusal> {
    match op {
        TaskOp::Submit(task) => submit(draft, task),
        TaskOp::Claim(claiming) => claim(draft, claiming),
        TaskOp::Complete(completion) => complete(draft, completion),
        TaskOp::Release {
            task,
            session,
            note,
        } => release(draft, (task, session.as_deref()), note),
        TaskOp::Cancel { task, reason } => cancel(draft, task, reason),
    }
}

fn submit(draft: &mut Draft<'_>, task: &Task) -> Result<(), Refusal> {
    if !(1..=10).contains(&task.priority) {
        return Err(invalid("a priority is 1 (most urgent) to 10".to_owned()));
    }
    if task.needs.min_trust > 4 {
        return Err(invalid("a trust level is 0 to 4".to_owned()));
    }
    if task.kind.trim().is_empty() || task.description.trim().is_empty() {
        return Err(invalid("a task has a type and a description".to_owned()));
    }
    if task.after.len() > AFTER_MAX {
        return Err(invalid(format!(
            "a task waits for {AFTER_MAX} others at most"
        )));
    }
    let missing = task.after.iter().find(|id| {
        let known = draft.view.tasks.get(*id);
        **id == task.id || known.is_none_or(|t| t.task.is_none())
    });
    if let Some(missing) = missing {
        return Err(unknown(format!("task `{missing}` to wait for")));
    }
    let record = Task {
        by: draft.by(),
        ..task.clone()
    };
    if let Some(known) = draft.view.tasks.get(&task.id) {
        return match known.task.as_ref() == Some(&record) {
            true => Ok(()),
            false => Err(invalid(format!("task `{}` exists already", task.id))),
        };
    }
    draft.add(TaskRoom::of(&task.id).submission(), &record)
}

fn complete(draft: &mut Draft<'_>, said: &TaskCompletion) -> Result<(), Refusal> {
    if said.outcome == TaskOutcome::Cancelled {
        return Err(invalid("a task is completed, or it failed".to_owned()));
    }
    let view = known(draft.view, &said.task)?;
    if let Some(closed) = &view.closed {
        return match repeats(draft.request, view, said) {
            true => Ok(()),
            false => Err(over(&said.task, closed)),
        };
    }
    let own = (&said.task, said.session.as_deref());
    let (grant, claim) = own_claim(draft.view, draft.request, own)?;
    let feature = view.task.as_ref().and_then(|task| task.feature.as_ref());
    if let Some(feature) = feature.filter(|_| said.outcome == TaskOutcome::Completed)
        && let Some(refusal) = paused(draft.view, feature, &claim.session)
    {
        return Err(refusal);
    }
    let room = TaskRoom::of(&said.task);
    let result = TaskResult {
        attempt: grant.attempt.clone(),
        outcome: said.outcome,
        result: said.result.clone(),
        message: said.message.clone(),
        by: draft.by(),
    };
    match view.results.get(&grant.attempt) {
        None => draft.add(room.result(&grant.attempt), &result)?,
        Some(known) if says_the_same(known, said)? => {}
        Some(_) => {
            let attempt = &grant.attempt;
            return Err(invalid(format!("claim `{attempt}` has a result already")));
        }
    }
    let reason = match said.outcome {
        TaskOutcome::Completed => EndReason::Completed,
        TaskOutcome::Failed | TaskOutcome::Cancelled => EndReason::Failed,
    };
    end(draft, &room, grant, (reason, ""))?;
    let closed = TaskClosed {
        outcome: said.outcome,
        attempt: Some(grant.attempt.clone()),
        reason: String::new(),
        by: draft.by(),
    };
    draft.add(room.closed(draft.authority()), &closed)
}

/// True if the session that closed the task says the same again: its answer was lost.
fn repeats(request: &Request, view: &TaskView, said: &TaskCompletion) -> bool {
    let Some(result) = view.result() else {
        return false;
    };
    let claim = view.claims.get(&result.attempt);
    let own = claim.is_some_and(|claim| is_own(request, claim, said.session.as_deref()));
    own && says_the_same(result, said).unwrap_or(false)
}

/// Compared as stored: in NFC.
fn says_the_same(known: &TaskResult, said: &TaskCompletion) -> Result<bool, Refusal> {
    let old = (known.outcome, &known.result, &known.message);
    let new = (said.outcome, &said.result, &said.message);
    Ok(codec::encode(&old)? == codec::encode(&new)?)
}

fn release(draft: &mut Draft<'_>, own: (&TaskId, Option<&str>), note: &str) -> Result<(), Refusal> {
    if let Some(closed) = &known(draft.view, own.0)?.closed {
        return Err(over(own.0, closed));
    }
    let (grant, _) = own_claim(draft.view, draft.request, own)?;
    let room = TaskRoom::of(own.0);
    end(draft, &room, grant, (EndReason::Released, note))
}

fn cancel(draft: &mut Draft<'_>, id: &TaskId, reason: &str) -> Result<(), Refusal> {
    let view = known(draft.view, id)?;
    match &view.closed {
        Some(closed) if closed.outcome == TaskOutcome::Cancelled => return Ok(()),
        Some(closed) => return Err(over(id, closed)),
        None => {}
    }
    let room = TaskRoom::of(id);
    if let Some((grant, _)) = view.live() {
        end(draft, &room, grant, (EndReason::Cancelled, reason))?;
    }
    let closed = TaskClosed {
        outcome: TaskOutcome::Cancelled,
        attempt: None,
        reason: reason.to_owned(),
        by: draft.by(),
    };
    draft.add(room.closed(draft.authority()), &closed)
}

fn end(
    draft: &mut Draft<'_>,
    room: &TaskRoom,
    grant: &Grant,
    why: (EndReason, &str),
) -> Result<(), Refusal> {
    let end = draft.ending(grant.epoch, &grant.attempt, why);
    draft.add(room.end(draft.authority(), &grant.attempt), &end)
}

/// The live claim of the session, or of this clone where none is named.
fn own_claim<'a>(
    view: &'a View,
    request: &Request,
    (id, session): (&TaskId, Option<&str>),
) -> Result<(&'a Grant, &'a TaskClaim), Refusal> {
    let known = known(view, id)?;
    match known.live() {
        Some((grant, claim)) if is_own(request, claim, session) => Ok((grant, claim)),
        Some(_) => Err(held(view, known, id)),
        None => Err(unknown(format!("live claim of task `{id}`"))),
    }
}

fn is_own(request: &Request, claim: &TaskClaim, session: Option<&str>) -> bool {
    match session {
        Some(session) => claim.session == session,
        None => claim.by.actor == request.actor,
    }
}
