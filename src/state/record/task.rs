//! Free-standing tasks: work that belongs to no plan. Same scheme as packages and locks.

use serde::{Deserialize, Serialize};

use crate::base::{AttemptId, FeatureId, TaskId, Timestamp};
use crate::model::TaskOutcome;
use crate::state::record::entry::By;

/// Somebody wants something done. A fact; whether it is done, and by whom, are rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Minted for this submission.
    pub id: TaskId,
    /// What sort of work, for those who choose by it.
    pub kind: String,
    /// What is wanted, in words.
    pub description: String,
    /// What is wanted, as JSON text; text so that fractions survive.
    pub input: Option<String>,
    /// 1 to 10, 1 is the most urgent.
    pub priority: u32,
    /// Tasks that must be completed first; all of them existed when this was submitted.
    pub after: Vec<TaskId>,
    /// Who may take it.
    pub needs: Requirements,
    /// The feature it is for: a pause of it keeps the task from being claimed and completed.
    pub feature: Option<FeatureId>,
    /// When it should be done; decides nothing.
    pub deadline: Option<Timestamp>,
    /// The agent that submitted it, if it said who it is.
    pub agent: Option<String>,
    /// Who and when.
    pub by: By,
}

/// What an agent must be to take a task.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirements {
    /// One of the agent's archetypes.
    pub archetype: Option<String>,
    /// Its least trust level, 0 to 4.
    pub min_trust: u32,
}

/// A session asked for a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskClaim {
    /// Minted for this claim.
    pub attempt: AttemptId,
    /// The task.
    pub task: TaskId,
    /// The session; tasks are held by sessions, not identities.
    pub session: String,
    /// The agent.
    pub agent: String,
    /// Who and when.
    pub by: By,
}

/// What a claim came to, as its session says. At most one per claim; it never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskResult {
    /// The claim.
    pub attempt: AttemptId,
    /// [`TaskOutcome::Completed`] or [`TaskOutcome::Failed`].
    pub outcome: TaskOutcome,
    /// The result as JSON text.
    pub result: Option<String>,
    /// What went wrong, or one line about it.
    pub message: Option<String>,
    /// Who and when.
    pub by: By,
}

/// The task is over. One per task: whoever comes second finds the slot taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskClosed {
    /// How.
    pub outcome: TaskOutcome,
    /// The claim whose result counts; `None` for a cancelled task.
    pub attempt: Option<AttemptId>,
    /// Why, for a cancelled one.
    pub reason: String,
    /// Who and when.
    pub by: By,
}
