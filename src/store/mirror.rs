//! The view of one store handle, brought up to date by reading only what changed.
//!
//! Every folder is remembered with its tree id; the same id means the same view. A folder that
//! disappears (the ref was moved back) makes the mirror start over.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::{ActorId, FeatureId, Oid, Result};
use crate::state::fold::Folded;
use crate::state::layout::{self, FeatureRoom, LockRoom, Slot, TaskRoom};
use crate::state::view::Problem;
use crate::state::{FeatureView, Record, View};
use crate::store::backend::{Backend, Snapshot};
use crate::store::cache::Cache;
use crate::store::inside::{Fate, Inside, Known, Remembered};
use crate::store::reader::{Folders, Reader};

/// What somebody wants to see beside the briefs of everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Load {
    /// Nothing more.
    Briefs,
    /// These features in full, where they exist.
    Features(Vec<FeatureId>),
    /// Every feature in full.
    All,
}

impl Load {
    fn wants(&self, room: &FeatureRoom) -> bool {
        match self {
            Load::Briefs => false,
            Load::Features(ids) => ids.iter().any(|id| room.is_of(id)),
            Load::All => true,
        }
    }
}

#[derive(Default)]
pub(super) struct Mirror {
    pub(super) tree: Option<Oid>,
    pub(super) view: Arc<View>,
    pub(super) folders: Folders,
    pub(super) meta: Option<Oid>,
    meta_problems: Vec<Problem>,
    root_problems: Vec<Problem>,
    actors: Option<Oid>,
    actor_problems: Vec<Problem>,
    features: BTreeMap<FeatureRoom, Feature>,
    pub(super) locks: BTreeMap<LockRoom, Remembered>,
    pub(super) tasks: BTreeMap<TaskRoom, Remembered>,
    /// How many locks and tasks were folded from their records.
    pub(super) folded: usize,
    /// What this clone shows while requests of it wait for an authority elsewhere, and the tree
    /// for which that was made.
    pub(super) overlay: Option<(Arc<View>, Option<Oid>)>,
}

struct Feature {
    at: Remembered,
    /// What is remembered of its inside; `None` if only the brief is.
    inside: Option<Inside>,
}

impl Mirror {
    /// The view at `snapshot`, with what `load` asks for.
    pub(super) fn view(
        &mut self,
        snapshot: &Snapshot,
        load: &Load,
        (backend, cache): (&dyn Backend, &Cache),
    ) -> Result<Arc<View>> {
        self.follow(snapshot, load, &Known::new(), (backend, cache))?;
        Ok(Arc::clone(&self.view))
    }

    /// Takes records that were accepted on this very view.
    pub(super) fn apply(&mut self, records: &[Record]) {
        Arc::make_mut(&mut self.view).apply(records);
    }

    /// Notes that the applied `records` are what leads to `snapshot`.
    pub(super) fn adopt(
        &mut self,
        snapshot: &Snapshot,
        records: &[Record],
        (backend, cache): (&dyn Backend, &Cache),
    ) -> Result<()> {
        let mut known = Known::new();
        for record in records {
            match layout::parse(&record.path) {
                Some(Slot::Feature(room, _)) => known.insert(room.path().to_owned()),
                Some(Slot::Package(_, room, _)) => known.insert(room.path().to_owned()),
                Some(Slot::Lock(room, _)) => known.insert(room.path().to_owned()),
                Some(Slot::Task(room, _)) => known.insert(room.path().to_owned()),
                Some(Slot::Beat(_) | Slot::Session(..)) => known.insert("actors".to_owned()),
                Some(Slot::Shelf(..)) => false,
                _ => known.insert("meta".to_owned()),
            };
        }
        self.follow(snapshot, &Load::Briefs, &known, (backend, cache))?;
        let tree = self.tree.clone();
        if let Some((_, of)) = &mut self.overlay {
            *of = tree;
        }
        Ok(())
    }

    /// Forgets what was read: applied records did not become part of the state.
    pub(super) fn forget(&mut self) {
        *self = Mirror::default();
    }

