//! Words: quotes, escapes, variables, substitutions.

use super::parse::{Parser, parse_nested};
use super::{Part, Quote, Word};

/// What ends the characters that [`Parser::parts`] reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// A blank or an operator.
    Blank,
    /// A double quote; everything is quoted.
    Quote,
    /// A closing brace; everything is taken as quoted.
    Brace,
    /// The end of the text; everything is quoted, and quotes are letters.
    End,
}

impl Parser {
    /// One word; empty parts if there is none here.
    pub(super) fn word(&mut self) -> Word {
        Word {
            parts: self.parts(Until::Blank),
        }
    }

    /// Pieces up to what ends them; a closing quote or brace is eaten.
    pub(super) fn parts(&mut self, until: Until) -> Vec<Part> {
        let mut out = Parts::default();
        let plain = match until {
            Until::Blank => Quote::None,
            Until::Quote | Until::Brace | Until::End => Quote::Quoted,
        };
        while let Some(c) = self.peek() {
            match (c, until) {
                ('"', Until::Quote) | ('}', Until::Brace) => {
                    self.bump();
                    break;
                }
                ('<' | '>', Until::Blank) if self.peek_at(1) == Some('(') && out.is_empty() => {
                    self.bump();
                    self.bump();
                    let run = self.substitution(&format!("{c}("), Quote::Quoted);
                    out.push(run);
                }
                (c, Until::Blank) if is_end(c) => break,
                ('\\', _) => self.escape(until, plain, &mut out),
                ('\'', Until::Blank | Until::Brace) => {
                    self.bump();
                    let text = self.up_to('\'');
                    out.text(&text, Quote::Quoted);
                }
                ('"', Until::Blank | Until::Brace) => {
                    self.bump();
                    out.text("", Quote::Quoted);
                    for part in self.parts(Until::Quote) {
                        out.push(part);
                    }
                }
                ('`', _) => {
                    let run = self.backticks(plain);
                    out.push(run);
                }
                ('$', _) => self.dollar(until, plain, &mut out),
                (c, _) => {
                    self.bump();
                    out.letter(c, plain);
                }
            }
        }
        out.list
    }

    fn escape(&mut self, until: Until, plain: Quote, out: &mut Parts) {
        self.bump();
        match (self.bump(), until) {
            (Some('\n'), _) => {}
            (Some(c), Until::Blank) => out.letter(c, Quote::Quoted),
            (Some(c @ ('$' | '`' | '\\')), _) | (Some(c @ '"'), Until::Quote) => {
                out.letter(c, Quote::Quoted);
            }
            (Some(c @ '}'), Until::Brace) => out.letter(c, Quote::Quoted),
            (Some(c), _) => {
                out.letter('\\', plain);
                out.letter(c, plain);
            }
            (None, _) => out.letter('\\', plain),
        }
    }

    fn dollar(&mut self, until: Until, quote: Quote, out: &mut Parts) {
        self.bump();
        match self.peek() {
            Some('\'') if until == Until::Blank => {
                self.bump();
                let text = self.ansi_quoted();
                out.text(&text, Quote::Quoted);
            }
            // A translated string.
            Some('"') if until == Until::Blank => {}
            Some('(') => {
                self.bump();
                if self.peek() == Some('(')
                    && let Some(inner) = self.arithmetic()
                {
                    let inner = self.nested_parts(&inner);
                    out.push(variable("((", inner, quote));
                    return;
                }
                let run = self.substitution("$(", quote);
                out.push(run);
            }
            Some('{') => {
                self.bump();
                let part = self.braced(quote);
                out.push(part);
            }
            Some(c) if is_name(c) && !c.is_ascii_digit() => {
                let name = self.name();
                out.push(variable(&name, Vec::new(), quote));
            }
            Some(c) if c.is_ascii_digit() || "@*#?-$!".contains(c) => {
                self.bump();
                out.push(variable(&c.to_string(), Vec::new(), quote));
            }
            _ => out.letter('$', quote),
        }
    }

    /// Behind `${`.
    fn braced(&mut self, quote: Quote) -> Part {
        while matches!(self.peek(), Some('#' | '!')) {
            self.bump();
        }
        let name = self.name();
        let mut fallback = false;
        if self.peek() == Some(':') && matches!(self.peek_at(1), Some('-' | '=')) {
            self.bump();
        }
        if matches!(self.peek(), Some('-' | '=')) {
            fallback = true;
            self.bump();
        }
        let inner = match self.deeper() {
            true => self.parts(Until::Brace),
            false => Vec::new(),
        };
        self.higher();
        Part::Variable {
            name,
            inner,
            fallback,
            quote,
        }
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(c) = self.peek().filter(|&c| is_name(c)) {
            name.push(c);
            self.bump();
        }
        name
    }

