//! The package graph as a Mermaid flow chart, for Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::base::{PackageId, text};
use crate::graph::Picture;

/// Draws the graph. Nodes are numbered, so that no id can break the syntax.
pub fn render(picture: &Picture) -> String {
    let rows = picture.packages.iter().enumerate();
    let names: BTreeMap<&PackageId, usize> = rows.map(|(i, row)| (&row.id, i)).collect();
    let mut out = String::from("flowchart LR\n");
    for (i, row) in picture.packages.iter().enumerate() {
        let _ = writeln!(out, "    n{i}[\"{}\"]", label(row.id.as_str()));
    }
    for (i, row) in picture.packages.iter().enumerate() {
        for on in row
            .effective_depends_on
            .iter()
            .filter_map(|on| names.get(on))
        {
            let arrow = if row.depends_on.contains(&picture.packages[*on].id) {
                "-->"
            } else {
                "-.->"
            };
            let _ = writeln!(out, "    n{on} {arrow} n{i}");
        }
    }
    let critical = picture.critical_path.iter().filter_map(|id| names.get(id));
    let critical: Vec<String> = critical.map(|i| format!("n{i}")).collect();
    if !critical.is_empty() {
        let _ = writeln!(out, "    classDef critical stroke-width:3px");
        let _ = writeln!(out, "    class {} critical", critical.join(","));
    }
    out
}

/// Text inside a quoted label, in Mermaid's entity codes.
fn label(id: &str) -> String {
    let mut out = String::new();
    for c in text::foreign(id).to_string().chars() {
        match c {
            '"' | '#' | '<' | '>' | '&' | '`' | '\\' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::report::graph_text::tests::picture;

    #[test]
    fn draws_declared_edges_solid_and_added_ones_dotted() {
        insta::assert_snapshot!(super::render(&picture()), @r#"
        flowchart LR
            n0["contracts"]
            n1["api #34;v2#34;"]
            n2["ui"]
            n3["schema"]
            n4["wp-integration"]
            n0 --> n1
            n0 --> n2
            n2 --> n4
            n0 -.-> n4
            n1 -.-> n4
            n3 -.-> n4
            classDef critical stroke-width:3px
            class n0,n1,n4 critical
        "#);
    }
}
