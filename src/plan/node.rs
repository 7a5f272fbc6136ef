//! The tree of a text file with the place of every part: what all readers of this floor share.
//!
//! A node knows the bytes it was read from, so that a finding can point and a later edit can
//! patch exactly these bytes. The tree never holds a number that JSON cannot carry.

use std::cell::Cell;

use crate::base::json::{Map, Value};

/// The bytes of one part of a file, `start..end`, and the place of the first of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

impl Span {
    /// The beginning of a file; the place of what is missing altogether.
    pub const TOP: Span = Span {
        start: 0,
        end: 0,
        line: 1,
        column: 1,
    };
}

/// One part of a tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub data: Data,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Nothing, `null` or `~`.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number that is exact in JSON.
    Integer(i64),
    /// Any other finite number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Entries in the order of the file, no key twice.
    Map(Vec<Entry>),
}

/// One entry of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key as text; a key that is written as a number keeps its digits.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// What the key stands for.
    pub value: Node,
}

impl Node {
    /// The entry of a mapping with this key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The value of a mapping under this key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entries of a mapping; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.data {
            Data::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.data {
            Data::List(items) => items,
            _ => &[],
        }
    }

    /// The text, if it is text.
    pub fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The same tree without places.
    pub fn to_json(&self) -> Value {
        match &self.data {
            Data::Null => Value::Null,
            Data::Bool(flag) => Value::Bool(*flag),
            Data::Integer(number) => Value::from(*number),
            Data::Float(number) => Value::from(*number),
            Data::Text(text) => Value::String(text.clone()),
            Data::List(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            Data::Map(entries) => {
                let pairs = entries.iter().map(|e| (e.key.clone(), e.value.to_json()));
                Value::Object(pairs.collect::<Map<_, _>>())
            }
        }
    }

    /// The word for messages.
    pub fn kind(&self) -> &'static str {
        match &self.data {
            Data::Null => "empty",
            Data::Bool(_) => "true or false",
            Data::Integer(_) => "a whole number",
            Data::Float(_) => "a fraction",
            Data::Text(_) => "text",
            Data::List(_) => "a list",
            Data::Map(_) => "a mapping",
        }
    }
}

/// Finds line and column of a byte.
///
/// Remembers the last answer: a reader asks in the order of the text, and counting each column
/// from the start of its line would be quadratic in a file of one line.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    last: Cell<(usize, usize)>,
}

impl<'a> Lines<'a> {
    /// Looks at `text` once; lines end with a line feed, as editors count them.
    pub fn of(text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|&(_, b)| b == b'\n');
        let starts = std::iter::once(0)
            .chain(breaks.map(|(at, _)| at + 1))
            .collect();
        let last = Cell::new((0, 0));
        Lines { text, starts, last }
    }

    /// The span of `start..end`; bytes past the end count as the end.
    pub fn span(&self, start: usize, end: usize) -> Span {
        let start = start.min(self.text.len());
        let row = self.starts.partition_point(|&begin| begin <= start).max(1) - 1;
        let (from, counted) = match self.last.get() {
            (at, column) if (self.starts[row]..=start).contains(&at) => (at, column),
            _ => (self.starts[row], 0),
        };
        let before = &self.text.as_bytes()[from..start];
        // Bytes that continue no character; a slice of `str` could panic inside one.
        let column = counted + before.iter().filter(|&&b| b & 0xc0 != 0x80).count();
        self.last.set((start, column));
        Span {
            start,
            end: end.clamp(start, self.text.len()),
            line: clamp(row + 1),
            column: clamp(column + 1),
        }
    }
}

fn clamp(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let lines = Lines::of("ä: b\nc: ö d");
        let span = lines.span(12, 13);
        assert_eq!((span.line, span.column), (2, 6));
        assert_eq!(lines.span(99, 100).line, 2);
        assert_eq!(Lines::of("").span(0, 0), Span::TOP);
    }
}
