//! Writes a status back into a document: patches the bytes of one mark, reads the result again, and
//! refuses if anything but the intended element changed. Never renders a file anew.

use std::collections::BTreeMap;
use std::fmt;

use crate::model::{Format, ItemStatus};
use crate::plan::outline::{Item, Mark, MarkStyle, Outline, Text};
use crate::plan::outline_of::read_outline;

/// The status that an element is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewStatus {
    /// In the vocabulary of all formats; the file gets the nearest marker it can hold.
    Status(ItemStatus),
    /// The marker itself, for instance `NOT STARTED` or `x`.
    Marker(String),
}

impl NewStatus {
    /// A word of the common vocabulary, else a marker.
    pub fn parse(word: &str) -> Self {
        match ItemStatus::parse(word) {
            Some(status) => NewStatus::Status(status),
            None => NewStatus::Marker(word.to_owned()),
        }
    }
}

/// Whose status is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose<'a> {
    /// The element with this verbatim id.
    Item(&'a str),
    /// The document as a whole.
    Plan,
}

/// Why a status was not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The format keeps its state elsewhere, or the file is no document.
    NoDocument,
    /// No element has the id.
    Unknown,
    /// Several have it.
    Repeated,
    /// The document has no place for this status.
    NoPlace,
    /// The text is none of the format's markers; these are.
    NoMarker(Vec<String>),
    /// Something else would be read differently.
    SideEffect(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NoDocument => f.write_str("the plan is no document that holds a status"),
            Refusal::Unknown => f.write_str("no element has this id"),
            Refusal::Repeated => f.write_str("several elements have this id"),
            Refusal::NoPlace => f.write_str("the document has no place for this status"),
            Refusal::NoMarker(known) => {
                write!(
                    f,
                    "that is no marker of the format; it has: {}",
                    known.join(", ")
                )
            }
            Refusal::SideEffect(what) => write!(f, "{what} would be read differently afterwards"),
        }
    }
}

/// The text of the document with one status changed. The same text if it says so already.
///
/// # Errors
/// See [`Refusal`].
pub fn set_status(
    whole: &str,
    (format, source): (Format, &str),
    whose: Whose<'_>,
    to: &NewStatus,
) -> Result<String, Refusal> {
    let text = Text::new(whole, source);
    let before = read_outline(format, &text).ok_or(Refusal::NoDocument)?;
    let mark = match whose {
        Whose::Plan => before.mark.as_ref().ok_or(Refusal::NoPlace)?,
        Whose::Item(id) => &before.items[position(&before, id)?].mark,
    };
    let words = Words {
        format,
        outline: &before,
        whose,
    };
    let wanted = words.choose(mark, to)?;
    if wanted == mark.text {
        return Ok(whole.to_owned());
    }
    let after = patch(whole, mark, &wanted).ok_or(Refusal::NoPlace)?;
    let reread = Text::new(&after, source);
    let found = read_outline(format, &reread).ok_or(Refusal::NoDocument)?;
    match difference(&before, &found, whose, &wanted) {
        Some(what) => Err(Refusal::SideEffect(what)),
        None => Ok(after),
    }
}

fn position(outline: &Outline, id: &str) -> Result<usize, Refusal> {
    let items = outline.items.iter().enumerate();
    let mut found = items.filter(|(_, item)| item.id == id).map(|(at, _)| at);
    let first = found.next().ok_or(Refusal::Unknown)?;
    match found.next() {
        Some(_) => Err(Refusal::Repeated),
        None => Ok(first),
    }
}

/// The markers of a format.
struct Words<'a> {
    format: Format,
    outline: &'a Outline,
    whose: Whose<'a>,
}

impl Words<'_> {
    fn choose(&self, mark: &Mark, to: &NewStatus) -> Result<String, Refusal> {
        match to {
            NewStatus::Status(status) if *status == mark.status => Ok(mark.text.clone()),
            NewStatus::Status(status) => Ok(self.usual(mark, *status)),
            NewStatus::Marker(word) => {
                let known = self.known(mark);
                match known.contains(word) {
                    true => Ok(word.clone()),
                    false => Err(Refusal::NoMarker(known)),
                }
            }
        }
    }

    /// The marker of a status: as this file writes it elsewhere, else as the format's users do.
    fn usual(&self, mark: &Mark, status: ItemStatus) -> String {
        let default = self.default(mark.style, status);
        let same = |other: &&Mark| {
            other.style == mark.style && other.status == status && !other.text.is_empty()
        };
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for other in self
            .outline
            .items
            .iter()
            .map(|item| &item.mark)
            .filter(same)
        {
            *counts.entry(&other.text).or_default() += 1;
        }
        let often = counts
            .iter()
            .max_by_key(|(text, count)| (**count, **text == default));
        often.map_or(default.to_owned(), |(text, _)| (*text).to_owned())
    }

    fn default(&self, style: MarkStyle, status: ItemStatus) -> &'static str {
        match (style, self.format) {
            (MarkStyle::Box, format) => in_box(format, status),
            (_, Format::SpeckittyTasks) => lane(status),
            _ if self.whose == Whose::Plan && status == ItemStatus::Running => "IMPLEMENTING",
            _ => in_words(status),
        }
    }

    /// Every marker that may be asked for: the usual ones, and those that stand in the file.
    fn known(&self, mark: &Mark) -> Vec<String> {
        let usual = ItemStatus::ALL
            .iter()
            .map(|status| self.default(mark.style, *status));
        let items = self.outline.items.iter().map(|item| &item.mark);
        let here = items.filter(|other| other.style == mark.style);
        let here = here.map(|other| other.text.as_str());
        let also = match (mark.style, self.format) {
            (MarkStyle::Box, Format::KiroTasks) => &["x", "X", "-", "~", " "][..],
            (MarkStyle::Box, _) => &["x", "X", " "][..],
            _ => &["DONE", "IMPLEMENTING"][..],
        };
        let mut known: Vec<String> = Vec::new();
        for word in usual
            .chain(also.iter().copied())
            .chain(here)
            .chain([mark.text.as_str()])
        {
            if !known.iter().any(|other| other == word) {
                known.push(word.to_owned());
            }
        }
        known
    }
}

