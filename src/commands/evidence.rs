//! `git wp evidence`: a person answers a manual or ci step.

use crate::base::json::json;
use crate::base::text::foreign;
use crate::base::{Error, Result};
use crate::commands::{Answer, Context, feature};
use crate::os::random;
use crate::report::status::quoted;
use crate::schedule::{Standing, standing};
use crate::state::Op;
use crate::state::record;

/// Answer an open verification step
///
/// Manual and ci steps wait for a person; `git wp status` lists them. Refuses inside a worktree of
/// an attempt.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("verdict").required(true))]
#[command(after_help = "Examples:
  git wp evidence add-auth/wp-api look --pass -m \"seen on staging\"
  git wp evidence add-auth/wp-api ci --fail --url https://ci.example.org/17")]
pub(super) struct Args {
    /// FEATURE/PACKAGE
    #[arg(value_name = "FEATURE/PACKAGE")]
    target: String,
    /// The name of the step
    step: String,
    /// It is well
    #[arg(long, group = "verdict")]
    pass: bool,
    /// It is not
    #[arg(long, group = "verdict")]
    fail: bool,
    /// Where it can be seen
    #[arg(long)]
    url: Option<String>,
    /// A remark
    #[arg(short = 'm', long)]
    note: Option<String>,
}

/// Records the answer.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    cx.refuse_in_room("evidence")?;
    let target = feature::package_target(&args.target)?;
    let store = cx.store()?;
    let found = feature::published(cx, &store, target.feature.as_deref())?;
    let before = standing(&found.records);
    demand_open(&before, args, &target)?;
    let by = cx.by()?;
    let answer = record::Answer {
        id: random::txn_id(by.at)?,
        step: args.step.clone(),
        passed: args.pass,
        url: args.url.clone(),
        note: args.note.clone(),
        by,
    };
    let op = Op::Answer {
        feature: found.id.clone(),
        package: target.package.clone(),
        answer,
    };
    cx.change(&store, op)?;
    let word = if args.pass { "passed" } else { "failed" };
    let left = before.awaiting.len().saturating_sub(1);
    let mut text = format!("{} of {} {word}\n", quoted(&args.step), args.target);
    text.push_str(&match left {
        0 => format!("nothing else waits; next: git wp implement {}\n", found.id),
        _ => format!("{left} more: git wp status {}\n", found.id),
    });
    let data = json!({
        "feature": found.id,
        "package": target.package,
        "step": args.step,
        "passed": args.pass,
        "open": left,
    });
    Ok(Answer::done(data, text))
}

/// An answer to a step that nobody asked about would be forgotten silently.
fn demand_open(standing: &Standing, args: &Args, target: &feature::Target) -> Result<()> {
    let mut open = standing
        .awaiting
        .iter()
        .filter(|(id, _)| *id == target.package);
    if open.clone().any(|(_, step)| step.step == args.step) {
        return Ok(());
    }
    let shown = foreign(&args.step).to_string();
    let message = format!(
        "no step `{shown}` of `{}` waits for an answer",
        target.package
    );
    let error = Error::usage("step-not-open", message);
    Err(match open.next() {
        Some((_, step)) => error.hint(format!("open: {}", quoted(&step.step))),
        None => error.hint("git wp status"),
    })
}
