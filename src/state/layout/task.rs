//! The folder of one free-standing task, and what lies in it.

use crate::base::{ActorId, AttemptId, TaskId, TxnId};
use crate::state::layout::class::Class;
use crate::state::layout::common::{filed, json, number};
use crate::state::layout::room::fan;

/// The folder of one free-standing task; its methods are the paths inside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaskRoom {
    path: String,
    task: TaskId,
}

/// What a path inside a task is. The order is the order in which a fold needs them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskSlot {
    /// `Task`
    Submission,
    /// `TaskClaim`
    Claim(AttemptId),
    /// `TaskResult`
    Result(AttemptId),
    /// `Grant`
    Grant(ActorId, u32),
    /// `End`
    End(ActorId, AttemptId),
    /// `TaskClosed`
    Closed(ActorId),
    /// `Filed`
    Filed(ActorId, TxnId),
    /// `Ruling`
    Ruling(ActorId, TxnId),
}

impl TaskRoom {
    /// The room of `task`.
    pub fn of(task: &TaskId) -> Self {
        TaskRoom {
            path: format!("tasks/{}/{task}", fan(task.as_str())),
            task: task.clone(),
        }
    }

    /// The folder, without a slash at the end.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The task.
    pub fn task(&self) -> &TaskId {
        &self.task
    }

    /// Path of a `Task`.
    pub fn submission(&self) -> String {
        format!("{}/facts/task.json", self.path)
    }

    /// Path of a `TaskClaim`.
    pub fn claim(&self, attempt: &AttemptId) -> String {
        format!("{}/facts/{attempt}/claim.json", self.path)
    }

    /// Path of a `TaskResult`.
    pub fn result(&self, attempt: &AttemptId) -> String {
        format!("{}/facts/{attempt}/result.json", self.path)
    }

    /// Path of a `Grant`.
    pub fn grant(&self, authority: &ActorId, epoch: u32) -> String {
        format!("{}/rights/{authority}/grant-{epoch}.json", self.path)
    }

    /// Path of an `End`.
    pub fn end(&self, authority: &ActorId, attempt: &AttemptId) -> String {
        format!("{}/rights/{authority}/end-{attempt}.json", self.path)
    }

    /// Path of the `TaskClosed`.
    pub fn closed(&self, authority: &ActorId) -> String {
        format!("{}/rights/{authority}/closed.json", self.path)
    }

    /// Path of a `Filed`.
    pub fn filed(&self, actor: &ActorId, txn: &TxnId) -> String {
        format!("{}/facts/requests/{actor}/{txn}.json", self.path)
    }

    /// Path of a `Ruling`.
    pub fn ruling(&self, authority: &ActorId, txn: &TxnId) -> String {
        format!("{}/rights/{authority}/ruling-{txn}.json", self.path)
    }
}

impl TaskSlot {
    /// How an entry at this slot may change.
    pub(super) fn class(self) -> Class {
        match self {
            TaskSlot::Grant(by, _)
            | TaskSlot::End(by, _)
            | TaskSlot::Closed(by)
            | TaskSlot::Ruling(by, _) => Class::Right(by),
            TaskSlot::Submission
            | TaskSlot::Claim(_)
            | TaskSlot::Result(_)
            | TaskSlot::Filed(..) => Class::Fact,
        }
    }
}

/// Reads the folder of a task, `tasks/<h2>/<task>`.
pub fn task_room(path: &str) -> Option<TaskRoom> {
    let (_, id) = path.strip_prefix("tasks/")?.split_once('/')?;
    let room = TaskRoom::of(&TaskId::parse(id)?);
    (room.path == path).then_some(room)
}

/// Reads the path of a record below the folder of its task.
pub fn task_slot(parts: &[&str]) -> Option<TaskSlot> {
    match parts {
        ["facts", "task.json"] => Some(TaskSlot::Submission),
        ["facts", "requests", actor, name] => filed(actor, name, TaskSlot::Filed),
        ["facts", attempt, "claim.json"] => Some(TaskSlot::Claim(AttemptId::parse(attempt)?)),
        ["facts", attempt, "result.json"] => Some(TaskSlot::Result(AttemptId::parse(attempt)?)),
        ["rights", authority, "closed.json"] => Some(TaskSlot::Closed(ActorId::parse(authority)?)),
        ["rights", authority, name] => {
            let authority = ActorId::parse(authority)?;
            let (word, rest) = json(name)?.split_once('-')?;
            match word {
                "grant" => Some(TaskSlot::Grant(authority, number(rest)?)),
                "end" => Some(TaskSlot::End(authority, AttemptId::parse(rest)?)),
                "ruling" => Some(TaskSlot::Ruling(authority, TxnId::parse(rest)?)),
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_of_a_task_is_read_back() {
        let (task, txn) = (TaskId::parse("t1").unwrap(), TxnId::parse("x1").unwrap());
        let (actor, aid) = (
            ActorId::parse("c1").unwrap(),
            AttemptId::parse("a1").unwrap(),
        );
        let room = TaskRoom::of(&task);
        assert_eq!(task_room(room.path()), Some(room.clone()));
        let slots = [
            (room.submission(), TaskSlot::Submission),
            (room.claim(&aid), TaskSlot::Claim(aid.clone())),
            (room.result(&aid), TaskSlot::Result(aid.clone())),
            (room.grant(&actor, 2), TaskSlot::Grant(actor.clone(), 2)),
            (
                room.end(&actor, &aid),
                TaskSlot::End(actor.clone(), aid.clone()),
            ),
            (room.closed(&actor), TaskSlot::Closed(actor.clone())),
            (
                room.filed(&actor, &txn),
                TaskSlot::Filed(actor.clone(), txn.clone()),
            ),
            (
                room.ruling(&actor, &txn),
                TaskSlot::Ruling(actor.clone(), txn.clone()),
            ),
        ];
        for (path, slot) in slots {
            let below = path.strip_prefix(room.path()).unwrap();
            let parts: Vec<&str> = below[1..].split('/').collect();
            assert_eq!(task_slot(&parts), Some(slot), "{path}");
        }
        assert_eq!(task_room("tasks/zz/t1"), None);
        assert_eq!(task_slot(&["rights", "c1", "grant-0.json"]), None);
    }
}
