//! A view goes on record by record: what a fold of everything would give, for less.

use crate::base::{ActorId, FeatureId};
use crate::state::codec::decode;
use crate::state::layout::{self, FeatureRoom, LockRoom, LockSlot, Slot};
use crate::state::record::{Attempt, Body, LockClaim, Open, Record};
use crate::state::view::View;

const NOT_A_RECORD: &str = "it is no record";
const NOT_LOADED: &str = "its feature was not loaded";

impl View {
    /// Adds records that were accepted on this very view.
    ///
    /// The features concerned must have been loaded, as for [`crate::state::evaluate()`].
    pub fn apply(&mut self, records: &[Record]) {
        for record in records {
            if let Err(why) = self.apply_one(record) {
                self.problem(&record.path, why);
                self.problems.sort();
            }
        }
    }

    fn apply_one(&mut self, record: &Record) -> Result<(), String> {
        let Body::Json(bytes) = &record.body else {
            return Ok(());
        };
        let authority = self.authority.as_ref().map(|a| a.id.clone());
        let authority = authority.as_ref();
        match layout::parse(&record.path).ok_or(NOT_A_RECORD)? {
            Slot::Shelf(..) => Ok(()),
            Slot::Session(actor, name) => {
                self.put_session((&actor, &name), &record.path, bytes);
                Ok(())
            }
            Slot::Task(room, slot) => {
                let task = self.tasks.entry(room.task().clone()).or_default();
                task.put(&room, &slot, authority, bytes)
            }
            Slot::Beat(actor) => {
                self.put_beat(&actor, &record.path, bytes);
                Ok(())
            }
            Slot::Format | Slot::Authority => {
                self.put_meta(&record.path, bytes);
                Ok(())
            }
            Slot::Feature(room, slot) => {
                let id = match self.feature_of(&room) {
                    Some(id) => id,
                    None => decode::<Open>(bytes)?.feature,
                };
                let feature = self.features.entry(id.clone()).or_default();
                feature.put(&room, &slot, authority, bytes)?;
                let brief = self.briefs.entry(id).or_default();
                feature.refresh(brief);
                Ok(())
            }
            Slot::Package(feature, room, slot) => {
                let id = self.feature_of(&feature).ok_or(NOT_LOADED)?;
                let feature = self.features.get_mut(&id).ok_or(NOT_LOADED)?;
                let package = match feature.package_of(&room) {
                    Some(package) => package,
                    None => decode::<Attempt>(bytes)?.package,
                };
                let view = feature.packages.entry(package.clone()).or_default();
                let was_merged = view.accept.is_some();
                view.put(&room, &slot, authority, bytes)?;
                let brief = self.briefs.entry(id).or_default();
                brief.merged += usize::from(view.accept.is_some() && !was_merged);
                brief.refresh(&package, view.live());
                Ok(())
            }
            Slot::Lock(room, slot) => self.apply_lock(&room, &slot, authority, bytes),
        }
    }

    fn apply_lock(
        &mut self,
        room: &LockRoom,
        slot: &LockSlot,
        authority: Option<&ActorId>,
        bytes: &[u8],
    ) -> Result<(), String> {
        let key = match slot {
            LockSlot::Claim(_) => decode::<LockClaim>(bytes)?.key,
            LockSlot::Grant(..)
            | LockSlot::End(..)
            | LockSlot::Filed(..)
            | LockSlot::Ruling(..) => {
                let mut keys = self.locks.keys();
                let known = keys.find(|key| LockRoom::of(key) == *room);
                known.ok_or("its lock has no readable claim")?.clone()
            }
        };
        let lock = self.locks.entry(key).or_default();
        lock.put(room, slot, authority, bytes)
    }

    /// The id of the loaded feature that lies in `room`.
    fn feature_of(&self, room: &FeatureRoom) -> Option<FeatureId> {
        let plain = FeatureId::parse(room.slug()).filter(|id| room.is_of(id));
        plain.or_else(|| self.features.keys().find(|id| room.is_of(id)).cloned())
    }
}
