//! What tickets and phases say they wait for: `AO-001, AO-003`, `Phase 1 (reason)`, `None`.

use std::collections::BTreeMap;

use crate::model::EdgeOrigin;
use crate::plan::outline::words::{bullet, is_fence, is_none, noted};
use crate::plan::outline::{Dependency, Field, Strength, Target, When};
use crate::plan::purple::ticket::{is_id, is_id_char};

/// At most so many ids are made of one range.
const RANGE_MAX: usize = 500;
/// Words from which on a value speaks of something else.
const ASIDES: [&str; 7] = [
    " can ",
    " may ",
    " but ",
    " parallel",
    " however",
    " though",
    " should ",
];

/// The ids of a specification, by place.
pub(super) struct Names {
    places: BTreeMap<String, usize>,
    ids: Vec<String>,
}

/// What a field says.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) list: Vec<Dependency>,
    /// It says something, and none of it can be read.
    pub(super) odd: bool,
}

impl Names {
    pub(super) fn of<'a>(ids: impl Iterator<Item = &'a str>) -> Self {
        let ids: Vec<String> = ids.map(str::to_owned).collect();
        let places = ids
            .iter()
            .enumerate()
            .map(|(at, id)| (id.clone(), at))
            .collect();
        Names { places, ids }
    }

    /// Reads a field; each of its lines may be a list.
    pub(super) fn read(&self, field: &Field, origin: EdgeOrigin) -> Said {
        let mut said = Said::default();
        let (mut nothing, mut joined) = (false, String::new());
        for line in field.value.lines().filter(|line| !is_fence(line)) {
            let listed = bullet(line);
            if listed.is_some() && !joined.is_empty() && listed != Some(line) {
                self.one(
                    &std::mem::take(&mut joined),
                    field,
                    origin,
                    &mut said,
                    &mut nothing,
                );
            } else if !joined.is_empty() && !joined.trim_end().ends_with([',', '(']) {
                continue;
            }
            joined.push(' ');
            joined.push_str(listed.unwrap_or(line));
        }
        self.one(&joined, field, origin, &mut said, &mut nothing);
        said.odd = said.list.is_empty() && !nothing;
        said
    }

    fn one(
        &self,
        value: &str,
        field: &Field,
        origin: EdgeOrigin,
        said: &mut Said,
        nothing: &mut bool,
    ) {
        let value = value.trim().trim_start_matches(['`', '*', '_']);
        let first = value
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '/')
            .next();
        if is_none(value) || first.is_some_and(is_none) {
            *nothing = true;
            return;
        }
        let noted = noted(value);
        let plain = noted
            .value
            .split_once(". ")
            .map_or(noted.value.as_str(), |(first, _)| first);
        let lower = plain.to_ascii_lowercase();
        let cut = ASIDES.iter().filter_map(|word| lower.find(word)).min();
        let plain = &plain[..cut.unwrap_or(plain.len())];
        let about = value.to_ascii_lowercase();
        let soft = [
            "mock",
            "soft dependency",
            "not strictly",
            "preferred",
            "nice to have",
        ];
        let strength = match soft.iter().any(|word| about.contains(word)) {
            true => Strength::Soft,
            false => Strength::Hard,
        };
        for to in self.targets(plain) {
            said.list.push(Dependency {
                strength,
                note: noted.note.clone().filter(|_| said.list.len() < 64),
                ..dependency(to, origin, field.line)
            });
        }
    }

    /// What a piece of text names: tickets, or phases if it names no ticket.
    pub(super) fn in_text(&self, text: &str) -> Vec<Target> {
        let found = self.targets(text);
        let is_ticket =
            |target: &Target| matches!(target, Target::Item(id) if self.places.contains_key(id));
        let tickets: Vec<Target> = found.iter().filter(|t| is_ticket(t)).cloned().collect();
        if tickets.is_empty() { found } else { tickets }
    }

    fn targets(&self, text: &str) -> Vec<Target> {
        let mut found: Vec<Target> = Vec::new();
        let (mut phase, mut range, mut all) = (false, false, false);
        for word in text.split(|c: char| !is_id_char(c) && c != '–') {
            let word = word.trim_end_matches(['.', '-']);
            match word.to_ascii_lowercase().as_str() {
                "" | "and" | "or" => continue,
                "phase" | "phases" => phase = true,
                "ticket" | "tickets" | "previous" | "prior" | "other" | "earlier" => phase = false,
                "all" => all = true,
                "through" | "to" | "thru" | "–" => {
                    range = true;
                    continue;
                }
                _ => self.word(word, (phase, range), &mut found),
            }
            range = false;
        }
        if found.is_empty() && all {
            found.push(Target::AllPrior(Vec::new()));
        }
        found
    }

    fn word(&self, word: &str, (phase, range): (bool, bool), found: &mut Vec<Target>) {
        let digits =
            |s: &str| !s.is_empty() && s.len() < 5 && s.bytes().all(|b| b.is_ascii_digit());
        if self.places.contains_key(word) || (is_id(word) && word.contains('-')) {
            match (range, found.last().cloned()) {
                (true, Some(Target::Item(from))) => self.between(&from, word, found),
                _ => found.push(Target::Item(word.to_owned())),
            }
            return;
        }
        let label = |value: &str| Target::Label {
            name: "phase".to_owned(),
            value: value.to_owned(),
        };
        let number = |s: &str| s.parse::<u16>().ok();
        if phase && digits(word) {
            let from = match found.last() {
                Some(Target::Label { value, .. }) if range => number(value),
                _ => None,
            };
            let between = from.zip(number(word)).map(|(from, to)| from + 1..to);
            found.extend(
                between
                    .into_iter()
                    .flatten()
                    .take(99)
                    .map(|n| label(&n.to_string())),
            );
            found.push(label(word));
        } else if let Some((a, b)) = word.split_once(['-', '–']).filter(|_| phase)
            && let (true, true, Some(a), Some(b)) = (digits(a), digits(b), number(a), number(b))
        {
            found.extend((a..=b).take(99).map(|n| label(&n.to_string())));
        }
    }

    /// All tickets of the file from one to another; the first is there already.
    fn between(&self, from: &str, to: &str, found: &mut Vec<Target>) {
        let ends = self.places.get(from).zip(self.places.get(to));
        match ends.filter(|(from, to)| from < to) {
            Some((&from, &to)) => {
                let ids = self.ids[from + 1..=to].iter().take(RANGE_MAX);
                found.extend(ids.map(|id| Target::Item(id.clone())));
            }
            None => found.push(Target::Item(to.to_owned())),
        }
    }
}

/// A dependency that says no more than that something must be done.
pub(super) fn dependency(to: Target, origin: EdgeOrigin, line: u32) -> Dependency {
    Dependency {
        to,
        when: When::Done,
        strength: Strength::Hard,
        origin,
        note: None,
        line,
    }
}

/// A target for people.
pub(super) fn shown(target: &Target) -> String {
    match target {
        Target::Item(id) => id.clone(),
        Target::Label { name, value } => format!("{name} {value}"),
        Target::AllPrior(_) => "all before it".to_owned(),
    }
}
