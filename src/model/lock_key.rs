//! Logical lock keys: `namespace:rest`, canonical form checked, the reason given.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A checked logical key, for instance `api:GET /v1/users` or `feature:add-auth:pause`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LockKey(String);

/// The namespaces that need no configuration.
pub const NAMESPACES: [&str; 8] = [
    "api",
    "db",
    "event",
    "flag",
    "env",
    "contract",
    "feature",
    "component",
];

impl LockKey {
    /// Checks `text`; `extra` are namespaces from `wp.toml`.
    ///
    /// # Errors
    /// What is wrong and what the canonical form would be, as a sentence fragment.
    pub fn parse(text: &str, extra: &[String]) -> Result<Self, String> {
        let Some((namespace, rest)) = text.split_once(':') else {
            return Err(format!("it has no namespace; write one of {}", list(extra)));
        };
        let known = NAMESPACES.contains(&namespace) || extra.iter().any(|e| e == namespace);
        if !known {
            return Err(format!(
                "`{namespace}:` is not a namespace; known are {}",
                list(extra)
            ));
        }
        if rest.is_empty() || rest.trim() != rest || rest.chars().any(char::is_control) {
            return Err(format!(
                "it needs a name after `{namespace}:`, without outer blanks"
            ));
        }
        check_rest(namespace, rest)?;
        Ok(LockKey(text.to_owned()))
    }

    /// Takes a key that is shown but was not checked, so that a plan with findings can be drawn.
    pub fn unchecked(text: &str) -> Self {
        LockKey(text.to_owned())
    }

    /// The key as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True if some concrete key belongs to both: `*` stands for any text, and in `api:` keys
    /// `{id}` and `:id` for one segment of the path.
    pub fn meets(&self, other: &LockKey) -> bool {
        self.0 == other.0
            || (self.namespace() == other.namespace() && meet(&tokens(&self.0), &tokens(&other.0)))
    }

    /// The part before the first colon.
    pub fn namespace(&self) -> &str {
        self.0.split(':').next().unwrap_or("")
    }
}

/// One step of a key that may stand for many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// This character.
    Char(char),
    /// One character but `/`.
    One,
    /// Any number of characters but `/`.
    Some,
    /// Any number of characters.
    Any,
}

fn tokens(key: &str) -> Vec<Token> {
    let is_api = key.starts_with("api:");
    let key = if is_api {
        key.trim_end_matches('/')
    } else {
        key
    };
    let mut out = Vec::with_capacity(key.len());
    let mut rest = key;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let parameter = match c {
            '{' if is_api => rest.find('}').map(|end| end + 1),
            ':' if is_api && out.last() == Some(&Token::Char('/')) => {
                Some(rest.find('/').unwrap_or(rest.len()))
            }
            _ => None,
        };
        match (c, parameter) {
            (_, Some(length)) => {
                out.extend([Token::One, Token::Some]);
                rest = &rest[length..];
            }
            ('*', None) => out.push(Token::Any),
            (c, None) => out.push(Token::Char(c)),
        }
    }
    out
}

/// True if one text fits both: a walk through the pairs of positions that one text can reach.
fn meet(a: &[Token], b: &[Token]) -> bool {
    let width = b.len() + 1;
    let mut seen = vec![false; (a.len() + 1) * width];
    let mut stack = vec![(0, 0)];
    while let Some((i, j)) = stack.pop() {
        if i == a.len() && j == b.len() {
            return true;
        }
        if std::mem::replace(&mut seen[i * width + j], true) {
            continue;
        }
        let (x, y) = (a.get(i).copied(), b.get(j).copied());
        let many = |t: Option<Token>| matches!(t, Some(Token::Some | Token::Any));
        if many(x) {
            stack.push((i + 1, j));
        }
        if many(y) {
            stack.push((i, j + 1));
        }
        if let (Some(s), Some(t)) = (x, y)
            && share(s, t)
        {
            let next = |at: usize, token| if many(token) { at } else { at + 1 };
            stack.push((next(i, x), next(j, y)));
        }
    }
    false
}

/// True if some character fits both.
fn share(a: Token, b: Token) -> bool {
    match (a, b) {
        (Token::Char(a), Token::Char(b)) => a == b,
        (Token::Char(c), Token::One | Token::Some) | (Token::One | Token::Some, Token::Char(c)) => {
            c != '/'
        }
        _ => true,
    }
}

fn list(extra: &[String]) -> String {
    let all = NAMESPACES
        .iter()
        .copied()
        .chain(extra.iter().map(String::as_str));
    all.map(|n| format!("`{n}:`")).collect::<Vec<_>>().join(" ")
}

