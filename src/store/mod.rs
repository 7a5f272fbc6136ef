//! The state on its ref: snapshots, transactions, group commit, cache, journal, damages.
//!
//! [`Store::submit`] is the only door. Whoever holds the transaction lock evaluates its own and
//! everybody's waiting requests on one snapshot; the swap consumes that very snapshot. Reads
//! never lock and never write refs, objects, index or config.

pub mod actor;
mod apart;
mod audit;
mod backend;
mod cache;
mod damage;
mod derived;
mod fsck;
mod git_ref;
mod handle;
mod inbox;
mod inside;
mod journal;
mod kept;
mod memory;
mod message;
mod mirror;
mod overlay;
mod reader;
mod remembered;
mod repair;
mod seen;
mod shelf;
mod spool;
pub mod sync;
mod transact;

pub use audit::Derived;
pub use backend::Snapshot;
pub use damage::{Damage, Fault};
pub use handle::{Accepted, Seat, Store};
pub use inbox::{Owner, Passed};
pub use memory::Memory;
pub use message::Change;
pub use mirror::Load;
pub use seen::{Seen, tracking_ref};
pub use shelf::Shelved;
