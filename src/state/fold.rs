//! From records to views: whole subtrees at once, or record by record.
//!
//! Pure and total: a record that cannot be read becomes a [`Problem`], never a panic, and is
//! never skipped silently. The order of the entries does not matter, and [`View::apply`] gives
//! what a fold of everything would give.

use std::collections::BTreeMap;

use crate::base::{ActorId, FeatureId, PackageId, TaskId};
use crate::state::codec::decode;
use crate::state::layout::{
    self, FeatureRoom, LockRoom, PackageRoom, Slot, TaskRoom, feature_slot, lock_slot,
    package_slot, task_slot,
};
use crate::state::lock_view::LockView;
use crate::state::record::{Authority, Beat, FormatRecord};
use crate::state::task_view::TaskView;
use crate::state::view::{FeatureView, PackageView, Problem, View};

/// A blob of the state tree: its path below the folder that is folded, and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Parts joined by `/`.
    pub path: String,
    /// The content; empty where it is no JSON and was not read.
    pub bytes: Vec<u8>,
}

/// What a folder means, and which id its records give it.
#[derive(Debug, Clone, PartialEq)]
pub struct Folded<Id, V> {
    /// The verbatim id, if a record tells it or the folder's name is it.
    pub id: Option<Id>,
    /// The view.
    pub view: V,
    /// What could not be read, with full paths.
    pub problems: Vec<Problem>,
}

/// Folds the folder of a package.
pub fn package(
    room: &PackageRoom,
    authority: Option<&ActorId>,
    entries: &[Entry],
) -> Folded<PackageId, PackageView> {
    let plain = PackageId::parse(room.slug()).filter(|id| room.is_of(id));
    let mut folded: Folded<_, PackageView> = Folded::new(plain);
    let slots = folded.sorted(room.path(), entries, package_slot);
    for (slot, entry) in slots {
        if let Err(why) = folded.view.put(room, &slot, authority, &entry.bytes) {
            folded.problem(room.path(), &entry.path, why);
        }
    }
    if folded.id.is_none() {
        let first = folded.view.attempts.values().next();
        folded.id = first.map(|a| a.attempt.package.clone());
    }
    for why in folded.view.contradictions() {
        folded.problem(room.path(), "rights", why);
    }
    folded
}

/// Folds the folder of a feature without its packages.
pub fn feature(
    room: &FeatureRoom,
    authority: Option<&ActorId>,
    entries: &[Entry],
) -> Folded<FeatureId, FeatureView> {
    let plain = FeatureId::parse(room.slug()).filter(|id| room.is_of(id));
    let mut folded: Folded<_, FeatureView> = Folded::new(plain);
    let slots = folded.sorted(room.path(), entries, feature_slot);
    for (slot, entry) in slots {
        if let Err(why) = folded.view.put(room, &slot, authority, &entry.bytes) {
            folded.problem(room.path(), &entry.path, why);
        }
    }
    if folded.id.is_none() {
        folded.id = folded.view.opens.first().map(|o| o.feature.clone());
    }
    folded
}

/// Folds the folder of a lock; its id is the key.
pub fn lock(
    room: &LockRoom,
    authority: Option<&ActorId>,
    entries: &[Entry],
) -> Folded<String, LockView> {
    let mut folded: Folded<String, LockView> = Folded::new(None);
    let slots = folded.sorted(room.path(), entries, lock_slot);
    for (slot, entry) in slots {
        if let Err(why) = folded.view.put(room, &slot, authority, &entry.bytes) {
            folded.problem(room.path(), &entry.path, why);
        }
    }
    let first = folded.view.claims.values().next();
    folded.id = first.map(|c| c.key.clone());
    for why in folded.view.contradictions() {
        folded.problem(room.path(), "rights", why);
    }
    folded
}

/// Folds the folder of a free-standing task.
pub fn task(
    room: &TaskRoom,
    authority: Option<&ActorId>,
    entries: &[Entry],
) -> Folded<TaskId, TaskView> {
    let mut folded: Folded<TaskId, TaskView> = Folded::new(Some(room.task().clone()));
    let slots = folded.sorted(room.path(), entries, task_slot);
    for (slot, entry) in slots {
        if let Err(why) = folded.view.put(room, &slot, authority, &entry.bytes) {
            folded.problem(room.path(), &entry.path, why);
        }
    }
    if folded.view.task.is_none() {
        let why = "no record tells what this task is".to_owned();
        folded.problem(room.path(), "", why);
    }
    for why in folded.view.contradictions() {
        folded.problem(room.path(), "rights", why);
    }
    folded
}

impl Folded<FeatureId, FeatureView> {
    /// Adds a package; where its own records do not tell its id, a plan of the feature does.
    pub fn add(&mut self, room: &PackageRoom, package: Folded<PackageId, PackageView>) {
        self.problems.extend(package.problems);
        let first = package.view.attempts.values().next();
        if self.id.is_none() {
            self.id = first.map(|a| a.attempt.feature.clone());
        }
        match package.id.or_else(|| self.view.package_of(room)) {
            Some(id) => {
                self.view.packages.insert(id, package.view);
            }
            None => self.problem(room.path(), "", "no plan names this package".to_owned()),
        }
    }
}

impl<Id, V: Default> Folded<Id, V> {
    fn new(id: Option<Id>) -> Self {
        Folded {
            id,
            view: V::default(),
            problems: Vec::new(),
        }
    }

