//! What stands under the heading of a phase: fields in bold, and the bullets below each.

use super::super::outline::words::{self, BoxLine};
use super::super::outline::{
    Field, FileMode, Item, Line, Lint, Mark, MarkStyle, Outline, ScopeState, Step, Text, files,
};
use super::order::{self, Ids};
use super::status;
use crate::model::{Code, EdgeOrigin, ItemStatus};

/// A `Status` field this near to the heading speaks of the phase, not of an example.
const STATUS_WITHIN: usize = 6;

/// What the bullets below a name are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Depends,
    Tasks,
    Files(FileMode),
    Checks,
    Status,
    Other,
}

fn section(name: &str) -> Option<Section> {
    let lower = name.to_lowercase();
    Some(match lower.as_str() {
        "depends on" | "dependencies" | "dependency" | "depends" => Section::Depends,
        "tasks" | "steps" | "task" => Section::Tasks,
        "verification" | "success criteria" | "verify" => Section::Checks,
        "status" => Section::Status,
        "goal" | "objective" | "timing" | "completed" | "estimated effort" | "effort" => {
            Section::Other
        }
        _ => {
            let word = lower.split_whitespace().next();
            let files = matches!(word, Some("file" | "files" | "files/directories"));
            return files.then(|| Section::Files(files::mode_of_field(name)));
        }
    })
}

