//! `git wp implement`: the main job. Reads and checks everything at the border, then hands it to
//! the engine and tells what it says.

mod announce;
mod answer;
mod asked;
mod branch;
mod display;
mod dry;
mod job;
mod team;
mod tracks;

use std::path::PathBuf;

use crate::base::text::count;
use crate::base::{ExitCode, PackageId, Result, json};
use crate::commands::implement::announce::Announcer;
use crate::commands::plan_words::PlanWords;
use crate::commands::purple;
use crate::commands::reading::{self, Linear, ValidPlan};
use crate::commands::running::listen::Live;
use crate::commands::running::purses::PurseWords;
use crate::commands::running::relay::{self, Ending};
use crate::commands::running::reviewing::ReviewWords;
use crate::commands::running::tuning::Tuning;
use crate::commands::running::{self, NetworkDisk, authority, permission, unfinished};
use crate::commands::{Answer, Context, pr, task_list};
use crate::engine::{self, CheckoutRule};
use crate::os::signal::Signals;
use crate::plan::document::Asked;
use crate::report::spec_text::TaskList;

/// Run a plan
///
/// Runs every package with an agent in a worktree of its own, holds each to its scope, verifies and
/// merges them into one feature branch. Running it again goes on where it stopped. Exits with 0
/// only if everything was merged and verified. Ctrl-C stops with care, a second one at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp implement add-auth --dry-run    # what would run, and when
  git wp implement add-auth -j 4
  git wp implement add-auth --agent shell --only wp-api,wp-web
  git wp implement add-auth --schedule-only    # workers do the work")]
pub(super) struct Args {
    /// A change-id, or the path of a plan
    #[arg(value_name = "CHANGE|PATH")]
    change: String,
    #[command(flatten)]
    plan: PlanWords,
    /// The remote that decides who may act, for instance origin; set up at once where none is set
    #[arg(long, value_name = "REMOTE")]
    remote: Option<String>,
    /// Packages at the same time [default: as before, wp.jobs, what the format's users expect, or
    /// the number of CPUs up to 8]
    #[arg(short, long, visible_alias = "max-agents", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Let QA agents look at the finished feature as people would use it: up to 3 rounds, with a
    /// package that repairs what failed in between, then a question
    #[arg(long)]
    qa: bool,
    /// Phases at the same time, 2 to 4; the same as `--jobs`, for plans of team-implement
    #[arg(long, value_name = "N", conflicts_with = "jobs")]
    team_size: Option<u16>,
    /// Begin with this phase of a plan of team-implement; open phases before it are left alone
    #[arg(long, value_name = "PHASE", conflicts_with = "only")]
    resume_phase: Option<String>,
    /// Who does the work: `shell`, a name of `git wp agents profiles`, or one from
    /// `git config wp.agent.NAME.command`
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    #[command(flatten)]
    tuning: Tuning,
    /// Where the feature grows from [default: HEAD]
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Show what would run, and when; change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Only these packages; separated by commas, or given several times
    #[arg(long, value_name = "PACKAGE", value_delimiter = ',')]
    only: Vec<String>,
    /// Only the tasks of this track; `MAP:TRACK` where a list has two maps that disagree
    #[arg(long, value_name = "TRACK", conflicts_with = "only")]
    track: Option<String>,
    /// Go on with independent packages when one fails (the default, but for spec task lists)
    #[arg(long, overrides_with = "no_continue_on_error")]
    continue_on_error: bool,
    /// Start nothing new when a package fails
    #[arg(long)]
    no_continue_on_error: bool,
    #[command(flatten)]
    review: ReviewWords,
    #[command(flatten)]
    purses: PurseWords,
    /// Wait where an agent has no quota left and tells when it will have some, instead of ending
    #[arg(long)]
    wait_for_quota: bool,
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
    /// Open a pull request at the end, as `git wp pr` does
    #[arg(long)]
    pr: bool,
}

/// The plan as this run reads it: as asked, else as the interrupted run did that goes on.
fn read(args: &Args, cx: &mut Context<'_>) -> Result<ValidPlan> {
    let mut how = args.plan.how(Linear::Allowed);
    let valid = reading::valid(cx, Some(&args.change), how)?;
    if how.asked != Asked::default() {
        return Ok(valid);
    }
    how.asked = running::recorded_words(cx, &valid.plan.feature.id)?;
    if how.asked == Asked::default() {
        return Ok(valid);
    }
    reading::valid(cx, Some(&args.change), how)
}

