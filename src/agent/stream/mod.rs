//! What an agent says while it works, read as it comes: bytes in, events out, one digest.
//!
//! Memory is bounded whatever comes; bytes that are no text and events that nobody knows are
//! counted, and the raw log has them. Nothing here is believed: it is shown, counted and used to
//! decide when to wait, never what a result is worth.

mod claude;
mod codex;
mod copilot;
mod cursor;
pub mod digest;
mod event;
mod gemini;
mod goose;
mod lines;
mod opencode;
mod plain;
pub mod reader;
mod resets;
mod trouble;
mod values;

pub use digest::{Counting, Digest};
pub use reader::Reader;
