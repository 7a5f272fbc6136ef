//! Nodes and effective edges: what the plan says, and integration after everything else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::base::PackageId;
use crate::graph::order::Order;
use crate::graph::reach::Reach;
use crate::model::{Edge, EdgeOrigin, Plan, Role};

/// What the graph needs to know of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The package.
    pub id: PackageId,
    /// What it waits for, as written.
    pub depends_on: Vec<Edge>,
    /// It comes after every package that does not itself wait for it.
    pub integrates: bool,
    /// It never runs beside another package.
    pub alone: bool,
}

/// Packages and what they wait for.
pub struct Graph {
    nodes: Vec<Node>,
    positions: BTreeMap<PackageId, usize>,
    /// Edges lead from a package to those that wait for it; node `i` is package `i`.
    dag: DiGraph<(), ()>,
    effective: Vec<Vec<Edge>>,
    dangling: Vec<(PackageId, Edge)>,
    order: Order,
    reach: OnceLock<Reach>,
}

impl Graph {
    /// The graph of a plan.
    ///
    /// Of the packages that integrate by name, those that others wait for are ordinary ones, for
    /// instance `wp-mail-integration`, as long as one is left at the end.
    pub fn of(plan: &Plan) -> Graph {
        let integrators = integrators(plan);
        let node = |package: &crate::model::Package| Node {
            id: package.id.clone(),
            depends_on: package.depends_on.clone(),
            integrates: integrators.contains(&package.id),
            alone: package.runs_alone(),
        };
        Graph::build(plan.packages.iter().map(node).collect())
    }

    /// Builds a graph. Nodes stand in file order; a repeated id adds its edges to the first one,
    /// an edge to an unknown id is left out and listed in [`Graph::dangling`].
    pub fn build(nodes: Vec<Node>) -> Graph {
        let nodes = merged(nodes);
        let positions: BTreeMap<PackageId, usize> = nodes
            .iter()
            .enumerate()
            .map(|(i, node)| (node.id.clone(), i))
            .collect();
        let mut dag = DiGraph::with_capacity(nodes.len(), nodes.len());
        for _ in &nodes {
            dag.add_node(());
        }
        let (mut effective, mut dangling) = (Vec::with_capacity(nodes.len()), Vec::new());
        for (i, node) in nodes.iter().enumerate() {
            let mut known: Vec<Edge> = Vec::new();
            let mut seen = BTreeSet::new();
            for edge in &node.depends_on {
                match positions.get(&edge.on) {
                    Some(&on) if seen.insert(on) => {
                        dag.add_edge(NodeIndex::new(on), NodeIndex::new(i), ());
                        known.push(edge.clone());
                    }
                    Some(_) => {}
                    None => dangling.push((node.id.clone(), edge.clone())),
                }
            }
            effective.push(known);
        }
        integrate(&nodes, &mut dag, &mut effective);
        let order = Order::of(&dag);
        Graph {
            nodes,
            positions,
            dag,
            effective,
            dangling,
            order,
            reach: OnceLock::new(),
        }
    }

