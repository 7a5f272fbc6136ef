//! SQL statements that remove or change whole tables. Texts and comments in SQL are not read.

use std::iter::Peekable;
use std::str::Chars;

use crate::guard::builtin::{
    Builtin, DELETE_NO_WHERE, DROP_TABLE, TRUNCATE_TABLE, UPDATE_NO_WHERE,
};

/// Adds the rules that a text of SQL touches.
pub(super) fn detect(text: &str, out: &mut Vec<Builtin>) {
    let tokens = tokens(text);
    for statement in tokens.split(|token| token == ";") {
        judge(statement, out);
    }
}

fn judge(words: &[String], out: &mut Vec<Builtin>) {
    let is = |i: usize, wanted: &[&str]| words.get(i).is_some_and(|w| wanted.contains(&w.as_str()));
    // Blocks of procedures begin statements too.
    let begins =
        |i: usize| i == 0 || is(i - 1, &["BEGIN", "THEN", "ELSE", "DO", "LOOP", "(", "AS"]);
    let explained = is(0, &["EXPLAIN"]) && !is(1, &["ANALYZE"]);
    if explained {
        return;
    }
    for i in 0..words.len() {
        if is(i, &["DROP"]) && begins(i) && is(i + 1, &["TABLE", "DATABASE", "SCHEMA"]) {
            out.push(DROP_TABLE);
        }
        let table = !is(i + 1, &["("]) && words.len() > i + 1;
        if is(i, &["TRUNCATE"]) && begins(i) && table {
            out.push(TRUNCATE_TABLE);
        }
        // `DELETE FROM t`, `DELETE a FROM t`.
        let from = is(i + 1, &["FROM"]) || is(i + 2, &["FROM"]);
        if is(i, &["DELETE"]) && from && no_where(&words[i..]) {
            out.push(DELETE_NO_WHERE);
        }
        let sets = (2..5).any(|ahead| is(i + ahead, &["SET"]));
        if is(i, &["UPDATE"]) && begins(i) && sets && no_where(&words[i..]) {
            out.push(UPDATE_NO_WHERE);
        }
    }
}

/// True without a condition, and with one that is always met.
fn no_where(words: &[String]) -> bool {
    let Some(at) = words.iter().position(|word| word == "WHERE") else {
        return true;
    };
    let condition: Vec<&str> = words[at + 1..].iter().map(String::as_str).collect();
    match condition.as_slice() {
        [] | ["TRUE" | "1"] => true,
        [left, "=", right] => left == right,
        _ => false,
    }
}

/// Goes behind the next `end`.
fn past(chars: &mut impl Iterator<Item = char>, end: char) {
    for c in chars {
        if c == end {
            break;
        }
    }
}

/// Goes behind a comment, but for `/*!`, whose text MySQL runs.
fn comment(chars: &mut Peekable<Chars<'_>>) {
    chars.next();
    if chars.next_if_eq(&'!').is_some() {
        while chars.next_if(char::is_ascii_digit).is_some() {}
        return;
    }
    let mut last = ' ';
    for c in chars {
        if last == '*' && c == '/' {
            break;
        }
        last = c;
    }
}

/// Words in upper case and single signs.
fn tokens(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek().copied()) {
            ('-', Some('-')) | ('#', _) => past(&mut chars, '\n'),
            ('/', Some('*')) => comment(&mut chars),
            ('*', Some('/')) => {
                chars.next();
            }
            ('\'', _) => {
                past(&mut chars, '\'');
                out.push("''".to_owned());
            }
            (c @ ('"' | '`'), _) => {
                past(&mut chars, c);
                out.push("NAME".to_owned());
            }
            (c, _) if c.is_alphanumeric() || c == '_' || c == '$' => {
                let mut word: String = c.to_uppercase().collect();
                let part =
                    |c: &char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '"' | '`');
                while let Some(c) = chars.next_if(part) {
                    word.extend(c.to_uppercase());
                }
                out.push(word);
            }
            (c, _) if c.is_whitespace() => {}
            (c, _) => out.push(c.to_string()),
        }
    }
    out
}
