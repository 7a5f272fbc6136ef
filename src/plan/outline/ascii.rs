//! Order drawn with lines and arrows of characters: `A ──┬──> B`, trees, chains of arrows.
//!
//! Characters that touch make one wire; who stands at its open left or upper ends comes before
//! who stands at its arrowheads and open right or lower ends. What cannot be traced is no edge.

use super::{Line, Target};

/// Longer lines are prose.
const WIDTH_MAX: usize = 400;
/// At most so many ends of wires are looked at.
const ENDS_MAX: usize = 4_000;
/// At most so many edges are read from one picture.
const EDGES_MAX: usize = 10_000;

const LEFT: u8 = 1;
const RIGHT: u8 = 2;
const UP: u8 = 4;
const DOWN: u8 = 8;
/// The end of a wire: what stands on its other side comes after.
const HEAD: u8 = 16;

/// One edge of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// What comes first.
    pub before: Target,
    /// What comes after.
    pub after: Target,
    /// The line of the end, from 1.
    pub line: u32,
}

/// Reads the picture in some lines; `nodes` tells what a piece of text names.
pub fn edges(lines: &[Line<'_>], nodes: &dyn Fn(&str) -> Vec<Target>) -> Vec<Drawn> {
    let rows = lines
        .iter()
        .map(|line| (line.number, row(line.text)))
        .collect();
    let mut picture = Picture {
        rows,
        wires: Vec::new(),
        ends: 0,
    };
    let numbers = picture.number();
    let mut found: Vec<Wire> = vec![Wire::default(); numbers];
    for y in 0..picture.rows.len() {
        for x in 0..picture.rows[y].1.len() {
            picture.end(x, y, nodes, &mut found);
        }
    }
    let mut edges = Vec::new();
    for wire in &found {
        for (after, line) in &wire.after {
            for before in wire.before.iter().filter(|before| *before != after) {
                let edge = Drawn {
                    before: before.clone(),
                    after: after.clone(),
                    line: *line,
                };
                if edges.len() < EDGES_MAX {
                    edges.push(edge);
                }
            }
        }
    }
    edges.sort_by_key(|edge| edge.line);
    edges
}

#[derive(Debug, Clone, Default)]
struct Wire {
    before: Vec<Target>,
    after: Vec<(Target, u32)>,
}

/// A character and which ways it is open; 0 for what is no wire.
type Cell = (char, u8);

struct Picture {
    rows: Vec<(u32, Vec<Cell>)>,
    /// The number of the wire of each cell, by row.
    wires: Vec<Vec<usize>>,
    ends: usize,
}

fn row(line: &str) -> Vec<Cell> {
    let chars: Vec<char> = line.chars().take(WIDTH_MAX + 1).collect();
    let is_table = line.trim_start().starts_with('|') && line.matches('|').count() > 2;
    if chars.len() > WIDTH_MAX || is_table {
        return Vec::new();
    }
    let at = |x: Option<usize>| x.and_then(|x| chars.get(x)).copied().unwrap_or(' ');
    let ways = |x: usize| ways(at(x.checked_sub(1)), chars[x], at(x.checked_add(1)));
    (0..chars.len()).map(|x| (chars[x], ways(x))).collect()
}

/// Which ways a character is open, by its neighbours.
fn ways(before: char, c: char, after: char) -> u8 {
    let drawn = |c: char| matches!(c, '\u{2500}'..='\u{257f}' | '-' | '=' | '>' | '+');
    let blank = |c: char| c.is_whitespace();
    match c {
        '─' | '━' | '═' => LEFT | RIGHT,
        '-' | '=' if drawn(before) || drawn(after) => LEFT | RIGHT,
        '│' | '┃' | '║' => UP | DOWN,
        '|' if !before.is_alphanumeric() && !after.is_alphanumeric() => UP | DOWN,
        '┬' => LEFT | RIGHT | DOWN,
        '┴' => LEFT | RIGHT | UP,
        '├' => UP | DOWN | RIGHT,
        '┤' => UP | DOWN | LEFT,
        '┼' => LEFT | RIGHT | UP | DOWN,
        '+' if drawn(before) || drawn(after) => LEFT | RIGHT | UP | DOWN,
        '┌' | '╭' => DOWN | RIGHT,
        '┐' | '╮' => DOWN | LEFT,
        '└' | '╰' => UP | RIGHT,
        '┘' | '╯' => UP | LEFT,
        '>' if drawn(before) => LEFT | HEAD,
        '►' | '▶' | '→' | '⟶' => LEFT | HEAD,
        '▼' | '↓' => UP | HEAD,
        'v' | 'V' if blank(before) && blank(after) => UP | HEAD,
        _ => 0,
    }
}

impl Picture {
    fn ways(&self, x: usize, y: usize) -> u8 {
        let row = self.rows.get(y).map(|(_, row)| row);
        row.and_then(|row| row.get(x)).map_or(0, |cell| cell.1)
    }

    /// Numbers the wires; gives how many there are.
    fn number(&mut self) -> usize {
        self.wires = self
            .rows
            .iter()
            .map(|(_, row)| vec![usize::MAX; row.len()])
            .collect();
        let mut next = 0;
        for y in 0..self.rows.len() {
            for x in 0..self.rows[y].1.len() {
                if self.ways(x, y) != 0 && self.wires[y][x] == usize::MAX {
                    self.flood(x, y, next);
                    next += 1;
                }
            }
        }
        next
    }

    fn flood(&mut self, x: usize, y: usize, number: usize) {
        let mut open = vec![(x, y)];
        self.wires[y][x] = number;
        while let Some((x, y)) = open.pop() {
            for (way, back) in [(LEFT, RIGHT), (RIGHT, LEFT), (UP, DOWN), (DOWN, UP)] {
                let Some((nx, ny)) = self.joined(x, y, way, back) else {
                    continue;
                };
                if std::mem::replace(&mut self.wires[ny][nx], number) != number {
                    open.push((nx, ny));
                }
            }
        }
    }

    /// The cell on that side, if the two touch.
    fn joined(&self, x: usize, y: usize, way: u8, back: u8) -> Option<(usize, usize)> {
        let (nx, ny) = match way {
            LEFT => (x.checked_sub(1)?, y),
            RIGHT => (x + 1, y),
            UP => (x, y.checked_sub(1)?),
            _ => (x, y + 1),
        };
        let touch = self.ways(x, y) & way != 0 && self.ways(nx, ny) & back != 0;
        touch.then_some((nx, ny))
    }

    /// What stands at the open ends of one cell.
    fn end(&mut self, x: usize, y: usize, nodes: &dyn Fn(&str) -> Vec<Target>, out: &mut [Wire]) {
        let ways = self.ways(x, y);
        if ways == 0 {
            return;
        }
        let open = |way, back| ways & way != 0 && self.joined(x, y, way, back).is_none();
        let head = ways & HEAD != 0;
        let before = [
            open(LEFT, RIGHT).then(|| self.beside(x, y, LEFT)),
            open(UP, DOWN).then(|| y.checked_sub(1).map_or(String::new(), |y| self.over(x, y))),
        ];
        let right = open(RIGHT, LEFT) || (head && ways & LEFT != 0);
        let down = open(DOWN, UP) || (head && ways & UP != 0);
        let after = [
            right.then(|| (self.beside(x, y, RIGHT), y)),
            down.then(|| (self.over(x, y + 1), y + 1)),
        ];
        if before.iter().all(Option::is_none) && after.iter().all(Option::is_none) {
            return;
        }
        self.ends += 1;
        if self.ends > ENDS_MAX {
            return;
        }
        let wire = &mut out[self.wires[y][x]];
        for text in before.into_iter().flatten() {
            wire.before.extend(nodes(&text));
        }
        for (text, y) in after.into_iter().flatten() {
            let line = self.rows.get(y).map_or(1, |(number, _)| *number);
            wire.after
                .extend(nodes(&text).into_iter().map(|target| (target, line)));
        }
    }

    /// The text on one side of a cell, up to the next wire.
    fn beside(&self, x: usize, y: usize, way: u8) -> String {
        let row = &self.rows[y].1;
        let text = |cell: &&Cell| cell.1 == 0;
        if way == RIGHT {
            return row[x + 1..]
                .iter()
                .take_while(text)
                .map(|cell| cell.0)
                .collect();
        }
        let left: Vec<char> = row[..x]
            .iter()
            .rev()
            .take_while(text)
            .map(|c| c.0)
            .collect();
        left.into_iter().rev().collect()
    }

    /// The text above or below a cell: the words at this column, with what belongs to them.
    fn over(&self, x: usize, y: usize) -> String {
        let Some((_, row)) = self.rows.get(y) else {
            return String::new();
        };
        let is_gap = |x: usize| {
            let cell = |x: usize| row.get(x).copied().unwrap_or((' ', 0));
            cell(x).1 != 0 || (cell(x).0 == ' ' && cell(x + 1).0 == ' ')
        };
        let x = (x.saturating_sub(1)..=x + 1).find(|&x| x < row.len() && !is_gap(x));
        let Some(x) = x else {
            return String::new();
        };
        let start = (0..x).rev().find(|&x| is_gap(x)).map_or(0, |x| x + 1);
        let end = (x..row.len()).find(|&x| is_gap(x)).unwrap_or(row.len());
        row[start..end].iter().map(|cell| cell.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::outline::Text;

    fn read(picture: &str) -> String {
        let text = Text::new(picture, "");
        let nodes = |piece: &str| {
            let words = piece.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            let ids = words.filter(|word| word.starts_with("T-"));
            ids.map(|id| Target::Item(id.to_owned())).collect()
        };
        let name = |target: &Target| match target {
            Target::Item(id) => id[2..].to_owned(),
            other => format!("{other:?}"),
        };
        let edges = edges(text.lines(), &nodes);
        let shown = edges
            .iter()
            .map(|e| format!("{}{}", name(&e.before), name(&e.after)));
        let mut shown: Vec<String> = shown.collect();
        shown.sort();
        shown.join(" ")
    }

    #[test]
    fn forks_and_joins_are_followed_over_lines() {
        assert_eq!(
            read("T-1 (base) ──┬──> T-2\n             ├──> T-3 (x)\n             └──> T-4\n"),
            "12 13 14"
        );
        assert_eq!(
            read("T-1 ──┐\n      ├──> T-3 ──> T-4\nT-2 ──┘\n"),
            "13 23 34"
        );
        assert_eq!(read("T-1 --+--> T-2\n      |\n      +--> T-3\n"), "12 13");
    }

    #[test]
    fn chains_trees_and_arrows_down_are_followed() {
        assert_eq!(read("T-1, T-2 → T-3 -> T-4\n"), "13 23 34");
        assert_eq!(read("T-1\n├── T-2\n│   └── T-4\n└── T-3\n"), "12 13 24");
        assert_eq!(
            read("   T-1\n    │\n    ▼\n   T-2\n    ↓\n   T-3\n"),
            "12 23"
        );
        assert_eq!(
            read("  T-1     T-2\n   |       |\n   +---+---+\n       |\n       v\n      T-3\n"),
            "13 23"
        );
    }

    #[test]
    fn words_tables_and_loose_ends_are_no_edges() {
        assert_eq!(
            read("T-1 and T-2 - later\n| T-1 | T-2 | T-3 |\n|---|---|---|\n"),
            ""
        );
        assert_eq!(read("──> T-1\nT-2 ──\n│\n"), "");
        assert_eq!(read(""), "");
    }
}
