//! A scope: what may be written, less what is denied.

use crate::base::RepoPath;
use crate::model::ScopeSpec;
use crate::scope::fault::PatternError;
use crate::scope::fold::Fold;
use crate::scope::pattern::Pattern;
use crate::scope::program::Program;

/// The paths that one of the patterns `write` matches and none of `deny` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    write: Vec<Pattern>,
    deny: Vec<Pattern>,
    fold: Fold,
    write_programs: Vec<Vec<Program>>,
    deny_programs: Vec<Program>,
}

impl Set {
    /// Builds the set; `fold` says which paths count as the same.
    pub fn new(write: Vec<Pattern>, deny: Vec<Pattern>, fold: Fold) -> Set {
        Set {
            write_programs: write.iter().map(|p| p.programs(fold)).collect(),
            deny_programs: deny.iter().flat_map(|p| p.programs(fold)).collect(),
            write,
            deny,
            fold,
        }
    }

    /// Reads `write_allow` and `deny` of a scope; all wrong patterns are reported.
    pub fn parse(spec: &ScopeSpec, fold: Fold) -> Result<Set, Vec<Misfit>> {
        let mut misfits = Vec::new();
        let write = read(&spec.write_allow, ListName::WriteAllow, &mut misfits);
        let deny = read(&spec.deny, ListName::Deny, &mut misfits);
        if misfits.is_empty() {
            Ok(Set::new(write, deny, fold))
        } else {
            Err(misfits)
        }
    }

    /// Everything but what is denied: for paths that were granted although no pattern has them.
    pub fn without_limits(&self) -> Set {
        let all = Pattern::parse("**").expect("it is in the dialect");
        Set::new(vec![all], self.deny.clone(), self.fold)
    }

    /// What may be written, as declared.
    pub fn write(&self) -> &[Pattern] {
        &self.write
    }

    /// What wins over it.
    pub fn deny(&self) -> &[Pattern] {
        &self.deny
    }

    /// Which paths count as the same.
    pub fn fold(&self) -> Fold {
        self.fold
    }

    /// True if nothing is declared writable.
    pub fn is_empty(&self) -> bool {
        self.write.is_empty()
    }

    /// True if `path` is in the set. Meant for few paths; see [`crate::scope::Matcher`].
    pub fn contains(&self, path: &RepoPath) -> bool {
        let folded = self.fold.apply(path.as_bytes());
        let allowed = self.write_programs.iter().flatten();
        allowed.into_iter().any(|p| p.matches(&folded)) && !self.denies(&folded)
    }

    /// The first pattern of `deny` that matches `path`.
    pub fn denied_by(&self, path: &RepoPath) -> Option<&Pattern> {
        self.deny.iter().find(|p| p.matches(path, self.fold))
    }

    /// True if a pattern of `deny` matches the folded path.
    pub(super) fn denies(&self, folded: &[u8]) -> bool {
        self.deny_programs.iter().any(|p| p.matches(folded))
    }

    /// The alternatives of each pattern of `write`, in the same order.
    pub(super) fn write_programs(&self) -> &[Vec<Program>] {
        &self.write_programs
    }

    /// The alternatives of all patterns of `deny`.
    pub(super) fn deny_programs(&self) -> &[Program] {
        &self.deny_programs
    }
}

/// A list of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListName {
    /// `write_allow`
    WriteAllow,
    /// `read_allow`
    ReadAllow,
    /// `deny`
    Deny,
}

impl ListName {
    /// The name of the field.
    pub fn as_str(self) -> &'static str {
        match self {
            ListName::WriteAllow => "write_allow",
            ListName::ReadAllow => "read_allow",
            ListName::Deny => "deny",
        }
    }
}

/// A wrong pattern and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The list.
    pub list: ListName,
    /// The place in the list, from 0.
    pub index: usize,
    /// What is wrong with it.
    pub error: PatternError,
}

fn read(texts: &[String], list: ListName, misfits: &mut Vec<Misfit>) -> Vec<Pattern> {
    let mut out = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        match Pattern::parse(text) {
            Ok(pattern) => out.push(pattern),
            Err(error) => misfits.push(Misfit { list, index, error }),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deny_wins_and_wrong_patterns_are_all_named() {
        let texts = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let spec = ScopeSpec {
            write_allow: texts(&["src/"]),
            deny: texts(&["**/*.lock"]),
            ..ScopeSpec::default()
        };
        let set = Set::parse(&spec, Fold::None).unwrap();
        assert!(set.contains(&"src/a".into()));
        assert!(!set.contains(&"src/a.lock".into()));
        assert!(!set.contains(&"docs/a".into()));
        assert_eq!(
            set.denied_by(&"src/b/a.lock".into()).unwrap().as_str(),
            "**/*.lock"
        );

        let spec = ScopeSpec {
            write_allow: texts(&["a", "/b"]),
            deny: texts(&["../c"]),
            ..ScopeSpec::default()
        };
        let misfits = Set::parse(&spec, Fold::None).unwrap_err();
        let places: Vec<_> = misfits.iter().map(|m| (m.list.as_str(), m.index)).collect();
        assert_eq!(places, [("write_allow", 1), ("deny", 0)]);
    }
}
