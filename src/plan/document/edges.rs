//! What each element of a document waits for: what is stated, what a group states for its
//! members, and, where nothing is, what the format's profile says.
//!
//! Every edge keeps where it comes from. Selectors are resolved here and nowhere else.

mod bar;

use std::collections::{BTreeMap, BTreeSet};

use crate::base::PackageId;
use crate::model::{Edge, EdgeOrigin, ItemKind};
use crate::plan::document::overlap;
use crate::plan::outline::{Dependency, Group, Item, Outline, Strength, Target, When};
use crate::plan::profile::{Barrier, Beside, Fallback, Profile};

/// The label of elements that may run beside their neighbours in the file.
pub(super) const PARALLEL: &str = "parallel";
const STORY: &str = "story";

/// A pair of elements that the document puts side by side although both name this file.
pub(super) type Shared = (usize, usize, String);

/// What a run asks for beside what the document says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    /// Groups that are done one after the other.
    pub(super) barrier: Option<Barrier>,
    /// Soft dependencies are not waited for.
    pub(super) eager: bool,
}

/// Edges by element.
pub(super) struct Edges<'a> {
    outline: &'a Outline,
    profile: &'a Profile,
    by_id: BTreeMap<&'a str, usize>,
    /// Positions each element waits for.
    known: Vec<Vec<(usize, EdgeOrigin)>>,
    /// Edges to ids that no element has.
    dangling: Vec<(usize, Edge)>,
    /// Elements that the document orders somehow.
    stated: Vec<bool>,
}

/// Edges of every element, in its order, and the pairs that should not be side by side.
pub(super) fn of(
    outline: &Outline,
    profile: &Profile,
    order: Order,
) -> (Vec<Vec<Edge>>, Vec<Shared>) {
    let mut edges = Edges::new(outline, profile);
    edges.state();
    let mut shared = edges.unstated();
    if !order.eager {
        edges.soft();
    }
    edges.fall_back();
    if let Some(barrier) = order.barrier {
        edges.bar(barrier.label());
    }
    edges.containers();
    edges.overlaps(&mut shared);
    (edges.finish(), shared)
}

impl<'a> Edges<'a> {
    fn new(outline: &'a Outline, profile: &'a Profile) -> Self {
        let mut by_id = BTreeMap::new();
        for (i, item) in outline.items.iter().enumerate() {
            by_id.entry(item.id.as_str()).or_insert(i);
        }
        Edges {
            outline,
            profile,
            by_id,
            known: vec![Vec::new(); outline.items.len()],
            dangling: Vec::new(),
            stated: vec![false; outline.items.len()],
        }
    }

