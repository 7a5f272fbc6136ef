//! One task line: `T012 [P] [US1] text with path (depends on T010)`.

use std::collections::BTreeMap;

use crate::plan::outline::paths::names_file;
use crate::plan::outline::{Field, FileEntry, FileMode};

/// What stands behind the box of a task.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Task<'a> {
    pub(super) id: &'a str,
    /// The words in the brackets before the text.
    pub(super) labels: Vec<&'a str>,
    pub(super) title: &'a str,
    /// Ids, or first and last id, that the text says it depends on.
    pub(super) waits: Vec<(&'a str, Option<&'a str>)>,
}

/// Frameworks that are named like files.
const FRAMEWORKS: [&str; 14] = [
    "Node.js",
    "Next.js",
    "Vue.js",
    "Nuxt.js",
    "Three.js",
    "Express.js",
    "React.js",
    "D3.js",
    "Chart.js",
    "Alpine.js",
    "Day.js",
    "Moment.js",
    "node.js",
    "next.js",
];
/// First folders that make a word with one slash a path, though nothing in it has an ending.
const FOLDERS: [&str; 18] = [
    "src", "lib", "app", "apps", "packages", "test", "tests", "docs", "internal", "cmd", "api",
    "specs", "backend", "frontend", "scripts", "website", "pkg", "public",
];
/// Words before a path that is only looked at.
const LOOKED_AT: [&str; 8] = [
    "per",
    "from",
    "see",
    "following",
    "using",
    "via",
    "against",
    "by",
];

/// Reads what stands behind a box; `None` if it has no task id.
pub(super) fn task(rest: &str) -> Option<Task<'_>> {
    let text = rest.trim();
    let text = text.strip_prefix("**").unwrap_or(text);
    let end = id_end(text)?;
    let (id, rest) = text.split_at(end);
    let mut rest = rest.trim_start_matches("**").trim_start_matches([':', '.']);
    if !rest.is_empty() && !rest.starts_with([' ', '\t', '[']) {
        return None;
    }
    let mut labels = Vec::new();
    loop {
        rest = rest.trim_start();
        let inside = rest.strip_prefix('[').and_then(|r| r.split_once(']'));
        let Some((label, behind)) = inside.filter(|(_, behind)| !behind.starts_with('(')) else {
            break;
        };
        if label.is_empty() || label.len() > 40 || label.contains(':') {
            break;
        }
        labels.push(label.trim());
        rest = behind;
    }
    let title = rest.trim_start_matches(['-', '–', '—', ':']).trim();
    let title = if labels.is_empty() {
        rest.trim()
    } else {
        title
    };
    Some(Task {
        id,
        labels,
        title,
        waits: waits(title),
    })
}

/// The end of `T012`, `T012a`, `T036.1`, `T005-TEST` at the start of a text.
fn id_end(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('T')?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=6).contains(&digits) {
        return None;
    }
    let bytes = rest.as_bytes();
    let mut end = digits;
    let at = |i: usize| bytes.get(i).copied().unwrap_or(b' ');
    if at(end).is_ascii_alphabetic() {
        end += 1;
    } else if at(end) == b'.' && at(end + 1).is_ascii_digit() {
        end += 1;
        end += bytes[end..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count();
    }
    // `T005-TEST` is an id, `T005-T009` are two.
    let named = rest[end..]
        .strip_prefix('-')
        .filter(|behind| id_end(behind).is_none());
    if let Some(behind) = named {
        let word = behind.bytes().take_while(u8::is_ascii_alphanumeric);
        let upper = behind.bytes().take_while(u8::is_ascii_uppercase).count();
        if upper > 1 && upper == word.count() {
            end += 1 + upper;
        }
    }
    (!at(end).is_ascii_alphanumeric() && at(end) != b'-').then_some(end + 1)
}

