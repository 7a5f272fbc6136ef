//! The search for one path: in both of two programs, and in none of a third kind.
//!
//! Breadth first over the product of two automata, the rule for valid segments, and the subset
//! automaton of everything denied, built as far as it is needed. Exact within its budget, and
//! deterministic: the shortest path comes first, ties by the order of representatives.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use crate::scope::class::{Class, Symbol};
use crate::scope::denial::Denials;
use crate::scope::program::{Op, Program, after, is_final, skip, takes};
use crate::scope::valid::{Segment, readability, representatives};

/// States that one search may visit.
const STATES_MAX: usize = 100_000;
/// Sets of denied states that one search may build.
const SUBSETS_MAX: usize = 5_000;

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// This path.
    Path(String),
    /// No such path exists.
    Nothing,
    /// The budget was spent.
    Unknown,
}

/// States that a run of searches may still visit; once it is spent every answer is `Unknown`.
pub(super) struct Budget(Cell<usize>);

impl Budget {
    /// For one question.
    pub(super) fn single() -> Budget {
        Budget(Cell::new(usize::MAX))
    }

    /// For `states` states in all.
    pub(super) fn of(states: usize) -> Budget {
        Budget(Cell::new(states))
    }
}

/// Looks for a path that `a` and `b` match and none of `denied` does.
pub(super) fn search(a: &Program, b: &Program, denied: &[&Program], budget: &Budget) -> Found {
    if !a.may_meet(b) {
        return Found::Nothing;
    }
    let alphabet = (!denied.is_empty()).then(|| alphabet(a, b, denied));
    let mut search = Search {
        a: a.ops(),
        b: b.ops(),
        denials: Denials::new(denied),
        alphabet,
        any: Class::any(a.fold()),
        nodes: Vec::new(),
        seen: HashSet::new(),
        queue: VecDeque::new(),
    };
    let found = search.run(budget.0.get().min(STATES_MAX));
    budget
        .0
        .set(budget.0.get().saturating_sub(search.nodes.len()));
    found
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct State {
    a: u32,
    b: u32,
    segment: Segment,
    denied: u32,
}

/// How a state was reached: from which node, and by which character if any.
struct Node {
    state: State,
    parent: u32,
    by: Option<char>,
}

struct Search<'a> {
    a: &'a [Op],
    b: &'a [Op],
    denials: Denials<'a>,
    alphabet: Option<Vec<char>>,
    any: Class,
    nodes: Vec<Node>,
    seen: HashSet<State>,
    queue: VecDeque<u32>,
}

