//! Free-standing tasks: submit, claim, complete, release, cancel, show, list.

use serde::Serialize;

use crate::base::json::{self, Value};
use crate::base::{AttemptId, Error, FeatureId, Oid, Result, TaskId, Timestamp};
use crate::commands::Context;
use crate::commands::confirm::{self, Confirm, Outcome};
use crate::commands::verbs::{Identity, Reply, sessions, standing};
use crate::model::TaskOutcome;
use crate::os::random;
use crate::state::asked::{TaskClaiming, TaskCompletion, TaskOp};
use crate::state::record::{Requirements, Task};
use crate::state::task_state::TaskState;
use crate::state::task_view::TaskView;
use crate::state::{Op, View};
use crate::store::{Load, Store};

/// The lease of a claim where nobody says otherwise.
pub(in crate::commands) const LEASE_MINUTES: u32 = 120;
/// How often the next task is asked for where others are faster at the authority.
const TRIES_MAX: usize = 8;

/// A task that is to be submitted.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::commands) struct Submission {
    /// What sort of work.
    pub kind: String,
    /// What is wanted, in words.
    pub description: String,
    /// What is wanted, as data.
    pub input: Option<Value>,
    /// 1 to 10, 1 is the most urgent.
    pub priority: u32,
    /// Tasks that must be completed first.
    pub after: Vec<TaskId>,
    /// What the agent must be.
    pub archetype: Option<String>,
    /// Its least trust level, 0 to 4.
    pub min_trust: u32,
    /// The feature it is for.
    pub feature: Option<FeatureId>,
    /// When it should be done.
    pub deadline: Option<Timestamp>,
}

/// What a claim asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands) struct Claiming {
    /// The task; `None`: the next one.
    pub task: Option<TaskId>,
    /// Only of these kinds; empty: of any.
    pub kinds: Vec<String>,
    /// What the agent is.
    pub archetypes: Vec<String>,
    /// The trust it asks for, 0 to 4; `None`: what its profile gives.
    pub trust: Option<u32>,
    /// The lease in minutes.
    pub lease_minutes: u32,
}

/// How a task ends, as its session says.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::commands) struct Completion {
    /// The task.
    pub task: TaskId,
    /// [`TaskOutcome::Completed`] or [`TaskOutcome::Failed`].
    pub outcome: TaskOutcome,
    /// The result as data.
    pub result: Option<Value>,
    /// What went wrong, or one line about it.
    pub message: Option<String>,
}

/// A task as everybody sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::commands) struct TaskInfo {
    /// Its id.
    pub task_id: TaskId,
    /// What sort of work.
    pub task_type: String,
    /// What is wanted, in words; data of unknown intent.
    pub description: String,
    /// How it stands.
    pub status: TaskState,
    /// 1 to 10, 1 is the most urgent.
    pub priority: u32,
    /// What is wanted, as data.
    pub input_data: Option<Value>,
    /// The feature it is for.
    pub feature: Option<FeatureId>,
    /// What must be completed first.
    pub depends_on: Vec<TaskId>,
    /// What of it is not completed yet.
    pub waits_for: Vec<TaskId>,
    /// What failed or was cancelled before it.
    pub blocked_by: Vec<TaskId>,
    /// The archetype it needs.
    pub archetype: Option<String>,
    /// The trust level it needs.
    pub min_trust_level: u32,
    /// Who submitted it.
    pub submitted_by: String,
    /// The agent that holds it, or closed it.
    pub claimed_by: Option<String>,
    /// Its session.
    pub session_id: Option<String>,
    /// The claim.
    pub attempt: Option<AttemptId>,
    /// Counts the claims that were granted.
    pub epoch: Option<u32>,
    /// When it was claimed.
    pub claimed_at: Option<Timestamp>,
    /// When others may take over.
    pub expires_at: Option<Timestamp>,
    /// The result.
    pub result: Option<Value>,
    /// What went wrong, or why it was cancelled.
    pub error_message: Option<String>,
    /// When it should be done.
    pub deadline: Option<Timestamp>,
    /// When it was submitted.
    pub created_at: Timestamp,
    /// When it was closed.
    pub completed_at: Option<Timestamp>,
}

/// Submits a task.
///
/// # Errors
/// The store failed, or the machine.
pub(in crate::commands) fn submit(
    cx: &mut Context<'_>,
    store: &Store,
    (wanted, who): (&Submission, &Identity),
    confirm: Confirm,
) -> Result<Reply<TaskInfo>> {
    cx.refuse_in_room("task submit")?;
    let id = minted()?;
    let task = Task {
        id: id.clone(),
        kind: wanted.kind.clone(),
        description: wanted.description.clone(),
        input: text_of(wanted.input.as_ref())?,
        priority: wanted.priority,
        after: wanted.after.clone(),
        needs: Requirements {
            archetype: wanted.archetype.clone(),
            min_trust: wanted.min_trust,
        },
        feature: wanted.feature.clone(),
        deadline: wanted.deadline,
        agent: Some(who.agent.clone()),
        by: cx.by()?,
    };
    let outcome = ask(cx, store, TaskOp::Submit(task), confirm)?;
    Reply::of(outcome, || known(store, &id))
}