    fn follow(
        &mut self,
        snapshot: &Snapshot,
        load: &Load,
        known: &Known,
        (backend, cache): (&dyn Backend, &Cache),
    ) -> Result<()> {
        let is_first = self.tree.is_none() && known.is_empty() && snapshot.tree().is_some();
        if is_first {
            self.recall(cache);
        }
        let mut reader = Reader::new(backend, cache, std::mem::take(&mut self.folders));
        let mut fate = self.update(snapshot, load, known, &mut reader);
        if matches!(fate, Ok(Fate::Shrunk)) {
            self.forget();
            fate = self.update(snapshot, load, &Known::new(), &mut reader);
        }
        self.folders = reader.into_folders();
        match &fate {
            Ok(_) if is_first => self.keep_rooms(cache),
            Ok(_) => {}
            Err(_) => self.forget(),
        }
        fate.map(|_| ())
    }

    fn update(
        &mut self,
        at: &Snapshot,
        load: &Load,
        known: &Known,
        reader: &mut Reader<'_>,
    ) -> Result<Fate> {
        let full = |(room, f): (&FeatureRoom, &Feature)| f.inside.is_some() || !load.wants(room);
        if self.tree.as_ref() == at.tree() && self.features.iter().all(full) {
            return Ok(Fate::Followed);
        }
        let Some(tree) = at.tree() else {
            return Ok(Fate::Shrunk);
        };
        let root = reader.root(tree)?;
        let gone = self
            .features
            .keys()
            .any(|room| !root.features.contains_key(room))
            || self.locks.keys().any(|room| !root.locks.contains_key(room))
            || self.tasks.keys().any(|room| !root.tasks.contains_key(room))
            || (self.meta.is_some() && self.meta != root.meta);
        if gone {
            return Ok(Fate::Shrunk);
        }
        self.root_problems = root.problems;
        if root.meta.is_none() {
            let (path, why) = (
                "meta".to_owned(),
                "it is missing: this is no state".to_owned(),
            );
            self.root_problems.push(Problem { path, why });
        }
        if self.meta != root.meta {
            self.read_meta(root.meta, known, reader)?;
        }
        self.read_registers(root.actors, known, reader)?;
        for (room, tree) in root.features {
            let wanted = load.wants(&room);
            if self.feature(&room, tree, (wanted, known), reader)? == Fate::Shrunk {
                return Ok(Fate::Shrunk);
            }
        }
        for (room, tree) in root.locks {
            self.lock(room, tree, known, reader)?;
        }
        for (room, tree) in root.tasks {
            self.task(room, tree, known, reader)?;
        }
        self.tree = Some(tree.clone());
        self.gather_problems();
        Ok(Fate::Followed)
    }

    fn read_meta(
        &mut self,
        tree: Option<Oid>,
        known: &Known,
        reader: &mut Reader<'_>,
    ) -> Result<()> {
        if let Some(tree) = &tree
            && !known.contains("meta")
        {
            let mut view = View::default();
            let (entries, problems) = reader.records("meta", &[(String::new(), tree.clone())])?;
            view.problems = problems;
            for entry in entries {
                view.put_meta(&format!("meta/{}", entry.path), &entry.bytes);
            }
            if view.authority.is_none() && view.problems.is_empty() {
                view.problems.push(Problem {
                    path: layout::AUTHORITY.to_owned(),
                    why: "it is missing".to_owned(),
                });
            }
            let mine = Arc::make_mut(&mut self.view);
            (mine.format, mine.authority) = (view.format, view.authority);
            self.meta_problems = view.problems;
        }
        self.meta = tree;
        Ok(())
    }

    fn read_registers(
        &mut self,
        tree: Option<Oid>,
        known: &Known,
        reader: &mut Reader<'_>,
    ) -> Result<()> {
        if self.actors != tree
            && let Some(folder) = &tree
            && !known.contains("actors")
        {
            let mut view = View::default();
            let folders = [(String::new(), folder.clone())];
            let (entries, problems) = reader.records("actors", &folders)?;
            view.problems = problems;
            for entry in entries {
                let path = format!("actors/{}", entry.path);
                match layout::parse(&path) {
                    Some(Slot::Beat(actor)) => view.put_beat(&actor, &path, &entry.bytes),
                    Some(Slot::Session(actor, name)) => {
                        view.put_session((&actor, &name), &path, &entry.bytes);
                    }
                    _ => view.problems.push(Problem::foreign(path)),
                }
            }
            let mine = Arc::make_mut(&mut self.view);
            (mine.beats, mine.sessions) = (view.beats, view.sessions);
            self.actor_problems = view.problems;
        }
        self.actors = tree;
        Ok(())
    }

