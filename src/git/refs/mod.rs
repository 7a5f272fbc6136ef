//! The only module that touches refs, HEAD or revision strings.
//!
//! The backend is chosen once from `extensions.refStorage`. In the files backend refs are read
//! here and written here with git's own locking protocol and with the flushes that git leaves
//! out, where no reflog is kept or [`Refs::advance`] makes its entry. Everything else (reftable,
//! other branches, deletions) goes through `git update-ref`, followed by a flush. No hook of the
//! repository runs either way.

mod api;
mod files;
mod head;
mod log;
mod packed;
mod stale;
mod swap;
mod via_git;

pub use api::{Move, Refs};
pub use head::Head;
pub use swap::{Expected, SwapError};
