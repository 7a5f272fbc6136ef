//! What agents leave for each other: facts that decide nothing and stay data, whatever they say.

use serde::{Deserialize, Serialize};

use crate::base::{AttemptId, FeatureId, PackageId, TxnId};
use crate::model::Escalation;
use crate::state::record::entry::By;

/// What somebody leaves for whoever goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handoff {
    /// The feature it is about.
    pub feature: Option<FeatureId>,
    /// The package it is about.
    pub package: Option<PackageId>,
    /// The agent.
    pub agent: String,
    /// Its session.
    pub session: Option<String>,
    /// In a few sentences.
    pub summary: String,
    /// What is done.
    pub completed: Vec<String>,
    /// What is half done.
    pub in_progress: Vec<String>,
    /// What was decided, with the reason.
    pub decisions: Vec<String>,
    /// What comes next.
    pub next_steps: Vec<String>,
    /// Files that matter.
    pub files: Vec<String>,
    /// Who and when.
    pub by: By,
}

/// Something worth knowing the next time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// What sort of thing it is.
    pub kind: MemoryKind,
    /// In a sentence.
    pub summary: String,
    /// In full, as JSON text.
    pub details: Option<String>,
    /// How it went.
    pub outcome: Option<MemoryOutcome>,
    /// What follows from it.
    pub lessons: Vec<String>,
    /// What to find it by.
    pub tags: Vec<String>,
    /// The agent.
    pub agent: String,
    /// Its session.
    pub session: Option<String>,
    /// The feature it was learnt in.
    pub feature: Option<FeatureId>,
    /// Who and when.
    pub by: By,
}

/// What sort of thing is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemoryKind {
    /// Something went wrong.
    Error,
    /// Something worked.
    Success,
    /// Something was decided.
    Decision,
    /// Something was found out.
    Discovery,
    /// Something got better.
    Optimization,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemoryOutcome {
    /// Well.
    Positive,
    /// Badly.
    Negative,
    /// Neither.
    Neutral,
}

/// A memory that is no longer to be recalled; it stays where it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retraction {
    /// Which.
    pub memory: TxnId,
    /// Why.
    pub reason: String,
    /// Who and when.
    pub by: By,
}

/// A question that an agent cannot answer by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalated {
    /// The question; its package id is empty where it is about the whole feature.
    pub escalation: Escalation,
    /// The package it is about.
    pub package: Option<PackageId>,
    /// The attempt that asks; nothing where none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    /// The agent; `git wp` where the tool itself asks.
    pub agent: String,
    /// What may be answered where the tool itself asks; empty: what the table of procedures says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<Offer>,
    /// Who and when.
    pub by: By,
}

/// An answer that the tool offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The word to type.
    pub word: String,
    /// What it does, in words.
    pub does: String,
}

/// What a person answered to an escalation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// The id of the escalation.
    pub question: String,
    /// One of its choices.
    pub choice: String,
    /// Why; may be empty.
    pub reason: String,
    /// Who and when.
    pub by: By,
}

impl MemoryKind {
    /// Every kind, for lists and messages.
    pub const ALL: [MemoryKind; 5] = [
        MemoryKind::Error,
        MemoryKind::Success,
        MemoryKind::Decision,
        MemoryKind::Discovery,
        MemoryKind::Optimization,
    ];

    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            MemoryKind::Error => "error",
            MemoryKind::Success => "success",
            MemoryKind::Decision => "decision",
            MemoryKind::Discovery => "discovery",
            MemoryKind::Optimization => "optimization",
        }
    }
}

impl MemoryOutcome {
    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            MemoryOutcome::Positive => "positive",
            MemoryOutcome::Negative => "negative",
            MemoryOutcome::Neutral => "neutral",
        }
    }
}
