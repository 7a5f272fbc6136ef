//! Tasks that belong to no plan: what the sub-verbs of `git wp task` have in common about them.

use crate::base::json::{self, Value, json};
use crate::base::text::foreign;
use crate::base::{Error, FeatureId, Result, TaskId, Timestamp};
use crate::commands::verbs::tasks::{self, TaskInfo};
use crate::commands::{Answer, Context};
use crate::report::table::{Cell, Table};
use crate::state::task_state::TaskState;
use crate::store::{Load, Store};

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  git wp task show t-4k9... --json")]
pub(super) struct ShowArgs {
    /// The task
    #[arg(value_name = "TASK", value_parser = task_id)]
    task: TaskId,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  git wp task list\n  git wp task list --all --type review")]
pub(super) struct ListArgs {
    /// Those that are over, too
    #[arg(long)]
    all: bool,
    /// Only those of this type
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// At most this many
    #[arg(short = 'n', long, default_value_t = 100, value_name = "N")]
    limit: usize,
}

/// Shows a task.
pub(super) fn show(args: &ShowArgs, cx: &mut Context<'_>) -> Result<Answer> {
    let store = cx.store()?;
    let found = tasks::show(&store, &args.task)?;
    let task = found.ok_or_else(|| unknown(args.task.as_str()))?;
    Ok(Answer::done(json::value(&task)?, told(&task)))
}

/// Lists tasks.
pub(super) fn list(args: &ListArgs, cx: &mut Context<'_>) -> Result<Answer> {
    let store = cx.store()?;
    let mut all = tasks::list(&store)?;
    let over = |task: &TaskInfo| task.completed_at.is_some();
    all.retain(|task| args.all || !over(task));
    all.retain(|task| {
        args.kind
            .as_ref()
            .is_none_or(|kind| *kind == task.task_type)
    });
    let truncated = all.len() > args.limit;
    all.truncate(args.limit);
    let mut table = Table::new(0);
    table.head(&["task", "priority", "status", "type", "agent", "what"]);
    for task in &all {
        let status = match task.blocked_by.first() {
            Some(by) => format!("blocked by {by}"),
            None => task.status.as_str().to_owned(),
        };
        table.row(vec![
            Cell::new(task.task_id.as_str()),
            Cell::new(task.priority.to_string()),
            Cell::new(status),
            Cell::new(&task.task_type),
            Cell::new(task.claimed_by.as_deref().unwrap_or("")),
            Cell::new(&task.description),
        ]);
    }
    let text = match all.is_empty() {
        true => "no task is open\nnext: git wp task submit TYPE DESCRIPTION\n".to_owned(),
        false => table.render(cx.ui.page()),
    };
    let data = json!({
        "tasks": json::value(&all)?,
        "count": all.len(),
        "truncated": truncated,
    });
    Ok(Answer::done(data, text))
}

/// A task in lines.
fn told(task: &TaskInfo) -> String {
    let mut out = format!(
        "{}  {}  {}  priority {}\n",
        task.task_id,
        task.status.as_str(),
        foreign(&task.task_type),
        task.priority
    );
    let mut line = |name: &str, text: &str| {
        out.push_str(&format!("  {name}: {}\n", foreign(text).multi_line()));
    };
    line(&format!("from {}", task.submitted_by), &task.description);
    for id in &task.waits_for {
        line("waits for", id.as_str());
    }
    for id in &task.blocked_by {
        line("blocked by", id.as_str());
    }
    if let Some(agent) = &task.claimed_by {
        let session = task.session_id.as_deref().unwrap_or("");
        let word = match task.completed_at {
            Some(_) => "done by",
            None => "held by",
        };
        line(word, &format!("{agent}, session {session}"));
    }
    if let Some(at) = task.expires_at {
        line("others may take over", &at.to_string());
    }
    if let Some(value) = &task.result {
        line("result", &value.to_string());
    }
    if let Some(why) = &task.error_message {
        line("message", why);
    }
    if task.status == TaskState::Pending {
        line("next", &format!("git wp task claim {}", task.task_id));
    }
    out
}

/// The free-standing task that a word names, if it names one.
///
/// # Errors
/// As [`Store::view`].
pub(super) fn named(store: &Store, word: &str) -> Result<Option<TaskId>> {
    let Some(id) = TaskId::parse(word) else {
        return Ok(None);
    };
    let view = store.view(&Load::Briefs)?;
    Ok(view.tasks.contains_key(&id).then_some(id))
}

/// There is no such task.
pub(super) fn unknown(word: &str) -> Error {
    let message = format!("there is no task `{}`", foreign(word));
    Error::usage("task-unknown", message).hint("git wp task list --all")
}

/// Reads JSON from the command line.
pub(super) fn data(text: Option<&str>, what: &str) -> Result<Option<Value>> {
    let read = |text: &str| {
        let value = json::parse(text.as_bytes());
        value.map_err(|e| e.context(format!("`{what}` is not JSON")))
    };
    text.map(read).transpose()
}

/// Reads a task id.
pub(super) fn task_id(text: &str) -> Result<TaskId, String> {
    TaskId::parse(text).ok_or_else(|| "it is no task id".to_owned())
}

/// Reads a feature id.
pub(super) fn feature_id(text: &str) -> Result<FeatureId, String> {
    FeatureId::parse(text).ok_or_else(|| "it is no feature id".to_owned())
}

/// Reads a time.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "it is no RFC 3339 time".to_owned())
}
