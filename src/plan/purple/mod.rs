//! Purple implementation specifications: phases and tickets, in four shapes of writing.
//!
//! The specification holds no status and is never written to. Phases are often listed twice; they
//! are one by number, and the first statement about their order counts.

pub mod docs;
mod heads;
mod order;
pub mod shelf;
mod ticket;

use std::collections::BTreeMap;

use crate::model::{Code, EdgeOrigin};
use crate::plan::detect::Likeness;
use crate::plan::outline::words::{field_line, heading, is_fence};
use crate::plan::outline::{
    Dependency, Field, Group, Line, Lint, Outline, Strength, Target, Text, ascii,
};
use heads::{bold_phase, document_title, is_section, phase_head};
use order::Names;
use ticket::Ticket;

/// How much a text looks like a specification of this kind.
pub(super) fn recognises(text: &Text<'_>, path: &str) -> Likeness {
    let (mut tickets, mut fields) = (0_usize, 0_usize);
    for line in text.lines() {
        if let Some(head) = heading(line.text) {
            let ticket = head.level > 2 && ticket::head(head.text).is_some();
            tickets += usize::from(ticket);
        } else if let Some((name, _)) = ticket::field(line.text) {
            let own = [
                "acceptance criteria",
                "estimated effort",
                "contract/interface",
                "ticket id",
            ];
            fields += usize::from(own.contains(&name.to_lowercase().as_str()));
        }
    }
    match (tickets, fields) {
        (0, _) => Likeness::No,
        (_, 1..) => Likeness::Surely,
        _ if path.contains("implementation-spec") => Likeness::Surely,
        _ => Likeness::No,
    }
}

/// Reads a specification.
pub(super) fn read(text: &Text<'_>) -> Outline {
    let mut reading = Reading {
        text,
        out: Outline::new(),
        open: None,
        phase: None,
        in_phase: false,
        groups: BTreeMap::new(),
        seen: BTreeMap::new(),
        picture: false,
        drawn: Vec::new(),
        phase_orders: Vec::new(),
        field: None,
    };
    for line in text.lines() {
        reading.line(line);
    }
    reading.close();
    reading.finish()
}

struct Reading<'t, 'a> {
    text: &'t Text<'a>,
    out: Outline,
    open: Option<Ticket<'a>>,
    /// The phase whose heading stands above.
    phase: Option<String>,
    /// The lines are about the phase itself.
    in_phase: bool,
    groups: BTreeMap<String, usize>,
    /// Elements by id.
    seen: BTreeMap<String, usize>,
    /// The lines may draw a graph.
    picture: bool,
    drawn: Vec<Line<'a>>,
    phase_orders: Vec<(usize, Field, usize)>,
    /// A field of a phase whose value may follow in the next lines.
    field: Option<(usize, Field, usize)>,
}

