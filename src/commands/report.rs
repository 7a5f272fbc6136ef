//! `git wp report`: the execution summary of a run, as it was recorded.

use clap::ValueEnum;

use crate::base::text::foreign;
use crate::base::{Error, Result};
use crate::commands::{Answer, Context, feature};

/// Show the execution summary of the last run that ended
///
/// Timeline, contracts, scope, evidence, lock keys, risk class, open steps, deviations. It is kept
/// on the state ref; no file of the checkout is written.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp report add-auth
  git wp report add-auth > report.md")]
pub(super) struct Args {
    /// A feature; the only one if there is but one
    #[arg(value_name = "FEATURE")]
    feature: Option<String>,
    /// How to show it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Markdown, for people
    #[default]
    Md,
    /// The same as --json
    Json,
}

/// Shows it.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    if args.format == Format::Json {
        cx.ui.use_json();
    }
    let store = cx.store()?;
    let found = feature::published(cx, &store, args.feature.as_deref())?;
    let mut runs = found.records.runs.values().rev();
    let ended = runs.clone().find_map(|run| run.ended.as_ref());
    let ended = ended.ok_or_else(|| {
        let shown = foreign(found.id.as_str()).to_string();
        let message = format!("no run of `{shown}` has ended yet");
        Error::negative("no-report", message).hint(format!("git wp status {shown}"))
    })?;
    if runs.next().is_some_and(|newest| newest.ended.is_none()) {
        cx.ui.warn("run-under-way", "a newer run has not ended yet");
    }
    let bytes = store.blob(&ended.text)?;
    let text = foreign(&String::from_utf8_lossy(&bytes))
        .multi_line()
        .to_string();
    Ok(Answer::done(ended.summary.clone(), text))
}