/// Reads the lines of a phase into `item`.
pub(super) fn read(
    (text, ids): (&Text<'_>, &Ids<'_>),
    lines: &[Line<'_>],
    item: &mut Item,
    outline: &mut Outline,
) {
    let mut body = Body {
        text,
        ids,
        item,
        outline,
        now: None,
        style: None,
        depends: None,
        twice: false,
        files: None,
        nested: None,
        own: None,
    };
    for (nth, line) in lines.iter().enumerate() {
        body.line(nth, line);
    }
    body.end();
}

struct Body<'b, 't> {
    text: &'b Text<'t>,
    ids: &'b Ids<'t>,
    item: &'b mut Item,
    outline: &'b mut Outline,
    /// The section that bullets belong to, and the field that lines are added to.
    now: Option<(Section, Option<usize>)>,
    /// How the first known field was written: with a bullet, and how far in.
    style: Option<(bool, usize)>,
    /// The line of the dependency field, once its value has been read.
    depends: Option<Line<'t>>,
    /// Whether it has been told that there are two.
    twice: bool,
    /// The first line of a list of files, and whether words in it say that there are none.
    files: Option<(Line<'t>, bool)>,
    /// How far in the first bullet of the list of tasks stands.
    nested: Option<usize>,
    /// The status that a field says.
    own: Option<Mark>,
}

impl<'t> Body<'_, 't> {
    fn line(&mut self, nth: usize, line: &Line<'t>) {
        if let Some(heading) = words::heading(line.text).filter(|h| h.level >= 3) {
            self.open(heading.text.trim_end_matches(':'), "", line);
        } else if !self.field(nth, line) {
            self.content(line);
        }
    }

    /// Takes the line as a field if it is one.
    fn field(&mut self, nth: usize, line: &Line<'t>) -> bool {
        let Some(field) = words::field_line(line.text) else {
            return false;
        };
        let known = section(field.name);
        let indent = line.indent();
        let fits = match (self.style, known) {
            (None, Some(_)) => true,
            (None, None) => !field.bullet,
            (Some((_, deep)), Some(_)) => indent <= deep + 1,
            (Some((bullet, deep)), None) => field.bullet == bullet && indent <= deep,
        };
        if !fits {
            return false;
        }
        if known.is_some() {
            self.style.get_or_insert((field.bullet, indent));
        }
        if known == Some(Section::Status) && nth < STATUS_WITHIN && self.own.is_none() {
            self.own = status::of_value(line, field.value);
        }
        self.open(field.name, field.value, line);
        true
    }

    fn open(&mut self, name: &str, value: &str, line: &Line<'t>) {
        let section = section(name).unwrap_or(Section::Other);
        let mut at = None;
        match section {
            Section::Depends => self.depend(value, line),
            Section::Files(mode) => self.some_files(value, mode, line),
            Section::Checks if !value.is_empty() => self.item.checks.push(value.to_owned()),
            Section::Checks | Section::Tasks | Section::Status => {}
            Section::Other => {
                at = Some(self.item.fields.len());
                self.item.fields.push(Field {
                    name: name.to_owned(),
                    value: value.to_owned(),
                    line: line.number,
                });
            }
        }
        if section == Section::Tasks {
            self.nested = None;
        }
        self.now = Some((section, at));
    }

    fn some_files(&mut self, value: &str, mode: FileMode, line: &Line<'t>) {
        let nothing = !value.is_empty() && files::says_nothing(value);
        let said = self.files.is_some_and(|(_, nothing)| nothing);
        self.files = Some((
            self.files.map_or(*line, |(first, _)| first),
            said || nothing,
        ));
        if !nothing && !value.is_empty() {
            let entries = files::all(value, mode, line.number);
            self.item.scope.entries.extend(entries);
        }
    }

    fn depend(&mut self, value: &str, line: &Line<'t>) {
        if self.twice {
            return;
        }
        let names = order::names(value, self.ids);
        let found = order::dependencies(&names, EdgeOrigin::Field, line.number);
        if self.depends.is_some() {
            self.twice = true;
            let first = &self.item.depends_on;
            let same = found.len() == first.len()
                && found
                    .iter()
                    .zip(first)
                    .all(|(one, other)| one.to == other.to);
            if !same && names.unread.is_empty() {
                let id = self.item.id.clone();
                let lint = Lint {
                    message: format!("phase `{id}` says twice what it waits for; the first counts"),
                    hint: "keep one `Depends on` in a phase",
                    items: &[&id],
                };
                self.outline
                    .find(self.text, line.start, Code::Contradiction, lint);
            }
            return;
        }
        self.depends = Some(*line);
        self.item.declares_order = true;
        order::tell_unread(self.text, line, &names.unread, self.outline);
        self.item.depends_on = found;
    }

    /// A line that is no field.
    fn content(&mut self, line: &Line<'t>) {
        let boxed = words::box_line(line.text);
        if let Some(boxed) = boxed {
            self.item.steps.push(step_of(line, boxed));
        }
        if words::is_fence(line.text) && boxed.is_none() {
            return self.more(line);
        }
        let bullet = boxed
            .map(|b| b.rest.trim())
            .or_else(|| words::bullet(line.text));
        match (self.now, bullet) {
            (Some((Section::Files(mode), _)), Some(bullet)) => self.file(bullet, mode, line),
            (Some((Section::Checks, _)), Some(bullet)) => self.item.checks.push(bullet.to_owned()),
            (Some((Section::Depends, _)), Some(bullet)) => self.late(bullet, line),
            (Some((Section::Tasks, _)), Some(bullet)) => {
                let deep = *self.nested.get_or_insert(line.indent());
                if boxed.is_none() && line.indent() <= deep {
                    self.item.steps.push(plain_step(line, bullet));
                }
            }
            (Some((Section::Tasks, _)), None) => self.annotate(line),
            _ => self.more(line),
        }
    }

    fn file(&mut self, bullet: &str, mode: FileMode, line: &Line<'t>) {
        match files::leading(bullet, mode, line.number) {
            Some(entry) => self.item.scope.entries.push(entry),
            None if files::says_nothing(bullet) => {
                self.files = self.files.map(|(first, _)| (first, true));
            }
            None => {}
        }
    }

    /// A dependency in a bullet below an empty field.
    fn late(&mut self, bullet: &str, line: &Line<'t>) {
        let names = order::names(bullet, self.ids);
        order::tell_unread(self.text, line, &names.unread, self.outline);
        let found = order::dependencies(&names, EdgeOrigin::Field, line.number);
        self.item.depends_on.extend(found);
    }

    /// What was noted in the line below a step.
    fn annotate(&mut self, line: &Line<'t>) {
        if let Some(step) = self.item.steps.last_mut().filter(|s| s.note.is_none()) {
            step.note = annotation(line.text).map(|(_, note)| note.to_owned());
        }
    }

    /// A line that goes on with the value of a field.
    fn more(&mut self, line: &Line<'t>) {
        let Some((Section::Other, Some(at))) = self.now else {
            return;
        };
        if let Some(field) = self.item.fields.get_mut(at) {
            if !field.value.is_empty() {
                field.value.push('\n');
            }
            field.value.push_str(line.text.trim_end());
        }
    }

    fn end(self) {
        for field in &mut self.item.fields {
            field.value.truncate(field.value.trim_end().len());
        }
        let id = self.item.id.clone();
        let scope = &mut self.item.scope;
        scope.state = match self.files {
            _ if !scope.entries.is_empty() => ScopeState::Declared,
            Some((_, true)) => ScopeState::Nothing,
            _ => ScopeState::Absent,
        };
        if let (ScopeState::Absent, Some((line, _))) = (scope.state, self.files) {
            let lint = Lint {
                message: format!("the files of phase `{id}` are not named by path"),
                hint: "begin each bullet with one path in backticks, or write `None`",
                items: &[&id],
            };
            self.outline
                .find(self.text, line.start, Code::Unreadable, lint);
        }
        let Some(own) = self.own else { return };
        let heading = &mut self.item.mark;
        if heading.status == ItemStatus::Unknown {
            *heading = own;
        } else if own.status != ItemStatus::Unknown && own.status != heading.status {
            let lint = Lint {
                message: format!(
                    "phase `{id}` is {} in its heading and {} in its status field",
                    heading.text, own.text
                ),
                hint: "the heading counts; correct the field",
                items: &[&id],
            };
            let at = own.range.map_or(0, |range| range.start);
            self.outline.find(self.text, at, Code::Contradiction, lint);
        }
    }
}

fn step_of(line: &Line<'_>, boxed: BoxLine<'_>) -> Step {
    let status = match boxed.mark {
        " " => ItemStatus::Pending,
        "x" | "X" => ItemStatus::Done,
        "-" => ItemStatus::Running,
        "~" => ItemStatus::Blocked,
        _ => ItemStatus::Unknown,
    };
    let mark = Mark {
        status,
        text: boxed.mark.to_owned(),
        range: Some(line.range_of(boxed.mark)),
        style: MarkStyle::Box,
    };
    step(line, boxed.rest.trim(), mark)
}

fn plain_step(line: &Line<'_>, bullet: &str) -> Step {
    let mark = Mark {
        status: ItemStatus::Unknown,
        text: String::new(),
        range: None,
        style: MarkStyle::Nowhere,
    };
    step(line, bullet, mark)
}

fn step(line: &Line<'_>, text: &str, mark: Mark) -> Step {
    let (text, note) = match annotation(text) {
        Some((text, note)) => (text, Some(note.to_owned())),
        None => (text, None),
    };
    let (id, text) = task_id(text);
    Step {
        id: id.map(str::to_owned),
        text: text.to_owned(),
        mark,
        note,
        line: line.number,
    }
}

/// `**Task 1.2**: text` and `**Task 1.2: text**`.
fn task_id(text: &str) -> (Option<&str>, &str) {
    let Some(rest) = text.strip_prefix("**Task ") else {
        return (None, text);
    };
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    let (id, rest) = rest.split_at(end.unwrap_or(rest.len()));
    if !id.starts_with(|c: char| c.is_ascii_digit()) {
        return (None, text);
    }
    let rest = rest.trim_start_matches([':', '*', ' ']);
    (
        Some(id.trim_end_matches('.')),
        rest.trim_end_matches('*').trim(),
    )
}

/// The text before `*(note)*`, and the note.
fn annotation(text: &str) -> Option<(&str, &str)> {
    let (before, rest) = text.split_once("*(")?;
    let note = rest.rsplit_once(")*").map_or(rest, |(note, _)| note);
    Some((before.trim(), note.trim()))
}
