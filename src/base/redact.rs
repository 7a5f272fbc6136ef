//! Takes secrets out of text before it is recorded: known values, then what looks like a token.
//!
//! A best effort on top of the rule that output stays local. It may take too much, it never adds
//! anything that was not there, and it never fails.

use std::collections::BTreeSet;

use crate::base::text;

/// What stands where a secret stood.
pub const MARK: &str = "[redacted]";

/// Shortest value of a variable that is searched for; shorter ones would hit ordinary words.
const VALUE_MIN: usize = 8;
/// Shortest word that is judged by its letters alone.
const RANDOM_MIN: usize = 32;

/// Beginnings of tokens that services hand out, with the least length of the rest.
const PREFIXES: [(&str, usize); 24] = [
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("gldt-", 16),
    ("sk-", 20),
    ("sk_live_", 12),
    ("sk_test_", 12),
    ("rk_live_", 12),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("xoxa-", 10),
    ("xapp-", 10),
    ("AKIA", 16),
    ("ASIA", 16),
    ("AIza", 30),
    ("npm_", 30),
    ("pypi-", 30),
    ("hf_", 20),
    ("dop_v1_", 30),
    ("eyJ", 40),
];

/// Words after which `=`, `:` or a blank introduces a secret.
const NAMES: [&str; 10] = [
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "api-key",
    "access_key",
    "private_key",
    "authorization",
];

/// Knows the values that must not appear.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    /// Longest first, so that a value inside another does not leave a rest.
    values: Vec<String>,
}

impl Redactor {
    /// Takes secret values, for instance of environment variables; short ones are ignored.
    pub fn new(values: impl IntoIterator<Item = String>) -> Self {
        let values: BTreeSet<String> = values
            .into_iter()
            .map(|value| value.trim().to_owned())
            .filter(|value| value.len() >= VALUE_MIN)
            .collect();
        let mut values: Vec<String> = values.into_iter().collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Redactor { values }
    }

    /// `text` without secrets.
    pub fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for value in &self.values {
            if text.contains(value.as_str()) {
                text = text.replace(value.as_str(), MARK);
            }
        }
        let mut out = String::with_capacity(text.len());
        let mut in_key = false;
        for line in text.split_inclusive('\n') {
            let begins = line.contains("-----BEGIN ") && line.contains("PRIVATE KEY");
            if begins || in_key {
                if !in_key {
                    out.push_str(MARK);
                    out.push('\n');
                }
                in_key = !line.contains("-----END ");
            } else {
                redact_line(line, &mut out);
            }
        }
        out
    }

    /// The last lines of `text` that fit into `max` bytes, redacted.
    ///
    /// What is cut off is redacted with the rest, so that no half of a secret stays.
    pub fn tail(&self, text: &str, max: usize) -> String {
        let text = self.redact(text);
        if text.len() <= max {
            return text;
        }
        let end = text::tail(&text, max);
        let from = end.find('\n').map_or(0, |at| at + 1);
        end[from..].to_owned()
    }
}

/// True if a variable of this name holds a secret.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let ends = |end: &str| name == end || name.ends_with(&format!("_{end}"));
    [
        "TOKEN",
        "SECRET",
        "PASSWORD",
        "PASSWD",
        "CREDENTIAL",
        "APIKEY",
    ]
    .iter()
    .any(|word| name.contains(word))
        || ["KEY", "PAT", "AUTH", "PASS"].iter().any(|end| ends(end))
}

fn redact_line(line: &str, out: &mut String) {
    let line = &redact_userinfo(line);
    let mut rest = line.as_str();
    let mut secret_follows = false;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if !word.is_empty() {
            let named = secret_follows && word.len() >= VALUE_MIN && !is_scheme(word);
            if named || is_token(word) {
                out.push_str(MARK);
            } else {
                push_assignment(word, out);
            }
            let keeps = secret_follows && is_scheme(word);
            secret_follows = keeps || introduces_secret(word, after);
        }
        let end = after.find(is_word).unwrap_or(after.len());
        out.push_str(&after[..end]);
        rest = &after[end..];
    }
}

/// Redacts the value of `name=value` where a word holds both.
fn push_assignment(word: &str, out: &mut String) {
    match word.split_once('=') {
        Some((name, value)) if !value.is_empty() => {
            out.push_str(name);
            out.push('=');
            let secret = is_named_secret(name) && value != MARK;
            out.push_str(if secret || is_token(value) {
                MARK
            } else {
                value
            });
        }
        _ => out.push_str(word),
    }
}

fn introduces_secret(word: &str, after: &str) -> bool {
    let joined = word.ends_with('=');
    let colon = after.trim_start_matches(['"', '\'']).starts_with(':');
    is_named_secret(word.trim_end_matches('=')) && (joined || colon)
}

