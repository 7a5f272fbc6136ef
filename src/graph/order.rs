//! One sequence and one level for every node, cycles or not.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

/// The order of a graph by its knots: a node by itself, or nodes that wait for each other.
pub(super) struct Order {
    sequence: Vec<usize>,
    levels: Vec<usize>,
    knots: Vec<Knot>,
}

/// Nodes that wait for each other, in file order; most knots have one node.
struct Knot {
    members: Vec<usize>,
    cyclic: bool,
}

impl Order {
    pub(super) fn of(dag: &DiGraph<(), ()>) -> Order {
        // Kosaraju's way is iterative in petgraph, Tarjan's is not: a long chain is no fault.
        let mut knots: Vec<Knot> = kosaraju_scc(dag)
            .into_iter()
            .map(|m| Knot::new(m, dag))
            .collect();
        knots.sort_by_key(|knot| knot.members[0]);
        let mut home = vec![0; dag.node_count()];
        for (k, knot) in knots.iter().enumerate() {
            for &member in &knot.members {
                home[member] = k;
            }
        }
        let order = knot_order(dag, &knots, &home);
        let mut levels = vec![0; knots.len()];
        let base = |levels: &[usize], k: usize| {
            let before = outside(dag, &knots, &home, k, Direction::Incoming);
            before.map(|p| levels[p] + 1).max().unwrap_or(0)
        };
        let tied = tied_knots(dag, &knots, &home, &order);
        for &k in order.iter().filter(|&&k| !tied[k]) {
            levels[k] = base(&levels, k);
        }
        let free = order.iter().filter(|&&k| !tied[k]);
        let after_free = free.map(|&k| levels[k] + 1).max().unwrap_or(0);
        for &k in order.iter().filter(|&&k| tied[k]) {
            levels[k] = base(&levels, k).max(after_free);
        }
        Order {
            sequence: order
                .iter()
                .flat_map(|&k| knots[k].members.clone())
                .collect(),
            levels: home.iter().map(|&k| levels[k]).collect(),
            knots,
        }
    }

    pub(super) fn sequence(&self) -> &[usize] {
        &self.sequence
    }

    pub(super) fn level(&self, at: usize) -> usize {
        self.levels[at]
    }

    /// The knots that are cycles, by their first member.
    pub(super) fn cyclic(&self) -> impl Iterator<Item = &[usize]> {
        let cyclic = self.knots.iter().filter(|knot| knot.cyclic);
        cyclic.map(|knot| knot.members.as_slice())
    }

    /// All knots, by their first member.
    pub(super) fn knots(&self) -> impl Iterator<Item = &[usize]> {
        self.knots.iter().map(|knot| knot.members.as_slice())
    }
}

impl Knot {
    fn new(members: Vec<NodeIndex>, dag: &DiGraph<(), ()>) -> Knot {
        let own_loop = |&m: &NodeIndex| dag.contains_edge(m, m);
        let cyclic = members.len() > 1 || members.iter().any(own_loop);
        let mut members: Vec<usize> = members.into_iter().map(NodeIndex::index).collect();
        members.sort_unstable();
        Knot { members, cyclic }
    }
}

/// The knots next to `k`, itself left out.
fn outside<'a>(
    dag: &'a DiGraph<(), ()>,
    knots: &'a [Knot],
    home: &'a [usize],
    k: usize,
    direction: Direction,
) -> impl Iterator<Item = usize> + 'a {
    let members = knots[k].members.iter();
    let next = members.flat_map(move |&m| dag.neighbors_directed(NodeIndex::new(m), direction));
    next.map(|n| home[n.index()])
        .filter(move |&other| other != k)
}

/// Kahn's algorithm over knots; the first in file order goes first.
fn knot_order(dag: &DiGraph<(), ()>, knots: &[Knot], home: &[usize]) -> Vec<usize> {
    let before = |k| outside(dag, knots, home, k, Direction::Incoming).count();
    let mut waiting: Vec<usize> = (0..knots.len()).map(before).collect();
    let ready = (0..knots.len()).filter(|&k| waiting[k] == 0).map(Reverse);
    let mut heap: BinaryHeap<Reverse<usize>> = ready.collect();
    let mut out = Vec::with_capacity(knots.len());
    while let Some(Reverse(k)) = heap.pop() {
        out.push(k);
        for next in outside(dag, knots, home, k, Direction::Outgoing) {
            waiting[next] -= 1;
            if waiting[next] == 0 {
                heap.push(Reverse(next));
            }
        }
    }
    out
}

/// True for knots that are cycles or wait for one.
fn tied_knots(dag: &DiGraph<(), ()>, knots: &[Knot], home: &[usize], order: &[usize]) -> Vec<bool> {
    let mut tied: Vec<bool> = knots.iter().map(|knot| knot.cyclic).collect();
    for &k in order {
        tied[k] = tied[k] || outside(dag, knots, home, k, Direction::Incoming).any(|p| tied[p]);
    }
    tied
}
