//! The worker in a room: its prompt, how it is started, watched and ended, what it left behind.
//!
//! An agent is a [`Profile`], a value. Nothing here touches the state, and nothing an agent says
//! is believed: outcomes are judged from its process and from git.

mod blanks;
pub mod choose;
pub mod collect;
pub mod conversation;
pub mod debug;
pub mod design;
mod document;
pub mod environment;
mod facts;
pub mod held;
pub mod hypotheses;
mod launch;
mod listen;
mod order;
pub mod profile;
pub mod prompt;
pub mod question;
pub mod quote;
pub mod result_file;
pub mod review_prompt;
pub mod sandbox;
mod scratch;
mod shell;
pub mod slice;
mod staff;
pub mod stream;
pub mod supervise;
pub mod wiring;
pub mod words;

#[cfg(test)]
pub(crate) mod sample;

pub use blanks::Blanks;
pub use choose::{Asked, choose, staff};
pub use collect::{Collect, collect};
pub use conversation::Conversation;
pub use debug::Case;
pub use environment::Environment;
pub use order::{Activity, Limits, Observer, Order, Places};
pub use profile::Profile;
pub use prompt::{Brief, PROMPT_MAX, Prompt};
pub use question::{Moment, Question};
pub use quote::Note;
pub use result_file::{Expected, ResultFile};
pub use sandbox::Fence;
pub use shell::SHELL;
pub use slice::Sources;
pub use staff::Staff;
pub use supervise::{AgentEnd, AgentRun};
