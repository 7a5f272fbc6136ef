//! Task lists of spec:parallel_execute: numbered tasks, tracks, groups, review gates.
//!
//! Only a box with an id is a task, or a heading `Task N`; every other box is a step. Order comes
//! from a task's own field, the header of its track, and the closing section of older lists.

mod details;
mod heads;
mod maps;
mod order;
mod parts;
mod settle;
mod verdict;

use std::collections::BTreeMap;

use crate::model::{Code, ItemKind, ItemStatus};
use crate::plan::outline::words::{box_line, field_line, heading, is_fence};
use crate::plan::outline::{Field, Group, Line, Lint, Mark, MarkStyle, Outline, Text};
use details::Details;
use heads::{Head, head};
use order::Ids;
pub(super) use parts::recognises;
use parts::{blank, document_title, kind_of, title_of};
pub use verdict::verdict_of;

/// Reads a task list.
pub(super) fn read(text: &Text<'_>) -> Outline {
    let mut reading = Reading {
        text,
        out: Outline::new(),
        ids: Ids::default(),
        open: None,
        skipping: false,
        place: Place::default(),
        placed: BTreeMap::new(),
        loose: Vec::new(),
        orders: Vec::new(),
        headers: Vec::new(),
    };
    for line in text.lines() {
        reading.line(line);
    }
    reading.close();
    reading.finish()
}

/// Where in the document a line stands.
#[derive(Debug, Clone, Default)]
struct Place<'a> {
    section: &'a str,
    part: &'a str,
    checklist: bool,
    phase: Option<String>,
    track: Option<String>,
    level: usize,
    speaks: bool,
}

/// A line that belongs to no task.
struct Loose<'a> {
    line: Line<'a>,
    section: &'a str,
    part: &'a str,
    /// The section speaks of order.
    speaks: bool,
}

/// What somebody says to wait for, before all ids are known.
struct Order {
    value: String,
    line: u32,
    byte: usize,
}

struct Open {
    at: usize,
    details: Details,
    /// It is a heading: all until the next belongs to it.
    heading: bool,
    end: usize,
}

struct Reading<'t, 'a> {
    text: &'t Text<'a>,
    out: Outline,
    ids: Ids,
    open: Option<Open>,
    /// The lines of a task that was read before.
    skipping: bool,
    place: Place<'a>,
    /// Groups by label and value.
    placed: BTreeMap<(&'static str, String), usize>,
    loose: Vec<Loose<'a>>,
    orders: Vec<(usize, Order)>,
    headers: Vec<(usize, Order)>,
}

/// Sections of boxes that are no tasks even where they begin with a number.
const CHECKLISTS: [&str; 8] = [
    "success",
    "prerequisite",
    "required reading",
    "definition of done",
    "checklist",
    "metric",
    "risk",
    "acceptance",
];

impl<'a> Reading<'_, 'a> {
    fn line(&mut self, line: &Line<'a>) {
        if let Some(read) = heading(line.text) {
            self.close();
            return self.heading(line, read.level, read.text);
        }
        if let Some(boxed) = box_line(line.text)
            && let Some((id, rest)) = heads::task(&boxed, self.place.checklist)
        {
            self.close();
            let mark = box_mark(line, boxed.mark);
            let title = title_of(rest);
            if self.begin(line, id, title, mark) && ItemKind::Review == kind_of(id) {
                let at = self.out.items.len() - 1;
                self.out.items[at].verdict = verdict::in_title(rest, line);
            }
            return;
        }
        if line.text.trim().is_empty() || is_fence(line.text) {
            return;
        }
        let rule = line.text.trim_end();
        if rule.len() >= 3 && rule.bytes().all(|b| b == b'-' || b == b'*' || b == b'_') {
            return self.close();
        }
        let inside = line.text.starts_with([' ', '\t', '-', '*', '+', '_', '>'])
            || verdict::in_list(line).is_some();
        match &self.open {
            Some(open) if open.heading || inside && !is_paragraph(line.text) => self.detail(line),
            _ if self.skipping && inside => {}
            _ => {
                self.close();
                self.stray(line);
            }
        }
    }

