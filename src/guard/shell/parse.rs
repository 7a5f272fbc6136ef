//! Commands: operators, reserved words, redirections, here-documents, comments.

use super::list::{HereDoc, List, Stop};
use super::words::is_end;
use super::{Part, Quote, Script, Trouble, Word};

/// Longer texts are not read.
const BYTES_MAX: usize = 256 << 10;
/// Deeper nesting is not read.
const DEPTH_MAX: usize = 16;
/// More commands are not read.
const COMMANDS_MAX: usize = 4_096;

/// Reads a text.
pub(in crate::guard) fn parse(text: &str) -> Script {
    parse_nested(text, 0)
}

/// Reads a text that was found `depth` levels inside another one.
pub(super) fn parse_nested(text: &str, depth: usize) -> Script {
    if text.len() > BYTES_MAX || depth > DEPTH_MAX {
        let trouble = match depth > DEPTH_MAX {
            true => Trouble::Depth,
            false => Trouble::Size,
        };
        return Script {
            commands: Vec::new(),
            trouble: Some(trouble),
        };
    }
    let mut parser = Parser::new(text, depth);
    let mut script = parser.script(Closing::End);
    script.trouble = parser.trouble;
    script
}

/// A place in a text.
pub(super) struct Parser {
    pub(super) chars: Vec<char>,
    pub(super) at: usize,
    depth: usize,
    trouble: Option<Trouble>,
    /// Set once a search for the end of an arithmetic expression ran to the end of the text.
    endless: bool,
}

/// What ends a list of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    End,
    Parenthesis,
}