fn in_box(format: Format, status: ItemStatus) -> &'static str {
    match (status, format) {
        (ItemStatus::Done, Format::SpeckitTasks) => "X",
        (ItemStatus::Done, _) => "x",
        (ItemStatus::Running | ItemStatus::Partial | ItemStatus::InReview, Format::KiroTasks) => {
            "-"
        }
        (ItemStatus::Blocked | ItemStatus::Failed, Format::KiroTasks) => "~",
        _ => " ",
    }
}

fn lane(status: ItemStatus) -> &'static str {
    match status {
        ItemStatus::Done | ItemStatus::Skipped | ItemStatus::Cancelled => "done",
        ItemStatus::InReview => "for_review",
        ItemStatus::Running | ItemStatus::Partial | ItemStatus::Blocked | ItemStatus::Failed => {
            "doing"
        }
        ItemStatus::Pending | ItemStatus::Unknown => "planned",
    }
}

fn in_words(status: ItemStatus) -> &'static str {
    match status {
        ItemStatus::Pending => "NOT STARTED",
        ItemStatus::Running | ItemStatus::InReview => "IN PROGRESS",
        ItemStatus::Done => "COMPLETED",
        ItemStatus::Partial | ItemStatus::Failed => "PARTIAL",
        ItemStatus::Blocked => "BLOCKED",
        ItemStatus::Skipped => "SKIPPED",
        ItemStatus::Cancelled => "ABANDONED",
        ItemStatus::Unknown => "",
    }
}

/// The text with another marker. A bracket comes and goes with its words.
fn patch(whole: &str, mark: &Mark, wanted: &str) -> Option<String> {
    let range = mark.range.clone()?;
    let is_empty = mark.text.is_empty();
    let (range, instead) = match mark.style {
        MarkStyle::Nowhere => return None,
        MarkStyle::Bracket if is_empty => (range, format!(" [{wanted}]")),
        MarkStyle::Bracket if wanted.is_empty() => {
            let before = whole.get(..range.start)?.strip_suffix(" [")?;
            whole.get(range.end..)?.strip_prefix(']')?;
            (before.len()..range.end + 1, String::new())
        }
        MarkStyle::Box | MarkStyle::Words if is_empty || wanted.is_empty() => return None,
        MarkStyle::Box | MarkStyle::Words | MarkStyle::Bracket => (range, wanted.to_owned()),
    };
    let (before, after) = (whole.get(..range.start)?, whole.get(range.end..)?);
    Some([before, &instead, after].concat())
}

/// What is read differently, beside the mark that was meant to change.
fn difference(before: &Outline, after: &Outline, whose: Whose<'_>, wanted: &str) -> Option<String> {
    if before.items.len() != after.items.len() {
        return Some("the number of elements".to_owned());
    }
    let text = |mark: &Option<Mark>| mark.as_ref().map(|mark| mark.text.clone());
    let (old, new) = (text(&before.mark), text(&after.mark));
    let meant = match whose {
        Whose::Plan => new.as_deref() == Some(wanted),
        Whose::Item(_) => old == new,
    };
    if !meant || before.title != after.title || before.meta.len() != after.meta.len() {
        return Some("the head of the document".to_owned());
    }
    for (old, new) in before.items.iter().zip(&after.items) {
        let is_meant = whose == Whose::Item(&old.id);
        let mark = match is_meant {
            true => new.mark.text == wanted,
            false => old.mark.text == new.mark.text && old.mark.status == new.mark.status,
        };
        if !mark || !is_same(old, new) {
            return Some(format!("the element `{}`", old.id));
        }
    }
    None
}

fn is_same(old: &Item, new: &Item) -> bool {
    let steps = |item: &Item| -> Vec<(Option<String>, String, String)> {
        let steps = item.steps.iter();
        steps
            .map(|s| (s.id.clone(), s.text.clone(), s.mark.text.clone()))
            .collect()
    };
    old.id == new.id
        && old.title == new.title
        && old.kind == new.kind
        && old.parent == new.parent
        && old.optional == new.optional
        && old.labels == new.labels
        && old.depends_on == new.depends_on
        && old.scope == new.scope
        && old.checks == new.checks
        && old.line == new.line
        && steps(old) == steps(new)
}