impl Search<'_> {
    fn run(&mut self, states_max: usize) -> Found {
        let (shared, head) = self.shared_folders();
        let state = State {
            a: shared,
            b: shared,
            segment: Segment::Start,
            denied: self.denials.start(&head),
        };
        self.reach(state, 0, None);
        while let Some(at) = self.queue.pop_front() {
            let state = self.nodes[at as usize].state;
            if self.accepts(state) {
                return Found::Path(format!("{head}{}", self.spell(at)));
            }
            if self.nodes.len() > states_max || self.denials.len() > SUBSETS_MAX {
                return Found::Unknown;
            }
            if let Some(a) = skip(self.a, state.a) {
                self.reach(State { a, ..state }, at, None);
            }
            if let Some(b) = skip(self.b, state.b) {
                self.reach(State { b, ..state }, at, None);
            }
            for c in self.characters(state) {
                self.consume(state, at, c);
            }
        }
        Found::Nothing
    }

    /// The literal folders both begin with; walking them one by one would find nothing else.
    fn shared_folders(&self) -> (u32, String) {
        let mut head = String::new();
        let mut folders = (0, 0);
        for (i, pair) in self.a.iter().zip(self.b).enumerate() {
            match pair {
                (Op::Char(x), Op::Char(y)) if x == y => head.push(*x),
                _ => break,
            }
            if head.ends_with('/') {
                folders = (i as u32 + 1, head.len());
            }
        }
        head.truncate(folders.1);
        (folders.0, head)
    }

    fn reach(&mut self, state: State, parent: u32, by: Option<char>) {
        if !self.seen.insert(state) {
            return;
        }
        let at = self.nodes.len() as u32;
        self.nodes.push(Node { state, parent, by });
        if by.is_some() {
            self.queue.push_back(at);
        } else {
            self.queue.push_front(at);
        }
    }

    fn accepts(&self, state: State) -> bool {
        is_final(self.a, state.a)
            && is_final(self.b, state.b)
            && state.segment.may_end()
            && !self.denials.accepts(state.denied)
    }

    /// The characters worth trying from here.
    fn characters(&self, state: State) -> Vec<char> {
        let (Some(a), Some(b)) = (self.a.get(state.a as usize), self.b.get(state.b as usize))
        else {
            return Vec::new();
        };
        let slash = takes(a, '/') && takes(b, '/') && state.segment.may_end();
        let mut out = match (a, b) {
            (Op::Char(c), other) | (other, Op::Char(c)) => {
                return if takes(other, *c) && (*c != '/' || slash) {
                    vec![*c]
                } else {
                    Vec::new()
                };
            }
            (Op::Class(x), Op::Class(y)) => self.among(&x.intersect(y)),
            (Op::Class(x), _) | (_, Op::Class(x)) => self.among(x),
            _ => self.among(&self.any),
        };
        if slash {
            out.push('/');
        }
        out
    }

    fn among(&self, class: &Class) -> Vec<char> {
        match &self.alphabet {
            None => representatives(class),
            Some(all) => {
                let inside = |c: &&char| class.contains(Symbol::from(**c));
                all.iter().filter(inside).copied().collect()
            }
        }
    }

    fn consume(&mut self, state: State, at: u32, c: char) {
        let segment = if c == '/' {
            Segment::Start
        } else {
            state.segment.then(c.into())
        };
        if segment == Segment::Stream {
            return;
        }
        let denied = self.denials.step(state.denied, c);
        if self.denials.is_hopeless(denied) {
            return;
        }
        let next = State {
            a: after(self.a, state.a, c),
            b: after(self.b, state.b, c),
            segment,
            denied,
        };
        self.reach(next, at, Some(c));
    }

    fn spell(&self, mut at: u32) -> String {
        let mut out = Vec::new();
        while at != 0 {
            let node = &self.nodes[at as usize];
            out.extend(node.by);
            at = node.parent;
        }
        out.into_iter().rev().collect()
    }
}

/// One character for every way in which the programs tell symbols apart.
fn alphabet(a: &Program, b: &Program, denied: &[&Program]) -> Vec<char> {
    let programs = || [a, b].into_iter().chain(denied.iter().copied());
    let mut singles = BTreeSet::new();
    let mut classes: Vec<&Class> = Vec::new();
    for op in programs().flat_map(Program::ops) {
        match op {
            Op::Char(c) if *c != '/' => drop(singles.insert(Symbol::from(*c))),
            Op::Class(class) if !classes.contains(&class) => classes.push(class),
            _ => {}
        }
    }
    let mut cuts: BTreeSet<Symbol> = singles.iter().flat_map(|&s| [s, s + 1]).collect();
    let ranges = classes.iter().flat_map(|class| class.ranges());
    cuts.extend(ranges.flat_map(|&(low, high)| [low, high + 1]));
    let everything = Class::any(a.fold());
    cuts.extend(
        everything
            .ranges()
            .iter()
            .flat_map(|&(low, high)| [low, high + 1]),
    );
    let inside = |pair: &&[Symbol]| everything.contains(pair[0]) && !singles.contains(&pair[0]);
    let cuts: Vec<Symbol> = cuts.into_iter().collect();
    let mut groups: HashMap<Vec<bool>, Vec<(Symbol, Symbol)>> = HashMap::new();
    for pair in cuts.windows(2).filter(inside) {
        let signature = classes
            .iter()
            .map(|class| class.contains(pair[0]))
            .collect();
        let group = groups.entry(signature).or_default();
        group.push((pair[0], pair[1] - 1));
    }
    let groups = groups.into_values().map(Class::new);
    let mut out: Vec<char> = groups.flat_map(|group| representatives(&group)).collect();
    out.extend(singles.into_iter().filter_map(char::from_u32));
    out.sort_by_key(|&c| readability(c));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::fold::Fold;
    use crate::scope::pattern::Pattern;

    #[test]
    fn a_spent_budget_is_no_answer() {
        let programs = |text: &str| Pattern::parse(text).unwrap().programs(Fold::None);
        let (a, b) = (&programs("*a*b*x?")[0], &programs("*b*a*y?")[0]);
        let budget = Budget::of(100);
        assert_eq!(search(a, b, &[], &Budget::single()), Found::Nothing);
        assert_eq!(search(a, b, &[], &budget), Found::Nothing);
        assert_eq!(search(a, b, &[], &budget), Found::Unknown);
    }
}
