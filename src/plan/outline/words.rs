//! Words that several Markdown formats share: headings, boxes, bold field names, backticks, ids.
//!
//! Everything works on one line and gives slices of it, so that a reader can tell the bytes. Each
//! function reads its line once; none of them knows what a format means by what it finds.

/// A heading at column 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heading<'a> {
    /// The number of `#`.
    pub level: usize,
    /// What follows, trimmed.
    pub text: &'a str,
}

/// Reads `## Text`.
pub fn heading(line: &str) -> Option<Heading<'_>> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    let spaced = text.is_empty() || text.starts_with([' ', '\t']);
    ((1..=6).contains(&level) && spaced).then(|| Heading {
        level,
        text: text.trim(),
    })
}

/// True for a line that opens or closes a code fence: it never decides what an element is.
pub fn is_fence(line: &str) -> bool {
    let text = line.trim_start();
    text.starts_with("```") || text.starts_with("~~~")
}

/// The text of a bullet (`-`, `*` or `+`) or of a numbered line, without the mark.
pub fn bullet(line: &str) -> Option<&str> {
    let text = line.trim_start();
    let rest = match text.strip_prefix(['-', '*', '+']) {
        Some(rest) => rest,
        None => {
            let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
            if rest.len() == text.len() {
                return None;
            }
            rest.strip_prefix(['.', ')'])?
        }
    };
    rest.starts_with([' ', '\t']).then(|| rest.trim())
}

/// A line that begins with a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoxLine<'a> {
    /// The one character between the brackets.
    pub mark: &'a str,
    /// What follows the box, not trimmed at its start.
    pub rest: &'a str,
}

/// Reads `- [x] text` and `* [ ]* text`, at any indent.
pub fn box_line(line: &str) -> Option<BoxLine<'_>> {
    let text = line.trim_start().strip_prefix(['-', '*', '+'])?;
    let inside = text.trim_start();
    if inside.len() == text.len() {
        return None;
    }
    let inside = inside.strip_prefix('[')?;
    let mark = inside.chars().next().filter(|c| !matches!(c, '[' | ']'))?;
    let (mark, rest) = inside.split_at(mark.len_utf8());
    let rest = rest.strip_prefix(']')?;
    // `[x](target)` is a link.
    (!rest.starts_with(['(', '['])).then(|| BoxLine {
        mark,
        rest: rest.trim_end(),
    })
}

/// A line that begins with a name in bold and a colon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldLine<'a> {
    /// Whether a bullet stands before it.
    pub bullet: bool,
    /// The name, without markup and colon.
    pub name: &'a str,
    /// What follows on the line, trimmed.
    pub value: &'a str,
}

/// Names of fields are short; what is longer is a sentence in bold.
const NAME_MAX: usize = 80;

/// Reads `**Key**: value`, `**Key:** value`, and both behind a bullet.
pub fn field_line(line: &str) -> Option<FieldLine<'_>> {
    let text = line.trim_start();
    let plain = text.strip_prefix("- ").or_else(|| text.strip_prefix("* "));
    let inside = plain.unwrap_or(text).trim_start().strip_prefix("**")?;
    let (name, rest) = inside.split_once("**")?;
    let (name, value) = match name.trim_end().strip_suffix(':') {
        Some(name) => (name, rest),
        None => (name, rest.trim_start().strip_prefix(':')?),
    };
    let name = name.trim();
    (!name.is_empty() && name.len() <= NAME_MAX).then(|| FieldLine {
        bullet: plain.is_some(),
        name,
        value: value.trim(),
    })
}

/// What stands between backticks, in order; an open one at the end counts for nothing.
pub fn backticked(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once('`')?;
        let (inside, after) = after.split_once('`')?;
        rest = after;
        Some(inside)
    })
    .filter(|inside| !inside.is_empty())
}

/// Whether a word in backticks can be a path: it has a slash or an extension, and no blank.
pub fn is_path(word: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !matches!(c, '(' | ')' | '<' | '>' | '|' | ';');
    if word.contains("://") || !word.chars().all(plain) || word.starts_with('-') {
        return false;
    }
    let name = word.rsplit('/').next().unwrap_or(word);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    let known = |e: &str| (1..=8).contains(&e.len()) && e.chars().all(char::is_alphanumeric);
    (word.contains('/') && word.len() > 1) || extension.is_some_and(known)
}

