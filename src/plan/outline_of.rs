//! The reader of each format of documents.

use super::detect::Likeness;
use super::outline::{Outline, Text};
use super::{lists, team};
use crate::model::Format;

/// Reads a document; `None` for formats that are none.
pub fn read_outline(format: Format, text: &Text<'_>) -> Option<Outline> {
    match format {
        Format::TeamPlan => Some(team::read(text)),
        Format::OpenspecTasks | Format::KiroTasks => Some(lists::read(text)),
        _ => None,
    }
}

/// How much a text looks like a format; the path is a hint only.
pub fn likeness(format: Format, text: &Text<'_>, path: &str) -> Likeness {
    match format {
        Format::TeamPlan => team::recognises(text, path),
        Format::OpenspecTasks => lists::is_openspec(text, path),
        Format::KiroTasks => lists::is_kiro(text, path),
        _ => Likeness::No,
    }
}
