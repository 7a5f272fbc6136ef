//! What a task list says in words about order: `Tasks 1-3, CR-A`, `Track B, C + CR2`.
//!
//! Ranges become the ids that exist between their ends; tracks, phases and `all` stay selectors.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::ItemKind;
use crate::plan::outline::words::is_none;
use crate::plan::outline::{Target, When};

/// At most so many ids are made of ranges in one document; a range more stays two ids.
const RANGE_MAX: usize = 100_000;

/// A note stands at each target; it is cut here.
const NOTE_MAX: usize = 240;

/// The ids of a document.
#[derive(Debug, Default)]
pub(super) struct Ids {
    all: BTreeSet<String>,
    numbers: BTreeMap<(u64, u64), String>,
    gates: Vec<String>,
    made: Cell<usize>,
}

/// What a value says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// In the order of the text.
    pub(super) targets: Vec<(Target, When)>,
    /// Words beside the ids.
    pub(super) note: Option<String>,
    /// It says outright that there is nothing to wait for.
    pub(super) nothing: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Any,
    Task,
    Track,
    Phase,
    Group,
}

/// `CR-A`, `PR-FINAL`, `CR2`.
pub(super) fn is_gate(word: &str) -> bool {
    let Some(rest) = ["CR", "PR", "RW"].iter().find_map(|p| word.strip_prefix(p)) else {
        return false;
    };
    let plain =
        |s: &str| (1..=12).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric());
    match rest.strip_prefix('-') {
        Some(name) => plain(name) && !name.bytes().any(|b| b.is_ascii_lowercase()),
        None => plain(rest) && rest.bytes().all(|b| b.is_ascii_digit()),
    }
}

/// `3` or `3.1` as numbers; deeper ids are not counted through.
pub(super) fn number(word: &str) -> Option<(u64, u64)> {
    let part = |s: &str| {
        s.bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| s.parse().ok())?
    };
    match word.split_once('.') {
        Some((whole, part_of)) => Some((part(whole)?, 1 + part(part_of)?)),
        None => Some((part(word)?, 0)),
    }
}

impl Ids {
    pub(super) fn add(&mut self, id: &str) {
        if let Some(number) = number(id) {
            self.numbers.entry(number).or_insert_with(|| id.to_owned());
        }
        if self.all.insert(id.to_owned()) && is_gate(id) {
            self.gates.push(id.to_owned());
        }
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.all.contains(id)
    }

    /// The ids that exist from one to another; both ends if there is none.
    fn between(&self, from: &str, to: &str) -> Option<Vec<String>> {
        let ends = || vec![from.to_owned(), to.to_owned()];
        let found: Vec<String> = match (number(from), number(to)) {
            (Some(a), Some(b)) if a <= b && (a.1 == 0) == (b.1 == 0) => {
                let whole = |key: &(u64, u64)| (key.1 == 0) == (a.1 == 0);
                let range = self.numbers.range(a..=b).filter(|(key, _)| whole(key));
                let room = RANGE_MAX.saturating_sub(self.made.get());
                range.map(|(_, id)| id.clone()).take(room).collect()
            }
            (None, None) => {
                let (stem, first) = last_letter(from)?;
                let (other, last) = last_letter(to)?;
                let within = |id: &&String| {
                    let letter = last_letter(id).filter(|(s, _)| *s == stem);
                    letter.is_some_and(|(_, c)| (first..=last).contains(&c))
                };
                if stem != other || self.made.get() > RANGE_MAX {
                    return None;
                }
                self.gates.iter().filter(within).cloned().collect()
            }
            _ => return None,
        };
        self.made.set(self.made.get() + found.len() + 1);
        Some(if found.is_empty() { ends() } else { found })
    }