    /// The entries in the order in which a fold needs them.
    fn sorted<'a, S: Ord>(
        &mut self,
        room: &str,
        entries: &'a [Entry],
        slot: fn(&[&str]) -> Option<S>,
    ) -> Vec<(S, &'a Entry)> {
        let mut slots = Vec::new();
        for entry in entries {
            let parts: Vec<&str> = entry.path.split('/').collect();
            match slot(&parts) {
                Some(slot) => slots.push((slot, entry)),
                None => {
                    let path = format!("{room}/{}", entry.path);
                    self.problems.push(Problem::foreign(path));
                }
            }
        }
        slots.sort_by(|a, b| a.0.cmp(&b.0));
        slots
    }
}

impl<Id, V> Folded<Id, V> {
    fn problem(&mut self, room: &str, path: &str, why: String) {
        let path = format!("{room}/{path}").trim_end_matches('/').to_owned();
        self.problems.push(Problem { path, why });
    }
}

/// Folds a whole state: every entry with its full path.
pub fn everything(entries: &[Entry]) -> View {
    let mut view = View::default();
    let mut rooms = Rooms::default();
    for entry in entries {
        match layout::parse(&entry.path) {
            Some(Slot::Format | Slot::Authority) => view.put_meta(&entry.path, &entry.bytes),
            Some(Slot::Feature(room, _)) => {
                let below = below(room.path(), entry);
                rooms.features.entry(room).or_default().0.push(below);
            }
            Some(Slot::Package(feature, room, _)) => {
                let below = below(room.path(), entry);
                let packages = &mut rooms.features.entry(feature).or_default().1;
                packages.entry(room).or_default().push(below);
            }
            Some(Slot::Lock(room, _)) => {
                let below = below(room.path(), entry);
                rooms.locks.entry(room).or_default().push(below);
            }
            Some(Slot::Task(room, _)) => {
                let below = below(room.path(), entry);
                rooms.tasks.entry(room).or_default().push(below);
            }
            Some(Slot::Beat(actor)) => view.put_beat(&actor, &entry.path, &entry.bytes),
            Some(Slot::Session(actor, name)) => {
                view.put_session((&actor, &name), &entry.path, &entry.bytes);
            }
            Some(Slot::Shelf(..)) => {}
            None => view.problems.push(Problem::foreign(entry.path.clone())),
        }
    }
    rooms.into_view(view)
}

type Below = Vec<Entry>;

#[derive(Default)]
struct Rooms {
    features: BTreeMap<FeatureRoom, (Below, BTreeMap<PackageRoom, Below>)>,
    locks: BTreeMap<LockRoom, Below>,
    tasks: BTreeMap<TaskRoom, Below>,
}

impl Rooms {
    fn into_view(self, mut view: View) -> View {
        let authority = view.authority.as_ref().map(|a| a.id.clone());
        for (room, (entries, packages)) in self.features {
            let mut folded = feature(&room, authority.as_ref(), &entries);
            for (room, entries) in packages {
                let package = package(&room, authority.as_ref(), &entries);
                folded.add(&room, package);
            }
            view.add_feature(&room, folded, Keep::Full);
        }
        for (room, entries) in self.locks {
            view.add_lock(&room, lock(&room, authority.as_ref(), &entries));
        }
        for (room, entries) in self.tasks {
            view.add_task(&room, task(&room, authority.as_ref(), &entries));
        }
        view.problems.sort();
        view
    }
}

fn below(room: &str, entry: &Entry) -> Entry {
    Entry {
        path: entry.path[room.len() + 1..].to_owned(),
        bytes: entry.bytes.clone(),
    }
}

/// How much of a feature a view keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Its brief and its view.
    Full,
    /// Its brief.
    Brief,
}

impl View {
    /// Reads `meta/format.json` or `meta/authority.json`.
    pub fn put_meta(&mut self, path: &str, bytes: &[u8]) {
        let result = match path {
            layout::FORMAT => decode(bytes).map(|f: FormatRecord| self.format = f.v),
            layout::AUTHORITY => decode(bytes).map(|a: Authority| self.authority = Some(a)),
            _ => {
                self.problems.push(Problem::foreign(path.to_owned()));
                Ok(())
            }
        };
        if let Err(why) = result {
            self.problem(path, why);
        }
    }

    /// Reads `actors/<actor>/registers/beat.json`.
    pub fn put_beat(&mut self, actor: &ActorId, path: &str, bytes: &[u8]) {
        match decode::<Beat>(bytes) {
            Ok(beat) if beat.by.actor == *actor => {
                self.beats.insert(actor.clone(), beat);
            }
            Ok(_) => self.problem(path, "it is the beat of another clone".to_owned()),
            Err(why) => self.problem(path, why),
        }
    }

    /// Adds a folded feature.
    pub fn add_feature(
        &mut self,
        room: &FeatureRoom,
        folded: Folded<FeatureId, FeatureView>,
        keep: Keep,
    ) {
        self.problems.extend(folded.problems);
        let Some(id) = folded.id else {
            self.problem(
                room.path(),
                "no record tells the id of this feature".to_owned(),
            );
            return;
        };
        self.briefs.insert(id.clone(), folded.view.brief());
        if keep == Keep::Full {
            self.features.insert(id, folded.view);
        }
    }

    /// Adds a folded lock.
    pub fn add_lock(&mut self, room: &LockRoom, folded: Folded<String, LockView>) {
        self.problems.extend(folded.problems);
        match folded.id {
            Some(key) => {
                self.locks.insert(key, folded.view);
            }
            None => self.problem(
                room.path(),
                "no record tells the key of this lock".to_owned(),
            ),
        }
    }

    /// Adds a folded task.
    pub fn add_task(&mut self, room: &TaskRoom, folded: Folded<TaskId, TaskView>) {
        self.problems.extend(folded.problems);
        self.tasks.insert(room.task().clone(), folded.view);
    }

    pub(super) fn problem(&mut self, path: &str, why: String) {
        let path = path.to_owned();
        self.problems.push(Problem { path, why });
    }
}
