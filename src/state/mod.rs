//! Facts, registers and rights; the view of them; requests and what they become.
//!
//! A *fact* is written by any actor under its own or its attempt's id, never changes, and merges
//! by union. A *right* (grant, end, accept, land, hold) is written only inside a commit that wins
//! the compare-and-swap on the authority; its path is the slot, so a second owner would be a
//! collision of bytes. Status is never stored: [`view`] computes it.
//!
//! Every change is a [`Request`], plain data. `evaluate(view, request)` is pure and invents
//! nothing: ids, times and object ids come with the request.

mod apply;
pub mod asked;
mod attempt;
mod brief;
mod claim;
pub mod codec;
#[cfg(test)]
mod coordination;
mod current;
mod draft;
mod epochs;
mod escalated;
pub mod evaluate;
mod feature;
pub mod filed;
pub mod fold;
mod integrator;
pub mod join;
mod land;
pub mod layout;
pub mod legible;
mod lock;
mod lock_put;
pub mod lock_view;
pub mod locks;
#[cfg(test)]
mod properties;
mod put;
pub mod questions;
pub mod record;
pub mod redacted;
pub mod refusal;
pub mod request;
pub mod resettle;
mod said;
mod session;
pub mod settle;
mod task;
mod task_claim;
mod task_put;
pub mod task_state;
pub mod task_view;
mod tentative;
pub mod view;

pub use draft::beginning;
pub use evaluate::evaluate;
pub use locks::LockSet;
pub use record::Record;
pub use refusal::Refusal;
pub use request::{Op, Request};
pub use settle::{Settled, settle};
pub use view::{FeatureView, PackageView, View};
