//! Hooks in the rooms of attempts, and nowhere else: installing them, proving that they run,
//! running what would have run without them.
//!
//! They are a guard rail that tells an agent early what the gate would refuse later. The gate is
//! the guarantee. Outcomes are values; nothing here prints.

pub mod chain;
pub mod install;
pub mod room;
pub mod run;
pub mod status;
pub mod verdict;

mod explain;
mod loose;
mod names;
mod pre_commit;
mod ref_transaction;

pub use install::{Change, env_config, install, materialise, uninstall};
pub use loose::loose;
pub use room::{Neighbour, Place, Room, RoomScope};
pub use run::{HookCall, HookEnd, run};
pub use status::{HooksStatus, Reach, status};
pub use verdict::Bounds;
