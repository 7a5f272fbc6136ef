//! Do two scopes share a path? The answer is exact and names such a path.
//!
//! Only where the search spends its budget (a hostile mix of wildcards and denials) is the answer
//! a guess, on the safe side, and says so in its [`Certainty`].

use serde::Serialize;

use crate::base::RepoPath;
use crate::scope::fold::Fold;
use crate::scope::pattern::Pattern;
use crate::scope::program::Program;
use crate::scope::search::{Budget, Found, search};
use crate::scope::set::Set;

/// Two patterns, one of each scope, that share a path outside both deny lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overlap {
    /// The pattern of the one scope, as written.
    pub left: String,
    /// The pattern of the other, as written.
    pub right: String,
    /// A path that both match. Under [`Fold::Case`] it stands for its spellings in any case.
    pub witness: String,
    /// Whether the witness is a proof.
    pub certainty: Certainty,
}

/// Whether an overlap was proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// The witness is in both scopes.
    Proven,
    /// The search was given up; the scopes are taken to overlap. The witness may be denied.
    Assumed,
}

/// Whether one set holds all of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Covering {
    /// Every path.
    Full,
    /// All but at least this path.
    Missing(String),
    /// The search was given up.
    Unknown,
}

impl Pattern {
    /// A path that both patterns match, if there is one.
    pub fn intersection(&self, other: &Pattern, fold: Fold) -> Option<Overlap> {
        let (a, b) = (self.programs(fold), other.programs(fold));
        let budget = Budget::single();
        let mut best = None;
        for (a, b) in a.iter().flat_map(|a| b.iter().map(move |b| (a, b))) {
            if let Some((witness, certainty)) = meet(a, b, &[], &budget) {
                let overlap = named(self, other, witness, certainty);
                if certainty == Certainty::Proven {
                    return Some(overlap);
                }
                best.get_or_insert(overlap);
            }
        }
        best
    }
}

impl Set {
    /// A path that both sets hold, if there is one. Both must be built with the same [`Fold`].
    ///
    /// The first pair of patterns in the order of declaration that proves it is named.
    pub fn intersection(&self, other: &Set) -> Option<Overlap> {
        self.intersection_within(other, &Budget::single())
    }

    /// As [`Set::intersection`], as far as `budget` goes.
    pub(super) fn intersection_within(&self, other: &Set, budget: &Budget) -> Option<Overlap> {
        debug_assert_eq!(self.fold(), other.fold(), "sets over different paths");
        let mut best = None;
        for (i, left) in self.write_programs().iter().enumerate() {
            for (j, right) in other.write_programs().iter().enumerate() {
                for (a, b) in left.iter().flat_map(|a| right.iter().map(move |b| (a, b))) {
                    let Some((witness, certainty)) = self.meet(other, (a, b), budget) else {
                        continue;
                    };
                    let (left, right) = (&self.write()[i], &other.write()[j]);
                    let overlap = named(left, right, witness, certainty);
                    if certainty == Certainty::Proven {
                        return Some(overlap);
                    }
                    best.get_or_insert(overlap);
                }
            }
        }
        best
    }

    /// Tries without the deny lists first: most witnesses are denied by nobody.
    fn meet(
        &self,
        other: &Set,
        (a, b): (&Program, &Program),
        budget: &Budget,
    ) -> Option<(String, Certainty)> {
        let (witness, certainty) = meet(a, b, &[], budget)?;
        let bytes = witness.as_bytes();
        if !self.denies(bytes) && !other.denies(bytes) {
            return Some((witness, certainty));
        }
        let denials = self.deny_programs().iter().chain(other.deny_programs());
        let denied = relevant(denials, a, b, budget);
        match meet(a, b, &denied, budget)? {
            (_, Certainty::Assumed) => Some((witness, Certainty::Assumed)),
            proven => Some(proven),
        }
    }

