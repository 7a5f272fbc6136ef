//! What reviewers said of packages, and what follows from it, for people and as data.

use serde::Serialize;

use crate::base::PackageId;
use crate::base::text::{self, count, foreign};
use crate::model::review::{ReviewOutcome, Reviewed};
use crate::report::style::{Label, Page};
use crate::review::{Cluster, Trend};
use crate::schedule::review::ReviewState;

/// What reviewers said of one package.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The package.
    pub package: PackageId,
    /// What follows.
    pub verdict: Verdict,
    /// Why, for people; may be empty.
    pub why: String,
    /// The rounds so far.
    pub trend: Option<Trend>,
    /// What they found together at the newest commit, gravest first.
    pub findings: Vec<Cluster>,
    /// What each of them said.
    pub reviews: Vec<Reviewed>,
}

/// What follows from the reviews of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is not merged yet.
    NotMerged,
    /// Nothing was changed, or nobody reviews.
    NothingToReview,
    /// Answers are missing.
    Due,
    /// Something has to change first.
    ChangesRequested,
    /// A person is needed.
    Blocked,
    /// It stands.
    Approved,
}

impl Verdict {
    /// What a state comes to; `None`: the package is not merged.
    pub fn of(state: Option<&ReviewState>) -> Verdict {
        match state {
            None => Verdict::NotMerged,
            Some(ReviewState::Free) => Verdict::NothingToReview,
            Some(ReviewState::Due(_)) => Verdict::Due,
            Some(ReviewState::Fixing(_)) => Verdict::ChangesRequested,
            Some(ReviewState::Blocked(_)) => Verdict::Blocked,
            Some(ReviewState::Approved(_)) => Verdict::Approved,
        }
    }

    /// True if it keeps nothing from going on.
    pub fn is_settled(self) -> bool {
        matches!(self, Verdict::Approved | Verdict::NothingToReview)
    }

    /// The word in text.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::NotMerged => "not merged",
            Verdict::NothingToReview => "nothing to review",
            Verdict::Due => "due",
            Verdict::ChangesRequested => "changes requested",
            Verdict::Blocked => "blocked",
            Verdict::Approved => "approved",
        }
    }
}

/// A paragraph for each package.
pub fn render(rows: &[Row], page: Page) -> String {
    rows.iter().map(|row| paragraph(row, page)).collect()
}

fn paragraph(row: &Row, page: Page) -> String {
    let label = match row.verdict {
        Verdict::Approved => Label::Good,
        Verdict::Blocked | Verdict::ChangesRequested => Label::Bad,
        Verdict::Due => Label::Warn,
        Verdict::NotMerged | Verdict::NothingToReview => Label::Dim,
    };
    let name = page.paint(Label::Strong, &foreign(row.package.as_str()).to_string());
    let verdict = page.paint(label, row.verdict.as_str());
    let why = match row.why.is_empty() || row.verdict == Verdict::Approved {
        true => String::new(),
        false => format!(": {}", foreign(&row.why)),
    };
    let mut out = format!("{name}  {verdict}{why}\n");
    for review in &row.reviews {
        out.push_str(&format!("  {}\n", said(review)));
    }
    for finding in &row.findings {
        out.push_str(&found(finding));
    }
    out
}

fn said(review: &Reviewed) -> String {
    let (who, at) = (foreign(&review.reviewer), review.commit.short());
    let what = match &review.outcome {
        ReviewOutcome::Findings(findings) => count(findings.findings.len(), "finding"),
        ReviewOutcome::Failed { reason, detail } => {
            format!("no answer ({}): {}", reason.as_str(), foreign(detail))
        }
    };
    format!("round {} at {at}: {who}: {what}", review.round)
}

fn found(cluster: &Cluster) -> String {
    let first = cluster.first();
    let place = first.file_path.as_deref().unwrap_or("");
    let place = match (place.is_empty(), first.line_range) {
        (true, _) => String::new(),
        (false, Some(lines)) => format!("{}:{}: ", foreign(place), lines.start),
        (false, None) => format!("{}: ", foreign(place)),
    };
    let line = first.description.lines().next().unwrap_or("");
    let line = text::cut(line, LINE_MAX);
    format!(
        "  {} {place}{} ({}, {}) [{}]\n",
        if cluster.blocks() { "x" } else { "-" },
        foreign(&line),
        cluster.criticality.as_str(),
        cluster.disposition.as_str(),
        cluster.key,
    )
}

/// Characters of a finding in a list.
const LINE_MAX: usize = 160;