fn check_rest(namespace: &str, rest: &str) -> Result<(), String> {
    match namespace {
        "api" => check_api(rest),
        "db" => check_db(rest),
        "event" => check_chars(rest, "._-", "lower-case words joined by dots"),
        "flag" => check_chars(rest, "/._-*", "lower-case words joined by `/`"),
        "env" => check_chars(rest, "._-", "a lower-case resource name"),
        "feature" => check_feature(rest),
        "component" => check_chars(rest, "./_-*", "a lower-case component name"),
        _ => Ok(()),
    }
}

fn check_api(rest: &str) -> Result<(), String> {
    let form = "the form is `api:METHOD /path`, one blank between them";
    let (method, path) = rest.split_once(' ').ok_or(form)?;
    if method.is_empty() || !method.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err(format!("{form}; `{method}` is not an upper-case method"));
    }
    if !path.starts_with('/') || path.contains(char::is_whitespace) {
        return Err(format!("{form}; the path begins with `/`"));
    }
    Ok(())
}

fn check_db(rest: &str) -> Result<(), String> {
    if rest == "migration-slot" {
        return Ok(());
    }
    match rest.strip_prefix("schema:") {
        Some(name) if !name.is_empty() => {
            check_chars(name, "._-", "`db:schema:<table>` in lower case")
        }
        _ => Err("the form is `db:schema:<table>` or `db:migration-slot`".to_owned()),
    }
}

fn check_feature(rest: &str) -> Result<(), String> {
    let form = "the form is `feature:<id>:<purpose>`, for instance `feature:add-auth:pause`";
    let (id, purpose) = rest.rsplit_once(':').ok_or(form)?;
    if id.is_empty() || id.contains(char::is_whitespace) {
        return Err(form.to_owned());
    }
    check_chars(purpose, "_-", "a lower-case purpose after `feature:<id>:`")
}

fn check_chars(text: &str, also: &str, form: &str) -> Result<(), String> {
    let ok = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || also.contains(c));
    if ok {
        Ok(())
    } else {
        Err(format!("`{text}` should be {form}"))
    }
}

impl fmt::Debug for LockKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for LockKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<LockKey, String> {
        LockKey::parse(text, &["impl".to_owned()])
    }

    #[test]
    fn accepts_the_documented_forms() {
        for key in [
            "api:GET /v1/users",
            "db:schema:users",
            "db:migration-slot",
            "event:user.created",
            "flag:billing/*",
            "env:shared-fixtures",
            "contract:contracts/openapi/v1.yaml",
            "feature:add-auth:pause",
            "feature:add-auth:web-ui",
            "component:task-store",
            "impl:x",
        ] {
            assert!(parse(key).is_ok(), "{key}: {:?}", parse(key));
        }
    }

    #[test]
    fn keys_meet_where_one_concrete_key_belongs_to_both() {
        let meets = |a: &str, b: &str| {
            let (a, b) = (LockKey::unchecked(a), LockKey::unchecked(b));
            assert_eq!(a.meets(&b), b.meets(&a));
            a.meets(&b)
        };
        for (a, b) in [
            ("db:schema:users", "db:schema:users"),
            ("api:GET /v1/users/{id}", "api:GET /v1/users/:name"),
            ("api:GET /v1/users/{id}", "api:GET /v1/users/me"),
            ("api:GET /v1/users/", "api:GET /v1/users"),
            ("api:GET /f/{name}.json", "api:GET /f/a.json"),
            ("flag:x/*", "flag:x/a/b"),
            ("flag:*y", "flag:x*"),
        ] {
            assert!(meets(a, b), "{a} and {b}");
        }
        for (a, b) in [
            ("api:GET /v1/users/{id}", "api:POST /v1/users/{id}"),
            ("api:GET /v1/users/{id}", "api:GET /v1/users"),
            ("api:GET /v1/users/{id}", "api:GET /v1/users/a/b"),
            ("flag:x/*", "event:x/a"),
            ("flag:x*", "flag:y*"),
            ("event:{a}", "event:b"),
        ] {
            assert!(!meets(a, b), "{a} and {b}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (key, part) in [
            ("users", "no namespace"),
            ("config:x", "not a namespace"),
            ("api:get /v1", "upper-case"),
            ("api:GET v1", "begins with `/`"),
            ("db:users", "db:schema:"),
            ("feature:x", "<purpose>"),
            ("env:PORT", "lower-case"),
            ("event:", "needs a name"),
        ] {
            let why = parse(key).unwrap_err();
            assert!(why.contains(part), "{key}: {why}");
        }
    }
}
