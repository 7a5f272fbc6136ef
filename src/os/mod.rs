//! The operating system, once: clock, randomness, processes, signals, locks, files, the host.
//!
//! Nothing here knows git, packages or state. Every wait has a limit.

pub mod clock;
pub mod confine;
pub mod file;
pub mod host;
pub mod lock;
pub mod port;
pub mod process;
pub mod random;
pub mod share;
pub mod signal;
pub mod terminal;
pub mod tree;