impl Parser {
    pub(super) fn new(text: &str, depth: usize) -> Self {
        let depth_ok = depth <= DEPTH_MAX;
        Parser {
            chars: match depth_ok {
                true => text.chars().collect(),
                false => Vec::new(),
            },
            at: 0,
            depth,
            trouble: (!depth_ok).then_some(Trouble::Depth),
            endless: false,
        }
    }

    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.trouble
    }

    pub(super) fn note(&mut self, trouble: Option<Trouble>) {
        self.trouble = self.trouble.or(trouble);
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    /// One level deeper; false, and the rest of the text is given up, if that is too deep.
    pub(super) fn deeper(&mut self) -> bool {
        self.depth += 1;
        let fits = self.depth <= DEPTH_MAX;
        if !fits {
            self.note(Some(Trouble::Depth));
            self.at = self.chars.len();
        }
        fits
    }

    pub(super) fn higher(&mut self) {
        self.depth -= 1;
    }

    /// Behind an opening parenthesis of a substitution; the closing one is eaten.
    pub(super) fn group(&mut self) -> Script {
        let script = match self.deeper() {
            true => self.script(Closing::Parenthesis),
            false => Script::default(),
        };
        self.higher();
        script
    }

    fn script(&mut self, closing: Closing) -> Script {
        let mut list = List::default();
        while let Some(c) = self.peek() {
            if list.done.len() >= COMMANDS_MAX {
                self.note(Some(Trouble::Size));
                self.at = self.chars.len();
                break;
            }
            match c {
                '\n' => {
                    self.bump();
                    list.end(Stop::Line);
                    self.here_docs(&mut list);
                }
                c if c.is_ascii_whitespace() => {
                    self.bump();
                }
                '#' => self.comment(),
                '(' if list.pattern => {
                    self.bump();
                }
                '(' if list.now.is_empty()
                    && self.peek_at(1) == Some('(')
                    && self.sum(&mut list) => {}
                '(' => self.open(&mut list),
                ')' => {
                    if self.close(&mut list) && closing == Closing::Parenthesis {
                        break;
                    }
                }
                ';' | '|' => self.separator(c, &mut list),
                '&' if self.peek_at(1) != Some('>') => self.separator(c, &mut list),
                '<' | '>' | '&' if c == '&' || self.peek_at(1) != Some('(') => {
                    self.redirection(&mut list);
                }
                _ => self.take_word(&mut list),
            }
        }
        list.end(Stop::Line);
        Script {
            commands: list.done,
            trouble: None,
        }
    }

    fn open(&mut self, list: &mut List) {
        self.bump();
        // `name()` begins a function and is no command.
        if self.peek() == Some(')') && list.now.words.len() == 1 {
            list.now.words.clear();
        }
        list.open += 1;
        let piped = list.piped;
        list.end(Stop::Other);
        list.piped = piped;
    }

    /// True if the parenthesis closes what was opened outside of the list.
    fn close(&mut self, list: &mut List) -> bool {
        self.bump();
        let was_pattern = list.waits_for_pattern();
        list.end(Stop::Close);
        match list.open.checked_sub(1) {
            _ if was_pattern => false,
            Some(less) => {
                list.open = less;
                false
            }
            None => true,
        }
    }

    fn comment(&mut self) {
        while self.peek().is_some_and(|c| c != '\n') {
            self.bump();
        }
    }

    fn separator(&mut self, c: char, list: &mut List) {
        self.bump();
        let doubled = self.peek() == Some(c);
        if doubled {
            self.bump();
        }
        match (c, doubled) {
            ('|', false) => {
                if self.peek() == Some('&') {
                    self.bump();
                }
                list.end(Stop::Pipe);
            }
            (';', true) => {
                if self.peek() == Some('&') {
                    self.bump();
                }
                list.end(Stop::CaseItem);
            }
            (';', false) if self.peek() == Some('&') => {
                self.bump();
                list.end(Stop::CaseItem);
            }
            _ => list.end(Stop::Other),
        }
    }

    fn take_word(&mut self, list: &mut List) {
        let from = self.at;
        let word = self.word();
        if self.at == from {
            // What begins nothing and is no operator cannot be; go on behind it.
            self.bump();
            return;
        }
        if word.parts.is_empty() {
            return;
        }
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if matches!(self.peek(), Some('<' | '>')) && word.bare().is_some_and(digits) {
            return;
        }
        list.word(word);
    }

    /// An arithmetic command `((...))`; false if it is none.
    fn sum(&mut self, list: &mut List) -> bool {
        self.bump();
        match self.arithmetic() {
            Some(inner) => {
                let parts = self.nested_parts(&inner);
                list.now.aside.push(Word { parts });
                list.end(Stop::Other);
                true
            }
            None => {
                self.at -= 1;
                false
            }
        }
    }

    /// At the second parenthesis of `((`: the text up to `))`, which is eaten; `None` and no
    /// movement if the parentheses do not end like that.
    pub(super) fn arithmetic(&mut self) -> Option<String> {
        if self.endless {
            return None;
        }
        let mut open = 0_usize;
        for (i, &c) in self.chars[self.at..].iter().enumerate() {
            match c {
                '(' => open += 1,
                ')' if open > 1 => open -= 1,
                ')' => {
                    let end = self.at + i;
                    if self.chars.get(end + 1) != Some(&')') {
                        return None;
                    }
                    let text = self.chars[self.at + 1..end].iter().collect();
                    self.at = end + 2;
                    return Some(text);
                }
                _ => {}
            }
        }
        self.endless = true;
        None
    }

    fn redirection(&mut self, list: &mut List) {
        let mut operator = String::new();
        while let Some(c) = self.peek() {
            let whole = matches!(
                operator.as_str(),
                "<<<" | ">>" | "&>>" | ">&" | "<&" | "<>" | ">|"
            );
            let fits = match operator.as_str() {
                "" => true,
                "<" => matches!(c, '<' | '>' | '&'),
                "<<" => matches!(c, '<' | '-'),
                ">" => matches!(c, '>' | '|' | '&'),
                "&" => c == '>',
                "&>" => c == '>',
                _ => false,
            };
            if whole || !fits {
                break;
            }
            operator.push(c);
            self.bump();
        }
        while self.peek().is_some_and(|c| c == ' ' || c == '\t') {
            self.bump();
        }
        if operator == "<<" || operator == "<<-" {
            return self.here_doc(&operator, list);
        }
        let word = self.word();
        if word.parts.is_empty() {
            return;
        }
        let is_descriptor = |text: &str| {
            text == "-"
                || text
                    .trim_end_matches('-')
                    .bytes()
                    .all(|b| b.is_ascii_digit())
        };
        match operator.as_str() {
            "<<<" => list.now.stdin = Some(word),
            "<" | "<&" => list.now.aside.push(word),
            ">&" if word.bare().is_some_and(is_descriptor) => {}
            _ => list.now.targets.push(word),
        }
    }

    fn here_doc(&mut self, operator: &str, list: &mut List) {
        let mut end = String::new();
        let mut expands = true;
        while let Some(c) = self.peek().filter(|&c| !is_end(c)) {
            self.bump();
            match c {
                '\\' => {
                    expands = false;
                    end.extend(self.bump());
                }
                '\'' | '"' => {
                    expands = false;
                    while let Some(inner) = self.bump().filter(|&inner| inner != c) {
                        end.push(inner);
                    }
                }
                c => end.push(c),
            }
        }
        list.waiting.push(HereDoc {
            command: list.done.len(),
            end,
            strip_tabs: operator == "<<-",
            expands,
        });
        // A command of its own, even if nothing else belongs to it.
        list.now.stdin.get_or_insert_default();
    }

    fn here_docs(&mut self, list: &mut List) {
        for doc in std::mem::take(&mut list.waiting) {
            let mut body = String::new();
            while self.at < self.chars.len() {
                let from = self.at;
                self.comment();
                let line: String = self.chars[from..self.at].iter().collect();
                self.bump();
                let line = match doc.strip_tabs {
                    true => line.trim_start_matches('\t'),
                    false => &line,
                };
                if line == doc.end {
                    break;
                }
                body.push_str(line);
                body.push('\n');
            }
            let parts = match doc.expands {
                true => self.nested_parts(&body),
                false => vec![Part::Text {
                    text: body,
                    quote: Quote::Quoted,
                }],
            };
            if let Some(command) = list.done.get_mut(doc.command) {
                command.stdin = Some(Word { parts });
            }
        }
    }
}
