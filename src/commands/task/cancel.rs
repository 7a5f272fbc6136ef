//! `git wp task cancel`.

use super::free;
use crate::base::{Result, TaskId};
use crate::commands::confirm::Confirm;
use crate::commands::verbs::tasks;
use crate::commands::{Answer, Context};

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  git wp task cancel t-4k9... -m \"not needed any more\"")]
pub(super) struct Args {
    /// The task; a package is cancelled with git wp cancel
    #[arg(value_name = "TASK", value_parser = free::task_id)]
    task: TaskId,
    /// Why
    #[arg(short = 'm', long, default_value = "")]
    reason: String,
    #[command(flatten)]
    confirm: Confirm,
}

/// Cancels.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let store = cx.store()?;
    let reply = tasks::cancel(cx, &store, (&args.task, &args.reason), args.confirm)?;
    reply.answer(cx, |task| format!("cancelled {}\n", task.task_id))
}
