//! One package's own file: YAML between two lines `---`, then its prompt.

use crate::model::{Code, EdgeOrigin, ItemKind, ItemStatus};
use crate::plan::guard;
use crate::plan::limits::Policy;
use crate::plan::node::{Data, Entry, Node};
use crate::plan::outline::words::{bullet, heading};
use crate::plan::outline::{
    DeclaredScope, Dependency, Field, FileEntry, FileMode, Item, Line, Lint, Mark, MarkStyle,
    Outline, ScopeState, Step, Strength, Target, Text, When,
};
use crate::plan::speckitty::nowhere;

/// Bytes of the YAML, and the position of the first line after it.
fn front<'a>(text: &Text<'a>) -> Option<(&'a str, usize, usize)> {
    let lines = text.lines();
    let first = lines.first().filter(|line| line.text.trim_end() == "---")?;
    let rest = lines.iter().enumerate().skip(1);
    let (at, last) = rest
        .clone()
        .find(|(_, line)| line.text.trim_end() == "---")?;
    let yaml = text.whole.get(first.next..last.start)?;
    Some((yaml, first.next, at + 1))
}

/// Whether the text is the file of one package.
pub(super) fn is_package(text: &Text<'_>) -> bool {
    let named = |yaml: &str| {
        let mut lines = yaml.lines();
        lines.any(|line| {
            line.trim_start_matches(['"', '\''])
                .starts_with("work_package_id")
        })
    };
    front(text).is_some_and(|(yaml, _, _)| named(yaml))
}

/// Reads the file of one package.
pub(super) fn read(text: &Text<'_>) -> Outline {
    let mut out = Outline::new();
    let Some((yaml, start, body)) = front(text) else {
        return out;
    };
    let root = match guard::read(yaml.as_bytes(), Policy::Plan) {
        Ok(Some(root)) => root,
        Ok(None) => return out,
        Err(refusal) => {
            let at = (start + refusal.span.start).min(text.whole.len());
            let lint = Lint {
                message: refusal.message,
                hint: &refusal.hint,
                items: &[],
            };
            out.find(text, at, refusal.code, lint);
            return out;
        }
    };
    let reading = Reading {
        text,
        root: &root,
        start,
    };
    match reading.item(&mut out) {
        Some(mut item) => {
            prompt(&text.lines()[body..], &mut item);
            out.title = Some(item.title.clone());
            out.items.push(item);
        }
        None => {
            let message = "the package has no `work_package_id`".to_owned();
            let lint = Lint {
                message,
                hint: "write `work_package_id: WP01`",
                items: &[],
            };
            out.find(text, start, Code::Schema, lint);
        }
    }
    out
}

struct Reading<'r, 't, 'a> {
    text: &'t Text<'a>,
    root: &'r Node,
    /// Where the YAML begins in the file.
    start: usize,
}

