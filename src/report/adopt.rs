//! Kept work beside what its package has, with the commands that show more and that take it.

use std::fmt::Write as _;

use serde::Serialize;

use crate::base::text::{count, foreign};
use crate::base::{AttemptId, FeatureId, Oid, PackageId};
use crate::report::style::{Label, Page};
use crate::report::view::ClaimWord;

/// Files that are listed for people.
const FILES_MAX: usize = 20;

/// Kept work, and what its package has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The feature.
    pub feature: FeatureId,
    /// The package.
    pub package: PackageId,
    /// The attempt whose work is kept.
    pub attempt: AttemptId,
    /// Who made it: `user@host`.
    pub machine: String,
    /// Whether its claim was granted.
    pub claim: ClaimWord,
    /// Why it no longer holds the package.
    pub why: Option<String>,
    /// Where it started.
    pub base: Oid,
    /// All of its work.
    pub head: Oid,
    /// How many commits it made.
    pub commits: usize,
    /// The newest of them with their subjects.
    pub listed: Vec<CommitRow>,
    /// Paths that differ from where it started.
    pub files: Vec<String>,
    /// What the package has instead.
    pub against: Option<Against>,
    /// Shows the difference to that, or to where it started.
    pub diff: String,
}

/// A commit in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommitRow {
    /// Its id.
    pub commit: Oid,
    /// The first line of its message.
    pub subject: String,
}

/// What a package has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Against {
    /// The attempt.
    pub attempt: AttemptId,
    /// Who made it: `user@host`.
    pub machine: String,
    /// True if it is merged; else it holds the package.
    pub merged: bool,
    /// Its work as far as it is here.
    pub head: Option<Oid>,
}

/// Draws both.
pub fn render(view: &Comparison, page: Page) -> String {
    let name = format!("{}/{}", view.feature, view.package);
    let name = page.paint(Label::Strong, &foreign(&name).to_string());
    let machine = foreign(&view.machine);
    let mut out = format!("{name}: attempt {} of {machine}", view.attempt);
    if let Some(why) = view.why.as_deref().filter(|why| !why.is_empty()) {
        let _ = write!(out, ", {}: {}", view.claim.as_str(), foreign(why));
    }
    let commits = count(view.commits, "commit");
    let _ = writeln!(out, "\n  {commits} since {}", view.base.short());
    for row in &view.listed {
        let id = page.paint(Label::Warn, row.commit.short());
        let _ = writeln!(out, "    {id} {}", foreign(&row.subject));
    }
    more(&mut out, view.commits, view.listed.len());
    let _ = writeln!(out, "  {}", count(view.files.len(), "file"));
    for path in view.files.iter().take(FILES_MAX) {
        let _ = writeln!(out, "    {}", foreign(path));
    }
    more(&mut out, view.files.len(), FILES_MAX);
    let _ = writeln!(out, "{}", package(view.against.as_ref()));
    let _ = writeln!(out, "compare: {}", view.diff);
    if view.against.as_ref().is_none_or(|against| !against.merged) {
        let _ = writeln!(out, "take it: git wp adopt {} --take", view.attempt);
    }
    out
}

fn more(out: &mut String, all: usize, listed: usize) {
    if all > listed {
        let _ = writeln!(out, "    and {} more", all - listed);
    }
}

fn package(against: Option<&Against>) -> String {
    let Some(against) = against else {
        return "nobody holds the package".to_owned();
    };
    let machine = foreign(&against.machine);
    match against.merged {
        true => format!("merged is attempt {} of {machine}", against.attempt),
        false => format!("attempt {} of {machine} holds the package", against.attempt),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> Comparison {
        let oid = |digit: &str| Oid::parse(&digit.repeat(40)).unwrap();
        Comparison {
            feature: FeatureId::parse("add-auth").unwrap(),
            package: PackageId::parse("wp-api").unwrap(),
            attempt: AttemptId::parse("a2").unwrap(),
            machine: "ann@laptop".into(),
            claim: ClaimWord::Superseded,
            why: Some("`wp-api` is held by add-auth/wp-api".into()),
            base: oid("a"),
            head: oid("b"),
            commits: 2,
            listed: vec![CommitRow {
                commit: oid("b"),
                subject: "Add the route".into(),
            }],
            files: vec!["api/route.rs".into()],
            against: Some(Against {
                attempt: AttemptId::parse("a1").unwrap(),
                machine: "bob@build".into(),
                merged: false,
                head: Some(oid("c")),
            }),
            diff: "git diff cccccccccc bbbbbbbbbb".into(),
        }
    }

    #[test]
    fn kept_work_stands_beside_what_the_package_has() {
        insta::assert_snapshot!(render(&view(), Page::plain()), @r"
        add-auth/wp-api: attempt a2 of ann@laptop, superseded: `wp-api` is held by add-auth/wp-api
          2 commits since aaaaaaaaaa
            bbbbbbbbbb Add the route
            and 1 more
          1 file
            api/route.rs
        attempt a1 of bob@build holds the package
        compare: git diff cccccccccc bbbbbbbbbb
        take it: git wp adopt a2 --take
        ");
    }

    #[test]
    fn what_is_merged_cannot_be_replaced() {
        let mut view = view();
        view.against = view.against.map(|against| Against {
            merged: true,
            ..against
        });
        let text = render(&view, Page::plain());
        assert!(text.contains("merged is attempt a1"), "{text}");
        assert!(!text.contains("--take"), "{text}");
    }
}
