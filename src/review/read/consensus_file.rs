//! A consensus report of the original. It is read to be shown; verdicts are made from findings.

use serde::Serialize;

use crate::base::json::Value;
use crate::base::text::cut;
use crate::model::{Criticality, Disposition, ReviewType};
use crate::review::read::at::At;
use crate::review::read::spelling;
use crate::review::standing::Standing;

/// Lists in which older reports keep what they found, by how it stands.
const BY_STANDING: [(&str, Standing); 6] = [
    ("confirmed", Standing::Confirmed),
    ("confirmed_findings", Standing::Confirmed),
    ("unconfirmed", Standing::Unconfirmed),
    ("unconfirmed_findings", Standing::Unconfirmed),
    ("disagreements", Standing::Disagreement),
    ("disagreement", Standing::Disagreement),
];

/// What several reviewers said together, by the original's reckoning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConsensusFile {
    /// What was reviewed.
    pub review_type: Option<ReviewType>,
    /// The change or package.
    pub target: Option<String>,
    /// Who reviewed.
    pub reviewers: Vec<Voter>,
    /// Whether the original called it enough.
    pub quorum_met: Option<bool>,
    /// What was found.
    pub findings: Vec<ConsensusItem>,
    /// What the original counted as blocking.
    pub blocking: Option<u32>,
}

/// A reviewer of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Voter {
    /// Who makes it.
    pub vendor: String,
    /// True if it answered; unknown in older reports.
    pub answered: Option<bool>,
}

/// One finding of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConsensusItem {
    /// How many said it, and whether they agreed.
    pub standing: Standing,
    /// Its kind, in the report's own word.
    pub kind: Option<String>,
    /// The highest that was said.
    pub criticality: Criticality,
    /// What the report recommends; the original rewrites it, so it decides nothing here.
    pub disposition: Option<Disposition>,
    /// What is wrong.
    pub description: Option<String>,
}

/// Reads a report. None if something was wrong, which was said.
pub(super) fn consensus_file(top: &At<'_>) -> Option<ConsensusFile> {
    let review_type = match top.field("review_type") {
        None => None,
        Some(at) => {
            let read = at
                .text()
                .and_then(|word| spelling::review_type(&spelling::plain(word)));
            if read.is_none() {
                at.unknown("plan, implementation");
            }
            read
        }
    };
    let target = top
        .any(&["target", "change_id", "feature_id"])
        .and_then(|at| at.text());
    let voters = top.any(&["reviewers", "vendors", "vendors_participated"]);
    let summary = top.any(&["summary", "stats", "counts"]);
    let blocking = |at: &At<'_>| at.any(&["blocking_count", "blocking"])?.number();
    Some(ConsensusFile {
        review_type,
        target: target.map(|text| cut(text, 511)),
        reviewers: voters.map_or_else(Vec::new, |at| reviewers(&at)),
        quorum_met: top.field("quorum_met").and_then(|at| at.value.as_bool()),
        findings: items(top)?,
        blocking: summary
            .as_ref()
            .and_then(blocking)
            .or_else(|| blocking(top)),
    })
}

fn reviewers(at: &At<'_>) -> Vec<Voter> {
    if let Some(fields) = at.object() {
        let voter = |vendor: &String| Voter {
            vendor: vendor.clone(),
            answered: at
                .field(vendor)
                .and_then(|one| one.field("success")?.value.as_bool()),
        };
        return fields.keys().map(voter).collect();
    }
    let voter = |one: At<'_>| {
        let named = one.any(&["vendor", "name", "agent_id"]);
        let vendor = named.and_then(|at| at.text()).or_else(|| one.text())?;
        Some(Voter {
            vendor: vendor.to_owned(),
            answered: one.field("success").and_then(|at| at.value.as_bool()),
        })
    };
    at.items().into_iter().filter_map(voter).collect()
}

fn items(top: &At<'_>) -> Option<Vec<ConsensusItem>> {
    let list = top.any(&["consensus_findings", "findings", "consensus", "items"]);
    let within = list
        .as_ref()
        .filter(|at| at.object().is_some())
        .unwrap_or(top);
    if let Some(list) = list.as_ref().filter(|at| at.value.is_array()) {
        return list.items().iter().map(|at| item(at, None)).collect();
    }
    let mut out = Vec::new();
    let mut seen = false;
    for (name, standing) in BY_STANDING {
        let Some(list) = within.field(name).filter(|at| at.value.is_array()) else {
            continue;
        };
        seen = true;
        for at in list.items() {
            out.push(item(&at, Some(standing))?);
        }
    }
    if !seen {
        top.missing("consensus_findings", "write a list, `[]` if empty");
        return None;
    }
    Some(out)
}

fn item(at: &At<'_>, standing: Option<Standing>) -> Option<ConsensusItem> {
    let inner = at
        .any(&["primary_finding", "finding"])
        .filter(|one| one.object().is_some());
    let find = |names: &[&str]| at.any(names).or_else(|| inner.as_ref()?.any(names));
    let criticality = find(&[
        "agreed_criticality",
        "criticality",
        "severity",
        "max_criticality",
    ]);
    let read = criticality.as_ref().and_then(At::text);
    let read = read.and_then(|word| spelling::criticality(&spelling::plain(word)));
    match (&criticality, read) {
        (None, _) => at.missing("agreed_criticality", "say how bad it is"),
        (Some(one), None) => one.unknown("low, medium, high, critical"),
        _ => {}
    }
    let wanted = find(&[
        "recommended_disposition",
        "agreed_disposition",
        "disposition",
    ]);
    let disposition = wanted.as_ref().and_then(At::text);
    let disposition = disposition.and_then(|word| spelling::disposition(&spelling::plain(word)));
    if let Some(one) = wanted.filter(|_| disposition.is_none()) {
        one.unknown("fix, regenerate, accept, escalate");
        return None;
    }
    let text = find(&["description", "summary", "title"]).and_then(|one| one.text());
    Some(ConsensusItem {
        standing: standing.or_else(|| stands(at))?,
        kind: find(&["agreed_type", "type"])
            .and_then(|one| one.text())
            .map(str::to_owned),
        criticality: read?,
        disposition,
        description: text.map(|text| cut(text, 16_383)),
    })
}

/// How one item stands: in its own word, else by how many said it.
fn stands(at: &At<'_>) -> Option<Standing> {
    if let Some(one) = at.any(&["status", "consensus_status", "consensus", "match_status"]) {
        let read = match one.text().map(spelling::plain).unwrap_or_default().as_str() {
            "confirmed" | "agreed" | "consensus" | "unanimous" | "matched" => Standing::Confirmed,
            "unconfirmed" | "provisional" | "single" | "single_vendor" => Standing::Unconfirmed,
            "disagreement" | "disputed" | "conflict" => Standing::Disagreement,
            _ => {
                one.unknown("confirmed, unconfirmed, disagreement");
                return None;
            }
        };
        return Some(read);
    }
    let voices = at.any(&["vendors", "reviewers", "matched_findings", "sources"]);
    let count = voices.map(|one| match one.value {
        Value::Array(items) => items.len(),
        _ => 1,
    });
    match count {
        Some(0 | 1) => Some(Standing::Unconfirmed),
        Some(_) => Some(Standing::Confirmed),
        None => {
            at.missing("status", "say confirmed, unconfirmed or disagreement");
            None
        }
    }
}
