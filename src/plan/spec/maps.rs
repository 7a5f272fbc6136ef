//! Which tasks make a track or a group where no heading says so, and what older lists say about
//! order in their closing section.
//!
//! A list may hold two maps that give the same letter to different tasks. Then every track keeps
//! the name of its map, no task gets a letter, and each letter is a finding.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Code, EdgeOrigin, ItemKind};
use crate::plan::outline::words::bullet;
use crate::plan::outline::{Dependency, Group, Lint, Outline, Strength, Target, Text, When};
use crate::plan::spec::Loose;
use crate::plan::spec::order::Ids;

/// At most so many edges are made of `blocks` and `needs`.
const EDGES_MAX: usize = 100_000;
/// Sections that speak of order.
const SECTIONS: [&str; 8] = [
    "parallel",
    "track",
    "group",
    "dependenc",
    "execution",
    "prerequisite",
    "strategy",
    "order",
];

/// One track as a map has it.
struct Track<'a> {
    map: &'a str,
    value: String,
    title: String,
    members: Vec<String>,
    line: u32,
    byte: usize,
}

struct Maps<'o, 'a> {
    ids: &'o Ids,
    out: &'o mut Outline,
    place: BTreeMap<String, usize>,
    tracks: Vec<Track<'a>>,
    group: Option<usize>,
    edges: usize,
}

/// Whether a heading announces something about order.
pub(super) fn speaks(heading: &str) -> bool {
    let lower = heading.to_lowercase();
    SECTIONS.iter().any(|word| lower.contains(word))
}

