//! Would these heads merge? Many pairs in one process, nothing kept.

use crate::base::{Oid, RepoPath, Result};
use crate::git::Sub;
use crate::integrate::answer;
use crate::integrate::shadow::Shadow;

/// Most pairs of one rehearsal.
const PAIRS_MAX: usize = 10_000;

/// What merging one pair would give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsal {
    /// One head.
    pub one: Oid,
    /// The other.
    pub other: Oid,
    /// Paths that would conflict; empty if the two merge cleanly.
    pub conflicts: Vec<RepoPath>,
    /// True if git finds no conflict. There are conflicts without a path of their own.
    pub is_clean: bool,
}

/// Tries each pair, in order; pairs beyond the first ten thousand are left out.
///
/// # Errors
/// Git cannot be run, or a pair has no history in common.
pub fn rehearse(shadow: &Shadow, pairs: &[(Oid, Oid)]) -> Result<Vec<Rehearsal>> {
    let pairs = &pairs[..pairs.len().min(PAIRS_MAX)];
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let input: String = pairs.iter().map(|(a, b)| format!("{a} {b}\n")).collect();
    let git = shadow.git();
    let call = git.call(Sub::MergeTree).args(["--stdin", "-z"]);
    let answers = answer::many(&call.input(input).output()?, pairs.len())?;
    let told = pairs
        .iter()
        .zip(answers)
        .map(|((one, other), (is_clean, answer))| Rehearsal {
            one: one.clone(),
            other: other.clone(),
            conflicts: answer.conflicts.into_keys().collect(),
            is_clean,
        });
    Ok(told.collect())
}
