//! One finding of a document, in ours and in every older form.

use crate::base::json::Value;
use crate::base::text::cut;
use crate::model::{Criticality, Disposition, FindingType, ReviewFinding};
use crate::review::read::at::At;
use crate::review::read::place::place;
use crate::review::read::spelling;

/// Longer texts are cut.
const TEXT_MAX: usize = 16_384;
/// Longer names are cut.
const NAME_MAX: usize = 256;

/// How much may be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// A document that tells of the past: words of other scales are translated.
    Past,
    /// An answer of which a verdict is made: how bad and what to do must be said in our words.
    Vote,
}

/// Reads one finding; `number` counts from 1. None if something was wrong, which was then said.
pub(super) fn finding(item: &At<'_>, number: usize, trust: Trust) -> Option<ReviewFinding> {
    if item.object().is_none() {
        item.problem(
            format!("{} is no object", item.spoken()),
            "write one object per finding",
        );
        return None;
    }
    let (kind, written_type) = kind(item);
    let criticality = criticality(item, trust);
    let disposition = disposition(item, trust);
    let description = description(item);
    let (criticality, disposition, description) = (criticality?, disposition?, description?);
    let axis = item.field("axis").and_then(|at| {
        let axis = at
            .text()
            .and_then(|word| spelling::axis(&spelling::plain(word)));
        if axis.is_none() {
            at.note("is no axis; it was taken from the kind");
        }
        axis
    });
    let severity = item.field("severity").and_then(|at| {
        at.text()
            .and_then(|word| spelling::severity(&spelling::plain(word)))
    });
    let (file_path, line_range) = place(item);
    Some(ReviewFinding {
        id: id(item, number),
        kind,
        written_type,
        criticality,
        disposition,
        axis: axis.unwrap_or_else(|| spelling::axis_of(kind)),
        severity: severity.unwrap_or_else(|| spelling::severity_of(criticality, disposition)),
        description,
        resolution: resolution(item),
        package_id: name(item, &["package_id", "package", "work_package"]),
        file_path,
        line_range,
    })
}

fn id(item: &At<'_>, number: usize) -> String {
    let at = item.any(&["id", "finding_id"]);
    let own = at.as_ref().and_then(|at| match at.value {
        Value::Number(number) => Some(number.to_string()),
        _ => at.text().map(|text| cut(text, NAME_MAX - 1)),
    });
    own.unwrap_or_else(|| {
        item.note("has no id; its number was taken");
        number.to_string()
    })
}

/// The kind, and the document's own word where ours does not say the same.
fn kind(item: &At<'_>) -> (FindingType, Option<String>) {
    let Some(at) = item.any(&["type", "category", "kind"]) else {
        item.note("has no type; it was taken as `other`");
        return (FindingType::Other, None);
    };
    let Some(word) = at.text() else {
        at.note("is no text; it was taken as `other`");
        return (FindingType::Other, None);
    };
    let plain = spelling::plain(word);
    match spelling::kind(&plain) {
        Some(kind) if kind.as_str() == plain => (kind, None),
        Some(kind) => (kind, Some(cut(word, NAME_MAX - 1))),
        None if plain == "other" => {
            let written = name(item, &["written_type"]);
            (FindingType::Other, written)
        }
        None => (FindingType::Other, Some(cut(word, NAME_MAX - 1))),
    }
}

fn criticality(item: &At<'_>, trust: Trust) -> Option<Criticality> {
    const KNOWN: &str = "low, medium, high, critical";
    let names: &[&str] = match trust {
        Trust::Vote => &["criticality"],
        Trust::Past => &["criticality", "priority", "severity"],
    };
    let Some(at) = item.any(names) else {
        item.missing(
            "criticality",
            "say how bad it is: low, medium, high or critical",
        );
        return None;
    };
    let word = at.text().map(spelling::plain).unwrap_or_default();
    let own = Criticality::parse(&word);
    let read = match trust {
        Trust::Vote => own,
        Trust::Past => own.or_else(|| spelling::criticality(&word)),
    };
    if read.is_none() {
        at.unknown(KNOWN);
    } else if own.is_none() {
        at.note("is of another scale; it was translated");
    }
    read
}

fn disposition(item: &At<'_>, trust: Trust) -> Option<Disposition> {
    const KNOWN: &str = "fix, regenerate, accept, escalate";
    let names: &[&str] = match trust {
        Trust::Vote => &["disposition"],
        Trust::Past => &["disposition", "action", "recommended_disposition"],
    };
    let Some(at) = item.any(names) else {
        item.missing(
            "disposition",
            "say what is to be done: fix, regenerate, accept or escalate",
        );
        return None;
    };
    let word = at.text().map(spelling::plain).unwrap_or_default();
    let own = Disposition::parse(&word);
    let read = match trust {
        Trust::Vote => own,
        Trust::Past => own.or_else(|| spelling::disposition(&word)),
    };
    if read.is_none() {
        at.unknown(KNOWN);
    } else if own.is_none() {
        at.note("is another word; it was translated");
    }
    read
}

fn description(item: &At<'_>) -> Option<String> {
    const NAMES: &[&str] = &[
        "description",
        "message",
        "detail",
        "details",
        "finding",
        "issue",
        "summary",
        "title",
    ];
    let text = NAMES.iter().find_map(|name| item.field(name)?.text());
    if text.is_none() {
        item.missing("description", "say what is wrong");
    }
    text.map(long)
}

fn resolution(item: &At<'_>) -> Option<String> {
    const NAMES: &[&str] = &[
        "resolution",
        "suggestion",
        "recommendation",
        "suggested_fix",
        "proposed_fix",
        "remediation",
        "fix",
    ];
    NAMES
        .iter()
        .find_map(|name| item.field(name)?.text())
        .map(long)
}

fn name(item: &At<'_>, names: &[&str]) -> Option<String> {
    let text = item.any(names)?.text()?;
    Some(cut(text, NAME_MAX - 1))
}

fn long(text: &str) -> String {
    cut(text, TEXT_MAX - 1)
}
