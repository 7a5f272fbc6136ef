//! A merge train: what was merged, what was left behind and why, and how the features go side by
//! side. What steps and plans say is foreign text.

use std::fmt::Write as _;

use serde::Serialize;

use crate::base::text::{count, foreign};
use crate::base::{FeatureId, Oid, RepoPath};
use crate::report::style::{Label, Page};
use crate::report::table::{Cell, Table};
use crate::schedule::side_by_side::{Fit, Meeting};

/// Lines of a failing step that are shown.
const TAIL_LINES: usize = 8;
/// Paths of one pair that are named.
const PATHS_SHOWN: usize = 3;

/// A train, before or after it went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrainView {
    /// Short name of the branch.
    pub target: String,
    /// Where it stood.
    pub old: Oid,
    /// Where it stands, or would.
    pub new: Oid,
    /// How it ended.
    pub outcome: TrainWord,
    /// What was merged, in order.
    pub merged: Vec<MergedRow>,
    /// What it held already.
    pub there: Vec<FeatureId>,
    /// What was not merged.
    pub left: Vec<LeftRow>,
    /// The step that fails on the target itself.
    pub target_red: Option<StepRow>,
    /// How many lines were verified.
    pub verifications: u32,
    /// How the features go side by side, those that share nothing left out.
    pub before: Vec<PairRow>,
    /// The same of those that were left behind, with each other and with the target as it is now.
    pub after: Vec<PairRow>,
    /// The command that brings a checkout along.
    pub next: Option<String>,
}

/// How a train ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrainWord {
    /// Nothing was tried.
    Forecast,
    /// The target holds what was merged.
    Moved,
    /// The target is checked out and was left alone.
    CheckedOut,
    /// Nothing was merged.
    Unchanged,
}

/// A merged feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MergedRow {
    /// The feature.
    pub feature: FeatureId,
    /// What it is about.
    pub title: String,
    /// What was merged.
    pub head: Oid,
    /// The merge commit; `null` in a forecast.
    pub commit: Option<Oid>,
}

/// A feature that was left behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftRow {
    /// The feature.
    pub feature: FeatureId,
    /// Why, in a word.
    pub reason: LeftWord,
    /// Those with which it does not go together. Several: one of them, if a step fails.
    pub with: Vec<FeatureId>,
    /// True if it does not go with the target alone.
    pub alone: bool,
    /// Paths that do not merge, with git's sentence.
    pub paths: Vec<PathRow>,
    /// The step that fails.
    pub step: Option<StepRow>,
    /// How many verifications it took to tell.
    pub verifications: u32,
}

/// Why a feature was left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeftWord {
    /// It does not merge as text.
    Conflict,
    /// It merges, and a step fails.
    Verification,
}

/// A path that does not merge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PathRow {
    /// Where.
    pub path: RepoPath,
    /// Git's sentence.
    pub what: String,
}

/// A step that fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepRow {
    /// Its name.
    pub name: String,
    /// The command line.
    pub command: String,
    /// The exit code.
    pub exit_code: Option<i32>,
    /// The end of what it said.
    pub tail: String,
    /// What is wrong beyond the exit code.
    pub note: Option<String>,
}

/// How two features go side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PairRow {
    /// The one.
    pub left: FeatureId,
    /// The other; `null`: the target.
    pub right: Option<FeatureId>,
    /// By what their packages claim; `null` with the target.
    pub declared: Option<Fit>,
    /// By what they changed.
    pub real: Fit,
    /// Packages that claim the same.
    pub meetings: Vec<Meeting>,
    /// Paths that both changed.
    pub paths: Vec<RepoPath>,
    /// Paths that git could not merge.
    pub conflicts: Vec<RepoPath>,
}

/// Draws the train.
pub fn render(view: &TrainView, page: Page) -> String {
    let mut out = head(view, page);
    out.push_str(&merged(view, page));
    for id in &view.there {
        let (id, target) = (foreign(id.as_str()), foreign(&view.target));
        let _ = writeln!(out, "  {id} is part of {target} already");
    }
    if let Some(step) = &view.target_red {
        let target = foreign(&view.target);
        let _ = writeln!(out, "{target} fails by itself, so nothing was merged");
        out.push_str(&failure(step));
    }
    if !view.left.is_empty() {
        let _ = writeln!(out, "\n{}", page.paint(Label::Bad, "left behind"));
        for row in &view.left {
            out.push_str(&left(view, row));
        }
    }
    out.push_str(&pairs("side by side", &view.before, (view, page)));
    out.push_str(&pairs(
        "side by side from now on",
        &view.after,
        (view, page),
    ));
    if let Some(next) = &view.next {
        let _ = writeln!(out, "\nnext: {}", foreign(next));
    }
    out
}

fn head(view: &TrainView, page: Page) -> String {
    let target = page.paint(Label::Strong, &foreign(&view.target).to_string());
    let all = view.merged.len() + view.left.len();
    let number = format!("{} of {}", view.merged.len(), count(all, "feature"));
    let checks = count(view.verifications as usize, "verification");
    match view.outcome {
        TrainWord::Forecast => format!("{target}: {number} would merge as text, not verified\n"),
        TrainWord::Moved => {
            let new = view.new.short();
            format!("{target}: {number} merged, it is {new} now, {checks}\n")
        }
        TrainWord::CheckedOut => {
            let new = view.new.short();
            format!("{target}: {number} merged as {new}, {checks}; it is checked out, left alone\n")
        }
        TrainWord::Unchanged => format!("{target}: nothing merged, {checks}\n"),
    }
}

