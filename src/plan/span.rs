//! Where the parts of a plan stand in their file, by JSON pointer of the normalised names.

use crate::plan::node::{Data, Node, Span};

/// The places of a plan; empty if the file could not be read at all.
#[derive(Debug, Clone, Default)]
pub struct Spans {
    root: Option<Node>,
    packages: Vec<usize>,
}

impl Spans {
    pub(super) fn new(root: Node) -> Self {
        Spans {
            root: Some(root),
            packages: Vec::new(),
        }
    }

    pub(super) fn add_package(&mut self, place: usize) {
        self.packages.push(place);
    }

    /// The pointer of the n-th package of the plan, for instance `/packages/3`.
    pub fn package(&self, index: usize) -> String {
        let place = self.packages.get(index).copied().unwrap_or(index);
        format!("/packages/{place}")
    }

    /// The value at `pointer`, or the nearest thing around it.
    pub fn at(&self, pointer: &str) -> Span {
        self.walk(pointer).map_or(Span::TOP, |(_, node)| node.span)
    }

    /// The key of the mapping entry at `pointer`; what [`Spans::at`] says where there is none.
    pub fn key(&self, pointer: &str) -> Span {
        let (parent, name) = pointer.rsplit_once('/').unwrap_or(("", pointer));
        let entry = self
            .node(parent)
            .and_then(|node| node.entry(&unescape(name)));
        entry.map_or_else(|| self.at(pointer), |entry| entry.key_span)
    }

    /// The item `text` of the list at `pointer`; the list itself where there is none.
    pub fn item(&self, pointer: &str, text: &str) -> Span {
        let items = self.node(pointer).map_or(&[][..], Node::items);
        let found = items.iter().find(|item| item.text() == Some(text));
        found.map_or_else(|| self.at(pointer), |item| item.span)
    }

    /// True if something stands at exactly `pointer`.
    pub fn has(&self, pointer: &str) -> bool {
        self.node(pointer).is_some()
    }

    /// The text at exactly `pointer`, if it is text.
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.node(pointer)?.text()
    }

    /// The node at exactly `pointer`.
    pub(super) fn node(&self, pointer: &str) -> Option<&Node> {
        let (complete, node) = self.walk(pointer)?;
        complete.then_some(node)
    }

    fn walk(&self, pointer: &str) -> Option<(bool, &Node)> {
        let mut node = self.root.as_ref()?;
        for name in pointer.split('/').skip(1) {
            let next = match &node.data {
                Data::Map(_) => node.get(&unescape(name)),
                Data::List(items) => name.parse().ok().and_then(|at: usize| items.get(at)),
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => return Some((false, node)),
            }
        }
        Some((true, node))
    }
}

/// A name within a JSON pointer as plain text.
pub(super) fn unescape(name: &str) -> String {
    name.replace("~1", "/").replace("~0", "~")
}

/// A JSON pointer as people write it: `packages[2].locks.keys[0]`.
pub(super) fn spoken(pointer: &str) -> String {
    let mut out = String::new();
    for name in pointer.split('/').skip(1) {
        let number = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
        if number {
            out.push('[');
            out.push_str(name);
            out.push(']');
        } else {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(&unescape(name));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::guard;
    use crate::plan::limits::Policy;

    #[test]
    fn the_nearest_place_is_found() {
        let text = b"a:\n  - b: [x, y]\n    c/d: 1\n";
        let spans = Spans::new(guard::read(text, Policy::Plan).unwrap().unwrap());
        let place = |span: Span| (span.line, span.column);
        assert_eq!(place(spans.at("/a/0/b/1")), (2, 12));
        assert_eq!(place(spans.item("/a/0/b", "y")), (2, 12));
        assert_eq!(place(spans.item("/a/0/b", "z")), (2, 8));
        assert_eq!(place(spans.key("/a/0/c~1d")), (3, 5));
        assert_eq!(place(spans.at("/a/0/none/7")), (2, 5));
        assert!(!spans.has("/a/0/none"));
        assert_eq!(spans.at("/a/0/b").end, 16);
        assert_eq!(spoken("/a/0/c~1d"), "a[0].c/d");
    }
}
