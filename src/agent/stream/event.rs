//! What a line of an agent's output means.

use crate::model::{TroubleKind, Usage};

/// One thing that an agent said or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// The id of its session.
    Session(String),
    /// A whole text of it.
    Text(String),
    /// A piece of a text; more may come.
    Piece(String),
    /// It uses a tool.
    Tool(Tool),
    /// It changed this file, or is about to.
    Touched(String),
    /// It used so much, beside what it used before.
    Used(Usage),
    /// It used so much in all.
    UsedInAll(Usage),
    /// Why it stopped, in its own word.
    Stopped(String),
    /// Something is wrong.
    Trouble(Wrong),
    /// A turn began, so what was final is not.
    Begun,
    /// Nothing follows.
    Final(Ending),
}

/// How an agent says that it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// All is well: what was wrong before is forgotten.
    Well,
    /// What was wrong before stays wrong.
    Plain,
}

/// A use of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tool {
    /// Its name, as the agent says it.
    pub(super) name: String,
    /// What it is used on, in a few words.
    pub(super) what: String,
    /// Tells uses apart that differ in anything.
    pub(super) key: u64,
}

/// What is wrong, before it is judged by its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    /// What it says.
    pub(super) text: String,
    /// The kind, where the agent names it.
    pub(super) kind: Option<TroubleKind>,
    /// The HTTP status, where the agent names it.
    pub(super) status: Option<u64>,
    /// When it is over, in seconds since the epoch, where the agent names it.
    pub(super) resets: Option<u64>,
    /// How sure it is.
    pub(super) weight: Weight,
}

/// How much a trouble counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// The agent gave up for it.
    Final,
    /// The agent may get over it: forgotten when it goes on.
    Passing,
    /// A line that may well be about something else: counts only if its text is known.
    Rumour,
}

impl Wrong {
    pub(super) fn new(text: impl Into<String>, weight: Weight) -> Self {
        Wrong {
            text: text.into(),
            kind: None,
            status: None,
            resets: None,
            weight,
        }
    }
}
