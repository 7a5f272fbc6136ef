//! What the loop tells whoever listens: one event per recorded fact.
//!
//! Progress lines, `--events` and tests read the same stream. Fields are added, never renamed;
//! a change of meaning raises [`EVENT_VERSION`].

use serde::Serialize;

use crate::base::json::Value;
use crate::base::{AttemptId, FeatureId, Oid, PackageId, Timestamp};
use crate::schedule::Holding;

/// The version in every event.
pub const EVENT_VERSION: u32 = 1;

/// Something that is now on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// See [`EVENT_VERSION`].
    pub v: u32,
    /// Wall time.
    pub at: Timestamp,
    /// The feature.
    pub feature: FeatureId,
    /// What happened.
    pub event: EventKind,
    /// The package, if it concerns one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<PackageId>,
    /// The attempt, if it concerns one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    /// The commit, if it concerns one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<Oid>,
    /// A stable word: the outcome, the reason of an end, the result of the run, `passed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
    /// One line for people; may be empty.
    pub text: String,
    /// What a display of Purple is told, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purple_status: Option<Value>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// A run began.
    RunStarted,
    /// A run that was interrupted goes on.
    RunResumed,
    /// What others left goes into the prompts of this run.
    Recalled,
    /// An attempt holds its package and its agent starts.
    AttemptStarted,
    /// This process looks after an attempt that nobody looked after.
    AttemptAdopted,
    /// The agent ended.
    AttemptFinished,
    /// The gate has an answer.
    Gate,
    /// The steps were run.
    Verified,
    /// A reviewer answered, or did not.
    Reviewed,
    /// A landing was announced.
    Landing,
    /// A package is merged.
    Landed,
    /// A landing was given up.
    LandVoid,
    /// An attempt no longer holds its package.
    AttemptEnded,
    /// A package does not start, for a new reason.
    Waiting,
    /// Leftovers were saved.
    Salvaged,
    /// The feature branch moved, or was left alone.
    Branch,
    /// QA agents looked at the finished feature.
    QaRound,
    /// A person is asked something.
    Asked,
    /// The whole was verified.
    FinalCheck,
    /// Something could not be done and the run goes on without it.
    Warning,
    /// Two live packages would conflict as they stand.
    Rehearsal,
    /// The authority came out of reach, or back.
    Link,
    /// A signal stops the run.
    Stopping,
    /// A run ended.
    RunEnded,
    /// This clone asked for the right to merge the feature.
    Integrating,
    /// A worker serves a run.
    WorkStarted,
    /// A worker leaves a run, or a process that may not end it.
    WorkEnded,
    /// A display of Purple is told something; no fact of its own.
    PurpleStatus,
}

impl EventKind {
    /// An event of this kind.
    pub fn of(self, feature: &FeatureId, at: Timestamp) -> Event {
        Event {
            v: EVENT_VERSION,
            at,
            feature: feature.clone(),
            event: self,
            package: None,
            attempt: None,
            commit: None,
            word: None,
            text: String::new(),
            purple_status: None,
        }
    }
}

impl Event {
    /// Names the attempt.
    #[must_use]
    pub fn holding(mut self, holding: &Holding) -> Self {
        self.package = Some(holding.package.clone());
        self.attempt = Some(holding.attempt.clone());
        self
    }

    /// Names the package.
    #[must_use]
    pub fn package(mut self, package: &PackageId) -> Self {
        self.package = Some(package.clone());
        self
    }

    /// Names a commit.
    #[must_use]
    pub fn commit(mut self, commit: &Oid) -> Self {
        self.commit = Some(commit.clone());
        self
    }

    /// Adds the stable word.
    #[must_use]
    pub fn word(mut self, word: &str) -> Self {
        self.word = Some(word.to_owned());
        self
    }

    /// Adds what a display of Purple is told.
    #[must_use]
    pub fn purple_status(mut self, payload: Value) -> Self {
        self.purple_status = Some(payload);
        self
    }

    /// Adds the line for people.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }
}
