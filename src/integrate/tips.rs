//! What finished features really share: paths that both changed, and whether the two would merge.

use std::collections::BTreeSet;

use crate::base::{Oid, RepoPath, Result};
use crate::git::plain_merge;
use crate::integrate::couple::changed;
use crate::integrate::rehearse::rehearse;
use crate::integrate::shadow::Shadow;

/// Two heads that share something, by their places in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TipPair {
    /// The one.
    pub one: usize,
    /// The other, behind it in the list.
    pub other: usize,
    /// Paths that both changed; empty if a folder of the one has the name of a file of the other.
    pub shared: Vec<RepoPath>,
    /// What git could not merge; `None` if the two merge.
    pub conflicts: Option<Vec<RepoPath>>,
}

/// What each head changed since it left the target, and every pair that shares something.
///
/// # Errors
/// Git cannot be run, or an object is absent.
pub fn pairs(
    shadow: &Shadow,
    target: &Oid,
    heads: &[Oid],
) -> Result<(Vec<BTreeSet<RepoPath>>, Vec<TipPair>)> {
    let sets = heads.iter().map(|head| changed(shadow, target, head));
    let sets = sets.collect::<Result<Vec<_>>>()?;
    let mut found = Vec::new();
    for (one, left) in sets.iter().enumerate() {
        for (other, right) in sets.iter().enumerate().skip(one + 1) {
            let shared: Vec<RepoPath> = left.intersection(right).cloned().collect();
            if !shared.is_empty() || is_inside(left, right) || is_inside(right, left) {
                let conflicts = None;
                found.push(TipPair {
                    one,
                    other,
                    shared,
                    conflicts,
                });
            }
        }
    }
    let asked: Vec<(Oid, Oid)> = found
        .iter()
        .map(|pair| (heads[pair.one].clone(), heads[pair.other].clone()))
        .collect();
    for (pair, trial) in found.iter_mut().zip(rehearse(shadow, &asked)?) {
        pair.conflicts = (!trial.is_clean).then_some(trial.conflicts);
    }
    Ok((sets, found))
}

/// For each head the others that it holds.
///
/// # Errors
/// Git cannot be run, or an object is absent.
pub fn stacked(shadow: &Shadow, heads: &[Oid]) -> Result<Vec<BTreeSet<usize>>> {
    let raw = shadow.raw()?;
    let mut out = vec![BTreeSet::new(); heads.len()];
    for (i, one) in heads.iter().enumerate() {
        for (j, other) in heads.iter().enumerate().skip(i + 1) {
            let base = plain_merge::merge_base(&raw, one, other);
            if base.as_ref() == Some(one) {
                out[j].insert(i);
            }
            if base.as_ref() == Some(other) {
                out[i].insert(j);
            }
        }
    }
    Ok(out)
}

/// True if a path of `inner` lies below one of `outer`.
fn is_inside(outer: &BTreeSet<RepoPath>, inner: &BTreeSet<RepoPath>) -> bool {
    outer.iter().any(|path| {
        let folder = [path.as_bytes(), b"/"].concat();
        let below = RepoPath::from_bytes(folder.as_slice());
        let first = inner.range(below..).next();
        first.is_some_and(|first| first.as_bytes().starts_with(&folder))
    })
}

/// Places of the heads that do not merge into the target, with the paths.
///
/// # Errors
/// Git cannot be run.
pub fn against(
    shadow: &Shadow,
    target: &Oid,
    heads: &[Oid],
) -> Result<Vec<(usize, Vec<RepoPath>)>> {
    let asked: Vec<(Oid, Oid)> = heads.iter().map(|h| (target.clone(), h.clone())).collect();
    let trials = rehearse(shadow, &asked)?;
    let trials = trials.into_iter().enumerate();
    let red = trials.filter(|(_, trial)| !trial.is_clean);
    Ok(red.map(|(at, trial)| (at, trial.conflicts)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_meets_what_lies_below_its_name() {
        let set = |paths: &[&str]| paths.iter().map(|p| RepoPath::from(*p)).collect();
        let files: BTreeSet<RepoPath> = set(&["a", "b"]);
        assert!(is_inside(&files, &set(&["a/x"])));
        assert!(!is_inside(&files, &set(&["a.b", "ab/x", "c"])));
    }
}
