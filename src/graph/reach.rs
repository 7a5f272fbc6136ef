//! Who waits for whom, directly or not, as one bit per pair.

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::graph::order::Order;

/// A square of bits: 12 MB for 10 000 packages.
pub(super) struct Reach {
    words: usize,
    bits: Vec<u64>,
}

impl Reach {
    pub(super) fn of(dag: &DiGraph<(), ()>, order: &Order) -> Reach {
        let words = dag.node_count().div_ceil(64);
        let mut reach = Reach {
            words,
            bits: vec![0; words * dag.node_count()],
        };
        // Knots in file order may stand before what they wait for, so the sequence leads.
        let mut knot_of = vec![&[][..]; dag.node_count()];
        for knot in order.knots() {
            for &member in knot {
                knot_of[member] = knot;
            }
        }
        for &at in order.sequence() {
            if knot_of[at][0] == at {
                reach.fill(dag, knot_of[at]);
            }
        }
        reach
    }

    /// Gives all members of a knot the union of what they wait for.
    fn fill(&mut self, dag: &DiGraph<(), ()>, knot: &[usize]) {
        let mut row = vec![0_u64; self.words];
        for &member in knot {
            for on in dag.neighbors_directed(NodeIndex::new(member), Direction::Incoming) {
                let on = on.index();
                row[on / 64] |= 1 << (on % 64);
                for (word, more) in row.iter_mut().zip(self.row(on)) {
                    *word |= more;
                }
            }
        }
        for &member in knot {
            let from = member * self.words;
            self.bits[from..from + self.words].copy_from_slice(&row);
        }
    }

    fn row(&self, at: usize) -> &[u64] {
        &self.bits[at * self.words..(at + 1) * self.words]
    }

    /// True if `at` waits for `on`.
    pub(super) fn depends(&self, at: usize, on: usize) -> bool {
        self.row(at)[on / 64] & (1 << (on % 64)) != 0
    }
}
