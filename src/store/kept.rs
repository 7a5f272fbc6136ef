//! Locks and free-standing tasks as they were folded last, in one file of the cache: a process
//! that begins reads what changed since, and no records of everything that did not.
//!
//! Kept are derived values, by the tree ids of their fans, and only where nothing is wrong with
//! any of them: what has to be reported is read again each time.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::{Oid, RepoPath, json};
use crate::git::{Entry, Mode};
use crate::state::layout::{self, LockRoom};
use crate::state::lock_view::LockView;
use crate::state::record::Authority;
use crate::state::task_view::TaskView;
use crate::store::cache::Cache;
use crate::store::inside::Remembered;
use crate::store::mirror::Mirror;

/// The file in the cache.
const NAME: &str = "rooms";
/// Changes with the meaning or the form of what is kept; another build may fold otherwise.
const FORM: &str = concat!("1 ", env!("CARGO_PKG_VERSION"));

#[derive(Serialize, Deserialize)]
struct Kept {
    meta: Oid,
    format: u32,
    authority: Option<Authority>,
    locks: Vec<Fan<(String, LockView)>>,
    tasks: Vec<Fan<TaskView>>,
}

/// Rooms whose hashes begin alike.
#[derive(Serialize, Deserialize)]
struct Fan<V> {
    path: String,
    tree: Oid,
    /// Name, tree and what it means.
    rooms: Vec<(String, Oid, V)>,
}

impl Mirror {
    /// Begins with what is kept; with nothing if that is of another build or damaged.
    pub(super) fn recall(&mut self, cache: &Cache) {
        let bytes = cache.get(NAME).unwrap_or_default();
        let Some(end) = bytes.iter().position(|b| *b == b'\n') else {
            return;
        };
        if bytes[..end] != *FORM.as_bytes() {
            return;
        }
        let kept = json::parse_as(&bytes[end..]).ok();
        if kept.and_then(|kept| self.begin_with(kept)).is_none() {
            self.forget();
        }
    }

    /// Keeps what was read if that spares those who come later more than it costs here: the
    /// file grows with the rooms, and what is spared with the square of those that changed.
    pub(super) fn keep_rooms(&self, cache: &Cache) {
        let rooms = self.locks.len() + self.tasks.len();
        let is_worth_it = self.folded * self.folded > rooms / 16 + 8;
        if !is_worth_it || !cache.is_there() || !self.view.problems.is_empty() {
            return;
        }
        if let Some(kept) = self.kept()
            && let Ok(text) = json::line(&kept)
        {
            cache.put(NAME, format!("{FORM}\n{text}").as_bytes());
        }
    }

    /// `None` if it contradicts itself.
    fn begin_with(&mut self, kept: Kept) -> Option<()> {
        let view = Arc::make_mut(&mut self.view);
        (view.format, view.authority) = (kept.format, kept.authority);
        self.meta = Some(kept.meta);
        for fan in kept.locks {
            let level = level(&fan);
            for (name, tree, (key, lock)) in fan.rooms {
                let room = layout::lock_room(&format!("{}/{name}", fan.path))?;
                self.locks.insert(room, Remembered::sound(tree));
                view.locks.insert(key, lock);
            }
            self.folders.insert(fan.path, (fan.tree, level));
        }
        for fan in kept.tasks {
            let level = level(&fan);
            for (name, tree, task) in fan.rooms {
                let room = layout::task_room(&format!("{}/{name}", fan.path))?;
                view.tasks.insert(room.task().clone(), task);
                self.tasks.insert(room, Remembered::sound(tree));
            }
            self.folders.insert(fan.path, (fan.tree, level));
        }
        Some(())
    }

    /// `None` if something was not read.
    fn kept(&self) -> Option<Kept> {
        let keys: BTreeMap<LockRoom, &String> = { self.view.locks.keys() }
            .map(|key| (LockRoom::of(key), key))
            .collect();
        let lock = |path: &str| {
            let key = *keys.get(&layout::lock_room(path)?)?;
            Some((key.clone(), self.view.locks.get(key)?.clone()))
        };
        let task = |path: &str| {
            let room = layout::task_room(path)?;
            self.view.tasks.get(room.task()).cloned()
        };
        Some(Kept {
            meta: self.meta.clone()?,
            format: self.view.format,
            authority: self.view.authority.clone(),
            locks: self.fans("locks", lock)?,
            tasks: self.fans("tasks", task)?,
        })
    }

    /// The fans of one folder of the root.
    fn fans<V>(&self, folder: &str, view: impl Fn(&str) -> Option<V>) -> Option<Vec<Fan<V>>> {
        let Some((_, fans)) = self.folders.get(folder) else {
            return Some(Vec::new());
        };
        let fan = |fan: &Entry| {
            let path = format!("{folder}/{}", fan.path.to_text());
            let (tree, entries) = self.folders.get(&path).filter(|f| f.0 == fan.oid)?;
            let room = |entry: &Entry| {
                let name = entry.path.to_text();
                let view = view(&format!("{path}/{name}"))?;
                Some((name, entry.oid.clone(), view))
            };
            let rooms: Option<Vec<_>> = entries.iter().map(room).collect();
            Some(Fan {
                tree: tree.clone(),
                rooms: rooms?,
                path,
            })
        };
        fans.iter().map(fan).collect()
    }
}

/// The entries of the fan's tree.
fn level<V>(fan: &Fan<V>) -> Arc<Vec<Entry>> {
    let entry = |(name, tree, _): &(String, Oid, V)| Entry {
        path: RepoPath::from(name.as_str()),
        mode: Mode::Tree,
        oid: tree.clone(),
    };
    Arc::new(fan.rooms.iter().map(entry).collect())
}
