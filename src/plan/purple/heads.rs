//! What the headings of a specification open, apart from tickets.

/// Headings of specifications; another one inside an unfinished ticket may be a comment of code.
const SECTIONS: [&str; 15] = [
    "dependency",
    "graph",
    "test",
    "risk",
    "deploy",
    "cross-cutting",
    "integration",
    "appendix",
    "ticket",
    "phase",
    "summary",
    "question",
    "rollout",
    "parallel",
    "architecture",
];

pub(super) fn is_section(text: &str) -> bool {
    let lower = text.to_lowercase();
    let counted = text.starts_with(|c: char| c.is_ascii_digit());
    counted || SECTIONS.iter().any(|word| lower.contains(word))
}

/// `Phase 2: name`, also behind a number of a section.
pub(super) fn phase_head(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ' ');
    let rest = text.strip_prefix("Phase ")?.trim_start();
    let end = rest
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(rest.len());
    let (number, name) = rest.split_at(end);
    let digits = number.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let plain =
        !digits.is_empty() && number.len() <= 4 && digits.bytes().all(|b| b.is_ascii_digit());
    let name = name.trim_matches([':', ' ', '-', '–', '—']);
    plain.then_some((number, name))
}

/// `**Phase 2: name**` alone on a line.
pub(super) fn bold_phase(line: &str) -> Option<(&str, &str)> {
    let inside = line.trim().strip_prefix("**")?;
    let inside = inside.trim_end_matches(':').strip_suffix("**")?;
    phase_head(inside.trim_end_matches(':')).filter(|_| !inside.contains("**"))
}

pub(super) fn document_title(text: &str) -> String {
    let starts = [
        "Engineering Implementation Specification:",
        "Implementation Specification:",
        "Implementation Spec:",
    ];
    let text = starts
        .iter()
        .find_map(|s| text.strip_prefix(s))
        .unwrap_or(text);
    text.trim().to_owned()
}
