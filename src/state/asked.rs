//! What is asked for about free-standing tasks, and what agents leave for each other. Plain data.

use serde::{Deserialize, Serialize};

use crate::base::{AttemptId, FeatureId, TaskId, TxnId};
use crate::model::TaskOutcome;
use crate::state::record::{
    Decided, Delivered, Escalated, Handoff, Judgement, Memory, Resolution, Session, Task,
};

/// What is wanted of a free-standing task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskOp {
    /// Submits one; its `by` is the asker's.
    Submit(Task),
    /// Claims one, or the next.
    Claim(TaskClaiming),
    /// Says that it is over, with its result.
    Complete(TaskCompletion),
    /// Gives it back.
    Release {
        /// The task.
        task: TaskId,
        /// The session that holds it, or `None`: this clone claimed it.
        session: Option<String>,
        /// One line for people.
        note: String,
    },
    /// It is no longer wanted, whoever holds it.
    Cancel {
        /// The task.
        task: TaskId,
        /// Why.
        reason: String,
    },
}

/// A claim of a free-standing task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskClaiming {
    /// Minted for this claim.
    pub attempt: AttemptId,
    /// The task; `None`: the most urgent one that fits, of those the oldest.
    pub task: Option<TaskId>,
    /// The session that will hold it.
    pub session: String,
    /// The agent that will do it.
    pub agent: String,
    /// What it is, for tasks that need one.
    pub archetypes: Vec<String>,
    /// How far it is trusted, 0 to 4.
    pub trust: u32,
    /// Only tasks of these kinds; empty: of any.
    pub kinds: Vec<String>,
    /// After this many seconds without a sign of life others may take over.
    pub lease_seconds: u32,
    /// Claims whose session is known to be gone: they may be taken over at once.
    pub lost: Vec<AttemptId>,
}

/// The end of a task, as the session that holds it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskCompletion {
    /// The task.
    pub task: TaskId,
    /// The session that holds it, or `None`: this clone claimed it.
    pub session: Option<String>,
    /// [`TaskOutcome::Completed`] or [`TaskOutcome::Failed`].
    pub outcome: TaskOutcome,
    /// The result as JSON text.
    pub result: Option<String>,
    /// What went wrong, or one line about it.
    pub message: Option<String>,
}

/// What an agent leaves for others. Facts and its own register: never refused for lack of a right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Said {
    /// A session says that it lives, and what it does; `seq`, `started` and `by` are made here.
    Session(Session),
    /// Leaves a handoff.
    Handoff(Handoff),
    /// Leaves a memory.
    Remember(Memory),
    /// Takes a memory back.
    Forget {
        /// Which.
        memory: TxnId,
        /// Why.
        reason: String,
    },
    /// Asks a question that only somebody else can answer.
    Escalate {
        /// The feature.
        feature: FeatureId,
        /// The question.
        escalated: Escalated,
    },
    /// Records what was found of a feature.
    Judge {
        /// The feature.
        feature: FeatureId,
        /// What was found.
        what: Judgement,
    },
    /// A person answers an escalation. Not for agents.
    Resolve {
        /// The feature.
        feature: FeatureId,
        /// The answer.
        resolution: Resolution,
    },
    /// Records a decision that was enforced.
    Decided(Decided),
    /// Records that a feature became part of another branch.
    Deliver {
        /// The feature.
        feature: FeatureId,
        /// Where, and how; its `by` is the asker's.
        delivered: Delivered,
    },
}

impl TaskOp {
    /// The task; `None` for a claim that leaves the choice.
    pub fn task(&self) -> Option<&TaskId> {
        match self {
            TaskOp::Submit(task) => Some(&task.id),
            TaskOp::Claim(claiming) => claiming.task.as_ref(),
            TaskOp::Complete(completion) => Some(&completion.task),
            TaskOp::Release { task, .. } | TaskOp::Cancel { task, .. } => Some(task),
        }
    }

    pub(super) fn needs_right(&self) -> bool {
        !matches!(self, TaskOp::Submit(_))
    }

    pub(super) fn claims(&self) -> Option<&AttemptId> {
        match self {
            TaskOp::Claim(claiming) => Some(&claiming.attempt),
            _ => None,
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            TaskOp::Submit(_) => "task-submit",
            TaskOp::Claim(_) => "task-claim",
            TaskOp::Complete(_) => "task-complete",
            TaskOp::Release { .. } => "task-release",
            TaskOp::Cancel { .. } => "task-cancel",
        }
    }

    pub(super) fn target(&self) -> String {
        self.task()
            .map_or_else(|| "next".to_owned(), TaskId::to_string)
    }
}

impl Said {
    pub(super) fn feature(&self) -> Option<&FeatureId> {
        match self {
            Said::Judge { feature, .. }
            | Said::Escalate { feature, .. }
            | Said::Resolve { feature, .. }
            | Said::Deliver { feature, .. } => Some(feature),
            _ => None,
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Said::Session(_) => "session",
            Said::Handoff(_) => "handoff",
            Said::Remember(_) => "remember",
            Said::Forget { .. } => "forget",
            Said::Escalate { .. } => "escalate",
            Said::Judge { what, .. } => what.name(),
            Said::Resolve { .. } => "resolve",
            Said::Decided(_) => "decision",
            Said::Deliver { .. } => "deliver",
        }
    }

    pub(super) fn target(&self) -> String {
        let of = |feature: Option<&FeatureId>, package: Option<String>| match (feature, package) {
            (Some(feature), Some(package)) => format!("{feature}/{package}"),
            (Some(feature), None) => feature.to_string(),
            (None, _) => String::new(),
        };
        match self {
            Said::Session(session) => session.session.clone(),
            Said::Handoff(handoff) => {
                let package = handoff.package.as_ref().map(ToString::to_string);
                of(handoff.feature.as_ref(), package)
            }
            Said::Remember(memory) => memory.kind.as_str().to_owned(),
            Said::Forget { memory, .. } => memory.to_string(),
            Said::Escalate { feature, escalated } => {
                let package = escalated.package.as_ref().map(ToString::to_string);
                of(Some(feature), package)
            }
            Said::Deliver { feature, .. } => feature.to_string(),
            Said::Judge { feature, what } => {
                of(Some(feature), what.package().map(ToString::to_string))
            }
            Said::Resolve {
                feature,
                resolution,
            } => format!("{feature} {} {}", resolution.question, resolution.choice),
            Said::Decided(decided) => {
                let (sentence, operation) = (decided.sentence.as_str(), &decided.operation);
                format!("{sentence} {operation} {}", decided.resource)
                    .trim_end()
                    .to_owned()
            }
        }
    }
}
