//! How an attempt ended.

use serde::{Deserialize, Serialize};

/// What became of the agent in its room. The result itself is recomputed from git.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeKind {
    /// The agent ended and left commits or changes.
    Finished,
    /// The agent ended and changed nothing.
    Empty,
    /// The agent ended with a code that is not zero.
    Failed,
    /// Past its wall-clock limit.
    TimedOut,
    /// Said nothing for too long.
    Silent,
    /// Ended by a signal that we did not send.
    Killed,
    /// Its HEAD is not on its branch, or its history does not grow from the base.
    Diverged,
    /// Its worktree or `.git` file is gone.
    LostWorktree,
    /// Its result file does not have its form.
    BadResult,
    /// Its supervisor died; found by a later command.
    Lost,
    /// Stopped because the run was stopped.
    Stopped,
}

/// Why an attempt no longer holds its package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndReason {
    /// Accepted and merged.
    Completed,
    /// The agent, the gate or the verification said no; uses up a retry.
    Failed,
    /// Given back by its holder.
    Released,
    /// Its supervisor or machine is gone; uses up no retry.
    Lost,
    /// Its lease ran out and somebody else took over; uses up no retry.
    Expired,
    /// Another attempt won; uses up no retry.
    Superseded,
    /// A person or a stopped run ended it; uses up no retry.
    Cancelled,
}

impl EndReason {
    /// True if the end counts against `retry_budget`.
    pub fn uses_retry(self) -> bool {
        self == EndReason::Failed
    }

    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            EndReason::Completed => "completed",
            EndReason::Failed => "failed",
            EndReason::Released => "released",
            EndReason::Lost => "lost",
            EndReason::Expired => "expired",
            EndReason::Superseded => "superseded",
            EndReason::Cancelled => "cancelled",
        }
    }
}

impl OutcomeKind {
    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            OutcomeKind::Finished => "finished",
            OutcomeKind::Empty => "empty",
            OutcomeKind::Failed => "failed",
            OutcomeKind::TimedOut => "timed-out",
            OutcomeKind::Silent => "silent",
            OutcomeKind::Killed => "killed",
            OutcomeKind::Diverged => "diverged",
            OutcomeKind::LostWorktree => "lost-worktree",
            OutcomeKind::BadResult => "bad-result",
            OutcomeKind::Lost => "lost",
            OutcomeKind::Stopped => "stopped",
        }
    }
}