    /// All packages in file order.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = &PackageId> {
        self.nodes.iter().map(|node| &node.id)
    }

    /// What a package waits for as written, unknown ids included.
    pub fn declared(&self, id: &PackageId) -> &[Edge] {
        self.position(id).map_or(&[], |i| &self.nodes[i].depends_on)
    }

    /// What a package really waits for: known ids, and for integration everything else.
    pub fn effective(&self, id: &PackageId) -> &[Edge] {
        self.position(id).map_or(&[], |i| &self.effective[i])
    }

    /// Edges to ids that are not in the graph, with the package that has them.
    pub fn dangling(&self) -> &[(PackageId, Edge)] {
        &self.dangling
    }

    /// True if the package comes after all others, to merge and check the whole.
    pub fn integrates(&self, id: &PackageId) -> bool {
        self.position(id).is_some_and(|i| self.nodes[i].integrates)
    }

    /// True if the package never runs beside another.
    pub fn runs_alone(&self, id: &PackageId) -> bool {
        self.position(id).is_some_and(|i| self.nodes[i].alone)
    }

    /// Every package after all it waits for; the members of a cycle stand together.
    pub fn order(&self) -> Vec<&PackageId> {
        self.name(self.order.sequence())
    }

    /// How many packages must be done one after the other before this one; 0 for a first one.
    /// A cycle comes after all that is free of cycles. `None` for an unknown id.
    pub fn level(&self, id: &PackageId) -> Option<usize> {
        self.position(id).map(|i| self.order.level(i))
    }

    /// The packages of each level, in file order.
    pub fn waves(&self) -> Vec<Vec<&PackageId>> {
        let mut waves: Vec<Vec<&PackageId>> = Vec::new();
        for (i, node) in self.nodes.iter().enumerate() {
            let level = self.order.level(i);
            if waves.len() <= level {
                waves.resize_with(level + 1, Vec::new);
            }
            waves[level].push(&node.id);
        }
        waves.retain(|wave| !wave.is_empty());
        waves
    }

    /// True if `id` waits for `on`, directly or not.
    pub fn depends_transitively(&self, id: &PackageId, on: &PackageId) -> bool {
        match (self.position(id), self.position(on)) {
            (Some(id), Some(on)) => self.reach().depends(id, on),
            _ => false,
        }
    }

    /// True if the two may run at the same time: neither waits for the other, none runs alone.
    pub fn are_parallel(&self, a: &PackageId, b: &PackageId) -> bool {
        match (self.position(a), self.position(b)) {
            (Some(a), Some(b)) => self.parallel(a, b),
            _ => false,
        }
    }

    /// The same for positions in [`Graph::ids`]: for callers that ask about millions of pairs.
    ///
    /// # Panics
    /// If a position is not below the number of ids.
    pub fn are_parallel_at(&self, a: usize, b: usize) -> bool {
        self.parallel(a, b)
    }

    /// Every pair that may run at the same time, sorted by id.
    pub fn parallel_pairs(&self) -> impl Iterator<Item = (&PackageId, &PackageId)> {
        let sorted: Vec<(&PackageId, usize)> =
            self.positions.iter().map(|(k, &v)| (k, v)).collect();
        (0..sorted.len()).flat_map(move |i| {
            let (a, from) = sorted[i];
            let later: Vec<_> = sorted[i + 1..]
                .iter()
                .filter(|&&(_, to)| self.parallel(from, to))
                .map(|&(b, _)| (a, b))
                .collect();
            later
        })
    }

    fn parallel(&self, a: usize, b: usize) -> bool {
        a != b
            && !self.nodes[a].alone
            && !self.nodes[b].alone
            && !self.reach().depends(a, b)
            && !self.reach().depends(b, a)
    }

    fn reach(&self) -> &Reach {
        self.reach.get_or_init(|| Reach::of(&self.dag, &self.order))
    }

    pub(super) fn position(&self, id: &PackageId) -> Option<usize> {
        self.positions.get(id).copied()
    }

    pub(super) fn dag(&self) -> &DiGraph<(), ()> {
        &self.dag
    }

    pub(super) fn ordering(&self) -> &Order {
        &self.order
    }

    pub(super) fn name(&self, positions: &[usize]) -> Vec<&PackageId> {
        positions.iter().map(|&i| &self.nodes[i].id).collect()
    }
}

fn integrators(plan: &Plan) -> BTreeSet<&PackageId> {
    let packages = plan.packages.iter();
    let named: BTreeSet<&PackageId> = packages
        .filter(|package| package.kind() == Role::Integration)
        .map(|package| &package.id)
        .collect();
    let edges = plan.packages.iter().flat_map(|package| &package.depends_on);
    let awaited: BTreeSet<&PackageId> = edges.map(|edge| &edge.on).collect();
    let last: BTreeSet<&PackageId> = named.difference(&awaited).copied().collect();
    if last.is_empty() { named } else { last }
}

fn merged(nodes: Vec<Node>) -> Vec<Node> {
    let mut first: BTreeMap<PackageId, usize> = BTreeMap::new();
    let mut out: Vec<Node> = Vec::with_capacity(nodes.len());
    for node in nodes {
        if let Some(&at) = first.get(&node.id) {
            out[at].depends_on.extend(node.depends_on);
        } else {
            first.insert(node.id.clone(), out.len());
            out.push(node);
        }
    }
    out
}

/// Puts each integration package after all others that do not wait for it. One at a time on the
/// edges so far, so that two of them cannot close a cycle.
fn integrate(nodes: &[Node], dag: &mut DiGraph<(), ()>, effective: &mut [Vec<Edge>]) {
    for (i, _) in nodes.iter().enumerate().filter(|(_, n)| n.integrates) {
        let mut after = flood(dag, i, Direction::Outgoing);
        after.extend(
            dag.neighbors_directed(NodeIndex::new(i), Direction::Incoming)
                .map(NodeIndex::index),
        );
        for (j, other) in nodes.iter().enumerate() {
            if other.integrates || after.contains(&j) {
                continue;
            }
            dag.add_edge(NodeIndex::new(j), NodeIndex::new(i), ());
            effective[i].push(Edge {
                on: other.id.clone(),
                origin: EdgeOrigin::Integration,
            });
        }
    }
}

/// `start` and everything on the ways from it.
fn flood(dag: &DiGraph<(), ()>, start: usize, direction: Direction) -> BTreeSet<usize> {
    let mut seen = BTreeSet::from([start]);
    let mut stack = vec![start];
    while let Some(at) = stack.pop() {
        for next in dag.neighbors_directed(NodeIndex::new(at), direction) {
            if seen.insert(next.index()) {
                stack.push(next.index());
            }
        }
    }
    seen
}
