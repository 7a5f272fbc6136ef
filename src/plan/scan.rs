//! One pass of the scanner over a text, and why a text is not read any further.

use libyaml_safer::{Encoding, EventData, Parser};

use crate::model::Code;
use crate::plan::node::{Lines, Span};

/// Why a text is not read any further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// [`Code::HostileInput`], or [`Code::Schema`] for plain mistakes of writing.
    pub code: Code,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// Where.
    pub span: Span,
}

/// Hands every event of `text` with its span to `each`, until the first error.
pub(super) fn events(
    text: &str,
    lines: &Lines<'_>,
    mut each: impl FnMut(EventData, Span) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let mut input = text.as_bytes();
    let mut parser = Parser::new();
    parser.set_encoding(Encoding::Utf8);
    parser.set_input(&mut input);
    loop {
        let event = parser.parse().map_err(|e| syntax(text, lines, &e))?;
        if matches!(event.data, EventData::StreamEnd) {
            return Ok(());
        }
        let span = lines.span(place(event.start_mark.index), place(event.end_mark.index));
        each(event.data, span)?;
    }
}

/// A mark as an index; files are at most `BYTES_MAX` long, so it always fits.
fn place(index: u64) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

/// The refusal of what hides or explodes.
pub(super) fn hostile(message: impl Into<String>, hint: &str, span: Span) -> Refusal {
    Refusal {
        code: Code::HostileInput,
        message: message.into(),
        hint: hint.to_owned(),
        span,
    }
}

/// What the scanner could not make sense of, with the usual cause judged by what stands there.
fn syntax(text: &str, lines: &Lines<'_>, error: &libyaml_safer::Error) -> Refusal {
    let at = error.problem_mark().map_or(0, |m| place(m.index));
    let from = error.context_mark().map_or(at, |m| place(m.index));
    let char_at = |place: usize| text.get(place..).and_then(|rest| rest.chars().next());
    let (at, hint) = if char_at(from) == Some('*') {
        (from, "quote patterns that start with *")
    } else {
        let hint = match char_at(at) {
            Some('\t') => "indent with blanks, not with tabs",
            Some('@' | '`' | '%' | '|' | '>') => "put the value in quotes",
            Some(':') => "put a value that holds a colon and a blank in quotes",
            _ => "look at indentation, quotes and brackets here and on the lines before",
        };
        (at, hint)
    };
    let context = error
        .context()
        .map_or_else(String::new, |c| format!(" {c}"));
    Refusal {
        code: Code::Schema,
        message: format!("the file is not YAML: {}{context}", error.problem()),
        hint: hint.to_owned(),
        span: lines.span(at, at),
    }
}
