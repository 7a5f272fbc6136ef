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
        let mut users = users.clone();
        let inside = format!("{path}/");
        let below = by_path.range(inside.clone()..);
        for (_, more) in below.take_while(|(other, _)| other.starts_with(&inside)) {
            users.extend(more);
        }
        users.sort_unstable();
        users.dedup();
        for (i, &a) in users.iter().enumerate() {
            for &b in &users[i + 1..] {
                if found.len() >= PAIRS_MAX {
                    break;
                }
                found.entry((a, b)).or_insert_with(|| path.clone());
            }
        }
    }
    let sorted = found.into_iter().map(|((a, b), path)| (a, b, path));
    sorted.collect()
}
