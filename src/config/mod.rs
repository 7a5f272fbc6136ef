//! Git config, `wp.toml` and the environment become settings. The only reader of the environment.

pub mod rights;
pub mod terminal;
