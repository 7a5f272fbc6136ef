//! Every statement of order in a plan: the field of a phase, and the table of waves.

use std::collections::{BTreeMap, BTreeSet};

use super::super::outline::words::{self, Part};
use super::super::outline::{
    Dependency, Group, Item, Line, Lint, Outline, Strength, Target, Text, When,
};
use super::region::{Region, is_id};
use crate::model::{Code, EdgeOrigin};

/// No plan has phases enough for a wider range; what is wider is a mistake.
const RANGE_MAX: usize = 100;
/// No table has more rows.
const ROWS_MAX: usize = 1_000;
/// No field names more phases.
const NAMES_MAX: usize = 1_000;
const PREFIXES: [&str; 3] = ["phase", "phases", "phase:"];

/// The ids of a plan by place.
#[derive(Debug)]
pub(super) struct Ids<'a> {
    ordered: Vec<&'a str>,
    places: BTreeMap<&'a str, usize>,
}

impl<'a> Ids<'a> {
    pub(super) fn new(region: &Region<'a>) -> Self {
        let ordered: Vec<&str> = region.heads.iter().map(|head| head.id).collect();
        let places = ordered.iter().enumerate().map(|(at, id)| (*id, at));
        let places = places.collect();
        Ids { ordered, places }
    }

    /// Both ends and what stands between them; `None` if that cannot be told.
    fn between(&self, from: &str, to: &str) -> Option<Vec<String>> {
        let places = (self.places.get(from), self.places.get(to));
        if let (Some(&from), Some(&to)) = places {
            let ids = self.ordered.get(from..=to)?;
            let few = ids.len() <= RANGE_MAX;
            return few.then(|| ids.iter().map(|&id| id.to_owned()).collect());
        }
        let (from, to): (usize, usize) = (from.parse().ok()?, to.parse().ok()?);
        let few = from <= to && to - from < RANGE_MAX;
        few.then(|| (from..=to).map(|id| id.to_string()).collect())
    }
}

/// A list of phases as a field or a cell gives it.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) targets: Vec<Target>,
    pub(super) note: Option<String>,
    /// Words that name no phase.
    pub(super) unread: Vec<String>,
}

impl Names {
    /// The ids alone; `None` if there is a selector among them.
    fn ids(&self) -> Option<Vec<String>> {
        let id = |target: &Target| match target {
            Target::Item(id) => Some(id.clone()),
            Target::Label { .. } | Target::AllPrior(_) => None,
        };
        self.targets.iter().map(id).collect()
    }
}

/// Reads the value of a field or a cell.
pub(super) fn names(value: &str, ids: &Ids<'_>) -> Names {
    let noted = words::noted(value);
    let mut names = Names {
        note: noted.note,
        ..Names::default()
    };
    let value = noted.value.trim_matches(['*', '_', '`', '[', ']', ' ']);
    if words::is_none(value) {
        return names;
    }
    if words::says_none(value) {
        names.note.get_or_insert_with(|| value.to_owned());
        return names;
    }
    if is_all(value) {
        names.targets.push(Target::AllPrior(Vec::new()));
        return names;
    }
    let mut seen = BTreeSet::new();
    let parts = words::parts(&value.replace('/', ","), &PREFIXES, is_id);
    if parts.len() > NAMES_MAX {
        names.unread.push("more than a thousand phases".to_owned());
    }
    for part in parts.into_iter().take(NAMES_MAX) {
        let found = match part {
            Part::Id(id) => vec![id],
            Part::Range(from, to) => match ids.between(&from, &to) {
                Some(found) => found,
                None => {
                    names.unread.push(format!("{from}-{to}"));
                    continue;
                }
            },
            Part::Words(words) => {
                names.unread.push(words);
                continue;
            }
        };
        let new = found.into_iter().filter(|id| seen.insert(id.clone()));
        names.targets.extend(new.map(Target::Item));
    }
    names
}

fn is_all(value: &str) -> bool {
    let lower = value.to_lowercase();
    let mut words = lower.split_whitespace();
    let rest = [
        "phase",
        "phases",
        "previous",
        "prior",
        "earlier",
        "preceding",
        "above",
        "of",
        "the",
        "other",
    ];
    words.next() == Some("all") && words.all(|word| rest.contains(&word))
}