/// A value without what stands in parentheses or behind a dash, and that note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// What is left, trimmed.
    pub value: String,
    /// What was said beside it, verbatim.
    pub note: Option<String>,
}

const DASHES: [&str; 4] = [" -- ", " — ", " – ", " - "];

/// Whether what follows a dash is the end of a range and no note.
fn ends_range(after: &str) -> bool {
    let end = after.find([',', ';', '(']).unwrap_or(after.len());
    let part = after[..end].trim();
    part.starts_with(|c: char| c.is_ascii_digit()) && !part.contains(' ')
}

/// Takes notes off a value: `1, 2 (reason) -- more`. A parenthesis that stays open swallows the
/// rest: a note that goes on in the next line must not give its numbers away.
pub fn noted(text: &str) -> Noted {
    let mut value = String::new();
    let mut notes: Vec<String> = Vec::new();
    let mut note = String::new();
    let mut depth = 0_usize;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let dash = DASHES
            .iter()
            .find(|dash| depth == 0 && rest.starts_with(**dash));
        let dash = dash.filter(|dash| **dash == " -- " || !ends_range(&rest[dash.len()..]));
        if let Some(dash) = dash {
            notes.push(rest[dash.len()..].trim().to_owned());
            break;
        }
        match c {
            '(' if depth == 0 => depth = 1,
            '(' => {
                depth += 1;
                note.push(c);
            }
            ')' if depth == 1 => {
                depth = 0;
                value.push(' ');
                notes.push(std::mem::take(&mut note));
            }
            ')' if depth > 1 => {
                depth -= 1;
                note.push(c);
            }
            _ if depth > 0 => note.push(c),
            _ => value.push(c),
        }
        rest = &rest[c.len_utf8()..];
    }
    if depth > 0 {
        notes.push(note);
    }
    let note = notes.join("; ");
    Noted {
        value: value.trim().to_owned(),
        note: (!note.trim().is_empty()).then(|| note.trim().to_owned()),
    }
}

/// One part of a list of ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// An id, verbatim.
    Id(String),
    /// From an id to another, both included.
    Range(String, String),
    /// Words that are neither.
    Words(String),
}

/// Reads `1, 2A and 3-5`; `is_id` decides what an id is, `prefixes` (lower-case) may stand before
/// each, such as `phase`. Notes must be taken off before.
pub fn parts(value: &str, prefixes: &[&str], is_id: impl Fn(&str) -> bool) -> Vec<Part> {
    let mut parts = Vec::new();
    for piece in value.split([',', ';', '&', '+']) {
        let mut words: Vec<&str> = Vec::new();
        for word in piece.split_whitespace() {
            if word.eq_ignore_ascii_case("and") {
                parts.extend(part(&words, prefixes, &is_id));
                words.clear();
            } else {
                words.push(word);
            }
        }
        parts.extend(part(&words, prefixes, &is_id));
    }
    parts
}

/// Words that people put behind an id and that add nothing: `1 must be complete`.
const FINISHED: [&str; 8] = [
    "complete",
    "completed",
    "done",
    "finished",
    "must",
    "be",
    "is",
    "are",
];

fn part(words: &[&str], prefixes: &[&str], is_id: &impl Fn(&str) -> bool) -> Option<Part> {
    let first = words.first()?.to_lowercase();
    let bare = match prefixes.contains(&first.as_str()) {
        true => &words[1..],
        false => words,
    };
    let mut bare = bare;
    while let [rest @ .., last] = bare
        && !rest.is_empty()
        && FINISHED.contains(&last.trim_end_matches('.').to_lowercase().as_str())
    {
        bare = rest;
    }
    let id = |word: &str| is_id(word).then(|| word.to_owned());
    let range = |from: &str, to: &str| {
        let to = to.trim_end_matches('.');
        Some(Part::Range(id(from)?, id(to)?))
    };
    let read = match bare {
        [one] => id(one.trim_end_matches('.')).map(Part::Id).or_else(|| {
            let (from, to) = one.split_once(['-', '–', '—'])?;
            range(from, to)
        }),
        [from, "-" | "–" | "to" | "through", to] => range(from, to),
        _ => None,
    };
    Some(read.unwrap_or_else(|| Part::Words(words.join(" "))))
}

