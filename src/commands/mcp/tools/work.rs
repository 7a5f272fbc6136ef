//! The queue: free-standing tasks, submitted, claimed by a session, completed once; and where there
//! is none, packages of plans.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Anything, Items, items, no, packages};
use crate::base::json::{self, Value};
use crate::base::{Error, Kind, Result, TaskId};
use crate::commands::confirm::Confirm;
use crate::commands::mcp::desk::Work;
use crate::commands::mcp::gate;
use crate::commands::mcp::reply::Reply;
use crate::commands::verbs;
use crate::commands::verbs::tasks::{self, Claiming, Completion, Submission, TaskInfo};
use crate::model::TaskOutcome;
use crate::state::Refusal;
use crate::state::task_state::TaskState;

/// What a task has where nobody says otherwise.
const PRIORITY: u32 = 5;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Submit {
    task_type: String,
    description: String,
    input_data: Option<Anything>,
    /// 1 (first) to 10
    priority: Option<u32>,
    depends_on: Option<Vec<String>>,
    agent_requirements: Option<Requirements>,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Requirements {
    archetype: Option<String>,
    min_trust_level: Option<u32>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Get {
    task_types: Option<Vec<String>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Complete {
    task_id: String,
    success: bool,
    result: Option<Anything>,
    error_message: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Show {
    task_id: String,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Submitted {
    success: bool,
    task_id: Option<String>,
    reason: Option<String>,
}

#[derive(Default, Serialize, JsonSchema)]
pub(super) struct Got {
    success: bool,
    task_id: Option<String>,
    task_type: Option<String>,
    description: Option<String>,
    input_data: Option<Anything>,
    priority: Option<u32>,
    deadline: Option<String>,
    expires_at: Option<String>,
    submitted_by: Option<String>,
    reason: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Completed {
    success: bool,
    status: Option<&'static str>,
    task_id: String,
    reason: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Shown {
    success: bool,
    task: Option<Anything>,
    reason: Option<String>,
}

/// Submits a task.
pub(super) fn submit(work: &mut Work<'_>, asked: Submit) -> Result<Reply<Submitted>> {
    let after = asked.depends_on.unwrap_or_default();
    let after: Result<Vec<TaskId>> = after.iter().map(|id| task_id(id)).collect();
    let needs = asked.agent_requirements.unwrap_or_default();
    let wanted = Submission {
        kind: asked.task_type,
        description: asked.description,
        input: asked.input_data.map(|data| data.0),
        priority: asked.priority.unwrap_or(PRIORITY),
        after: after?,
        archetype: needs.archetype,
        min_trust: needs.min_trust_level.unwrap_or(0),
        ..Submission::default()
    };
    let store = work.store()?;
    let asked = (&wanted, &work.session.who.clone());
    Ok(
        match tasks::submit(&mut work.cx, &store, asked, Confirm::asked())? {
            verbs::Reply::Done(task, _) => Reply::yes(Submitted {
                success: true,
                task_id: Some(task.task_id.to_string()),
                reason: None,
            }),
            verbs::Reply::Refused(refusal) => {
                let data = Submitted {
                    success: false,
                    task_id: None,
                    reason: Some(refusal.code().to_owned()),
                };
                no(data, refusal, "submit_work with ids that get_task knows")
            }
        },
    )
}

/// Claims the next task.
pub(super) fn get(work: &mut Work<'_>, asked: Get) -> Result<Reply<Got>> {
    work.be_seen()?;
    let wanted = Claiming {
        task: None,
        kinds: asked.task_types.unwrap_or_default(),
        archetypes: work.session.archetypes.clone(),
        trust: Some(u32::from(gate::acting(work)?.trust.level())),
        lease_minutes: tasks::LEASE_MINUTES,
    };
    let store = work.store()?;
    let asked = (&wanted, &work.session.who.clone());
    match tasks::claim(&mut work.cx, &store, asked, Confirm::asked())? {
        verbs::Reply::Done(task, firmness) => Ok(got(&shown(&task)?, firmness.word())),
        verbs::Reply::Refused(refusal @ Refusal::NoTask { .. }) => {
            if let Some(package) = packages::claim(work, &wanted)? {
                let package = super::as_data(package);
                let firmness = package["input_data"]["claim"].as_str();
                return Ok(got(&package, firmness.unwrap_or("confirmed")));
            }
            Ok(Reply::yes(Got {
                reason: Some(format!("no_tasks_available: {refusal}")),
                ..Got::default()
            }))
        }
        verbs::Reply::Refused(refusal) => {
            let data = Got {
                reason: Some(refusal.code().to_owned()),
                ..Got::default()
            };
            Ok(no(data, refusal, "get_work again"))
        }
    }
}

/// What was claimed. What only waits for an authority elsewhere is said to be provisional.
fn got(task: &Value, firmness: &str) -> Reply<Got> {
    let text = |name: &str| task[name].as_str().map(str::to_owned);
    Reply::yes(Got {
        success: true,
        task_id: text("task_id"),
        task_type: text("task_type"),
        description: text("description"),
        input_data: Some(Anything(task["input_data"].clone())),
        priority: task["priority"].as_u64().and_then(|n| n.try_into().ok()),
        deadline: text("deadline"),
        expires_at: text("expires_at"),
        submitted_by: text("submitted_by"),
        reason: (firmness != "confirmed").then(|| firmness.to_owned()),
    })
}

/// Says that a task is done, or failed.
pub(super) fn complete(work: &mut Work<'_>, asked: Complete) -> Result<Reply<Completed>> {
    if packages::is_named(&asked.task_id) {
        let said = (asked.task_id.as_str(), asked.success);
        let status = packages::complete(work, said, asked.error_message.as_deref())?;
        return Ok(Reply::yes(Completed {
            success: true,
            status: Some(status),
            task_id: asked.task_id,
            reason: None,
        }));
    }
    let said = Completion {
        task: task_id(&asked.task_id)?,
        outcome: match asked.success {
            true => TaskOutcome::Completed,
            false => TaskOutcome::Failed,
        },
        result: asked.result.map(|data| data.0),
        message: asked.error_message,
    };
    let store = work.store()?;
    let session = work.session.who.session.clone();
    let asked_of = (&said, Some(session.as_str()));
    Ok(
        match tasks::complete(&mut work.cx, &store, asked_of, Confirm::asked())? {
            verbs::Reply::Done(task, _) => Reply::yes(Completed {
                success: true,
                status: Some(task.status.as_str()),
                task_id: asked.task_id,
                reason: None,
            }),
            verbs::Reply::Refused(refusal) => {
                let data = Completed {
                    success: false,
                    status: None,
                    task_id: asked.task_id,
                    reason: Some(refusal.code().to_owned()),
                };
                no(
                    data,
                    refusal,
                    "get_task says how it stands and who holds it",
                )
            }
        },
    )
}

/// Shows a task.
pub(super) fn show(work: &mut Work<'_>, asked: Show) -> Result<Reply<Shown>> {
    if packages::is_named(&asked.task_id) {
        let mut task = super::as_data(packages::shown(work, &asked.task_id, None)?);
        task["id"] = task["task_id"].clone();
        return Ok(Reply::yes(Shown {
            success: true,
            task: Some(Anything(task)),
            reason: None,
        }));
    }
    let store = work.store()?;
    let found = match TaskId::parse(&asked.task_id) {
        Some(id) => tasks::show(&store, &id)?,
        None => None,
    };
    let Some(found) = found else {
        let data = Shown {
            success: false,
            task: None,
            reason: Some("task_not_found".to_owned()),
        };
        let message = format!("there is no task `{}`", asked.task_id);
        let why = Error::new(Kind::Usage, "task_not_found", message);
        return Ok(Reply::no(
            data,
            why.hint("read the resource work://pending"),
        ));
    };
    let mut task = shown(&found)?;
    task["id"] = task["task_id"].clone();
    Ok(Reply::yes(Shown {
        success: true,
        task: Some(Anything(task)),
        reason: None,
    }))
}

/// Tasks that are open.
pub(super) fn pending(work: &mut Work<'_>) -> Result<Items> {
    let is_open = |task: &TaskInfo| match task.status {
        TaskState::Pending | TaskState::Waiting | TaskState::Blocked | TaskState::Claimed => true,
        TaskState::Completed | TaskState::Failed | TaskState::Cancelled => false,
    };
    let open = tasks::list(&*work.store()?)?;
    let rows: Result<Vec<Value>> = { open.iter() }
        .filter(|t| is_open(t))
        .map(json::value)
        .collect();
    let packages = packages::pending(work)?;
    items(rows?.into_iter().chain(packages))
}

fn shown(task: &TaskInfo) -> Result<Value> {
    Ok(super::as_data(json::value(task)?))
}

fn task_id(text: &str) -> Result<TaskId> {
    TaskId::parse(text).ok_or_else(|| {
        let message = format!("`{text}` is no task id");
        Error::usage("task_not_found", message).hint("read the resource work://pending")
    })
}
