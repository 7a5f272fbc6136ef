//! `tasks.md` of spec-kitty: a heading per package, its fields, its subtasks.

use std::collections::BTreeMap;

use crate::model::{Code, EdgeOrigin, ItemStatus};
use crate::plan::outline::words::{heading, is_fence, noted};
use crate::plan::outline::{
    Dependency, Item, Line, Lint, Outline, Step, Strength, Target, Text, When,
};
use crate::plan::speckitty::parts::{field, fields, says_none, status, subtask};
use crate::plan::speckitty::{nowhere, package_id, package_ids};

/// At most so many ids are made of ranges.
const RANGE_MAX: usize = 20_000;

/// Id, title and priority of the heading of a package.
pub(super) fn package(text: &str) -> Option<(&str, &str, Option<&str>)> {
    let plain = text
        .strip_prefix("Work Package")
        .map_or(text, |r| r.trim_start_matches([':', ' ']));
    let id = package_id(plain)?;
    let rest = plain[id.len()..].trim_start();
    let behind = rest.strip_prefix([':', '–', '—', '-'])?;
    let (title, priority) = match behind.rsplit_once("(Priority:") {
        Some((title, rest)) => (title, rest.split(')').next()),
        None => (behind, None),
    };
    Some((id, title.trim(), priority.map(str::trim)))
}

/// Reads the list.
pub(super) fn read(text: &Text<'_>) -> Outline {
    let mut reading = Reading {
        text,
        out: Outline::new(),
        seen: BTreeMap::new(),
        open: None,
        index: BTreeMap::new(),
        columns: Vec::new(),
        rows: Vec::new(),
        orders: Vec::new(),
    };
    for line in text.lines() {
        reading.line(line);
    }
    reading.close();
    reading.finish()
}

struct Open {
    at: usize,
    level: usize,
    part: String,
    end: usize,
}

/// A row of a table about packages: its package, what it waits for, its place.
struct Row {
    id: String,
    waits: String,
    line: u32,
    byte: usize,
}

struct Order {
    at: usize,
    value: String,
    line: u32,
}

struct Reading<'t, 'a> {
    text: &'t Text<'a>,
    out: Outline,
    seen: BTreeMap<String, usize>,
    open: Option<Open>,
    /// Subtasks of each package by the table of subtasks.
    index: BTreeMap<String, Vec<(String, String, u32)>>,
    /// The heads of the table that is being read.
    columns: Vec<String>,
    rows: Vec<Row>,
    orders: Vec<Order>,
}

