//! Lists of boxes: `tasks.md` of OpenSpec changes, of Kiro and of its relatives.
//!
//! Every box at the margin is an element, whether or not it has an id and whatever fence it
//! stands in; one without an id is numbered within its section (`S2#5`). Boxes without an id below
//! another are its steps. File order is the order; what says otherwise is read as written.

mod detail;
mod entry;
mod order;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::detect::Likeness;
use super::outline::words;
use super::outline::{Field, Group, Item, Line, Lint, Outline, Text};
use crate::model::{Code, ItemKind};
use detail::Detail;
use entry::Entry;

/// Reads a list.
pub(super) fn read(text: &Text<'_>) -> Outline {
    let mut list = List {
        text,
        outline: Outline::new(),
        sections: Sections::default(),
        ids: BTreeMap::new(),
        above: Vec::new(),
        next: 1,
        now: None,
        details: Vec::new(),
    };
    for line in text.lines() {
        if list.outline.items.len() == TASKS_MAX {
            list.say(line, Code::HostileInput, "more than ten thousand tasks");
            break;
        }
        list.line(line);
    }
    list.end(text.whole.len());
    list.finish()
}

/// Whether a text is the `tasks.md` of an OpenSpec change.
pub(super) fn is_openspec(text: &Text<'_>, path: &str) -> Likeness {
    let seen = Seen::of(text);
    if seen.boxes == 0 || seen.kiro_words {
        return Likeness::No;
    }
    let among_changes = path.contains("openspec") && path.contains("changes");
    if among_changes || (seen.numbered_sections && seen.dotted > 0) {
        Likeness::Surely
    } else if seen.dotted > 0 || seen.titled || path.ends_with("tasks.md") {
        Likeness::Maybe
    } else {
        Likeness::No
    }
}

/// Whether a text is a list of Kiro or of one of its relatives.
pub(super) fn is_kiro(text: &Text<'_>, path: &str) -> Likeness {
    let seen = Seen::of(text);
    let folders = [".kiro", ".spec-workflow", ".claude/specs", ".claude__specs"];
    let own_folder = folders.iter().any(|folder| path.contains(folder));
    if seen.numbered + seen.dotted == 0 {
        Likeness::No
    } else if own_folder || seen.kiro_words {
        Likeness::Surely
    } else if seen.numbered > 0 {
        Likeness::Maybe
    } else {
        Likeness::No
    }
}

/// What tells these lists apart.
#[derive(Default)]
struct Seen {
    boxes: usize,
    /// Boxes with an id such as `1`.
    numbered: usize,
    /// Boxes with an id such as `1.2`.
    dotted: usize,
    numbered_sections: bool,
    kiro_words: bool,
    titled: bool,
}

impl Seen {
    fn of(text: &Text<'_>) -> Self {
        let mut seen = Seen::default();
        let mut next = 1;
        for line in text.lines() {
            if let Some(heading) = words::heading(line.text) {
                let number = section_number(heading.text).is_some();
                seen.numbered_sections |= heading.level == 2 && number;
                seen.titled |= heading.level == 1 && heading.text.contains("Tasks");
            } else if let Some(entry) = Entry::of(line, next) {
                seen.boxes += 1;
                next = entry.next(next);
                match entry.id {
                    Some(id) if id.contains('.') => seen.dotted += 1,
                    Some(_) => seen.numbered += 1,
                    None => {}
                }
            } else {
                let inside = line.text.trim_start().trim_start_matches(['-', '*', ' ']);
                let words = [
                    "_Requirements:",
                    "_Leverage:",
                    "_Prompt:",
                    "_Depends:",
                    "Validates:",
                ];
                seen.kiro_words |= words.iter().any(|word| inside.starts_with(word));
            }
        }
        seen
    }
}

/// No list has more tasks; what comes behind is told, not read.
const TASKS_MAX: usize = 10_000;

/// Further sections have no group of their own; their boxes are read all the same.
const SECTIONS_MAX: usize = 1_000;

