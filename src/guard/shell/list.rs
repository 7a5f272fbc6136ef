//! A list of commands under way: reserved words, assignments, the headers of loops.

use super::words::is_name;
use super::{Assign, Part, Quote, Simple, Word};

/// What a simple command ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    Pipe,
    Line,
    CaseItem,
    Close,
    Other,
}

/// A list of commands under way.
#[derive(Default)]
pub(super) struct List {
    pub(super) done: Vec<Simple>,
    pub(super) now: Simple,
    /// Here-documents whose text follows the line.
    pub(super) waiting: Vec<HereDoc>,
    /// Groups that are open.
    pub(super) open: usize,
    /// True where `case` waits for a pattern.
    pub(super) pattern: bool,
    /// True if the next command reads what the last one writes.
    pub(super) piped: bool,
}

pub(super) struct HereDoc {
    /// The command that reads it, as an index into the finished ones.
    pub(super) command: usize,
    pub(super) end: String,
    pub(super) strip_tabs: bool,
    pub(super) expands: bool,
}

impl List {
    pub(super) fn waits_for_pattern(&self) -> bool {
        self.pattern || self.is_case()
    }

    fn is_case(&self) -> bool {
        let word = |i: usize| self.now.words.get(i).and_then(Word::bare);
        word(0) == Some("case") && word(2) == Some("in")
    }

    pub(super) fn word(&mut self, word: Word) {
        if self.now.words.is_empty() && !self.pattern {
            if let Some(assign) = assignment(&word) {
                self.now.assigns.push(assign);
                return;
            }
            let reserved = [
                "if", "then", "elif", "else", "fi", "do", "done", "while", "until", "!", "{", "}",
                "esac", "coproc",
            ];
            if word.bare().is_some_and(|text| reserved.contains(&text)) {
                return;
            }
        }
        // `function name {`
        let first = self.now.words.first().and_then(Word::bare);
        if self.now.words.len() == 2 && first == Some("function") && word.bare() == Some("{") {
            self.now.aside.append(&mut self.now.words);
            return;
        }
        if self.pattern && self.now.words.is_empty() && word.bare() == Some("esac") {
            self.pattern = false;
            return;
        }
        self.now.words.push(word);
    }

    /// Ends the command under way.
    pub(super) fn end(&mut self, stop: Stop) {
        let waited = self.waits_for_pattern();
        let mut now = std::mem::take(&mut self.now);
        let first = now.words.first().and_then(Word::bare).unwrap_or("");
        if waited {
            now.aside.append(&mut now.words);
            self.pattern = stop != Stop::Close;
        } else if first == "for" || first == "select" {
            for_list(&mut now);
        } else if first == "function" {
            now.aside.append(&mut now.words);
        }
        if stop == Stop::CaseItem {
            self.pattern = true;
        }
        let empty = now.is_empty();
        if !empty {
            now.piped = self.piped;
            self.done.push(now);
        }
        // A line may end behind the bar.
        if !(empty && stop == Stop::Line) {
            self.piped = stop == Stop::Pipe || (self.piped && empty);
        }
    }
}

/// `for name in words`: the name stands for all of the words.
fn for_list(command: &mut Simple) {
    let words = std::mem::take(&mut command.words);
    let name = words.get(1).and_then(Word::bare).map(str::to_owned);
    let mut value = Word::default();
    for word in words.iter().skip(3) {
        if !value.parts.is_empty() {
            value.parts.push(Part::Text {
                text: " ".to_owned(),
                quote: Quote::None,
            });
        }
        value.parts.extend(word.parts.iter().cloned());
    }
    match name {
        Some(name) => command.assigns.push(Assign { name, value }),
        None => command.aside.push(value),
    }
}

/// `name=value` and `name+=value`.
fn assignment(word: &Word) -> Option<Assign> {
    let Some(Part::Text {
        text,
        quote: Quote::None,
    }) = word.parts.first()
    else {
        return None;
    };
    let (name, rest) = text.split_once('=')?;
    let (name, adds) = match name.strip_suffix('+') {
        Some(name) => (name, true),
        None => (name, false),
    };
    let begins = name.starts_with(|c: char| is_name(c) && !c.is_ascii_digit());
    if !begins || !name.chars().all(is_name) {
        return None;
    }
    let mut parts = Vec::new();
    if adds {
        parts.push(Part::Variable {
            name: name.to_owned(),
            inner: Vec::new(),
            fallback: false,
            quote: Quote::Quoted,
        });
    }
    parts.push(Part::Text {
        text: rest.to_owned(),
        quote: Quote::None,
    });
    parts.extend(word.parts[1..].iter().cloned());
    Some(Assign {
        name: name.to_owned(),
        value: Word { parts },
    })
}
