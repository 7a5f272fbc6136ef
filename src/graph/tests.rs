//! The graph as its users see it.

use proptest::prelude::*;

use super::{Graph, Node, Picture};
use crate::base::PackageId;
use crate::base::json;
use crate::model::{Edge, EdgeOrigin};

fn id(text: &str) -> PackageId {
    PackageId::parse(text).unwrap()
}

fn node(text: &str, on: &[&str]) -> Node {
    let edge = |on: &&str| Edge {
        on: id(on),
        origin: EdgeOrigin::Field,
    };
    Node {
        id: id(text),
        depends_on: on.iter().map(edge).collect(),
        integrates: text.starts_with("int"),
        alone: text.starts_with("alone"),
    }
}

fn graph(rows: &[(&str, &[&str])]) -> Graph {
    Graph::build(rows.iter().map(|(name, on)| node(name, on)).collect())
}

fn words(ids: &[&PackageId]) -> String {
    let words: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
    words.join(" ")
}

fn lines(lists: &[Vec<&PackageId>]) -> Vec<String> {
    lists.iter().map(|list| words(list)).collect()
}

#[test]
fn a_plain_plan_has_order_waves_and_pairs() {
    let graph = graph(&[
        ("api", &["contracts"]),
        ("ui", &["contracts"]),
        ("contracts", &[]),
        ("docs", &[]),
        ("int", &["api"]),
    ]);
    assert_eq!(words(&graph.order()), "contracts api ui docs int");
    assert_eq!(lines(&graph.waves()), ["contracts docs", "api ui", "int"]);
    let pairs: Vec<_> = graph
        .parallel_pairs()
        .map(|(a, b)| format!("{a}+{b}"))
        .collect();
    assert_eq!(pairs, ["api+docs", "api+ui", "contracts+docs", "docs+ui"]);
    let added: Vec<_> = graph
        .effective(&id("int"))
        .iter()
        .map(|e| (e.on.as_str(), e.origin))
        .collect();
    assert_eq!(
        added,
        [
            ("api", EdgeOrigin::Field),
            ("ui", EdgeOrigin::Integration),
            ("contracts", EdgeOrigin::Integration),
            ("docs", EdgeOrigin::Integration),
        ]
    );
    assert!(graph.depends_transitively(&id("int"), &id("docs")));
    assert!(!graph.depends_transitively(&id("docs"), &id("int")));
}

#[test]
fn integration_comes_before_what_waits_for_it() {
    let graph = graph(&[
        ("a", &[]),
        ("int", &[]),
        ("release", &["int"]),
        ("int2", &["release"]),
    ]);
    assert_eq!(words(&graph.order()), "a int release int2");
    assert_eq!(graph.cycles(), Vec::<Vec<&PackageId>>::new());
}

#[test]
fn two_integration_packages_cannot_close_a_cycle() {
    let graph = graph(&[
        ("p", &["int2"]),
        ("q", &["int1"]),
        ("int1", &[]),
        ("int2", &[]),
    ]);
    assert!(graph.cycles().is_empty());
    assert_eq!(graph.order().len(), 4);
}

#[test]
fn a_package_that_runs_alone_is_in_no_pair() {
    let graph = graph(&[("a", &[]), ("alone", &[]), ("b", &[])]);
    assert!(graph.are_parallel(&id("a"), &id("b")));
    assert!(!graph.are_parallel(&id("a"), &id("alone")));
    assert_eq!(graph.parallel_pairs().count(), 1);
}

#[test]
fn cycles_are_short_and_begin_with_the_first_in_the_file() {
    let graph = graph(&[
        ("free", &[]),
        ("b", &["c"]),
        ("a", &["b"]),
        ("c", &["a", "d"]),
        ("d", &["c"]),
        ("self", &["self"]),
        ("after", &["d"]),
    ]);
    assert_eq!(lines(&graph.cycles()), ["b c a", "c d", "self"]);
    assert_eq!(lines(&graph.waves()), ["free", "b a c d self", "after"]);
    assert_eq!(graph.order().len(), 7);
    assert!(!graph.are_parallel(&id("a"), &id("d")));
    assert_eq!(graph.critical_path(|_| 1).last().unwrap().as_str(), "after");
}

#[test]
fn unknown_and_repeated_ids_are_kept_apart() {
    let graph = graph(&[("a", &["ghost"]), ("b", &[]), ("a", &["b", "b"])]);
    assert_eq!(graph.dangling().len(), 1);
    assert_eq!(graph.ids().len(), 2);
    assert_eq!(words(&graph.order()), "b a");
    assert_eq!(graph.effective(&id("a")).len(), 1);
    assert_eq!(graph.level(&id("ghost")), None);
}

