//! Reading the state tree: levels, rooms and records, with everything unexpected reported.
//!
//! Total where the tree is bad (a missing object, a link, a strange name becomes a problem), and
//! an error only where the machine fails.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::{Kind, Oid, Result};
use crate::git::{Entry as TreeEntry, Mode};
use crate::state::fold::Entry;
use crate::state::layout::{self, FeatureRoom, LockRoom, PackageRoom, Shelf, TaskRoom};
use crate::state::view::Problem;
use crate::store::backend::Backend;
use crate::store::cache::Cache;

/// Folders nested deeper than any record.
const DEPTH_MAX: usize = 8;

/// Levels that were read before: path to tree id and entries.
pub(super) type Folders = BTreeMap<String, (Oid, Arc<Vec<TreeEntry>>)>;

pub(super) struct Reader<'a> {
    backend: &'a dyn Backend,
    cache: &'a Cache,
    folders: Folders,
}

/// The rooms of a state.
#[derive(Default)]
pub(super) struct Root {
    pub(super) meta: Option<Oid>,
    pub(super) actors: Option<Oid>,
    pub(super) features: BTreeMap<FeatureRoom, Oid>,
    pub(super) locks: BTreeMap<LockRoom, Oid>,
    pub(super) tasks: BTreeMap<TaskRoom, Oid>,
    pub(super) problems: Vec<Problem>,
}

/// The parts of a feature: folders of its own records, and its packages.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) own: Vec<(String, Oid)>,
    /// Fans, `<room>/packages/<h2>`, with their tree ids.
    pub(super) fans: BTreeMap<String, Oid>,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(backend: &'a dyn Backend, cache: &'a Cache, folders: Folders) -> Self {
        Reader {
            backend,
            cache,
            folders,
        }
    }

    pub(super) fn into_folders(self) -> Folders {
        self.folders
    }

    pub(super) fn cache(&self) -> &Cache {
        self.cache
    }

    /// The rooms below the root.
    pub(super) fn root(&mut self, tree: &Oid) -> Result<Root> {
        let mut root = Root::default();
        for entry in self.level("", tree, &mut root.problems)?.iter() {
            let name = entry.path.to_text();
            match (name.as_str(), entry.mode) {
                ("meta", Mode::Tree) => root.meta = Some(entry.oid.clone()),
                ("actors", Mode::Tree) => root.actors = Some(entry.oid.clone()),
                ("features", Mode::Tree) => {
                    for (path, oid) in self.fanned("features", &entry.oid, &mut root.problems)? {
                        match layout::feature_room(&path) {
                            Some(room) => _ = root.features.insert(room, oid),
                            None => root.problems.push(Problem::foreign(path)),
                        }
                    }
                }
                ("locks", Mode::Tree) => {
                    for (path, oid) in self.fanned("locks", &entry.oid, &mut root.problems)? {
                        match layout::lock_room(&path) {
                            Some(room) => _ = root.locks.insert(room, oid),
                            None => root.problems.push(Problem::foreign(path)),
                        }
                    }
                }
                ("tasks", Mode::Tree) => {
                    for (path, oid) in self.fanned("tasks", &entry.oid, &mut root.problems)? {
                        match layout::task_room(&path) {
                            Some(room) => _ = root.tasks.insert(room, oid),
                            None => root.problems.push(Problem::foreign(path)),
                        }
                    }
                }
                (name, Mode::Tree) if Shelf::at(name).is_some() => {}
                (name, _) => root.problems.push(Problem::foreign(name.to_owned())),
            }
        }
        Ok(root)
    }

    /// The parts of a feature.
    pub(super) fn parts(&mut self, room: &FeatureRoom, tree: &Oid) -> Result<Parts> {
        let mut parts = Parts::default();
        for entry in self.level(room.path(), tree, &mut parts.problems)?.iter() {
            let name = entry.path.to_text();
            let path = format!("{}/{name}", room.path());
            match (name.as_str(), entry.mode) {
                ("packages", Mode::Tree) => {
                    for fan in self.level(&path, &entry.oid, &mut parts.problems)?.iter() {
                        let path = format!("{path}/{}", fan.path.to_text());
                        match fan.mode {
                            Mode::Tree => _ = parts.fans.insert(path, fan.oid.clone()),
                            _ => parts.problems.push(Problem::foreign(path)),
                        }
                    }
                }
                ("facts" | "rights", Mode::Tree) => parts.own.push((name, entry.oid.clone())),
                _ => parts.problems.push(Problem::foreign(path)),
            }
        }
        Ok(parts)
    }

    /// The packages of one fan.
    pub(super) fn packages(
        &mut self,
        fan: &str,
        tree: &Oid,
    ) -> Result<(BTreeMap<PackageRoom, Oid>, Vec<Problem>)> {
        let (mut packages, mut problems) = (BTreeMap::new(), Vec::new());
        for entry in self.level(fan, tree, &mut problems)?.iter() {
            let path = format!("{fan}/{}", entry.path.to_text());
            match layout::package_room(&path).filter(|_| entry.mode == Mode::Tree) {
                Some(room) => _ = packages.insert(room, entry.oid.clone()),
                None => problems.push(Problem::foreign(path)),
            }
        }
        Ok((packages, problems))
    }

    /// The folders two levels below `path`: `<path>/<h2>/<name>`.
    fn fanned(
        &mut self,
        path: &str,
        tree: &Oid,
        problems: &mut Vec<Problem>,
    ) -> Result<Vec<(String, Oid)>> {
        let mut found = Vec::new();
        for fan in self.level(path, tree, problems)?.iter() {
            let path = format!("{path}/{}", fan.path.to_text());
            if fan.mode != Mode::Tree {
                problems.push(Problem::foreign(path));
                continue;
            }
            for entry in self.level(&path, &fan.oid, problems)?.iter() {
                let path = format!("{path}/{}", entry.path.to_text());
                match entry.mode {
                    Mode::Tree => found.push((path, entry.oid.clone())),
                    _ => problems.push(Problem::foreign(path)),
                }
            }
        }
        Ok(found)
    }

    /// One level of the tree, from memory where its id is the same as last time.
    fn level(
        &mut self,
        path: &str,
        tree: &Oid,
        problems: &mut Vec<Problem>,
    ) -> Result<Arc<Vec<TreeEntry>>> {
        if let Some((known, entries)) = self.folders.get(path)
            && known == tree
        {
            return Ok(Arc::clone(entries));
        }
        let Some(entries) = tolerate(self.backend.list(tree), path, problems)? else {
            return Ok(Arc::default());
        };
        let entries = Arc::new(entries);
        let known = (tree.clone(), Arc::clone(&entries));
        self.folders.insert(path.to_owned(), known);
        Ok(entries)
    }

    /// All records in some folders of a room, each given by its path below the room.
    pub(super) fn records(
        &self,
        room: &str,
        folders: &[(String, Oid)],
    ) -> Result<(Vec<Entry>, Vec<Problem>)> {
        let mut walk = Walk {
            backend: self.backend,
            room,
            entries: Vec::new(),
            problems: Vec::new(),
        };
        for (path, tree) in folders {
            walk.folder(path, tree, 0)?;
        }
        Ok((walk.entries, walk.problems))
    }
}

