//! Plan text to [`crate::model::Plan`] and back: a file per format, a guard before all of them.

mod agree;
mod builder;
pub mod contracts;
mod convert;
pub mod detect;
pub mod document;
mod explain;
pub mod export;
pub mod guard;
pub mod limits;
mod linear;
mod lists;
pub mod node;
pub mod outline;
pub mod outline_of;
pub mod profile;
mod prune;
pub mod queue_result;
mod recognise;
mod scalar;
mod scan;
pub mod schema;
mod schema_parts;
mod schema_words;
mod simple;
pub mod span;
mod tags;
mod team;
mod work_packages;
pub mod write_back;

pub use linear::linear;
pub use node::Span;
pub use recognise::{DOCUMENTS, open, recognise};
pub use span::Spans;
pub use work_packages::{Parsed, read};