    /// Whether every path of `pattern` is in the set.
    pub fn covers(&self, pattern: &Pattern) -> Covering {
        let everything = Pattern::parse("**").expect("a literal in the dialect");
        let everything = &everything.programs(self.fold())[0];
        let budget = &Budget::single();
        let mut answer = Covering::Full;
        for inner in &pattern.programs(self.fold()) {
            for denied in self.deny_programs() {
                match find(inner, denied, &[], budget) {
                    Found::Path(path) => return Covering::Missing(path),
                    Found::Unknown => answer = Covering::Unknown,
                    Found::Nothing => {}
                }
            }
            let outer = relevant(self.write_programs().iter().flatten(), inner, inner, budget);
            match find(inner, everything, &outer, budget) {
                Found::Path(path) => return Covering::Missing(path),
                Found::Unknown => answer = Covering::Unknown,
                Found::Nothing => {}
            }
        }
        answer
    }
}

/// The programs that could matter for paths that `a` and `b` match.
fn relevant<'a>(
    programs: impl Iterator<Item = &'a Program>,
    a: &Program,
    b: &Program,
    budget: &Budget,
) -> Vec<&'a Program> {
    let touches = |p: &&Program| {
        search(p, a, &[], budget) != Found::Nothing && search(p, b, &[], budget) != Found::Nothing
    };
    programs.filter(touches).collect()
}

fn meet(
    a: &Program,
    b: &Program,
    denied: &[&Program],
    budget: &Budget,
) -> Option<(String, Certainty)> {
    match find(a, b, denied, budget) {
        Found::Path(path) => Some((path, Certainty::Proven)),
        Found::Nothing => None,
        Found::Unknown => Some((guess(a, budget), Certainty::Assumed)),
    }
}

/// A search that prefers paths in which no `*` is empty: `x.py` reads better than `.py`.
fn find(a: &Program, b: &Program, denied: &[&Program], budget: &Budget) -> Found {
    let found = search(a, b, denied, budget);
    if !matches!(found, Found::Path(_)) {
        return found;
    }
    let (fat_a, fat_b) = (a.plump(), b.plump());
    if fat_a.is_none() && fat_b.is_none() {
        return found;
    }
    match search(
        fat_a.as_ref().unwrap_or(a),
        fat_b.as_ref().unwrap_or(b),
        denied,
        budget,
    ) {
        better @ Found::Path(_) => better,
        Found::Nothing | Found::Unknown => found,
    }
}

/// Some path of `a`, for a search that was given up.
fn guess(a: &Program, budget: &Budget) -> String {
    match search(a, a, &[], budget) {
        Found::Path(path) => path,
        Found::Nothing | Found::Unknown => a.prefix().to_owned(),
    }
}

fn named(left: &Pattern, right: &Pattern, witness: String, certainty: Certainty) -> Overlap {
    Overlap {
        left: left.as_str().to_owned(),
        right: right.as_str().to_owned(),
        witness,
        certainty,
    }
}

