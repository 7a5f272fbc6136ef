//! The documentation that the agent of a ticket leaves: which tickets it is about, where it left
//! the specification, and what later tickets have to know.
//!
//! File names follow no rule in practice, and one agent may document several tickets in one file:
//! the ids inside decide.

use crate::plan::outline::words::{backticked, bullet, field_line, heading, is_fence, is_none};
use crate::plan::outline::{Text, paths::names_file};
use crate::plan::purple::ticket::is_id_char;

/// What a documentation file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketDoc {
    /// The tickets it is about, verbatim, in the order of the file.
    pub tickets: Vec<String>,
    /// Its status, as written.
    pub status: Option<String>,
    /// Where it says the work differs from the specification.
    pub deviations: Vec<Remark>,
    /// What it says that later tickets have to know.
    pub notes: Vec<Remark>,
    /// The files it says were made or changed.
    pub files: Vec<String>,
}

/// One thing said, and the tickets it mentions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The words, without the bullet; several lines are joined by blanks.
    pub text: String,
    /// Tickets named in it, other than those the document is about.
    pub mentions: Vec<String>,
    /// The line it begins at, from 1.
    pub line: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Other,
    Deviations,
    Notes,
    Files,
}

/// Reads a documentation file. `known` are the ids of the specification, `name` is the name of the
/// file, which counts only if no id stands at the top of the text.
pub fn read(text: &str, name: &str, known: &[&str]) -> TicketDoc {
    let text = Text::new(text, name);
    let mut doc = TicketDoc::default();
    let mut part = Part::Other;
    let mut top = true;
    for line in text.lines().iter().filter(|line| !is_fence(line.text)) {
        if let Some(head) = heading(line.text) {
            part = if head.level == 1 {
                Part::Other
            } else {
                part_of(head.text)
            };
            top &= head.level == 1;
            if top {
                add(&mut doc.tickets, ids_in(head.text, known));
            }
            continue;
        }
        if let Some(field) = field_line(line.text).filter(|_| top) {
            match field.name.to_lowercase().as_str() {
                "status" => doc.status = Some(field.value.to_owned()),
                "ticket" | "tickets" | "ticket id" | "ticket ids" => {
                    add(&mut doc.tickets, ids_in(field.value, known));
                }
                _ => {}
            }
        }
        let list = match part {
            Part::Deviations => &mut doc.deviations,
            Part::Notes => &mut doc.notes,
            Part::Files => {
                files_in(line.text, &mut doc.files);
                continue;
            }
            Part::Other => continue,
        };
        remark(list, line.text, line.number);
    }
    if doc.tickets.is_empty() {
        let name = name.rsplit('/').next().unwrap_or(name);
        let starts = |id: &&&str| name.contains(**id);
        let named = known.iter().filter(starts).map(|id| (*id).to_owned());
        add(&mut doc.tickets, named.collect());
    }
    for remark in doc.deviations.iter_mut().chain(&mut doc.notes) {
        remark.mentions = ids_in(&remark.text, known);
        remark.mentions.retain(|id| !doc.tickets.contains(id));
    }
    doc
}

fn part_of(text: &str) -> Part {
    let text = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ' ');
    let lower = text.to_lowercase();
    let starts = |words: &[&str]| words.iter().any(|word| lower.starts_with(word));
    if starts(&["deviation"]) {
        Part::Deviations
    } else if starts(&["notes for", "follow-up", "follow up", "followup"]) {
        Part::Notes
    } else if starts(&["files"]) {
        Part::Files
    } else {
        Part::Other
    }
}

/// Ids of the specification in a text, whole words only.
fn ids_in(text: &str, known: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for word in text.split(|c: char| !is_id_char(c)) {
        let word = word.trim_matches(['.', '-']);
        if known.contains(&word) {
            add(&mut found, vec![word.to_owned()]);
        }
    }
    found
}

fn add(list: &mut Vec<String>, more: Vec<String>) {
    for id in more {
        if !list.contains(&id) {
            list.push(id);
        }
    }
}

fn remark(list: &mut Vec<Remark>, line: &str, number: u32) {
    let text = line.trim();
    if text.is_empty() || text.chars().all(|c| c == '-') {
        return;
    }
    let at_margin = !line.starts_with([' ', '\t']);
    let item = bullet(line).filter(|_| at_margin && !text.starts_with("**"));
    let words = item.unwrap_or(text);
    let begins = item.is_some() || list.is_empty();
    let bare = words.trim_matches(['*', '_', ' ']);
    let none = bare.split(['.', ',', ' ', ';']).next().is_some_and(is_none);
    match list.last_mut() {
        _ if begins && none => {}
        Some(last) if !begins => {
            last.text.push(' ');
            last.text.push_str(words);
        }
        _ => list.push(Remark {
            text: words.to_owned(),
            mentions: Vec::new(),
            line: number,
        }),
    }
}

fn files_in(line: &str, files: &mut Vec<String>) {
    let row = line.trim().strip_prefix('|');
    let text = row.map_or(line, |row| row.split('|').next().unwrap_or(row));
    if let Some(path) = backticked(text).find(|word| names_file(word)) {
        add(files, vec![path.to_owned()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOC: &str = "\
# AO-001, AO-002: Foundation
**Ticket:** AO-010
**Status:** Completed

## What Was Implemented
AO-007 is no ticket of this file.

## Deviations from Spec
- **Other name:** `a()` is `b()` now,
  which AO-004 has to call.
- Second one

## Files Changed
| File | Purpose |
|---|---|
| `src/a.ts` | x |
- `src/b.ts` -- y

## Notes for Subsequent Tickets
Use the new hook in AO-006.
";

    #[test]
    fn a_document_tells_its_tickets_deviations_and_notes() {
        let known = ["AO-001", "AO-002", "AO-004", "AO-006", "AO-007", "AO-010"];
        let doc = read(DOC, "foundation.md", &known);
        assert_eq!(doc.tickets, ["AO-001", "AO-002", "AO-010"]);
        assert_eq!(doc.status.as_deref(), Some("Completed"));
        let deviations: Vec<_> = doc
            .deviations
            .iter()
            .map(|d| (d.line, d.mentions.join(" ")))
            .collect();
        assert_eq!(deviations, [(9, "AO-004".to_owned()), (11, String::new())]);
        assert!(
            doc.deviations[0]
                .text
                .ends_with("now, which AO-004 has to call.")
        );
        assert_eq!(doc.notes.len(), 1);
        assert_eq!(doc.notes[0].mentions, ["AO-006"]);
        assert_eq!(doc.files, ["src/a.ts", "src/b.ts"]);
    }

    #[test]
    fn none_is_no_deviation_and_a_name_counts_where_no_id_stands() {
        let text = "# Done\n## 3. Deviations\nNone.\n## Follow-Ups\n- None\n";
        let doc = read(text, "docs/DICT-004-button.md", &["DICT-004", "DICT-005"]);
        assert_eq!(doc.tickets, ["DICT-004"]);
        assert_eq!((doc.deviations.len(), doc.notes.len()), (0, 0));
    }
}
