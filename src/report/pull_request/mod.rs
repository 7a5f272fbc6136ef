//! The text of a pull request: what was done, how it was shown, and what a person should look at.
//!
//! Text of plans, agents and reviewers is foreign: it stands in code spans, and nothing in the
//! body calls a person or closes an issue of the host.

mod checklist;
mod marks;
pub mod records;

use std::fmt::Write as _;

use serde::Serialize;

use crate::base::json::Value;
use crate::base::text::{self, count, cut};
use crate::base::{FeatureId, PackageId};
use crate::report::reviews::SubjectReview;
use crate::report::view::StatusView;
use crate::review::{Cluster, Decision};
use crate::state::record::{Judged, Judgement};
use crate::state::view::FeatureView;
use marks::{cell, code, line, row, table, tame};

/// Hosts take 65,536 characters; some room is left for what they add.
pub const BODY_MAX: usize = 60_000;
/// Findings of one part that are shown.
const FINDINGS_MAX: usize = 20;
/// Characters of one foreign text that are shown.
const SHOWN_MAX: usize = 300;

/// What a pull request is made from.
#[derive(Debug, Clone, Copy)]
pub struct PullRequest<'a> {
    /// The feature.
    pub feature: &'a FeatureId,
    /// Its title for people.
    pub title: Option<&'a str>,
    /// Where its packages stand.
    pub status: &'a StatusView,
    /// The execution summary as recorded; null if no run has ended.
    pub summary: &'a Value,
    /// The same for people; empty if there is none.
    pub text: &'a str,
    /// What reviewers say.
    pub reviews: &'a [SubjectReview],
    /// What was found on surfaces, newest round of each.
    pub qa: &'a [QaRow],
    /// What people set aside, and answers to questions.
    pub records: &'a FeatureView,
    /// What is left for later.
    pub follow_up: &'a [String],
}

/// What a round of QA said of one surface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QaRow {
    /// The surface: `web`, `api`, `cli`, or another.
    pub surface: String,
    /// From 1.
    pub round: u32,
    /// True if all planned checks were reported and passed.
    pub passed: bool,
    /// In a line; foreign text.
    pub summary: String,
}

/// The title: one line, at most 120 characters.
pub fn title(pull: &PullRequest<'_>) -> String {
    let title = pull.title.filter(|title| !title.trim().is_empty());
    cut(&tame(&line(title.unwrap_or(pull.feature.as_str()))), 119)
}

/// The body: Markdown, at most [`BODY_MAX`] bytes.
pub fn body(pull: &PullRequest<'_>) -> String {
    let mut out = String::new();
    head(&mut out, pull);
    packages(&mut out, pull);
    reviews(&mut out, pull.reviews);
    qa(&mut out, pull.qa);
    waivers(&mut out, &pull.records.judged);
    questions(&mut out, pull.records);
    deviations(&mut out, pull.summary);
    risk(&mut out, pull.summary);
    follow_up(&mut out, pull.follow_up);
    checklist::write(&mut out, pull);
    let mut out = tame(&out);
    details(&mut out, pull.text);
    if out.len() > BODY_MAX {
        const CUT: &str = "\n\n(cut; `git wp report` has all of it)\n";
        let end = text::head(&out, BODY_MAX - CUT.len()).len();
        out.truncate(end);
        out.push_str(CUT);
    }
    out
}

fn head(out: &mut String, pull: &PullRequest<'_>) {
    let rows = &pull.status.packages;
    let merged = rows
        .iter()
        .filter(|row| row.status.as_str() == "merged")
        .count();
    let of = count(rows.len(), "package");
    let _ = write!(
        out,
        "Feature `{}`: {merged} of {of} merged",
        code(pull.feature.as_str())
    );
    let text = |name: &str| pull.summary[name].as_str();
    if let Some((base, head)) = text("base").zip(text("head")) {
        let _ = write!(out, ", from {} to {}", short(base), short(head));
    }
    out.push_str(".\n");
    let plan = &pull.summary["plan"];
    if let Some(source) = plan["source"].as_str() {
        let revision = &plan["plan_revision"];
        let contracts = &plan["contracts_revision"];
        let source = code(source);
        let _ = writeln!(
            out,
            "Plan `{source}`, revision {revision}, contracts revision {contracts}."
        );
    }
}

