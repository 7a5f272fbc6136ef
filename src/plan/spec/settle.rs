//! What can only be said of a task list when all its ids are known: who waits for whom, and which
//! gates are ticked against their own words.

use std::collections::BTreeMap;

use crate::model::{Code, EdgeOrigin, ItemStatus};
use crate::plan::outline::words::bullet;
use crate::plan::outline::{
    Dependency, Line, Lint, Outline, Ruling, Strength, Target, When, drawn,
};
use crate::plan::spec::{Order, Reading, maps, order};

impl Reading<'_, '_> {
    pub(super) fn finish(mut self) -> Outline {
        for (at, order) in std::mem::take(&mut self.orders) {
            let found = self.dependencies(&order, EdgeOrigin::Field);
            self.out.items[at].depends_on.extend(found);
        }
        for (at, order) in std::mem::take(&mut self.headers) {
            let found = self.dependencies(&order, EdgeOrigin::Header);
            self.out.groups[at].declares_order = true;
            self.out.groups[at].depends_on.extend(found);
        }
        self.triggers();
        maps::read(&self.loose, &self.ids, self.text, &mut self.out);
        self.graph();
        self.gates();
        self.out
    }

    fn dependencies(&mut self, order: &Order, origin: EdgeOrigin) -> Vec<Dependency> {
        let said = self.ids.read(&order.value);
        if said.targets.is_empty() && !said.nothing {
            let message = format!("`{}` names nothing that can be waited for", order.value);
            let hint = "write task ids, tracks (`Track A`), gates (`CR-A`) or `None`";
            let lint = Lint {
                message,
                hint,
                items: &[],
            };
            self.out.find(self.text, order.byte, Code::Unreadable, lint);
        }
        let make = |(to, when)| Dependency {
            to,
            when,
            strength: Strength::Hard,
            origin,
            note: said.note.clone(),
            line: order.line,
        };
        said.targets.into_iter().map(make).collect()
    }

    /// `_Trigger: Only if CR-A or PR-A status is "Requires changes"_`
    fn triggers(&mut self) {
        for item in &mut self.out.items {
            let trigger = item
                .fields
                .iter()
                .find(|f| f.name.eq_ignore_ascii_case("trigger"));
            let Some(trigger) = trigger else { continue };
            let words = trigger
                .value
                .split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            for gate in words.filter(|word| order::is_gate(word)) {
                let to = Target::Item(gate.to_owned());
                let when = When::ChangesRequested;
                if item.depends_on.iter().any(|d| d.to == to && d.when == when) {
                    continue;
                }
                item.depends_on.push(Dependency {
                    to,
                    when,
                    strength: Strength::Hard,
                    origin: EdgeOrigin::Header,
                    note: Some(trigger.value.clone()),
                    line: trigger.line,
                });
            }
        }
    }

    /// Arrows between phases or tasks order them, no more.
    fn graph(&mut self) {
        let ids = self
            .out
            .items
            .iter()
            .enumerate()
            .map(|(at, item)| (item.id.clone(), at));
        let ids: BTreeMap<String, usize> = ids.collect();
        let lines: Vec<Line<'_>> = self.loose.iter().map(|loose| loose.line).collect();
        for edge in drawn::mermaid(&lines) {
            let targets = |said: order::Said| said.targets.into_iter().map(|(to, _)| to).collect();
            let from: Vec<Target> = targets(self.ids.read(phase_or_task(edge.from)));
            let to: Vec<Target> = targets(self.ids.read(phase_or_task(edge.to)));
            let ([before], [after]) = (from.as_slice(), to.as_slice()) else {
                continue;
            };
            let dependency = Dependency {
                to: before.clone(),
                when: When::Done,
                strength: Strength::OrderOnly,
                origin: EdgeOrigin::Graph,
                note: None,
                line: edge.line,
            };
            let list = match after {
                Target::Item(id) => {
                    let at = ids.get(id).copied();
                    at.map(|at| &mut self.out.items[at].depends_on)
                }
                Target::Label { name, value } => {
                    let phase = ("phase", value.clone());
                    let at = self.placed.get(&phase).filter(|_| name == "phase").copied();
                    at.map(|at| &mut self.out.groups[at].depends_on)
                }
                Target::AllPrior(_) => None,
            };
            if let Some(list) = list {
                list.push(dependency);
            }
        }
    }

    /// A gate that is ticked although its text asks for changes.
    fn gates(&mut self) {
        let ticked = self
            .out
            .items
            .iter()
            .filter(|item| item.mark.status == ItemStatus::Done);
        let told = ticked.filter_map(|item| Some((item, item.verdict.as_ref()?)));
        let negative = told.filter(|(_, verdict)| verdict.ruling == Ruling::ChangesRequested);
        let found: Vec<(String, usize, String)> = negative
            .map(|(item, verdict)| (item.id.clone(), item.range.start, verdict.text.clone()))
            .collect();
        for (id, byte, words) in found {
            let message = format!("the gate `{id}` is ticked while its text says `{words}`");
            let hint = "a tick says that the review is done; the gate stays shut until it approves";
            let lint = Lint {
                message,
                hint,
                items: &[&id],
            };
            self.out.find(self.text, byte, Code::GateVerdict, lint);
        }
    }
}

/// The part of a node's text that names a phase or a task.
fn phase_or_task(text: &str) -> &str {
    let text = bullet(text).unwrap_or(text);
    text.split(':').next().unwrap_or(text)
}
