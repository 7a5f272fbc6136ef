//! Reads review documents: ours, and those of the original in all its versions.
//!
//! The original changed its forms without a version, so a document is taken for what it holds.
//! Whatever cannot be read is refused by name, with its place. What had to be guessed is noted;
//! in the answer of a reviewer, nothing is guessed on which a verdict depends.

mod answer;
mod at;
mod consensus_file;
mod document;
mod finding;
mod findings;
mod loop_state;
mod manifest;
mod place;
mod spelling;

pub use answer::{ANSWER_BYTES_MAX, Asked, Refused, answer};
pub use consensus_file::{ConsensusFile, ConsensusItem, Voter};
pub use document::{Document, Old, document};
pub use loop_state::LoopState;
pub use manifest::{AnswerFile, Dispatch, Manifest};