/// Claims a task, or the next.
///
/// # Errors
/// As [`submit`].
pub(in crate::commands) fn claim(
    cx: &mut Context<'_>,
    store: &Store,
    (wanted, who): (&Claiming, &Identity),
    confirm: Confirm,
) -> Result<Reply<TaskInfo>> {
    cx.refuse_in_room("task claim")?;
    let view = store.view(&Load::Briefs)?;
    if let Some(mine) = own(&view, wanted, who) {
        let attempt = mine.attempt.clone();
        let is_it = |request: &crate::state::Request| request.op.claims() == attempt.as_ref();
        return Reply::of(confirm::again(cx, store, is_it, confirm)?, || Ok(mine));
    }
    let standing = standing::of(cx, &view, who)?;
    let trust = standing.claimed(wanted.trust)?;
    let archetypes = wanted.archetypes.iter().chain(&standing.archetype);
    let archetypes: Vec<String> = archetypes.cloned().collect();
    let lost = sessions::lost(cx, &view)?;
    // A view that is kept is copied by the store before it changes.
    drop(view);
    let mut outcome = Outcome::Refused(crate::state::Refusal::Invalid {
        why: "nothing was asked for".to_owned(),
    });
    for _ in 0..TRIES_MAX {
        let claiming = TaskClaiming {
            attempt: random::attempt_id()?,
            task: wanted.task.clone(),
            session: who.session.clone(),
            agent: standing.agent.clone(),
            archetypes: archetypes.clone(),
            trust,
            kinds: wanted.kinds.clone(),
            lease_seconds: wanted.lease_minutes.saturating_mul(60),
            lost: lost.clone(),
        };
        let attempt = claiming.attempt.clone();
        outcome = ask(cx, store, TaskOp::Claim(claiming), confirm)?;
        match &outcome {
            Outcome::Stands(_) => {
                let view = store.view(&Load::Briefs)?;
                let task = { view.tasks.iter() }.find(|(_, t)| t.claims.contains_key(&attempt));
                let id = task.map(|(id, _)| id.clone());
                let id = id.ok_or_else(|| Error::bug("a claim that stands has no task"))?;
                // Somebody may have ended the claim meanwhile: it was made all the same.
                let made = |task: TaskInfo| TaskInfo {
                    attempt: Some(attempt.clone()),
                    ..task
                };
                return Reply::of(outcome, || known(store, &id).map(made));
            }
            // Somebody was faster at the authority: there may be another one.
            Outcome::Refused(crate::state::Refusal::Held(_)) if wanted.task.is_none() => {}
            Outcome::Refused(_) => break,
        }
    }
    Reply::of(outcome, || Err(Error::bug("no claim stands here")))
}

/// The named task, where this session holds it already: a lost answer can be asked for again.
fn own(view: &View, wanted: &Claiming, who: &Identity) -> Option<TaskInfo> {
    let id = wanted.task.as_ref()?;
    let (_, claim) = view.tasks.get(id)?.live()?;
    (who.is_named && claim.session == who.session)
        .then(|| info(view, id))
        .flatten()
}

/// Says that a task is over.
///
/// # Errors
/// As [`submit`].
pub(in crate::commands) fn complete(
    cx: &mut Context<'_>,
    store: &Store,
    (said, session): (&Completion, Option<&str>),
    confirm: Confirm,
) -> Result<Reply<TaskInfo>> {
    cx.refuse_in_room("task complete")?;
    let op = TaskOp::Complete(TaskCompletion {
        task: said.task.clone(),
        session: session.map(str::to_owned),
        outcome: said.outcome,
        result: text_of(said.result.as_ref())?,
        message: said.message.clone(),
    });
    let outcome = ask(cx, store, op, confirm)?;
    Reply::of(outcome, || known(store, &said.task))
}

/// Gives a task back.
///
/// # Errors
/// As [`submit`].
pub(in crate::commands) fn release(
    cx: &mut Context<'_>,
    store: &Store,
    (task, session, note): (&TaskId, Option<&str>, &str),
    confirm: Confirm,
) -> Result<Reply<TaskInfo>> {
    cx.refuse_in_room("task release")?;
    let op = TaskOp::Release {
        task: task.clone(),
        session: session.map(str::to_owned),
        note: note.to_owned(),
    };
    let outcome = ask(cx, store, op, confirm)?;
    Reply::of(outcome, || known(store, task))
}

