//! A plan as the rules see it: places, graph and compiled scopes, made once.

use std::collections::BTreeMap;

use crate::base::PackageId;
use crate::graph::Graph;
use crate::model::{Code, Finding, Package, Plan};
use crate::plan::{Span, Spans};
use crate::scope::{Fold, Pattern, PatternError, Set};

/// More findings of one rule are not listed.
pub(super) const FINDINGS_MAX: usize = 200;

/// What all rules look at.
pub(super) struct Subject<'a> {
    pub(super) plan: &'a Plan,
    pub(super) spans: &'a Spans,
    pub(super) graph: Graph,
    /// Write scopes by position in the plan, without the patterns that are none.
    pub(super) writes: Vec<Set>,
    /// Lock files by position in the plan, without the patterns that are none.
    pub(super) files: Vec<Set>,
    /// Patterns that are none.
    pub(super) misfits: Vec<Misfit>,
    first: BTreeMap<&'a PackageId, usize>,
    /// By position in the plan: the position in the graph, if the package can be in a conflict.
    rivals: Vec<Option<usize>>,
}

/// A text that is no pattern.
pub(super) struct Misfit {
    pub(super) package: usize,
    pub(super) list: &'static str,
    pub(super) error: PatternError,
}

impl<'a> Subject<'a> {
    pub(super) fn new(plan: &'a Plan, spans: &'a Spans, fold: Fold) -> Self {
        let mut misfits = Vec::new();
        let (mut writes, mut files) = (Vec::new(), Vec::new());
        for (package, p) in plan.packages.iter().enumerate() {
            let mut read = |list: &'static str, texts: &[String]| -> Vec<Pattern> {
                let mut patterns = Vec::with_capacity(texts.len());
                for text in texts {
                    match Pattern::parse(text) {
                        Ok(pattern) => patterns.push(pattern),
                        Err(error) => misfits.push(Misfit {
                            package,
                            list,
                            error,
                        }),
                    }
                }
                patterns
            };
            let write = read("scope/write_allow", &p.scope.write_allow);
            read("scope/read_allow", &p.scope.read_allow);
            let deny = read("scope/deny", &p.scope.deny);
            let locked = read("locks/files", &p.locks.files);
            writes.push(Set::new(write, deny, fold));
            files.push(Set::new(locked, Vec::new(), fold));
        }
        let mut first = BTreeMap::new();
        for (i, package) in plan.packages.iter().enumerate() {
            first.entry(&package.id).or_insert(i);
        }
        let graph = Graph::of(plan);
        let rivals = rivals(plan, &graph, &first);
        Subject {
            rivals,
            plan,
            spans,
            graph,
            writes,
            files,
            misfits,
            first,
        }
    }

    /// The packages in file order, with their position.
    pub(super) fn packages(&self) -> impl Iterator<Item = (usize, &'a Package)> {
        self.plan.packages.iter().enumerate()
    }

    /// The position of the first package with this id.
    pub(super) fn first(&self, id: &PackageId) -> Option<usize> {
        self.first.get(id).copied()
    }

    /// True if an overlap of these two would be a conflict: they can run at the same time, and
    /// neither is there to merge the others.
    pub(super) fn compete(&self, a: usize, b: usize) -> bool {
        match (self.rivals[a], self.rivals[b]) {
            (Some(a), Some(b)) => self.graph.are_parallel_at(a, b),
            _ => false,
        }
    }

    /// The sets of the packages that can be in a conflict, empty ones for the others.
    pub(super) fn rivals<'s>(&'s self, sets: &'s [Set], none: &'s Set) -> Vec<&'s Set> {
        let pairs = sets.iter().zip(&self.rivals);
        pairs
            .map(|(set, rival)| rival.map_or(none, |_| set))
            .collect()
    }

    /// The pointer of a field of a package, for instance `scope/write_allow`.
    pub(super) fn pointer(&self, package: usize, field: &str) -> String {
        format!("{}/{field}", self.spans.package(package))
    }

    /// The place of a text in a list of a package.
    pub(super) fn item(&self, package: usize, list: &str, text: &str) -> Span {
        self.spans.item(&self.pointer(package, list), text)
    }

    /// A finding about some packages.
    pub(super) fn finding(
        &self,
        code: Code,
        span: Span,
        packages: &[usize],
        message: String,
        hint: impl Into<String>,
    ) -> Finding {
        let id = |&i: &usize| self.plan.packages[i].id.clone();
        Finding {
            severity: code.severity(),
            code,
            message,
            hint: hint.into(),
            file: self.plan.source.clone(),
            line: span.line,
            column: span.column,
            packages: packages.iter().map(id).collect(),
            witness: None,
        }
    }
}

/// A set that holds nothing.
pub(super) fn nothing() -> Set {
    Set::new(Vec::new(), Vec::new(), Fold::None)
}

fn rivals(plan: &Plan, graph: &Graph, first: &BTreeMap<&PackageId, usize>) -> Vec<Option<usize>> {
    // The graph knows each id once, in the order of its first package.
    let mut next = 0;
    let place = |(i, package): (usize, &Package)| {
        if first.get(&package.id) != Some(&i) {
            return None;
        }
        next += 1;
        let rival = !graph.integrates(&package.id) && !graph.runs_alone(&package.id);
        rival.then_some(next - 1)
    };
    plan.packages.iter().enumerate().map(place).collect()
}