    pub(super) fn authority(&self) -> Option<ActorId> {
        self.view.authority.as_ref().map(|a| a.id.clone())
    }

    fn feature(
        &mut self,
        room: &FeatureRoom,
        tree: Oid,
        (wanted, known): (bool, &Known),
        reader: &mut Reader<'_>,
    ) -> Result<Fate> {
        let old = self.features.get(room);
        let inside = old.is_some_and(|f| f.inside.is_some());
        if old.is_some_and(|f| f.at.tree == tree) && (inside || !wanted) {
            return Ok(Fate::Followed);
        }
        let applied = known.contains(room.path()) && old.is_none();
        if !wanted && !inside && !applied && self.brief_from_cache(room, &tree, reader) {
            return Ok(Fate::Followed);
        }
        let mut inside = self
            .features
            .remove(room)
            .and_then(|f| f.inside)
            .unwrap_or_default();
        let authority = self.authority();
        let mut folded = self.take_out(room);
        let wanted = wanted || folded.id.is_some();
        let fate = inside.refresh(
            (room, &tree),
            &mut folded,
            (authority.as_ref(), known),
            reader,
        )?;
        if fate == Fate::Shrunk {
            return Ok(fate);
        }
        let mut problems = folded.problems;
        problems.extend(inside.problems().cloned());
        match folded.id {
            Some(id) => {
                let view = Arc::make_mut(&mut self.view);
                let as_applied = view.briefs.get(&id).filter(|_| !inside.folded);
                let brief = as_applied.cloned().unwrap_or_else(|| folded.view.brief());
                if problems.is_empty() && !wanted {
                    reader.cache().keep_brief(room, &tree, (&id, &brief));
                }
                view.briefs.insert(id.clone(), brief);
                if wanted {
                    view.features.insert(id, folded.view);
                }
            }
            None => problems.push(Problem {
                path: room.path().to_owned(),
                why: "no record tells the id of this feature".to_owned(),
            }),
        }
        let feature = Feature {
            at: Remembered { tree, problems },
            inside: wanted.then_some(inside),
        };
        self.features.insert(room.clone(), feature);
        Ok(Fate::Followed)
    }

    /// The feature as the view shows it, out of the view so that it can be changed in place.
    fn take_out(&mut self, room: &FeatureRoom) -> Folded<FeatureId, FeatureView> {
        let view = Arc::make_mut(&mut self.view);
        let id = view.features.keys().find(|id| room.is_of(id)).cloned();
        let known = id.as_ref().and_then(|id| view.features.remove(id));
        Folded {
            view: known.unwrap_or_default(),
            id,
            problems: Vec::new(),
        }
    }

    fn brief_from_cache(&mut self, room: &FeatureRoom, tree: &Oid, reader: &Reader<'_>) -> bool {
        let Some((id, brief)) = reader.cache().brief(room, tree) else {
            return false;
        };
        Arc::make_mut(&mut self.view).briefs.insert(id, brief);
        let feature = Feature {
            at: Remembered {
                tree: tree.clone(),
                problems: Vec::new(),
            },
            inside: None,
        };
        self.features.insert(room.clone(), feature);
        true
    }

    fn gather_problems(&mut self) {
        let mut all = self.meta_problems.clone();
        all.extend(self.root_problems.iter().cloned());
        all.extend(self.actor_problems.iter().cloned());
        all.extend(
            self.features
                .values()
                .flat_map(|f| f.at.problems.iter().cloned()),
        );
        all.extend(self.locks.values().flat_map(|l| l.problems.iter().cloned()));
        all.extend(self.tasks.values().flat_map(|t| t.problems.iter().cloned()));
        all.sort();
        if self.view.problems != all {
            Arc::make_mut(&mut self.view).problems = all;
        }
    }
}
