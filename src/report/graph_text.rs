//! The package graph as lines for a terminal: waves, what each waits for, the critical path.

use std::fmt::Write as _;

use crate::base::{PackageId, text};
use crate::graph::{Picture, PictureRow};
use crate::report::style::{Label, Page};
use crate::report::table::{Cell, Table};

/// Draws the graph.
pub fn render(picture: &Picture, page: Page) -> String {
    let mut out = String::new();
    for (i, wave) in picture.waves.iter().enumerate() {
        let head = format!("wave {}", i + 1);
        let _ = writeln!(out, "{}", page.paint(Label::Strong, &head));
        let mut table = Table::new(2);
        for row in picture.packages.iter().filter(|row| wave.contains(&row.id)) {
            table.row(cells(row, picture));
        }
        out.push_str(&table.render(page));
    }
    if !picture.critical_path.is_empty() {
        let path = joined(&picture.critical_path, " -> ");
        let _ = writeln!(out, "\ncritical path: {path}");
    }
    let pairs = picture.parallel_pairs.len();
    let more = if picture.truncated { "more than " } else { "" };
    let _ = writeln!(out, "parallel: {more}{}", text::count(pairs, "pair"));
    out
}

fn cells(row: &PictureRow, picture: &Picture) -> Vec<Cell> {
    let critical = picture.critical_path.contains(&row.id);
    let label = if critical { Label::Busy } else { Label::Plain };
    let mut notes = Vec::new();
    if !row.effective_depends_on.is_empty() {
        notes.push(format!("after {}", plain(&row.effective_depends_on, ", ")));
    }
    if row.alone {
        notes.push("runs alone".to_owned());
    }
    vec![
        Cell::labelled(label, row.id.as_str()),
        Cell::new(notes.join("; ")),
    ]
}

fn joined(ids: &[PackageId], between: &str) -> String {
    text::foreign(&plain(ids, between)).to_string()
}

fn plain(ids: &[PackageId], between: &str) -> String {
    let words: Vec<&str> = ids.iter().map(PackageId::as_str).collect();
    words.join(between)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::graph::{Graph, Node};
    use crate::model::{Edge, EdgeOrigin};

    /// A small plan with an awkward name.
    pub(in crate::report) fn picture() -> Picture {
        let id = |text: &str| PackageId::parse(text).unwrap();
        let node = |name: &str, on: &[&str]| Node {
            id: id(name),
            depends_on: on
                .iter()
                .map(|on| Edge {
                    on: id(on),
                    origin: EdgeOrigin::Field,
                })
                .collect(),
            integrates: name == "wp-integration",
            alone: name == "schema",
        };
        let nodes = vec![
            node("contracts", &[]),
            node("api \"v2\"", &["contracts"]),
            node("ui", &["contracts"]),
            node("schema", &[]),
            node("wp-integration", &["ui"]),
        ];
        Picture::of(&Graph::build(nodes), |_| 1)
    }

    #[test]
    fn waves_say_who_waits_for_whom() {
        insta::assert_snapshot!(render(&picture(), Page::plain()), @r#"
        wave 1
          contracts
          schema     runs alone
        wave 2
          api "v2"  after contracts
          ui        after contracts
        wave 3
          wp-integration  after ui, contracts, api "v2", schema

        critical path: contracts -> api "v2" -> wp-integration
        parallel: 1 pair
        "#);
    }
}
