//! The room of one attempt: made, equipped, checkpointed, sealed, salvaged, removed.
//!
//! A room stands outside every other work tree and has a branch of its own. Whatever stood in it
//! is held by a ref before it goes. Nothing here touches the state: what was found is returned.

pub mod baseline;
pub mod equip;
pub mod place;
pub mod post;
pub mod ref_watch;
pub mod room;
pub mod rooms;
pub mod sentinel;
pub mod verify_rooms;

mod head_log;
mod record;

pub use equip::{Equipment, Setup};
pub use post::Post;
pub use ref_watch::{Moved, RefWatch, What};
pub use room::{Room, Salvage};
pub use rooms::{Removal, RoomSpec, Rooms};
pub use sentinel::{Sentinel, Tampering};
pub use verify_rooms::{VerifyRoom, VerifyRooms};
