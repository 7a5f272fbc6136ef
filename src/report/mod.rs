//! Values to text. Never decides, never prints, touches nothing outside.
//!
//! One picture per file. Text and `--json` come from the same serialisable view, so the two
//! cannot tell different stories. Colours exist in `style` only.

pub mod adopt;
pub mod alerts;
pub mod books;
pub mod cleanup;
pub mod diff;
pub mod doctor;
mod ended;
pub mod error;
pub mod event_line;
pub mod findings;
pub mod forecast;
pub mod gate;
pub mod graph_dot;
pub mod graph_mermaid;
pub mod graph_text;
pub mod guard;
pub mod junit;
pub mod log;
pub mod overview;
pub mod programs;
pub mod progress;
pub mod pull_request;
pub mod purple_status;
pub mod qa;
pub mod questions;
pub mod rehearsal;
pub mod remote;
pub mod reviewed;
pub mod reviews;
pub mod sarif;
pub mod spec_text;
pub mod status;
pub mod style;
pub mod summary;
pub mod sync;
pub mod table;
pub mod train;
pub mod used;
pub mod view;
pub mod why;

pub use style::{Label, Page, Style};
pub use table::{Cell, Table};
