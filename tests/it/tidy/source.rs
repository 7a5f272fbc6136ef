//! The sources as lines: what is code, what is comment or text, what is only for tests.

use std::fs;
use std::path::{Path, PathBuf};

/// One file of the repository.
pub(super) struct Source {
    /// Relative to the repository, with `/`.
    pub(super) path: String,
    pub(super) lines: Vec<Line>,
}

/// One line of it.
pub(super) struct Line {
    /// From 1.
    pub(super) number: usize,
    /// As it stands.
    pub(super) text: String,
    /// With comments and the insides of texts blanked.
    pub(super) code: String,
    /// The texts that begin and end here.
    pub(super) strings: Vec<String>,
    /// Compiled for tests only.
    pub(super) test: bool,
    /// Begins inside a text of several lines.
    pub(super) inside: bool,
}

/// The folder of the package.
pub(super) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below `folder`, sorted by path.
pub(super) fn rust_files(folder: &str) -> Vec<Source> {
    let mut files = Vec::new();
    walk(&root().join(folder), &mut files);
    files.retain(|path| path.extension().is_some_and(|e| e == "rs"));
    files.sort();
    let mut sources: Vec<Source> = files.iter().map(|path| read(path)).collect();
    mark_test_files(&mut sources);
    sources
}

/// Every file below `folder`.
pub(super) fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, out);
        } else {
            out.push(path);
        }
    }
}

/// The path as it is written in messages.
pub(super) fn relative(path: &Path) -> String {
    let path = path.strip_prefix(root()).unwrap_or(path);
    path.to_string_lossy().replace('\\', "/")
}

fn read(path: &Path) -> Source {
    let text = fs::read_to_string(path).unwrap();
    let path = relative(path);
    let test = path.starts_with("tests/") || path.starts_with("benches/");
    let mut lines = lex(&text);
    for line in &mut lines {
        line.test = test;
    }
    Source { path, lines }
}

/// Where the reader stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Code,
    /// With the depth of nesting.
    Comment(usize),
    Text,
    /// With the number of `#`.
    Raw(usize),
}

/// Splits a text into lines and tells code from the rest.
pub(super) fn lex(text: &str) -> Vec<Line> {
    let mut place = Place::Code;
    let mut string = String::new();
    let mut lines = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let inside = matches!(place, Place::Text | Place::Raw(_));
        let mut reader = Reader {
            chars: line.chars().collect(),
            at: 0,
            code: String::new(),
            strings: Vec::new(),
        };
        while reader.at < reader.chars.len() {
            place = reader.step(place, &mut string);
        }
        string.push('\n');
        lines.push(Line {
            number: i + 1,
            text: line.to_owned(),
            code: reader.code,
            strings: reader.strings,
            test: false,
            inside,
        });
    }
    lines
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    code: String,
    strings: Vec<String>,
}

impl Reader {
    fn sees(&self, text: &str) -> bool {
        let mut chars = self.chars[self.at..].iter();
        text.chars().all(|c| chars.next() == Some(&c))
    }

    fn blank(&mut self, count: usize) {
        self.code.extend(std::iter::repeat_n(' ', count));
        self.at += count;
    }

    fn step(&mut self, place: Place, string: &mut String) -> Place {
        match place {
            Place::Code => self.step_code(string),
            Place::Comment(depth) if self.sees("*/") => {
                self.blank(2);
                if depth == 1 {
                    Place::Code
                } else {
                    Place::Comment(depth - 1)
                }
            }
            Place::Comment(depth) if self.sees("/*") => {
                self.blank(2);
                Place::Comment(depth + 1)
            }
            Place::Comment(_) => {
                self.blank(1);
                place
            }
            Place::Text if self.sees("\\") => {
                string.extend(self.chars.get(self.at + 1));
                self.blank(2.min(self.chars.len() - self.at));
                place
            }
            Place::Text if self.sees("\"") => self.close(1, string),
            Place::Raw(hashes) if self.sees(&format!("\"{}", "#".repeat(hashes))) => {
                self.close(1 + hashes, string)
            }
            Place::Text | Place::Raw(_) => {
                string.push(self.chars[self.at]);
                self.blank(1);
                place
            }
        }
    }

