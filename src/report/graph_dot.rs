//! The package graph in the language of Graphviz.

use std::fmt::Write as _;

use crate::base::text;
use crate::graph::Picture;

/// Draws the graph; ids are quoted verbatim.
pub fn render(picture: &Picture) -> String {
    let mut out = String::from("digraph plan {\n    rankdir=LR;\n    node [shape=box];\n");
    for row in &picture.packages {
        let critical = picture.critical_path.contains(&row.id);
        let style = if critical { " [penwidth=3]" } else { "" };
        let _ = writeln!(out, "    {}{style};", quoted(row.id.as_str()));
    }
    for row in &picture.packages {
        for on in &row.effective_depends_on {
            let added = !row.depends_on.contains(on);
            let style = if added { " [style=dotted]" } else { "" };
            let (from, to) = (quoted(on.as_str()), quoted(row.id.as_str()));
            let _ = writeln!(out, "    {from} -> {to}{style};");
        }
    }
    out.push_str("}\n");
    out
}

fn quoted(id: &str) -> String {
    let text = text::foreign(id).to_string();
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use crate::report::graph_text::tests::picture;

    #[test]
    fn quotes_ids_and_marks_the_critical_path() {
        insta::assert_snapshot!(super::render(&picture()), @r#"
        digraph plan {
            rankdir=LR;
            node [shape=box];
            "contracts" [penwidth=3];
            "api \"v2\"" [penwidth=3];
            "ui";
            "schema";
            "wp-integration" [penwidth=3];
            "contracts" -> "api \"v2\"";
            "contracts" -> "ui";
            "ui" -> "wp-integration";
            "contracts" -> "wp-integration" [style=dotted];
            "api \"v2\"" -> "wp-integration" [style=dotted];
            "schema" -> "wp-integration" [style=dotted];
        }
        "#);
    }
}
