//! `tasks.md` of spec-kit: tasks `T012` in phases, marks for stories and for what may run beside
//! its neighbours.
//!
//! A line is a task only if its box is followed by an id; legends and checklists are not. Order
//! comes from the file and from inline `(depends on T012)`; prose about order is not read.

mod line;
mod marks;
mod phase;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Code, EdgeOrigin, ItemStatus};
use crate::plan::detect::Likeness;
use crate::plan::outline::words::{box_line, field_line, heading, is_fence};
use crate::plan::outline::{
    DeclaredScope, Dependency, Field, Group, Item, Line, Lint, Mark, MarkStyle, Outline,
    ScopeState, Strength, Target, Text, When,
};
use line::{Task, task};
use marks::{status, step};
use phase::{cut, phase_name, phase_number, title};

/// At most so many elements are named by ranges of dependencies.
const RANGE_MAX: usize = 50_000;

/// How much a text looks like a task list of this kind.
pub(super) fn recognises(text: &Text<'_>, path: &str) -> Likeness {
    let (mut tasks, mut labels, mut phases) = (0_usize, false, false);
    for line in text.lines() {
        if let Some(found) = box_line(line.text).and_then(|boxed| task(boxed.rest)) {
            tasks += 1;
            labels |= !found.labels.is_empty();
        } else if let Some(head) = heading(line.text) {
            phases |= head.level == 2 && phase_number(head.text).is_some();
        }
    }
    let placed = path.contains("specs/") && !path.contains(".kiro/");
    match tasks {
        0 => Likeness::No,
        _ if labels || phases || placed => Likeness::Surely,
        _ => Likeness::Maybe,
    }
}

/// Reads a task list.
pub(super) fn read(text: &Text<'_>) -> Outline {
    let mut reading = Reading {
        text,
        out: Outline::new(),
        real: real_ids(text),
        seen: BTreeMap::new(),
        groups: BTreeMap::new(),
        phase: None,
        example: false,
        open: None,
        first: 0,
        checks: Vec::new(),
        orders: Vec::new(),
    };
    for line in text.lines() {
        reading.line(line);
    }
    reading.end_phase();
    reading.finish()
}

/// Whether a section shows how lines look rather than what is to be done.
fn is_example(heading: &str) -> bool {
    let lower = heading.to_lowercase();
    let starts = [
        "format",
        "task format",
        "checklist format",
        "parallel example",
        "example",
        "notes",
    ];
    starts.iter().any(|start| lower.starts_with(start))
}

/// The ids that stand outside of examples: there they are meant.
fn real_ids(text: &Text<'_>) -> BTreeSet<String> {
    let (mut ids, mut example) = (BTreeSet::new(), false);
    for line in text.lines() {
        if let Some(head) = heading(line.text).filter(|head| head.level <= 2) {
            example = is_example(head.text);
        } else if let Some(found) = box_line(line.text).and_then(|b| task(b.rest))
            && !example
        {
            ids.insert(found.id.to_owned());
        }
    }
    ids
}

/// An id, or the first and the last of a range.
type Ends = (String, Option<String>);

struct Open {
    at: usize,
    indent: usize,
}

struct Reading<'t, 'a> {
    text: &'t Text<'a>,
    out: Outline,
    real: BTreeSet<String>,
    seen: BTreeMap<String, usize>,
    groups: BTreeMap<String, usize>,
    phase: Option<String>,
    example: bool,
    open: Option<Open>,
    /// The first element of the phase.
    first: usize,
    /// What the phase says of how it is checked.
    checks: Vec<String>,
    orders: Vec<(usize, Vec<Ends>, u32)>,
}

