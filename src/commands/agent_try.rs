//! `git wp agents try`: one harmless question, to see whether an agent works here.

use std::time::Duration;

use crate::agent::{Limits, Profile};
use crate::base::json::json;
use crate::base::text::foreign;
use crate::base::{Error, ExitCode, FeatureId, Result, json};
use crate::commands::running::tuning::Tuning;
use crate::commands::{Answer, Context, rooms};
use crate::config::environment;
use crate::engine::reading::{self, Library, ReadOrder, Reading};
use crate::model::Roster;
use crate::os::process::{Watch, find_program};
use crate::plan;
use crate::report::used;

/// Ask an agent one harmless question, to see whether it works here
///
/// The agent sees HEAD in a worktree of its own that it cannot write to, where the kernel can keep
/// it from that, and that is removed again. Says whether it answered, what that cost and what is
/// enforced. It may cost money: the service behind the agent is asked.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp agents try claude
  git wp agents try codex --model gpt-5 --json")]
pub(super) struct Args {
    /// A name of `git wp agents profiles`, or one from `git config wp.agent.NAME.command`
    #[arg(value_name = "NAME")]
    agent: String,
    #[command(flatten)]
    tuning: Tuning,
    /// The longest wait for its answer
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    timeout: u64,
}

/// What it is asked.
const QUESTION: &str = "Answer with the one word `ready`. Change no file and use no tool.\n";

/// Asks.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    cx.refuse_in_room("agents try")?;
    let (repo, settings) = (cx.repo()?, cx.settings()?);
    let profile = profile(args, &cx.roster()?)?;
    let program = profile.program().unwrap_or_default();
    let path = cx.env().get("PATH").unwrap_or_default();
    if !program.is_empty() && find_program(program, path, cx.here()).is_none() {
        let message = format!("there is no program `{}`", foreign(program));
        return Err(Error::negative("no-program", message).hint("git wp agents profiles"));
    }
    let head = repo.refs().resolve("HEAD")?.ok_or_else(|| {
        let message = "HEAD has no commit that an agent could look at";
        Error::usage("no-commit", message).hint("git commit --allow-empty -m first")
    })?;
    let library = Library::open(&repo, &rooms::folder(cx, &repo)?)?;
    let order = ReadOrder {
        profile: &profile,
        commit: &head,
        prompt: QUESTION,
        answer: reading::Answer::Text,
        settings: &settings,
        environment: cx.env().all(),
        limits: Limits {
            wall: Duration::from_secs(args.timeout),
            silence: None,
            grace: settings.grace,
            log_bytes: settings.log_bytes,
            checkpoint: None,
        },
        program: &environment::own_program()?,
    };
    let read = library.read(&order, &Watch::default());
    library.close()?;
    told(&args.agent, &read?)
}

fn profile(args: &Args, roster: &Roster) -> Result<Profile> {
    let feature = FeatureId::parse("try").ok_or_else(|| Error::bug("a literal is no id"))?;
    let plan = plan::linear(feature, "", QUESTION);
    let named = (Some(args.agent.as_str()), args.agent.as_str());
    let staff = args.tuning.staff(&plan, roster, named)?;
    let first = staff.common.into_iter().next();
    first.ok_or_else(|| Error::bug("a staff of nobody"))
}

fn told(agent: &str, read: &Reading) -> Result<Answer> {
    let usage = used::sum(read.account.iter());
    let mut text = match read.is_good() {
        true => format!("{} works: {}\n", foreign(agent), foreign(&read.text)),
        false => format!("{} does not work\n", foreign(agent)),
    };
    for fault in read.faults.iter().chain(&read.trespasses) {
        text.push_str(&format!("- {}\n", foreign(fault)));
    }
    for path in &read.changed {
        text.push_str(&format!("- it changed `{path}`; nothing of that is kept\n"));
    }
    if !read.is_good() && !read.tail.is_empty() {
        text.push_str(&format!("{}\n", foreign(read.tail.trim()).multi_line()));
    }
    let (level, why) = (read.held.sandbox.as_str(), foreign(&read.held.why));
    text.push_str(&format!("sandbox: {level} ({why})\n"));
    if let Some(usage) = &usage {
        text.push_str(&format!("used: {}\n", used::words(usage)));
    }
    let data = json!({
        "agent": agent,
        "works": read.is_good(),
        "answer": read.text,
        "faults": read.faults,
        "trespasses": read.trespasses,
        "changed": read.changed,
        "sandbox": json::value(&read.held)?,
        "account": json::value(&read.account)?,
    });
    let exit = match read.is_good() {
        true => ExitCode::Done,
        false => ExitCode::Negative,
    };
    Ok(Answer::done(data, text).exit(exit))
}
