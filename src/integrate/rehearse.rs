//! Would these heads merge? Many pairs in one process, nothing kept.

use crate::base::{Oid, RepoPath, Result};
use crate::git::merge_list::Trial;
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

/// Where a file and a folder want one name, git puts the file beside it as `name~<commit>`; what
/// people know is the name.
fn plain(paths: Vec<RepoPath>, heads: [&Oid; 2]) -> Vec<RepoPath> {
    let ends = heads.map(|head| format!("~{head}"));
    let plain = paths.into_iter().map(|path| {
        let bytes = path.as_bytes();
        let name = ends
            .iter()
            .find_map(|end| bytes.strip_suffix(end.as_bytes()));
        name.map_or_else(|| path.clone(), RepoPath::from_bytes)
    });
    let mut plain: Vec<RepoPath> = plain.collect();
    plain.sort();
    plain.dedup();
    plain
}

/// Tries each pair, in order; pairs beyond the first ten thousand are left out.
///
/// # Errors
/// Git cannot be run, or a pair has no history in common.
pub fn rehearse(shadow: &Shadow, pairs: &[(Oid, Oid)]) -> Result<Vec<Rehearsal>> {
    let pairs = &pairs[..pairs.len().min(PAIRS_MAX)];
    let trials = shadow.git().try_merges(pairs)?;
    let told = pairs.iter().zip(trials);
    let rehearsal = |((one, other), trial): (&(Oid, Oid), Trial)| Rehearsal {
        one: one.clone(),
        other: other.clone(),
        conflicts: plain(trial.paths, [one, other]),
        is_clean: trial.is_clean,
    };
    Ok(told.map(rehearsal).collect())
}
