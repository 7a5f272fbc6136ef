//! Columns that line up. The last column gives way on a narrow sheet, the others never do.

use std::fmt::Write as _;

use crate::base::text;
use crate::report::style::{Label, Page};

/// One field of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    text: String,
    label: Label,
}

impl Cell {
    /// Plain text; what came from outside is made harmless.
    pub fn new(content: impl AsRef<str>) -> Self {
        Cell::labelled(Label::Plain, content)
    }

    /// Text with a label; what came from outside is made harmless.
    pub fn labelled(label: Label, content: impl AsRef<str>) -> Self {
        Cell {
            text: text::foreign(content.as_ref()).to_string(),
            label,
        }
    }
}

/// Rows of cells. Rows may differ in length.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    rows: Vec<Vec<Cell>>,
    indent: usize,
}

impl Table {
    /// An empty table whose lines begin with `indent` blanks.
    pub fn new(indent: usize) -> Self {
        Table {
            rows: Vec::new(),
            indent,
        }
    }

    /// Adds a line of headings.
    pub fn head(&mut self, names: &[&str]) {
        let row = names.iter().map(|n| Cell::labelled(Label::Dim, n));
        self.rows.push(row.collect());
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// Leaves out a column that has nothing but its heading.
    pub fn drop_if_empty(&mut self, column: usize) {
        let is_empty = |row: &Vec<Cell>| row.get(column).is_none_or(|cell| cell.text.is_empty());
        if self.rows.iter().skip(1).all(is_empty) {
            for row in self.rows.iter_mut().filter(|row| row.len() > column) {
                row.remove(column);
            }
        }
    }

    /// Lays the table out, one line feed after every row.
    pub fn render(&self, page: Page) -> String {
        let widths = self.widths();
        let mut out = String::new();
        for row in &self.rows {
            let mut column = self.indent;
            let mut line = " ".repeat(self.indent);
            for (i, cell) in row.iter().enumerate() {
                let last = i + 1 == row.len();
                let room = page.width.saturating_sub(column).max(CELL_MIN);
                let shown = if last {
                    text::cut(&cell.text, room)
                } else {
                    cell.text.clone()
                };
                line.push_str(&page.paint(cell.label, &shown));
                if !last {
                    let pad = widths[i] - shown.chars().count() + GAP;
                    line.push_str(&" ".repeat(pad));
                    column += widths[i] + GAP;
                }
            }
            let _ = writeln!(out, "{}", line.trim_end());
        }
        out
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut widths = vec![0; columns];
        for row in &self.rows {
            for (i, cell) in row.iter().enumerate() {
                if i + 1 < row.len() {
                    widths[i] = widths[i].max(cell.text.chars().count());
                }
            }
        }
        widths
    }
}

const GAP: usize = 2;
const CELL_MIN: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::style::Style;

    #[test]
    fn columns_line_up_and_the_last_gives_way() {
        let mut table = Table::new(2);
        table.head(&["package", "status", "why"]);
        table.row(vec![
            Cell::new("wp-ärger"),
            Cell::new("ok"),
            Cell::new("a long reason\u{1b}[2J that ends"),
        ]);
        let page = Page {
            style: Style::Plain,
            width: 40,
        };
        insta::assert_snapshot!(table.render(page), @r"
          package   status  why
          wp-ärger  ok      a long reason\u{1b}…
        ");
    }
}
