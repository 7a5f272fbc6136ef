//! What a list of tasks says of its elements beyond what the runner needs: the words of formats
//! in which a plan is a document that people tick off.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::PackageId;

/// How an element of a plan file stands there, in one vocabulary for all formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemStatus {
    /// Not begun.
    Pending,
    /// Begun, as far as the file says.
    Running,
    /// Done, its review open.
    InReview,
    /// Done.
    Done,
    /// Begun and left.
    Partial,
    /// It cannot go on.
    Blocked,
    /// It was tried and failed.
    Failed,
    /// Left out on purpose, or put off.
    Skipped,
    /// Given up.
    Cancelled,
    /// The file says nothing, or a word that no rule knows. Never taken for not begun.
    Unknown,
}

impl ItemStatus {
    /// All of them.
    pub const ALL: [ItemStatus; 10] = [
        ItemStatus::Pending,
        ItemStatus::Running,
        ItemStatus::InReview,
        ItemStatus::Done,
        ItemStatus::Partial,
        ItemStatus::Blocked,
        ItemStatus::Failed,
        ItemStatus::Skipped,
        ItemStatus::Cancelled,
        ItemStatus::Unknown,
    ];

    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            ItemStatus::Pending => "pending",
            ItemStatus::Running => "running",
            ItemStatus::InReview => "in-review",
            ItemStatus::Done => "done",
            ItemStatus::Partial => "partial",
            ItemStatus::Blocked => "blocked",
            ItemStatus::Failed => "failed",
            ItemStatus::Skipped => "skipped",
            ItemStatus::Cancelled => "cancelled",
            ItemStatus::Unknown => "unknown",
        }
    }

    /// The status with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// True if nothing is left to do: what waits for it need not wait.
    pub fn is_settled(self) -> bool {
        matches!(
            self,
            ItemStatus::Done | ItemStatus::Skipped | ItemStatus::Cancelled
        )
    }
}

/// What an element of a plan file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemKind {
    /// Something to do.
    Work,
    /// A heading over others; nothing to do by itself.
    Container,
    /// A gate: a code or product review.
    Review,
    /// Work that a review may ask for.
    Rework,
    /// A mark between groups of work.
    Checkpoint,
}

/// What the file says of a package, for people and for writing back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// How it stands in the file.
    pub status: ItemStatus,
    /// The marker as written, for instance `NOT STARTED` or `x`; empty where there is none.
    pub source_status: String,
    /// What it is.
    pub kind: ItemKind,
    /// A review that asks for changes. It was not passed, even where its box is ticked.
    #[serde(default)]
    pub asks_for_changes: bool,
    /// It may be left out.
    pub optional: bool,
    /// `phase`, `wave`, `track`, `group`, and whatever else a format names, as written.
    pub labels: BTreeMap<String, String>,
    /// The files it names, verbatim, in order.
    pub files: Vec<String>,
    /// Patterns of its own papers, which it may write beside its files. Others may write the
    /// like, so they are nothing to hold.
    pub papers: Vec<String>,
    /// What its own dependency field names, before tables, barriers and defaults.
    pub depends_on: Vec<PackageId>,
}

impl Listing {
    /// True if there is something for an agent to do.
    pub fn is_to_do(&self) -> bool {
        matches!(self.kind, ItemKind::Work | ItemKind::Review) && !self.is_settled()
    }

    /// True if nothing is left to do: what waits for it need not wait.
    pub fn is_settled(&self) -> bool {
        self.status.is_settled() && !self.asks_for_changes
    }
}
