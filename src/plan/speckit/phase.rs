//! What headings call a phase, in several languages, and what they call the list.

/// Longest name of a phase that has no number.
const NAME_MAX: usize = 80;

/// The number of `Phase 3: ...`, `Phase 3.1`, also as `阶段 3`, `第3阶段` and `フェーズ3`.
pub(super) fn phase_number(text: &str) -> Option<String> {
    let digits = |s: &str| {
        let end = s
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(s.len());
        let number = s[..end].trim_end_matches('.');
        let letter = s[number.len()..]
            .chars()
            .next()
            .filter(char::is_ascii_alphabetic);
        let alone = |c: &char| {
            let behind = s[number.len() + c.len_utf8()..].chars().next();
            behind.is_none_or(|c| !c.is_alphanumeric())
        };
        let letter = letter.filter(alone).map(String::from).unwrap_or_default();
        (!number.is_empty() && number.len() < 8).then(|| format!("{number}{letter}"))
    };
    let after = ["Phase", "PHASE", "阶段", "階段", "フェーズ", "Fase", "단계"];
    let named = after.iter().filter_map(|word| {
        let at = text.find(word)?;
        digits(text[at + word.len()..].trim_start())
    });
    let first = named.into_iter().next();
    first.or_else(|| {
        let rest = text.split_once('第')?.1.trim_start();
        let number = digits(rest)?;
        let word = rest[number.len()..].trim_start();
        (word.starts_with("阶段") || word.starts_with("階段")).then_some(number)
    })
}

/// What stands behind the number of a phase.
pub(super) fn phase_name(text: &str) -> &str {
    let name = phase_number(text).and_then(|number| {
        let at = text.find(&number)? + number.len();
        Some(text[at..].trim_start_matches("阶段"))
    });
    let name = name.unwrap_or(text);
    name.trim_matches([':', '：', ' ', '-', '–', '—'])
}

pub(super) fn cut(text: &str) -> &str {
    let end = (0..=NAME_MAX.min(text.len()))
        .rev()
        .find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}

pub(super) fn title(text: &str) -> String {
    let starts = [
        "Implementation Tasks:",
        "Task Breakdown:",
        "Tasks:",
        "Task List:",
    ];
    let text = starts
        .iter()
        .find_map(|s| text.strip_prefix(s))
        .unwrap_or(text);
    text.trim().to_owned()
}
