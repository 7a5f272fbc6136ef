//! How a free-standing task ends.

use serde::{Deserialize, Serialize};

/// How a task is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskOutcome {
    /// Done; what waits for it may go on.
    Completed,
    /// Not done; what waits for it is blocked.
    Failed,
    /// No longer wanted; what waits for it is blocked.
    Cancelled,
}

impl TaskOutcome {
    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            TaskOutcome::Completed => "completed",
            TaskOutcome::Failed => "failed",
            TaskOutcome::Cancelled => "cancelled",
        }
    }
}
