//! Lists of files as people write them: a path in backticks, then what is done with it.

use super::{FileEntry, FileMode, words};

/// Reads a bullet that begins with one path in backticks; `mode` holds where it does not say.
pub fn leading(bullet: &str, mode: FileMode, line: u32) -> Option<FileEntry> {
    let text = bullet.trim_start().trim_start_matches('*');
    let (path, rest) = text.strip_prefix('`')?.split_once('`')?;
    let path = path.trim();
    if path.is_empty() {
        return None;
    }
    let note = rest.trim_start_matches('*').trim();
    let note = note.trim_start_matches(['-', '–', '—', ':']).trim();
    Some(entry(path, note, mode, line))
}

/// One file with what was said beside it.
pub fn entry(path: &str, note: &str, mode: FileMode, line: u32) -> FileEntry {
    FileEntry {
        path: path.to_owned(),
        mode: mode_of(note).unwrap_or(mode),
        optional: is_optional(note),
        note: (!note.is_empty()).then(|| note.to_owned()),
        line,
    }
}

/// All paths in a value: those in backticks, else what each part between commas begins with.
pub fn all(value: &str, mode: FileMode, line: u32) -> Vec<FileEntry> {
    let mut quoted = words::backticked(value).peekable();
    if quoted.peek().is_some() {
        let optional = is_optional(value);
        let paths = quoted.map(str::trim).filter(|word| words::is_path(word));
        let one = |path: &str| FileEntry {
            path: path.to_owned(),
            mode,
            optional,
            note: None,
            line,
        };
        return paths.map(one).collect();
    }
    let bare = |part: &str| {
        let (path, note) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
        let path = path.trim_end_matches(':');
        words::is_path(path).then(|| entry(path, note.trim(), mode, line))
    };
    let parts = between_commas(value).into_iter();
    parts.filter_map(|part| bare(part.trim())).collect()
}

/// Parts of a value; commas in parentheses and braces part nothing.
fn between_commas(value: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let comma = |c: char| {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && matches!(c, ',' | ';')
    };
    value.split(comma).collect()
}

/// What the name of a field says that is done with its files.
pub fn mode_of_field(name: &str) -> FileMode {
    let name = name.to_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let create = any(&["create", "new file", "add"]);
    let modify = any(&["modify", "update", "change", "edit"]);
    match (create, modify) {
        (true, false) => FileMode::Create,
        (false, true) => FileMode::Modify,
        _ if any(&["delete", "remove"]) => FileMode::Delete,
        _ if any(&["verify", "validate", "read", "inspect", "examine", "review"]) => FileMode::Read,
        _ => FileMode::Any,
    }
}

/// What the words beside a file say that is done with it.
fn mode_of(note: &str) -> Option<FileMode> {
    let lower = note.to_lowercase();
    let start = lower.trim_start_matches(['(', '[', '*', ' ']);
    let begins = |words: &[&str]| words.iter().any(|word| is_word_prefix(start, word));
    let create = begins(&["create", "new", "add new file"]) || lower.contains("(new");
    if create {
        Some(FileMode::Create)
    } else if begins(&["delete", "remove file"]) || lower.contains("(delete") {
        Some(FileMode::Delete)
    } else if begins(&["modify"]) || lower.contains("(modify") || lower.contains("(update") {
        Some(FileMode::Modify)
    } else if begins(&["no change", "unchanged", "read-only", "read only"]) {
        Some(FileMode::Read)
    } else {
        None
    }
}

fn is_word_prefix(text: &str, word: &str) -> bool {
    let rest = text.strip_prefix(word);
    rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// Whether words make a file depend on a condition.
fn is_optional(note: &str) -> bool {
    let lower = note.to_lowercase();
    let start = lower.trim_start_matches(['(', '[', '*', '_', ' ']);
    let inside = [
        "if needed",
        "if necessary",
        "(if ",
        "optional",
        "only if",
        "as needed",
    ];
    is_word_prefix(start, "if") || inside.iter().any(|words| lower.contains(words))
}

/// Whether words in place of files say that there are none.
pub fn says_nothing(words: &str) -> bool {
    let lower = words
        .trim()
        .trim_start_matches(['*', '_', '('])
        .to_lowercase();
    if lower.is_empty() {
        return false;
    }
    let begins = [
        "none",
        "n/a",
        "no file",
        "no file modification",
        "no code change",
        "no modification",
        "no change",
    ];
    words::is_none(&lower)
        || begins.iter().any(|word| {
            let rest = lower
                .strip_prefix(word)
                .map(|rest| rest.trim_start_matches('s'));
            rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
        })
        || lower.contains("no files modified")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bullet_begins_with_its_path() {
        let read = |text| leading(text, FileMode::Modify, 1).unwrap();
        let entry = read("`a/b.rs` - Add a word");
        assert_eq!(
            (entry.path.as_str(), entry.mode),
            ("a/b.rs", FileMode::Modify)
        );
        assert_eq!(entry.note.as_deref(), Some("Add a word"));
        assert_eq!(read("`a` (new)").mode, FileMode::Create);
        assert_eq!(read("`a` — CREATE: all").mode, FileMode::Create);
        assert_eq!(read("`a` -- New file").mode, FileMode::Create);
        assert_eq!(read("`a` - newer words").mode, FileMode::Modify);
        assert!(read("`a` (if it is stale)").optional);
        assert!(read("**`a`** - optionally").optional);
        assert!(!read("`a` - verify").optional);
        assert_eq!(leading("nvim SOURCE: `a`", FileMode::Any, 1), None);
        assert_eq!(leading("`open", FileMode::Any, 1), None);
    }

    #[test]
    fn words_can_say_that_there_are_none() {
        for yes in [
            "None (verification only)",
            "N/A",
            "No files modified",
            "*none*",
        ] {
            assert!(says_nothing(yes), "{yes}");
        }
        for no in ["All 23 files listed above", "nonetheless", ""] {
            assert!(!says_nothing(no), "{no}");
        }
    }

    #[test]
    fn a_value_holds_paths_with_and_without_backticks() {
        let read = |text| {
            let found = all(text, FileMode::Any, 1).into_iter();
            found.map(|e| e.path).collect::<Vec<_>>()
        };
        assert_eq!(read("`a.rs`, `cargo test` and `b/c`"), ["a.rs", "b/c"]);
        assert_eq!(read("a/b.rs, c.rs (new, small), d"), ["a/b.rs", "c.rs"]);
        assert_eq!(read("words only"), Vec::<String>::new());
    }

    #[test]
    fn the_name_of_a_field_says_what_is_done() {
        assert_eq!(mode_of_field("Files to modify"), FileMode::Modify);
        assert_eq!(mode_of_field("Files to create"), FileMode::Create);
        assert_eq!(mode_of_field("Files to modify/create"), FileMode::Any);
        assert_eq!(mode_of_field("Files to inspect"), FileMode::Read);
        assert_eq!(mode_of_field("File"), FileMode::Any);
    }
}
