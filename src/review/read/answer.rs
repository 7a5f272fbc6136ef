//! The answer of a reviewer, of which a verdict is made: strict where the verdict depends on it.

use crate::base::Oid;
use crate::base::json;
use crate::model::{Code, FINDINGS_VERSION, Finding, Findings, ReviewFailure, ReviewType};
use crate::plan::Span;
use crate::plan::review_findings::{places, says};
use crate::review::read::at::{At, Reading};
use crate::review::read::finding::Trust;
use crate::review::read::findings::findings;

/// Larger answers are not read.
pub const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Why an answer is no vote: a word, and findings with places.
pub type Refused = (ReviewFailure, Vec<Finding>);

/// What a reviewer was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The commit that was laid before it.
    pub commit: &'a Oid,
    /// What kind of review.
    pub review_type: ReviewType,
    /// The change or package.
    pub target: &'a str,
    /// How findings name the answer, usually its file.
    pub source: &'a str,
}

/// Reads an answer. What the document leaves out is what was asked for.
///
/// # Errors
/// Why it is no vote, as a word and as findings with places: it has no form, holds a word of which
/// a verdict is made and that we do not know, or is about another commit.
pub fn answer(bytes: &[u8], asked: Asked<'_>) -> Result<Findings, Refused> {
    let mut read = form(bytes, asked.source)?;
    let other = |said: &&String| !asked.commit.as_str().starts_with(said.as_str());
    if let Some(said) = read.commit.as_ref().filter(other) {
        let message = format!(
            "the answer is about `{said}`, not `{}`",
            asked.commit.short()
        );
        let hint = "review the commit that was given";
        return Err(refused(
            asked.source,
            ReviewFailure::OtherCommit,
            message,
            hint,
        ));
    }
    read.commit = Some(asked.commit.to_string());
    read.review_type = asked.review_type;
    asked.target.clone_into(&mut read.target);
    Ok(read)
}

/// Reads the form of an answer.
fn form(bytes: &[u8], source: &str) -> Result<Findings, Refused> {
    let malformed =
        |message: String, hint: &str| refused(source, ReviewFailure::Malformed, message, hint);
    if bytes.trim_ascii().is_empty() {
        let message = "the answer is empty".to_owned();
        let hint = "write the result file before you end";
        return Err(refused(source, ReviewFailure::Missing, message, hint));
    }
    if bytes.len() > ANSWER_BYTES_MAX {
        let message = format!("the answer has more than {ANSWER_BYTES_MAX} bytes");
        return Err(malformed(message, "keep to the worst findings"));
    }
    let value = json::parse(bytes).map_err(|error| {
        malformed(
            error.message().to_owned(),
            "write one JSON object and nothing else",
        )
    })?;
    let malformed = |findings: Vec<Finding>| (ReviewFailure::Malformed, findings);
    let spans = places(bytes, source).map_err(|hostile| malformed(vec![*hostile]))?;
    let reading = Reading::new(source, &spans);
    let read = listed(&At::top(&value, &reading));
    reading.end().map_err(malformed)?;
    read.ok_or_else(|| malformed(Vec::new()))
}

fn listed(top: &At<'_>) -> Option<Findings> {
    version(top);
    let Some(list) = top.field("findings") else {
        top.missing(
            "findings",
            "write a list of findings, `[]` if there are none",
        );
        return None;
    };
    findings(top, &list, Trust::Vote)
}

fn refused(source: &str, reason: ReviewFailure, message: String, hint: &str) -> Refused {
    let hint = hint.to_owned();
    (
        reason,
        vec![says(source, Code::Schema, Span::TOP, message, hint)],
    )
}

/// A version above ours may mean something else by the same words.
fn version(top: &At<'_>) {
    if let Some(at) = top.field("schema_version")
        && at.number().is_none_or(|number| number > FINDINGS_VERSION)
    {
        at.unknown(&FINDINGS_VERSION.to_string());
    }
}
