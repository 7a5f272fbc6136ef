//! Where each record lies: paths are written by [`FeatureRoom`], [`PackageRoom`], [`LockRoom`],
//! [`TaskRoom`] and [`Shelf`], and read back by [`parse`]. The head of [`crate::state::record`]
//! draws the tree.
//!
//! A path is either one of the drawn ones or foreign; nothing is guessed.

mod class;
mod common;
mod room;
mod shelf;
mod slot;
mod task;

pub use class::Class;
pub use room::{
    FeatureRoom, LockRoom, PackageRoom, beat, fan, feature_room, h8, lock_room, package_room,
    session,
};
pub use shelf::{Shelf, shelf_slot};
pub use slot::{
    AUTHORITY, FORMAT, FeatureSlot, LockSlot, PackageSlot, Slot, class, feature_of, feature_slot,
    is_json, is_said_by_many, lock_slot, package_slot, parse,
};
pub use task::{TaskRoom, TaskSlot, task_room, task_slot};
