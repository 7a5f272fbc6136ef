//! Guardrails and policy: what a command line would destroy, and who may do what. Pure.
//!
//! A command line is read as a shell would read it, and only commands are judged: prose in a
//! message, a comment or a file is none. The guard warns those who err; it is no sandbox, and who
//! hides a command well enough is not seen. See [`judge()`] and [`policy::decide()`].

pub mod builtin;
pub mod policy;

mod call;
mod detect;
mod git_line;
mod git_starts;
mod judge;
mod options;
mod own;
mod prefixes;
mod rules;
mod shell;
mod walk;
mod wrappers;

#[cfg(test)]
mod tests;

pub use builtin::Category;
pub use judge::{Finding, Request, Verdict, judge};
pub use rules::{Consent, Rules};
