//! What a grant holds, and when two holders conflict: some path or some key belongs to both.
//!
//! Paths are compared exactly and regardless of letter case: a repository may be checked out on
//! a file system that ignores it, and serialising two packages costs less than mixing them.

use serde::{Deserialize, Serialize};

use crate::model::lock_key::LockKey;
use crate::scope::{Fold, Pattern, Set};

/// The longest lease of a lock taken outside a package.
pub const LEASE_MINUTES_MAX: u32 = 480;

/// Everything one grant holds: a package gets all of it or nothing, so nobody waits while holding.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockSet {
    /// Write scope, normalised patterns.
    pub write: Vec<String>,
    /// Exceptions from `write`.
    pub deny: Vec<String>,
    /// Paths and globs claimed beside the scope; `deny` does not concern them.
    pub files: Vec<String>,
    /// Logical keys.
    pub keys: Vec<LockKey>,
    /// Nothing else of the same feature may be live: no scope was declared, or the worktree mode
    /// is `shared`.
    pub alone: bool,
}

impl LockSet {
    /// The set of a single path, glob or logical key.
    pub fn of_key(key: &str) -> Self {
        let mut set = LockSet::default();
        if is_logical(key) {
            set.keys.push(LockKey::unchecked(key));
        } else {
            set.files.push(key.to_owned());
        }
        set
    }

    /// The first pattern that cannot be read, with the reason.
    pub fn misfit(&self) -> Option<String> {
        let all = self.write.iter().chain(&self.deny).chain(&self.files);
        all.map(|text| Pattern::parse(text))
            .find_map(Result::err)
            .map(|e| e.to_string())
    }
}

/// A lock set ready to be compared with many others.
pub struct Wanted<'a> {
    locks: &'a LockSet,
    paths: Paths<'a>,
    sets: Option<[Set; 2]>,
}

impl<'a> Wanted<'a> {
    /// Compiles the patterns of `locks` once.
    pub fn new(locks: &'a LockSet) -> Self {
        Wanted {
            locks,
            paths: Paths::of(locks),
            sets: sets(locks, Fold::Case),
        }
    }

    /// What both want: a path, or a key of `other`. `None` if nothing.
    pub fn shared_with(&self, other: &LockSet) -> Option<String> {
        self.shared_key(other).or_else(|| self.shared_path(other))
    }

    fn shared_key(&self, other: &LockSet) -> Option<String> {
        let mine = &self.locks.keys;
        let meets = |key: &&LockKey| mine.iter().any(|my| my.meets(key));
        other
            .keys
            .iter()
            .find(meets)
            .map(|key| key.as_str().to_owned())
    }

    fn shared_path(&self, other: &LockSet) -> Option<String> {
        if !self.paths.may_meet(&Paths::of(other)) {
            return None;
        }
        let (Some(mine), Some(theirs)) = (&self.sets, &sets(other, Fold::Case)) else {
            // A pattern that cannot be read might match anything.
            return Some("**".to_owned());
        };
        let folded = witness(mine, theirs)?;
        let exact = sets(self.locks, Fold::None).zip(sets(other, Fold::None));
        // For people: a path in the letters they wrote, where there is one.
        exact.and_then(|(a, b)| witness(&a, &b)).or(Some(folded))
    }
}

fn witness(mine: &[Set; 2], theirs: &[Set; 2]) -> Option<String> {
    let mut pairs = mine.iter().flat_map(|a| theirs.iter().map(move |b| (a, b)));
    pairs
        .find_map(|(a, b)| a.intersection(b))
        .map(|found| found.witness)
}

/// What every path of a pattern begins with: a quick reason why two sets cannot meet.
struct Paths<'a>(Vec<&'a str>);

impl<'a> Paths<'a> {
    fn of(locks: &'a LockSet) -> Self {
        Paths(
            locks
                .write
                .iter()
                .chain(&locks.files)
                .map(|p| prefix(p))
                .collect(),
        )
    }

    fn may_meet(&self, other: &Paths<'_>) -> bool {
        self.0.iter().any(|a| other.0.iter().any(|b| nested(a, b)))
    }
}

