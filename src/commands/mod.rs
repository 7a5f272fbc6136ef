//! A verb per file: arguments and `run`. Text goes out through [`ui`], things are opened through
//! [`context`]; what a test would want without a binary belongs to a lower floor.

pub mod context;
pub mod ui;

mod adopt;
mod agent_hook;
mod agent_profiles;
mod agent_try;
mod agents;
mod approve;
mod audit;
mod bring;
mod capabilities;
pub mod change;
mod cleanup;
mod completions;
mod confirm;
mod decide;
mod decided;
mod demo;
mod doctor;
mod escalate;
mod evidence;
mod exchange;
mod feature;
mod gate;
mod graph;
mod guard;
mod handoff;
mod held;
mod help;
mod hold;
mod hook;
mod hooks;
mod implement;
mod init;
mod kept;
mod lock;
mod log;
mod man;
mod mcp;
mod memory;
mod merge;
mod outputs;
mod places;
mod plan;
mod plan_words;
mod policy;
mod pr;
mod prime;
mod prompt;
mod purple;
mod reading;
mod remote;
mod report;
mod review;
mod rooms;
mod running;
mod skill;
mod status;
mod sync;
mod task;
mod task_list;
mod trust;
mod validate;
mod verbs;
mod weigh;
mod why;
mod work;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::base::json::json;
use crate::base::{Error, Result};
use crate::state::record::HoldKind;
pub use context::Context;
pub use ui::{Answer, ColorChoice, Ui};

/// Run a plan of work packages with many coding agents in one git repository, and lose nothing.
#[derive(Debug, Parser)]
#[command(
    name = "git-wp",
    bin_name = "git wp",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    arg_required_else_help = false,
    after_help = "Examples:
  git wp demo                      # a whole run, in a folder of its own
  git wp approve add-auth
  git wp implement add-auth -j 4
  git wp status add-auth

Exit codes, environment, files and state: git wp help exit-codes, environment, files, state"
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

/// Options of every verb.
#[derive(Debug, Args)]
pub struct Global {
    /// Print exactly one JSON document on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: ColorChoice,
    /// Tell no story on standard error
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Tell more of it
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Plan(plan::Args),
    Validate(validate::Args),
    Graph(graph::Args),
    Approve(approve::Args),
    Trust(trust::Args),
    Implement(implement::Args),
    Work(work::Args),
    Status(status::Args),
    Why(why::Args),
    Report(report::Args),
    Log(log::Args),
    Evidence(evidence::Args),
    Decide(decide::Args),
    /// Start nothing new; what runs goes on
    #[command(after_help = "Examples:
  git wp pause add-auth -m 'the staging database is down'
  git wp pause add-auth/wp-api")]
    Pause(hold::Args),
    /// Lift a pause or a cancel
    #[command(after_help = "Example:
  git wp resume add-auth")]
    Resume(hold::ResumeArgs),
    /// End what runs and start nothing new; nothing is lost
    #[command(after_help = "Examples:
  git wp cancel add-auth -m 'we do it another way'
  git wp cancel add-auth/wp-api")]
    Cancel(hold::Args),
    Adopt(adopt::Args),
    Review(review::Args),
    Gate(gate::Args),
    Merge(merge::Args),
    Pr(pr::Args),
    Cleanup(cleanup::Args),
    Init(init::Args),
    Sync(sync::Args),
    Task(task::Args),
    Lock(lock::Args),
    Guard(guard::Args),
    Policy(policy::Args),
    Agents(agents::Args),
    Handoff(handoff::Args),
    Remember(memory::Args),
    Recall(memory::RecallArgs),
    Forget(memory::ForgetArgs),
    Escalate(escalate::Args),
    Audit(audit::Args),
    Capabilities(capabilities::Args),
    Prime(prime::Args),
    Prompt(prompt::Args),
    Mcp(mcp::Args),
    Doctor(doctor::Args),
    Demo(demo::Args),
    Completions(completions::Args),
    Man(man::Args),
    Help(help::Args),
    Hooks(hooks::Args),
    Skill(skill::Args),
    #[command(hide = true)]
    Hook(hook::Args),
}

/// Parses and does what the command line says; `here` is the current folder.
///
/// # Errors
/// Every failure of every verb; a wrong command line is a usage error.
pub fn run(argv: Vec<OsString>, here: PathBuf, ui: &mut Ui) -> Result<Answer> {
    let matches = match command().try_get_matches_from(argv) {
        Ok(matches) => matches,
        Err(error) => return stopped(&error),
    };
    let cli = Cli::from_arg_matches(&matches).map_err(|e| usage(&e))?;
    ui.configure(verb_name(&matches), &cli.global);
    let mut cx = Context::new(ui, here);
    dispatch(cli.verb, &mut cx)
}

