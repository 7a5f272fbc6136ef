//! What `cleanup` took away of a feature, what it kept and why, and what goes on.

use std::fmt::Write as _;

use serde::Serialize;

use crate::base::text::foreign;
use crate::base::{AttemptId, FeatureId, Oid, PackageId, RefName};
use crate::report::style::{Label, Page};

/// What was done, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CleanupView {
    /// The feature.
    pub feature: FeatureId,
    /// Short name of the branch that it is part of.
    pub target: String,
    /// True if nothing was changed.
    pub dry_run: bool,
    /// Locks and intents that were released.
    pub released: Vec<String>,
    /// Worktrees that were removed.
    pub rooms: Vec<RoomRow>,
    /// Branches of attempts that were removed.
    pub branches: Vec<BranchRow>,
    /// What was kept.
    pub kept: Vec<KeptRow>,
    /// The plan of what is left to do.
    pub follow_up: Option<FollowUpRow>,
    /// What became of the archive; `null` if nobody asked for one.
    pub archive: Option<ArchiveRow>,
}

/// A worktree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoomRow {
    /// Its attempt.
    pub attempt: AttemptId,
    /// Where it stood.
    pub path: String,
    /// What was saved of it.
    pub saved: Option<Oid>,
}

/// A branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BranchRow {
    /// Its short name.
    pub branch: String,
    /// Where it stood.
    pub head: Oid,
    /// The ref that holds its commits.
    pub held_by: RefName,
}

/// Something that was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptRow {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

/// A plan of what is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FollowUpRow {
    /// Its feature.
    pub feature: FeatureId,
    /// Packages in it.
    pub packages: Vec<PackageId>,
    /// Files that were written, relative to the root.
    pub files: Vec<String>,
}

/// What became of the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArchiveRow {
    /// The command.
    pub command: String,
    /// True if it ended well; false if it failed or was not run.
    pub done: bool,
    /// What it said, or why it was not run.
    pub said: String,
}

/// Draws it.
pub fn render(view: &CleanupView, page: Page) -> String {
    let (feature, target) = (foreign(view.feature.as_str()), foreign(&view.target));
    let name = page.paint(Label::Strong, &feature.to_string());
    let would = if view.dry_run { "would be " } else { "" };
    let mut out = format!("{name} is part of {target}\n");
    for key in &view.released {
        let _ = writeln!(out, "  {would}released `{}`", foreign(key));
    }
    for room in &view.rooms {
        let saved = match &room.saved {
            Some(commit) => format!(", saved as {}", commit.short()),
            None => String::new(),
        };
        let _ = writeln!(out, "  {would}removed {}{saved}", foreign(&room.path));
    }
    for row in &view.branches {
        let (branch, holder) = (foreign(&row.branch), foreign(row.held_by.short()));
        let _ = writeln!(out, "  {would}removed branch {branch}, held by {holder}");
    }
    for row in &view.kept {
        let (what, why) = (foreign(&row.what), foreign(&row.why));
        let _ = writeln!(out, "  kept {what}: {why}");
    }
    if let Some(row) = &view.follow_up {
        let _ = writeln!(
            out,
            "left to do is `{}` now:",
            foreign(row.feature.as_str())
        );
        for file in &row.files {
            let _ = writeln!(out, "  {would}written {}", foreign(file));
        }
    }
    if let Some(row) = &view.archive {
        let word = if row.done { "done" } else { "not done" };
        let _ = writeln!(out, "{}: {word}", foreign(&row.command));
        for line in row.said.lines() {
            let _ = writeln!(out, "  | {}", foreign(line));
        }
    }
    if let Some(row) = view.follow_up.as_ref().filter(|_| !view.dry_run) {
        let next = foreign(row.feature.as_str()).to_string();
        let _ = writeln!(out, "next: git wp validate {next}, and commit it");
    }
    out
}
