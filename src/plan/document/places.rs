//! Where the parts of a document stand, in the form in which rules about plans ask for it.

use crate::plan::node::{Data, Entry, Node, Span};
use crate::plan::outline::{Item, Outline, Target, Text};
use crate::plan::span::Spans;

/// The places of the packages that stand for `kept` elements.
pub(super) fn of(outline: &Outline, text: &Text<'_>, kept: &[usize]) -> Spans {
    let packages = kept.iter().map(|&at| package(&outline.items[at], text));
    let packages = Node {
        span: Span::TOP,
        data: Data::List(packages.collect()),
    };
    let root = map(Span::TOP, vec![("packages", packages)]);
    let mut spans = Spans::new(root);
    for place in 0..kept.len() {
        spans.add_package(place);
    }
    spans
}

fn package(item: &Item, text: &Text<'_>) -> Node {
    let span = Span {
        start: item.range.start,
        end: item.range.end,
        line: item.line,
        column: item.column,
    };
    let on_line = |line: u32| {
        let found = line
            .checked_sub(1)
            .and_then(|at| text.lines().get(at as usize));
        let range = found.map_or(0..0, |line| line.range_of(line.text.trim_start()));
        Span {
            start: range.start,
            end: range.end,
            line,
            column: found.map_or(1, |line| {
                text.place(line.range_of(line.text.trim_start()).start).1
            }),
        }
    };
    let depends_on = item
        .depends_on
        .iter()
        .filter_map(|dependency| match &dependency.to {
            Target::Item(id) => Some(leaf(id, on_line(dependency.line))),
            Target::Label { .. } | Target::AllPrior(_) => None,
        });
    let files = item.scope.entries.iter();
    let files = files.map(|entry| leaf(&entry.path, on_line(entry.line)));
    let scope = map(span, vec![("write_allow", list(span, files.collect()))]);
    map(
        span,
        vec![
            ("package_id", leaf(&item.id, span)),
            ("depends_on", list(span, depends_on.collect())),
            ("scope", scope),
        ],
    )
}

fn leaf(text: &str, span: Span) -> Node {
    Node {
        span,
        data: Data::Text(text.to_owned()),
    }
}

fn list(span: Span, items: Vec<Node>) -> Node {
    Node {
        span,
        data: Data::List(items),
    }
}

fn map(span: Span, entries: Vec<(&str, Node)>) -> Node {
    let entries = entries.into_iter().map(|(key, value)| Entry {
        key: key.to_owned(),
        key_span: value.span,
        value,
    });
    Node {
        span,
        data: Data::Map(entries.collect()),
    }
}