impl<'a> Reading<'_, 'a> {
    fn line(&mut self, line: &Line<'a>) {
        if let Some(head) = heading(line.text) {
            self.heading(line, head.level, head.text);
            return;
        }
        if let Some((number, name)) = bold_phase(line.text) {
            self.close();
            return self.begin_phase(number, name, line);
        }
        let rule = line.text.trim();
        if rule.len() >= 3 && rule.bytes().all(|b| b == b'-') {
            self.open.iter_mut().for_each(Ticket::rule);
            self.end_field();
            return;
        }
        if let Some(ticket) = &mut self.open {
            ticket.line(line);
        } else if self.in_phase {
            self.phase_line(line);
        } else if self.picture {
            self.drawn.push(*line);
        } else if self.groups.is_empty() && self.out.items.is_empty() {
            let field = field_line(line.text).filter(|field| !field.bullet);
            self.out
                .meta
                .extend(field.map(|field| named(field.name, field.value, line)));
        }
    }

    fn heading(&mut self, line: &Line<'a>, level: usize, text: &'a str) {
        self.end_field();
        if level == 1 {
            // In the middle of a ticket it is a comment of some code.
            if self.out.title.is_none() && self.open.is_none() {
                self.out.title = Some(document_title(text));
            }
            return;
        }
        if let Some(head) = ticket::head(text).filter(|_| level > 2) {
            self.close();
            self.in_phase = false;
            self.open = Some(Ticket::new(line, level, head, self.phase.clone()));
            return;
        }
        if let Some((number, name)) = phase_head(text) {
            self.close();
            self.begin_phase(number, name, line);
            return;
        }
        if let Some(ticket) = &mut self.open
            && (level > ticket.level || !(ticket.has_ended() || is_section(text)))
        {
            return ticket.heading(line);
        }
        self.close();
        self.in_phase = false;
        if level == 2 {
            self.phase = None;
        }
        let lower = text.to_lowercase();
        self.picture = lower.contains("dependency") || lower.contains("graph");
    }

    fn begin_phase(&mut self, number: &str, name: &str, line: &Line<'_>) {
        self.end_field();
        self.phase = Some(number.to_owned());
        self.in_phase = true;
        let next = self.out.groups.len();
        let at = *self.groups.entry(number.to_owned()).or_insert(next);
        if at == next {
            self.out
                .groups
                .push(Group::new("phase", number, name, line.number));
        }
    }

    fn phase_line(&mut self, line: &Line<'a>) {
        if let Some((name, value)) = ticket::field(line.text) {
            self.end_field();
            let at = self
                .phase
                .as_ref()
                .and_then(|phase| self.groups.get(phase))
                .copied();
            if ticket::is_order(name) {
                self.field = at.map(|at| (at, named(name, value, line), line.start));
            }
        } else if let Some((_, field, _)) = &mut self.field
            && !is_fence(line.text)
            && !line.text.trim().is_empty()
        {
            field.value.push('\n');
            field.value.push_str(line.text.trim());
        }
    }

    fn end_field(&mut self) {
        self.phase_orders.extend(self.field.take());
    }

    fn close(&mut self) {
        let Some(ticket) = self.open.take() else {
            return;
        };
        let (start, line) = (ticket.start, ticket.line);
        let item = match ticket.into_item(self.text) {
            Ok(item) => item,
            Err(title) => {
                let message = format!("the ticket `{title}` has no id");
                let hint = "give it a line `**Ticket ID:** ABC-1`";
                let lint = Lint {
                    message,
                    hint,
                    items: &[],
                };
                return self.out.find(self.text, start, Code::Unreadable, lint);
            }
        };
        if let Some(&first) = self.seen.get(&item.id) {
            let first = self.out.items[first].line;
            let message = format!(
                "the ticket `{}` is there twice; that in line {first} counts",
                item.id
            );
            let hint = "give the second ticket another id";
            let lint = Lint {
                message,
                hint,
                items: &[&item.id],
            };
            return self.out.find(self.text, start, Code::RepeatedId, lint);
        }
        debug_assert_eq!(item.line, line);
        self.seen.insert(item.id.clone(), self.out.items.len());
        self.out.items.push(item);
    }

    fn finish(mut self) -> Outline {
        self.end_field();
        let names = Names::of(self.out.items.iter().map(|item| item.id.as_str()));
        for at in 0..self.out.items.len() {
            let item = &self.out.items[at];
            let Some(field) = item
                .fields
                .iter()
                .find(|f| ticket::is_order(&f.name))
                .cloned()
            else {
                continue;
            };
            let (start, id) = (item.range.start, item.id.clone());
            let said = names.read(&field, EdgeOrigin::Field);
            if said.odd {
                self.odd(start, &field, &[&id]);
            }
            self.out.items[at].declares_order = true;
            self.out.items[at].depends_on = said.list;
        }
        for (at, field, start) in std::mem::take(&mut self.phase_orders) {
            if self.out.groups[at].declares_order {
                continue;
            }
            let said = names.read(&field, EdgeOrigin::Header);
            if said.odd {
                self.odd(start, &field, &[]);
            }
            let group = &mut self.out.groups[at];
            group.declares_order = !said.odd;
            group.depends_on = said.list;
        }
        self.graph(&names);
        self.out
    }

    fn odd(&mut self, at: usize, field: &Field, items: &[&str]) {
        let message = format!("`{}` names nothing that can be waited for", field.value);
        let hint = "write ticket ids, phases (`Phase 1`) or `None`";
        let lint = Lint {
            message,
            hint,
            items,
        };
        self.out.find(self.text, at, Code::Unreadable, lint);
    }

    /// What only the picture says is order, and told: nobody wrote it into a ticket.
    fn graph(&mut self, names: &Names) {
        let nodes = |text: &str| names.in_text(text);
        for edge in ascii::edges(&self.drawn, &nodes) {
            let Target::Item(after) = &edge.after else {
                continue;
            };
            let Some(&at) = self.seen.get(after) else {
                continue;
            };
            let known = self.out.items[at]
                .depends_on
                .iter()
                .any(|d| d.to == edge.before);
            if known || self.implied(at, &edge.before) {
                continue;
            }
            let dependency = order::dependency(edge.before.clone(), EdgeOrigin::Graph, edge.line);
            let dependency = Dependency {
                strength: Strength::OrderOnly,
                ..dependency
            };
            self.out.items[at].depends_on.push(dependency);
            let before = order::shown(&edge.before);
            let message = format!("only the graph says that `{after}` comes after `{before}`");
            let hint = "add it to the dependencies of the ticket";
            let lint = Lint {
                message,
                hint,
                items: &[after],
            };
            let place = self
                .text
                .lines()
                .get((edge.line as usize).saturating_sub(1));
            let byte = place.map_or(0, |line| line.start);
            self.out.find(self.text, byte, Code::Contradiction, lint);
        }
    }

    /// Whether an element waits for another through others.
    fn implied(&self, at: usize, before: &Target) -> bool {
        let mut open = vec![at];
        let mut seen = vec![false; self.out.items.len()];
        while let Some(at) = open.pop() {
            for dependency in &self.out.items[at].depends_on {
                if dependency.to == *before {
                    return true;
                }
                if let Target::Item(id) = &dependency.to {
                    let next = self.seen.get(id).copied();
                    open.extend(next.filter(|&next| !std::mem::replace(&mut seen[next], true)));
                }
            }
        }
        false
    }
}

fn named(name: &str, value: &str, line: &Line<'_>) -> Field {
    Field {
        name: name.to_owned(),
        value: value.to_owned(),
        line: line.number,
    }
}

#[cfg(test)]
mod tests;
