//! Registers: replaced by their one actor, and only by a higher `seq`.

use serde::{Deserialize, Serialize};

use crate::base::{AttemptId, Timestamp};
use crate::state::record::entry::By;

/// A clone is alive. Other machines watch `seq` change on their own clocks and never compare
/// `by.at` with them, except where they see this clone for the first time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beat {
    /// Higher than that of every earlier beat of this clone.
    pub seq: u64,
    /// What its supervisors look after.
    pub attempts: Vec<AttemptId>,
    /// Who and when.
    pub by: By,
}

/// A session of an agent: one process, or one conversation made of many short ones. An identity
/// may have any number of them, and the end of one says nothing about another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Higher than that of every earlier state of this session.
    pub seq: u64,
    /// Its name.
    pub session: String,
    /// The agent's identity.
    pub agent: String,
    /// What sort of agent it is.
    pub kind: Option<String>,
    /// What it can do.
    pub capabilities: Vec<String>,
    /// What it is, for tasks that need one.
    pub archetype: Option<String>,
    /// What it is doing.
    pub current_task: Option<String>,
    /// Who sent it.
    pub delegated_from: Option<String>,
    /// What it says of itself.
    pub status: SessionStatus,
    /// How its life is known.
    pub life: SessionLife,
    /// After this many seconds of silence it counts as gone.
    pub lease_seconds: u32,
    /// When it began.
    pub started: Timestamp,
    /// Who, and when it was heard of last.
    pub by: By,
}

/// What a session says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionStatus {
    /// It works.
    Active,
    /// It waits.
    Idle,
    /// It is over.
    Disconnected,
}

/// How the life of a session is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionLife {
    /// A process of its clone holds a file lock for as long as it lives.
    Process,
    /// It beats now and then.
    Lease,
}

impl SessionStatus {
    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            SessionStatus::Active => "active",
            SessionStatus::Idle => "idle",
            SessionStatus::Disconnected => "disconnected",
        }
    }
}
