//! Runs the steps of a verification in a room and says what they showed, for exactly one tree.
//!
//! In order, fail fast, nothing skipped in silence: every step has its outcome. Nothing here
//! touches the state or knows a package.

pub mod program;
pub mod run;

pub use program::program_exists;
pub use run::{Limits, Verify, labels, run};
