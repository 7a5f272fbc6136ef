//! Which elements of a document name the same file, by the paths they write out.
//!
//! A hint for the order, not the guarantee: what is written at the same time is decided by the
//! claims of the run, which are exact.

use std::collections::BTreeMap;

use crate::plan::document::paths;
use crate::plan::outline::{FileMode, Item};

/// More pairs are not looked at: a document in which everything names one file is a chain anyway.
const PAIRS_MAX: usize = 20_000;

/// Pairs of positions `(a, b, path)` with `a < b`, each pair once, sorted.
pub(super) fn pairs(items: &[Item]) -> Vec<(usize, usize, String)> {
    let mut by_path: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, item) in items.iter().enumerate() {
        for entry in &item.scope.entries {
            if entry.mode == FileMode::Read {
                continue;
            }
            if let Some(path) = paths::literal(&entry.path) {
                let users = by_path.entry(path).or_default();
                if users.last() != Some(&at) {
                    users.push(at);
                }
            }
        }
    }
    let mut found: BTreeMap<(usize, usize), String> = BTreeMap::new();
    for (path, users) in &by_path {
        let inside = format!("{path}/");
        let below = by_path.range(inside.clone()..);
        let below = below.take_while(|(other, _)| other.starts_with(&inside));
        let below: Vec<usize> = below.flat_map(|(_, more)| more).copied().collect();
        for &one in users {
            for &other in users.iter().chain(&below) {
                if one != other && found.len() < PAIRS_MAX {
                    let pair = (one.min(other), one.max(other));
                    found.entry(pair).or_insert_with(|| path.clone());
                }
            }
        }
    }
    let sorted = found.into_iter().map(|((a, b), path)| (a, b, path));
    sorted.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Format;
    use crate::plan::outline::Text;
    use crate::plan::outline_of::read_outline;

    #[test]
    fn a_folder_meets_what_is_below_it_and_neighbours_do_not_meet() {
        let list = "# Tasks\n\n## Phase 1: Setup\n\n- [ ] T001 [P] Write src/a.rs\n\
            - [ ] T002 [P] Write src/b.rs\n- [ ] T003 [P] Tidy up src/ as a whole\n\
            - [ ] T004 [P] Write src/a.rs again\n";
        let text = Text::new(list, "tasks.md");
        let outline = read_outline(Format::SpeckitTasks, &text).unwrap();
        let found: Vec<_> = pairs(&outline.items);
        let short: Vec<(usize, usize)> = found.iter().map(|(a, b, _)| (*a, *b)).collect();
        assert_eq!(short, [(0, 2), (0, 3), (1, 2), (2, 3)], "{found:?}");
    }
}
