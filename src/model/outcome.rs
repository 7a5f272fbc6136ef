//! How an attempt ended.

use serde::{Deserialize, Serialize};

use crate::base::json::{Map, Value};
use crate::base::{ContentHash, Oid, RepoPath, Timestamp};
use crate::model::agent_profile::SandboxLevel;
use crate::model::usage::Account;

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
    /// The service behind it would not serve it: no quota, no login, no payment.
    Unserved,
}

/// What an attempt sets out to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The task of its package.
    #[default]
    Implement,
    /// To find out why the verification of an earlier attempt failed, and to repair that.
    Debug,
}

impl Mode {
    /// True for an ordinary attempt, of which records say nothing.
    pub fn is_ordinary(&self) -> bool {
        *self == Mode::Implement
    }

    /// The word in JSON, messages and `WP_MODE`.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Implement => "implement",
            Mode::Debug => "debug",
        }
    }
}

/// In what state the room was when its agent had gone; found by the runner, from git.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomState {
    /// Everything is on the attempt branch.
    Kept {
        /// The head of the attempt branch, leftovers committed.
        head: Oid,
        /// Its tree.
        tree: Oid,
        /// Paths that differ between the base and the head.
        changed: Vec<RepoPath>,
    },
    /// HEAD is not on the attempt branch, or its history does not grow from the base.
    Diverged {
        /// Where HEAD or the branch was found, if anywhere.
        head: Option<Oid>,
        /// What was found, for people.
        why: String,
    },
    /// The folder, its `.git` file or its branch is gone.
    Lost {
        /// What was found, for people.
        why: String,
    },
    /// What was left could not be committed, for instance because a required filter failed.
    Unsealed {
        /// The head of the attempt branch without the leftovers.
        head: Oid,
        /// Its tree.
        tree: Oid,
        /// What went wrong.
        why: String,
    },
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
    /// The service behind its agent would not serve it; uses up no retry.
    Unserved,
}

impl EndReason {
    /// True if the end counts against `retry_budget`.
    pub fn uses_retry(self) -> bool {
        self == EndReason::Failed
    }

    /// True if the attempt's work was accepted.
    pub fn is_completion(self) -> bool {
        self == EndReason::Completed
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
            EndReason::Unserved => "unserved",
        }
    }
}

/// What came out of an attempt, recomputed by its supervisor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptResult {
    /// How it ended.
    pub outcome: OutcomeKind,
    /// The head of its branch after the runner committed what was left.
    pub head: Oid,
    /// The tree of that head.
    pub tree: Oid,
    /// Exit code of the agent.
    pub exit_code: Option<i32>,
    /// Seconds between start and end.
    pub seconds: u64,
    /// One line for people.
    pub reason: String,
    /// Paths that differ from the base.
    pub files_modified: Vec<RepoPath>,
    /// Notes, keys and escalations of the agent's result file; data, never believed.
    pub claimed: Map<String, Value>,
    /// SHA-256 and size of the local log; its text never leaves the machine.
    pub log: Option<LogDigest>,
    /// Last lines of the agent, redacted, at most 4 KiB.
    pub tail: String,
    /// What the agent told of itself, where somebody can read its output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// How it was held in its room; nothing where the runner started no agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// What a debugger wrote of what it supposed and tried, redacted; data, never believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hypotheses: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// How an agent is held in its room by the kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// How far it may write.
    pub sandbox: SandboxLevel,
    /// Why, in one line for people.
    pub why: String,
}

/// The digest of a local log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogDigest {
    /// SHA-256 of what was kept.
    pub sha256: ContentHash,
    /// Bytes the agent wrote.
    pub bytes: u64,
    /// Bytes that were not kept.
    pub dropped: u64,
}

/// Something went otherwise than planned and those who come later should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deviation {
    /// A stable word: `amended-scope`, `empty`, `missing-result-key`, ...
    pub kind: String,
    /// The sentence for people.
    pub detail: String,
    /// Paths concerned.
    pub paths: Vec<RepoPath>,
    /// When.
    pub at: Timestamp,
}

impl Deviation {
    /// It would conflict with another live package as both stand.
    pub const REHEARSAL: &'static str = "rehearsal";
    /// Its agent asks for paths outside its scope.
    pub const SCOPE_REQUEST: &'static str = "scope-request";
    /// Its supervisor granted paths that it asked for.
    pub const SCOPE_GRANTED: &'static str = "scope-granted";
    /// Its agent deviates in a way that somebody has to decide about before anything goes on.
    pub const BLOCKING: &'static str = "agent-blocking";
    /// The beginning of what else an agent says of its own attempt.
    const AGENT: &'static str = "agent-";

    /// True for what an agent may say of its own attempt. Others grant by deviations, so an agent
    /// must not be able to make those.
    pub fn is_for_agents(&self) -> bool {
        self.kind == Deviation::SCOPE_REQUEST || self.kind.starts_with(Deviation::AGENT)
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
            OutcomeKind::Unserved => "unserved",
        }
    }
}