/// Reads the lines that belong to no task.
pub(super) fn read(loose: &[Loose<'_>], ids: &Ids, text: &Text<'_>, out: &mut Outline) {
    let place = out
        .items
        .iter()
        .enumerate()
        .map(|(at, item)| (item.id.clone(), at));
    let place = place.collect();
    let mut maps = Maps {
        ids,
        out,
        place,
        tracks: Vec::new(),
        group: None,
        edges: 0,
    };
    let mut part = "";
    for line in loose {
        if line.part != part {
            maps.group = None;
            part = line.part;
        }
        if line.speaks {
            maps.line(line);
        }
    }
    maps.finish(text);
}

impl<'a> Maps<'_, 'a> {
    fn line(&mut self, loose: &Loose<'a>) {
        let raw = loose.line.text;
        let listed = bullet(raw);
        let plain = listed
            .unwrap_or(raw.trim().trim_start_matches('#'))
            .replace("**", "");
        let plain = plain.trim();
        if let Some(rest) = plain.strip_prefix("Group ") {
            return self.group_head(rest, loose);
        }
        if listed.is_none() {
            return;
        }
        if let Some(rest) = plain.strip_prefix("Track ") {
            let end = rest
                .find(|c: char| !c.is_ascii_alphanumeric())
                .unwrap_or(rest.len());
            if (1..=2).contains(&end) {
                self.track(&rest[..end], &rest[end..], loose);
            }
        } else if plain.starts_with("Task ") || plain.starts_with("Tasks ") {
            let (members, behind) = self.tasks(plain);
            self.member(&members);
            self.order(&members, behind, loose);
        }
    }

    /// `1 (Depends on Group 2): ...`
    fn group_head(&mut self, rest: &str, loose: &Loose<'_>) {
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        let (value, behind) = rest.split_at(end);
        if value.is_empty() || value.len() > 8 {
            return;
        }
        let title = behind.trim_matches([' ', ':', '(', ')', '-', '–', '—']);
        let waits = after(behind);
        let said = waits.map(|value| self.ids.read(value));
        let make = |(to, when)| Dependency {
            to,
            when,
            strength: Strength::Soft,
            origin: EdgeOrigin::Header,
            note: None,
            line: loose.line.number,
        };
        let targets = said.map(|said| said.targets).unwrap_or_default();
        self.out.groups.push(Group {
            label: "group".to_owned(),
            value: value.to_owned(),
            title: (!title.is_empty()).then(|| title.to_owned()),
            members: Vec::new(),
            declares_order: !targets.is_empty(),
            depends_on: targets.into_iter().map(make).collect(),
            map: None,
            line: loose.line.number,
        });
        self.group = Some(self.out.groups.len() - 1);
    }

    fn track(&mut self, value: &str, rest: &str, loose: &Loose<'a>) {
        let (members, behind) = self.tasks(rest);
        if members.is_empty() {
            let has = |label: Option<&String>| label.is_some_and(|label| label == value);
            let items = self
                .out
                .items
                .iter()
                .filter(|item| has(item.labels.get("track")));
            let members: Vec<String> = items.map(|item| item.id.clone()).take(1000).collect();
            self.member(&members);
            return;
        }
        self.member(&members);
        let before = rest.split("(Task").next().unwrap_or(rest);
        let named = match before.contains("Task") || before == rest {
            true => behind.split(" - ").next().unwrap_or(behind),
            false if before.trim_matches([':', ' ']).is_empty() => behind,
            false => before,
        };
        let title = named
            .trim_matches([':', ' ', '(', ')', '-', '–', '—'])
            .to_owned();
        self.order(&members, behind, loose);
        self.tracks.push(Track {
            map: loose.section,
            value: value.to_owned(),
            title,
            members,
            line: loose.line.number,
            byte: loose.line.start,
        });
    }

    /// The tasks that a line lists, and what stands behind the list.
    fn tasks<'b>(&self, text: &'b str) -> (Vec<String>, &'b str) {
        let named = ["Tasks ", "Task "].iter().find_map(|word| {
            let at = text.find(word)?;
            Some(&text[at + word.len()..])
        });
        let bare = || {
            let (_, inside) = text.split_once('(')?;
            inside
                .starts_with(|c: char| c.is_ascii_digit())
                .then_some(inside)
        };
        let Some(rest) = named.or_else(bare) else {
            return (Vec::new(), text);
        };
        let (members, end) = self.ids.list(rest);
        (members, &rest[end..])
    }

    fn member(&mut self, members: &[String]) {
        if let Some(at) = self.group {
            let group = &mut self.out.groups[at];
            for id in members {
                let Some(&at) = self.place.get(id) else {
                    continue;
                };
                let labels = &mut self.out.items[at].labels;
                labels
                    .entry("group".to_owned())
                    .or_insert_with(|| group.value.clone());
                group.members.push(id.clone());
            }
        }
    }

    /// `... (blocks 4-6)`, `... - needs 4-6, 7-8`, `... can start anytime after Group 1`.
    fn order(&mut self, members: &[String], text: &str, loose: &Loose<'_>) {
        if let Some(at) = text.find("blocks ") {
            let list = text[at + 7..].split(')').next().unwrap_or("");
            let mut said = self.ids.read(list).targets;
            if said.iter().any(|(to, _)| matches!(to, Target::AllPrior(_))) {
                let work = self
                    .out
                    .items
                    .iter()
                    .filter(|item| item.kind == ItemKind::Work);
                let others = work.filter(|item| !members.contains(&item.id));
                said = others
                    .map(|i| (Target::Item(i.id.clone()), When::Done))
                    .collect();
            }
            for (target, _) in said {
                if let Target::Item(id) = target {
                    for on in members {
                        self.edge(&id, (Target::Item(on.clone()), When::Done), loose);
                    }
                }
            }
        } else if let Some(value) = after(text) {
            for target in self.ids.read(value).targets {
                for id in members {
                    self.edge(id, target.clone(), loose);
                }
            }
        }
    }

    fn edge(&mut self, id: &str, (to, when): (Target, When), loose: &Loose<'_>) {
        self.edges += 1;
        let Some(&at) = self.place.get(id).filter(|_| self.edges <= EDGES_MAX) else {
            return;
        };
        let item = &mut self.out.items[at];
        item.depends_on.push(Dependency {
            to,
            when,
            strength: Strength::Hard,
            origin: EdgeOrigin::Table,
            note: None,
            line: loose.line.number,
        });
    }

    fn finish(mut self, text: &Text<'_>) {
        let tracks = std::mem::take(&mut self.tracks);
        let headed = self
            .out
            .items
            .iter()
            .any(|item| item.labels.contains_key("track"));
        // Of each letter in each map all members; a map may spread a track over its groups.
        let mut united: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
        for track in &tracks {
            let members = united.entry((&track.value, track.map)).or_default();
            members.extend(track.members.iter().map(String::as_str));
        }
        let mut known: BTreeMap<&str, (&str, &BTreeSet<&str>)> = BTreeMap::new();
        let mut torn: BTreeMap<&str, &str> = BTreeMap::new();
        for (&(value, map), members) in &united {
            match known.get(value) {
                Some((other, same)) if *same != members => drop(torn.insert(value, other)),
                Some(_) => {}
                None => drop(known.insert(value, (map, members))),
            }
        }
        let several = !torn.is_empty() && !headed;
        let mut told: BTreeSet<&str> = BTreeSet::new();
        for track in &tracks {
            if headed {
                self.against_heading(track, text);
                continue;
            }
            if torn.contains_key(track.value.as_str()) && told.insert(&track.value) {
                tell_torn(&tracks, track, text, self.out);
            }
            self.add(track, several);
        }
    }

    fn add(&mut self, track: &Track<'_>, several: bool) {
        if !several {
            for id in &track.members {
                if let Some(&at) = self.place.get(id) {
                    let labels = &mut self.out.items[at].labels;
                    labels
                        .entry("track".to_owned())
                        .or_insert_with(|| track.value.clone());
                }
            }
        }
        self.out.groups.push(Group {
            label: "track".to_owned(),
            value: track.value.clone(),
            title: (!track.title.is_empty()).then(|| track.title.clone()),
            members: track.members.clone(),
            depends_on: Vec::new(),
            declares_order: false,
            map: several.then(|| track.map.to_owned()),
            line: track.line,
        });
    }

    /// The headings decide which tasks a track has; a list that says otherwise is wrong.
    fn against_heading(&mut self, track: &Track<'_>, text: &Text<'_>) {
        let odd = track.members.iter().find(|id| {
            let at = self.place.get(*id);
            at.is_none_or(|&at| self.out.items[at].labels.get("track") != Some(&track.value))
        });
        if let Some(id) = odd {
            let message = format!(
                "`{id}` is listed for track {} and stands elsewhere",
                track.value
            );
            let hint = "the heading above a task decides its track: correct the list";
            let lint = Lint {
                message,
                hint,
                items: &[id],
            };
            self.out.find(text, track.byte, Code::Contradiction, lint);
        }
    }
}

/// One finding for a letter that two maps use differently.
fn tell_torn(tracks: &[Track<'_>], track: &Track<'_>, text: &Text<'_>, out: &mut Outline) {
    let same = |t: &&Track<'_>| t.value == track.value && t.map != track.map;
    let Some(other) = tracks.iter().find(same) else {
        return;
    };
    let message = format!(
        "track {} is tasks {} under `{}` and tasks {} under `{}` (line {})",
        track.value,
        track.members.join(", "),
        track.map,
        other.members.join(", "),
        other.map,
        other.line,
    );
    let hint = "keep one of the two maps; until then a track has to be named with its map";
    let lint = Lint {
        message,
        hint,
        items: &[],
    };
    out.find(text, track.byte, Code::Contradiction, lint);
}

/// What a line says to wait for: behind `needs`, `depends on`, `after`.
fn after(text: &str) -> Option<&str> {
    let lower = text.to_ascii_lowercase();
    let words = ["needs ", "depends on ", "after ", "requires "];
    let found = words
        .iter()
        .filter_map(|word| Some(lower.find(word)? + word.len()));
    let rest = &text[found.min()?..];
    Some(rest.trim_end_matches([')', ':', ' ', '*', '.']))
}
