//! How free-standing tasks stand, seen from a whole view. Never stored.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::{TaskId, Timestamp};
use crate::model::TaskOutcome;
use crate::state::record::{Grant, TaskClaim};
use crate::state::task_view::TaskView;
use crate::state::view::View;

/// How a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskState {
    /// Somebody may claim it.
    Pending,
    /// Something before it is not completed yet.
    Waiting,
    /// Something before it failed or was cancelled: it will never be ready by itself.
    Blocked,
    /// Somebody holds it.
    Claimed,
    /// Done.
    Completed,
    /// Not done.
    Failed,
    /// No longer wanted.
    Cancelled,
}

impl TaskState {
    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            TaskState::Pending => "pending",
            TaskState::Waiting => "waiting",
            TaskState::Blocked => "blocked",
            TaskState::Claimed => "claimed",
            TaskState::Completed => "completed",
            TaskState::Failed => "failed",
            TaskState::Cancelled => "cancelled",
        }
    }
}

/// What a task waits for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Before {
    /// Not completed yet, but may be.
    pub open: Vec<TaskId>,
    /// Failed or cancelled, also where something in between waits for it.
    pub broken: Vec<TaskId>,
}

impl View {
    /// How a task stands; `None` if there is none of that id.
    pub fn task_state(&self, id: &TaskId) -> Option<TaskState> {
        let view = self.tasks.get(id)?;
        Some(match &view.closed {
            Some(closed) => match closed.outcome {
                TaskOutcome::Completed => TaskState::Completed,
                TaskOutcome::Failed => TaskState::Failed,
                TaskOutcome::Cancelled => TaskState::Cancelled,
            },
            None if view.live().is_some() => TaskState::Claimed,
            None => {
                let before = self.before(view);
                match (before.broken.is_empty(), before.open.is_empty()) {
                    (false, _) => TaskState::Blocked,
                    (true, false) => TaskState::Waiting,
                    (true, true) => TaskState::Pending,
                }
            }
        })
    }

    /// What a task waits for. A dependency of which nothing is known waits too.
    pub fn before(&self, view: &TaskView) -> Before {
        let mut before = Before::default();
        let mut seen = BTreeSet::new();
        let own = view.task.iter().flat_map(|task| &task.after);
        let mut next: Vec<(&TaskId, bool)> = own.map(|id| (id, true)).collect();
        while let Some((id, is_direct)) = next.pop() {
            if !seen.insert(id) {
                continue;
            }
            let known = self.tasks.get(id);
            match known.and_then(|t| t.closed.as_ref()).map(|c| c.outcome) {
                Some(TaskOutcome::Completed) => continue,
                Some(TaskOutcome::Failed | TaskOutcome::Cancelled) => {
                    before.broken.push(id.clone());
                    continue;
                }
                None if is_direct => before.open.push(id.clone()),
                None => {}
            }
            let further = known.and_then(|t| t.task.as_ref());
            next.extend(further.iter().flat_map(|t| &t.after).map(|id| (id, false)));
        }
        before.open.sort();
        before.broken.sort();
        before
    }

    /// When the lease of a claim runs out: its session's last sign of life counts.
    pub fn task_expires(&self, grant: &Grant, claim: &TaskClaim) -> Option<Timestamp> {
        let lease = Duration::from_secs(u64::from(grant.lease_seconds?));
        let session = self
            .sessions
            .get(&(grant.by.actor.clone(), claim.session.clone()));
        let heard = session.map_or(grant.by.at, |s| s.by.at.max(grant.by.at));
        Some(heard.plus(lease))
    }
}