fn short(oid: &str) -> String {
    code(text::head(oid, 10))
}

fn packages(out: &mut String, pull: &PullRequest<'_>) {
    table(out, "Packages", &["package", "status", "tries", "steps"]);
    let none = Vec::new();
    let evidence = pull.summary["evidence"].as_array().unwrap_or(&none);
    for package in &pull.status.packages {
        let shown = evidence
            .iter()
            .find(|one| one["package"] == package.id.as_str());
        let steps = shown.and_then(|one| one["steps"].as_array());
        let steps = steps.map_or(String::new(), |steps| {
            let green =
                |step: &&Value| matches!(step["state"].as_str(), Some("passed" | "answered"));
            let green = steps.iter().filter(green).count();
            format!("{green} of {} green", steps.len())
        });
        let tries = package.attempts.len().to_string();
        row(
            out,
            &[
                &cell(package.id.as_str()),
                package.status.as_str(),
                &tries,
                &steps,
            ],
        );
    }
}

fn reviews(out: &mut String, reviews: &[SubjectReview]) {
    out.push_str("\n## Review\n\n");
    if reviews.is_empty() {
        out.push_str("No reviewer looked at it.\n");
    }
    for review in reviews {
        let verdict = &review.verdict;
        let consensus = &verdict.consensus;
        let who: Vec<String> = consensus.counted.keys().map(|name| cell(name)).collect();
        let who = if who.is_empty() {
            "nobody".to_owned()
        } else {
            who.join(", ")
        };
        let _ = writeln!(
            out,
            "- {}: **{}** at {} by {who}, {}",
            subject(review.package.as_ref()),
            verdict.decision.as_str(),
            verdict.commit.short(),
            count(usize::try_from(review.trend.reached).unwrap_or(0), "round"),
        );
        if let Decision::NoQuorum(reasons) = &verdict.decision {
            for reason in reasons {
                let _ = writeln!(out, "  - {}", cell(reason));
            }
        }
        for cluster in consensus.clusters.iter().take(FINDINGS_MAX) {
            finding(out, cluster);
        }
        let more = consensus.clusters.len().saturating_sub(FINDINGS_MAX);
        if more > 0 {
            let _ = writeln!(out, "  - {} more", count(more, "finding"));
        }
    }
}

fn finding(out: &mut String, cluster: &Cluster) {
    let first = cluster.first();
    let place = first.file_path.as_deref().map_or(String::new(), |path| {
        let lines = first
            .line_range
            .map_or(String::new(), |lines| format!(":{}", lines.start));
        format!(" {}", cell(&format!("{path}{lines}")))
    });
    let state = match (
        cluster.blocks(),
        cluster.raised.iter().all(|one| one.ruling.is_some()),
    ) {
        (true, _) => "open",
        (false, true) => "ruled on",
        (false, false) => "noted",
    };
    let _ = writeln!(
        out,
        "  - {} {}, {state}{place}: {} (`{}`)",
        cluster.criticality.as_str(),
        first.kind.as_str(),
        cell(&cut(&first.description, SHOWN_MAX)),
        cluster.key,
    );
}

fn subject(package: Option<&PackageId>) -> String {
    package.map_or("the whole".to_owned(), |id| cell(id.as_str()))
}

fn qa(out: &mut String, rows: &[QaRow]) {
    if rows.is_empty() {
        return;
    }
    table(out, "QA", &["surface", "round", "result", "summary"]);
    for one in rows {
        let result = if one.passed { "passed" } else { "failed" };
        let summary = cell(&cut(&one.summary, SHOWN_MAX));
        row(
            out,
            &[
                &cell(&one.surface),
                &one.round.to_string(),
                result,
                &summary,
            ],
        );
    }
}

