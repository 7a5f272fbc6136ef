//! Which packages wait for each other, in a form that explains itself.

use std::collections::VecDeque;

use petgraph::Direction;
use petgraph::graph::NodeIndex;

use crate::base::PackageId;
use crate::graph::dag::Graph;

/// Cycles that are reported; fixing some of them usually breaks the others.
const CYCLES_MAX: usize = 100;

impl Graph {
    /// Shortest cycles such that every package on a cycle is in one of them (the first hundred).
    /// Each begins with its first package in file order and reads "waits for"; the last one waits
    /// for the first.
    pub fn cycles(&self) -> Vec<Vec<&PackageId>> {
        let mut out = Vec::new();
        for knot in self.ordering().cyclic() {
            let mut told = vec![false; knot.len()];
            for i in 0..knot.len() {
                if told[i] || out.len() >= CYCLES_MAX {
                    continue;
                }
                let cycle = self.shortest_cycle(knot[i], knot);
                for member in &cycle {
                    if let Ok(at) = knot.binary_search(member) {
                        told[at] = true;
                    }
                }
                out.push(self.name(&rotated(cycle)));
            }
        }
        out
    }

    /// Breadth first along "waits for" inside the knot, from `start` back to it.
    fn shortest_cycle(&self, start: usize, knot: &[usize]) -> Vec<usize> {
        let mut parent: Vec<Option<usize>> = vec![None; knot.len()];
        let mut queue = VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            let mut on: Vec<usize> = self
                .dag()
                .neighbors_directed(NodeIndex::new(at), Direction::Incoming)
                .map(NodeIndex::index)
                .collect();
            on.sort_unstable();
            for next in on {
                if next == start {
                    return trail(at, start, knot, &parent);
                }
                if let Ok(slot) = knot.binary_search(&next)
                    && parent[slot].is_none()
                {
                    parent[slot] = Some(at);
                    queue.push_back(next);
                }
            }
        }
        vec![start]
    }
}

/// The way from `start` to `end`.
fn trail(end: usize, start: usize, knot: &[usize], parent: &[Option<usize>]) -> Vec<usize> {
    let mut out = vec![end];
    let mut at = end;
    while at != start {
        let before = knot.binary_search(&at).ok().and_then(|slot| parent[slot]);
        let Some(before) = before else { break };
        out.push(before);
        at = before;
    }
    out.reverse();
    out
}

fn rotated(mut cycle: Vec<usize>) -> Vec<usize> {
    let first = (0..cycle.len()).min_by_key(|&i| cycle[i]).unwrap_or(0);
    cycle.rotate_left(first);
    cycle
}
