//! Where each record lies: paths are written by [`FeatureRoom`], [`PackageRoom`] and
//! [`LockRoom`], and read back by [`parse`]. The tree is drawn in [`crate::state::record`].
//!
//! A path is either one of the drawn ones, reserved for later, or foreign; nothing is guessed.

mod room;
mod slot;

pub use room::{
    FeatureRoom, LockRoom, PackageRoom, beat, fan, feature_room, h8, lock_room, package_room,
};
pub use slot::{
    AUTHORITY, Class, FORMAT, FeatureSlot, LockSlot, PackageSlot, Slot, class, feature_of,
    feature_slot, is_json, is_reserved, is_said_by_many, lock_slot, package_slot, parse,
};