    fn heading(&mut self, line: &Line<'a>, level: usize, text: &'a str) {
        match head(text) {
            Head::Task(id, title) if level > 2 => {
                let mark = Mark {
                    status: ItemStatus::Unknown,
                    text: String::new(),
                    range: None,
                    style: MarkStyle::Nowhere,
                };
                if self.begin(line, id, title_of(title), mark) {
                    self.open.iter_mut().for_each(|open| open.heading = true);
                }
                return;
            }
            Head::Phase(value, name) if level > 1 => {
                self.group("phase", value, name, line);
                self.place.phase = Some(value.to_owned());
                self.place.track = None;
                self.place.level = level;
            }
            Head::Track(value, name, order) if level > 1 => {
                let at = self.group("track", value, name, line);
                if let Some(value) = order {
                    self.headers.push((at, order_at(value, line)));
                }
                self.place.track = Some(value.to_owned());
                self.place.level = level;
            }
            _ if level <= self.place.level.max(2) => {
                self.place.phase = None;
                self.place.track = None;
                self.place.level = 0;
            }
            _ => {}
        }
        let lower = text.to_lowercase();
        if level == 1 && self.out.title.is_none() {
            self.out.title = Some(document_title(text));
        } else if level <= 2 {
            self.place.section = text;
            self.place.part = "";
        } else {
            self.place.part = text;
        }
        self.place.speaks = maps::speaks(self.place.section) || maps::speaks(self.place.part);
        let named = CHECKLISTS.iter().any(|words| lower.contains(words));
        self.place.checklist = named && self.place.level == 0;
        self.loose.push(self.loose_at(line));
    }

    fn group(&mut self, label: &'static str, value: &str, name: &str, line: &Line<'_>) -> usize {
        let next = self.out.groups.len();
        let at = *self.placed.entry((label, value.to_owned())).or_insert(next);
        if at < next {
            return at;
        }
        self.out
            .groups
            .push(Group::new(label, value, name, line.number));
        at
    }

    /// Opens an element; false if its id was there before.
    fn begin(&mut self, line: &Line<'a>, id: &str, title: String, mark: Mark) -> bool {
        let start = line.start + (line.text.len() - line.text.trim_start().len());
        self.skipping = self.ids.has(id);
        if self.skipping {
            let message = format!("the id `{id}` is used twice; the first one counts");
            let hint = "give the second task another id";
            let lint = Lint {
                message,
                hint,
                items: &[id],
            };
            self.out.find(self.text, start, Code::RepeatedId, lint);
            return false;
        }
        self.ids.add(id);
        let mut item = blank(id, title, mark);
        item.optional = item.title.to_lowercase().contains("(optional)");
        item.range = line.start..line.next;
        item.line = line.number;
        item.column = self.text.place(start).1;
        if item.mark.status == ItemStatus::Unknown && item.mark.range.is_some() {
            let message = format!("the box of `{id}` holds `{}`", item.mark.text);
            let hint = "write `[ ]` or `[x]`";
            let lint = Lint {
                message,
                hint,
                items: &[id],
            };
            self.out.find(self.text, start, Code::Unreadable, lint);
        }
        let labels = [("phase", &self.place.phase), ("track", &self.place.track)];
        for (name, value) in labels {
            let value = value.clone();
            value.map(|value| item.labels.insert(name.to_owned(), value));
        }
        self.out.items.push(item);
        self.open = Some(Open {
            at: self.out.items.len() - 1,
            details: Details::default(),
            heading: false,
            end: line.next,
        });
        true
    }

    fn detail(&mut self, line: &Line<'a>) {
        let Some(open) = &mut self.open else { return };
        open.end = line.next;
        let item = &mut self.out.items[open.at];
        if item.kind == ItemKind::Review
            && let Some(verdict) = verdict::in_list(line)
        {
            item.verdict = Some(verdict);
        }
        for (name, value) in details::fields(line.text) {
            if details::is_order(name) {
                item.declares_order = true;
                self.orders.push((open.at, order_at(value, line)));
            }
        }
        open.details.line(line, item);
    }

    fn stray(&mut self, line: &Line<'a>) {
        if let Some(field) = field_line(line.text).filter(|_| self.place.section.is_empty()) {
            self.out.meta.push(Field {
                name: field.name.to_owned(),
                value: field.value.to_owned(),
                line: line.number,
            });
        }
        self.loose.push(self.loose_at(line));
    }

    fn loose_at(&self, line: &Line<'a>) -> Loose<'a> {
        Loose {
            line: *line,
            section: self.place.section,
            part: self.place.part,
            speaks: self.place.speaks,
        }
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            let item = &mut self.out.items[open.at];
            item.range.end = open.end;
            if open.heading {
                item.mark.status = details::status_of_steps(&item.steps);
            }
        }
        self.skipping = false;
    }
}

fn order_at(value: &str, line: &Line<'_>) -> Order {
    Order {
        value: value.to_owned(),
        line: line.number,
        byte: line.start,
    }
}

/// A bold line at the margin that is no field of a task: it opens something else.
fn is_paragraph(line: &str) -> bool {
    line.starts_with("**") && !line.to_lowercase().contains("status")
}

fn box_mark(line: &Line<'_>, mark: &str) -> Mark {
    Mark {
        status: details::status_of_box(mark),
        text: mark.to_owned(),
        range: Some(line.range_of(mark)),
        style: MarkStyle::Box,
    }
}

#[cfg(test)]
mod tests;
