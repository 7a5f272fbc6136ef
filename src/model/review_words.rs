//! The closed words of reviews: what was found, how bad it is, what is to be done.
//!
//! Each has `ALL`, `as_str` and `parse`; where an order has a meaning, the worst comes last.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was reviewed, and how.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ReviewType {
    /// The plan, before anything is built.
    Plan,
    /// What was built.
    Implementation,
    /// What was built, by a reviewer who is to break it.
    Adversarial,
}

impl ReviewType {
    /// Every word, in order.
    pub const ALL: [ReviewType; 3] = [
        ReviewType::Plan,
        ReviewType::Implementation,
        ReviewType::Adversarial,
    ];

    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            ReviewType::Plan => "plan",
            ReviewType::Implementation => "implementation",
            ReviewType::Adversarial => "adversarial",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// What kind of flaw a finding is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FindingType {
    /// Something that is asked for is missing.
    SpecGap,
    /// A contract is not kept.
    ContractMismatch,
    /// The parts are cut or joined wrongly.
    Architecture,
    /// Somebody can do what they must not.
    Security,
    /// It takes too long or too much.
    Performance,
    /// It reads badly or breaks a convention.
    Style,
    /// It does the wrong thing.
    Correctness,
    /// Nobody can see what it does.
    Observability,
    /// It breaks somebody else.
    Compatibility,
    /// It does not get over a fault.
    Resilience,
    /// It was seen doing the wrong thing.
    BehavioralFailure,
    /// Something else; the document's own word stands in `written_type`.
    Other,
}

impl FindingType {
    /// Every word, in order.
    pub const ALL: [FindingType; 12] = [
        FindingType::SpecGap,
        FindingType::ContractMismatch,
        FindingType::Architecture,
        FindingType::Security,
        FindingType::Performance,
        FindingType::Style,
        FindingType::Correctness,
        FindingType::Observability,
        FindingType::Compatibility,
        FindingType::Resilience,
        FindingType::BehavioralFailure,
        FindingType::Other,
    ];

    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            FindingType::SpecGap => "spec_gap",
            FindingType::ContractMismatch => "contract_mismatch",
            FindingType::Architecture => "architecture",
            FindingType::Security => "security",
            FindingType::Performance => "performance",
            FindingType::Style => "style",
            FindingType::Correctness => "correctness",
            FindingType::Observability => "observability",
            FindingType::Compatibility => "compatibility",
            FindingType::Resilience => "resilience",
            FindingType::BehavioralFailure => "behavioral_failure",
            FindingType::Other => "other",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// How bad a finding is; the worst last.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Criticality {
    /// Worth a note.
    Low,
    /// Worth a change.
    Medium,
    /// Wrong for users.
    High,
    /// Must not be shipped.
    Critical,
}

impl Criticality {
    /// Every word, in order.
    pub const ALL: [Criticality; 4] = [
        Criticality::Low,
        Criticality::Medium,
        Criticality::High,
        Criticality::Critical,
    ];

    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Criticality::Low => "low",
            Criticality::Medium => "medium",
            Criticality::High => "high",
            Criticality::Critical => "critical",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// What a reviewer wants to be done; the gravest last.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Disposition {
    /// Nothing.
    Accept,
    /// Change it within the package.
    Fix,
    /// Do the package again.
    Regenerate,
    /// Ask a person.
    Escalate,
}

impl Disposition {
    /// Every word, in order.
    pub const ALL: [Disposition; 4] = [
        Disposition::Accept,
        Disposition::Fix,
        Disposition::Regenerate,
        Disposition::Escalate,
    ];

    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Disposition::Accept => "accept",
            Disposition::Fix => "fix",
            Disposition::Regenerate => "regenerate",
            Disposition::Escalate => "escalate",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// Which quality suffers.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Axis {
    /// Does what it shall.
    Correctness,
    /// Can be read.
    Readability,
    /// Is cut well.
    Architecture,
    /// Cannot be abused.
    Security,
    /// Is fast and small enough.
    Performance,
    /// Can be watched.
    Observability,
    /// Gets over faults.
    Resilience,
    /// Works with others.
    Compatibility,
}

impl Axis {
    /// Every word, in order.
    pub const ALL: [Axis; 8] = [
        Axis::Correctness,
        Axis::Readability,
        Axis::Architecture,
        Axis::Security,
        Axis::Performance,
        Axis::Observability,
        Axis::Resilience,
        Axis::Compatibility,
    ];

    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Axis::Correctness => "correctness",
            Axis::Readability => "readability",
            Axis::Architecture => "architecture",
            Axis::Security => "security",
            Axis::Performance => "performance",
            Axis::Observability => "observability",
            Axis::Resilience => "resilience",
            Axis::Compatibility => "compatibility",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// How a reviewer would mark a finding in a conversation; the worst last.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ReviewSeverity {
    /// Praise, or nothing to do.
    None,
    /// To be known.
    Fyi,
    /// As the author likes.
    Optional,
    /// Small, but to be done.
    Nit,
    /// Must be done.
    Critical,
}

impl ReviewSeverity {
    /// Every word, in order.
    pub const ALL: [ReviewSeverity; 5] = [
        ReviewSeverity::None,
        ReviewSeverity::Fyi,
        ReviewSeverity::Optional,
        ReviewSeverity::Nit,
        ReviewSeverity::Critical,
    ];

    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            ReviewSeverity::None => "none",
            ReviewSeverity::Fyi => "fyi",
            ReviewSeverity::Optional => "optional",
            ReviewSeverity::Nit => "nit",
            ReviewSeverity::Critical => "critical",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// What became of a finding of an earlier round.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum EarlierState {
    /// It is gone.
    Fixed,
    /// It never was one.
    Withdrawn,
    /// It is still there.
    Open,
}

impl EarlierState {
    /// Every word, in order.
    pub const ALL: [EarlierState; 3] = [
        EarlierState::Fixed,
        EarlierState::Withdrawn,
        EarlierState::Open,
    ];

    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            EarlierState::Fixed => "fixed",
            EarlierState::Withdrawn => "withdrawn",
            EarlierState::Open => "open",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// What a person rules on a finding.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// It is put right in the commit the ruling names.
    Fixed,
    /// It is none.
    FalsePositive,
    /// It is one, and is lived with.
    AcceptedRisk,
    /// It is one, and is put right later.
    Deferred,
}

impl Ruling {
    /// Every word, in order.
    pub const ALL: [Ruling; 4] = [
        Ruling::Fixed,
        Ruling::FalsePositive,
        Ruling::AcceptedRisk,
        Ruling::Deferred,
    ];

    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Ruling::Fixed => "fixed",
            Ruling::FalsePositive => "false_positive",
            Ruling::AcceptedRisk => "accepted_risk",
            Ruling::Deferred => "deferred",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::json;

    #[test]
    fn every_word_is_the_one_in_json_and_is_read_back() {
        macro_rules! check {
            ($($name:ident),*) => {$(
                for one in $name::ALL {
                    assert_eq!(json::value(&one).unwrap(), one.as_str());
                    assert_eq!($name::parse(one.as_str()), Some(one));
                }
                assert_eq!($name::parse("nonsense"), None);
            )*};
        }
        check!(ReviewType, FindingType, Criticality, Disposition);
        check!(Axis, ReviewSeverity, EarlierState, Ruling);
    }
}
