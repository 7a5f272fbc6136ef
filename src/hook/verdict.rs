//! Which changes a scope refuses, and whose paths they are: the one answer that hooks and agents
//! get before the gate gives it.

use crate::base::{Error, PackageId, RepoPath, Result};
use crate::hook::room::{Neighbour, RoomScope};
use crate::model::{ScopeMode, ScopeSpec};
use crate::scope::guard::{self, Change, Policy, Rule};
use crate::scope::{Fold, Set};

/// A scope, and the scopes of those who may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// Where the package may write.
    pub scope: ScopeSpec,
    /// The other unfinished packages.
    pub others: Vec<Neighbour>,
    /// Which paths count as the same.
    pub fold: Fold,
    /// Largest blob, in bytes.
    pub max_blob_bytes: u64,
}

/// A change that the scope refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The path.
    pub path: RepoPath,
    /// The rule.
    pub rule: Rule,
    /// What happened, for people.
    pub detail: String,
    /// Whose path it is, where it is somebody's.
    pub owner: Option<PackageId>,
}

impl From<&RoomScope> for Bounds {
    fn from(room: &RoomScope) -> Self {
        Bounds {
            scope: room.scope.clone(),
            others: room.others.clone(),
            fold: match room.ignore_case {
                true => Fold::Case,
                false => Fold::None,
            },
            max_blob_bytes: room.max_blob_bytes,
        }
    }
}

impl Bounds {
    /// What of `asked` may not be done.
    ///
    /// # Errors
    /// Damaged: the scope holds no patterns.
    pub fn refused(&self, mut asked: Vec<Change>) -> Result<Vec<Refused>> {
        let policy = Policy {
            max_blob_bytes: Some(self.max_blob_bytes),
        };
        let declared = self.set()?;
        let set = match self.scope.mode {
            ScopeMode::Strict | ScopeMode::Amend => declared.clone(),
            ScopeMode::Open => declared.without_limits(),
        };
        let mut refused = guard::judge(&asked, &set, &policy);
        if refused.is_empty() {
            return Ok(Vec::new());
        }
        let others = self.neighbours();
        let pairs: Vec<_> = others.iter().map(|(id, set)| (*id, set)).collect();
        if self.scope.mode == ScopeMode::Amend {
            let amended = guard::amend(refused, &pairs);
            asked.retain(|change| amended.granted.contains(&change.path));
            refused = guard::judge(&asked, &set.without_limits(), &policy);
            refused.extend(amended.refused);
        }
        let owner = |path: &RepoPath| guard::owners(path, &pairs).first().copied().cloned();
        let with_owner = refused.into_iter().map(|violation| Refused {
            owner: owner(&violation.path).filter(|_| violation.rule.is_about_scope()),
            path: violation.path,
            rule: violation.rule,
            detail: violation.detail,
        });
        Ok(with_owner.collect())
    }

    fn set(&self) -> Result<Set> {
        Set::parse(&self.scope, self.fold).map_err(|misfits| {
            let first = misfits.first().map(|m| m.error.to_string());
            let why = first.unwrap_or_default();
            Error::damaged("room", "the scope of this room cannot be read").because(why)
        })
    }

    /// Neighbours whose patterns cannot be read own nothing: they only serve to name somebody.
    fn neighbours(&self) -> Vec<(&PackageId, Set)> {
        let others = self.others.iter();
        others
            .filter_map(|other| Some((&other.package, Set::parse(&other.scope, self.fold).ok()?)))
            .collect()
    }
}
