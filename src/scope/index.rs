//! All overlapping pairs among many scopes.
//!
//! Two patterns can only meet where the fixed beginning of the one begins with that of the other.
//! Sorted by their beginnings, the candidates of a pattern stand together behind it.

use crate::scope::overlap::Overlap;
use crate::scope::program::Program;
use crate::scope::search::Budget;
use crate::scope::set::Set;

/// States that all searches of one call may visit: some seconds. What is left when it is spent
/// counts as overlapping, so that no plan can hold its reader up.
const STATES_MAX: usize = 10_000_000;

/// Two scopes by their position, the smaller first, and what they share.
pub type Pair = (usize, usize, Overlap);

/// Finds every overlapping pair of `sets` for which `asked` says yes, in ascending order.
pub fn overlaps(sets: &[&Set], asked: impl Fn(usize, usize) -> bool) -> Vec<Pair> {
    first_overlaps(sets, usize::MAX, asked)
}

/// The first `limit` pairs of [`overlaps`]; where everything overlaps, nobody reads them all.
pub fn first_overlaps(
    sets: &[&Set],
    limit: usize,
    asked: impl Fn(usize, usize) -> bool,
) -> Vec<Pair> {
    let candidates = candidates(sets);
    let budget = Budget::of(STATES_MAX);
    let mut out = Vec::new();
    for (i, row) in candidates.iter().enumerate() {
        for &j in row.iter().filter(|&&j| asked(i, j)) {
            if out.len() >= limit {
                return out;
            }
            if let Some(overlap) = sets[i].intersection_within(sets[j], &budget) {
                out.push((i, j, overlap));
            }
        }
    }
    out
}

/// For each set the later ones that it may meet, told from fixed beginnings and ends.
fn candidates(sets: &[&Set]) -> Vec<Vec<usize>> {
    let mut entries: Vec<(&Program, usize)> = Vec::new();
    for (i, set) in sets.iter().enumerate() {
        let programs = set.write_programs().iter().flatten();
        entries.extend(programs.map(|program| (program, i)));
    }
    entries.sort_by_key(|(program, i)| (program.prefix(), *i));
    let mut seen = vec![vec![false; sets.len()]; sets.len()];
    for (at, &(program, i)) in entries.iter().enumerate() {
        for &(other, j) in &entries[at + 1..] {
            if !other.prefix().starts_with(program.prefix()) {
                break;
            }
            if i != j && !seen[i.min(j)][i.max(j)] && program.may_meet(other) {
                seen[i.min(j)][i.max(j)] = true;
            }
        }
    }
    let row = |row: Vec<bool>| (0..row.len()).filter(|&j| row[j]).collect();
    seen.into_iter().map(row).collect()
}
