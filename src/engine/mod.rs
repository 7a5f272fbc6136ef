//! The loop: decide, record the intent, perform the effect, record the outcome.
//!
//! [`run()`] owns the control flow and has no opinion; [`crate::schedule::decide()`] has them all.
//! What it touches stands behind [`World`], which has two homes: this machine, and the
//! simulation of the tests, which crashes at every step.

mod claims;
mod close;
mod difference;
pub mod effect;
pub mod event;
pub mod machine;
mod perform;
pub mod reading;
mod record;
pub mod report;
pub mod resume;
pub mod reviewing;
pub mod run;
pub mod world;

pub use effect::{Advanced, Effect, Outcome, Rejection, Subject};
pub use event::{Event, EventKind};
pub use machine::{Arrival, LeftBehind, TrainJob, TrainReport, Wagon, merge_train};
pub use machine::{CheckoutRule, Pool, Seat, Setup, Summarise, Trust, implement, is_run, work};
pub use report::RunReport;
pub use run::{Engine, Job, Turn, run};
pub use world::{Change, Clash, Done, Occurrence, Side, World};
