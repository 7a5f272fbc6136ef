//! Tells the documents apart by what they hold, and reads them.

use serde::Serialize;

use crate::base::json::{self, Value};
use crate::base::text::{cut, foreign};
use crate::model::{Code, Finding, Findings};
use crate::plan::Span;
use crate::plan::review_findings::{places, says};
use crate::review::read::at::{At, Reading};
use crate::review::read::consensus_file::{ConsensusFile, consensus_file};
use crate::review::read::finding::Trust;
use crate::review::read::findings::findings;
use crate::review::read::loop_state::{LoopState, loop_state};
use crate::review::read::manifest::{Manifest, manifest};

/// Fields that only a report of consensus has.
const CONSENSUS: [&str; 4] = [
    "consensus_findings",
    "quorum_met",
    "confirmed",
    "unconfirmed",
];
/// Fields that only a manifest has.
const MANIFEST: [&str; 3] = ["dispatches", "quorum_requested", "quorum_received"];
/// Fields that the state of a loop has whatever else it carries.
const LOOP_SURE: [&str; 2] = ["current_phase", "findings_trend"];
/// Fields that the state of a loop has and no document that lists findings.
const LOOP: [&str; 4] = ["converged", "convergence_status", "trend", "phase"];

/// One document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Document {
    /// What one reviewer found.
    Findings(Findings),
    /// What several found together.
    Consensus(ConsensusFile),
    /// Who was asked.
    Manifest(Manifest),
    /// Where a loop stands.
    Loop(LoopState),
}

/// A document that was read, and what had to be guessed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Old {
    /// The document, in our form.
    pub document: Document,
    /// What was guessed: line, column, what.
    pub notes: Vec<String>,
}

/// Reads a document of the original, or ours; `source` is its path or another name.
///
/// # Errors
/// Every reason why it cannot be read, with its place: a field that is missing, a value that is
/// not known, or that it is none of the documents.
pub fn document(bytes: &[u8], source: &str) -> Result<Old, Vec<Finding>> {
    let refused = |message: String, hint: &str| {
        vec![says(
            source,
            Code::Schema,
            Span::TOP,
            message,
            hint.to_owned(),
        )]
    };
    let spans = places(bytes, source).map_err(|hostile| vec![*hostile])?;
    let bare = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let value =
        json::parse(bare).map_err(|e| refused(e.message().to_owned(), "give a JSON document"))?;
    let reading = Reading::new(source, &spans);
    let read = one(&At::top(&value, &reading));
    let notes = reading.end()?;
    let document = read.ok_or_else(|| {
        refused(
            "the file cannot be read".to_owned(),
            "give a review document",
        )
    })?;
    Ok(Old { document, notes })
}

fn one(top: &At<'_>) -> Option<Document> {
    if top.value.is_array() {
        return findings(top, top, Trust::Past).map(Document::Findings);
    }
    let has = |names: &[&str]| names.iter().any(|name| top.value.get(name).is_some());
    let name = top
        .reading()
        .source()
        .rsplit('/')
        .next()
        .unwrap_or_default();
    let list = top.any(&["findings", "issues", "review_findings"]);
    if has(&MANIFEST) && !has(&CONSENSUS) {
        manifest(top).map(Document::Manifest)
    } else if has(&CONSENSUS) || name.contains("consensus") {
        consensus_file(top).map(Document::Consensus)
    } else if has(&LOOP_SURE) || (has(&LOOP) && list.is_none()) {
        loop_state(top).map(Document::Loop)
    } else if let Some(list) = list {
        // A runner's wrapper keeps the reviewer's own document inside.
        match list.any(&["findings"]).filter(|_| list.object().is_some()) {
            Some(inner) => findings(&list, &inner, Trust::Past),
            None => findings(top, &list, Trust::Past),
        }
        .map(Document::Findings)
    } else if has(&["vendors", "reviewers"]) && name.contains("manifest") {
        manifest(top).map(Document::Manifest)
    } else {
        none(top);
        None
    }
}

/// Refuses what is none of the documents, by the reason it gives itself or by its fields.
fn none(top: &At<'_>) {
    const HINT: &str = "give findings, a consensus report, a manifest or the state of a loop";
    if top.value.get("success") == Some(&Value::Bool(false)) {
        let why = top.any(&["error", "error_class"]).and_then(|at| at.text());
        let why = foreign(&cut(why.unwrap_or("no reason is given"), 200)).to_string();
        top.problem(
            format!("the reviewer gave no answer: {why}"),
            "run the review again",
        );
        return;
    }
    let Some(fields) = top.object() else {
        top.problem("the file holds no object".to_owned(), HINT);
        return;
    };
    let names: Vec<String> = fields.keys().take(8).map(|name| cut(name, 40)).collect();
    let names = foreign(&names.join("`, `")).to_string();
    top.problem(
        format!("the file is none of the review documents; it has `{names}`"),
        HINT,
    );
}
