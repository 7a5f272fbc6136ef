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
    /// An object of the newest state cannot be read.
    Object {
        /// Where in the state; `None` if it is the newest commit or its tree, so that nothing of
        /// it can be read.
        path: Option<String>,
        /// The object.
        oid: Oid,
        /// What is wrong with it.
        fault: Fault,
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
    /// A file of the cache that is not what this program writes; it is computed again.
    DamagedCache {
        /// The file.
        file: String,
    },
    /// A temporary file that a killed process left.
    Leftover {
        /// The file.
        file: String,
    },
}

/// Why an object cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It is not there.
    Missing,
    /// Its file has no content, as a power cut leaves it.
    Empty,
    /// Something else, in words.
    Unreadable(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Missing => f.write_str("is missing"),
            Fault::Empty => f.write_str("is an empty file"),
            Fault::Unreadable(why) => write!(f, "cannot be read: {}", text::foreign(why)),
        }
    }
}

impl Damage {
    /// The stable word in JSON.
    pub fn code(&self) -> &'static str {
        match self {
            Damage::StateLost { .. } => "state-lost",
            Damage::StateMoved { .. } => "state-moved",
            Damage::NoState { .. } => "no-state",
            Damage::Object { fault, .. } => match fault {
                Fault::Missing => "missing-object",
                Fault::Empty => "empty-object",
                Fault::Unreadable(_) => "unreadable-object",
            },
            Damage::ChainBroken { .. } => "chain-broken",
            Damage::NewerFormat { .. } => "newer-format",
            Damage::Record { .. } => "record",
            Damage::Shrunk { .. } => "records-removed",
            Damage::Dangling { .. } => "missing-object",
            Damage::RefLock { .. } => "stale-ref-lock",
            Damage::DeadRequest { .. } => "dead-request",
            Damage::LateInbox { .. } => "late-inbox",
            Damage::DamagedCache { .. } => "cache-damaged",
            Damage::Leftover { .. } => "leftover",
        }
    }

    /// True if a repair may be tried: what is wrong is provably ours, or an older state is known.
    pub fn is_fixable(&self) -> bool {
        match self {
            Damage::StateLost { .. }
            | Damage::StateMoved { .. }
            | Damage::NoState { .. }
            | Damage::Object { path: None, .. }
            | Damage::RefLock { .. }
            | Damage::DeadRequest { .. }
            | Damage::DamagedCache { .. }
            | Damage::Leftover { .. } => true,
            Damage::Object { path: Some(_), .. }
            | Damage::ChainBroken { .. }
            | Damage::NewerFormat { .. }
            | Damage::Record { .. }
            | Damage::Shrunk { .. }
            | Damage::Dangling { .. }
            | Damage::LateInbox { .. } => false,
        }
    }

    /// True if the repair puts the ref of the state back to a commit that the journal knows.
    pub fn is_of_the_ref(&self) -> bool {
        match self {
            Damage::StateLost { .. } | Damage::StateMoved { .. } | Damage::NoState { .. } => true,
            Damage::Object { path, .. } => path.is_none(),
            _ => false,
        }
    }

    /// True if what can be read of the state may lack something: no conclusion from it holds.
    pub fn is_blinding(&self) -> bool {
        self.is_of_the_ref()
            || matches!(
                self,
                Damage::Object { .. } | Damage::ChainBroken { .. } | Damage::NewerFormat { .. }
            )
    }

    /// True if nothing was lost and nothing is at risk: only files lie around.
    pub fn is_litter(&self) -> bool {
        matches!(
            self,
            Damage::DeadRequest { .. }
                | Damage::LateInbox { .. }
                | Damage::DamagedCache { .. }
                | Damage::Leftover { .. }
        )
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let it = "the ref of the state";
        match self {
            Damage::StateLost { newest } => {
                write!(f, "{it} is gone, its last commit was {newest}")
            }
            Damage::StateMoved { tip, newest } => {
                write!(f, "{it} was moved to {tip}, which does not follow {newest}")
            }
            Damage::NoState { tip, why } => {
                write!(f, "{it} is at {tip}, which is no state: {why}")
            }
            Damage::Object { path, oid, fault } => {
                let place = path
                    .as_ref()
                    .map(|path| format!("`{}`", text::foreign(path)));
                let place = place.as_deref().unwrap_or("the tip");
                write!(f, "object {oid}, {place} of the state, {fault}")
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
                let path = text::foreign(path);
                write!(f, "`{path}` names {oid}, which is not there")
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
            Damage::DamagedCache { file } => {
                let file = text::foreign(file);
                write!(f, "`{file}` is not what this program writes into its cache")
            }
            Damage::RefLock { file } | Damage::Leftover { file } => {
                write!(f, "a killed process left `{}`", text::foreign(file))
            }
        }
    }
}
