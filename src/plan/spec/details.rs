//! The lines below a task: its fields, its steps and the files it names.

use crate::model::ItemStatus;
use crate::plan::outline::paths::names_file;
use crate::plan::outline::words::{backticked, box_line, bullet, field_line};
use crate::plan::outline::{
    Field, FileEntry, FileMode, Item, Line, Mark, MarkStyle, ScopeState, Step,
};
use crate::plan::spec::heads::slanted;

/// Reads the lines of one task in order.
#[derive(Debug, Default)]
pub(super) struct Details {
    /// The mode of a `Files:` line and its indent, while deeper lines follow.
    files: Option<(FileMode, usize)>,
}

/// The named values of a line: `_Name: value_`, or `**Name**: value`.
pub(super) fn fields(line: &str) -> Vec<(&str, &str)> {
    let slanted = slanted(line);
    if !slanted.is_empty() {
        return slanted;
    }
    let bold = field_line(line).filter(|field| !field.name.contains('`'));
    bold.map(|field| (field.name, field.value))
        .into_iter()
        .collect()
}

/// Whether a field says what a task waits for.
pub(super) fn is_order(name: &str) -> bool {
    let names = ["dependencies", "dependency", "depends on", "depends"];
    names.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// What a box means.
pub(super) fn status_of_box(mark: &str) -> ItemStatus {
    match mark {
        " " | "\u{a0}" => ItemStatus::Pending,
        "x" | "X" | "✓" | "✔" => ItemStatus::Done,
        "-" | "/" | ">" => ItemStatus::Running,
        "~" => ItemStatus::Partial,
        "!" => ItemStatus::Blocked,
        _ => ItemStatus::Unknown,
    }
}

/// A task that is a heading stands as its boxes do.
pub(super) fn status_of_steps(steps: &[Step]) -> ItemStatus {
    let boxes = || {
        steps
            .iter()
            .filter(|step| step.mark.style == MarkStyle::Box)
    };
    let done = |step: &Step| step.mark.status == ItemStatus::Done;
    match boxes().filter(|step| done(step)).count() {
        _ if boxes().next().is_none() => ItemStatus::Unknown,
        0 => ItemStatus::Pending,
        ticked if ticked == boxes().count() => ItemStatus::Done,
        _ => ItemStatus::Partial,
    }
}

impl Details {
    /// Takes in one line below the task.
    pub(super) fn line(&mut self, line: &Line<'_>, item: &mut Item) {
        let found = fields(line.text);
        for (name, value) in &found {
            if name.eq_ignore_ascii_case("agent") {
                item.labels.insert("agent".to_owned(), (*value).to_owned());
            }
            item.fields.push(Field {
                name: (*name).to_owned(),
                value: (*value).to_owned(),
                line: line.number,
            });
        }
        let plain = bullet(line.text).unwrap_or(line.text.trim());
        if self
            .files
            .is_some_and(|(_, indent)| line.indent() <= indent)
        {
            self.files = None;
        }
        let named = plain.trim_start_matches('*');
        if let Some(mode) = files_line(named) {
            self.files = Some((mode, line.indent()));
        }
        let mode = self.files.map_or_else(|| mode_of(plain), |(mode, _)| mode);
        let is_field = found
            .iter()
            .any(|(name, _)| !name.to_lowercase().contains("file"));
        if !is_field {
            self.paths(line, plain, mode, item);
        }
        if found.is_empty() && files_line(named).is_none() {
            step(line, plain, item);
        }
    }

    fn paths(&self, line: &Line<'_>, text: &str, mode: FileMode, item: &mut Item) {
        let lower = text.to_lowercase();
        let conditions = ["optional", "if needed", "if necessary", " if ", "as needed"];
        let optional = conditions.iter().any(|words| lower.contains(words));
        let ticked: Vec<&str> = backticked(text).filter(|word| names_file(word)).collect();
        let bare = text.split_once(':').map_or(text, |(_, list)| list);
        let bare = bare
            .split(',')
            .map(str::trim)
            .filter(|word| names_file(word));
        let named = match ticked.is_empty() && self.files.is_some() {
            true => bare.collect(),
            false => ticked,
        };
        for path in named {
            let same = |entry: &FileEntry| entry.path == path;
            if item.scope.entries.iter().rev().take(64).any(same) {
                continue;
            }
            item.scope.state = ScopeState::Declared;
            item.scope.entries.push(FileEntry {
                path: path.to_owned(),
                mode,
                optional,
                note: None,
                line: line.number,
            });
        }
    }
}

/// `Files: ...`, `Files to create/modify: ...`
fn files_line(text: &str) -> Option<FileMode> {
    let (name, _) = text.split_once(':')?;
    let name = name.trim_matches(['*', '_', ' ']).to_ascii_lowercase();
    let known =
        name.len() < 40 && (name == "file" || name == "files" || name.starts_with("files to "));
    known.then(
        || match (name.contains("create"), name.contains("modify")) {
            (true, false) => FileMode::Create,
            (false, true) => FileMode::Modify,
            _ => FileMode::Any,
        },
    )
}

/// What the first word of a step says about the files it names.
fn mode_of(text: &str) -> FileMode {
    let word = text
        .split(|c: char| !c.is_ascii_alphabetic())
        .next()
        .unwrap_or("");
    match word.to_ascii_lowercase().as_str() {
        "create" => FileMode::Create,
        "modify" | "update" | "extend" | "edit" | "refactor" | "change" => FileMode::Modify,
        "delete" | "remove" => FileMode::Delete,
        "read" | "review" | "see" | "follow" | "reference" | "study" => FileMode::Read,
        _ => FileMode::Any,
    }
}

fn step(line: &Line<'_>, plain: &str, item: &mut Item) {
    let (text, mark) = match box_line(line.text) {
        Some(boxed) => {
            let mark = Mark {
                status: status_of_box(boxed.mark),
                text: boxed.mark.to_owned(),
                range: Some(line.range_of(boxed.mark)),
                style: MarkStyle::Box,
            };
            (boxed.rest.trim(), mark)
        }
        None if bullet(line.text).is_some() => {
            let mark = Mark {
                status: ItemStatus::Unknown,
                text: String::new(),
                range: None,
                style: MarkStyle::Nowhere,
            };
            (plain, mark)
        }
        None => return,
    };
    item.steps.push(Step {
        id: None,
        text: text.to_owned(),
        mark,
        note: None,
        line: line.number,
    });
}
