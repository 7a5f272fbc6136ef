//! Dependencies of a list, read once all its ids and sections are known.

use std::collections::{BTreeMap, BTreeSet};

use super::super::outline::words::{self, Part};
use super::super::outline::{Dependency, Line, Lint, Outline, Strength, Target, Text, When};
use super::entry::is_id;
use crate::model::{Code, EdgeOrigin};

/// No range of a list is wider.
const RANGE_MAX: usize = 100;
/// No list names more in all its fields together.
const ALL_MAX: usize = 50_000;
/// No field names more.
const NAMES_MAX: usize = 1_000;

/// A value that waits for the ids of the whole list.
pub(super) struct Late<'t> {
    of: Of,
    value: &'t str,
    line: Line<'t>,
}

enum Of {
    Item(usize),
    Group(usize),
}

impl<'t> Late<'t> {
    pub(super) fn item(at: usize, value: &'t str, line: Line<'t>) -> Self {
        let of = Of::Item(at);
        Late { of, value, line }
    }

    pub(super) fn group(at: usize, value: &'t str, line: Line<'t>) -> Self {
        let of = Of::Group(at);
        Late { of, value, line }
    }
}

/// What a list has that can be waited for.
struct Known<'a> {
    ids: &'a BTreeMap<String, usize>,
    ordered: Vec<String>,
    /// Label by number of section.
    sections: BTreeMap<String, String>,
    parts: BTreeSet<String>,
}

/// Reads all values.
pub(super) fn resolve(
    text: &Text<'_>,
    outline: &mut Outline,
    ids: &BTreeMap<String, usize>,
    late: Vec<Late<'_>>,
) {
    if late.is_empty() {
        return;
    }
    let groups = outline.groups.iter().rev();
    let parts = outline.items.iter().filter_map(|i| i.labels.get("part"));
    let known = Known {
        ids,
        ordered: outline.items.iter().map(|i| i.id.clone()).collect(),
        sections: groups.map(|g| (g.value.clone(), g.label.clone())).collect(),
        parts: parts.cloned().collect(),
    };
    let mut named = 0;
    for late in late {
        if named > ALL_MAX {
            let lint = Lint {
                message: format!("more than {ALL_MAX} dependencies"),
                hint: "name the tasks that come directly before",
                items: &[],
            };
            outline.find(text, late.line.start, Code::HostileInput, lint);
            break;
        }
        let noted = words::noted(late.value);
        let (targets, unread) = known.targets(&noted.value);
        for words in unread {
            let lint = Lint {
                message: format!("`{words}` names no task"),
                hint: "name tasks by id: `**Dependencies**: 1.1, 1.2`",
                items: &[],
            };
            outline.find(text, late.line.start, Code::Unreadable, lint);
        }
        named += targets.len();
        let (list, origin) = match late.of {
            Of::Item(at) => (&mut outline.items[at].depends_on, EdgeOrigin::Field),
            Of::Group(at) => (&mut outline.groups[at].depends_on, EdgeOrigin::Header),
        };
        list.extend(targets.into_iter().map(|to| Dependency {
            to,
            when: When::Done,
            strength: Strength::Hard,
            origin,
            note: noted.note.clone(),
            line: late.line.number,
        }));
    }
}