    /// The ids of a list such as `2, 4-6 and 9`, and how much of the text it takes.
    pub(super) fn list(&self, text: &str) -> (Vec<String>, usize) {
        let listed = |c: char| c.is_ascii_digit() || " ,.-–&".contains(c);
        let mut end = 0;
        while let Some(c) = text[end..].chars().next() {
            let rest = &text[end..];
            if rest.starts_with("and ") {
                end += 4;
            } else if listed(c) && !rest.starts_with(" - ") {
                end += c.len_utf8();
            } else {
                break;
            }
        }
        let said = self.read(&text[..end]);
        let item = |(target, _): (Target, When)| match target {
            Target::Item(id) => Some(id),
            _ => None,
        };
        (said.targets.into_iter().filter_map(item).collect(), end)
    }

    /// Reads a value.
    pub(super) fn read(&self, value: &str) -> Said {
        let mut reading = Reading {
            ids: self,
            said: Said::default(),
            notes: Vec::new(),
            kind: Kind::Any,
            run: 0,
        };
        if is_none(value) {
            reading.said.nothing = true;
            return reading.said;
        }
        let mut rest = value;
        while !rest.is_empty() {
            let open = rest.find('(').unwrap_or(rest.len());
            reading.plain(&rest[..open]);
            let inner = &rest[open..];
            let close = inner.find(')').map_or(inner.len(), |at| at + 1);
            if let Some(inside) = inner[..close].strip_prefix('(') {
                reading.aside(inside.trim_end_matches(')'));
            }
            rest = &inner[close..];
        }
        let mut note = reading.notes.join("; ");
        let short = (0..=NOTE_MAX.min(note.len()))
            .rev()
            .find(|&at| note.is_char_boundary(at));
        note.truncate(short.unwrap_or(0));
        reading.said.note = (!note.is_empty()).then_some(note);
        reading.said
    }
}

fn last_letter(id: &str) -> Option<(&str, char)> {
    let letter = id.chars().next_back().filter(char::is_ascii_uppercase)?;
    Some((&id[..id.len() - 1], letter))
}

struct Reading<'a> {
    ids: &'a Ids,
    said: Said,
    notes: Vec<String>,
    kind: Kind,
    /// Where the targets since the last comma begin.
    run: usize,
}