/// The section that boxes stand in.
#[derive(Default)]
struct Sections {
    count: usize,
    /// `phase` or `group` and the number, or `section` and the heading.
    now: Option<(&'static str, String)>,
    /// The number of the section, or its place if it has none.
    number: String,
    /// The number of a heading below the section, for instance `2.C`.
    part: Option<String>,
    /// Boxes so far, by the number of their section.
    boxes: BTreeMap<String, usize>,
    /// Group of the section, while nothing has stood in it.
    fresh: Option<usize>,
}

struct List<'a, 't> {
    text: &'a Text<'t>,
    outline: Outline,
    sections: Sections,
    /// Position of each element.
    ids: BTreeMap<String, usize>,
    /// Indent and position of the elements that the next line can be below.
    above: Vec<(usize, usize)>,
    /// The number that a list without dots would go on with.
    next: usize,
    /// The element that lines belong to, and its indent.
    now: Option<(usize, usize)>,
    /// What can be read only when all ids are known.
    details: Vec<order::Late<'t>>,
}

impl<'t> List<'_, 't> {
    fn line(&mut self, line: &Line<'t>) {
        if let Some(heading) = words::heading(line.text) {
            match heading.level {
                1 => self.title(heading.text),
                2 => self.section(heading.text, line),
                _ => self.part(heading.text, line),
            }
        } else if let Some(entry) = Entry::of(line, self.next) {
            self.entry(&entry, line);
        } else {
            self.detail(line);
        }
    }

    fn title(&mut self, text: &str) {
        if self.outline.title.is_none() && self.outline.items.is_empty() {
            self.outline.title = Some(text.to_owned());
        }
    }

    fn section(&mut self, text: &str, line: &Line<'_>) {
        self.end(line.start);
        self.sections.count += 1;
        let (label, value) = match section_number(text) {
            Some(number) if is_phase(text) => ("phase", number.to_owned()),
            Some(number) => ("group", number.to_owned()),
            None => ("section", text.to_owned()),
        };
        self.sections.number = match label {
            "section" => self.sections.count.to_string(),
            _ => value.clone(),
        };
        self.sections.now = Some((label, value.clone()));
        self.sections.part = None;
        self.sections.fresh = None;
        if self.outline.groups.len() >= SECTIONS_MAX {
            return;
        }
        self.sections.fresh = Some(self.outline.groups.len());
        self.outline.groups.push(Group {
            title: Some(text.to_owned()),
            ..Group::new(label, &value, text, line.number)
        });
    }

    fn part(&mut self, text: &str, line: &Line<'_>) {
        self.end(line.start);
        let first = text.split([' ', ':']).next().unwrap_or_default();
        let number = entry::is_id(first).then(|| first.trim_end_matches('.').to_owned());
        self.sections.part = number;
    }

    fn entry(&mut self, entry: &Entry<'t>, line: &Line<'t>) {
        let indent = line.indent();
        let over = self.above.iter().rev().find(|(deep, _)| *deep < indent);
        let over = over.map(|(_, at)| *at);
        if entry.id.is_none() {
            if let Some(at) = over {
                self.outline.items[at].steps.push(entry.step(line));
                return;
            }
            if !entry.is_known() {
                self.say(
                    line,
                    Code::Unreadable,
                    "this looks like a box, but its mark is none",
                );
                return;
            }
        }
        self.end(line.start);
        self.next = entry.next(self.next);
        self.above.retain(|(deep, _)| *deep < indent);
        let at = self.outline.items.len();
        let id = self.id(entry, line, at);
        let mut item = entry.item(id, line, self.text.whole.len());
        item.parent = entry.id.and_then(|id| self.parent(id)).or(over);
        if !entry.is_known() {
            self.say(
                line,
                Code::Unreadable,
                "the mark of this box is none that a rule knows",
            );
        }
        self.label(&mut item);
        self.outline.items.push(item);
        self.above.push((indent, at));
        self.now = Some((at, indent));
        self.sections.fresh = None;
    }

    /// The id as written; the place in the section where there is none, or it is taken.
    fn id(&mut self, entry: &Entry<'_>, line: &Line<'_>, at: usize) -> String {
        let section = match self.sections.number.as_str() {
            "" => "0".to_owned(),
            number => number.to_owned(),
        };
        let nth = self.sections.boxes.entry(section.clone()).or_default();
        *nth += 1;
        let numbered = format!("S{section}#{nth}");
        let id = match entry.id {
            Some(id) if !self.ids.contains_key(id) => id.to_owned(),
            Some(id) => {
                let lint = Lint {
                    message: format!("`{id}` is the id of an earlier task; this is `{numbered}`"),
                    hint: "give each task an id of its own",
                    items: &[id],
                };
                self.outline
                    .find(self.text, line.start, Code::RepeatedId, lint);
                numbered
            }
            None => numbered,
        };
        self.ids.insert(id.clone(), at);
        id
    }