fn waivers(out: &mut String, judged: &[Judged]) {
    let waivers: Vec<_> = judged
        .iter()
        .filter_map(|one| match &one.what {
            Judgement::Waiver(waiver) => Some((waiver, &one.by)),
            _ => None,
        })
        .collect();
    if waivers.is_empty() {
        return;
    }
    table(out, "Waivers", &["what", "ruling", "why", "who", "for"]);
    for (waiver, by) in waivers {
        let commit = waiver
            .commit
            .as_ref()
            .map_or("every commit", |commit| commit.short());
        let why = cell(&cut(&waiver.reason, SHOWN_MAX));
        let (what, who) = (cell(&waiver.key), cell(&by.label));
        row(out, &[&what, waiver.ruling.as_str(), &why, &who, commit]);
    }
}

fn questions(out: &mut String, records: &FeatureView) {
    if records.escalations.is_empty() {
        return;
    }
    table(out, "Questions", &["about", "type", "question", "answer"]);
    for asked in &records.escalations {
        let question = &asked.escalation;
        let answers = records.resolutions.iter();
        let answer = answers
            .rev()
            .find(|one| one.question == question.escalation_id);
        let answer = answer.map_or("none yet".to_owned(), |one| {
            cell(&format!(
                "{} ({}): {}",
                one.choice,
                one.by.label,
                cut(&one.reason, SHOWN_MAX)
            ))
        });
        let summary = cell(&cut(&question.summary, SHOWN_MAX));
        row(
            out,
            &[
                &subject(asked.package.as_ref()),
                question.kind.as_str(),
                &summary,
                &answer,
            ],
        );
    }
}

fn deviations(out: &mut String, summary: &Value) {
    let Some(rows) = summary["deviations"]
        .as_array()
        .filter(|rows| !rows.is_empty())
    else {
        return;
    };
    table(out, "Deviations", &["package", "kind", "what"]);
    for one in rows {
        let text = |value: &Value| cell(&cut(value.as_str().unwrap_or_default(), SHOWN_MAX));
        let deviation = &one["deviation"];
        row(
            out,
            &[
                &text(&one["package"]),
                &text(&deviation["kind"]),
                &text(&deviation["detail"]),
            ],
        );
    }
}

fn risk(out: &mut String, summary: &Value) {
    let risk = &summary["risk"];
    let Some(class) = risk["class"].as_str() else {
        return;
    };
    let _ = writeln!(out, "\n## Risk\n\nClass: **{}**.", code(class));
    for rule in risk["rules"].as_array().unwrap_or(&Vec::new()) {
        let none = Vec::new();
        let paths = rule["paths"].as_array().unwrap_or(&none);
        let paths: Vec<String> = paths.iter().filter_map(Value::as_str).map(cell).collect();
        let rule = code(rule["rule"].as_str().unwrap_or_default());
        let _ = writeln!(out, "- {rule}: {}", paths.join(", "));
    }
}

fn follow_up(out: &mut String, rows: &[String]) {
    if rows.is_empty() {
        return;
    }
    out.push_str("\n## Left for later\n\n");
    for one in rows {
        let _ = writeln!(out, "- {}", cell(&cut(one, SHOWN_MAX)));
    }
}

/// The whole summary, folded, as far as there is room.
fn details(out: &mut String, text: &str) {
    const HEAD: &str = "\n<details><summary>Execution summary</summary>\n\n";
    const FOOT: &str = "\n\n</details>\n";
    let room = BODY_MAX.saturating_sub(out.len() + HEAD.len() + FOOT.len());
    let tamed = tame(text.trim());
    if text.trim().is_empty() || tamed.len() > room {
        return;
    }
    out.push_str(HEAD);
    out.push_str(&tamed);
    out.push_str(FOOT);
}

#[cfg(test)]
mod tests;
