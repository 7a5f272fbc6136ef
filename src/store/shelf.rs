//! Handoffs, memories and decisions: read when somebody asks for them, never when somebody claims.
//!
//! What a fan held is kept in the cache under its tree id, so that a second reader reads files of
//! ours and no objects. A record that cannot be read is reported, never skipped silently.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base::{Kind, Oid, RepoPath, Result, TxnId, json};
use crate::git::Mode;
use crate::state::codec::decode;
use crate::state::layout::{Shelf, shelf_slot};
use crate::state::record::{Decided, Handoff, Memory, Retraction};
use crate::state::view::Problem;
use crate::store::backend::Snapshot;
use crate::store::handle::Store;

/// What lies on a shelf.
#[derive(Debug, Clone, PartialEq)]
pub struct Shelved<T> {
    /// The records by the transactions that made them, in no order.
    pub items: Vec<(TxnId, T)>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

impl<T> Default for Shelved<T> {
    fn default() -> Self {
        Shelved {
            items: Vec::new(),
            problems: Vec::new(),
        }
    }
}

impl Store {
    /// Every handoff.
    ///
    /// # Errors
    /// As [`Store::view`].
    pub fn handoffs(&self) -> Result<Shelved<Handoff>> {
        self.shelf(&self.checked()?, Shelf::Handoffs)
    }

    /// Every memory that was not taken back.
    ///
    /// # Errors
    /// As [`Store::view`].
    pub fn memories(&self) -> Result<Shelved<Memory>> {
        let at = self.checked()?;
        let mut all: Shelved<Memory> = self.shelf(&at, Shelf::Memories)?;
        let gone: Shelved<Retraction> = self.shelf(&at, Shelf::Retractions)?;
        all.items
            .retain(|(id, _)| !gone.items.iter().any(|(_, r)| r.memory == *id));
        all.problems.extend(gone.problems);
        Ok(all)
    }

    /// Every decision that was enforced.
    ///
    /// # Errors
    /// As [`Store::view`].
    pub fn decisions(&self) -> Result<Shelved<Decided>> {
        self.shelf(&self.checked()?, Shelf::Decisions)
    }

    /// What cannot be read on any shelf of this state.
    ///
    /// # Errors
    /// The machine failed.
    pub(super) fn shelf_problems(&self, at: &Snapshot) -> Result<Vec<Problem>> {
        let mut all = self.shelf::<Handoff>(at, Shelf::Handoffs)?.problems;
        all.extend(self.shelf::<Memory>(at, Shelf::Memories)?.problems);
        all.extend(self.shelf::<Retraction>(at, Shelf::Retractions)?.problems);
        all.extend(self.shelf::<Decided>(at, Shelf::Decisions)?.problems);
        Ok(all)
    }

    fn shelf<T: Serialize + DeserializeOwned>(
        &self,
        at: &Snapshot,
        shelf: Shelf,
    ) -> Result<Shelved<T>> {
        let mut found = Shelved::default();
        let Some(tree) = at.tree() else {
            return Ok(found);
        };
        let name = RepoPath::from(shelf.folder());
        let root = self.backend.list(tree)?;
        let folder = { root.iter() }.find(|e| e.path == name && e.mode == Mode::Tree);
        let Some(folder) = folder else {
            return Ok(found);
        };
        for fan in self.backend.list(&folder.oid)? {
            let h2 = fan.path.to_text();
            match fan.mode {
                Mode::Tree => self.fan((shelf, &h2), &fan.oid, &mut found)?,
                _ => {
                    let path = format!("{}/{h2}", shelf.folder());
                    found.problems.push(Problem::foreign(path));
                }
            }
        }
        Ok(found)
    }

    fn fan<T: Serialize + DeserializeOwned>(
        &self,
        (shelf, h2): (Shelf, &str),
        tree: &Oid,
        found: &mut Shelved<T>,
    ) -> Result<()> {
        let name = format!("shelf-{}-{h2}", shelf.folder());
        if let Some(items) = self.kept(&name, tree) {
            found.items.extend(items);
            return Ok(());
        }
        let mut here = Shelved::default();
        for entry in self.backend.list(tree)? {
            let path = format!("{}/{h2}/{}", shelf.folder(), entry.path.to_text());
            let id = shelf_slot(&format!("{h2}/{}", entry.path.to_text()));
            let Some(id) = id.filter(|_| entry.mode == Mode::File) else {
                here.problems.push(Problem::foreign(path));
                continue;
            };
            match self.backend.blob(&entry.oid) {
                Ok(bytes) => match decode(&bytes) {
                    Ok(item) => here.items.push((id, item)),
                    Err(why) => here.problems.push(Problem { path, why }),
                },
                Err(error) if error.kind() == Kind::Damaged => {
                    let why = error.to_string();
                    here.problems.push(Problem { path, why });
                }
                Err(error) => return Err(error),
            }
        }
        if here.problems.is_empty()
            && let Ok(text) = json::line(&here.items)
        {
            self.cache.put(&name, format!("{tree}\n{text}").as_bytes());
        }
        found.items.extend(here.items);
        found.problems.extend(here.problems);
        Ok(())
    }

    fn kept<T: DeserializeOwned>(&self, name: &str, tree: &Oid) -> Option<Vec<(TxnId, T)>> {
        let bytes = self.cache.get(name)?;
        let end = bytes.iter().position(|b| *b == b'\n')?;
        let (key, value) = (&bytes[..end], &bytes[end..]);
        match key == tree.as_str().as_bytes() {
            true => json::parse_as(value).ok(),
            false => None,
        }
    }
}
