//! What an exchange with the authority came to: who holds what now, and what to type next.

use std::fmt::Write as _;

use serde::Serialize;

use crate::base::text::{count, foreign};
use crate::base::{AttemptId, FeatureId, PackageId};
use crate::report::status::extent;
use crate::report::style::{Label, Page};
use crate::report::view::Kept;

/// An exchange.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SyncView {
    /// The remote's name in git config.
    pub remote: String,
    /// `in-sync`, `pushed`, `adopted`, `offline` or `rewound`.
    pub result: String,
    /// Nothing was changed: this is what would happen.
    pub dry_run: bool,
    /// Claims of this clone that hold from now on.
    pub confirmed: Vec<ClaimRow>,
    /// Claims of this clone that others were faster with.
    pub superseded: Vec<LostRow>,
    /// What else was refused to this clone.
    pub refused: Vec<RefusedRow>,
    /// Facts that came.
    pub facts_in: usize,
    /// Facts that went.
    pub facts_out: usize,
    /// Pushes that were tried.
    pub tries: u32,
    /// Requests that still wait.
    pub pending: usize,
    /// What a person should know beside.
    pub notes: Vec<String>,
}

/// A claim that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClaimRow {
    /// The feature.
    pub feature: FeatureId,
    /// The package.
    pub package: PackageId,
    /// The attempt.
    pub attempt: AttemptId,
}

/// A claim that was lost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LostRow {
    /// The feature.
    pub feature: FeatureId,
    /// The package.
    pub package: PackageId,
    /// The attempt.
    pub attempt: AttemptId,
    /// Who holds the package instead, or what else was in the way.
    pub why: String,
    /// What is kept of its work; `null` if there was none.
    pub kept: Option<Kept>,
}

/// A request that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedRow {
    /// The word of the operation.
    pub op: String,
    /// What it was about.
    pub target: String,
    /// The stable word of the refusal.
    pub code: String,
    /// Why.
    pub message: String,
}

/// Tells the exchange.
pub fn render(view: &SyncView, page: Page) -> String {
    let mut out = format!("{}\n", headline(view));
    for row in &view.confirmed {
        let word = if view.dry_run {
            "would confirm"
        } else {
            "confirmed"
        };
        let word = page.paint(Label::Good, word);
        let name = format!("{}/{}", row.feature, row.package);
        let _ = writeln!(out, "{word} {}, attempt {}", foreign(&name), row.attempt);
    }
    for row in &view.superseded {
        lost(&mut out, row, page);
    }
    for row in &view.refused {
        let word = page.paint(Label::Bad, "refused");
        let (target, why) = (foreign(&row.target), foreign(&row.message));
        let _ = writeln!(out, "{word} {} {target}: {why}", row.op);
    }
    for note in &view.notes {
        let _ = writeln!(out, "{}: {}", page.paint(Label::Dim, "note"), foreign(note));
    }
    if view.result == "offline" && view.pending > 0 {
        let waiting = count(view.pending, "request");
        let verb = if view.pending == 1 { "stays" } else { "stay" };
        let _ = writeln!(out, "{waiting} {verb} provisional; work can go on");
    }
    if let Some(next) = next(view) {
        let _ = writeln!(out, "next: {next}");
    }
    out
}

fn headline(view: &SyncView) -> String {
    let name = foreign(&view.remote);
    let facts = |n: usize| count(n, "fact");
    let (sent, came) = (facts(view.facts_out), facts(view.facts_in));
    match (view.result.as_str(), view.dry_run) {
        ("in-sync", _) => format!("in sync with {name}"),
        ("pushed", false) => format!("{name} took what was new here: {sent} out, {came} in"),
        ("pushed", true) => format!("would push to {name}: {sent} out, {came} in"),
        ("adopted", false) => format!("took over what was new at {name}: {came} in"),
        ("adopted", true) => format!("would take over what is new at {name}: {came} in"),
        ("offline", _) => format!("{name} did not answer; nothing was exchanged"),
        (word, _) => format!("{name}: {word}"),
    }
}