fn waits(title: &str) -> Vec<(&str, Option<&str>)> {
    let lower = title.to_ascii_lowercase();
    let words = [
        "depends on ",
        "depends: ",
        "dependencies: ",
        "dependency: ",
        "blocked by ",
    ];
    let Some(at) = words
        .iter()
        .filter_map(|w| Some(lower.find(w)? + w.len()))
        .min()
    else {
        return Vec::new();
    };
    let list = title[at..].split([')', ']', ';']).next().unwrap_or("");
    let mut found: Vec<(&str, Option<&str>)> = Vec::new();
    let mut range = false;
    for word in list.split([' ', ',', '+', '&', '/', '`']) {
        let word = word.trim_end_matches('.');
        let ends = word
            .split_once(['-', '–'])
            .filter(|(a, b)| whole_id(a) && whole_id(b));
        if let Some((from, to)) = ends {
            found.push((from, Some(to)));
        } else if whole_id(word) {
            match found.last_mut().filter(|(_, to)| range && to.is_none()) {
                Some((_, to)) => *to = Some(word),
                None => found.push((word, None)),
            }
        } else if !matches!(word, "" | "and" | "through" | "to" | "-" | "–") {
            break;
        }
        range = matches!(word, "through" | "to" | "-" | "–");
    }
    found
}

fn whole_id(word: &str) -> bool {
    id_end(word) == Some(word.len())
}

impl Task<'_> {
    /// The labels by what they mean.
    pub(super) fn labelled(&self) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::new();
        for label in &self.labels {
            let name = match *label {
                "P" | "p" => "parallel",
                _ if is_story(label) => "story",
                _ => "area",
            };
            labels
                .entry(name.to_owned())
                .or_insert_with(|| (*label).to_owned());
        }
        labels
    }

    /// All labels as written, if there are several of a kind.
    pub(super) fn fields(&self, line: u32) -> Vec<Field> {
        let plain = self.labels.len() <= self.labelled().len();
        let field = || Field {
            name: "Labels".to_owned(),
            value: self.labels.join(", "),
            line,
        };
        (!plain).then(field).into_iter().collect()
    }

    pub(super) fn owned_waits(&self) -> Vec<(String, Option<String>)> {
        let own = |(from, to): &(&str, Option<&str>)| ((*from).to_owned(), to.map(str::to_owned));
        self.waits.iter().map(own).collect()
    }

    /// The files that the text names.
    pub(super) fn files(&self, line: u32) -> Vec<FileEntry> {
        let mut found: Vec<FileEntry> = Vec::new();
        let (mut ticked, mut before) = (false, "");
        let verb = verb(self.title);
        for piece in self.title.split('`') {
            if ticked {
                let mode = if LOOKED_AT.contains(&before) {
                    FileMode::Read
                } else {
                    verb
                };
                if names_file(piece) {
                    add(&mut found, piece, mode, line);
                }
            } else {
                before = "";
                for word in piece.split_whitespace() {
                    let bare = word.trim_matches(|c: char| "(),;:\"'*".contains(c));
                    let bare = bare.strip_suffix('.').unwrap_or(bare);
                    let mode = if LOOKED_AT.contains(&before) {
                        FileMode::Read
                    } else {
                        verb
                    };
                    if is_bare_file(bare) {
                        add(&mut found, bare, mode, line);
                    }
                    before = word;
                }
            }
            ticked = !ticked;
        }
        found
    }
}

fn add(found: &mut Vec<FileEntry>, path: &str, mode: FileMode, line: u32) {
    if found.iter().rev().take(64).any(|entry| entry.path == path) {
        return;
    }
    found.push(FileEntry {
        path: path.to_owned(),
        mode,
        optional: false,
        note: None,
        line,
    });
}

fn is_story(label: &str) -> bool {
    let rest = label.rsplit("US").next().unwrap_or("");
    label.contains("US") && !rest.is_empty() && rest.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether a word outside of backticks is a file: it has an ending, or is a known folder.
fn is_bare_file(word: &str) -> bool {
    if !names_file(word) || FRAMEWORKS.contains(&word) {
        return false;
    }
    let name = word.rsplit('/').next().unwrap_or(word);
    let first = word.split('/').next().unwrap_or(word);
    let below = word.contains('/');
    let ends = name
        .rsplit_once('.')
        .is_some_and(|(stem, ending)| !stem.is_empty() && !ending.is_empty());
    match below {
        true => ends || name.is_empty() || FOLDERS.contains(&first) || first.starts_with('.'),
        false => ends || first.starts_with('.'),
    }
}

fn verb(title: &str) -> FileMode {
    let word = title
        .split(|c: char| !c.is_ascii_alphabetic())
        .find(|word| !word.is_empty());
    match word.unwrap_or("").to_ascii_lowercase().as_str() {
        "create" => FileMode::Create,
        "update" | "modify" | "extend" | "refactor" | "edit" | "fix" => FileMode::Modify,
        "delete" | "remove" => FileMode::Delete,
        _ => FileMode::Any,
    }
}
