//! Values that follow from one feature's records alone, kept until those change.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base::{FeatureId, Oid, RepoPath, Result};
use crate::git::Mode;
use crate::state::FeatureView;
use crate::state::layout::FeatureRoom;
use crate::store::backend::Snapshot;
use crate::store::handle::Store;
use crate::store::mirror::Load;

impl Store {
    /// What `compute` makes of the feature, from the cache if its records are the same as then;
    /// `None` if there is no such feature.
    ///
    /// `name` says what the value is, and which version of `compute` made it. The value must
    /// follow from the records alone: no clock, no files, no options.
    ///
    /// # Errors
    /// As [`Store::view`].
    pub fn derived<T: Serialize + DeserializeOwned>(
        &self,
        feature: &FeatureId,
        name: &str,
        compute: impl FnOnce(&FeatureView) -> T,
    ) -> Result<Option<T>> {
        let (snapshot, room) = (self.checked()?, FeatureRoom::of(feature));
        let Some(tree) = self.tree_of(&snapshot, &room)? else {
            return Ok(None);
        };
        if let Some(value) = self.cache.derived(&room, name, &tree) {
            return Ok(Some(value));
        }
        let view = self.view_at(&snapshot, &Load::Features(vec![feature.clone()]))?;
        let value = view.features.get(feature).map(compute);
        if let Some(value) = &value {
            self.cache.keep_derived((&room, name, &tree), value);
        }
        Ok(value)
    }

    /// The tree of a feature's folder.
    fn tree_of(&self, snapshot: &Snapshot, room: &FeatureRoom) -> Result<Option<Oid>> {
        let mut tree = snapshot.tree().cloned();
        for part in room.path().split('/') {
            let Some(folder) = tree else {
                return Ok(None);
            };
            let entries = self.backend.list(&folder)?;
            let name = RepoPath::from(part);
            let found = entries
                .into_iter()
                .find(|e| e.path == name && e.mode == Mode::Tree);
            tree = found.map(|entry| entry.oid);
        }
        Ok(tree)
    }
}
