//! What can be wrong with a state and the files beside it, in words.

use std::fmt;

use crate::base::{Oid, text};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Damage {
    /// The ref is gone although the journal knows a commit.
    StateLost {
        /// The newest commit that the journal knows.
        newest: Oid,
    },
    /// The ref does not follow from what the journal knows.
    StateMoved {
        /// Where the ref is.
        tip: Oid,
        /// The newest commit that the journal knows.
        newest: Oid,
    },
    /// The ref holds something that is no state.
    NoState {
        /// Where the ref is.
        tip: Oid,
        /// Why it cannot be read.
        why: String,
    },
    /// A commit of the chain cannot be read.
    ChainBroken {
        /// Why.
        why: String,
    },
    /// The state has a newer format than this program knows.
    NewerFormat {
        /// The format.
        format: u32,
    },
    /// A record cannot be read, is not canonical, or contradicts others.
    Record {
        /// Where.
        path: String,
        /// Why.
        why: String,
    },
    /// A commit took records away or replaced them.
    Shrunk {
        /// The commit.
        commit: Oid,
        /// The first path.
        path: String,
    },
    /// A record names an object that is not in the repository.
    Dangling {
        /// The record's path, or what it is about.
        path: String,
        /// The object.
        oid: Oid,
    },
    /// A killed process left the lock file of the ref; git would refuse for ever.
    RefLock {
        /// The file.
        file: String,
    },
    /// A request in the spool whose process is gone.
    DeadRequest {
        /// The file.
        file: String,
    },
    /// Requests of an agent whose attempt is over.
    LateInbox {
        /// The folder.
        folder: String,
        /// How many.
        requests: usize,
    },
    /// A temporary file that a killed process left.
    Leftover {
        /// The file.
        file: String,
    },
}

impl Damage {
    /// The stable word in JSON.
    pub fn code(&self) -> &'static str {
        match self {
            Damage::StateLost { .. } => "state-lost",
            Damage::StateMoved { .. } => "state-moved",
            Damage::NoState { .. } => "no-state",
            Damage::ChainBroken { .. } => "chain-broken",
            Damage::NewerFormat { .. } => "newer-format",
            Damage::Record { .. } => "record",
            Damage::Shrunk { .. } => "records-removed",
            Damage::Dangling { .. } => "missing-object",
            Damage::RefLock { .. } => "stale-ref-lock",
            Damage::DeadRequest { .. } => "dead-request",
            Damage::LateInbox { .. } => "late-inbox",
            Damage::Leftover { .. } => "leftover",
        }
    }

    /// True if a repair may be tried: what is wrong is provably ours, or an older state is known.
    pub fn is_fixable(&self) -> bool {
        match self {
            Damage::StateLost { .. }
            | Damage::StateMoved { .. }
            | Damage::NoState { .. }
            | Damage::RefLock { .. }
            | Damage::DeadRequest { .. }
            | Damage::Leftover { .. } => true,
            Damage::ChainBroken { .. }
            | Damage::NewerFormat { .. }
            | Damage::Record { .. }
            | Damage::Shrunk { .. }
            | Damage::Dangling { .. }
            | Damage::LateInbox { .. } => false,
        }
    }

    /// True if nothing was lost and nothing is at risk: only files lie around.
    pub fn is_litter(&self) -> bool {
        matches!(
            self,
            Damage::DeadRequest { .. } | Damage::LateInbox { .. } | Damage::Leftover { .. }
        )
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::StateLost { newest } => {
                write!(
                    f,
                    "the ref of the state is gone, its last commit was {newest}"
                )
            }
            Damage::StateMoved { tip, newest } => {
                write!(
                    f,
                    "the ref of the state is at {tip}, which does not follow {newest}"
                )
            }
            Damage::NoState { tip, why } => {
                write!(
                    f,
                    "the ref of the state is at {tip}, which is no state: {why}"
                )
            }
            Damage::ChainBroken { why } => {
                write!(f, "the history of the state is not readable: {why}")
            }
            Damage::NewerFormat { format } => {
                write!(
                    f,
                    "the state has format {format}, which only newer programs change"
                )
            }
            Damage::Record { path, why } => {
                write!(f, "the record `{}` is damaged: {why}", text::foreign(path))
            }
            Damage::Shrunk { commit, path } => {
                write!(f, "commit {commit} took `{}` away", text::foreign(path))
            }
            Damage::Dangling { path, oid } => {
                write!(
                    f,
                    "`{}` names {oid}, which is not there",
                    text::foreign(path)
                )
            }
            Damage::DeadRequest { file } => {
                write!(f, "the process that left `{}` is gone", text::foreign(file))
            }
            Damage::LateInbox { folder, requests } => {
                let requests = text::count(*requests, "request");
                let folder = text::foreign(folder);
                write!(
                    f,
                    "{requests} in `{folder}` came after the attempt had ended"
                )
            }
            Damage::RefLock { file } | Damage::Leftover { file } => {
                write!(f, "a killed process left `{}`", text::foreign(file))
            }
        }
    }
}