impl<'a> Reading<'_, 'a> {
    fn line(&mut self, line: &Line<'a>) {
        if let Some(head) = heading(line.text) {
            self.open = None;
            return self.heading(head.level, head.text, line);
        }
        let boxed = box_line(line.text);
        if let Some(boxed) = &boxed
            && let Some(found) = task(boxed.rest)
        {
            return self.task(line, boxed.mark, &found);
        }
        if line.text.trim().is_empty() || is_fence(line.text) {
            return;
        }
        if let Some(open) = self
            .open
            .as_ref()
            .filter(|open| line.indent() > open.indent)
        {
            let item = &mut self.out.items[open.at];
            item.range.end = line.next;
            item.steps.extend(step(line));
            return;
        }
        self.open = None;
        let Some(field) = field_line(line.text) else {
            return;
        };
        match field.name.to_lowercase().as_str() {
            "checkpoint" | "independent test" => {
                self.checks.push(format!("{}: {}", field.name, field.value));
            }
            _ if self.out.items.is_empty() && self.phase.is_none() => self.out.meta.push(Field {
                name: field.name.to_owned(),
                value: field.value.to_owned(),
                line: line.number,
            }),
            _ => {}
        }
    }

    fn heading(&mut self, level: usize, text: &str, line: &Line<'_>) {
        if level == 1 {
            // In the middle of the file it is a comment of some example.
            if self.out.title.is_none() {
                self.out.title = Some(title(text));
            }
            return;
        }
        let number = phase_number(text).filter(|_| level <= 3);
        if level > 2 && number.is_none() {
            return;
        }
        self.end_phase();
        self.example = is_example(text);
        let name = phase_name(text);
        let value = number.unwrap_or_else(|| cut(text).to_owned());
        let next = self.out.groups.len();
        let at = *self.groups.entry(value.clone()).or_insert(next);
        if at == next {
            self.out
                .groups
                .push(Group::new("phase", &value, name, line.number));
        }
        self.phase = Some(value);
    }

    /// What a phase says of its test is said of its last task.
    fn end_phase(&mut self) {
        let checks = std::mem::take(&mut self.checks);
        if self.out.items.len() > self.first
            && let Some(last) = self.out.items.last_mut()
        {
            last.checks.extend(checks);
        }
        self.first = self.out.items.len();
    }

    fn task(&mut self, line: &Line<'a>, mark: &str, found: &Task<'_>) {
        self.open = None;
        if self.example && self.real.contains(found.id) {
            return;
        }
        let start = line
            .next
            .min(line.start + (line.text.len() - line.text.trim_start().len()));
        if self.is_twice(start, found.id) {
            return;
        }
        let at = self.out.items.len();
        self.seen.insert(found.id.to_owned(), at);
        self.open = Some(Open {
            at,
            indent: line.indent(),
        });
        if !found.waits.is_empty() {
            self.orders.push((at, found.owned_waits(), line.number));
        }
        let mut labels = found.labelled();
        let phase = self.phase.clone();
        phase.map(|phase| labels.insert("phase".to_owned(), phase));
        let entries = found.files(line.number);
        let status = self.status(start, mark, found);
        let mark = Mark {
            status,
            text: mark.to_owned(),
            range: Some(line.range_of(mark)),
            style: MarkStyle::Box,
        };
        self.out.items.push(Item {
            labels,
            declares_order: !found.waits.is_empty(),
            scope: DeclaredScope {
                state: match entries.is_empty() {
                    true => ScopeState::Absent,
                    false => ScopeState::Declared,
                },
                entries,
            },
            fields: found.fields(line.number),
            range: line.start..line.next,
            line: line.number,
            column: self.text.place(start).1,
            ..Item::new(found.id, found.title.to_owned(), mark)
        });
    }

    fn status(&mut self, start: usize, mark: &str, found: &Task<'_>) -> ItemStatus {
        let status = status(mark, found.title);
        if status == ItemStatus::Unknown {
            let message = format!("the box of `{}` holds `{mark}`", found.id);
            let lint = Lint {
                message,
                hint: "write `[ ]` or `[X]`",
                items: &[found.id],
            };
            self.out.find(self.text, start, Code::Unreadable, lint);
        }
        status
    }

    fn is_twice(&mut self, start: usize, id: &str) -> bool {
        if let Some(&first) = self.seen.get(id) {
            let first = self.out.items[first].line;
            let message = format!("`{id}` is there twice; that in line {first} counts");
            let hint = "give the second task another id";
            let lint = Lint {
                message,
                hint,
                items: &[id],
            };
            self.out.find(self.text, start, Code::RepeatedId, lint);
            return true;
        }
        false
    }

    fn finish(mut self) -> Outline {
        let used: BTreeSet<&String> = self
            .out
            .items
            .iter()
            .filter_map(|i| i.labels.get("phase"))
            .collect();
        self.out.groups.retain(|group| used.contains(&group.value));
        let mut made = 0_usize;
        for (at, waits, number) in std::mem::take(&mut self.orders) {
            for (from, to) in waits {
                let ids = self.between(&from, to.as_deref(), &mut made);
                let list = &mut self.out.items[at].depends_on;
                list.extend(ids.into_iter().map(|id| Dependency {
                    to: Target::Item(id),
                    when: When::Done,
                    strength: Strength::Hard,
                    origin: EdgeOrigin::Field,
                    note: None,
                    line: number,
                }));
            }
        }
        self.out
    }

    /// The tasks of the file from one to another.
    fn between(&self, from: &str, to: Option<&str>, made: &mut usize) -> Vec<String> {
        let Some(to) = to else {
            return vec![from.to_owned()];
        };
        let ends = self.seen.get(from).zip(self.seen.get(to));
        match ends.filter(|(a, b)| a <= b && *made < RANGE_MAX) {
            Some((&a, &b)) => {
                *made += b - a;
                self.out.items[a..=b]
                    .iter()
                    .map(|item| item.id.clone())
                    .collect()
            }
            None => vec![from.to_owned(), to.to_owned()],
        }
    }
}

#[cfg(test)]
mod tests;
