//! The manifest of a round: who was asked, who answered, and where the answers lie.

use serde::Serialize;

use crate::model::ReviewType;
use crate::review::read::at::At;
use crate::review::read::spelling;

/// A round of reviews as the original tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// The change, where it is named.
    pub change: Option<String>,
    /// What was reviewed.
    pub review_type: Option<ReviewType>,
    /// The target in the document's own word.
    pub target: Option<String>,
    /// When, as it was written.
    pub created_at: Option<String>,
    /// Answers that were asked for.
    pub requested: Option<u32>,
    /// Answers that came.
    pub received: Option<u32>,
    /// Everybody who was asked.
    pub dispatches: Vec<Dispatch>,
    /// The answers.
    pub answers: Vec<AnswerFile>,
}

/// One reviewer who was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dispatch {
    /// Who makes it.
    pub vendor: String,
    /// True if it answered.
    pub answered: bool,
    /// Why not.
    pub error: Option<String>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnswerFile {
    /// Who gave it.
    pub vendor: String,
    /// Its file, beside the manifest.
    pub path: Option<String>,
    /// How many findings it holds.
    pub findings: Option<u32>,
}

/// Reads a manifest. None if something was wrong, which was said.
pub(super) fn manifest(top: &At<'_>) -> Option<Manifest> {
    let text = |name: &str| top.field(name).and_then(|at| at.text()).map(str::to_owned);
    let number = |names: &[&str]| top.any(names).and_then(|at| at.number());
    let review_type = match top.field("review_type") {
        None => None,
        Some(at) => {
            let read = at
                .text()
                .and_then(|word| spelling::review_type(&spelling::plain(word)));
            if read.is_none() {
                at.unknown("plan, implementation, adversarial");
            }
            read
        }
    };
    let dispatches = members(top, &["dispatches", "results"], dispatch);
    let answers = members(
        top,
        &["vendors", "reviewers", "findings_files"],
        answer_file,
    );
    Some(Manifest {
        change: text("change_id"),
        review_type,
        target: text("target"),
        created_at: text("created_at").or_else(|| text("timestamp")),
        requested: number(&["quorum_requested", "requested"]),
        received: number(&["quorum_received", "received"]),
        dispatches: dispatches?,
        answers: answers?,
    })
}

/// The items of a list, or the fields of an object by their names.
fn members<T>(
    top: &At<'_>,
    names: &[&str],
    read: impl Fn(&At<'_>, Option<&str>) -> Option<T>,
) -> Option<Vec<T>> {
    let Some(at) = top.any(names) else {
        return Some(Vec::new());
    };
    if let Some(fields) = at.object() {
        let named = |name: &String| at.field(name).and_then(|one| read(&one, Some(name)));
        return fields.keys().map(named).collect();
    }
    if at.value.as_array().is_none() {
        at.problem(format!("{} is no list", at.spoken()), "write a list");
        return None;
    }
    at.items().iter().map(|one| read(one, None)).collect()
}

fn vendor(at: &At<'_>, name: Option<&str>) -> Option<String> {
    let own = at.any(&["vendor", "name", "requested_vendor", "reviewer", "agent_id"]);
    let own = own.as_ref().and_then(At::text).or_else(|| at.text());
    let found = name.or(own).map(str::to_owned);
    if found.is_none() {
        at.missing("vendor", "say who was asked");
    }
    found
}

fn dispatch(at: &At<'_>, name: Option<&str>) -> Option<Dispatch> {
    let flag = |name: &str| at.field(name).and_then(|one| one.value.as_bool());
    let outcome = at
        .any(&["terminal_outcome", "status", "outcome"])
        .and_then(|one| one.text());
    let said = outcome.map(|word| matches!(word, "success" | "succeeded" | "completed" | "ok"));
    let answered = flag("quorum_eligible").or_else(|| flag("success")).or(said);
    if answered.is_none() {
        at.missing("success", "say whether it answered");
    }
    let error = at.any(&["error", "error_class"]).and_then(|one| one.text());
    Some(Dispatch {
        vendor: vendor(at, name)?,
        answered: answered?,
        error: error
            .or(outcome.filter(|_| answered == Some(false)))
            .map(str::to_owned),
    })
}

fn answer_file(at: &At<'_>, name: Option<&str>) -> Option<AnswerFile> {
    let path = at
        .any(&["findings_path", "path", "file"])
        .and_then(|one| one.text());
    let path = path.or(name.and_then(|_| at.text()));
    Some(AnswerFile {
        vendor: vendor(at, name)?,
        path: path.map(str::to_owned),
        findings: at
            .any(&["finding_count", "findings_count", "count"])
            .and_then(|n| n.number()),
    })
}
