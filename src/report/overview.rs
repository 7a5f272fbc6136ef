//! Every feature in one line each.

use serde::Serialize;

use crate::base::FeatureId;
use crate::base::text::count;
use crate::report::status::state_label;
use crate::report::style::{Label, Page};
use crate::report::table::{Cell, Table};
use crate::schedule::FeatureState;

/// One feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OverviewRow {
    /// Verbatim id.
    pub feature: FeatureId,
    /// Title for people.
    pub title: Option<String>,
    /// One word.
    pub state: FeatureState,
    /// Packages of its plan.
    pub packages: usize,
    /// How many of them are merged.
    pub merged: usize,
    /// How many are held by an attempt.
    pub live: usize,
}

/// Draws the list.
pub fn render(rows: &[OverviewRow], page: Page) -> String {
    if rows.is_empty() {
        return "no feature was published here yet\n".to_owned();
    }
    let mut table = Table::new(0);
    table.head(&["feature", "state", "merged", "running", "title"]);
    for row in rows {
        let live = if row.live > 0 {
            row.live.to_string()
        } else {
            String::new()
        };
        table.row(vec![
            Cell::labelled(Label::Strong, row.feature.as_str()),
            Cell::labelled(state_label(row.state), row.state.as_str()),
            Cell::new(format!(
                "{} of {}",
                row.merged,
                count(row.packages, "package")
            )),
            Cell::new(live),
            Cell::labelled(Label::Dim, row.title.as_deref().unwrap_or("")),
        ]);
    }
    table.render(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_stand_one_per_line() {
        let row = |feature: &str, state, merged| OverviewRow {
            feature: FeatureId::parse(feature).unwrap(),
            title: Some("Add authentication".to_owned()),
            state,
            packages: 4,
            merged,
            live: 4 - merged,
        };
        let rows = [
            row("add-auth", FeatureState::Running, 1),
            row("x", FeatureState::Merged, 4),
        ];
        insta::assert_snapshot!(render(&rows, Page::plain()), @r"
        feature   state    merged           running  title
        add-auth  running  1 of 4 packages  3        Add authentication
        x         merged   4 of 4 packages           Add authentication
        ");
    }
}