    fn close(&mut self, length: usize, string: &mut String) -> Place {
        self.code.push('"');
        self.at += 1;
        self.blank(length - 1);
        self.strings.push(std::mem::take(string));
        Place::Code
    }

    fn step_code(&mut self, string: &mut String) -> Place {
        if self.sees("//") {
            self.blank(self.chars.len() - self.at);
            return Place::Code;
        }
        if self.sees("/*") {
            self.blank(2);
            return Place::Comment(1);
        }
        let c = self.chars[self.at];
        let named = self
            .code
            .chars()
            .last()
            .is_some_and(|c| c.is_alphanumeric() || c == '_');
        let ahead = |n: usize| self.chars.get(self.at + n).copied();
        if c == 'r' && (!named || self.code.ends_with('b')) {
            let hashes = (1..).take_while(|&n| ahead(n) == Some('#')).count();
            if ahead(1 + hashes) == Some('"') {
                self.blank(2 + hashes);
                string.clear();
                return Place::Raw(hashes);
            }
        }
        if c == '\'' && (ahead(1) == Some('\\') || ahead(2) == Some('\'')) {
            let from = if ahead(1) == Some('\\') { 3 } else { 2 };
            let end = (from..)
                .take_while(|&n| ahead(n).is_some_and(|c| c != '\''))
                .count();
            self.blank((from + end + 1).min(self.chars.len() - self.at));
            return Place::Code;
        }
        self.code.push(c);
        self.at += 1;
        if c == '"' {
            string.clear();
            return Place::Text;
        }
        Place::Code
    }
}

/// Marks what stands under `#[cfg(test)]`: an item with its body, or the file of a module.
fn mark_test_files(sources: &mut [Source]) {
    let mut files = Vec::new();
    for source in sources.iter_mut() {
        let folder = match source.path.rsplit_once('/') {
            Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder.to_owned(),
            _ => source.path.trim_end_matches(".rs").to_owned(),
        };
        for i in 0..source.lines.len() {
            let code = &source.lines[i].code;
            if !code.contains("cfg(test)") && !code.contains("cfg(all(test") {
                continue;
            }
            let end = item_end(&source.lines, i);
            let head = source.lines[end].code.trim().trim_end_matches(';');
            if let Some(name) = head.rsplit_once("mod ").map(|(_, name)| name.trim()) {
                files.push(format!("{folder}/{name}.rs"));
                files.push(format!("{folder}/{name}/"));
            }
            for line in &mut source.lines[i..=end] {
                line.test = true;
            }
        }
    }
    for source in sources {
        let inside =
            |f: &String| source.path == *f || (f.ends_with('/') && source.path.starts_with(f));
        if files.iter().any(inside) {
            source.lines.iter_mut().for_each(|line| line.test = true);
        }
    }
}

/// The last line of the item that begins at `start`: its `;`, or the `}` of its body.
pub(super) fn item_end(lines: &[Line], start: usize) -> usize {
    let (mut braces, mut others) = (0, 0);
    for (i, line) in lines.iter().enumerate().skip(start) {
        for c in line.code.chars() {
            match c {
                '(' | '[' => others += 1,
                ')' | ']' => others -= 1,
                '{' => braces += 1,
                '}' if braces == 1 => return i,
                '}' => braces -= 1,
                ';' if braces == 0 && others == 0 => return i,
                _ => {}
            }
        }
    }
    lines.len() - 1
}

/// The columns in `code` where `word` stands by itself: no name goes on before or after it.
pub(super) fn finds(code: &str, word: &str) -> Vec<usize> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let ends_in_name = word.ends_with(is_name);
    let alone = |at: &usize| {
        let before = code[..*at].chars().last();
        let after = code[at + word.len()..].chars().next();
        let goes_on = ends_in_name && after.is_some_and(is_name);
        !goes_on && !before.is_some_and(is_name)
    };
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(alone)
        .collect()
}