impl Reading<'_> {
    fn plain(&mut self, text: &str) {
        let before = self.said.targets.len();
        let mut range_from: Option<String> = None;
        let mut all = false;
        let mut odd = false;
        for piece in text.split_inclusive([',', ';']) {
            if !piece.trim_matches([',', ';', ' ']).is_empty() {
                self.run = self.said.targets.len();
            }
            for word in piece.split([' ', '\t', ',', ';', '+', '/', '&', '"', '`', '*']) {
                let word = word.trim_matches(['.', ':']);
                match word.to_ascii_lowercase().as_str() {
                    "" | "and" | "or" => {}
                    "task" | "tasks" => self.kind = Kind::Task,
                    "track" | "tracks" => self.kind = Kind::Track,
                    "phase" | "phases" => self.kind = Kind::Phase,
                    "group" | "groups" => self.kind = Kind::Group,
                    "all" => all = true,
                    "none" => self.said.nothing = true,
                    "-" | "–" | "to" | "through" | "thru" => {
                        range_from = self.last_item(before);
                    }
                    _ => match range_from.take() {
                        Some(from) if self.ids.between(&from, word).is_some() => {
                            self.said.targets.pop();
                            self.range(&from, word);
                        }
                        _ => odd |= !self.word(word),
                    },
                }
            }
        }
        if all && self.said.targets.len() == before {
            self.everything(text);
        } else if odd {
            let words = text.trim_matches([' ', ',', ';']);
            self.notes.push(words.to_owned());
        }
    }

    fn last_item(&self, since: usize) -> Option<String> {
        match self.said.targets[since..].last() {
            Some((Target::Item(id), _)) => Some(id.clone()),
            _ => None,
        }
    }

    /// One word; false if it is no id.
    fn word(&mut self, word: &str) -> bool {
        let label = match self.kind {
            Kind::Track => Some("track"),
            Kind::Phase => Some("phase"),
            Kind::Group => Some("group"),
            Kind::Any | Kind::Task => None,
        };
        if is_gate(word) || self.ids.has(word) && label.is_none() {
            self.item(word.to_owned());
            return true;
        }
        let ends = word.split_once(['-', '–']);
        if let Some(label) = label {
            let short = |w: &str| {
                let letter = w.len() == 1 && w.bytes().all(|b| b.is_ascii_uppercase());
                letter || (!w.is_empty() && w.bytes().all(|b| b.is_ascii_digit()))
            };
            let names = match ends {
                Some((from, to)) if short(from) && short(to) => through(from, to),
                _ if short(word) => vec![word.to_owned()],
                _ => return false,
            };
            for value in names {
                let name = label.to_owned();
                self.push(Target::Label { name, value }, When::Done);
            }
            return true;
        }
        if let Some((from, to)) = ends.filter(|(a, b)| number(a).is_some() && number(b).is_some()) {
            return self.range(from, to);
        }
        let known = number(word).is_some();
        if known {
            self.item(word.to_owned());
        }
        known
    }

    fn range(&mut self, from: &str, to: &str) -> bool {
        let found = self.ids.between(from, to).unwrap_or_default();
        let any = !found.is_empty();
        for id in found {
            self.item(id);
        }
        any
    }

    fn item(&mut self, id: String) {
        let when = match id.starts_with("CR") || id.starts_with("PR") {
            true => When::Approved,
            false => When::Done,
        };
        self.push(Target::Item(id), when);
    }

    fn push(&mut self, target: Target, when: When) {
        self.said.targets.push((target, when));
    }

    fn everything(&mut self, text: &str) {
        let lower = text.to_ascii_lowercase();
        let gates = ["approv", "review", "cr/pr", "crs", "prs"];
        if gates.iter().any(|word| lower.contains(word)) {
            self.push(Target::AllPrior(vec![ItemKind::Review]), When::Approved);
        } else {
            self.push(Target::AllPrior(Vec::new()), When::Done);
        }
        self.notes.push(text.trim().to_owned());
    }

    /// What stands in parentheses: an outcome, the members of what stands before, or a note.
    fn aside(&mut self, inside: &str) {
        let lower = inside.to_ascii_lowercase();
        let asks = ["failed", "fails", "requires changes", "requires revision"];
        if asks.iter().any(|word| lower.contains(word)) {
            for (target, when) in &mut self.said.targets {
                if matches!(target, Target::Item(id) if is_gate(id)) {
                    *when = When::ChangesRequested;
                }
            }
            return;
        }
        if lower.trim() == "approved" {
            let run = self.run.min(self.said.targets.len());
            for (_, when) in &mut self.said.targets[run..] {
                *when = When::Approved;
            }
            return;
        }
        let wide = match self.said.targets.last() {
            Some((Target::Label { name, .. }, _)) => name == "track",
            Some((Target::AllPrior(_), _)) => true,
            _ => false,
        };
        let members = match wide {
            true => self.ids.read(inside),
            false => Said::default(),
        };
        let exact = |(target, _): &(Target, When)| matches!(target, Target::Item(_));
        if members.targets.is_empty() || !members.targets.iter().all(exact) {
            self.notes.push(inside.trim().to_owned());
            return;
        }
        self.said.targets.pop();
        self.said.targets.extend(members.targets);
    }
}

