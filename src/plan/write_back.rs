//! Writes a status back into a document: patches the bytes of one mark, reads the result again, and
//! refuses if anything but the intended element changed. Never renders a file anew.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

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

/// A document that statuses are written into; read once, whatever is tried with it.
#[derive(Debug)]
pub struct Document<'a> {
    whole: &'a str,
    format: Format,
    source: &'a str,
    outline: Outline,
}

impl<'a> Document<'a> {
    /// Reads a document.
    ///
    /// # Errors
    /// [`Refusal::NoDocument`], if the format is none.
    pub fn read(whole: &'a str, (format, source): (Format, &'a str)) -> Result<Self, Refusal> {
        let outline = read_outline(format, &Text::new(whole, source));
        Ok(Document {
            whole,
            format,
            source,
            outline: outline.ok_or(Refusal::NoDocument)?,
        })
    }

    /// The text with one status changed. The same text if it says so already. Reads the result
    /// once, and a second time where the usual marker of this file means something else there.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn set(&self, whose: Whose<'_>, to: &NewStatus) -> Result<String, Refusal> {
        let mark = match whose {
            Whose::Plan => self.outline.mark.as_ref().ok_or(Refusal::NoPlace)?,
            Whose::Item(id) => &self.outline.items[position(&self.outline, id)?].mark,
        };
        let words = Words {
            format: self.format,
            outline: &self.outline,
            whose,
        };
        let status = match to {
            NewStatus::Status(status) if *status == mark.status => {
                return Ok(self.whole.to_owned());
            }
            NewStatus::Status(status) => *status,
            NewStatus::Marker(_) if mark.range.is_none() => return Err(Refusal::NoPlace),
            NewStatus::Marker(marker) => {
                let known = words.known(mark);
                return match self.try_marker(whose, mark, marker) {
                    Ok((after, found)) if found.status != ItemStatus::Unknown => Ok(after),
                    tried if known.contains(marker) => tried.map(|(after, _)| after),
                    _ => Err(Refusal::NoMarker(known)),
                };
            }
        };
        let default = words.default(mark.style, status);
        for usual in words.usual(mark, status) {
            if usual == default || usual == mark.text {
                continue;
            }
            let tried = self.try_marker(whose, mark, &usual);
            if let Ok((after, found)) = tried
                && found.status == status
            {
                return Ok(after);
            }
        }
        if words.is_one(mark, status) {
            return Ok(self.whole.to_owned());
        }
        match self.try_marker(whose, mark, default)? {
            // The words of the element say so, whatever its marker is.
            (after, found) if found.status == mark.status && after != self.whole => {
                Err(Refusal::NoPlace)
            }
            (after, _) => Ok(after),
        }
    }

    /// The text with this marker, and the mark as it is read there.
    fn try_marker(
        &self,
        whose: Whose<'_>,
        mark: &Mark,
        wanted: &str,
    ) -> Result<(String, Mark), Refusal> {
        if wanted == mark.text {
            return Ok((self.whole.to_owned(), mark.clone()));
        }
        if whose == Whose::Plan && wanted.is_empty() {
            return Err(Refusal::NoPlace);
        }
        let (after, at) = patch(self.whole, mark, wanted).ok_or(Refusal::NoPlace)?;
        let found = read_outline(self.format, &Text::new(&after, self.source));
        let found = found.ok_or(Refusal::NoDocument)?;
        match difference(&self.outline, &found, whose, wanted) {
            // Without its marker the element has something else that looks like one.
            Some(_) if wanted.is_empty() => return Err(Refusal::NoPlace),
            Some(what) => return Err(Refusal::SideEffect(what)),
            None => {}
        }
        let mark = match whose {
            Whose::Plan => found.mark,
            Whose::Item(id) => found.item(id).map(|item| item.mark.clone()),
        };
        // A marker that is taken away must not be looked for elsewhere afterwards.
        let stays = |mark: &Mark| mark.range.as_ref().map(|range| range.start) == Some(at);
        let mark = mark.filter(stays).ok_or(Refusal::NoPlace)?;
        Ok((after, mark))
    }
}

/// As [`Document::set`], of a document that only one status is written into.
///
/// # Errors
/// See [`Refusal`].
pub fn set_status(
    whole: &str,
    named: (Format, &str),
    whose: Whose<'_>,
    to: &NewStatus,
) -> Result<String, Refusal> {
    Document::read(whole, named)?.set(whose, to)
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
    /// Whether the format has one marker for what stands there and for `status`. Beside a box that
    /// its words overrule there is no marker at all.
    fn is_one(&self, mark: &Mark, status: ItemStatus) -> bool {
        let overruled = mark.style == MarkStyle::Box && mark.status == ItemStatus::Skipped;
        let is_known = mark.status != ItemStatus::Unknown && !overruled;
        is_known && self.default(mark.style, mark.status) == self.default(mark.style, status)
    }

    /// Markers that may mean a status here, the likeliest first: as this file writes it elsewhere,
    /// and a ticked box where words say that it was left out.
    fn usual(&self, mark: &Mark, status: ItemStatus) -> Vec<String> {
        let mut usual = vec![self.most_used(mark, status)];
        if status == ItemStatus::Skipped && self.format == Format::SpeckitTasks {
            usual.push(self.most_used(mark, ItemStatus::Done));
        }
        usual
    }

    fn most_used(&self, mark: &Mark, status: ItemStatus) -> String {
        let default = self.default(mark.style, status);
        let items = self.outline.items.iter().map(|item| &item.mark);
        let same = items.filter(|other| {
            other.style == mark.style && other.status == status && !other.text.is_empty()
        });
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for other in same {
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
            _ if self.whose == Whose::Plan && in_words(status) == "IN PROGRESS" => "IMPLEMENTING",
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
            (_, Format::SpeckittyTasks) => &[][..],
            _ => &[
                "DONE",
                "IMPLEMENTING",
                "MANUAL",
                "MECHANICAL",
                "REQUIRES FILE READING",
            ][..],
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

/// The text with another marker, and where that begins. A bracket comes and goes with its words.
fn patch(whole: &str, mark: &Mark, wanted: &str) -> Option<(String, usize)> {
    let Range { start, end } = mark.range.clone()?;
    let (range, instead, at) = match (mark.style, mark.text.is_empty(), wanted.is_empty()) {
        (MarkStyle::Nowhere, ..) => return None,
        (MarkStyle::Bracket, true, _) => (start..end, format!(" [{wanted}]"), start + " [".len()),
        (MarkStyle::Bracket, false, true) => {
            let before = whole.get(..start)?.strip_suffix(" [")?.len();
            whole.get(end..)?.strip_prefix(']')?;
            (before..end + "]".len(), String::new(), before)
        }
        (_, false, false) => (start..end, wanted.to_owned(), start),
        (MarkStyle::Box | MarkStyle::Words, ..) => return None,
    };
    let (before, after) = (whole.get(..range.start)?, whole.get(range.end..)?);
    Some(([before, &instead, after].concat(), at))
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
