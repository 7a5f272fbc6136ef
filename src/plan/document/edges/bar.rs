//! Barriers: groups of elements that are done one after the other.

use std::collections::BTreeSet;

use crate::model::EdgeOrigin;
use crate::plan::document::edges::Edges;

impl Edges<'_> {
    /// Every group waits for the ones before it, in the order in which they begin in the file.
    pub(super) fn bar(&mut self, label: &str) {
        let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
        let work: Vec<usize> = self.work().collect();
        for at in work {
            let Some(value) = self.item(at).labels.get(label).cloned() else {
                continue;
            };
            match groups.iter_mut().find(|(name, _)| *name == value) {
                Some((_, members)) => members.push(at),
                None => groups.push((value, vec![at])),
            }
        }
        let relaxed = self.relaxed(label);
        for pair in 1..groups.len() {
            let (value, members) = &groups[pair];
            if relaxed.contains(value) {
                continue;
            }
            let before: Vec<usize> = groups[..pair]
                .iter()
                .flat_map(|(_, m)| m)
                .copied()
                .collect();
            for &at in members {
                for &on in &before {
                    // What is needed from there is pulled forward instead.
                    if !self.reaches(on, at) && !self.reaches(at, on) {
                        self.add(at, on, EdgeOrigin::Barrier);
                    }
                }
            }
        }
    }

    /// Groups that say themselves what they wait for: no barrier holds them.
    fn relaxed(&self, label: &str) -> BTreeSet<String> {
        let groups = self.outline.groups.iter();
        let own = groups.filter(|g| g.label == label && g.map.is_none() && g.declares_order);
        own.map(|g| g.value.clone()).collect()
    }
}