fn nested(a: &str, b: &str) -> bool {
    let shorter = a.len().min(b.len());
    a.as_bytes()[..shorter].eq_ignore_ascii_case(&b.as_bytes()[..shorter])
}

/// The plain ASCII characters before the first special one; empty where spelling may vary.
fn prefix(pattern: &str) -> &str {
    if pattern.starts_with("./") || pattern.contains("//") {
        return "";
    }
    let plain = |c: char| c.is_ascii() && !matches!(c, '*' | '?' | '[' | '{');
    let end = pattern.find(|c| !plain(c)).unwrap_or(pattern.len());
    // A letter before a combining mark may compose with it.
    let cut = pattern[end..].chars().next().is_some_and(|c| !c.is_ascii());
    &pattern[..end.saturating_sub(usize::from(cut))]
}

/// The scope less its denials, and the files claimed beside it; `None` if one is no pattern.
fn sets(locks: &LockSet, fold: Fold) -> Option<[Set; 2]> {
    let read = |texts: &[String]| -> Option<Vec<Pattern>> {
        texts.iter().map(|text| Pattern::parse(text).ok()).collect()
    };
    let scope = Set::new(read(&locks.write)?, read(&locks.deny)?, fold);
    let files = Set::new(read(&locks.files)?, Vec::new(), fold);
    Some([scope, files])
}

/// True for `namespace:rest`; everything else is a path or glob.
fn is_logical(key: &str) -> bool {
    key.split_once(':').is_some_and(|(namespace, _)| {
        namespace.starts_with(|c: char| c.is_ascii_lowercase())
            && namespace
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(write: &[&str], deny: &[&str]) -> LockSet {
        let texts = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
        LockSet {
            write: texts(write),
            deny: texts(deny),
            ..LockSet::default()
        }
    }

    fn shared(a: &LockSet, b: &LockSet) -> Option<String> {
        let there = Wanted::new(a).shared_with(b);
        assert_eq!(there.is_some(), Wanted::new(b).shared_with(a).is_some());
        there
    }

    #[test]
    fn scopes_conflict_where_one_path_is_in_both() {
        let api = scope(&["src/api/**"], &[]);
        assert!(shared(&api, &scope(&["src/**/*.rs"], &[])).is_some());
        assert!(shared(&api, &scope(&["SRC/API/x.rs"], &[])).is_some());
        assert_eq!(shared(&api, &scope(&["src/**"], &["src/api/**"])), None);
        assert_eq!(shared(&api, &scope(&["src/web/**", "docs/**"], &[])), None);
        assert_eq!(shared(&scope(&[], &[]), &scope(&["**"], &[])), None);
    }

    #[test]
    fn a_file_claimed_by_name_is_not_denied_away() {
        let everything = scope(&["**"], &["Cargo.lock"]);
        let mut other = LockSet::of_key("Cargo.lock");
        assert_eq!(shared(&everything, &other), None);
        other = LockSet::of_key("Cargo.toml");
        assert_eq!(shared(&everything, &other).as_deref(), Some("Cargo.toml"));
        let mut mine = scope(&["src/**"], &["Cargo.lock"]);
        mine.files.push("Cargo.lock".to_owned());
        assert!(shared(&mine, &LockSet::of_key("Cargo.lock")).is_some());
    }

    #[test]
    fn keys_conflict_by_pattern_and_never_with_paths() {
        let all = LockSet::of_key("flag:billing/*");
        assert!(shared(&all, &LockSet::of_key("flag:billing/new")).is_some());
        assert_eq!(shared(&all, &LockSet::of_key("flag:search")), None);
        assert_eq!(shared(&all, &scope(&["**"], &[])), None);
    }

    #[test]
    fn composed_and_decomposed_names_are_not_told_apart_by_the_quick_look() {
        let a = scope(&["cafe\u{301}/x"], &[]);
        let b = scope(&["caf\u{e9}/**"], &[]);
        assert!(shared(&a, &b).is_some());
    }
}