    fn item(&self, at: usize) -> &'a Item {
        &self.outline.items[at]
    }

    /// What runs only if a review asks for it orders nothing by itself.
    fn orders(&self, at: usize) -> bool {
        self.item(at).kind != ItemKind::Rework
    }

    fn add(&mut self, from: usize, on: usize, origin: EdgeOrigin) {
        let known = self.known[from].iter().any(|(other, _)| *other == on);
        if from != on && !known && self.orders(from) && self.orders(on) {
            self.known[from].push((on, origin));
        }
    }

    fn state(&mut self) {
        for (at, item) in self.outline.items.iter().enumerate() {
            self.stated[at] = item.declares_order;
            for dependency in &item.depends_on {
                self.depend(at, dependency, &[]);
            }
        }
        for group in &self.outline.groups {
            // Maps that contradict each other order nothing; a person has to choose.
            if group.map.is_some() {
                continue;
            }
            let members = self.members(group);
            for dependency in &group.depends_on {
                for &member in &members {
                    self.depend(member, dependency, &members);
                }
            }
        }
    }

    fn members(&self, group: &Group) -> Vec<usize> {
        let listed = group.members.iter();
        let listed = listed.filter_map(|id| self.by_id.get(id.as_str()).copied());
        let mut members: BTreeSet<usize> = listed.collect();
        members.extend(self.labelled(&group.label, &group.value));
        members.into_iter().collect()
    }

    fn labelled(&self, name: &str, value: &str) -> Vec<usize> {
        let items = self.outline.items.iter().enumerate();
        let has = |item: &Item| item.labels.get(name).is_some_and(|found| found == value);
        items.filter(|(_, i)| has(i)).map(|(at, _)| at).collect()
    }

    fn depend(&mut self, at: usize, dependency: &Dependency, group: &[usize]) {
        self.stated[at] = true;
        let is_hard = dependency.strength != Strength::Soft
            && dependency.when != When::ChangesRequested
            && self.profile.edges.contains(&dependency.origin);
        if !is_hard {
            return;
        }
        let targets = match &dependency.to {
            Target::Item(id) => match self.by_id.get(id.as_str()) {
                Some(&on) => vec![on],
                None => return self.dangle(at, id, dependency.origin),
            },
            Target::Label { name, value } => self.labelled(name, value),
            Target::AllPrior(kinds) => (0..at)
                .filter(|&on| kinds.is_empty() || kinds.contains(&self.item(on).kind))
                .collect(),
        };
        for on in targets {
            if !group.contains(&on) {
                self.add(at, on, dependency.origin);
            }
        }
    }

    /// What an element would rather come after is waited for too, unless that closes a circle.
    fn soft(&mut self) {
        for (at, item) in self.outline.items.iter().enumerate() {
            let soft = item.depends_on.iter();
            for dependency in soft.filter(|d| d.strength == Strength::Soft) {
                if let Target::Item(id) = &dependency.to
                    && let Some(&on) = self.by_id.get(id.as_str())
                    && self.profile.edges.contains(&dependency.origin)
                    && !self.reaches(on, at)
                {
                    self.add(at, on, dependency.origin);
                }
            }
        }
    }

    fn dangle(&mut self, at: usize, id: &str, origin: EdgeOrigin) {
        // A file that holds one element only names others that stand in files of their own.
        let alone = self.outline.items.len() == 1;
        let found = PackageId::parse(id).filter(|_| self.orders(at) && !alone);
        if let Some(on) = found {
            self.dangling.push((at, Edge { on, origin }));
        }
    }

    fn fall_back(&mut self) {
        let silent = !self.stated.iter().any(|stated| *stated);
        match self.profile.fallback {
            Fallback::Chain => self.chain(),
            Fallback::ChainIfSilent if silent => self.chain(),
            Fallback::ChainIfSilent => {}
            Fallback::Runs => {
                let all: Vec<usize> = self.work().collect();
                self.runs(&all, &[]);
            }
            Fallback::Stories => self.stories(),
        }
    }

    /// What there is to do, in file order.
    fn work(&self) -> impl Iterator<Item = usize> + use<'a> {
        let outline = self.outline;
        let items = outline.items.iter().enumerate();
        items
            .filter(|(_, item)| !matches!(item.kind, ItemKind::Container | ItemKind::Rework))
            .map(|(at, _)| at)
    }

    fn chain(&mut self) {
        // Those that nothing waits for yet: to come after them is to come after everything.
        let mut last: Vec<usize> = Vec::new();
        let work: Vec<usize> = self.work().collect();
        for at in work {
            if !self.stated[at] {
                for &on in &last {
                    self.add(at, on, EdgeOrigin::Default);
                }
            }
            last.retain(|on| !self.known[at].iter().any(|(known, _)| known == on));
            last.push(at);
        }
    }

    /// File order within `members`, whose first ones come after `before`; gives the last ones.
    fn runs(&mut self, members: &[usize], before: &[usize]) -> Vec<usize> {
        let mut before = before.to_vec();
        let mut run: Vec<usize> = Vec::new();
        for &at in members {
            let parallel = self.item(at).labels.contains_key(PARALLEL);
            if !parallel && !run.is_empty() {
                before = std::mem::take(&mut run);
            }
            if !self.stated[at] {
                for &on in &before {
                    self.add(at, on, EdgeOrigin::Default);
                }
            }
            match parallel {
                true => run.push(at),
                false => before = vec![at],
            }
        }
        if run.is_empty() { before } else { run }
    }

    fn stories(&mut self) {
        let work: Vec<usize> = self.work().collect();
        let phase = |at: usize| self.item(at).labels.get("phase").cloned();
        let mut phases: Vec<(Option<String>, Vec<usize>)> = Vec::new();
        for at in work {
            match phases.last_mut() {
                Some((name, members)) if *name == phase(at) => members.push(at),
                _ => phases.push((phase(at), vec![at])),
            }
        }
        let (mut base, mut stories): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
        for (_, members) in phases {
            let story = |at: &usize| self.item(*at).labels.contains_key(STORY);
            if members.iter().any(story) {
                let last = self.runs(&members, &base.clone());
                stories.extend(last);
            } else {
                if !stories.is_empty() {
                    base = std::mem::take(&mut stories);
                }
                base = self.runs(&members, &base.clone());
            }
        }
    }

    /// A container is done when what it contains is, and its own order is theirs.
    fn containers(&mut self) {
        for at in 0..self.outline.items.len() {
            if let Some(parent) = self.item(at).parent
                && self.item(parent).kind == ItemKind::Container
            {
                let inherited: Vec<(usize, EdgeOrigin)> = self.known[parent]
                    .iter()
                    .filter(|(on, _)| self.item(*on).parent != Some(parent))
                    .copied()
                    .collect();
                for (on, origin) in inherited {
                    self.add(at, on, origin);
                }
                self.add(parent, at, EdgeOrigin::Default);
            }
        }
    }

    /// Pairs that name one file and that no statement orders, where that is what counts.
    fn unstated(&self) -> Vec<Shared> {
        if self.profile.beside != Beside::Unstated {
            return Vec::new();
        }
        let mut pairs = overlap::pairs(&self.outline.items);
        pairs.retain(|(a, b, _)| self.may_meet(*a, *b));
        pairs
    }

    fn may_meet(&self, a: usize, b: usize) -> bool {
        self.orders(a) && self.orders(b) && !self.reaches(b, a) && !self.reaches(a, b)
    }

    /// Orders elements that name the same file and could run side by side.
    fn overlaps(&mut self, shared: &mut Vec<Shared>) {
        let runs = self.run_numbers();
        for (a, b, path) in overlap::pairs(&self.outline.items) {
            if !self.may_meet(a, b) {
                continue;
            }
            self.add(b, a, EdgeOrigin::Overlap);
            let wave = |at: usize| self.item(at).labels.get("wave");
            let beside = match self.profile.beside {
                Beside::Wave => wave(a).is_some() && wave(a) == wave(b),
                Beside::Run => runs[a].is_some() && runs[a] == runs[b],
                Beside::Unstated => false,
            };
            if beside {
                shared.push((a, b, path));
            }
        }
    }

    /// For elements marked as parallel: which run of such elements they are in.
    fn run_numbers(&self) -> Vec<Option<usize>> {
        let mut runs = vec![None; self.outline.items.len()];
        let (mut run, mut before) = (0, None);
        for at in self.work() {
            let item = self.item(at);
            let phase = item.labels.get("phase");
            if !item.labels.contains_key(PARALLEL) || before != phase {
                run += 1;
            }
            before = phase;
            runs[at] = item.labels.contains_key(PARALLEL).then_some(run);
        }
        runs
    }

    /// True if `from` waits for `on`, directly or not.
    fn reaches(&self, from: usize, on: usize) -> bool {
        let mut seen = vec![false; self.known.len()];
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            for &(next, _) in &self.known[at] {
                if next == on {
                    return true;
                }
                if !std::mem::replace(&mut seen[next], true) {
                    open.push(next);
                }
            }
        }
        false
    }

    fn finish(self) -> Vec<Vec<Edge>> {
        let id = |at: usize| PackageId::parse(&self.outline.items[at].id);
        let mut out: Vec<Vec<Edge>> = Vec::with_capacity(self.known.len());
        for known in &self.known {
            let edges = known.iter();
            let edges = edges.filter_map(|&(on, origin)| {
                Some(Edge {
                    on: id(on)?,
                    origin,
                })
            });
            out.push(edges.collect());
        }
        for (at, edge) in self.dangling {
            out[at].push(edge);
        }
        out
    }
}
