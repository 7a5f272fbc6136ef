//! What the coordination verbs do: data in, data out. Commands print it, the MCP server sends it.
//!
//! Nothing here reads a command line or writes to a terminal. A refusal is an answer.

pub(in crate::commands) mod audit;
pub(in crate::commands) mod capabilities;
pub(in crate::commands) mod escalations;
pub(in crate::commands) mod handoffs;
pub(in crate::commands) mod identity;
pub(in crate::commands) mod locks;
pub(in crate::commands) mod memories;
pub(in crate::commands) mod quote;
pub(in crate::commands) mod reply;
pub(in crate::commands) mod sessions;
pub(in crate::commands) mod standing;
pub(in crate::commands) mod tasks;

pub(in crate::commands) use identity::Identity;
pub(in crate::commands) use reply::Reply;
