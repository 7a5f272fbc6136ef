//! Can two features go side by side? FULL, PARTIAL or SEQUENTIAL, with what they share.
//!
//! Before work begins the answer comes from what their packages claim ([`compare`]); once both are
//! finished, from what they really changed ([`compare_tips`]). Pure; no path is invented: each
//! shared path is in both scopes, or was changed by both.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::base::{PackageId, RepoPath};
use crate::state::LockSet;
use crate::state::locks::Wanted;

/// Most meetings of two features that are listed.
const MEETINGS_MAX: usize = 200;

/// How well two features go side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Fit {
    /// They share nothing.
    Full,
    /// They share something; the rest can go side by side.
    Partial,
    /// More than half of one is shared, or their results conflict: one after the other.
    Sequential,
}

impl Fit {
    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Fit::Full => "FULL",
            Fit::Partial => "PARTIAL",
            Fit::Sequential => "SEQUENTIAL",
        }
    }
}

/// What one package of a feature claims.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The package.
    pub package: PackageId,
    /// Everything it will hold.
    pub locks: LockSet,
}

/// Two packages that want the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Meeting {
    /// The package of the one feature.
    pub left: PackageId,
    /// The package of the other.
    pub right: PackageId,
    /// A path that both may write, or a key that both claim.
    pub shared: String,
}

/// The answer about two features.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pairing {
    /// In one word.
    pub fit: Fit,
    /// Packages that want the same, by what they claim.
    pub meetings: Vec<Meeting>,
    /// Paths that both changed; for tips only.
    pub paths: Vec<RepoPath>,
    /// Paths that git could not merge; for tips only.
    pub conflicts: Vec<RepoPath>,
}

/// Compares what the packages of two features claim.
pub fn compare(left: &[Claim], right: &[Claim]) -> Pairing {
    let mut meetings = Vec::new();
    let (mut ours, mut theirs) = (BTreeSet::new(), BTreeSet::new());
    for one in left {
        let wanted = Wanted::new(&one.locks);
        for other in right {
            let Some(shared) = wanted.shared_with(&other.locks) else {
                continue;
            };
            ours.insert(&one.package);
            theirs.insert(&other.package);
            if meetings.len() < MEETINGS_MAX {
                meetings.push(Meeting {
                    left: one.package.clone(),
                    right: other.package.clone(),
                    shared,
                });
            }
        }
    }
    let most = |met: usize, all: usize| met * 2 > all;
    let fit = match ours.is_empty() {
        true => Fit::Full,
        false if most(ours.len(), left.len()) || most(theirs.len(), right.len()) => Fit::Sequential,
        false => Fit::Partial,
    };
    Pairing {
        fit,
        meetings,
        paths: Vec::new(),
        conflicts: Vec::new(),
    }
}

/// Compares what two finished features changed. `conflicts` is what git says of merging the two:
/// `None` if they merge, else the paths, of which there may be none to name.
pub fn compare_tips(
    left: &BTreeSet<RepoPath>,
    right: &BTreeSet<RepoPath>,
    conflicts: Option<&[RepoPath]>,
) -> Pairing {
    let paths: Vec<RepoPath> = left.intersection(right).cloned().collect();
    let fit = match (conflicts, paths.is_empty()) {
        (Some(_), _) => Fit::Sequential,
        (None, false) => Fit::Partial,
        (None, true) => Fit::Full,
    };
    Pairing {
        fit,
        meetings: Vec::new(),
        paths,
        conflicts: conflicts.unwrap_or_default().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(package: &str, write: &[&str], keys: &[&str]) -> Claim {
        let mut locks = LockSet {
            write: write.iter().map(|s| (*s).to_owned()).collect(),
            ..LockSet::default()
        };
        for key in keys {
            locks.keys.extend(LockSet::of_key(key).keys);
        }
        Claim {
            package: PackageId::parse(package).unwrap(),
            locks,
        }
    }

    #[test]
    fn features_that_share_nothing_fit_fully() {
        let left = [claim("a", &["src/a/**"], &["api:GET /a"])];
        let right = [claim("b", &["src/b/**"], &["api:GET /b"])];
        assert_eq!(compare(&left, &right).fit, Fit::Full);
        assert_eq!(compare(&left, &[]).fit, Fit::Full);
    }

    #[test]
    fn shared_paths_and_keys_are_named_with_both_packages() {
        let left = [
            claim("a1", &["src/a/**"], &[]),
            claim("a2", &["docs/**"], &["db:schema:users"]),
            claim("a3", &["web/**"], &[]),
        ];
        let right = [
            claim("b1", &["src/a/x.rs"], &[]),
            claim("b2", &["ops/**"], &[]),
            claim("b3", &["lib/**"], &[]),
        ];
        let partial = compare(&left, &right);
        assert_eq!(partial.fit, Fit::Partial);
        assert_eq!(partial.meetings[0].shared, "src/a/x.rs");
        let keys = [claim("c", &[], &["db:schema:users"])];
        let all = compare(&left, &keys);
        assert_eq!(all.fit, Fit::Sequential, "all of the other is shared");
        assert_eq!(all.meetings[0].left.as_str(), "a2");
        assert_eq!(all.meetings[0].shared, "db:schema:users");
    }

    #[test]
    fn what_tips_really_did_counts_after_the_work() {
        let set = |paths: &[&str]| paths.iter().map(|p| RepoPath::from(*p)).collect();
        let (one, other): (BTreeSet<_>, BTreeSet<_>) = (set(&["a", "b"]), set(&["b", "c"]));
        assert_eq!(compare_tips(&one, &set(&["c"]), None).fit, Fit::Full);
        let partial = compare_tips(&one, &other, None);
        assert_eq!((partial.fit, partial.paths.len()), (Fit::Partial, 1));
        let conflicts = [RepoPath::from("b")];
        let pairing = compare_tips(&one, &other, Some(&conflicts));
        assert_eq!(pairing.fit, Fit::Sequential);
        assert_eq!(
            compare_tips(&one, &set(&[]), Some(&[])).fit,
            Fit::Sequential
        );
    }
}