/// The dependencies that `names` are.
pub(super) fn dependencies(names: &Names, origin: EdgeOrigin, line: u32) -> Vec<Dependency> {
    let one = |to: &Target| Dependency {
        to: to.clone(),
        when: When::Done,
        strength: Strength::Hard,
        origin,
        note: names.note.clone(),
        line,
    };
    names.targets.iter().map(one).collect()
}

/// Says that words of an order could not be read.
pub(super) fn tell_unread(text: &Text<'_>, line: &Line<'_>, unread: &[String], o: &mut Outline) {
    for words in unread {
        let lint = Lint {
            message: format!("`{words}` names no phase"),
            hint: "name phases by id: `**Depends on**: 1, 2A`",
            items: &[],
        };
        o.find(text, line.start, Code::Unreadable, lint);
    }
}

/// Reads the table of waves into groups, labels the phases, and compares both statements of
/// order.
pub(super) fn waves(text: &Text<'_>, region: &Region<'_>, ids: &Ids<'_>, outline: &mut Outline) {
    let lines = text.lines();
    let header = |line: &Line<'_>| is_header(line.text);
    let inside = lines[region.from..region.to].iter().position(header);
    let Some(header) = inside
        .map(|at| region.from + at)
        .or_else(|| lines.iter().position(header))
    else {
        return;
    };
    let rows = lines[header + 1..]
        .iter()
        .filter(|line| !words::is_fence(line.text))
        .take_while(|line| line.text.trim_start().starts_with('|'));
    let mut table = Table {
        text,
        ids,
        wave_of: BTreeMap::new(),
    };
    for (nth, row) in rows.enumerate() {
        if nth == ROWS_MAX {
            table.say(
                row,
                Code::HostileInput,
                "more than a thousand rows",
                outline,
            );
            break;
        }
        table.row(row, outline);
    }
    for item in &mut outline.items {
        if let Some(&wave) = table.wave_of.get(&item.id) {
            let wave = outline.groups[wave].value.clone();
            item.labels.insert("wave".to_owned(), wave);
        }
    }
    table.compare(lines[header], outline);
}

fn cells(line: &str) -> Vec<&str> {
    let row = line.trim().trim_start_matches('|').trim_end_matches('|');
    row.split('|').map(str::trim).collect()
}

fn is_header(line: &str) -> bool {
    if !line.trim_start().starts_with('|') {
        return false;
    }
    let wanted = ["wave", "phases", "blocked by"];
    let cells = cells(line);
    cells.len() == wanted.len()
        && cells.iter().zip(wanted).all(|(cell, name)| {
            let cell = cell.trim_matches('*');
            cell.eq_ignore_ascii_case(name)
        })
}

struct Table<'a, 't> {
    text: &'a Text<'t>,
    ids: &'a Ids<'t>,
    /// Group of each phase, by verbatim id.
    wave_of: BTreeMap<String, usize>,
}

impl Table<'_, '_> {
    fn row(&mut self, line: &Line<'_>, outline: &mut Outline) {
        let cells = cells(line.text);
        let rule = |cell: &&str| cell.chars().all(|c| matches!(c, '-' | ':' | ' '));
        if cells.first().is_none_or(rule) {
            return;
        }
        let [wave, phases, blocked] = cells[..] else {
            self.say(
                line,
                Code::Unreadable,
                "this row does not have three cells",
                outline,
            );
            return;
        };
        let members = names(phases, self.ids);
        let blocked = names(blocked, self.ids);
        tell_unread(self.text, line, &members.unread, outline);
        tell_unread(self.text, line, &blocked.unread, outline);
        let known = members.ids().unwrap_or_default();
        let waited = blocked.ids().unwrap_or_default();
        for id in known.iter().chain(&waited) {
            if !self.ids.places.contains_key(id.as_str()) {
                let message = format!("wave {wave} names phase `{id}`, which does not exist");
                self.say(line, Code::Contradiction, &message, outline);
            }
        }
        for id in &known {
            let wave_of = self.wave_of.entry(id.clone());
            let first = *wave_of.or_insert(outline.groups.len());
            if first != outline.groups.len() {
                let message = format!("phase `{id}` is in more than one wave; the first counts");
                self.say(line, Code::Contradiction, &message, outline);
            }
        }
        outline.groups.push(Group {
            label: "wave".to_owned(),
            value: wave.to_owned(),
            title: None,
            members: known,
            depends_on: dependencies(&blocked, EdgeOrigin::Table, line.number),
            // The table is a barrier only where people ask for one.
            declares_order: false,
            map: None,
            line: line.number,
        });
    }

