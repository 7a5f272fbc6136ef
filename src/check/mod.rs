//! Judges a plan: one rule, one function, one code. The errors are exactly those of
//! [`crate::model::Code`]; nothing here reads a file or starts a program, both are asked for.

mod context;
mod contracts;
mod ids;
mod locks;
mod programs;
mod report;
mod scopes;
mod subject;
mod sundry;

pub use context::Context;
pub use contracts::{contract_bytes, contract_places};
pub use report::{Report, check, judge, validate};