/// Takes a task back from whoever has it, for good.
///
/// # Errors
/// As [`submit`].
pub(in crate::commands) fn cancel(
    cx: &mut Context<'_>,
    store: &Store,
    (task, reason): (&TaskId, &str),
    confirm: Confirm,
) -> Result<Reply<TaskInfo>> {
    cx.refuse_in_room("task cancel")?;
    let op = TaskOp::Cancel {
        task: task.clone(),
        reason: reason.to_owned(),
    };
    let outcome = ask(cx, store, op, confirm)?;
    Reply::of(outcome, || known(store, task))
}

/// Every task, the most urgent first, of those the oldest.
///
/// # Errors
/// As [`Store::view`].
pub(in crate::commands) fn list(store: &Store) -> Result<Vec<TaskInfo>> {
    let view = store.view(&Load::Briefs)?;
    let mut all: Vec<TaskInfo> = { view.tasks.keys() }
        .filter_map(|id| info(&view, id))
        .collect();
    all.sort_by_key(|t| (t.priority, t.created_at, t.task_id.clone()));
    Ok(all)
}

/// One task; `None` if there is none of that id.
///
/// # Errors
/// As [`Store::view`].
pub(in crate::commands) fn show(store: &Store, id: &TaskId) -> Result<Option<TaskInfo>> {
    Ok(info(&*store.view(&Load::Briefs)?, id))
}

fn ask(cx: &mut Context<'_>, store: &Store, op: TaskOp, confirm: Confirm) -> Result<Outcome> {
    let change: (Op, Vec<Oid>) = (Op::Task(Box::new(op)), Vec::new());
    confirm::ask_one(cx, store, change, confirm)
}

fn known(store: &Store, id: &TaskId) -> Result<TaskInfo> {
    let found = show(store, id)?;
    found.ok_or_else(|| Error::bug(format!("task `{id}` is not to be seen")))
}

fn minted() -> Result<TaskId> {
    let text = format!("t-{}", random::id(12)?);
    TaskId::parse(&text).ok_or_else(|| Error::bug(format!("`{text}` is no task id")))
}

fn text_of(value: Option<&Value>) -> Result<Option<String>> {
    value.map(json::line).transpose()
}

fn data_of(text: Option<&String>) -> Option<Value> {
    let text = text?;
    json::parse(text.as_bytes())
        .ok()
        .or_else(|| Some(Value::from(text.as_str())))
}

/// What a view says of a task; `None` if that cannot be read.
pub(in crate::commands) fn info(view: &View, id: &TaskId) -> Option<TaskInfo> {
    let known = view.tasks.get(id)?;
    let task = known.task.as_ref()?;
    let before = view.before(known);
    let closed = known.closed.as_ref();
    let result = known.result();
    let holder = holder(known);
    let is_open = closed.is_none();
    let cancelled = closed.filter(|c| c.outcome == TaskOutcome::Cancelled);
    Some(TaskInfo {
        task_id: id.clone(),
        task_type: task.kind.clone(),
        description: task.description.clone(),
        status: view.task_state(id)?,
        priority: task.priority,
        input_data: data_of(task.input.as_ref()),
        feature: task.feature.clone(),
        depends_on: task.after.clone(),
        waits_for: if is_open { before.open } else { Vec::new() },
        blocked_by: if is_open { before.broken } else { Vec::new() },
        archetype: task.needs.archetype.clone(),
        min_trust_level: task.needs.min_trust,
        submitted_by: task.agent.clone().unwrap_or_else(|| task.by.label.clone()),
        claimed_by: holder.map(|(_, claim)| claim.agent.clone()),
        session_id: holder.map(|(_, claim)| claim.session.clone()),
        attempt: holder.map(|(grant, _)| grant.attempt.clone()),
        epoch: holder.map(|(grant, _)| grant.epoch),
        claimed_at: holder.map(|(grant, _)| grant.by.at),
        expires_at: known
            .live()
            .and_then(|(grant, claim)| view.task_expires(grant, claim)),
        result: result.and_then(|r| data_of(r.result.as_ref())),
        error_message: match cancelled {
            Some(closed) => Some(closed.reason.clone()).filter(|why| !why.is_empty()),
            None => result.and_then(|r| r.message.clone()),
        },
        deadline: task.deadline,
        created_at: task.by.at,
        completed_at: closed.map(|c| c.by.at),
    })
}

/// Who holds it, or whose result counts.
fn holder(
    known: &TaskView,
) -> Option<(
    &crate::state::record::Grant,
    &crate::state::record::TaskClaim,
)> {
    if let Some(live) = known.live() {
        return Some(live);
    }
    let attempt = known.closed.as_ref()?.attempt.as_ref()?;
    let grant = known.grants.values().find(|g| g.attempt == *attempt)?;
    Some((grant, known.claims.get(attempt)?))
}
