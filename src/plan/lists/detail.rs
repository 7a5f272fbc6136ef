//! Lines below a box: names with values in several notations, and bullets.

use super::super::outline::{
    Field, FileMode, Item, Line, Mark, MarkStyle, ScopeState, Step, files, words,
};
use crate::model::ItemStatus;

/// What a line below a box says.
pub(super) enum Detail<'t> {
    /// What it waits for.
    Depends(&'t str),
    /// The files it names, by the name of the field.
    Files(&'t str, &'t str),
    /// Any other name with a value.
    Field(&'t str, &'t str),
    /// A bullet.
    Bullet(&'t str),
}

impl<'t> Detail<'t> {
    /// Reads `**Name**: v`, `_Name: v_`, `**Name: v**`, `Name: v`, with or without a bullet.
    pub(super) fn of(line: &Line<'t>) -> Option<Self> {
        if words::is_fence(line.text) {
            return None;
        }
        let bullet = words::bullet(line.text);
        let text = bullet.unwrap_or(line.text.trim());
        let named = words::field_line(line.text)
            .map(|field| (field.name, field.value))
            .or_else(|| wrapped(text, "**"))
            .or_else(|| wrapped(text, "_"))
            .or_else(|| wrapped(text, "*"))
            .or_else(|| plain(text));
        let Some((name, value)) = named else {
            return bullet.map(Detail::Bullet);
        };
        Some(match name.to_lowercase().as_str() {
            "dependencies" | "depends on" | "depends" | "dependency" => Detail::Depends(value),
            "file" | "files" | "files to modify" | "files to create" | "files to change" => {
                Detail::Files(name, value)
            }
            _ => Detail::Field(name, value),
        })
    }

    /// Puts it into the element.
    pub(super) fn add(&self, item: &mut Item, line: &Line<'_>) {
        match *self {
            Detail::Depends(_) => {}
            Detail::Files(name, value) => some_files(item, name, value, line.number),
            Detail::Field(name, value) => {
                let label = name.to_lowercase();
                if matches!(label.as_str(), "boundary" | "blocked") {
                    item.labels.insert(label, value.to_owned());
                }
                item.fields.push(Field {
                    name: name.to_owned(),
                    value: value.to_owned(),
                    line: line.number,
                });
            }
            Detail::Bullet(text) => item.steps.push(Step {
                id: None,
                text: text.to_owned(),
                mark: Mark {
                    status: ItemStatus::Unknown,
                    text: String::new(),
                    range: None,
                    style: MarkStyle::Nowhere,
                },
                note: None,
                line: line.number,
            }),
        }
    }
}

fn some_files(item: &mut Item, name: &str, value: &str, line: u32) {
    let mode: FileMode = files::mode_of_field(name);
    let scope = &mut item.scope;
    if files::says_nothing(value) {
        if scope.state == ScopeState::Absent {
            scope.state = ScopeState::Nothing;
        }
        return;
    }
    scope.entries.extend(files::all(value, mode, line));
    if !scope.entries.is_empty() {
        scope.state = ScopeState::Declared;
    }
}

/// `_Name: value_`; an end that is missing is on another line.
fn wrapped<'t>(text: &'t str, sign: &str) -> Option<(&'t str, &'t str)> {
    let inside = text.strip_prefix(sign)?;
    let inside = inside.strip_suffix(sign).unwrap_or(inside);
    let (name, value) = inside.split_once(':')?;
    let short = !name.is_empty() && name.len() <= 40;
    let plain = !name.contains(['`', '*', '_', '(']);
    (short && plain).then(|| (name.trim(), value.trim()))
}

/// Names that count without any markup.
fn plain(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once(':')?;
    let known = [
        "file",
        "files",
        "purpose",
        "depends on",
        "dependencies",
        "requirements",
    ];
    let lower = name.trim().to_lowercase();
    known
        .contains(&lower.as_str())
        .then(|| (name.trim(), value.trim()))
}

/// A title without the words that only name the format; `None` if nothing is left.
pub(super) fn plain_title(title: &str) -> Option<String> {
    let names = [
        "Implementation Plan",
        "Implementation Tasks",
        "Tasks Document",
        "Tasks",
        "実装計画",
    ];
    let signs = [':', '-', '—', '–'];
    let title = title.trim();
    let bare = |name: &str| {
        let rest = title.strip_prefix(name)?.trim_start();
        (rest.is_empty() || rest.starts_with(signs)).then(|| rest.trim_start_matches(signs).trim())
    };
    let rest = names.into_iter().find_map(bare).unwrap_or(title);
    let rest = rest.strip_suffix("- Tasks").map_or(rest, str::trim_end);
    (!rest.is_empty()).then(|| rest.to_owned())
}
