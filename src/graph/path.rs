//! Longest paths by weight: the critical path, and what remains after each package.
//!
//! Inside a cycle only the edges that follow the order count, so that every answer is finite.

use std::collections::BTreeMap;

use petgraph::Direction;
use petgraph::graph::NodeIndex;

use crate::base::PackageId;
use crate::graph::dag::Graph;

impl Graph {
    /// The chain of packages with the largest total weight, in running order.
    pub fn critical_path(&self, weight: impl Fn(&PackageId) -> u64) -> Vec<&PackageId> {
        let remaining = self.remaining(&weight);
        let longest = |list: &mut dyn Iterator<Item = usize>| {
            list.max_by_key(|&i| (remaining[i], std::cmp::Reverse(i)))
        };
        let rank = self.ranks();
        let mut out = Vec::new();
        let mut next = longest(&mut (0..remaining.len()));
        while let Some(at) = next {
            out.push(at);
            next = longest(&mut self.followers(at, &rank));
        }
        self.name(&out)
    }

    /// For each package the largest total weight of a chain that begins with it, itself included:
    /// the package with the most remaining starts first.
    pub fn longest_remaining(
        &self,
        weight: impl Fn(&PackageId) -> u64,
    ) -> BTreeMap<&PackageId, u64> {
        self.ids().zip(self.remaining(&weight)).collect()
    }

    fn remaining(&self, weight: &impl Fn(&PackageId) -> u64) -> Vec<u64> {
        let mut remaining: Vec<u64> = self.ids().map(weight).collect();
        let rank = self.ranks();
        for &at in self.ordering().sequence().iter().rev() {
            let after = self.followers(at, &rank).map(|next| remaining[next]).max();
            remaining[at] = remaining[at].saturating_add(after.unwrap_or(0));
        }
        remaining
    }

    /// The place of each node in the order.
    fn ranks(&self) -> Vec<usize> {
        let sequence = self.ordering().sequence();
        let mut rank = vec![0; sequence.len()];
        for (place, &at) in sequence.iter().enumerate() {
            rank[at] = place;
        }
        rank
    }

    /// Those that wait for `at` and come after it.
    fn followers<'a>(&'a self, at: usize, rank: &'a [usize]) -> impl Iterator<Item = usize> + 'a {
        let next = self
            .dag()
            .neighbors_directed(NodeIndex::new(at), Direction::Outgoing);
        let next = next.map(NodeIndex::index);
        next.filter(move |&n| rank[n] > rank[at])
    }
}
