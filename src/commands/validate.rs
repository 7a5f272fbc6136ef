//! `git wp validate`: everything that is wrong with a plan, in one pass.

use crate::base::{ExitCode, Result, json};
use crate::commands::plan_words::PlanWords;
use crate::commands::reading::{self, Linear};
use crate::commands::{Answer, Context};
use crate::plan::profile;
use crate::report;

/// Check a plan
///
/// Finds everything in one pass: form, ids, dependencies, cycles, scopes and locks of packages that
/// can run at the same time, contract files, verification commands. Exits with 1 if a finding is an
/// error. Nothing is written.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp validate
  git wp validate add-auth --json
  git wp validate openspec/changes/add-auth/work-packages.yaml")]
pub(super) struct Args {
    /// A change-id, or the path of a plan; the only change if there is but one
    #[arg(value_name = "CHANGE|PATH")]
    change: Option<String>,
    #[command(flatten)]
    plan: PlanWords,
}

/// Judges the plan.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let report = reading::read(cx, args.change.as_deref(), args.plan.how(Linear::Refused))?.report;
    let page = cx.ui.page();
    let unit = report.format.map_or("package", profile::unit);
    let packages = (report.packages, unit);
    let text = report::findings::render(&report.findings, &report.source, packages, page);
    let exit = match report.valid {
        true => ExitCode::Done,
        false => ExitCode::Negative,
    };
    Ok(Answer::done(json::value(&report)?, text).exit(exit))
}
