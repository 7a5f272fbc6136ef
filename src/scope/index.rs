//! All overlapping pairs among many scopes.
//!
//! Two patterns can only meet where the fixed beginning of the one begins with that of the other.
//! Sorted by their beginnings, those that continue a beginning stand together behind it, and those
//! that it continues are found by their length. Memory is linear, time too unless scopes nest.

use std::collections::BTreeSet;

use crate::scope::overlap::Overlap;
use crate::scope::program::Program;
use crate::scope::search::Budget;
use crate::scope::set::Set;

/// States that all searches of one call may visit: some seconds. What is left when it is spent
/// counts as overlapping, so that no plan can hold its reader up.
const STATES_MAX: usize = 10_000_000;

/// Two scopes by their position and what they share.
pub type Pair = (usize, usize, Overlap);

/// Finds the first `limit` overlapping pairs of `sets` for which `asked` says yes, in ascending
/// order; where everything overlaps, nobody reads them all.
pub fn first_overlaps(
    sets: &[&Set],
    limit: usize,
    asked: impl Fn(usize, usize) -> bool,
) -> Vec<Pair> {
    first_meetings(sets, sets, limit, |i, j| i < j && asked(i, j))
}

/// The first `limit` pairs of one set of `left` and one of `right` that overlap, where `asked`.
pub fn first_meetings(
    left: &[&Set],
    right: &[&Set],
    limit: usize,
    asked: impl Fn(usize, usize) -> bool,
) -> Vec<Pair> {
    let entries = Entries::of(right);
    let budget = Budget::of(STATES_MAX);
    let mut out = Vec::new();
    let mut decided = vec![usize::MAX; right.len()];
    for (i, set) in left.iter().enumerate() {
        let mut row: Vec<usize> = Vec::new();
        entries.each_near(&beginnings(set), &mut |j| {
            if decided[j] != i {
                decided[j] = i;
                if asked(i, j) {
                    row.push(j);
                }
            }
        });
        row.sort_unstable();
        for j in row {
            if out.len() >= limit {
                return out;
            }
            if let Some(overlap) = set.intersection_within(right[j], &budget) {
                out.push((i, j, overlap));
            }
        }
    }
    out
}

/// What the paths of a set begin with.
fn beginnings(set: &Set) -> BTreeSet<&str> {
    let programs = set.write_programs().iter().flatten();
    programs.map(Program::prefix).collect()
}

/// The fixed beginnings of all sets, each once per set, in order.
struct Entries<'s> {
    sorted: Vec<(&'s str, usize)>,
    lengths: BTreeSet<usize>,
}

impl<'s> Entries<'s> {
    fn of(sets: &[&'s Set]) -> Self {
        let each = sets.iter().enumerate();
        let mut sorted: Vec<(&str, usize)> = each
            .flat_map(|(i, set)| beginnings(set).into_iter().map(move |text| (text, i)))
            .collect();
        sorted.sort_unstable();
        let lengths = sorted.iter().map(|(text, _)| text.len()).collect();
        Entries { sorted, lengths }
    }

    /// Names every set with a beginning that begins one of `texts`, or the other way round.
    fn each_near(&self, texts: &BTreeSet<&str>, near: &mut impl FnMut(usize)) {
        for text in texts {
            self.each_from(text, |other| other.starts_with(text), near);
            let shorter = self.lengths.range(..text.len());
            for head in shorter.filter_map(|&length| text.get(..length)) {
                self.each_from(head, |other| other == head, near);
            }
        }
    }

    fn each_from(&self, from: &str, like: impl Fn(&str) -> bool, near: &mut impl FnMut(usize)) {
        let first = self.sorted.partition_point(|(text, _)| *text < from);
        let alike = self.sorted[first..]
            .iter()
            .take_while(|(other, _)| like(other));
        for (_, j) in alike {
            near(*j);
        }
    }
}
