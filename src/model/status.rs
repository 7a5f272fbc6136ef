//! The words for where a package and a run stand. Computed from records, never stored as such.

use serde::{Deserialize, Serialize};

/// Where a package stands. The words are a contract: `status --json` prints them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageStatus {
    /// Something it depends on is not merged yet.
    Pending,
    /// It may start now.
    Ready,
    /// An attempt holds it.
    Running,
    /// Its attempt is done and passes the gate, waits for a reviewer or for the merge.
    Review,
    /// A manual or ci step waits for an answer.
    Awaiting,
    /// Accepted and merged.
    Merged,
    /// Its last attempt failed and no retry is left.
    Failed,
    /// Something it depends on failed, was cancelled, or is blocked itself.
    Blocked,
    /// A person cancelled it.
    Cancelled,
}

impl PackageStatus {
    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            PackageStatus::Pending => "pending",
            PackageStatus::Ready => "ready",
            PackageStatus::Running => "running",
            PackageStatus::Review => "review",
            PackageStatus::Awaiting => "awaiting",
            PackageStatus::Merged => "merged",
            PackageStatus::Failed => "failed",
            PackageStatus::Blocked => "blocked",
            PackageStatus::Cancelled => "cancelled",
        }
    }
}

/// How a run ended. The words are a contract: `implement --json` prints them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunResult {
    /// Everything was merged and verified.
    Merged,
    /// Everything that can be merged is; manual or ci steps wait for an answer, or the run was
    /// told to do a part only.
    Partial,
    /// A package or the final verification failed.
    Failed,
    /// A signal or a person stopped it.
    Stopped,
}

impl RunResult {
    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            RunResult::Merged => "merged",
            RunResult::Partial => "partial",
            RunResult::Failed => "failed",
            RunResult::Stopped => "stopped",
        }
    }
}
