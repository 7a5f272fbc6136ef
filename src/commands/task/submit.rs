//! `git wp task submit`.

use super::free;
use crate::base::{FeatureId, Result, TaskId, Timestamp};
use crate::commands::confirm::Confirm;
use crate::commands::verbs::identity::{IdentityArgs, identity};
use crate::commands::verbs::tasks::{self, Submission};
use crate::commands::{Answer, Context};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    git wp task submit test \"Run the whole suite on main\"\n  \
    git wp task submit review \"Look at wp-api\" --priority 1 --after t-4k9...\n  \
    git wp task submit build \"Nightly\" --input '{\"target\":\"x86\"}' --archetype runner")]
pub(super) struct Args {
    /// What sort of work, for instance test or review
    #[arg(value_name = "TYPE")]
    kind: String,
    /// What is wanted, in words
    description: String,
    /// What is wanted, as JSON
    #[arg(long, value_name = "JSON")]
    input: Option<String>,
    /// 1 is the most urgent, 10 the least
    #[arg(long, default_value_t = 5, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=10))]
    priority: u32,
    /// Tasks that must be completed first
    #[arg(long, value_name = "TASK", value_parser = free::task_id)]
    after: Vec<TaskId>,
    /// Only an agent of this archetype may take it
    #[arg(long, value_name = "NAME")]
    archetype: Option<String>,
    /// Only an agent that is trusted so far may take it
    #[arg(long, default_value_t = 0, value_name = "LEVEL",
          value_parser = clap::value_parser!(u32).range(0..=4))]
    min_trust: u32,
    /// The feature it is for: a pause of it holds the task too
    #[arg(long, value_name = "FEATURE", value_parser = free::feature_id)]
    feature: Option<FeatureId>,
    /// When it should be done, as RFC 3339
    #[arg(long, value_name = "TIME", value_parser = free::time)]
    deadline: Option<Timestamp>,
    #[command(flatten)]
    who: IdentityArgs,
    #[command(flatten)]
    confirm: Confirm,
}

/// Submits.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let store = cx.store()?;
    let who = identity(cx, &args.who)?;
    let submission = Submission {
        kind: args.kind.clone(),
        description: args.description.clone(),
        input: free::data(args.input.as_deref(), "--input")?,
        priority: args.priority,
        after: args.after.clone(),
        archetype: args.archetype.clone(),
        min_trust: args.min_trust,
        feature: args.feature.clone(),
        deadline: args.deadline,
    };
    let reply = tasks::submit(cx, &store, (&submission, &who), args.confirm)?;
    reply.answer(cx, |task| {
        format!(
            "submitted {}\nnext: git wp task claim {}\n",
            task.task_id, task.task_id
        )
    })
}