/// `none`, a dash, or nothing: the words for an empty list.
pub fn is_none(value: &str) -> bool {
    let word = value.trim().trim_end_matches(['.', ',']).trim_matches('*');
    let none = [
        "",
        "none",
        "n/a",
        "-",
        "--",
        "—",
        "–",
        "nothing",
        "no dependencies",
    ];
    none.iter().any(|none| word.eq_ignore_ascii_case(none))
}

/// `none` with something behind it, for instance a reason in parentheses.
pub(in crate::plan) fn says_none(value: &str) -> bool {
    let none = value
        .get(..4)
        .is_some_and(|w| w.eq_ignore_ascii_case("none"));
    none && value[4..].starts_with(|c: char| !c.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_have_a_level_and_a_blank_behind_it() {
        let read = |line| heading(line).map(|h| (h.level, h.text));
        assert_eq!(read("## Two  "), Some((2, "Two")));
        assert_eq!(read("#hash"), None);
        assert_eq!(read(" ## indented"), None);
        assert_eq!(read("####### seven"), None);
    }

    #[test]
    fn a_box_is_no_link_and_has_one_character() {
        let read = |line| box_line(line).map(|b| (b.mark, b.rest));
        assert_eq!(read("  - [x] do it "), Some(("x", " do it")));
        assert_eq!(read("* [ ]* maybe"), Some((" ", "* maybe")));
        assert_eq!(read("- [✓] done"), Some(("✓", " done")));
        assert_eq!(read("- [x](target)"), None);
        assert_eq!(read("- [ab] no"), None);
        assert_eq!(read("-[ ] no"), None);
    }

    #[test]
    fn a_field_has_its_colon_inside_or_behind_the_bold() {
        let read = |line| field_line(line).map(|f| (f.bullet, f.name, f.value));
        assert_eq!(read("**Goal**: win "), Some((false, "Goal", "win")));
        assert_eq!(read("- **Goal:** win"), Some((true, "Goal", "win")));
        assert_eq!(read("  **Goal:**"), Some((false, "Goal", "")));
        assert_eq!(read("**bold** words"), None);
        assert_eq!(read("**open: value"), None);
    }

    #[test]
    fn notes_are_taken_off_even_if_they_stay_open() {
        let read = |text| {
            let noted = noted(text);
            (noted.value, noted.note)
        };
        assert_eq!(read("1, 2"), ("1, 2".into(), None));
        assert_eq!(read("1 (a (b) 7)"), ("1".into(), Some("a (b) 7".into())));
        assert_eq!(
            read("3 (waits for 4"),
            ("3".into(), Some("waits for 4".into()))
        );
        assert_eq!(
            read("Phase 2 (a), Phase 3 (b) -- c"),
            ("Phase 2  , Phase 3".into(), Some("a; b; c".into()))
        );
    }

    #[test]
    fn lists_of_ids_hold_ids_ranges_and_words() {
        let is_id = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
        let is_id = |word: &str| is_id(word) && !word.contains('-');
        let id = |id: &str| Part::Id(id.to_owned());
        let read = |value| parts(value, &["phase", "phases"], is_id);
        assert_eq!(read("Phases 2 and 3"), [id("2"), id("3")]);
        assert_eq!(read("Phase 1 complete, 2A"), [id("1"), id("2A")]);
        assert_eq!(read("Phases 1-3"), [Part::Range("1".into(), "3".into())]);
        assert_eq!(read("1 to 3."), [Part::Range("1".into(), "3".into())]);
        assert_eq!(read("task 12, 4"), [Part::Words("task 12".into()), id("4")]);
    }

    #[test]
    fn only_words_that_look_like_paths_are_paths() {
        for yes in [
            "src/a.rs",
            "a.md",
            ".claude/x/",
            "~/x/y",
            "src/**/*.ts",
            "x/{a,b}.md",
        ] {
            assert!(is_path(yes), "{yes}");
        }
        for no in [
            "cargo test",
            "foo()",
            "https://a.b/c",
            "--flag/x",
            "word",
            "/",
        ] {
            assert!(!is_path(no), "{no}");
        }
    }
}
