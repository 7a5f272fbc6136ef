//! Two texts side by side, as a unified diff.

use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

use crate::base::text::foreign;
use crate::report::style::{Label, Page};

/// The two versions of one file.
#[derive(Debug, Clone, Copy)]
pub struct Versions<'a> {
    /// What the first text is called.
    pub old_name: &'a str,
    /// The first text.
    pub old: &'a str,
    /// What the second text is called.
    pub new_name: &'a str,
    /// The second text.
    pub new: &'a str,
}

/// Draws the difference with three lines around each change, at most [`LINES_MAX`] lines.
pub fn render(versions: &Versions<'_>, page: Page) -> String {
    let diff = TextDiff::from_lines(versions.old, versions.new);
    let mut lines = vec![
        page.paint(
            Label::Strong,
            &format!("--- {}", foreign(versions.old_name)),
        ),
        page.paint(
            Label::Strong,
            &format!("+++ {}", foreign(versions.new_name)),
        ),
    ];
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        lines.push(page.paint(Label::Busy, hunk.header().to_string().trim_end()));
        for change in hunk.iter_changes() {
            let (sign, label) = match change.tag() {
                ChangeTag::Delete => ('-', Label::Bad),
                ChangeTag::Insert => ('+', Label::Good),
                ChangeTag::Equal => (' ', Label::Plain),
            };
            let text = foreign(change.value().trim_end_matches(['\n', '\r'])).to_string();
            lines.push(page.paint(label, &format!("{sign}{text}")));
        }
    }
    let hidden = lines.len().saturating_sub(LINES_MAX);
    lines.truncate(LINES_MAX);
    let mut out = lines.join("\n");
    out.push('\n');
    if hidden > 0 {
        let _ = writeln!(out, "... {hidden} more lines");
    }
    out
}

/// More lines of a difference than this help nobody.
pub const LINES_MAX: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_command_is_seen() {
        let old = "steps:\n  - name: test\n    command: make test\n";
        let versions = Versions {
            old_name: "approved",
            old,
            new_name: "now",
            new: &old.replace("make test", "curl evil\u{1b}[2K"),
        };
        insta::assert_snapshot!(render(&versions, Page::plain()), @r"
        --- approved
        +++ now
        @@ -1,3 +1,3 @@
         steps:
           - name: test
        -    command: make test
        +    command: curl evil\u{1b}[2K
        ");
    }
}