fn lost(out: &mut String, row: &LostRow, page: Page) {
    let word = page.paint(Label::Warn, "superseded");
    let name = format!("{}/{}", row.feature, row.package);
    let (name, why) = (foreign(&name), foreign(&row.why));
    let _ = writeln!(out, "{word} {name}, attempt {}: {why}", row.attempt);
    let _ = match &row.kept {
        Some(kept) => writeln!(out, "  its work is kept: {}", extent(kept)),
        None => writeln!(out, "  it had not changed anything yet"),
    };
}

fn next(view: &SyncView) -> Option<String> {
    if view.dry_run {
        return (view.result != "in-sync").then(|| "git wp sync".to_owned());
    }
    if view.result == "offline" {
        return Some("git wp sync".to_owned());
    }
    let kept = view.superseded.iter().find(|row| row.kept.is_some());
    kept.map(|row| format!("git wp adopt {} compares it", row.attempt))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Oid;

    fn view(result: &str) -> SyncView {
        SyncView {
            remote: "origin".into(),
            result: result.into(),
            dry_run: false,
            confirmed: Vec::new(),
            superseded: Vec::new(),
            refused: Vec::new(),
            facts_in: 0,
            facts_out: 0,
            tries: 0,
            pending: 0,
            notes: Vec::new(),
        }
    }

    fn row(package: &str) -> ClaimRow {
        ClaimRow {
            feature: FeatureId::parse("add-auth").unwrap(),
            package: PackageId::parse(package).unwrap(),
            attempt: AttemptId::parse(&format!("a-{package}")).unwrap(),
        }
    }

    #[test]
    fn no_news_are_one_line() {
        assert_eq!(
            render(&view("in-sync"), Page::plain()),
            "in sync with origin\n"
        );
    }

    #[test]
    fn a_push_tells_what_holds_what_was_lost_and_what_to_type() {
        let ClaimRow {
            feature,
            package,
            attempt,
        } = row("wp-b");
        let lost = LostRow {
            feature,
            package,
            attempt,
            why: "`wp-b` is held by add-auth/wp-b (bob@build)".into(),
            kept: Some(Kept {
                head: Oid::parse(&"b".repeat(40)).unwrap(),
                base: Oid::parse(&"a".repeat(40)).unwrap(),
                commits: Some(1),
                files: Some(2),
            }),
        };
        let view = SyncView {
            confirmed: vec![row("wp-a")],
            superseded: vec![lost],
            refused: vec![RefusedRow {
                op: "hold".into(),
                target: "add-auth".into(),
                code: "already-merged".into(),
                message: "`wp-a` is merged already".into(),
            }],
            facts_in: 3,
            facts_out: 1,
            tries: 1,
            ..view("pushed")
        };
        insta::assert_snapshot!(render(&view, Page::plain()), @r"
        origin took what was new here: 1 fact out, 3 facts in
        confirmed add-auth/wp-a, attempt a-wp-a
        superseded add-auth/wp-b, attempt a-wp-b: `wp-b` is held by add-auth/wp-b (bob@build)
          its work is kept: 1 commit, 2 files
        refused hold add-auth: `wp-a` is merged already
        next: git wp adopt a-wp-b compares it
        ");
    }

    #[test]
    fn without_an_answer_nothing_is_lost() {
        let view = SyncView {
            pending: 2,
            notes: vec!["`origin` cannot be reached: no such folder".into()],
            ..view("offline")
        };
        insta::assert_snapshot!(render(&view, Page::plain()), @r"
        origin did not answer; nothing was exchanged
        note: `origin` cannot be reached: no such folder
        2 requests stay provisional; work can go on
        next: git wp sync
        ");
    }

    #[test]
    fn a_dry_run_says_would() {
        let view = SyncView {
            dry_run: true,
            confirmed: vec![row("wp-a")],
            facts_out: 2,
            ..view("pushed")
        };
        insta::assert_snapshot!(render(&view, Page::plain()), @r"
        would push to origin: 2 facts out, 0 facts in
        would confirm add-auth/wp-a, attempt a-wp-a
        next: git wp sync
        ");
    }
}
