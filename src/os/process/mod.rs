//! Programs: short ones that are run to their end, long ones that are supervised.
//!
//! Always an argument array, a stated folder and environment, bounded output. [`run`] is for tools
//! that end by themselves, [`run_watched`] for those that may hang; [`supervise()`] is for agents
//! and verification commands: it has limits, can be stopped, and leaves no process behind.

pub mod sink;
pub mod table;

mod child;
mod dialogue;
mod invocation;
mod lookup;
mod reap;
mod replace;
mod run;
mod status;
mod supervise;
mod tail;
mod watched;

pub use dialogue::{Dialogue, Heard};
pub use invocation::{Input, Invocation};
pub use lookup::find_program;
pub use reap::{Survivor, kill_marked, marked};
pub use replace::replace;
pub use run::{Finished, STDERR_MAX, attached, run};
pub use sink::Sink;
pub use status::Status;
pub use supervise::{Ended, Job, Limits, Outcome, Watch, supervise};
pub use tail::Tail;
pub use watched::{Session, run_watched};
