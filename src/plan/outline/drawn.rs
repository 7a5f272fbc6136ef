//! Order that a document only draws: `A --> B` of Mermaid.

use super::Line;

/// An arrow between two nodes, by the texts of the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrow<'a> {
    /// What comes first.
    pub from: &'a str,
    /// What comes after.
    pub to: &'a str,
    /// The line, from 1.
    pub line: u32,
}

/// The arrows of Mermaid graphs; a node that was given a text goes by it.
pub fn mermaid<'a>(lines: &[Line<'a>]) -> Vec<Arrow<'a>> {
    let mut names = std::collections::BTreeMap::new();
    let mut arrows = Vec::new();
    for line in lines {
        if !line.text.contains("-->") {
            continue;
        }
        let nodes: Vec<(&str, Option<&str>)> = line.text.split("-->").map(node).collect();
        for (id, text) in &nodes {
            text.map(|text| names.entry(*id).or_insert(text));
        }
        for pair in nodes.windows(2) {
            arrows.push((pair[0].0, pair[1].0, line.number));
        }
    }
    let shown = |id: &'a str| names.get(id).copied().unwrap_or(id);
    let arrow = |(from, to, line)| Arrow {
        from: shown(from),
        to: shown(to),
        line,
    };
    arrows.into_iter().map(arrow).collect()
}

/// `B["text"]` as id and text; a label of the arrow, `|text|`, before it is dropped.
fn node(part: &str) -> (&str, Option<&str>) {
    let part = part.trim().trim_end_matches([';', '-']).trim();
    let part = match part.strip_prefix('|') {
        Some(rest) => rest.split_once('|').map_or("", |(_, node)| node.trim()),
        None => part,
    };
    let Some(open) = part.find(['[', '(', '{']) else {
        return (part, None);
    };
    let text = part[open..].trim_matches(['[', ']', '(', ')', '{', '}', '"', ' ']);
    (part[..open].trim(), Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::outline::Text;

    #[test]
    fn nodes_go_by_their_texts() {
        let text = Text::new(
            "graph TD\n A[Phase 1: x] --> B[\"Phase 2\"]\n B -->|why| C\n A\n",
            "",
        );
        let arrows = mermaid(text.lines());
        let read: Vec<_> = arrows.iter().map(|a| (a.from, a.to, a.line)).collect();
        assert_eq!(read, [("Phase 1: x", "Phase 2", 2), ("Phase 2", "C", 3)]);
    }
}
