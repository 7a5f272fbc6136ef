//! Sets of paths: patterns, exact overlap with a witness, the scope guard.
//!
//! The dialect is described at [`Pattern`]. Everything here is pure; the home of globset.

mod class;
mod denial;
mod expand;
mod fault;
mod fold;
mod program;
mod search;
mod valid;

pub mod guard;
pub mod index;
pub mod matcher;
pub mod overlap;
pub mod patch;
pub mod pattern;
pub mod set;

#[cfg(test)]
mod tests;

pub use fault::{PatternError, Reason};
pub use fold::Fold;
pub use guard::{Change, EntryMode, Policy, Rule, Violation, judge};
pub use matcher::Matcher;
pub use overlap::{Certainty, Covering, Overlap};
pub use pattern::{Pattern, Reach};
pub use set::{ListName, Misfit, Set};