impl Known<'_> {
    fn targets(&self, value: &str) -> (Vec<Target>, Vec<String>) {
        let value = value.trim_matches(['*', '_', '`', '[', ']', ' ']);
        let mut targets: Vec<Target> = Vec::new();
        let mut unread = Vec::new();
        if words::is_none(value) || words::says_none(value) {
            return (targets, unread);
        }
        if is_all(value) {
            return (vec![Target::AllPrior(Vec::new())], unread);
        }
        // `Phases 1, 2` names sections throughout; `Phase 1, 2.3` names one.
        let lower = value.to_lowercase();
        let sections = ["phase", "section"]
            .iter()
            .any(|word| lower.starts_with(word));
        let mut seen = BTreeSet::new();
        let parts = words::parts(value, &["task", "tasks", "all"], is_id);
        if parts.len() > NAMES_MAX {
            unread.push("more than a thousand tasks".to_owned());
        }
        for part in parts.into_iter().take(NAMES_MAX) {
            let found = match part {
                Part::Id(id) if sections && !id.contains('.') => Some(vec![self.section(&id)]),
                Part::Id(id) => Some(vec![self.one(id)]),
                Part::Range(from, to) => self.between(&from, &to, sections),
                Part::Words(words) => match self.words(&words) {
                    Some(found) => Some(found),
                    None => {
                        unread.push(words);
                        continue;
                    }
                },
            };
            let Some(found) = found else {
                unread.push(value.to_owned());
                continue;
            };
            let new = found
                .into_iter()
                .filter(|to| seen.insert(format!("{to:?}")));
            targets.extend(new);
        }
        (targets, unread)
    }

    /// A task by its id; a heading below a section by its number.
    fn one(&self, id: String) -> Target {
        if self.ids.contains_key(&id) {
            Target::Item(id)
        } else if self.parts.contains(&id) {
            let name = "part".to_owned();
            Target::Label { name, value: id }
        } else if !id.contains('.') && self.sections.contains_key(&id) {
            self.section(&id)
        } else if let Some(number) = id.strip_suffix(".x") {
            self.section(number)
        } else {
            Target::Item(id)
        }
    }

    fn section(&self, number: &str) -> Target {
        let label = self.sections.get(number).map_or("phase", String::as_str);
        Target::Label {
            name: label.to_owned(),
            value: number.to_owned(),
        }
    }

    fn between(&self, from: &str, to: &str, sections: bool) -> Option<Vec<Target>> {
        let whole = |text: &str| text.parse::<usize>().ok();
        if let (Some(first), Some(last)) = (whole(from), whole(to))
            && (sections || !self.ids.contains_key(from))
        {
            let few = first <= last && last - first < RANGE_MAX;
            return few.then(|| {
                (first..=last)
                    .map(|n| self.section(&n.to_string()))
                    .collect()
            });
        }
        match (self.ids.get(from), self.ids.get(to)) {
            (Some(&first), Some(&last)) => {
                let ids = self.ordered.get(first..=last)?;
                let few = ids.len() <= RANGE_MAX;
                few.then(|| ids.iter().cloned().map(Target::Item).collect())
            }
            _ => Some([from, to].map(|id| Target::Item(id.to_owned())).to_vec()),
        }
    }

    /// `Phase 3`, `Section 2 tasks`, `all of Phase 1`, `2.x`.
    fn words(&self, words: &str) -> Option<Vec<Target>> {
        let filler = [
            "all",
            "of",
            "tasks",
            "task",
            "complete",
            "completed",
            "done",
            "the",
            "in",
        ];
        let lower = words.to_lowercase();
        let kept = lower
            .split_whitespace()
            .filter(|word| !filler.contains(word));
        let kept: Vec<&str> = kept.collect();
        let number = match kept[..] {
            ["phase" | "phases" | "section" | "sections", number] => number,
            [one] => one.strip_suffix(".x").or_else(|| one.strip_suffix(".*"))?,
            _ => return None,
        };
        if let Some((from, to)) = number.split_once(['-', '–']) {
            return self.between(from, to, true);
        }
        is_id(number).then(|| vec![self.section(number)])
    }
}

fn is_all(value: &str) -> bool {
    let lower = value.trim_end_matches('.').to_lowercase();
    let mut words = lower.split_whitespace();
    let rest = [
        "phase",
        "phases",
        "task",
        "tasks",
        "previous",
        "prior",
        "earlier",
        "preceding",
        "above",
        "of",
        "the",
        "other",
        "sections",
    ];
    words.next() == Some("all") && words.all(|word| rest.contains(&word))
}