/// Tells what was found in the plan, to those who want to hear more.
fn detail(cx: &mut Context<'_>, valid: &ValidPlan) {
    for finding in &valid.findings {
        let place = format!("{}:{}:{}", finding.file, finding.line, finding.column);
        cx.ui.detail(&format!("{place}: {}", finding.message));
    }
}

/// Says what the plan's document had ticked off before the run.
fn add_settled(answer: &mut Answer, settled: &[PackageId]) -> Result<()> {
    if !settled.is_empty() {
        let before = count(settled.len(), "element");
        let line = format!("{before} of the plan done before\n");
        answer.text.push_str(&line);
        answer.data["settled"] = json::value(&settled)?;
    }
    Ok(())
}

/// Makes what is to be run known to who tells of it; gives the task list that it is, if it is one.
fn enter(
    cx: &mut Context<'_>,
    live: &Live,
    plan: &job::Planned,
    valid: &ValidPlan,
) -> Result<Option<TaskList>> {
    live.enter(&plan.job, plan.merged);
    let list = task_list::of(valid);
    if let Some(list) = &list {
        live.watch(task_list::begun(cx, list, &plan.job)?);
    }
    Ok(list)
}

/// Says what a run would fail for, where only a forecast is asked for.
fn warn(cx: &mut Context<'_>, valid: &ValidPlan) -> Result<()> {
    if let Err(missing) = purple::demand_standards(&valid.plan, &cx.root()?) {
        cx.ui.warn(missing.code(), missing.message());
    }
    Ok(())
}

/// Fails where something forbids that the plan is run.
fn demand(args: &Args, cx: &mut Context<'_>, valid: &ValidPlan) -> Result<()> {
    purple::demand_standards(&valid.plan, &cx.root()?)?;
    authority::join(cx, args.remote.as_deref())?;
    let disk = match args.allow_network_fs {
        true => NetworkDisk::Allowed,
        false => NetworkDisk::Refused,
    };
    running::check_file_system(disk, cx)?;
    permission::demand(cx, valid)
}

fn checkout_rule(args: &Args) -> CheckoutRule {
    match args.update_checkout {
        true => CheckoutRule::Update,
        false => CheckoutRule::LeaveAlone,
    }
}

/// Runs the plan.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let to_stdout = running::streams(args.events.as_deref(), cx)?;
    cx.refuse_in_room("implement")?;
    if !args.dry_run {
        running::restore(cx)?;
    }
    let valid = read(args, cx)?;
    detail(cx, &valid);
    team::check(args, cx, &valid.plan)?;
    if args.dry_run {
        warn(cx, &valid)?;
        return dry::run(args, cx, &valid);
    }
    demand(args, cx, &valid)?;
    let by = cx.by()?;
    let plan = job::Planned::new(args, cx, &valid, by)?;
    plan.warn(cx)?;
    plan.publish(cx, &valid)?;
    let live = Live::new(args.events.as_deref(), cx)?;
    let list = enter(cx, &live, &plan, &valid)?;
    let mut announcer = Announcer::new(cx, &live, &valid)?;
    let feature = plan.job.feature.clone();
    let store = cx.store()?;
    unfinished::notice(cx, &store, &feature)?;
    let notes = relay::recall(cx, &store, &feature)?;
    if let Some(event) = relay::told(cx, &feature, &notes) {
        live.tell(&event);
    }
    let is_over = plan.merged == valid.plan.packages.len();
    let listening = (checkout_rule(args), Signals::listen()?, live.activity());
    let setup = plan.setup(cx, valid, notes, listening)?;
    let read = setup.plan.clone();
    let mut summarise = answer::summariser(&read);
    let report = engine::implement(setup, &plan.job, &mut summarise, &mut |event| {
        announcer.tell(event);
    });
    if let Some(why) = announcer.close(report.as_ref().ok()) {
        let message = format!("a display was not told how tickets stand: {why}");
        cx.ui.warn("purple-status", &message);
    }
    let ending = Ending::Told(report.as_ref().ok());
    if !is_over && let Err(error) = relay::leave(cx, (&feature, ending)) {
        // What the run came to counts, not what could be said about it.
        let message = format!("no handoff was left: {error}");
        cx.ui.warn("handoff", &message);
    }
    let told = live.close();
    let mut answer = answer::render(cx, (&read, list.as_ref()), &report?)?;
    told?;
    add_settled(&mut answer, &read.settled)?;
    if args.pr && answer.exit == ExitCode::Done {
        pr::close(cx, &feature, &mut answer)?;
    }
    if to_stdout {
        // Standard output is a stream of lines then, and ends with the last of them.
        answer.text.clear();
    }
    Ok(answer)
}
