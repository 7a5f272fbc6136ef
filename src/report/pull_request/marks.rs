//! Foreign text in the Markdown of a code host.

use std::fmt::Write as _;

use crate::base::text::foreign;

/// What parts a sign from the word behind it without being seen.
const JOINER: char = '\u{2060}';

/// One line of foreign text as it stands: titles know no marks.
pub(super) fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    foreign(&words.join(" ")).to_string()
}

/// Foreign text between back-ticks that stand around it already.
pub(super) fn code(text: &str) -> String {
    foreign(text).to_string().replace('`', "'")
}

/// Foreign text as a code span, also within a table.
pub(super) fn cell(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.is_empty() {
        true => String::new(),
        false => format!("`{}`", code(&words.join(" ")).replace('|', "\\|")),
    }
}

/// A heading and the head of a table.
pub(super) fn table(out: &mut String, title: &str, heads: &[&str]) {
    let _ = writeln!(out, "\n## {title}\n");
    row(out, heads);
    row(out, &vec!["---"; heads.len()]);
}

/// A row of a table; the cells are as they shall stand.
pub(super) fn row(out: &mut String, cells: &[&str]) {
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

/// Takes from `@name`, `#12` and `GH-12` what makes a host call people and close issues.
pub(super) fn tame(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        out.push(c);
        let calls = match c {
            '@' | '!' => rest.peek().is_some_and(|next| next.is_alphanumeric()),
            '#' => rest.peek().is_some_and(char::is_ascii_digit),
            '-' => {
                let gh = out.len() >= 3 && out[..out.len() - 1].to_lowercase().ends_with("gh");
                gh && rest.peek().is_some_and(char::is_ascii_digit)
            }
            _ => false,
        };
        if calls {
            out.push(JOINER);
        }
    }
    out
}
