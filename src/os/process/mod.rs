//! Programs: short ones that are run to their end, long ones that are supervised.
//!
//! Always an argument array, a stated folder and environment, bounded output. [`run`] is for tools
//! that end by themselves; [`supervise()`] is for agents and verification commands: it has limits,
//! can be stopped, and leaves no process behind.

pub mod sink;
pub mod table;

mod child;
mod invocation;
mod reap;
mod run;
mod supervise;

pub use invocation::{Input, Invocation};
pub use reap::{Survivor, kill_marked, marked};
pub use run::{Finished, STDERR_MAX, run};
pub use sink::Sink;
pub use supervise::{Ended, Job, Limits, Outcome, Watch, supervise};

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It left with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl Status {
    /// True for exit code 0.
    pub fn is_success(self) -> bool {
        self == Status::Code(0)
    }

    fn from_std(status: std::process::ExitStatus) -> Self {
        use std::os::unix::process::ExitStatusExt;
        match (status.code(), status.signal()) {
            (Some(code), _) => Status::Code(code),
            (None, signal) => Status::Signal(signal.unwrap_or(0)),
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Status::Code(code) => write!(f, "exit code {code}"),
            Status::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}
