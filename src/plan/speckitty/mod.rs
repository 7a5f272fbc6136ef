//! Work packages of spec-kitty: the list of them all, or one package's own file.
//!
//! In the list a package is a heading `WP01` and its subtasks are boxes below it; in its own file
//! YAML at the top says everything, and is read with the guard before all YAML.

mod front;
mod list;
mod parts;

use crate::model::ItemStatus;
use crate::plan::detect::Likeness;
use crate::plan::outline::words::heading;
use crate::plan::outline::{Mark, MarkStyle, Outline, Text};

/// How much a text looks like a list of such packages, or like one of them.
pub(super) fn recognises(text: &Text<'_>, path: &str) -> Likeness {
    if front::is_package(text) {
        return Likeness::Surely;
    }
    let (mut packages, mut named) = (0_usize, path.contains("kitty-specs/"));
    for line in text.lines() {
        if let Some(head) = heading(line.text) {
            packages += usize::from(head.level > 1 && list::package(head.text).is_some());
            named |= head.text.contains("Work Package") || head.text.starts_with("Subtask");
        }
    }
    match packages {
        0 => Likeness::No,
        _ if named => Likeness::Surely,
        _ => Likeness::Maybe,
    }
}

/// Reads a list of packages, or one.
pub(super) fn read(text: &Text<'_>) -> Outline {
    match front::is_package(text) {
        true => front::read(text),
        false => list::read(text),
    }
}

/// `WP01` at the start of a word.
pub(super) fn package_id(word: &str) -> Option<&str> {
    let rest = word.strip_prefix("WP")?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let ends = rest[digits..]
        .chars()
        .next()
        .is_none_or(|c| !c.is_alphanumeric());
    ((1..=6).contains(&digits) && ends).then(|| &word[..2 + digits])
}

/// All ids in a text, ranges such as `WP01–WP03` as first and last.
pub(super) fn package_ids(text: &str) -> Vec<(String, Option<String>)> {
    let mut found: Vec<(String, Option<String>)> = Vec::new();
    let mut open = false;
    let words = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    for word in words {
        let bare = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let joins = |c: char| matches!(c, '-' | '–' | '—');
        if let Some(id) = package_id(bare).filter(|id| id.len() == bare.len()) {
            match found.last_mut().filter(|(_, to)| open && to.is_none()) {
                Some((_, to)) => *to = Some(id.to_owned()),
                None => found.push((id.to_owned(), None)),
            }
            open = word.ends_with(joins);
        } else if !bare.is_empty() {
            open = matches!(bare, "through" | "to");
        }
    }
    found
}

/// A package of the list is as far as its boxes are; the list has no place for more.
pub(super) fn nowhere(status: ItemStatus) -> Mark {
    Mark {
        status,
        text: String::new(),
        range: None,
        style: MarkStyle::Nowhere,
    }
}

#[cfg(test)]
mod tests;
