//! Claims of free-standing tasks: which one, for whom, and from whom it may be taken over.

use std::time::Duration;

use crate::base::json::{self, Value};
use crate::base::{AttemptId, TaskId};
use crate::model::EndReason;
use crate::state::asked::{TaskClaiming, TaskOp};
use crate::state::draft::{Draft, invalid, paused, stable, task_holder, unknown};
use crate::state::layout::TaskRoom;
use crate::state::locks::LockSet;
use crate::state::record::{Grant, Task, TaskClaim, TaskClosed};
use crate::state::refusal::Refusal;
use crate::state::request::{Op, Request};
use crate::state::task_view::TaskView;
use crate::state::view::View;

/// The longest lease of a claim.
const LEASE_SECONDS_MAX: u32 = 24 * 60 * 60;
/// Clocks of two machines may differ by this much.
const CLOCKS_DIFFER: Duration = Duration::from_secs(10 * 60);

/// Grants a task to the claim.
pub(super) fn claim(draft: &mut Draft<'_>, claiming: &TaskClaiming) -> Result<(), Refusal> {
    stable(&claiming.session)?;
    if claiming.lease_seconds == 0 || claiming.lease_seconds > LEASE_SECONDS_MAX {
        let most = LEASE_SECONDS_MAX / 60;
        return Err(invalid(format!("a lease is 1 to {most} minutes")));
    }
    let id = chosen(draft.view, draft.request, claiming)?;
    let view = known(draft.view, &id)?;
    let room = TaskRoom::of(&id);
    let filed = view.claims.contains_key(&claiming.attempt);
    if filed && !view.waits(&claiming.attempt) {
        let attempt = &claiming.attempt;
        return Err(invalid(format!("claim `{attempt}` exists already")));
    }
    if let Some((grant, claim)) = view.live() {
        let why = lapsed(draft.view, draft.request, (grant, claim), claiming);
        let Some((reason, note)) = why else {
            return Err(held(draft.view, view, &id));
        };
        let end = draft.ending(grant.epoch, &grant.attempt, (reason, note));
        draft.add(room.end(draft.authority(), &grant.attempt), &end)?;
    }
    if !filed {
        let record = TaskClaim {
            attempt: claiming.attempt.clone(),
            task: id.clone(),
            session: claiming.session.clone(),
            agent: claiming.agent.clone(),
            by: draft.by(),
        };
        draft.add(room.claim(&claiming.attempt), &record)?;
    }
    let epoch = view.grants.last_key_value().map_or(0, |(epoch, _)| *epoch) + 1;
    let grant = Grant {
        epoch,
        attempt: claiming.attempt.clone(),
        locks: LockSet::default(),
        lease_seconds: Some(claiming.lease_seconds),
        by: draft.by(),
    };
    draft.add(room.grant(draft.authority(), epoch), &grant)
}

/// The task that a claim gets on this view: the one it names, else the most urgent that fits, of
/// those the oldest.
///
/// # Errors
/// Why it gets none.
fn chosen(view: &View, request: &Request, claiming: &TaskClaiming) -> Result<TaskId, Refusal> {
    if let Some(id) = &claiming.task {
        fits(view, request, (id, claiming))?;
        return Ok(id.clone());
    }
    let mut refused = Refusal::NoTask {
        held: 0,
        waiting: 0,
        unfit: 0,
    };
    let mut best: Option<&Task> = None;
    for (id, known) in &view.tasks {
        let Some(task) = known.task.as_ref().filter(|_| known.closed.is_none()) else {
            continue;
        };
        let order = |task: &Task| (task.priority, task.by.at, task.id.clone());
        if best.is_some_and(|best| order(best) < order(task)) || is_damaged(view, id) {
            continue;
        }
        match fits(view, request, (id, claiming)) {
            Ok(()) => best = Some(task),
            Err(refusal) => count(&mut refused, &refusal),
        }
    }
    best.map(|task| task.id.clone()).ok_or(refused)
}

fn count(all: &mut Refusal, one: &Refusal) {
    let Refusal::NoTask {
        held,
        waiting,
        unfit,
    } = all
    else {
        return;
    };
    match one {
        Refusal::Held(_) => *held += 1,
        Refusal::TaskWaits { .. } | Refusal::OnHold { .. } => *waiting += 1,
        _ => *unfit += 1,
    }
}

/// True if a record of the task cannot be read: nobody can tell who holds it then.
fn is_damaged(view: &View, id: &TaskId) -> bool {
    if view.problems.is_empty() {
        return false;
    }
    let room = TaskRoom::of(id);
    view.problems
        .iter()
        .any(|p| p.path.starts_with(room.path()))
}

/// Whether the claim may have this task.
fn fits(
    view: &View,
    request: &Request,
    (id, claiming): (&TaskId, &TaskClaiming),
) -> Result<(), Refusal> {
    let known = known(view, id)?;
    let task = known.task.as_ref();
    let task = task.ok_or_else(|| unknown(format!("readable task `{id}`")))?;
    if let Some(closed) = &known.closed {
        return Err(over(id, closed));
    }
    suits(view, task, claiming)?;
    let before = view.before(known);
    if !(before.open.is_empty() && before.broken.is_empty()) {
        return Err(Refusal::TaskWaits {
            waits_for: before.open,
            broken: before.broken,
        });
    }
    if let Some(feature) = &task.feature
        && let Some(refusal) = paused(view, feature, &claiming.session)
    {
        return Err(refusal);
    }
    match known.live() {
        Some((grant, claim)) => match lapsed(view, request, (grant, claim), claiming) {
            Some(_) => Ok(()),
            None => Err(held(view, known, id)),
        },
        None => Ok(()),
    }
}

