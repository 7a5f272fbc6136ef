//! The QA loop: as data, as lines of a status, as a section of the summary.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::base::text::foreign;
use crate::base::{FeatureId, Oid};
use crate::model::qa::{QaRound, QaStatus};
use crate::qa::round::{self, Verdict};
use crate::qa::standing::ROUNDS_MAX;
use crate::qa::{Standing, question};
use crate::report::style::{Label, Page};
use crate::report::table::{Cell, Table};
use crate::schedule::qa;
use crate::state::FeatureView;

/// How the loop stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QaView {
    /// `due`, `refining`, `passed`, `asking`, `accepted` or `stopped`.
    pub state: String,
    /// By number.
    pub rounds: Vec<QaRoundRow>,
    /// The question that waits for an answer.
    pub question: Option<String>,
}

/// One round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QaRoundRow {
    /// From 1.
    pub number: u32,
    /// The commit that was looked at.
    pub commit: Oid,
    /// `pass`, `fail` or `void`.
    pub verdict: String,
    /// Planned checks, over all surfaces.
    pub planned: usize,
    /// Those that hold.
    pub passed: usize,
    /// What does not hold, or why nothing is known; data.
    pub found: Vec<String>,
}

/// The view; `None` where no round was made.
pub fn view(feature: &FeatureId, records: &FeatureView) -> Option<QaView> {
    let rounds: Vec<QaRoundRow> = records.qa_rounds().map(row).collect();
    if rounds.is_empty() {
        return None;
    }
    let standing = qa::standing_of(feature, records);
    let question = match standing {
        Standing::Asking(round) => Some(question::id(feature, round)),
        _ => None,
    };
    Some(QaView {
        state: standing.as_str().to_owned(),
        rounds,
        question,
    })
}

fn row(round: &QaRound) -> QaRoundRow {
    let checks = round.plan.iter().map(|surface| surface.checks.len()).sum();
    let passed = round.plan.iter().map(|surface| {
        let reading = round::reading(round, surface);
        let results = surface
            .checks
            .iter()
            .filter_map(|c| round::result(reading?, c));
        results.filter(|r| r.status == QaStatus::Pass).count()
    });
    let verdict = round::verdict(round);
    QaRoundRow {
        number: round.number,
        commit: round.commit.clone(),
        verdict: verdict.as_str().to_owned(),
        planned: checks,
        passed: passed.sum(),
        found: match verdict {
            Verdict::Void => round::voids(round),
            Verdict::Pass | Verdict::Fail => round::failures(round),
        },
    }
}

/// Lines of a status; none where no round was made.
pub fn shown(view: Option<&QaView>, page: Page) -> String {
    let Some(view) = view else {
        return String::new();
    };
    let label = match view.state.as_str() {
        "passed" | "accepted" => Label::Good,
        "asking" | "stopped" => Label::Warn,
        _ => Label::Busy,
    };
    let mut out = format!("\n{}\n", page.paint(label, &format!("qa: {}", view.state)));
    let mut table = Table::new(2);
    for row in &view.rounds {
        let first = row.found.first().and_then(|line| line.lines().next());
        table.row(vec![
            Cell::new(format!("round {}", row.number)),
            Cell::new(&row.verdict),
            Cell::new(format!("{} of {}", row.passed, row.planned)),
            Cell::labelled(Label::Dim, first.unwrap_or_default()),
        ]);
    }
    out.push_str(&table.render(page));
    if let Some(id) = &view.question {
        let _ = writeln!(out, "  answer with: git wp decide {}", foreign(id));
    }
    out
}

/// The section of a summary.
pub(super) fn section(view: &QaView) -> String {
    let mut out = format!("QA {}.\n\n", view.state);
    for row in &view.rounds {
        let (number, verdict) = (row.number, &row.verdict);
        let (passed, planned, commit) = (row.passed, row.planned, row.commit.short());
        let bound = ROUNDS_MAX.max(number);
        let _ = writeln!(
            out,
            "- round {number} of {bound} at {commit}: {verdict}, {passed} of {planned} checks hold"
        );
        for found in &row.found {
            let mut lines = found.lines();
            let first = foreign(lines.next().unwrap_or_default()).to_string();
            let _ = writeln!(
                out,
                "  - {}",
                first.replace('<', "&lt;").replace('[', "\\[")
            );
            for line in lines {
                let line = foreign(line).to_string();
                let _ = writeln!(out, "    {}", line.replace('<', "&lt;").replace('[', "\\["));
            }
        }
    }
    out
}
