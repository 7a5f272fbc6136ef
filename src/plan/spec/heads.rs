//! What the headings and the first words of a line say in a task list.

use crate::plan::outline::words::{BoxLine, bullet};
use crate::plan::spec::order::{is_gate, number};

/// What a heading opens.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Head<'a> {
    /// A phase: its number and name.
    Phase(&'a str, &'a str),
    /// A track: its letter or its words, its name, and what it says to wait for.
    Track(&'a str, &'a str, Option<&'a str>),
    /// A task that is a heading: its id and title.
    Task(&'a str, &'a str),
    /// Anything else.
    Other,
}

/// Reads the text of a heading.
pub(super) fn head<'a>(text: &'a str) -> Head<'a> {
    if let Some((id, name)) = labelled(text, "Phase ") {
        return Head::Phase(id, name);
    }
    if let Some((id, name)) = labelled(text, "Task ").filter(|(id, _)| is_task_id(id)) {
        return Head::Task(id, name);
    }
    let (plain, order) = order_in(text);
    if let Some((value, name)) = labelled(plain, "Track ") {
        return Head::Track(value, name, order);
    }
    let label = plain.split(':').next().unwrap_or(plain).trim();
    let name = plain[label.len()..].trim_start_matches([':', ' ']);
    let is_track = label.ends_with(" Track")
        || label.starts_with("Code Review Track ")
        || label.starts_with("Checkpoint Review ")
        || label.starts_with("Checkpoint ") && order.is_some();
    match is_track {
        true => Head::Track(label, name, order),
        false => Head::Other,
    }
}

/// `Phase 2: name` as `2` and `name`.
fn labelled<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let rest = text.strip_prefix(word)?.trim_start();
    let end = rest.find([':', ' ', '(']).unwrap_or(rest.len());
    let (value, rest) = rest.split_at(end);
    let value = value.trim_end_matches('.');
    let short = value.len() <= 8 && !value.is_empty();
    let plain = value
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    let first = value.starts_with(|c: char| c.is_ascii_digit() || c.is_ascii_uppercase());
    let lone = value.len() <= 2 || value.starts_with(|c: char| c.is_ascii_digit());
    let named = rest.is_empty() || rest.trim_start().starts_with([':', '(', '-', '–', '—']);
    (short && plain && first && (lone || named))
        .then(|| (value, rest.trim_matches([':', ' ', '-', '–', '—'])))
}

/// A heading without the parentheses that say what it waits for, and these words.
fn order_in(text: &str) -> (&str, Option<&str>) {
    let text = text.trim_end_matches(['✓', '✅', '*', ' ']);
    let lower = text.to_ascii_lowercase();
    let starts = [
        "(no dep",
        "(dependencies",
        "(dependency",
        "(depends on",
        "(after ",
        "(requires ",
    ];
    let Some(open) = starts.iter().filter_map(|start| lower.find(start)).min() else {
        return (text, None);
    };
    let inside = text[open + 1..].trim_end();
    let inside = inside.strip_suffix(')').unwrap_or(inside);
    let words = [
        "dependencies",
        "dependency",
        "depends on",
        "after",
        "requires",
    ];
    let value = words.iter().find_map(|word| {
        let head = inside.get(..word.len())?;
        head.eq_ignore_ascii_case(word)
            .then(|| inside[word.len()..].trim_matches([':', ' ']))
    });
    (text[..open].trim_end(), Some(value.unwrap_or("none")))
}

/// The id and title of a box that is a task; a checklist needs a point behind the number.
pub(super) fn task<'a>(boxed: &BoxLine<'a>, checklist: bool) -> Option<(&'a str, &'a str)> {
    let text = boxed.rest.trim();
    let bold = text.strip_prefix("**").map(str::trim_start);
    let plain = bold.unwrap_or(text);
    let worded = plain.strip_prefix("Task ").map(str::trim_start);
    let plain = worded.unwrap_or(plain);
    let token = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    let end = plain.find(|c| !token(c)).unwrap_or(plain.len());
    let id = plain[..end].trim_end_matches(['.', '-']);
    let rest = &plain[id.len()..];
    let behind = rest.trim_start_matches([' ', '*']);
    let marked = rest.starts_with(['.', ':', ')']) || rest.starts_with("**");
    let marked = marked || worded.is_some() || (!checklist && rest.trim_start().starts_with("**"));
    let dotted = id.contains('.') && !checklist;
    let known = is_gate(id) || (is_task_id(id) && (marked || dotted));
    let ends = rest.is_empty() || rest.starts_with([' ', '.', ':', ')', '*', '\t']);
    (known && ends).then(|| (id, behind.trim_start_matches(['.', ':', ')']).trim()))
}