#[test]
fn weights_choose_the_critical_path() {
    let graph = graph(&[
        ("a", &[]),
        ("b", &["a"]),
        ("c", &["b"]),
        ("big", &[]),
        ("z", &["big"]),
    ]);
    let weight = |id: &PackageId| if id.as_str() == "big" { 10 } else { 1 };
    assert_eq!(words(&graph.critical_path(weight)), "big z");
    assert_eq!(words(&graph.critical_path(|_| 1)), "a b c");
    let remaining = graph.longest_remaining(weight);
    assert_eq!(remaining[&id("a")], 3);
    assert_eq!(remaining[&id("big")], 11);
}

#[test]
fn the_picture_has_its_contracted_shape() {
    let graph = graph(&[("a", &[]), ("b", &["a", "ghost"]), ("c", &["a"])]);
    let picture = Picture::of(&graph, |_| 1);
    insta::assert_snapshot!(json::line(&picture).unwrap().replace("],\"", "],\n\""), @r#"
    {"packages":[{"id":"a","depends_on":[],
    "effective_depends_on":[],
    "level":0},{"id":"b","depends_on":["a","ghost"],
    "effective_depends_on":["a"],
    "level":1},{"id":"c","depends_on":["a"],
    "effective_depends_on":["a"],
    "level":1}],
    "waves":[["a"],["b","c"]],
    "critical_path":["a","b"],
    "parallel_pairs":[["b","c"]]}
    "#);
}

#[test]
fn ten_thousand_in_a_chain_do_not_exhaust_the_stack() {
    let name = |i: usize| format!("p{i}");
    let chain = (0..10_000).map(|i| {
        let on: Vec<String> = if i == 0 { vec![] } else { vec![name(i - 1)] };
        node(&name(i), &on.iter().map(String::as_str).collect::<Vec<_>>())
    });
    let graph = Graph::build(chain.collect());
    assert_eq!(graph.level(&id("p9999")), Some(9_999));
    assert!(graph.depends_transitively(&id("p9999"), &id("p0")));
    assert_eq!(graph.critical_path(|_| 1).len(), 10_000);
    assert!(graph.cycles().is_empty());
}

proptest! {
    #[test]
    fn every_answer_holds_on_any_graph(
        edges in prop::collection::vec((0_usize..9, 0_usize..9), 0..16)
    ) {
        let names: Vec<String> = (0..9).map(|i| format!("n{i}")).collect();
        let of = |i: usize| edges.iter().filter(move |e| e.0 == i).map(|e| e.1);
        let rows = (0..9).map(|i| {
            let on: Vec<&str> = of(i).map(|j| names[j].as_str()).collect();
            node(&names[i], &on)
        });
        let graph = Graph::build(rows.collect());
        // Reachability by brute force.
        let mut reach = [[false; 9]; 9];
        for &(a, b) in &edges {
            reach[a][b] = true;
        }
        for k in 0..9 {
            for a in 0..9 {
                for b in 0..9 {
                    reach[a][b] |= reach[a][k] && reach[k][b];
                }
            }
        }
        let order = graph.order();
        let place = |i: usize| order.iter().position(|p| p.as_str() == names[i]).unwrap();
        prop_assert_eq!(order.len(), 9);
        for a in 0..9 {
            for b in 0..9 {
                let (x, y) = (id(&names[a]), id(&names[b]));
                prop_assert_eq!(graph.depends_transitively(&x, &y), reach[a][b]);
                if reach[a][b] && !reach[b][a] {
                    prop_assert!(place(b) < place(a));
                    prop_assert!(graph.level(&y) < graph.level(&x));
                }
                let parallel = a != b && !reach[a][b] && !reach[b][a];
                prop_assert_eq!(graph.are_parallel(&x, &y), parallel);
            }
        }
        let cycles = graph.cycles();
        for i in (0..9).filter(|&i| reach[i][i]) {
            prop_assert!(cycles.iter().flatten().any(|p| p.as_str() == names[i]));
        }
        for cycle in &cycles {
            for (i, from) in cycle.iter().enumerate() {
                let on = cycle[(i + 1) % cycle.len()];
                prop_assert!(graph.effective(from).iter().any(|e| &e.on == on));
            }
        }
    }
}
