//! What an element is made of before its lines are read, and how such a list is recognised.

use crate::model::ItemKind;
use crate::plan::detect::Likeness;
use crate::plan::outline::words::{box_line, heading};
use crate::plan::outline::{Item, Mark, Text};
use crate::plan::spec::heads::{self, Head, head};
use crate::plan::spec::order;

/// How much a text looks like a task list of this kind.
pub(in crate::plan) fn recognises(text: &Text<'_>, path: &str) -> Likeness {
    let (mut phases, mut tasks, mut fields) = (false, false, false);
    for line in text.lines() {
        if let Some(read) = heading(line.text) {
            match head(read.text) {
                Head::Track(value, _, order) if value.len() <= 2 || order.is_some() => {
                    return Likeness::Surely;
                }
                Head::Phase(..) if read.level == 3 => phases = true,
                Head::Task(..) if read.level == 4 => tasks = true,
                _ if read.text.starts_with("Parallel Execution") => return Likeness::Surely,
                _ => {}
            }
        } else if let Some(boxed) = box_line(line.text)
            && let Some((id, _)) = heads::task(&boxed, false)
        {
            if order::is_gate(id) {
                return Likeness::Surely;
            }
            tasks = true;
        }
        fields |= line.text.contains("_Requirements:");
    }
    let others = [".kiro/", ".claude/specs/", ".spec-workflow/", "openspec/"];
    let foreign = others.iter().any(|part| path.contains(part));
    match tasks && phases && fields {
        true if foreign => Likeness::Maybe,
        true => Likeness::Surely,
        false => Likeness::No,
    }
}

pub(super) fn kind_of(id: &str) -> ItemKind {
    match id.get(..2).filter(|_| order::is_gate(id)) {
        Some("RW") => ItemKind::Rework,
        Some(_) => ItemKind::Review,
        None => ItemKind::Work,
    }
}

pub(super) fn title_of(text: &str) -> String {
    let plain = text.replace("**", "");
    plain.trim_matches(['✓', '✅', ' ', '\t']).to_owned()
}

pub(super) fn document_title(text: &str) -> String {
    let starts = [
        "Implementation Plan:",
        "Implementation Tasks:",
        "Task List:",
        "Tasks:",
    ];
    let ends = [
        " - Implementation Tasks",
        " - Tasks",
        " - Implementation Plan",
    ];
    let text = starts
        .iter()
        .find_map(|s| text.strip_prefix(s))
        .unwrap_or(text);
    let text = ends
        .iter()
        .find_map(|s| text.strip_suffix(s))
        .unwrap_or(text);
    text.trim().to_owned()
}

pub(super) fn blank(id: &str, title: String, mark: Mark) -> Item {
    Item {
        kind: kind_of(id),
        ..Item::new(id, title, mark)
    }
}
