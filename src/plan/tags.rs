//! Refuses a tag in a list or mapping before the scanner meets it: the scanner would end the
//! process at a tag that is followed by a comma.
//!
//! Which `!` begins a tag depends on everything before it. So the text is scanned once with every
//! suspicious `!` replaced by a letter: where such a letter begins an unquoted word, the `!` would
//! have begun a tag; anywhere else (quotes, comments, block text) it is an ordinary character.

use std::collections::HashSet;

use libyaml_safer::{EventData, ScalarStyle};

use crate::plan::node::{Lines, Span};
use crate::plan::scan::{Refusal, events, hostile};

/// The refusal of any tag; the guard uses it for those that the scanner survives.
pub(super) fn refusal(span: Span) -> Refusal {
    hostile(
        "a tag (`!…`) stands here; tags change what a value is",
        "remove the tag, or quote a value that begins with !",
        span,
    )
}

/// Refuses `text` if a tag before a comma would be scanned.
pub(super) fn refuse(text: &str, lines: &Lines<'_>) -> Result<(), Refusal> {
    let suspects = suspects(text);
    if suspects.is_empty() {
        return Ok(());
    }
    let harmless: String = text
        .char_indices()
        .map(|(at, c)| if suspects.contains(&at) { 'x' } else { c })
        .collect();
    events(&harmless, lines, |data, span| match data {
        EventData::Scalar {
            style: ScalarStyle::Plain,
            ..
        } if suspects.contains(&span.start) => Err(refusal(span)),
        _ => Ok(()),
    })
}

/// Every `!` with a comma between it and the next blank.
fn suspects(text: &str) -> HashSet<usize> {
    let mut out = HashSet::new();
    let mut comma = false;
    for (at, c) in text.char_indices().rev() {
        match c {
            ',' => comma = true,
            '!' if comma => {
                out.insert(at);
            }
            c if c.is_whitespace() => comma = false,
            _ => {}
        }
    }
    out
}