struct Walk<'a> {
    backend: &'a dyn Backend,
    room: &'a str,
    entries: Vec<Entry>,
    problems: Vec<Problem>,
}

impl Walk<'_> {
    fn folder(&mut self, path: &str, tree: &Oid, depth: usize) -> Result<()> {
        let full = format!("{}/{path}", self.room);
        let full = full.trim_end_matches('/');
        if depth > DEPTH_MAX {
            self.problems.push(Problem::foreign(full.to_owned()));
            return Ok(());
        }
        let listed = tolerate(self.backend.list(tree), full, &mut self.problems)?;
        for entry in listed.unwrap_or_default() {
            let name = entry.path.to_text();
            let path = if path.is_empty() {
                name
            } else {
                format!("{path}/{name}")
            };
            match entry.mode {
                Mode::Tree => self.folder(&path, &entry.oid, depth + 1)?,
                Mode::File => self.file(path, &entry.oid)?,
                _ => self.problems.push(Problem {
                    path: format!("{}/{path}", self.room),
                    why: format!("it has the mode {}", entry.mode.octal()),
                }),
            }
        }
        Ok(())
    }

    fn file(&mut self, path: String, oid: &Oid) -> Result<()> {
        let full = format!("{}/{path}", self.room);
        let bytes = if layout::is_json(&path) {
            tolerate(self.backend.blob(oid), &full, &mut self.problems)?
        } else {
            Some(Vec::new())
        };
        self.entries
            .extend(bytes.map(|bytes| Entry { path, bytes }));
        Ok(())
    }
}

/// A damaged object is a problem of the state, anything else one of the machine.
fn tolerate<T>(result: Result<T>, path: &str, problems: &mut Vec<Problem>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == Kind::Damaged => {
            problems.push(Problem {
                path: path.to_owned(),
                why: error.to_string(),
            });
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