/// `3`, `3.1`, `3.1.2`, `3a`.
fn is_task_id(id: &str) -> bool {
    let bare = id
        .strip_suffix(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(id);
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    id.len() <= 16 && bare.split('.').all(digits) && (number(bare).is_some() || bare.contains('.'))
}

/// The names and values of `_Name: value_` in a line; the last may stay open.
pub(super) fn slanted(line: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = bullet(line).unwrap_or(line.trim());
    while let Some(inside) = rest.strip_prefix('_') {
        let Some((name, value)) = inside.split_once(':') else {
            break;
        };
        let plain = |c: char| c.is_alphabetic() || " /&-".contains(c);
        if name.is_empty() || name.len() > 40 || !name.chars().all(plain) {
            break;
        }
        let closes = |&(at, _): &(usize, &str)| {
            let behind = value[at + 1..].chars().next();
            behind.is_none_or(|c| c.is_whitespace() || "|,;.".contains(c))
        };
        let end = value.match_indices('_').find(closes);
        let end = end.map_or(value.len(), |(at, _)| at);
        found.push((name.trim(), value[..end].trim()));
        rest = value[end..].trim_start_matches('_');
        rest = rest.trim_start_matches([' ', '|', ',', ';', '.']);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::outline::words::box_line;

    #[test]
    fn headings_open_phases_tracks_and_tasks() {
        for (text, expected) in [
            (
                "Phase 2: Walls (Week 1)",
                Head::Phase("2", "Walls (Week 1)"),
            ),
            ("Task 1.2: Dig", Head::Task("1.2", "Dig")),
            (
                "Track A: Base (No Dependencies) ✓",
                Head::Track("A", "Base", Some("none")),
            ),
            (
                "Track F: Roof (Dependencies: Track B, C + CR2)",
                Head::Track("F", "Roof", Some("Track B, C + CR2")),
            ),
            (
                "Testing Track (Dependencies: PR-D)",
                Head::Track("Testing Track", "", Some("PR-D")),
            ),
            (
                "Code Review Track 1 (Dependencies: Track A)",
                Head::Track("Code Review Track 1", "", Some("Track A")),
            ),
            (
                "Checkpoint Review 2: Half",
                Head::Track("Checkpoint Review 2", "Half", None),
            ),
            (
                "Final Review Track",
                Head::Track("Final Review Track", "", None),
            ),
            ("Track Dependencies", Head::Other),
            ("Phase Breakdown", Head::Other),
            ("Task Summary", Head::Other),
        ] {
            assert_eq!(head(text), expected, "{text}");
        }
    }

    #[test]
    fn only_boxes_with_an_id_are_tasks() {
        let read = |line: &'static str| task(&box_line(line).unwrap(), false);
        assert_eq!(read("- [ ] 1. **Dig**"), Some(("1", "**Dig**")));
        assert_eq!(read("- [ ] 1.2 Dig it"), Some(("1.2", "Dig it")));
        assert_eq!(read("- [ ] **3. Dig**"), Some(("3", "Dig**")));
        assert_eq!(read("- [x] CR-A. **Look** ✓"), Some(("CR-A", "**Look** ✓")));
        assert_eq!(read("- [x] CR2: Look"), Some(("CR2", "Look")));
        assert_eq!(
            read("- [ ] RW-FINAL. **Again**"),
            Some(("RW-FINAL", "**Again**"))
        );
        assert_eq!(read("- [ ] Task 4: Dig"), Some(("4", "Dig")));
        assert_eq!(read("- [ ] 5 holes are dug"), None);
        assert_eq!(read("- [ ] CRUD works"), None);
        assert_eq!(read("- [ ] Kotlin 1.9+ installed"), None);
        assert_eq!(task(&box_line("- [ ] 1.5 seconds").unwrap(), true), None);
    }

    #[test]
    fn several_slanted_fields_may_share_a_line() {
        assert_eq!(
            slanted("  - _Requirements: 1.1, a_b_ _Agent: x-y_"),
            [("Requirements", "1.1, a_b"), ("Agent", "x-y")]
        );
        assert_eq!(
            slanted("_Dependencies: Task 1"),
            [("Dependencies", "Task 1")]
        );
        assert_eq!(slanted("_just words_"), []);
    }
}
