//! A line with a box: mark, id, title, and the signs around them.

use std::collections::BTreeMap;

use super::super::outline::words;
use super::super::outline::{Item, Line, Mark, MarkStyle, Step};
use crate::model::{ItemKind, ItemStatus};

const ID_MAX: usize = 24;
const SIZES: [&str; 6] = ["XS", "S", "M", "L", "XL", "XXL"];

/// A box as it stands on its line.
pub(super) struct Entry<'t> {
    mark: &'t str,
    pub(super) id: Option<&'t str>,
    title: String,
    optional: bool,
    parallel: bool,
    size: Option<&'t str>,
}

impl<'t> Entry<'t> {
    /// The box of a line, if it has one. The bare number `next` is an id too: it goes on with
    /// those before.
    pub(super) fn of(line: &Line<'t>, next: usize) -> Option<Self> {
        let boxed = words::box_line(line.text)?;
        let starred = boxed
            .rest
            .strip_prefix('*')
            .filter(|r| r.starts_with([' ', '\t']));
        let rest = starred.unwrap_or(boxed.rest).trim();
        let bold = rest.strip_prefix("**");
        let (id, rest) = id_of(bold.unwrap_or(rest), next);
        let optional_id = rest
            .strip_prefix('*')
            .filter(|r| id.is_some() && !r.starts_with('*'));
        let rest = optional_id.unwrap_or(rest);
        let (size, rest) = size_of(rest.trim_start_matches([':', ')', ' ', '\t']));
        let rest = rest.trim();
        let unmarked = rest.strip_suffix("(P)");
        let leading = rest.strip_prefix("(P)");
        let title = unmarked.or(leading).unwrap_or(rest).trim();
        let title = match bold {
            Some(_) => title.replacen("**", "", 1).trim().to_owned(),
            None => title.to_owned(),
        };
        Some(Entry {
            mark: boxed.mark,
            id,
            title,
            optional: starred.is_some() || optional_id.is_some(),
            parallel: unmarked.is_some() || leading.is_some(),
            size,
        })
    }

    /// The number that would go on after this box, where `next` was it before.
    pub(super) fn next(&self, next: usize) -> usize {
        let number = self.id.and_then(|id| id.parse::<usize>().ok());
        number.map_or(next, |number| number.saturating_add(1))
    }

    /// Whether a rule knows what the mark means.
    pub(super) fn is_known(&self) -> bool {
        status(self.mark) != ItemStatus::Unknown
    }

    fn marked(&self, line: &Line<'_>) -> Mark {
        Mark {
            status: status(self.mark),
            text: self.mark.to_owned(),
            range: Some(line.range_of(self.mark)),
            style: MarkStyle::Box,
        }
    }

    pub(super) fn step(&self, line: &Line<'_>) -> Step {
        Step {
            id: None,
            text: self.title.clone(),
            mark: self.marked(line),
            note: None,
            line: line.number,
        }
    }

    pub(super) fn item(&self, id: String, line: &Line<'_>, end: usize) -> Item {
        let mut labels = BTreeMap::new();
        if self.parallel {
            labels.insert("parallel".to_owned(), "(P)".to_owned());
        }
        if let Some(size) = self.size {
            labels.insert("size".to_owned(), size.to_owned());
        }
        let bare = self
            .title
            .trim_start_matches(['✓', '✅', ' ', '*'])
            .as_bytes();
        let word = b"checkpoint";
        let checkpoint = bare
            .get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word));
        let indent = line.text.len() - line.text.trim_start().len();
        Item {
            kind: if checkpoint {
                ItemKind::Checkpoint
            } else {
                ItemKind::Work
            },
            optional: self.optional,
            labels,
            range: line.start..end,
            line: line.number,
            column: u32::try_from(line.text[..indent].chars().count() + 1).unwrap_or(u32::MAX),
            ..Item::new(&id, self.title.clone(), self.marked(line))
        }
    }
}

fn status(mark: &str) -> ItemStatus {
    match mark {
        " " => ItemStatus::Pending,
        "x" | "X" | "✓" | "✔" => ItemStatus::Done,
        "-" | "/" => ItemStatus::Running,
        "~" | "!" => ItemStatus::Blocked,
        _ => ItemStatus::Unknown,
    }
}

/// `1.`, `1.2`, `1.2.`, `1.2.3`, `3.1a`, `2.C`; a number alone needs a dot or colon behind it,
/// unless it is the `next` one.
fn id_of(text: &str, next: usize) -> (Option<&str>, &str) {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    let (word, rest) = text.split_at(end.unwrap_or(text.len()));
    let id = word.trim_end_matches('.');
    let marked = word.len() > id.len() || rest.starts_with([':', ')', '*']);
    let marked = marked || id.parse() == Ok(next);
    let ends = rest.is_empty() || rest.starts_with([' ', '\t', ':', ')', '*']);
    if is_id(id) && ends && (id.contains('.') || marked) {
        (Some(id), rest)
    } else {
        (None, text)
    }
}

/// Whether a word can be an id: it begins with a digit, and its parts are short.
pub(super) fn is_id(word: &str) -> bool {
    let word = word.strip_suffix('.').unwrap_or(word);
    let mut parts = word.split('.');
    let number = parts.next().is_some_and(|first| {
        let rest = first.trim_start_matches(|c: char| c.is_ascii_digit());
        rest.len() < first.len() && rest.len() <= 1 && rest.chars().all(char::is_alphabetic)
    });
    let short = |part: &str| {
        let letters = part.chars().filter(|c| !c.is_ascii_digit()).count();
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric()) && letters <= 1
    };
    number && word.len() <= ID_MAX && parts.all(short)
}

/// `(S)` or `[S]` behind the id.
fn size_of(text: &str) -> (Option<&str>, &str) {
    for (open, close) in [('(', ')'), ('[', ']')] {
        let inside = text.strip_prefix(open).and_then(|t| t.split_once(close));
        if let Some((size, rest)) = inside.filter(|(size, _)| SIZES.contains(size)) {
            return (Some(size), rest);
        }
    }
    (None, text)
}
