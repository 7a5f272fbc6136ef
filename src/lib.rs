#![doc = include_str!("../ARCHITECTURE.md")]

// F0
pub mod base;
// F1
pub mod model;
// F2
pub mod graph;
pub mod guard;
pub mod plan;
pub mod scope;
// F3
pub mod check;
pub mod qa;
pub mod review;
pub mod state;
// F4
pub mod schedule;
// F5
pub mod report;
// ~~~~~~~~ waterline: nothing above touches disk, clock, processes, environment or git ~~~~~~~~
// F6
pub mod os;
// F7
pub mod git;
// F8
pub mod agent;
pub mod config;
pub mod hook;
pub mod integrate;
pub mod store;
pub mod verify;
pub mod worktree;
// F9
pub mod engine;
// F10
pub mod commands;