impl Overlap {
    /// The witness as a path.
    pub fn path(&self) -> RepoPath {
        RepoPath::from(self.witness.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    fn set(write: &[&str], deny: &[&str]) -> Set {
        let list = |texts: &[&str]| texts.iter().map(|t| pattern(t)).collect();
        Set::new(list(write), list(deny), Fold::None)
    }

    fn witness(left: &str, right: &str) -> Option<String> {
        let overlap = pattern(left).intersection(&pattern(right), Fold::None)?;
        assert_eq!(overlap.certainty, Certainty::Proven);
        for text in [left, right] {
            assert!(
                pattern(text).matches(&overlap.path(), Fold::None),
                "{overlap:?}"
            );
        }
        assert!(!overlap.path().is_hostile());
        Some(overlap.witness)
    }

    #[test]
    fn finds_every_overlap_that_string_matching_misses() {
        for (left, right, path) in [
            ("src/**/a.py", "src/x/*.py", "src/x/a.py"),
            ("src/api/**", "src/**/users.py", "src/api/users.py"),
            ("src/a*", "src/*b", "src/ab"),
            ("src/*/a.py", "src/x/*", "src/x/a.py"),
            ("**/*.py", "setup.py", "setup.py"),
            ("a/[xy].py", "a/[yz].py", "a/y.py"),
            ("./src/a.py", "src/a.py", "src/a.py"),
            ("src/api/", "src/api/x.py", "src/api/x.py"),
            ("src/{a,b}.py", "src/a.py", "src/a.py"),
            ("src/*/api.py", "src/users/*.py", "src/users/api.py"),
            ("src/**/test_*.py", "src/a/**", "src/a/test_x.py"),
            ("**/*.md", "docs/**", "docs/x.md"),
            ("src/[ab]*.rs", "src/*z.rs", "src/az.rs"),
            ("**", "**", "x"),
            (".*", ".?*", ".xx"),
        ] {
            assert_eq!(
                witness(left, right).as_deref(),
                Some(path),
                "{left} and {right}"
            );
            assert!(witness(right, left).is_some(), "{right} and {left}");
        }
    }

    #[test]
    fn raises_no_false_alarm() {
        for (left, right) in [
            ("src/*.py", "src/sub/x.py"),
            ("docs/*.md", "docs/guides/*.md"),
            ("src/a", "src/ab/**"),
            ("src/**", "src"),
            ("*.md", "docs/**"),
            ("a/**/b", "a/*/c"),
            ("[!a]*", "a*"),
            (".?", "?."),
            (".g?t", ".gi*[t]"),
        ] {
            assert_eq!(witness(left, right), None, "{left} and {right}");
        }
    }

    #[test]
    fn case_matters_only_where_it_is_asked_for() {
        let (left, right) = (pattern("Src/[A-C]*"), pattern("src/b.py"));
        assert_eq!(left.intersection(&right, Fold::None), None);
        let overlap = left.intersection(&right, Fold::Case).unwrap();
        assert_eq!(overlap.witness, "src/b.py");
    }

    #[test]
    fn denied_paths_are_no_overlap() {
        let left = set(&["src/**"], &["src/api/**"]);
        assert_eq!(left.intersection(&set(&["src/api/**"], &[])), None);
        assert_eq!(set(&["src/api/**"], &[]).intersection(&left), None);
        let overlap = left.intersection(&set(&["src/*/users.py"], &[])).unwrap();
        assert_eq!(overlap.witness, "src/x/users.py");
        let nearly = set(&["src/**"], &["src/[a-y]*/**", "src/*.py", "src/z/?"]);
        let overlap = nearly
            .intersection(&set(&["src/z/**"], &["src/z/x*"]))
            .unwrap();
        assert!(nearly.contains(&overlap.path()), "{overlap:?}");
        assert!(!overlap.witness.starts_with("src/z/x"));
    }

    #[test]
    fn says_whether_a_set_covers_a_pattern() {
        let outer = set(&["src/**", "docs/*.md"], &["src/gen/**"]);
        assert_eq!(
            outer.covers(&pattern("src/*/*.py")),
            Covering::Missing("src/gen/x.py".into())
        );
        assert_eq!(outer.covers(&pattern("docs/[a-c].md")), Covering::Full);
        assert_eq!(
            outer.covers(&pattern("docs/**")),
            Covering::Missing("docs/x".into())
        );
        let split = set(&["a/[a-m]*", "a/[!a-m]*"], &[]);
        assert_eq!(split.covers(&pattern("a/*")), Covering::Full);
    }

    #[test]
    fn a_search_that_is_given_up_counts_as_an_overlap() {
        let left = set(&["*a*b*c*d*x?"], &["*a*"]);
        let right = set(&["*d*c*b*a*y?"], &[]);
        assert_eq!(left.intersection(&right), None);
        let overlap = left.intersection_within(&right, &Budget::of(20)).unwrap();
        assert_eq!(overlap.certainty, Certainty::Assumed);
        // Nothing left at all: still on the safe side.
        let overlap = left.intersection_within(&right, &Budget::of(0)).unwrap();
        assert_eq!(overlap.certainty, Certainty::Assumed);
    }
}
