//! One alternative of a pattern as a small automaton, for matching and for intersection.
//!
//! State `i` is "the first `i` operations are done". `Deep` and `Rest` take two operations each,
//! so that the state inside a crossed segment has a number of its own.

use crate::scope::class::{Class, Symbol, symbols};
use crate::scope::fold::{Fold, fold_text};

/// What one state may consume, or where it may go without consuming.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Op {
    /// This character, `/` included.
    Char(char),
    /// One symbol but `/`.
    One,
    /// One of these.
    Class(Class),
    /// Any number of symbols but `/`.
    Star,
    /// Any number of whole segments with their `/`; always followed by `Within`.
    Deep,
    /// Inside a segment that `Deep` crosses.
    Within,
    /// One or more segments up to the end; always followed by `Tail`.
    Rest,
    /// Inside what `Rest` takes; accepts.
    Tail,
}

/// One alternative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    ops: Vec<Op>,
    prefix: String,
    suffix: String,
    fold: Fold,
}

impl Program {
    pub(super) fn new(ops: Vec<Op>, fold: Fold) -> Program {
        let literal = |op: &Op| match op {
            Op::Char(c) => Some(*c),
            _ => None,
        };
        let prefix = ops.iter().map_while(literal).collect();
        let mut suffix: Vec<char> = ops.iter().rev().map_while(literal).collect();
        suffix.reverse();
        Program {
            ops,
            prefix,
            suffix: suffix.into_iter().collect(),
            fold,
        }
    }

    /// The paths it is about.
    pub(super) fn fold(&self) -> Fold {
        self.fold
    }

    pub(super) fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// What every match begins with.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(super) fn is_literal(&self) -> bool {
        self.ops.iter().all(|op| matches!(op, Op::Char(_)))
    }

    /// True if it names everything: `**`.
    pub(super) fn is_everything(&self) -> bool {
        self.ops.first() == Some(&Op::Rest)
    }

    /// The same language, or a little more, as a regular expression over a path between quotes.
    /// No group in it is repeated: Gemini CLI takes that for an attack and drops the rule.
    pub(super) fn expression(&self) -> String {
        let mut out = String::new();
        for op in &self.ops {
            match op {
                Op::Char(c) if c.is_ascii_punctuation() && *c != '/' => out.extend(['\\', *c]),
                Op::Char(c) => out.push(*c),
                // A class says more than one symbol does; what it leaves out is seen later.
                Op::One | Op::Class(_) => out.push_str("[^/\"]"),
                Op::Star => out.push_str("[^/\"]*"),
                Op::Deep => out.push_str("(?:[^\"]+/|)"),
                Op::Rest => out.push_str("[^\"]+"),
                Op::Within | Op::Tail => {}
            }
        }
        out
    }

    /// The same language over folded paths.
    pub(super) fn folded(&self, fold: Fold) -> Program {
        if fold == Fold::None {
            return self.clone();
        }
        let mut ops = Vec::with_capacity(self.ops.len());
        let mut run = String::new();
        for op in &self.ops {
            if let Op::Char(c) = op {
                run.push(*c);
                continue;
            }
            ops.extend(fold_text(&run).chars().map(Op::Char));
            run.clear();
            ops.push(match op {
                Op::Class(class) => Op::Class(class.folded()),
                other => other.clone(),
            });
        }
        ops.extend(fold_text(&run).chars().map(Op::Char));
        Program::new(ops, fold)
    }

    /// The part of the language in which no `*` is empty; its paths read better.
    pub(super) fn plump(&self) -> Option<Program> {
        if !self.ops.contains(&Op::Star) {
            return None;
        }
        let plump = |op: &Op| match op {
            Op::Star => vec![Op::One, Op::Star],
            other => vec![other.clone()],
        };
        let ops = self.ops.iter().flat_map(plump).collect();
        Some(Program::new(ops, self.fold))
    }

    /// Matches a path that was already folded.
    pub(super) fn matches(&self, path: &[u8]) -> bool {
        if !path.starts_with(self.prefix.as_bytes()) || !path.ends_with(self.suffix.as_bytes()) {
            return false;
        }
        if self.is_literal() {
            return path.len() == self.prefix.len();
        }
        let from = self.prefix.chars().count();
        let text = symbols(&path[self.prefix.len()..]);
        matches_from(&self.ops[from..], &text)
    }

    /// False only if no path matches both, told from the fixed ends alone.
    pub(super) fn may_meet(&self, other: &Program) -> bool {
        let (a, b) = (self.prefix.as_bytes(), other.prefix.as_bytes());
        let (c, d) = (self.suffix.as_bytes(), other.suffix.as_bytes());
        (a.starts_with(b) || b.starts_with(a)) && (c.ends_with(d) || d.ends_with(c))
    }
}

