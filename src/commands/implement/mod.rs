//! `git wp implement`: the main job. Reads and checks everything at the border, then hands it to
//! the engine and tells what it says.

mod answer;
mod asked;
mod branch;
mod dry;
mod job;
mod listen;
mod permission;

use std::path::PathBuf;

use crate::base::{Error, Result};
use crate::commands::reading::{self, Linear};
use crate::commands::{Answer, Context};
use crate::engine::{self, CheckoutRule};
use crate::os::host::{self, FileSystem};
use crate::os::signal::Signals;
use crate::worktree::baseline;

/// Run a plan
///
/// Runs every package with an agent in a worktree of its own, holds each to its scope, verifies and
/// merges them into one feature branch. Running it again goes on where it stopped. Exits with 0
/// only if everything was merged and verified. Ctrl-C stops with care, a second one at once.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A change-id, or the path of a plan
    #[arg(value_name = "CHANGE|PATH")]
    change: String,
    /// Packages at the same time [default: as before, wp.jobs, or the number of CPUs up to 8]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Who does the work: `shell`, or a name from `git config wp.agent.NAME.command`
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// Where the feature grows from [default: HEAD]
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Show what would run, and when; change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Only these packages; separated by commas, or given several times
    #[arg(long, value_name = "PACKAGE", value_delimiter = ',')]
    only: Vec<String>,
    /// Go on with independent packages when one fails (this is the default)
    #[arg(long, overrides_with = "no_continue_on_error")]
    continue_on_error: bool,
    /// Start nothing new when a package fails
    #[arg(long)]
    no_continue_on_error: bool,
    /// Write one JSON line per recorded fact to a file, or to standard output with `-`
    #[arg(long, value_name = "FILE|-")]
    events: Option<PathBuf>,
    /// Start no package: leave that to `git wp work` and `git wp task claim`
    #[arg(long)]
    schedule_only: bool,
    /// Bring a checkout of the feature branch along, if it is clean
    #[arg(long)]
    update_checkout: bool,
    /// Run although locks may not hold on this file system
    #[arg(long)]
    allow_network_fs: bool,
}

/// Runs the plan.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let to_stdout = args
        .events
        .as_ref()
        .is_some_and(|path| path.as_os_str() == "-");
    if to_stdout && cx.ui.is_json() {
        let message = "`--events -` and `--json` both want standard output";
        return Err(Error::usage("usage", message).hint("--events FILE --json"));
    }
    cx.refuse_in_room("implement")?;
    if !args.dry_run {
        restore(cx)?;
    }
    let valid = reading::valid(cx, Some(&args.change), Linear::Allowed)?;
    for finding in &valid.findings {
        let place = format!("{}:{}:{}", finding.file, finding.line, finding.column);
        cx.ui.detail(&format!("{place}: {}", finding.message));
    }
    if args.dry_run {
        return dry::run(args, cx, &valid);
    }
    check_file_system(args, cx)?;
    permission::demand(cx, &valid)?;
    let by = cx.by()?;
    let plan = job::Planned::new(args, cx, &valid, by)?;
    plan.warn(cx)?;
    plan.publish(cx, &valid)?;
    let live = listen::Live::new(args, cx, &plan)?;
    let checkout = match args.update_checkout {
        true => CheckoutRule::Update,
        false => CheckoutRule::LeaveAlone,
    };
    let setup = plan.setup(cx, valid, (checkout, Signals::listen()?, live.activity()))?;
    let mut summarise = answer::summariser(&setup.plan);
    let report = engine::implement(setup, &plan.job, &mut summarise, &mut |event| {
        live.tell(event);
    });
    let told = live.close();
    let mut answer = answer::render(cx, &report?)?;
    told?;
    if to_stdout {
        // Standard output is a stream of lines then, and ends with the last of them.
        answer.text.clear();
    }
    Ok(answer)
}

/// Undoes what agents of a killed run did to the configuration, before anything of it is read.
fn restore(cx: &mut Context<'_>) -> Result<()> {
    let (found, kept) = baseline::restore_abandoned(&cx.repo()?)?;
    for tampering in found {
        let what = tampering.describe();
        let message = format!("{what} during a run that was killed; it is as it was before");
        cx.ui.warn("tampering", &message);
    }
    for path in kept {
        let message = format!("what was found is kept at `{}`", path.display());
        cx.ui.warn("quarantine", &message);
    }
    Ok(())
}

/// Locks are the only thing that keeps two processes apart.
fn check_file_system(args: &Args, cx: &mut Context<'_>) -> Result<()> {
    if args.allow_network_fs {
        return Ok(());
    }
    let repo = cx.repo()?;
    match host::file_system(repo.common_dir())? {
        FileSystem::Local => Ok(()),
        FileSystem::Network(kind) => {
            let message = format!("the repository is on {kind}, where locks may not hold");
            let hint = "clone it to a local disk, or: --allow-network-fs";
            Err(Error::policy("network-fs", message).hint(hint))
        }
    }
}
