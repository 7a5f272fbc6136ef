//! Where the phases of a plan stand: their headings, and the section that counts.
//!
//! Headings at column 0 count whether or not a code fence is open; the first of an id counts.

use super::super::outline::words::{self, Heading};
use super::super::outline::{Line, Lint, Outline, Text};
use crate::model::Code;
use std::collections::BTreeSet;

/// A heading that begins a phase.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head<'a> {
    /// Index of its line.
    pub(super) at: usize,
    /// 2 or 3.
    pub(super) level: usize,
    /// As written.
    pub(super) id: &'a str,
    /// What stands behind the colon, trimmed.
    pub(super) name: &'a str,
}

/// The phases that count, and where the last of them ends.
#[derive(Debug)]
pub(super) struct Region<'a> {
    pub(super) heads: Vec<Head<'a>>,
    /// Index of the first line of the section.
    pub(super) from: usize,
    /// Index of the line behind it.
    pub(super) to: usize,
}

/// No plan has more; what comes behind is told, not read.
const PHASES_MAX: usize = 1_000;

/// Sections that come after the phases. Every other one can be part of an example in a phase.
const AFTER: [&str; 8] = [
    "Testing & Validation",
    "Artifacts & Outputs",
    "Success Criteria",
    "Dependencies",
    "Risks and Mitigations",
    "Total Estimate",
    "Future Phases",
    "Testing and Validation",
];

/// Finds the phases and says which headings do not count.
pub(super) fn find<'a>(text: &Text<'a>, outline: &mut Outline) -> Region<'a> {
    let lines = text.lines();
    let (all, unread) = heads(lines);
    let (from, to) = bounds(lines, &all);
    let mut region = Region {
        heads: Vec::new(),
        from,
        to,
    };
    let mut seen = BTreeSet::new();
    let mut all = all;
    cut(text, &mut all, outline);
    for head in &all {
        if (from..to).contains(&head.at) && seen.insert(head.id) {
            region.heads.push(*head);
        }
    }
    let counted: BTreeSet<usize> = region.heads.iter().map(|head| head.at).collect();
    for head in all.iter().filter(|head| !counted.contains(&head.at)) {
        tell_uncounted(text, head, seen.contains(head.id), outline);
    }
    for at in unread.into_iter().filter(|at| (from..to).contains(at)) {
        let lint = Lint {
            message: "this heading is not a phase: no colon follows its number".to_owned(),
            hint: "write `### Phase 1: Name [NOT STARTED]`",
            items: &[],
        };
        outline.find(text, lines[at].start, Code::Advice, lint);
    }
    region
}

/// Leaves no more phases than a plan can have.
fn cut(text: &Text<'_>, all: &mut Vec<Head<'_>>, outline: &mut Outline) {
    let Some(first) = all.get(PHASES_MAX) else {
        return;
    };
    let lint = Lint {
        message: format!("more than {PHASES_MAX} headings of phases"),
        hint: "split the plan",
        items: &[],
    };
    outline.find(text, text.lines()[first.at].start, Code::HostileInput, lint);
    all.truncate(PHASES_MAX);
}

fn tell_uncounted(text: &Text<'_>, head: &Head<'_>, seen: bool, outline: &mut Outline) {
    let id = head.id;
    let (code, message) = if seen {
        let message = format!("phase `{id}` has been named before; this heading is not counted");
        (Code::RepeatedId, message)
    } else {
        let message = format!("phase `{id}` stands outside the phases and is not counted");
        (Code::Advice, message)
    };
    let lint = Lint {
        message,
        hint: "give the phase another id, or indent the heading if it is an example",
        items: if seen { &[id] } else { &[] },
    };
    outline.find(text, text.lines()[head.at].start, code, lint);
}

/// All headings that name a phase, and those that only nearly do.
fn heads<'a>(lines: &[Line<'a>]) -> (Vec<Head<'a>>, Vec<usize>) {
    let mut heads = Vec::new();
    let mut unread = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let heading = words::heading(line.text).filter(|h| matches!(h.level, 2 | 3));
        let Some(Heading { level, text }) = heading else {
            continue;
        };
        let Some(rest) = text.strip_prefix("Phase ") else {
            continue;
        };
        match rest.split_once(':') {
            Some((id, name)) if is_id(id.trim()) => heads.push(Head {
                at,
                level,
                id: id.trim(),
                name: name.trim(),
            }),
            _ if nearly(rest) => unread.push(at),
            _ => {}
        }
    }
    (heads, unread)
}

/// `1`, `2A`, `1.5`, `B`, `IV`.
pub(super) fn is_id(word: &str) -> bool {
    let number = word.starts_with(|c: char| c.is_ascii_digit())
        && word.len() <= 16
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
        && !word.ends_with('.');
    let roman = !word.is_empty() && word.len() <= 4 && word.chars().all(|c| "IVX".contains(c));
    let letter = word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.len() <= 3
        && word[1..].chars().all(|c| c.is_ascii_digit());
    number || roman || letter
}

/// A number, then a dash: meant as a phase, but not written as one.
fn nearly(rest: &str) -> bool {
    let mut words = rest.split_whitespace();
    let id = words.next().is_some_and(is_id);
    id && words
        .next()
        .is_some_and(|w| matches!(w, "-" | "–" | "—" | "--"))
}

/// The first and the behind-last line of the phases section; the whole file if there is none.
fn bounds(lines: &[Line<'_>], heads: &[Head<'_>]) -> (usize, usize) {
    let opens = |line: &Line<'_>| matches!(section(line), Some("Implementation Phases" | "Phases"));
    let closes = |line: &Line<'_>| {
        section(line).is_some_and(|name| AFTER.contains(&name) || name.starts_with("Rollback"))
    };
    let end = |from: usize| {
        let close = lines[from..].iter().position(closes);
        close.map_or(lines.len(), |at| from + at)
    };
    if let Some(from) = lines.iter().position(opens) {
        let to = end(from + 1);
        if heads.iter().any(|head| (from..to).contains(&head.at)) {
            return (from, to);
        }
    }
    match heads.first() {
        Some(first) => (0, end(first.at)),
        None => (0, lines.len()),
    }
}

/// The name of the section that a line begins.
fn section<'a>(line: &Line<'a>) -> Option<&'a str> {
    let heading = words::heading(line.text).filter(|h| h.level == 2);
    heading.map(|h| bare(h.text))
}

/// The name of a section without a marker such as `[REVISED]` behind it, and without a colon.
fn bare(name: &str) -> &str {
    let name = match name.strip_suffix(']') {
        Some(marked) => marked.rsplit_once('[').map_or(name, |(name, _)| name),
        None => name,
    };
    name.trim_end().trim_end_matches(':')
}
