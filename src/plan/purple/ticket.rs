//! One ticket: its heading, its fields in any of the known shapes, the files it names.

use std::collections::BTreeMap;

use crate::model::ItemStatus;
use crate::plan::outline::paths::names_file;
use crate::plan::outline::words::{backticked, bullet, is_fence};
use crate::plan::outline::{
    DeclaredScope, Field, FileEntry, FileMode, Item, Line, Mark, MarkStyle, ScopeState, Text, files,
};

/// Names that begin a field even without a colon, on a bold line of their own.
const KEYS: [&str; 18] = [
    "ticket id",
    "title",
    "objective",
    "contract/interface",
    "contract",
    "interface",
    "files",
    "pattern reference",
    "pattern references",
    "key considerations",
    "acceptance criteria",
    "estimated effort",
    "effort",
    "dependencies",
    "verification",
    "documentation output",
    "parallel execution notes",
    "restrictions",
];

/// What the heading of a ticket says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head<'a> {
    /// Id and title.
    Named(&'a str, &'a str),
    /// `Ticket 3`: the id is a field.
    Counted(&'a str),
}

/// Reads the heading of a ticket.
pub(super) fn head(text: &str) -> Option<Head<'_>> {
    let plain = text.trim_matches('*').trim();
    let worded = plain
        .strip_prefix("Ticket")
        .map(|rest| rest.trim_start_matches([':', ' ']));
    let rest = worded.unwrap_or(plain).trim_start_matches(['`', '[']);
    let end = rest.find(|c: char| !is_id_char(c)).unwrap_or(rest.len());
    let (id, title) = rest.split_at(end);
    let behind = title.trim_start_matches(['`', ']']);
    let ends = behind.is_empty() || behind.starts_with([':', ' ']);
    if is_id(id) && ends {
        let title = behind.trim_start_matches([':', ' ', '-', '–', '—']);
        return Some(Head::Named(id, title.trim_end_matches('*').trim()));
    }
    let counted = worded.is_some() && rest.starts_with(|c: char| c.is_ascii_digit());
    counted.then_some(Head::Counted(rest))
}

pub(super) fn is_id_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '.'
}

/// `AO-001`, `PHASE-3-A`, `VAP-1.1`.
pub(super) fn is_id(word: &str) -> bool {
    let Some((stem, rest)) = word.split_once('-') else {
        return false;
    };
    let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    let first = stem.starts_with(|c: char| c.is_ascii_uppercase());
    let stem_fits = first && (1..=16).contains(&stem.len()) && stem.chars().all(upper);
    let part = |part: &str| !part.is_empty() && part.chars().all(upper);
    let parts = rest.split(['-', '.']);
    let counted = rest.bytes().any(|b| b.is_ascii_digit());
    stem_fits && counted && rest.len() <= 24 && parts.clone().all(part)
}

/// Name and value of the line that begins a field of a ticket or a phase.
pub(super) fn field(line: &str) -> Option<(&str, &str)> {
    let text = line.trim();
    let listed = bullet(text).filter(|_| !text.starts_with("**"));
    let inside = listed.unwrap_or(text).strip_prefix("**")?;
    let (name, rest) = inside.split_once("**")?;
    let colon = name.trim_end().strip_suffix(':');
    let known = |name: &str| KEYS.contains(&name.trim().to_ascii_lowercase().as_str());
    let name_only = colon.unwrap_or(name).trim();
    let value = match (colon, rest.trim_start().strip_prefix(':')) {
        (Some(_), _) => rest,
        (None, Some(value)) => value,
        (None, None) if rest.trim().is_empty() && known(name) => "",
        _ => return None,
    };
    let short = !name_only.is_empty() && name_only.len() <= 60;
    (short && (listed.is_none() || known(name_only))).then(|| (name_only, value.trim()))
}