const SLASH: Symbol = '/' as Symbol;

/// Greedy matching with one point of return for `*` and one for `**`. The last of each is
/// enough: an earlier one could only lead to the same place later.
fn matches_from(ops: &[Op], text: &[Symbol]) -> bool {
    let (mut i, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    let mut deep: Option<(usize, usize)> = None;
    loop {
        let next = text.get(t).copied();
        let fits = match (ops.get(i), next) {
            (Some(Op::Star), _) => {
                i += 1;
                star = Some((i, t));
                continue;
            }
            (Some(Op::Deep), _) => {
                i += 2;
                (star, deep) = (None, Some((i, t)));
                continue;
            }
            (Some(Op::Rest), _) => return next.is_some(),
            (None, None) => return true,
            (Some(op), Some(symbol)) => consumes(op, symbol),
            _ => false,
        };
        if fits {
            if next == Some(SLASH) {
                star = None;
            }
            (i, t) = (i + 1, t + 1);
        } else if let Some((after, from)) = star.filter(|s| text.get(s.1).is_some_and(is_inner)) {
            star = Some((after, from + 1));
            (i, t) = (after, from + 1);
        } else if let Some((after, from)) = deep {
            let Some(length) = text[from..].iter().position(|&s| s == SLASH) else {
                return false;
            };
            (star, deep) = (None, Some((after, from + length + 1)));
            (i, t) = (after, from + length + 1);
        } else {
            return false;
        }
    }
}

fn is_inner(symbol: &Symbol) -> bool {
    *symbol != SLASH
}

fn consumes(op: &Op, symbol: Symbol) -> bool {
    match op {
        Op::Char(c) => Symbol::from(*c) == symbol,
        Op::One => symbol != SLASH,
        Op::Class(class) => class.contains(symbol),
        Op::Star | Op::Deep | Op::Within | Op::Rest | Op::Tail => false,
    }
}

/// True if a path may end in this state.
pub(super) fn is_final(ops: &[Op], at: u32) -> bool {
    at as usize == ops.len() || ops[at as usize] == Op::Tail
}

/// Where a state may go without consuming.
pub(super) fn skip(ops: &[Op], at: u32) -> Option<u32> {
    match ops.get(at as usize) {
        Some(Op::Star) => Some(at + 1),
        Some(Op::Deep) => Some(at + 2),
        _ => None,
    }
}

/// True if the operation may consume `c`.
pub(super) fn takes(op: &Op, c: char) -> bool {
    match op {
        Op::Char(own) => *own == c,
        Op::Class(class) => class.contains(c.into()),
        Op::One | Op::Star | Op::Deep => c != '/',
        Op::Within | Op::Rest | Op::Tail => true,
    }
}

/// The state after consuming `c`, which the operation takes.
pub(super) fn after(ops: &[Op], at: u32, c: char) -> u32 {
    match (&ops[at as usize], c) {
        (Op::Star | Op::Tail, _) => at,
        (Op::Within, '/') => at - 1,
        (Op::Within, _) => at,
        _ => at + 1,
    }
}

/// True if every path that goes on from here is accepted.
pub(super) fn is_tail(ops: &[Op], at: u32) -> bool {
    ops.get(at as usize) == Some(&Op::Tail)
}