/// Whether the agent is one for this task.
fn suits(view: &View, task: &Task, claiming: &TaskClaiming) -> Result<(), Refusal> {
    let unfit = |why: String| Err(Refusal::Unfit { why });
    if !claiming.kinds.is_empty() && !claiming.kinds.contains(&task.kind) {
        return unfit(format!("task `{}` is of type `{}`", task.id, task.kind));
    }
    if let Some(archetype) = &task.needs.archetype
        && !claiming.archetypes.contains(archetype)
    {
        return unfit(format!("task `{}` needs archetype `{archetype}`", task.id));
    }
    if task.needs.min_trust > claiming.trust {
        let (least, trust) = (task.needs.min_trust, claiming.trust);
        return unfit(format!(
            "task `{}` needs trust level {least}, the agent has {trust}",
            task.id
        ));
    }
    if is_review(&task.kind)
        && let Some(own) = own_work(view, task, claiming)
    {
        let why = format!(
            "task `{}` reviews work of `{own}`; somebody else has to",
            task.id
        );
        return unfit(why);
    }
    Ok(())
}

/// The name under which the claimer did what the task is about: as the input of the task says, or
/// by a task that it builds on.
fn own_work<'a>(view: &View, task: &Task, claiming: &'a TaskClaiming) -> Option<&'a str> {
    let done = task.after.iter().filter_map(|id| {
        let known = view.tasks.get(id)?;
        known.claims.get(known.closed.as_ref()?.attempt.as_ref()?)
    });
    let done: Vec<&TaskClaim> = done.collect();
    let named = authors(task);
    let names = [claiming.agent.as_str(), claiming.session.as_str()];
    names.into_iter().find(|name| {
        let said = { named.iter() }.any(|author| author.trim().eq_ignore_ascii_case(name));
        said || { done.iter() }.any(|claim| claim.agent == *name || claim.session == *name)
    })
}

/// True for work that judges other work.
fn is_review(kind: &str) -> bool {
    let lower = kind.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    words.any(|word| {
        let ends = word.ends_with("review") && word != "preview";
        ends || word.starts_with("review") || word.contains("evaluat")
    })
}

/// Whose work the task is about, as its input says.
fn authors(task: &Task) -> Vec<String> {
    let input = task.input.as_ref();
    let value = input.and_then(|text| json::parse(text.as_bytes()).ok());
    let names = [
        "submitted_by",
        "author",
        "authors",
        "implemented_by",
        "agent_id",
    ];
    let found = names.iter().filter_map(|name| value.as_ref()?.get(name));
    let texts = found.flat_map(|found| match found {
        Value::Array(all) => all.iter().collect(),
        one => vec![one],
    });
    texts
        .filter_map(|v| v.as_str().map(str::to_owned))
        .collect()
}

/// Why the holder may be displaced, if it may.
fn lapsed(
    view: &View,
    request: &Request,
    (grant, claim): (&Grant, &TaskClaim),
    claiming: &TaskClaiming,
) -> Option<(EndReason, &'static str)> {
    if claiming.lost.contains(&grant.attempt) {
        return Some((EndReason::Lost, "its session is gone"));
    }
    let expires = view.task_expires(grant, claim)?;
    let elsewhere = grant.by.actor != request.actor;
    let expires = match elsewhere {
        true => expires.plus(CLOCKS_DIFFER),
        false => expires,
    };
    (request.at >= expires).then_some((EndReason::Expired, "its lease ran out"))
}

/// The request with the task that it gets here: what is filed names it, so that no two clones
/// mean two tasks by one request.
pub(super) fn pinned(view: &View, request: &Request) -> Request {
    let mut request = request.clone();
    if let Op::Task(op) = &request.op
        && let TaskOp::Claim(claiming) = op.as_ref()
        && let Ok(id) = chosen(view, &request, claiming)
    {
        let task = Some(id);
        let claiming = claiming.clone();
        let claiming = TaskClaiming { task, ..claiming };
        request.op = Op::Task(Box::new(TaskOp::Claim(claiming)));
    }
    request
}

/// The claim that a request waits to be granted.
pub(super) fn waiting_claim<'a>(view: &View, op: &'a Op) -> Option<(TaskRoom, &'a AttemptId)> {
    let Op::Task(op) = op else {
        return None;
    };
    let attempt = op.claims()?;
    let id = op.task()?;
    let known = view.tasks.get(id)?;
    let waits = known.claims.contains_key(attempt) && known.waits(attempt);
    waits.then(|| (TaskRoom::of(id), attempt))
}

/// The task of that id.
pub(super) fn known<'a>(view: &'a View, id: &TaskId) -> Result<&'a TaskView, Refusal> {
    let known = view.tasks.get(id);
    known.ok_or_else(|| unknown(format!("task `{id}`")))
}

/// Who holds it.
pub(super) fn held(view: &View, known: &TaskView, id: &TaskId) -> Refusal {
    match known.live() {
        Some((grant, claim)) => {
            let expires = view.task_expires(grant, claim);
            Refusal::Held(Box::new(task_holder(grant, claim, expires)))
        }
        None => unknown(format!("live claim of task `{id}`")),
    }
}

/// It is over.
pub(super) fn over(id: &TaskId, closed: &TaskClosed) -> Refusal {
    Refusal::TaskOver {
        task: id.clone(),
        outcome: closed.outcome,
        label: closed.by.label.clone(),
    }
}
