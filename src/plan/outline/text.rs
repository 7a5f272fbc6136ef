//! The text of a plan document by lines, with the byte range of each.
//!
//! No fence is tracked and no Markdown tree is built: agents leave fences open, and a task that a
//! parser swallows is worse than an example it shows. Byte order mark, carriage returns and
//! trailing spaces stay where they are; ranges always refer to the bytes of the file.

use std::ops::Range;

/// A plan document.
#[derive(Debug, Clone)]
pub struct Text<'a> {
    /// The whole file.
    pub whole: &'a str,
    /// How findings name the file.
    pub source: &'a str,
    lines: Vec<Line<'a>>,
}

/// One line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// From 1.
    pub number: u32,
    /// Where [`Line::text`] begins in the file.
    pub start: usize,
    /// Without the end of line; trailing spaces are still there, a byte order mark is not.
    pub text: &'a str,
    /// Where the next line begins.
    pub next: usize,
}

impl Line<'_> {
    /// The range of `part` in the file; `part` is a slice of [`Line::text`].
    pub fn range_of(&self, part: &str) -> Range<usize> {
        let from = part.as_ptr() as usize - self.text.as_ptr() as usize;
        let start = self.start + from;
        start..start + part.len()
    }

    /// The number of white characters it begins with; a tab counts as four.
    pub fn indent(&self) -> usize {
        let white = self.text.chars().take_while(|c| matches!(c, ' ' | '\t'));
        white.map(|c| if c == '\t' { 4 } else { 1 }).sum()
    }
}

impl<'a> Text<'a> {
    /// Cuts a file into lines.
    pub fn new(whole: &'a str, source: &'a str) -> Self {
        let mut lines = Vec::new();
        let mut start = if whole.starts_with('\u{feff}') { 3 } else { 0 };
        while start < whole.len() {
            let rest = &whole[start..];
            let length = rest.find('\n').map_or(rest.len(), |at| at + 1);
            let line = &rest[..length];
            let text = line.strip_suffix('\n').unwrap_or(line);
            lines.push(Line {
                number: u32::try_from(lines.len() + 1).unwrap_or(u32::MAX),
                start,
                text: text.strip_suffix('\r').unwrap_or(text),
                next: start + length,
            });
            start += length;
        }
        Text {
            whole,
            source,
            lines,
        }
    }

    /// All lines, in order.
    pub fn lines(&self) -> &[Line<'a>] {
        &self.lines
    }

    /// Line and column, both from 1, of a byte of the file; columns count characters.
    pub fn place(&self, byte: usize) -> (u32, u32) {
        let at = self.lines.partition_point(|line| line.start <= byte);
        let Some(line) = at.checked_sub(1).map(|at| &self.lines[at]) else {
            return (1, 1);
        };
        let end = (byte - line.start).min(line.text.len());
        let before = line.text.get(..end).unwrap_or(line.text);
        let column = u32::try_from(before.chars().count() + 1).unwrap_or(u32::MAX);
        (line.number, column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_places_whatever_ends_them() {
        let text = Text::new("\u{feff}a\r\nb  \n\n c", "x");
        let lines: Vec<_> = text.lines().iter().map(|l| (l.start, l.text)).collect();
        assert_eq!(lines, [(3, "a"), (6, "b  "), (10, ""), (11, " c")]);
        for line in text.lines() {
            assert_eq!(&text.whole[line.range_of(line.text)], line.text);
        }
        assert_eq!(text.lines()[3].indent(), 1);
        assert_eq!(text.place(7), (2, 2));
        assert_eq!(text.place(99), (4, 3));
        assert_eq!(Text::new("", "x").place(0), (1, 1));
    }
}
