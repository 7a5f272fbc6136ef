//! The reader of each format of documents.

use super::detect::Likeness;
use super::outline::{Outline, Text};
use super::{lists, purple, spec, speckit, speckitty, team};
use crate::model::Format;

/// Reads a document; `None` for formats that are none.
pub fn read_outline(format: Format, text: &Text<'_>) -> Option<Outline> {
    match format {
        Format::TeamPlan => Some(team::read(text)),
        Format::OpenspecTasks | Format::KiroTasks => Some(lists::read(text)),
        Format::SpecTasks => Some(spec::read(text)),
        Format::Purple => Some(purple::read(text)),
        Format::SpeckitTasks => Some(speckit::read(text)),
        Format::SpeckittyTasks => Some(speckitty::read(text)),
        _ => None,
    }
}

/// How much a text looks like a format; the path is a hint only.
pub fn likeness(format: Format, text: &Text<'_>, path: &str) -> Likeness {
    match format {
        Format::TeamPlan => team::recognises(text, path),
        Format::OpenspecTasks => lists::is_openspec(text, path),
        Format::KiroTasks => lists::is_kiro(text, path),
        Format::SpecTasks => spec::recognises(text, path),
        Format::Purple => purple::recognises(text, path),
        Format::SpeckitTasks => speckit::recognises(text, path),
        Format::SpeckittyTasks => speckitty::recognises(text, path),
        _ => Likeness::No,
    }
}