impl<'a> Reading<'_, 'a> {
    fn line(&mut self, line: &Line<'a>) {
        if let Some(head) = heading(line.text) {
            return self.heading(line, head.level, head.text);
        }
        if line.text.trim().is_empty() {
            self.columns.clear();
            return;
        }
        if is_fence(line.text) {
            return;
        }
        if line.text.trim_start().starts_with('|') {
            self.row(line);
        } else {
            self.columns.clear();
        }
        let rule = line.text.trim_end();
        if rule.len() >= 3 && rule.bytes().all(|b| b == b'-') {
            return self.close();
        }
        if self.open.is_some() {
            self.detail(line);
        } else if self.out.items.is_empty() && self.rows.is_empty() {
            let found = fields(line.text)
                .into_iter()
                .map(|(name, value)| field(name, value, line));
            self.out.meta.extend(found);
        }
    }

    fn heading(&mut self, line: &Line<'a>, level: usize, text: &str) {
        self.columns.clear();
        if let Some((id, title, priority)) = package(text).filter(|_| level > 1) {
            self.close();
            return self.begin(line, level, (id, title, priority));
        }
        if level == 1 {
            if self.out.title.is_none() {
                let starts = ["Work Packages:", "Tasks:"];
                let plain = starts
                    .iter()
                    .find_map(|s| text.strip_prefix(s))
                    .unwrap_or(text);
                self.out.title = Some(plain.trim().to_owned());
            }
            return;
        }
        match &mut self.open {
            Some(open) if level > open.level => {
                text.clone_into(&mut open.part);
                open.end = line.next;
            }
            _ => self.close(),
        }
    }

    fn begin(&mut self, line: &Line<'a>, level: usize, head: (&str, &str, Option<&str>)) {
        let (id, title, priority) = head;
        if let Some(&first) = self.seen.get(id) {
            let first = self.out.items[first].line;
            let message = format!("`{id}` is there twice; that in line {first} counts");
            let hint = "give the second package another id";
            let lint = Lint {
                message,
                hint,
                items: &[id],
            };
            return self.out.find(self.text, line.start, Code::RepeatedId, lint);
        }
        let at = self.out.items.len();
        self.seen.insert(id.to_owned(), at);
        let priority = priority.map(|p| ("priority".to_owned(), p.to_owned()));
        self.out.items.push(Item {
            labels: priority.into_iter().collect(),
            range: line.start..line.next,
            line: line.number,
            ..Item::new(id, title.to_owned(), nowhere(ItemStatus::Unknown))
        });
        self.open = Some(Open {
            at,
            level,
            part: String::new(),
            end: line.next,
        });
    }

    fn detail(&mut self, line: &Line<'a>) {
        let Some(open) = &mut self.open else { return };
        open.end = line.next;
        let item = &mut self.out.items[open.at];
        if let Some(step) = subtask(line) {
            item.steps.push(step);
            return;
        }
        let found = fields(line.text);
        for (name, value) in &found {
            let lower = name.to_lowercase();
            match lower.as_str() {
                "dependencies" | "depends on" => self.orders.push(Order {
                    at: open.at,
                    value: (*value).to_owned(),
                    line: line.number,
                }),
                "priority" => {
                    let word = value.split([' ', '(']).next().unwrap_or(value);
                    let word = word.trim_end_matches('.').to_owned();
                    item.labels.entry("priority".to_owned()).or_insert(word);
                }
                "agent profile" | "agent" => {
                    item.labels.insert("agent".to_owned(), (*value).to_owned());
                }
                "independent test" => item.checks.push((*value).to_owned()),
                _ => {}
            }
            item.fields.push(field(name, value, line));
        }
        if found.is_empty() && open.part.to_lowercase().starts_with("dependencies") {
            self.orders.push(Order {
                at: open.at,
                value: line
                    .text
                    .trim()
                    .trim_start_matches(['-', '*', ' '])
                    .to_owned(),
                line: line.number,
            });
        }
    }

    /// Tables of packages and of subtasks, told by their heads.
    fn row(&mut self, line: &Line<'a>) {
        let inside = line.text.trim().trim_matches('|');
        let cells: Vec<&str> = inside.split('|').map(str::trim).collect();
        if self.columns.is_empty() {
            self.columns = cells.iter().map(|cell| cell.to_lowercase()).collect();
            return;
        }
        let cell = |names: &[&str]| {
            let at = self
                .columns
                .iter()
                .position(|column| names.contains(&column.as_str()))?;
            cells.get(at).copied()
        };
        let Some(id) = cell(&["wp", "work package"]).and_then(package_id) else {
            return;
        };
        if let Some(subtask) = cell(&["id", "subtask"]).filter(|id| id.starts_with('T')) {
            let text = cell(&["description"]).unwrap_or("").to_owned();
            let list = self.index.entry(id.to_owned()).or_default();
            list.push((subtask.to_owned(), text, line.number));
        } else if let Some(waits) = cell(&["dependencies", "depends on", "deps"]) {
            self.rows.push(Row {
                id: id.to_owned(),
                waits: waits.to_owned(),
                line: line.number,
                byte: line.start,
            });
        }
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            self.out.items[open.at].range.end = open.end;
        }
    }

    fn finish(mut self) -> Outline {
        let mut made = 0;
        for order in std::mem::take(&mut self.orders) {
            let found = self.targets(&order.value, &mut made);
            let item = &mut self.out.items[order.at];
            if found.is_empty() && !says_none(&order.value) {
                if !item.declares_order {
                    let (id, start) = (item.id.clone(), item.range.start);
                    let message = format!("`{}` names no package to wait for", order.value);
                    let lint = Lint {
                        message,
                        hint: "write `WP01, WP02` or `None`",
                        items: &[&id],
                    };
                    self.out.find(self.text, start, Code::Unreadable, lint);
                }
                continue;
            }
            item.declares_order = true;
            let known: Vec<Target> = item.depends_on.iter().map(|d| d.to.clone()).collect();
            let list = found
                .into_iter()
                .map(|id| waits(id, EdgeOrigin::Field, order.line));
            item.depends_on
                .extend(list.filter(|d| !known.contains(&d.to)));
        }
        for row in std::mem::take(&mut self.rows) {
            self.table(&row, &mut made);
        }
        for item in &mut self.out.items {
            if item.steps.is_empty() {
                let listed = self.index.remove(&item.id).unwrap_or_default();
                item.steps
                    .extend(listed.into_iter().map(|(id, text, line)| Step {
                        id: Some(id),
                        text,
                        mark: nowhere(ItemStatus::Unknown),
                        note: None,
                        line,
                    }));
            }
            item.mark.status = status(&item.steps);
        }
        self.out
    }

    /// A table adds what the package does not say; it is told where the two differ.
    fn table(&mut self, row: &Row, made: &mut usize) {
        let Some(&at) = self.seen.get(&row.id) else {
            let message = format!("the table names `{}`, which is no package here", row.id);
            let hint = "add the package or take the row away";
            let lint = Lint {
                message,
                hint,
                items: &[&row.id],
            };
            return self
                .out
                .find(self.text, row.byte, Code::Contradiction, lint);
        };
        let found = self.targets(&row.waits, made);
        let item = &mut self.out.items[at];
        let known: Vec<String> = item
            .depends_on
            .iter()
            .filter_map(|d| match &d.to {
                Target::Item(id) => Some(id.clone()),
                _ => None,
            })
            .collect();
        let differs = found.len() != known.len() || found.iter().any(|id| !known.contains(id));
        if item.declares_order && differs {
            let shown = |list: &[String]| match list.is_empty() {
                true => "nothing".to_owned(),
                false => list.join(", "),
            };
            let message = format!(
                "the table lets `{}` wait for {}, the package itself for {}",
                row.id,
                shown(&found),
                shown(&known),
            );
            let hint = "both are waited for; correct one of them";
            let lint = Lint {
                message,
                hint,
                items: &[&row.id],
            };
            self.out
                .find(self.text, row.byte, Code::Contradiction, lint);
        }
        let item = &mut self.out.items[at];
        for id in found.into_iter().filter(|id| !known.contains(id)) {
            item.depends_on.push(waits(id, EdgeOrigin::Table, row.line));
        }
    }

    /// The packages a value names, without what stands in parentheses.
    fn targets(&self, value: &str, made: &mut usize) -> Vec<String> {
        let mut ids = Vec::new();
        if says_none(value) {
            return ids;
        }
        let plain = noted(value).value;
        let plain = plain
            .split_once(". ")
            .map_or(plain.as_str(), |(first, _)| first);
        for (from, to) in package_ids(plain) {
            let ends = to
                .as_ref()
                .and_then(|to| self.seen.get(&from).zip(self.seen.get(to)));
            match ends.filter(|(a, b)| a <= b && *made < RANGE_MAX) {
                Some((&a, &b)) => {
                    *made += b - a;
                    ids.extend(self.out.items[a..=b].iter().map(|item| item.id.clone()));
                }
                None => ids.extend(std::iter::once(from).chain(to)),
            }
        }
        ids
    }
}

fn waits(id: String, origin: EdgeOrigin, line: u32) -> Dependency {
    Dependency {
        to: Target::Item(id),
        when: When::Done,
        strength: Strength::Hard,
        origin,
        note: None,
        line,
    }
}
