//! What is odd about a document as a plan, whatever its format.

use crate::base::PackageId;
use crate::base::text::foreign;
use crate::model::{Code, Finding};
use crate::plan::document::{ITEMS_MAX, paths};
use crate::plan::explain::finding;
use crate::plan::node::Span;
use crate::plan::outline::{FileEntry, FileMode, Item, Outline, Text};
use crate::plan::profile::Profile;

/// No element at all, or too many to be read.
pub(super) fn number(outline: &Outline, text: &Text<'_>, profile: &Profile) -> Option<Finding> {
    let (code, message, hint) = match outline.items.len() {
        0 => (
            Code::Schema,
            format!("no {} was found in the file", profile.unit),
            "name the format with --plan-format if it is not what was taken",
        ),
        many if many > ITEMS_MAX => (
            Code::HostileInput,
            format!("the file has {many} elements, at most {ITEMS_MAX} are read"),
            "split it into several features",
        ),
        _ => return None,
    };
    let hint = hint.to_owned();
    Some(finding(
        text.source,
        code,
        Span::TOP,
        message,
        hint,
        Vec::new(),
    ))
}

/// Elements that could run side by side and name one file; the second was made to wait.
pub(super) fn shared_file(
    outline: &Outline,
    text: &Text<'_>,
    (a, b): (usize, usize),
    path: &str,
) -> Finding {
    let (first, second) = (&outline.items[a], &outline.items[b]);
    let entries = second.scope.entries.iter();
    let line = entries
        .clone()
        .find(|entry| paths::literal(&entry.path).as_deref() == Some(path));
    let span = Span {
        line: line.map_or(second.line, |entry| entry.line),
        ..Span::TOP
    };
    let message = format!(
        "`{}` and `{}` stand side by side and both name `{}`; the second will wait",
        foreign(&first.id),
        foreign(&second.id),
        foreign(path),
    );
    let hint = "let one depend on the other, or give them different files".to_owned();
    let both = [first, second];
    let packages = both.iter().filter_map(|item| PackageId::parse(&item.id));
    let mut finding = finding(
        text.source,
        Code::SharedFile,
        span,
        message,
        hint,
        packages.collect(),
    );
    finding.witness = Some(path.to_owned());
    finding
}

/// An id that cannot name a package.
pub(super) fn nameless(item: &Item, text: &Text<'_>) -> Finding {
    let span = Span {
        line: item.line,
        column: item.column,
        ..Span::TOP
    };
    let message = format!("`{}` cannot be an id", foreign(&item.id));
    let hint = "write 1 to 128 visible characters".to_owned();
    finding(text.source, Code::Schema, span, message, hint, Vec::new())
}

/// Files that are no path inside the repository: nothing may be written there, so say it.
pub(super) fn unread_paths(item: &Item, text: &Text<'_>, alone: bool) -> Vec<Finding> {
    let entries = item.scope.entries.iter();
    let odd = entries.filter(|e| e.mode != FileMode::Read && paths::pattern(&e.path).is_none());
    let finding = |entry: &FileEntry| {
        let span = Span {
            line: entry.line,
            ..Span::TOP
        };
        let then = match alone {
            true => "; it names no other, so it runs alone",
            false => "; it is not part of the scope",
        };
        let message = format!(
            "`{}` names `{}`, which is no path inside the repository{then}",
            foreign(&item.id),
            foreign(&entry.path)
        );
        let hint = "write the path from the top of the repository".to_owned();
        let packages = PackageId::parse(&item.id).into_iter().collect();
        finding(text.source, Code::Unreadable, span, message, hint, packages)
    };
    odd.map(finding).collect()
}