/// The verb of a command line that this program composed itself.
fn parse_verb<'a>(argv: impl Iterator<Item = &'a str>) -> Result<Verb> {
    let cli = Cli::try_parse_from(argv);
    cli.map(|cli| cli.verb)
        .map_err(|e| Error::bug(e.to_string()))
}

fn dispatch(verb: Verb, cx: &mut Context<'_>) -> Result<Answer> {
    match verb {
        Verb::Plan(args) => plan::run(&args, cx),
        Verb::Validate(args) => validate::run(&args, cx),
        Verb::Graph(args) => graph::run(&args, cx),
        Verb::Approve(args) => approve::run(&args, cx),
        Verb::Trust(args) => trust::run(&args, cx),
        Verb::Implement(args) => implement::run(&args, cx),
        Verb::Work(args) => work::run(&args, cx),
        Verb::Status(args) => status::run(&args, cx),
        Verb::Why(args) => why::run(&args, cx),
        Verb::Report(args) => report::run(&args, cx),
        Verb::Log(args) => log::run(&args, cx),
        Verb::Evidence(args) => evidence::run(&args, cx),
        Verb::Review(args) => review::run(&args, cx),
        Verb::Gate(args) => gate::run(&args, cx),
        Verb::Decide(args) => decide::run(&args, cx),
        Verb::Pause(args) => hold::hold(&args, HoldKind::Pause, cx),
        Verb::Resume(args) => hold::lift(&args, cx),
        Verb::Cancel(args) => hold::hold(&args, HoldKind::Cancel, cx),
        Verb::Merge(args) => merge::run(&args, cx),
        Verb::Pr(args) => pr::run(&args, cx),
        Verb::Cleanup(args) => cleanup::run(&args, cx),
        Verb::Adopt(args) => adopt::run(&args, cx),
        Verb::Init(args) => init::run(&args, cx),
        Verb::Sync(args) => sync::run(&args, cx),
        Verb::Task(args) => task::run(&args, cx),
        Verb::Lock(args) => lock::run(&args, cx),
        Verb::Guard(args) => guard::run(&args, cx),
        Verb::Policy(args) => policy::run(&args, cx),
        Verb::Agents(args) => agents::run(&args, cx),
        Verb::Handoff(args) => handoff::run(&args, cx),
        Verb::Remember(args) => memory::remember(&args, cx),
        Verb::Recall(args) => memory::recall(&args, cx),
        Verb::Forget(args) => memory::forget(&args, cx),
        Verb::Escalate(args) => escalate::run(&args, cx),
        Verb::Audit(args) => audit::run(&args, cx),
        Verb::Prime(args) => prime::run(&args, cx),
        Verb::Prompt(args) => prompt::run(&args, cx),
        Verb::Capabilities(args) => capabilities::run(&args, cx),
        Verb::Mcp(args) => mcp::run(&args, cx),
        Verb::Doctor(args) => doctor::run(&args, cx),
        Verb::Demo(args) => demo::run(&args, cx),
        Verb::Completions(args) => completions::run(&args),
        Verb::Man(args) => man::run(&args),
        Verb::Help(args) => help::run(&args, cx),
        Verb::Hooks(args) => hooks::run(&args, cx),
        Verb::Skill(args) => skill::run(&args, cx),
        Verb::Hook(args) => hook::run(args, cx),
    }
}

/// The whole command line as clap knows it.
fn command() -> clap::Command {
    Cli::command()
}

/// `task claim` for a verb with sub-verbs.
fn verb_name(matches: &clap::ArgMatches) -> String {
    let mut words = Vec::new();
    let mut next = matches.subcommand();
    while let Some((name, inner)) = next {
        words.push(name);
        next = inner.subcommand();
    }
    words.join(" ")
}

/// Help and version are answers, everything else is a usage error.
fn stopped(error: &clap::Error) -> Result<Answer> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let text = error.to_string();
            Ok(Answer::done(json!({"text": text}), text))
        }
        ErrorKind::MissingSubcommand => {
            Err(Error::usage("usage", "which verb?").hint("git wp help"))
        }
        _ => Err(usage(error)),
    }
}

fn usage(error: &clap::Error) -> Error {
    let text = error.to_string();
    let text = text.trim_start_matches("error: ");
    let mut parts = text.splitn(2, "\n\n");
    let message = parts.next().unwrap_or("").trim();
    let mut usage = Error::usage("usage", message);
    for line in parts.next().unwrap_or("").lines().map(str::trim) {
        if let Some(line) = line.strip_prefix("Usage: ") {
            usage = usage.hint(line);
        } else if let Some(tip) = line.strip_prefix("tip: ") {
            usage = usage.hint(tip);
        }
    }
    if usage.hints().is_empty() {
        usage = usage.hint("git wp help");
    }
    usage
}

#[cfg(test)]
mod tests;
