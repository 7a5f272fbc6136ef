//! What reviewers hand in: findings, and who looked at what.
//!
//! A [`Findings`] document is one reviewer's answer, in the form users of the original know plus
//! the commit it is about. [`Reviewed`] is what the runner knows of one review: the answer, or why
//! there is none. Types here say what was written; what follows from it is `review`. Text of
//! findings is foreign: it is data, and printed only through `base::text::foreign`.

use std::fmt;

use schemars::JsonSchema;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};

use crate::base::json::Value;
use crate::base::{ContentHash, Oid, PackageId, Timestamp};
use crate::model::review_words::{
    Axis, Criticality, Disposition, EarlierState, FindingType, ReviewSeverity, ReviewType, Ruling,
};

/// The version that is written. Documents of the original have no version, or 1.
pub const FINDINGS_VERSION: u32 = 2;

/// One reviewer's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "review-findings.json")]
pub struct Findings {
    /// The number 2.
    #[schemars(extend("const" = 2))]
    pub schema_version: u32,
    /// What was reviewed, and how.
    pub review_type: ReviewType,
    /// The change or package that was reviewed.
    #[schemars(length(min = 1, max = 512))]
    pub target: String,
    /// Who reviewed: the name of an agent's profile, or of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub reviewer: Option<String>,
    /// Who makes the reviewer, for instance `claude` or `codex`; any word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub reviewer_vendor: Option<String>,
    /// The commit that was reviewed, 7 to 64 hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[0-9a-f]{7,64}$"))]
    pub commit: Option<String>,
    /// What the commit was compared with, 7 to 64 hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[0-9a-f]{7,64}$"))]
    pub base: Option<String>,
    /// The whole in a few sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16384))]
    pub summary: Option<String>,
    /// What became of findings of earlier rounds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<EarlierFinding>,
    /// What was found; `[]` if there is nothing.
    #[schemars(length(max = 500))]
    pub findings: Vec<ReviewFinding>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewFinding {
    /// Unique among those of the document; a number is taken as its digits.
    #[serde(deserialize_with = "text_or_number")]
    #[schemars(length(min = 1, max = 256), extend("type" = ["string", "integer"]))]
    pub id: String,
    /// What kind of flaw it is.
    #[serde(rename = "type")]
    pub kind: FindingType,
    /// The kind in the reviewer's own word, where `type` is `other`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub written_type: Option<String>,
    /// How bad it is.
    pub criticality: Criticality,
    /// What the reviewer wants to be done.
    pub disposition: Disposition,
    /// Which quality suffers.
    pub axis: Axis,
    /// How the reviewer would mark it in a conversation.
    pub severity: ReviewSeverity,
    /// What is wrong.
    #[schemars(length(min = 1, max = 16384))]
    pub description: String,
    /// What would put it right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16384))]
    pub resolution: Option<String>,
    /// The package it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub package_id: Option<String>,
    /// The file it is in, from the root of the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub file_path: Option<String>,
    /// The lines it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_range: Option<LineRange>,
}

/// Lines of a file, both ends included.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct LineRange {
    /// The first, from 1.
    #[schemars(range(min = 1))]
    pub start: u32,
    /// The last.
    #[schemars(range(min = 1))]
    pub end: u32,
}

/// What a re-review says of a finding of an earlier round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EarlierFinding {
    /// The key under which the reviewer was given the finding.
    pub key: FindingKey,
    /// What became of it.
    pub state: EarlierState,
    /// What shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub note: Option<String>,
}

/// The name of a finding that survives rounds: `f-` and 16 hex digits over place, kind and text.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
pub struct FindingKey(#[schemars(regex(pattern = r"^f-[0-9a-f]{16}$"))] String);

impl FindingKey {
    /// The key of what `text` says in full.
    pub fn of(text: &str) -> FindingKey {
        FindingKey(format!("f-{}", ContentHash::of(text.as_bytes()).short(16)))
    }

    /// Checks and takes `text`.
    pub fn parse(text: &str) -> Option<FindingKey> {
        let digits = text.strip_prefix("f-")?;
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        (digits.len() == 16 && digits.bytes().all(hex)).then(|| FindingKey(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FindingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for FindingKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        FindingKey::parse(&text).ok_or_else(|| format!("`{text}` is not a finding's key"))
    }
}

impl From<FindingKey> for String {
    fn from(key: FindingKey) -> String {
        key.0
    }
}

/// One review as the runner knows it: who looked at which commit, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewed {
    /// The profile of the reviewer, or the name of a person.
    pub reviewer: String,
    /// Who makes the reviewer.
    pub vendor: String,
    /// Who makes the agent whose work it is, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author_vendor: Option<String>,
    /// What was asked for.
    pub review_type: ReviewType,
    /// The package; none for the whole feature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<PackageId>,
    /// The commit that was laid before the reviewer; the runner's word, not the reviewer's.
    pub commit: Oid,
    /// What it was compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Oid>,
    /// From 1: grows with each re-review.
    pub round: u32,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// What came of it.
    pub outcome: ReviewOutcome,
}

/// What came of one review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewOutcome {
    /// An answer in the right form.
    Findings(Box<Findings>),
    /// No answer that counts.
    Failed {
        /// Why, as a word.
        reason: ReviewFailure,
        /// Why, for people.
        detail: String,
    },
}

impl Reviewed {
    /// The answer, if there is one.
    pub fn findings(&self) -> Option<&Findings> {
        match &self.outcome {
            ReviewOutcome::Findings(findings) => Some(findings),
            ReviewOutcome::Failed { .. } => None,
        }
    }
}

/// Why a review does not count. None of these is a vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewFailure {
    /// The answer does not have its form.
    Malformed,
    /// There is no answer.
    Missing,
    /// The service behind the reviewer would not serve it.
    Unserved,
    /// Past its limit of time, or silent for too long.
    TimedOut,
    /// It changed the tree that it was to look at.
    WroteToTree,
    /// The answer is about another commit.
    OtherCommit,
}