impl Reading<'_, '_, '_> {
    fn line_of(&self, node: &Node) -> u32 {
        self.text.place(self.start + node.span.start).0
    }

    fn words(&self, key: &str) -> Vec<(String, u32)> {
        let Some(node) = self.root.get(key) else {
            return Vec::new();
        };
        let items = match &node.data {
            Data::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let word = |node: &Node| Some((scalar(node)?, self.line_of(node)));
        items
            .iter()
            .filter_map(word)
            .filter(|(word, _)| !word.is_empty())
            .collect()
    }

    fn item(&self, out: &mut Outline) -> Option<Item> {
        let id = self
            .root
            .get("work_package_id")
            .and_then(scalar)
            .filter(|id| !id.is_empty())?;
        let scope = self.scope();
        let steps = self.words("subtasks").into_iter().map(|(id, line)| Step {
            id: Some(id),
            text: String::new(),
            mark: nowhere(ItemStatus::Unknown),
            note: None,
            line,
        });
        let label = |key: &str| {
            let value = self
                .root
                .get(key)
                .and_then(scalar)
                .filter(|value| !value.is_empty())?;
            Some((key.to_owned(), value))
        };
        let labels = ["phase", "agent", "execution_mode", "priority", "role"];
        let mark = self.mark(&id, out);
        Some(Item {
            kind: ItemKind::Work,
            title: self.root.get("title").and_then(scalar).unwrap_or_default(),
            parent: None,
            optional: false,
            labels: labels.into_iter().filter_map(label).collect(),
            depends_on: self.depends_on(),
            declares_order: self.root.get("dependencies").is_some(),
            scope,
            steps: steps.collect(),
            checks: Vec::new(),
            fields: self
                .root
                .entries()
                .iter()
                .filter_map(|e| self.field(e))
                .collect(),
            mark,
            verdict: None,
            range: self.text.lines().first().map_or(0, |line| line.start)..self.text.whole.len(),
            line: 1,
            column: 1,
            id,
        })
    }

    fn scope(&self) -> DeclaredScope {
        let own = self
            .words("owned_files")
            .into_iter()
            .map(|(path, line)| (path, line, FileMode::Any));
        let new = self.words("create_intent").into_iter();
        let new = new.map(|(path, line)| (path, line, FileMode::Create));
        let entries: Vec<FileEntry> = own.chain(new).map(file).collect();
        let empty = self
            .root
            .get("owned_files")
            .is_some_and(|n| matches!(&n.data, Data::List(l) if l.is_empty()));
        let state = match (entries.is_empty(), empty) {
            (false, _) => ScopeState::Declared,
            (true, true) => ScopeState::Nothing,
            (true, false) => ScopeState::Absent,
        };
        DeclaredScope { state, entries }
    }

    fn depends_on(&self) -> Vec<Dependency> {
        let depends_on = self
            .words("dependencies")
            .into_iter()
            .map(|(id, line)| Dependency {
                to: Target::Item(id),
                when: When::Done,
                strength: Strength::Hard,
                origin: EdgeOrigin::Field,
                note: None,
                line,
            });
        depends_on.collect()
    }

    fn field(&self, entry: &Entry) -> Option<Field> {
        let span = entry.value.span;
        let raw = self
            .text
            .whole
            .get(self.start + span.start..self.start + span.end)?;
        Some(Field {
            name: entry.key.clone(),
            value: scalar(&entry.value).unwrap_or_else(|| raw.trim_end().to_owned()),
            line: self.text.place(self.start + entry.key_span.start).0,
        })
    }

    /// The lane: a field of its own, else what the last entry of the history says.
    fn mark(&self, id: &str, out: &mut Outline) -> Mark {
        let Some(node) = self.root.get("lane") else {
            let last = self
                .root
                .get("history")
                .and_then(|history| history.items().last());
            let lane = last.and_then(|entry| entry.get("lane")).and_then(scalar);
            return nowhere(lane.map_or(ItemStatus::Unknown, |lane| status(&lane)));
        };
        let lane = scalar(node).unwrap_or_default();
        let place = self.start + node.span.start..self.start + node.span.end;
        let written = self.text.whole.get(place.clone()).unwrap_or("");
        let at = written.find(lane.as_str()).map(|at| place.start + at);
        let range = at.map(|at| at..at + lane.len());
        if status(&lane) == ItemStatus::Unknown {
            let message = format!("no rule knows the lane `{lane}`");
            let hint = "write planned, doing, for_review or done";
            let lint = Lint {
                message,
                hint,
                items: &[id],
            };
            out.find(
                self.text,
                place.start.min(self.text.whole.len()),
                Code::Unreadable,
                lint,
            );
        }
        Mark {
            status: status(&lane),
            style: match range {
                Some(_) => MarkStyle::Words,
                None => MarkStyle::Nowhere,
            },
            range,
            text: lane,
        }
    }
}

fn scalar(node: &Node) -> Option<String> {
    match &node.data {
        Data::Text(text) => Some(text.trim().to_owned()),
        Data::Integer(number) => Some(number.to_string()),
        Data::Bool(flag) => Some(flag.to_string()),
        Data::Float(number) => Some(number.to_string()),
        Data::Null | Data::List(_) | Data::Map(_) => None,
    }
}

fn file((path, line, mode): (String, u32, FileMode)) -> FileEntry {
    FileEntry {
        path,
        mode,
        optional: false,
        note: None,
        line,
    }
}

/// What a lane of the board means.
fn status(lane: &str) -> ItemStatus {
    match lane.to_lowercase().replace('-', "_").as_str() {
        "planned" | "todo" | "backlog" => ItemStatus::Pending,
        "doing" | "in_progress" | "claimed" => ItemStatus::Running,
        "for_review" | "in_review" | "approved" => ItemStatus::InReview,
        "done" | "merged" | "completed" => ItemStatus::Done,
        "blocked" => ItemStatus::Blocked,
        "canceled" | "cancelled" => ItemStatus::Cancelled,
        _ => ItemStatus::Unknown,
    }
}

/// The names of subtasks and the criteria, from the prompt below the YAML.
fn prompt(lines: &[Line<'_>], item: &mut Item) {
    let mut accepting = false;
    for line in lines {
        if let Some(head) = heading(line.text) {
            accepting =
                head.text.starts_with("Acceptance") || head.text.starts_with("Definition of Done");
            let word = head.text.split([' ', ':']).next().unwrap_or("");
            let step = item
                .steps
                .iter_mut()
                .find(|s| s.text.is_empty() && s.id.as_deref() == Some(word));
            if let Some(step) = step {
                let rest = head.text[word.len()..].trim_matches([' ', ':', '-', '–', '—']);
                rest.clone_into(&mut step.text);
            }
        } else if let Some(text) = bullet(line.text).filter(|_| accepting) {
            item.checks.push(text.to_owned());
        }
    }
}
