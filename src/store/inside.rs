//! The inside of one feature, brought up to date fan by fan.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::{ActorId, FeatureId, Oid, Result};
use crate::state::FeatureView;
use crate::state::fold::{self, Folded};
use crate::state::layout::{FeatureRoom, PackageRoom};
use crate::state::view::Problem;
use crate::store::reader::Reader;

/// A folder as it was read last.
pub(super) struct Remembered {
    pub(super) tree: Oid,
    pub(super) problems: Vec<Problem>,
}

impl Remembered {
    /// A folder in which nothing is wrong.
    pub(super) fn sound(tree: Oid) -> Self {
        Remembered {
            tree,
            problems: Vec::new(),
        }
    }
}

#[derive(Default)]
pub(super) struct Inside {
    own: Vec<(String, Oid)>,
    own_problems: Vec<Problem>,
    fans: BTreeMap<String, Fan>,
    /// True if the last refresh read records, so that a brief has to be made anew.
    pub(super) folded: bool,
}

/// Packages whose ids begin with the same digits of their hash.
struct Fan {
    tree: Oid,
    problems: Vec<Problem>,
    packages: BTreeMap<PackageRoom, Remembered>,
}

/// Whether a mirror could follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Followed,
    /// Something disappeared.
    Shrunk,
}

/// Rooms whose change the view shows already.
pub(super) type Known = BTreeSet<String>;

impl Inside {
    /// Brings the view of a feature to `tree`.
    pub(super) fn refresh(
        &mut self,
        (room, tree): (&FeatureRoom, &Oid),
        folded: &mut Folded<FeatureId, FeatureView>,
        (authority, known): (Option<&ActorId>, &Known),
        reader: &mut Reader<'_>,
    ) -> Result<Fate> {
        let parts = reader.parts(room, tree)?;
        folded.problems = parts.problems;
        self.folded = false;
        if self.fans.keys().any(|fan| !parts.fans.contains_key(fan)) {
            return Ok(Fate::Shrunk);
        }
        if self.own != parts.own && !known.contains(room.path()) {
            let (entries, problems) = reader.records(room.path(), &parts.own)?;
            let mut fresh = fold::feature(room, authority, &entries);
            fresh.view.packages = std::mem::take(&mut folded.view.packages);
            self.own_problems = problems;
            self.own_problems.append(&mut fresh.problems);
            folded.view = fresh.view;
            folded.id = fresh.id.or(folded.id.take());
            self.folded = true;
        }
        self.own = parts.own;
        for (fan, tree) in parts.fans {
            if self.fans.get(&fan).is_some_and(|known| known.tree == tree) {
                continue;
            }
            if self.fan((fan, tree), folded, (authority, known), reader)? == Fate::Shrunk {
                return Ok(Fate::Shrunk);
            }
        }
        Ok(Fate::Followed)
    }

    /// Brings the packages of one fan up to date.
    fn fan(
        &mut self,
        (path, tree): (String, Oid),
        folded: &mut Folded<FeatureId, FeatureView>,
        (authority, known): (Option<&ActorId>, &Known),
        reader: &mut Reader<'_>,
    ) -> Result<Fate> {
        let (rooms, problems) = reader.packages(&path, &tree)?;
        let mut packages = self
            .fans
            .remove(&path)
            .map(|fan| fan.packages)
            .unwrap_or_default();
        if packages.keys().any(|room| !rooms.contains_key(room)) {
            return Ok(Fate::Shrunk);
        }
        for (room, tree) in rooms {
            if packages.get(&room).is_some_and(|p| p.tree == tree) {
                continue;
            }
            let mut problems = Vec::new();
            if !known.contains(room.path()) {
                let folder = [(String::new(), tree.clone())];
                let (entries, unread) = reader.records(room.path(), &folder)?;
                let mut package = fold::package(&room, authority, &entries);
                problems = unread;
                problems.append(&mut package.problems);
                let before = folded.problems.len();
                folded.add(&room, package);
                problems.extend(folded.problems.drain(before..));
                self.folded = true;
            }
            packages.insert(room, Remembered { tree, problems });
        }
        let fan = Fan {
            tree,
            problems,
            packages,
        };
        self.fans.insert(path, fan);
        Ok(Fate::Followed)
    }

    pub(super) fn problems(&self) -> impl Iterator<Item = &Problem> {
        let fans = self.fans.values().flat_map(|fan| {
            let packages = fan.packages.values().flat_map(|p| &p.problems);
            fan.problems.iter().chain(packages)
        });
        self.own_problems.iter().chain(fans)
    }
}