fn merged(view: &TrainView, page: Page) -> String {
    let mut table = Table::new(2);
    for (at, row) in view.merged.iter().enumerate() {
        let commit = row.commit.as_ref().unwrap_or(&row.head);
        table.row(vec![
            Cell::new((at + 1).to_string()),
            Cell::new(row.feature.as_str()),
            Cell::labelled(Label::Warn, commit.short()),
            Cell::labelled(Label::Dim, &row.title),
        ]);
    }
    table.render(page)
}

fn left(view: &TrainView, row: &LeftRow) -> String {
    let names: Vec<String> = row
        .with
        .iter()
        .map(|id| foreign(id.as_str()).to_string())
        .collect();
    let with = match (row.alone, names.len()) {
        (true, _) | (_, 0) => foreign(&view.target).to_string(),
        (false, 1) => names[0].clone(),
        (false, _) if row.reason == LeftWord::Verification => {
            format!("one of {}", names.join(", "))
        }
        (false, _) => names.join(", "),
    };
    let id = foreign(row.feature.as_str());
    match row.reason {
        LeftWord::Conflict => {
            let mut out = format!("  {id} conflicts with {with}\n");
            for path in &row.paths {
                let what = foreign(path.what.trim_end());
                let _ = writeln!(out, "    {}: {what}", foreign(&path.path.to_string()));
            }
            out
        }
        LeftWord::Verification => {
            let with = match row.alone {
                true => format!("on {with} alone"),
                false => format!("together with {with}"),
            };
            let tail = row.step.as_ref().map(failure).unwrap_or_default();
            format!("  {id} fails {with}\n{tail}")
        }
    }
}

fn failure(step: &StepRow) -> String {
    let code = step
        .exit_code
        .map_or(String::new(), |code| format!(", exit code {code}"));
    let mut out = format!("    step `{}`{code}\n", foreign(&step.name));
    if let Some(note) = &step.note {
        let _ = writeln!(out, "    {}", foreign(note));
    }
    let lines: Vec<&str> = step.tail.lines().collect();
    for line in &lines[lines.len().saturating_sub(TAIL_LINES)..] {
        let _ = writeln!(out, "    | {}", foreign(line));
    }
    out
}

fn pairs(title: &str, rows: &[PairRow], (view, page): (&TrainView, Page)) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new(2);
    for row in rows {
        let right = row
            .right
            .as_ref()
            .map_or(view.target.as_str(), |id| id.as_str());
        let fit = row.real.max(row.declared.unwrap_or(Fit::Full));
        table.row(vec![
            Cell::labelled(label(fit), fit.as_str()),
            Cell::new(format!("{} + {right}", row.left)),
            Cell::labelled(Label::Dim, why(row)),
        ]);
    }
    format!(
        "\n{}\n{}",
        page.paint(Label::Strong, title),
        table.render(page)
    )
}

/// What was changed says more than what is claimed.
fn why(row: &PairRow) -> String {
    let list = |paths: &[RepoPath]| {
        let shown: Vec<String> = paths
            .iter()
            .take(PATHS_SHOWN)
            .map(|p| format!("`{p}`"))
            .collect();
        let more = match paths.len().saturating_sub(PATHS_SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        foreign(&(shown.join(", ") + &more)).to_string()
    };
    if row.real == Fit::Sequential {
        return format!("conflict in {}", list(&row.conflicts));
    }
    if !row.paths.is_empty() {
        return format!("both changed {}", list(&row.paths));
    }
    let first = row.meetings.first();
    let more = match row.meetings.len().saturating_sub(1) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    first.map_or_else(String::new, |m| {
        format!("{} and {} both claim `{}`{more}", m.left, m.right, m.shared)
    })
}

fn label(fit: Fit) -> Label {
    match fit {
        Fit::Full => Label::Good,
        Fit::Partial => Label::Warn,
        Fit::Sequential => Label::Bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::PackageId;

    #[test]
    fn a_train_tells_who_was_left_behind_and_why() {
        let oid = |c: &str| Oid::parse(&c.repeat(40)).unwrap();
        let id = |s: &str| FeatureId::parse(s).unwrap();
        let row = |feature: &str| MergedRow {
            feature: id(feature),
            title: format!("Do {feature}"),
            head: oid("a"),
            commit: Some(oid("b")),
        };
        let left = LeftRow {
            feature: id("f3"),
            reason: LeftWord::Verification,
            with: vec![id("f1")],
            alone: false,
            paths: Vec::new(),
            step: Some(StepRow {
                name: "test".into(),
                command: "make test".into(),
                exit_code: Some(2),
                tail: "sum is 3\nwanted 2\n".into(),
                note: None,
            }),
            verifications: 4,
        };
        let conflict = LeftRow {
            feature: id("f4"),
            reason: LeftWord::Conflict,
            paths: vec![PathRow {
                path: "src/x".into(),
                what: "CONFLICT (content)".into(),
            }],
            step: None,
            verifications: 0,
            ..left.clone()
        };
        let pair = PairRow {
            left: id("f1"),
            right: Some(id("f3")),
            declared: Some(Fit::Partial),
            real: Fit::Full,
            meetings: vec![Meeting {
                left: PackageId::parse("wp-a").unwrap(),
                right: PackageId::parse("wp-b").unwrap(),
                shared: "src/x".into(),
            }],
            paths: Vec::new(),
            conflicts: Vec::new(),
        };
        let view = TrainView {
            target: "main".into(),
            old: oid("c"),
            new: oid("d"),
            outcome: TrainWord::CheckedOut,
            merged: vec![row("f1"), row("f2")],
            there: vec![id("f0")],
            left: vec![left, conflict],
            target_red: None,
            verifications: 5,
            before: vec![pair],
            after: Vec::new(),
            next: Some("git merge --ff-only refs/wp/merged/main".into()),
        };
        insta::assert_snapshot!(render(&view, Page::plain()));
    }
}
