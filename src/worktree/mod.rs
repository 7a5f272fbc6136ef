//! The room of one attempt: made, equipped, checkpointed, sealed, salvaged, removed.
//!
//! A room stands outside every other work tree and has a branch of its own. Whatever stood in it
//! is held by a ref before it goes. Nothing here touches the state: what was found is returned.

pub mod baseline;
pub mod disk;
pub mod equip;
pub mod place;
pub mod ports;
pub mod post;
pub mod programs;
pub mod ref_watch;
pub mod room;
pub mod rooms;
pub mod sentinel;
pub mod sparse;
pub mod submodules;
pub mod verify_rooms;

mod apart;
mod checkpoint;
mod head_log;
pub mod live_tips;
mod record;
mod wanted;

pub use disk::DiskUse;
pub use equip::{Equipped, equip};
pub use post::Post;
pub use ref_watch::{Moved, RefWatch, What};
pub use room::{Room, Salvage};
pub use rooms::{Removal, RoomSpec, Rooms};
pub use sentinel::{Sentinel, Tampering};
pub use sparse::Readable;
pub use verify_rooms::{VerifyRoom, VerifyRooms};