    fn say(&self, line: &Line<'_>, code: Code, message: &str, outline: &mut Outline) {
        let lint = Lint {
            message: message.to_owned(),
            hint: "correct the table of waves or the `Depends on` of the phases",
            items: &[],
        };
        outline.find(self.text, line.start, code, lint);
    }

    fn compare(&self, header: Line<'_>, outline: &mut Outline) {
        let mut found: Vec<(Line<'_>, String)> = Vec::new();
        for item in &outline.items {
            let Some(&wave) = self.wave_of.get(&item.id) else {
                let message = format!("the table of waves misses phase `{}`", item.id);
                found.push((header, message));
                continue;
            };
            self.later(item, wave, &mut found);
        }
        let items: BTreeMap<&str, &Item> =
            outline.items.iter().map(|i| (i.id.as_str(), i)).collect();
        for group in &outline.groups {
            found.extend(self.unlike(group, &items));
        }
        for (line, message) in found {
            self.say(&line, Code::Contradiction, &message, outline);
        }
    }

    /// Dependencies of a phase that its own wave, or a later one, holds.
    fn later<'t>(&'t self, item: &Item, wave: usize, found: &mut Vec<(Line<'t>, String)>) {
        for dependency in &item.depends_on {
            let Target::Item(to) = &dependency.to else {
                continue;
            };
            let id = &item.id;
            match self.wave_of.get(to) {
                Some(&other) if other == wave && to != id => found.push((
                    self.line(dependency.line),
                    format!("phase `{id}` waits for phase `{to}` of its own wave"),
                )),
                Some(&other) if other > wave => found.push((
                    self.line(dependency.line),
                    format!("phase `{id}` waits for phase `{to}` of a later wave"),
                )),
                _ => {}
            }
        }
    }

    /// The row of a wave says something else than the phases in it.
    fn unlike<'t>(
        &'t self,
        group: &Group,
        items: &BTreeMap<&str, &Item>,
    ) -> Option<(Line<'t>, String)> {
        let row = single(&group.depends_on)?;
        let mut fields = BTreeSet::new();
        let mut lines = Vec::new();
        for id in &group.members {
            let item = items.get(id.as_str()).filter(|i| i.declares_order)?;
            fields.extend(single(&item.depends_on)?);
            lines.extend(item.depends_on.first().map(|d| d.line.to_string()));
        }
        if row == fields {
            return None;
        }
        let list = |ids: &BTreeSet<&str>| match ids.is_empty() {
            true => "nothing".to_owned(),
            false => ids.iter().copied().collect::<Vec<_>>().join(", "),
        };
        let place = match lines.is_empty() {
            true => String::new(),
            false => format!(" (line {})", lines.join(", ")),
        };
        let message = format!(
            "wave {} is blocked by {}, its phases depend on {}{place}",
            group.value,
            list(&row),
            list(&fields)
        );
        Some((self.line(group.line), message))
    }

    fn line(&self, number: u32) -> Line<'_> {
        self.text.lines()[number as usize - 1]
    }
}

/// The ids of dependencies; `None` if one is a selector.
fn single(dependencies: &[Dependency]) -> Option<BTreeSet<&str>> {
    let id = |dependency: &Dependency| match &dependency.to {
        Target::Item(_) => true,
        Target::Label { .. } | Target::AllPrior(_) => false,
    };
    if !dependencies.iter().all(id) {
        return None;
    }
    let ids = dependencies.iter().filter_map(|d| match &d.to {
        Target::Item(id) => Some(id.as_str()),
        Target::Label { .. } | Target::AllPrior(_) => None,
    });
    Some(ids.collect())
}