    /// The element whose id is this one's without its last part.
    fn parent(&self, id: &str) -> Option<usize> {
        let (over, _) = id.rsplit_once('.')?;
        self.ids.get(over).copied()
    }

    fn label(&self, item: &mut Item) {
        if let Some((label, value)) = &self.sections.now {
            item.labels.insert((*label).to_owned(), value.clone());
        }
        if let Some(part) = &self.sections.part {
            item.labels.insert("part".to_owned(), part.clone());
        }
    }

    /// A line below an element, or below the heading of a section.
    fn detail(&mut self, line: &Line<'t>) {
        let Some(detail) = Detail::of(line) else {
            return;
        };
        let Some((at, indent)) = self.now else {
            return self.header(&detail, line);
        };
        match detail {
            Detail::Depends(value) => {
                if std::mem::replace(&mut self.outline.items[at].declares_order, true) {
                    let message = "this task has said before what it waits for; that counts";
                    self.say(line, Code::Contradiction, message);
                } else {
                    self.details.push(order::Late::item(at, value, *line));
                }
            }
            // A bullet beside the box is no part of it.
            Detail::Bullet(_) if line.indent() <= indent => {}
            _ => detail.add(&mut self.outline.items[at], line),
        }
    }

    fn header(&mut self, detail: &Detail<'t>, line: &Line<'t>) {
        match (detail, self.sections.fresh) {
            (Detail::Depends(value), Some(group)) if !self.outline.groups[group].declares_order => {
                self.details.push(order::Late::group(group, value, *line));
                self.outline.groups[group].declares_order = true;
            }
            (Detail::Field(name, value), _) => self.outline.meta.push(Field {
                name: (*name).to_owned(),
                value: (*value).to_owned(),
                line: line.number,
            }),
            _ => {}
        }
    }

    /// The element that lines belong to ends at this byte.
    fn end(&mut self, byte: usize) {
        if let Some((at, _)) = self.now.take() {
            self.outline.items[at].range.end = byte;
        }
    }

    fn say(&mut self, line: &Line<'_>, code: Code, message: &str) {
        let hint = match code {
            Code::Contradiction => "keep one field of dependencies in a task",
            Code::HostileInput => "split the list",
            _ => "write `- [ ]` for what is open and `- [x]` for what is done",
        };
        let lint = Lint {
            message: message.to_owned(),
            hint,
            items: &[],
        };
        self.outline.find(self.text, line.start, code, lint);
    }

    fn finish(mut self) -> Outline {
        let title = self.outline.title.take();
        self.outline.title = title.and_then(|title| detail::plain_title(&title));
        order::resolve(self.text, &mut self.outline, &self.ids, self.details);
        let parents: BTreeSet<usize> = self.outline.items.iter().filter_map(|i| i.parent).collect();
        for at in parents {
            let item = &mut self.outline.items[at];
            if item.steps.is_empty() && item.scope.entries.is_empty() {
                item.kind = ItemKind::Container;
            }
        }
        self.outline
    }
}

/// Whether the heading of a section calls it a phase.
fn is_phase(text: &str) -> bool {
    text.get(..5)
        .is_some_and(|word| word.eq_ignore_ascii_case("phase"))
}

/// The number of a section: `3. Tests`, `Phase 3: Tests`, `Task 3 — Tests`.
fn section_number(text: &str) -> Option<&str> {
    let mut words = text.split([' ', ':', '—', ')']);
    let first = words.next()?;
    let named = ["phase", "section", "task", "step", "group", "stage"];
    let lower = first.to_lowercase();
    let word = if named.contains(&lower.as_str()) {
        words.next()?
    } else {
        // A number alone is a number only with something behind it: not `2026 goals`.
        let marked = first.ends_with('.') || text[first.len()..].starts_with([':', ')']);
        marked.then_some(first)?
    };
    let number = word.trim_end_matches('.');
    let digit = number.starts_with(|c: char| c.is_ascii_digit());
    let plain = number
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '.');
    (digit && plain && number.len() <= 8).then_some(number)
}
