//! One thing that happened in a run, as one line.

use crate::base::text::foreign;
use crate::base::{AttemptId, Oid, PackageId, Timestamp};
use crate::report::style::{Label, Page};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLine {
    /// Wall time.
    pub at: Timestamp,
    /// The package, if it concerns one.
    pub package: Option<PackageId>,
    /// The attempt, if it concerns one.
    pub attempt: Option<AttemptId>,
    /// What happened, as in `--events`.
    pub kind: String,
    /// A stable word that says how it went; may be empty.
    pub word: String,
    /// For people; may be empty.
    pub text: String,
    /// The commit, if it concerns one.
    pub commit: Option<Oid>,
}

impl EventLine {
    /// True if the line belongs into the story. What waits is shown by `status`, and there is a
    /// line for every package that waits for another; and what displays are told follows from
    /// the rest.
    pub fn is_told(&self) -> bool {
        !matches!(self.kind.as_str(), "waiting" | "purple-status")
    }
}

/// Draws the line, without a line feed; `name_width` is the width of the widest package id.
pub fn render(event: &EventLine, name_width: usize, page: Page) -> String {
    let name = event.package.as_ref().map_or("", |p| p.as_str());
    let name = format!("{:name_width$}", foreign(name).to_string());
    let label = label(&event.kind, &event.word);
    let mut line = format!("{}  {}", page.paint(Label::Strong, &name), {
        page.paint(label, headline(&event.kind, &event.word))
    });
    if !event.text.is_empty() {
        line.push_str(&format!(": {}", foreign(&event.text)));
    } else if event.kind == "run-ended" {
        line.push_str(&format!(": {}", foreign(&event.word)));
    }
    if let Some(commit) = event.commit.as_ref().filter(|_| shows_commit(&event.kind)) {
        line.push_str(&format!(" at {}", commit.short()));
    }
    line.trim_end().to_owned()
}

fn shows_commit(kind: &str) -> bool {
    matches!(
        kind,
        "landed" | "branch" | "run-started" | "run-resumed" | "final-check"
    )
}

/// What happened in a word or two.
fn headline<'a>(kind: &'a str, word: &'a str) -> &'a str {
    match (kind, word) {
        ("run-started", _) => "run begins",
        ("run-resumed", _) => "run goes on",
        ("attempt-started", "debug") => "debugger started",
        ("attempt-started", _) => "started",
        ("attempt-adopted", _) => "adopted",
        ("attempt-finished", "") => "agent ended",
        ("gate", "passed") => "gate passed",
        ("gate", _) => "gate closed",
        ("verified", "passed") => "verified",
        ("verified", _) => "verification failed",
        ("landing", _) => "merging",
        ("landed", _) => "merged",
        ("land-void", _) => "merge given up",
        ("branch", _) => "feature branch",
        ("qa-round", "pass") => "QA round passed",
        ("qa-round", "void") => "QA round is void",
        ("qa-round", _) => "QA round failed",
        ("asked", _) => "question",
        ("final-check", "passed") => "final verification passed",
        ("final-check", _) => "final verification failed",
        ("run-ended", _) => "run ended",
        ("integrating", _) => "asks to merge",
        ("work-started", _) => "serving",
        ("work-ended", _) => "nothing is left here",
        ("attempt-finished" | "attempt-ended", word) => word,
        (kind, _) => kind,
    }
}

fn label(kind: &str, word: &str) -> Label {
    match (kind, word) {
        ("landed", _) | ("run-ended", "merged") => Label::Good,
        (_, "passed" | "completed" | "finished") => Label::Good,
        ("gate" | "verified" | "final-check" | "land-void", _) => Label::Bad,
        (_, "failed" | "diverged" | "killed" | "timed-out" | "silent" | "bad-result") => Label::Bad,
        ("warning" | "waiting" | "stopping" | "rehearsal", _) => Label::Warn,
        ("attempt-started" | "attempt-adopted" | "landing", _) => Label::Busy,
        _ => Label::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, word: &str, text: &str) -> String {
        let event = EventLine {
            at: Timestamp::from_millis(0),
            package: PackageId::parse("wp-api"),
            attempt: AttemptId::parse("a1"),
            kind: kind.to_owned(),
            word: word.to_owned(),
            text: text.to_owned(),
            commit: Oid::parse(&"ab".repeat(20)),
        };
        render(&event, 12, Page::plain())
    }

    #[test]
    fn a_story_reads_well() {
        let lines = [
            event("attempt-started", "", "try 1 with `shell`"),
            event("attempt-finished", "finished", "1 file"),
            event("gate", "passed", ""),
            event("verified", "failed", "step `test` exited with 1"),
            event("landed", "", "2f1c\u{1b}[0m"),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r"
        wp-api        started: try 1 with `shell`
        wp-api        finished: 1 file
        wp-api        gate passed
        wp-api        verification failed: step `test` exited with 1
        wp-api        merged: 2f1c\u{1b}[0m at ababababab
        ");
    }
}