impl ReviewFailure {
    /// Every reason.
    pub const ALL: [ReviewFailure; 6] = [
        ReviewFailure::Malformed,
        ReviewFailure::Missing,
        ReviewFailure::Unserved,
        ReviewFailure::TimedOut,
        ReviewFailure::WroteToTree,
        ReviewFailure::OtherCommit,
    ];

    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            ReviewFailure::Malformed => "malformed",
            ReviewFailure::Missing => "missing",
            ReviewFailure::Unserved => "unserved",
            ReviewFailure::TimedOut => "timed-out",
            ReviewFailure::WroteToTree => "wrote-to-tree",
            ReviewFailure::OtherCommit => "other-commit",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<ReviewFailure> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// A person's ruling on one finding; it never changes the finding itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjudication {
    /// The finding.
    pub key: FindingKey,
    /// What it comes to.
    pub ruling: Ruling,
    /// What shows it. An empty one makes the ruling void.
    pub evidence: String,
    /// Who ruled.
    pub by: String,
    /// The commit it was given for; none for every commit. `fixed` needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Oid>,
}

/// Text, or a whole number as its digits.
fn text_or_number<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    struct Id;

    impl Visitor<'_> for Id {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string or a whole number")
        }

        fn visit_str<E>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }

        fn visit_u64<E>(self, number: u64) -> Result<String, E> {
            Ok(number.to_string())
        }

        fn visit_i64<E>(self, number: i64) -> Result<String, E> {
            Ok(number.to_string())
        }
    }

    from.deserialize_any(Id)
}

impl Findings {
    /// The document as JSON, as it is written to files.
    ///
    /// # Errors
    /// Never in practice; a bug if it does.
    pub fn to_value(&self) -> crate::base::Result<Value> {
        crate::base::json::value(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::json::{self, json};

    fn document() -> Value {
        json!({
            "schema_version": 2, "review_type": "implementation", "target": "x",
            "findings": [{
                "id": 7, "type": "security", "criticality": "critical", "disposition": "fix",
                "axis": "security", "severity": "critical", "description": "SQL by hand",
                "file_path": "src/a.py", "line_range": {"start": 3, "end": 4},
            }],
        })
    }

    #[test]
    fn an_id_may_be_a_number_and_is_kept_as_text() {
        let text = json::line(&document()).unwrap();
        let findings: Findings = json::parse_as(text.as_bytes()).unwrap();
        assert_eq!(findings.findings[0].id, "7");
        assert_eq!(findings.to_value().unwrap()["findings"][0]["id"], "7");
    }

    #[test]
    fn a_review_is_a_record_that_reads_back() {
        let findings = json::parse_as(json::line(&document()).unwrap().as_bytes()).unwrap();
        for outcome in [
            ReviewOutcome::Findings(findings),
            ReviewOutcome::Failed {
                reason: ReviewFailure::WroteToTree,
                detail: "changed src/a.py".to_owned(),
            },
        ] {
            let reviewed = Reviewed {
                reviewer: "codex".to_owned(),
                vendor: "openai".to_owned(),
                author_vendor: Some("anthropic".to_owned()),
                review_type: ReviewType::Implementation,
                package: PackageId::parse("wp-a"),
                commit: Oid::parse(&"a".repeat(40)).unwrap(),
                base: None,
                round: 1,
                at: None,
                outcome,
            };
            let bytes = json::to_canonical(&reviewed).unwrap();
            assert_eq!(json::from_canonical::<Reviewed>(&bytes).unwrap(), reviewed);
        }
    }

    #[test]
    fn keys_have_one_form() {
        let key = FindingKey::of("a");
        assert_eq!(FindingKey::parse(key.as_str()), Some(key));
        for bad in ["f-", "f-0123", "0123456789abcdef", "f-0123456789ABCDEF"] {
            assert_eq!(FindingKey::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_failure_is_read_from_its_word() {
        for one in ReviewFailure::ALL {
            assert_eq!(ReviewFailure::parse(one.as_str()), Some(one));
        }
    }
}
