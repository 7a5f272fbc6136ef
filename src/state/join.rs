//! Two states become one. Pure; the caller finds out where they differ.
//!
//! Facts are united, registers go by their counter. Rights and `meta/` are the authority's: what
//! the other side has of them is not taken over, whatever it is. A request that lost a race is
//! evaluated again on the joined state and never merged, which is what makes a grant exclusive.

use std::collections::BTreeMap;

use crate::base::Oid;
use crate::state::layout::{self, Class};

/// One entry of a state tree, as far as joining has to know it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leaf {
    /// The blob.
    pub oid: Oid,
    /// The counter of a register.
    pub seq: Option<u64>,
}

/// Entries by path.
pub type Entries = BTreeMap<String, Leaf>;

/// What a join came to, seen from the authority's state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Joined {
    /// Entries that the authority does not have yet, or has with a lower counter.
    pub taken: Entries,
    /// Facts and registers that both sides have with different content. That is no race: an id was
    /// used twice, for instance by a copied clone. The authority's stays.
    pub forks: Vec<String>,
    /// Rights that the other side has and the authority does not, or not so. None, unless the
    /// authority was rewound or is another one.
    pub rights_lost: Vec<String>,
    /// Entries of no form that this version knows; they are not passed on.
    pub foreign: Vec<String>,
}

/// Joins `ours` into `theirs`, the authority's. Paths that are equal on both sides may be left out.
pub fn join(ours: &Entries, theirs: &Entries) -> Joined {
    let mut joined = Joined::default();
    for (path, leaf) in ours {
        let there = theirs.get(path);
        if there == Some(leaf) {
            continue;
        }
        match (layout::class(path), there) {
            (None, _) => joined.foreign.push(path.clone()),
            (Some(Class::Meta), _) => {}
            (Some(Class::Right(_)), _) => joined.rights_lost.push(path.clone()),
            (Some(Class::Fact | Class::Register), None) => joined.take(path, leaf),
            (Some(Class::Fact), Some(_)) if layout::is_said_by_many(path) => {}
            (Some(Class::Fact), Some(_)) => joined.forks.push(path.clone()),
            (Some(Class::Register), Some(other)) => {
                if leaf.seq > other.seq {
                    joined.take(path, leaf);
                } else if leaf.seq == other.seq {
                    joined.forks.push(path.clone());
                }
            }
        }
    }
    joined
}

impl Joined {
    fn take(&mut self, path: &str, leaf: &Leaf) {
        self.taken.insert(path.to_owned(), leaf.clone());
    }

    /// What `theirs` becomes.
    pub fn onto(&self, theirs: &Entries) -> Entries {
        let mut all = theirs.clone();
        all.extend(self.taken.clone());
        all
    }
}

/// Why a step of the authority's state is none that an authority makes: it only ever adds, and
/// replaces nothing but registers by newer ones. `None`: it is in order.
///
/// Pass what differs; `before` is what was seen last, `after` what is there now.
pub fn regression(before: &Entries, after: &Entries) -> Option<String> {
    before.iter().find_map(|(path, old)| {
        let lost = match (after.get(path), layout::class(path)) {
            (Some(new), _) if new == old => return None,
            (Some(new), Some(Class::Register)) => new.seq <= old.seq,
            // Its authority may name a new generation; the caller looks at that.
            (Some(_), Some(Class::Meta)) => false,
            (_, None) => false,
            (_, Some(_)) => true,
        };
        lost.then(|| path.clone())
    })
}