    /// Behind `$(`, `<(` or `>(`: the commands up to the closing parenthesis.
    fn substitution(&mut self, opening: &str, quote: Quote) -> Part {
        let from = self.at;
        let script = self.group();
        let source: String = self.chars[from..self.at].iter().collect();
        Part::Run {
            source: format!("{opening}{source}"),
            script,
            quote,
        }
    }

    fn backticks(&mut self, quote: Quote) -> Part {
        self.bump();
        let mut source = String::new();
        while let Some(c) = self.bump() {
            match (c, self.peek()) {
                ('`', _) => break,
                ('\\', Some(next @ ('`' | '\\' | '$'))) => {
                    self.bump();
                    source.push(next);
                }
                _ => source.push(c),
            }
        }
        let script = parse_nested(&source, self.depth() + 1);
        self.note(script.trouble);
        Part::Run {
            source: format!("$({source})"),
            script,
            quote,
        }
    }

    /// The text as it stands up to `end`, which is eaten.
    fn up_to(&mut self, end: char) -> String {
        let mut text = String::new();
        while let Some(c) = self.bump().filter(|&c| c != end) {
            text.push(c);
        }
        text
    }

    /// Behind `$'`.
    fn ansi_quoted(&mut self) -> String {
        let mut text = String::new();
        while let Some(c) = self.bump() {
            match c {
                '\'' => break,
                '\\' => {
                    let Some(next) = self.bump() else { break };
                    text.extend(self.ansi_escape(next));
                }
                c => text.push(c),
            }
        }
        text
    }

    fn ansi_escape(&mut self, c: char) -> Option<char> {
        let code = match c {
            'n' => return Some('\n'),
            't' => return Some('\t'),
            'r' => return Some('\r'),
            'a' | 'b' | 'e' | 'E' | 'f' | 'v' => return Some(' '),
            'x' => self.digits(16, 2),
            'u' => self.digits(16, 4),
            'U' => self.digits(16, 8),
            '0'..='7' => {
                self.at -= 1;
                self.digits(8, 3)
            }
            other => return Some(other),
        };
        code.and_then(char::from_u32)
    }

    fn digits(&mut self, radix: u32, most: usize) -> Option<u32> {
        let mut value = None;
        for _ in 0..most {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(radix)) else {
                break;
            };
            self.bump();
            value = Some(
                value
                    .unwrap_or(0_u32)
                    .wrapping_mul(radix)
                    .wrapping_add(digit),
            );
        }
        value
    }

    /// Text in which only `$` and backticks mean something.
    pub(super) fn nested_parts(&mut self, text: &str) -> Vec<Part> {
        let depth = self.depth() + 1;
        let mut inner = Parser::new(text, depth);
        let parts = inner.parts(Until::End);
        self.note(inner.trouble());
        parts
    }
}

fn variable(name: &str, inner: Vec<Part>, quote: Quote) -> Part {
    Part::Variable {
        name: name.to_owned(),
        inner,
        fallback: false,
        quote,
    }
}

/// True for what ends a word that is not quoted.
pub(super) fn is_end(c: char) -> bool {
    c.is_ascii_whitespace() || matches!(c, ';' | '&' | '|' | '(' | ')' | '<' | '>')
}

/// True for what a variable's name is made of.
pub(super) fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Pieces in which texts that follow each other are one.
#[derive(Default)]
struct Parts {
    list: Vec<Part>,
}

impl Parts {
    fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    fn letter(&mut self, c: char, quote: Quote) {
        let mut buffer = [0; 4];
        self.text(c.encode_utf8(&mut buffer), quote);
    }

    fn text(&mut self, more: &str, quote: Quote) {
        if let Some(Part::Text { text, quote: last }) = self.list.last_mut()
            && *last == quote
        {
            text.push_str(more);
            return;
        }
        self.list.push(Part::Text {
            text: more.to_owned(),
            quote,
        });
    }

    fn push(&mut self, part: Part) {
        match part {
            Part::Text { text, quote } => self.text(&text, quote),
            other => self.list.push(other),
        }
    }
}
