//! `git wp log`: the audit trail, newest first.

use crate::base::Result;
use crate::base::json::json;
use crate::commands::{Answer, Context};
use crate::report::log::{self, LogRow};

/// Show what was recorded, newest first
///
/// Each line is one transaction on the state ref; `git log refs/wp/state` shows the same.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp log -n 10
  git wp log add-auth/wp-api")]
pub(super) struct Args {
    /// Only what is about this feature, FEATURE/PACKAGE or lock key
    #[arg(value_name = "TARGET")]
    target: Option<String>,
    /// At most this many
    #[arg(short = 'n', long, default_value_t = 50, value_name = "N")]
    limit: usize,
}

/// More transactions than this are not searched for a target.
const SEARCHED_MAX: usize = 100_000;

/// Shows it.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let store = cx.store()?;
    let searched = match args.target {
        Some(_) => SEARCHED_MAX,
        None => args.limit.saturating_add(1),
    };
    let wanted = |row: &LogRow| match &args.target {
        Some(target) => row.target == *target || row.target.starts_with(&format!("{target}/")),
        None => true,
    };
    let rows = store.history(searched)?.into_iter().map(|change| LogRow {
        at: change.at,
        op: change.op,
        target: change.target,
        label: change.label,
        actor: change.actor,
        txn: change.txn,
        commit: change.commit,
    });
    let mut rows: Vec<LogRow> = rows
        .filter(wanted)
        .take(args.limit.saturating_add(1))
        .collect();
    let truncated = rows.len() > args.limit;
    rows.truncate(args.limit);
    let text = log::render(&rows, cx.ui.page());
    let data = json!({"entries": rows, "count": rows.len(), "truncated": truncated});
    Ok(Answer::done(data, text))
}