/// Whether a field says what its owner waits for.
pub(super) fn is_order(name: &str) -> bool {
    let names = ["dependencies", "dependency", "depends on"];
    names.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// A ticket while it is read.
pub(super) struct Ticket<'a> {
    pub(super) level: usize,
    pub(super) start: usize,
    pub(super) line: u32,
    head: Head<'a>,
    phase: Option<String>,
    fields: Vec<(&'a str, u32, Vec<Line<'a>>, &'a str)>,
    open: bool,
    end: usize,
}

impl<'a> Ticket<'a> {
    pub(super) fn new(
        line: &Line<'a>,
        level: usize,
        head: Head<'a>,
        phase: Option<String>,
    ) -> Self {
        Ticket {
            level,
            start: line.start,
            line: line.number,
            head,
            phase,
            fields: Vec::new(),
            open: false,
            end: line.next,
        }
    }

    pub(super) fn line(&mut self, line: &Line<'a>) {
        if line.text.trim().is_empty() {
            return;
        }
        self.end = line.next;
        if let Some((name, value)) = field(line.text) {
            self.fields.push((name, line.number, Vec::new(), value));
            self.open = true;
        } else if let Some((_, _, lines, _)) = self.fields.last_mut().filter(|_| self.open) {
            lines.push(*line);
        }
    }

    /// A heading inside: a part of its own, or a line of some code.
    pub(super) fn heading(&mut self, line: &Line<'a>) {
        self.end = line.next;
        if let Some((_, _, lines, _)) = self.fields.last_mut().filter(|_| self.open) {
            lines.push(*line);
        }
    }

    /// A rule ends the field above it.
    pub(super) fn rule(&mut self) {
        self.open = false;
    }

    /// Whether the last field of a ticket was read: a heading then opens something else.
    pub(super) fn has_ended(&self) -> bool {
        let last = |name: &str| is_order(name) || name.to_ascii_lowercase().ends_with("effort");
        self.fields.is_empty() || self.fields.iter().any(|(name, ..)| last(name))
    }

    fn value(&self, key: &str) -> Option<String> {
        let named = |(name, ..): &&(&str, u32, Vec<Line<'_>>, &str)| name.eq_ignore_ascii_case(key);
        let (_, _, lines, value) = self.fields.iter().find(named)?;
        let below = || {
            let text = lines
                .iter()
                .map(|line| line.text)
                .find(|line| !is_fence(line))?;
            Some(bullet(text).unwrap_or(text.trim()))
        };
        let value = if value.is_empty() { below()? } else { value };
        Some(value.trim_matches(['`', '*', ' ']).to_owned())
    }

    fn labels(&self, id: &str) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::new();
        let phase = self.phase.clone().or_else(|| phase_of(id));
        phase.map(|phase| labels.insert("phase".to_owned(), phase));
        let effort = self
            .value("estimated effort")
            .or_else(|| self.value("effort"));
        let size = effort.and_then(|e| e.split_whitespace().next().map(str::to_owned));
        size.map(|size| labels.insert("effort".to_owned(), size));
        labels
    }

    /// The finished element; the title of the heading if there is no id.
    pub(super) fn into_item(self, text: &Text<'_>) -> Result<Item, String> {
        let (id, title) = match self.head {
            Head::Named(id, title) => (id.to_owned(), title.to_owned()),
            Head::Counted(words) => match self.value("ticket id").filter(|id| is_id(id)) {
                Some(id) => (id, String::new()),
                None => return Err(format!("Ticket {words}")),
            },
        };
        let title = match title.is_empty() {
            true => self.value("title").unwrap_or_default(),
            false => title,
        };
        let labels = self.labels(&id);
        let (mut scope, mut checks, mut fields) =
            (DeclaredScope::default(), Vec::new(), Vec::new());
        for (name, number, lines, value) in &self.fields {
            match name.to_ascii_lowercase().as_str() {
                "files" => scope = scope_of(lines, value, *number),
                "acceptance criteria" | "verification" => {
                    let listed = lines.iter().filter_map(|line| bullet(line.text));
                    checks.extend(listed.map(|text| unboxed(text).to_owned()));
                }
                _ => {}
            }
            fields.push(Field {
                name: (*name).to_owned(),
                value: joined(lines, value),
                line: *number,
            });
        }
        let mark = Mark {
            status: ItemStatus::Unknown,
            text: String::new(),
            range: None,
            style: MarkStyle::Nowhere,
        };
        Ok(Item {
            labels,
            scope,
            checks,
            fields,
            range: self.start..self.end,
            line: self.line,
            column: text.place(self.start).1,
            ..Item::new(&id, title, mark)
        })
    }
}

fn joined(lines: &[Line<'_>], value: &str) -> String {
    let first = Some(value).filter(|value| !value.is_empty());
    let all: Vec<&str> = first
        .into_iter()
        .chain(lines.iter().map(|l| l.text.trim_end()))
        .collect();
    all.join("\n")
}

fn unboxed(text: &str) -> &str {
    let rest = text
        .strip_prefix('[')
        .and_then(|rest| rest.get(1..)?.strip_prefix(']'));
    rest.map_or(text, str::trim)
}

/// `PHASE-3-A` and `VAP-3.1` tell their phase.
fn phase_of(id: &str) -> Option<String> {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let (stem, rest) = id.split_once('-')?;
    let phase = match stem {
        "PHASE" => rest.split('-').next(),
        _ => rest.split_once('.').map(|(phase, _)| phase),
    };
    phase.filter(|phase| digits(phase)).map(str::to_owned)
}

fn scope_of(lines: &[Line<'_>], value: &str, number: u32) -> DeclaredScope {
    let mut entries: Vec<FileEntry> = Vec::new();
    let inline = Some((value, number)).filter(|(value, _)| !value.is_empty());
    let below = lines
        .iter()
        .filter_map(|line| Some((bullet(line.text)?, line.number)));
    let mut nothing = false;
    for (text, number) in inline.into_iter().chain(below) {
        let found = entries_of(text, number);
        nothing |= found.is_empty() && files::says_nothing(text);
        for entry in found {
            if !entries
                .iter()
                .rev()
                .take(64)
                .any(|known| known.path == entry.path)
            {
                entries.push(entry);
            }
        }
    }
    let state = match (entries.is_empty(), nothing) {
        (false, _) => ScopeState::Declared,
        (true, true) => ScopeState::Nothing,
        (true, false) => ScopeState::Absent,
    };
    DeclaredScope { state, entries }
}

/// The files of one line: the paths it begins with, else the first it names.
fn entries_of(text: &str, number: u32) -> Vec<FileEntry> {
    let (mode, rest) = labelled(text);
    let plain = rest.trim_start_matches('*');
    let lower = plain.to_ascii_lowercase();
    let maybe = ["optionally ", "optional: ", "if needed"]
        .iter()
        .any(|w| lower.starts_with(w));
    // A word that begins a line of a list of files is a file, whatever it looks like.
    let path = |word: &str| !word.contains(|c: char| c.is_whitespace() || "()<>".contains(c));
    let mut found = Vec::new();
    let mut rest = plain;
    while let Some((path_word, behind)) = rest.strip_prefix('`').and_then(|r| r.split_once('`')) {
        if path(path_word) {
            found.push(path_word);
        }
        rest = behind;
        let next = behind.trim_start_matches([',', '+', '&', ' ']);
        let next = next.strip_prefix("and ").unwrap_or(next);
        if !next.starts_with('`') {
            break;
        }
        rest = next;
    }
    if found.is_empty() {
        // In prose only what cannot be code counts.
        found.extend(backticked(plain).find(|word| names_file(word)));
        rest = plain
            .split_once('`')
            .and_then(|(_, r)| r.split_once('`'))
            .map_or("", |(_, r)| r);
    }
    let note = rest.trim().trim_start_matches(['-', '–', '—', ':']).trim();
    let entry = |path: &str| {
        let mut entry = files::entry(path, note, mode, number);
        entry.optional |= maybe;
        if entry.mode == FileMode::Any && note.to_ascii_lowercase().starts_with("append") {
            entry.mode = FileMode::Modify;
        }
        entry
    };
    found.into_iter().map(entry).collect()
}

/// `**Create:** ...` and `CREATE: ...`.
fn labelled(text: &str) -> (FileMode, &str) {
    let plain = text.trim_start_matches('*');
    let end = plain
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(plain.len());
    let rest = plain[end..].trim_start_matches('*');
    let mode = match plain[..end].to_ascii_lowercase().as_str() {
        "create" | "new" | "add" => FileMode::Create,
        "modify" | "update" | "edit" => FileMode::Modify,
        "delete" | "remove" => FileMode::Delete,
        "read" | "reference" => FileMode::Read,
        _ => return (FileMode::Any, text),
    };
    match rest.strip_prefix(':') {
        Some(rest) => (mode, rest.trim_start_matches(['*', ' '])),
        None => (mode, rest.trim_start()),
    }
}