/// `A` to `C`, `1` to `3`; short by what the words allow.
fn through(from: &str, to: &str) -> Vec<String> {
    match (from.parse::<u16>(), to.parse::<u16>()) {
        (Ok(a), Ok(b)) if b.saturating_sub(a) < 100 => (a..=b).map(|n| n.to_string()).collect(),
        _ => match (from.chars().next(), to.chars().next()) {
            (Some(a @ 'A'..='Z'), Some(b @ 'A'..='Z')) => (a..=b).map(String::from).collect(),
            _ => vec![from.to_owned(), to.to_owned()],
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> Ids {
        let mut ids = Ids::default();
        for number in (1..=31).filter(|n| *n != 17) {
            ids.add(&number.to_string());
        }
        for letter in ["A", "B", "C", "D", "FINAL"] {
            for gate in ["CR", "PR", "RW"] {
                ids.add(&format!("{gate}-{letter}"));
            }
        }
        ids.add("CR1");
        ids
    }

    fn shown(value: &str) -> String {
        let said = ids().read(value);
        let show = |(target, when): &(Target, When)| {
            let sign = match when {
                When::Done => "",
                When::Approved => "+",
                When::ChangesRequested => "!",
            };
            match target {
                Target::Item(id) => format!("{id}{sign}"),
                Target::Label { name, value } => format!("{name}:{value}{sign}"),
                Target::AllPrior(kinds) => format!("all{}{sign}", kinds.len()),
            }
        };
        said.targets.iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_way_to_say_what_comes_first_is_read() {
        for (value, expected) in [
            ("Task 1", "1"),
            ("Tasks 1-3", "1 2 3"),
            ("Tasks 9-11, 15-18", "9 10 11 15 16 18"),
            ("Tasks 15, 7, 8", "15 7 8"),
            ("Tasks 3 - 5", "3 4 5"),
            ("Tasks 3 and 5", "3 5"),
            ("Track A completion (Tasks 1-3)", "1 2 3"),
            ("Tracks B, C, E completion", "track:B track:C track:E"),
            ("Track F partial (Tasks 19-21)", "19 20 21"),
            ("Track F partial (19-21)", "19 20 21"),
            ("CR-A", "CR-A+"),
            ("PR-A (approved)", "PR-A+"),
            ("CR-A and/or PR-A (failed)", "CR-A! PR-A!"),
            ("All tracks complete", "all0"),
            (
                "All previous CR/PR approvals (PR-A, PR-B, PR-C)",
                "PR-A+ PR-B+ PR-C+",
            ),
            (
                "All track approvals (PR-A through PR-D)",
                "PR-A+ PR-B+ PR-C+ PR-D+",
            ),
            ("All previous reviews", "all1+"),
            ("Tasks 3-4, RW-B", "3 4 RW-B"),
            ("Track A, B", "track:A track:B"),
            ("Track A, CR-A, PR-A", "track:A CR-A+ PR-A+"),
            ("Track B, C + CR2", "track:B track:C CR2+"),
            ("CR1", "CR1+"),
            ("Group 2 + CR2/CR3", "group:2 CR2+ CR3+"),
            ("Tracks A-C", "track:A track:B track:C"),
            ("Tasks 90-91", "90 91"),
            ("PR-FINAL", "PR-FINAL+"),
        ] {
            assert_eq!(shown(value), expected, "{value}");
        }
        assert!(ids().read("None").nothing);
        assert_eq!(
            ids().read("the weather"),
            Said {
                note: Some("the weather".to_owned()),
                ..Said::default()
            }
        );
    }

    #[test]
    fn a_list_ends_where_its_words_begin() {
        let (list, end) = ids().list("4-6 (Configuration) - needs 1");
        assert_eq!((list.join(" "), end), ("4 5 6".to_owned(), 4));
        assert_eq!(ids().list("2, 4 and 5 - x").0.join(" "), "2 4 5");
    }

    #[test]
    fn ranges_without_end_are_cut_off() {
        let mut ids = Ids::default();
        (1..1000).for_each(|n| ids.add(&n.to_string()));
        let made: usize = (0..1000)
            .map(|_| ids.read("Tasks 1-999").targets.len())
            .sum();
        assert!(made < 2 * RANGE_MAX, "{made}");
    }
}
