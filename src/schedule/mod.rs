//! Opinions: what should happen next, where everything stands, and why. Pure.
//!
//! [`decide()`] is asked by the engine after every occurrence, by `--dry-run` on a simulated clock,
//! and by tests. [`standing`] computes the statuses from the same stages. Nothing here touches a
//! disk, a clock or git: what lies outside the ref comes as [`Observed`].

pub mod agenda;
pub mod agreed;
mod attend;
pub mod begin;
mod choose;
mod contention;
pub mod decide;
pub mod decision;
mod finish;
mod fixes;
pub mod forecast;
pub mod gates;
pub mod growth;
pub mod hands;
pub mod input;
mod land;
mod picture;
pub mod qa;
pub mod readiness;
pub mod review;
pub mod revise;
pub mod side_by_side;
pub mod sprout;
pub mod stage;
mod start;
pub mod status;
#[cfg(test)]
mod tests;
pub mod tier;
pub mod train;
pub mod why;

pub use agenda::{Agenda, Item};
pub use begin::Beginning;
pub use decide::decide;
pub use decision::{Decision, Holding};
pub use forecast::forecast;
pub use hands::{Hand, Hands, Purse};
pub use input::{
    Duties, Input, IntegratorSeen, Limits, Observed, OnError, Purses, Qa, RunOptions, Stay, Stop,
    Work,
};
pub use readiness::{Readiness, readiness};
pub use review::{ReviewDue, ReviewPolicy, ReviewState, Reviewer};
pub use status::{FeatureState, Standing, standing};
pub use tier::OpenStep;
pub use why::Why;
