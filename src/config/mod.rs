//! Git config, `wp.toml` and the environment become settings. The only reader of the environment.
//!
//! Precedence: `GIT_WP_*` variables, `wp.*` in git config, `wp.toml`, defaults. The three say
//! different things on purpose: what names a program for an agent cannot come with a clone.

mod agent_settings;
pub mod agents;
pub mod environment;
mod given;
mod programs;
pub mod project;
pub mod rights;
pub mod settings;
pub mod terminal;
mod unset;

pub use environment::Environment;
pub use project::ProjectFile;
pub use settings::{Loaded, load};
