//! Live packages that would conflict as they stand, from what rehearsals left on record.

use serde::{Deserialize, Serialize};

use crate::base::{AttemptId, PackageId, RepoPath};
use crate::model::Deviation;
use crate::report::style::{Label, Page};
use crate::report::table::{Cell, Table};
use crate::state::FeatureView;

/// One side of a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RehearsalRow {
    /// The package.
    pub package: PackageId,
    /// Its attempt, which is under way.
    pub attempt: AttemptId,
    /// With what, and where.
    pub detail: String,
    /// Paths that would conflict.
    pub paths: Vec<RepoPath>,
}

/// What attempts under way would conflict with.
pub fn rows(view: &FeatureView) -> Vec<RehearsalRow> {
    let mut out = Vec::new();
    for (package, records) in &view.packages {
        let live = records.live().map(|grant| &grant.attempt);
        let Some(live) = live.and_then(|id| records.attempts.get(id)) else {
            continue;
        };
        let found = live
            .deviations
            .iter()
            .filter(|d| d.kind == Deviation::REHEARSAL);
        out.extend(found.map(|deviation| RehearsalRow {
            package: package.clone(),
            attempt: live.attempt.attempt.clone(),
            detail: deviation.detail.clone(),
            paths: deviation.paths.clone(),
        }));
    }
    out
}

/// Draws them; empty if there are none.
pub fn render(rows: &[RehearsalRow], page: Page) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new(2);
    for row in rows {
        table.row(vec![
            Cell::new(row.package.as_str()),
            Cell::new(&row.detail),
        ]);
    }
    let title = page.paint(Label::Warn, "would conflict as they stand");
    format!("\n{title}\n{}", table.render(page))
}