fn is_named_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    NAMES.iter().any(|known| name.ends_with(known)) || is_secret_name(&name)
}

fn is_scheme(word: &str) -> bool {
    ["bearer", "basic", "token"].contains(&word.to_ascii_lowercase().as_str())
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '/' | '=' | '~')
}

fn is_token(word: &str) -> bool {
    let known = PREFIXES.iter().any(|(prefix, least)| {
        word.strip_prefix(prefix).is_some_and(|rest| {
            let run = rest.bytes().take_while(|b| is_token_byte(*b)).count();
            run >= *least
        })
    });
    known || looks_random(word)
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'+')
}

/// True for long words that mix capitals, small letters and digits as no name does. Object ids
/// and hashes are lower-case hex and stay.
fn looks_random(word: &str) -> bool {
    let word = word.trim_end_matches('=');
    if word.len() < RANDOM_MIN || !word.bytes().all(|b| is_token_byte(b) && b != b'.') {
        return false;
    }
    let count = |test: fn(&u8) -> bool| word.bytes().filter(test).count();
    let (upper, lower, digit) = (
        count(u8::is_ascii_uppercase),
        count(u8::is_ascii_lowercase),
        count(u8::is_ascii_digit),
    );
    let slashes = word.bytes().filter(|b| *b == b'/').count();
    upper >= 4 && lower >= 4 && digit >= 3 && slashes <= 3 && changes(word) * 3 >= word.len()
}

/// How often the class of letters changes from one byte to the next.
fn changes(word: &str) -> usize {
    let class = |b: u8| match b {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    word.as_bytes()
        .windows(2)
        .filter(|pair| class(pair[0]) != class(pair[1]))
        .count()
}

/// `scheme://user:secret@host` without the secret.
fn redact_userinfo(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\''))
            .unwrap_or(after.len());
        let (authority, tail) = after.split_at(end);
        match authority.rsplit_once('@') {
            Some((info, host)) if info.contains(':') => {
                let user = info.split(':').next().unwrap_or("");
                out.push_str(&format!("{user}:{MARK}@{host}"));
            }
            _ => out.push_str(authority),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_and_ordinary_text_stays() {
        let redactor = Redactor::default();
        for secret in [
            "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
            "sk-ant-api03-abcdefghijklmnopqrstuvwx",
            "AKIAIOSFODNN7EXAMPLE",
            "xoxb-1234567890-abcdef",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmN",
            "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW",
        ] {
            for text in [format!("x {secret} y"), format!("k=\"{secret}\"\n")] {
                let clean = redactor.redact(&text);
                assert!(!clean.contains(secret), "{clean}");
                assert!(clean.contains(MARK));
            }
        }
        for text in [
            "commit 8eac586d3c0f1b2a4e5d6c7b8a9f0e1d2c3b4a59\n",
            "running 12 tests in src/agent/prompt.rs took 1.5s\n",
            "https://example.org/a/b?c=d user@example.org\n",
            "max_tokens: 4096, tokenizer ready\n",
            "src/components/UserProfile/AccountSettingsPanel.test.tsx\n",
        ] {
            assert_eq!(redactor.redact(text), text);
        }
    }

    #[test]
    fn named_values_go() {
        let redactor = Redactor::new(["hunter2-long".to_owned(), "short".to_owned()]);
        for (text, clean) in [
            ("DB_PASSWORD=opensesame1", "DB_PASSWORD=[redacted]"),
            ("\"api_key\": \"abcdefghij\"", "\"api_key\": \"[redacted]\""),
            (
                "Authorization: Bearer abcdefghij",
                "Authorization: Bearer [redacted]",
            ),
            (
                "git clone https://me:pa55@host/x",
                "git clone https://me:[redacted]@host/x",
            ),
            ("it is hunter2-long!", "it is [redacted]!"),
            ("a short one", "a short one"),
        ] {
            assert_eq!(redactor.redact(text), clean);
        }
    }

    #[test]
    fn private_keys_go_as_a_block() {
        let text =
            "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nxyz\n-----END RSA PRIVATE KEY-----\nb\n";
        assert_eq!(Redactor::default().redact(text), "a\n[redacted]\nb\n");
    }

    #[test]
    fn a_tail_begins_with_a_whole_line() {
        let redactor = Redactor::default();
        assert_eq!(redactor.tail("one\ntwo\nthree\n", 8), "three\n");
        assert_eq!(redactor.tail("abcdefghij", 4), "ghij");
        assert_eq!(redactor.tail("ab", 4), "ab");
    }

    #[test]
    fn secret_names_are_known_by_their_words() {
        for name in [
            "GH_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "OPENAI_API_KEY",
            "DB_PASS",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["PATH", "HOME", "KEYBOARD", "MONKEY", "AUTHOR"] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
