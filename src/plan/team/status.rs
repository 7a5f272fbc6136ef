//! Words of status in plans of team-implement, and where they stand on a line.

use std::ops::Range;

use super::super::outline::{Line, Mark, MarkStyle};
use crate::model::ItemStatus;

/// What a marker means; case, and the sign between its words, do not matter.
pub(super) fn status(words: &str) -> ItemStatus {
    let word = words.trim().to_ascii_uppercase().replace(['_', '-'], " ");
    match word.as_str() {
        "COMPLETED" | "COMPLETE" | "DONE" => ItemStatus::Done,
        "NOT STARTED" | "PENDING" | "PLANNED" => ItemStatus::Pending,
        "IN PROGRESS" | "IMPLEMENTING" | "STARTED" => ItemStatus::Running,
        "IN REVIEW" | "PR READY" => ItemStatus::InReview,
        "PARTIAL" | "PARTIALLY COMPLETED" => ItemStatus::Partial,
        "BLOCKED" => ItemStatus::Blocked,
        "FAILED" => ItemStatus::Failed,
        "SKIPPED" | "DEFERRED" => ItemStatus::Skipped,
        "ABANDONED" | "CANCELLED" | "CANCELED" | "EXPANDED" => ItemStatus::Cancelled,
        _ => ItemStatus::Unknown,
    }
}

/// The last bracket of capital words in `text`: at its end whatever it says, before other words
/// only if it is a status. Brackets that belong to the name, as in `chapters[]`, are neither.
pub(super) fn bracket(text: &str) -> Option<&str> {
    let capital = |c: char| c.is_ascii_uppercase() || matches!(c, ' ' | '_' | '-');
    let mut end = text.trim_end().len();
    let whole = end;
    while let Some(close) = text[..end].rfind(']') {
        let open = text[..close].rfind('[')?;
        let inside = &text[open + 1..close];
        let marker = inside.starts_with(|c: char| c.is_ascii_uppercase())
            && inside.chars().all(capital)
            && !text[close..].starts_with("](");
        let last = close + 1 == whole;
        if marker && (last || status(inside) != ItemStatus::Unknown) {
            return Some(inside);
        }
        end = open;
    }
    None
}

/// The mark that the words `inside` a line make.
pub(super) fn marked(line: &Line<'_>, inside: &str, style: MarkStyle) -> Mark {
    Mark {
        status: status(inside),
        text: inside.to_owned(),
        range: Some(line.range_of(inside)),
        style,
    }
}

/// The mark of a heading that has none: the place behind its last word.
pub(super) fn unmarked(line: &Line<'_>) -> Mark {
    let end = line.start + line.text.trim_end().len();
    Mark {
        status: ItemStatus::Unknown,
        text: String::new(),
        range: Some(Range { start: end, end }),
        style: MarkStyle::Bracket,
    }
}

/// The mark that the value of a `Status` field makes: `[COMPLETED]`, or words. `value` is a slice
/// of the line.
pub(super) fn of_value(line: &Line<'_>, value: &str) -> Option<Mark> {
    if let Some(inside) = bracket(value) {
        return Some(marked(line, inside, MarkStyle::Bracket));
    }
    let from = value.find(|c: char| c.is_ascii_alphabetic())?;
    let words = &value[from..];
    let word = |c: char| c.is_ascii_alphabetic() || matches!(c, ' ' | '_' | '-');
    let end = words.find(|c| !word(c)).unwrap_or(words.len());
    let words = words[..end].trim_end_matches([' ', '-', '_']);
    Some(marked(line, words, MarkStyle::Words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::outline::Text;

    #[test]
    fn the_last_bracket_of_capital_words_is_the_marker() {
        assert_eq!(
            bracket("chapters[] Normal [COMPLETED]  "),
            Some("COMPLETED")
        );
        assert_eq!(bracket("a [OPTIONAL] [NOT STARTED]"), Some("NOT STARTED"));
        assert_eq!(
            bracket("a [REQUIRES FILE READING]"),
            Some("REQUIRES FILE READING")
        );
        assert_eq!(bracket("a [DONE] (in May)"), Some("DONE"));
        assert_eq!(bracket("the [API] of it"), None);
        assert_eq!(bracket("see [DONE](x.md)"), None);
        assert_eq!(bracket("a[0] ]["), None);
    }

    #[test]
    fn a_typo_is_not_taken_for_not_started() {
        assert_eq!(status("NOT STARTARTED"), ItemStatus::Unknown);
        assert_eq!(status("In-Progress"), ItemStatus::Running);
    }

    #[test]
    fn the_value_of_a_status_field_has_brackets_or_words() {
        for (value, text, style) in [
            ("[COMPLETED] on Monday", "COMPLETED", MarkStyle::Bracket),
            (
                "✅ Not Started - yet",
                "Not Started - yet",
                MarkStyle::Words,
            ),
            ("Complete (all)", "Complete", MarkStyle::Words),
        ] {
            let text_of = Text::new(value, "x");
            let line = text_of.lines()[0];
            let mark = of_value(&line, line.text).unwrap();
            assert_eq!((mark.text.as_str(), mark.style), (text, style));
            assert_eq!(&value[mark.range.unwrap()], text);
        }
    }
}
