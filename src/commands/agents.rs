//! `git wp agents`: who is there, and saying so.

use clap::{Subcommand, ValueEnum};

use crate::base::Result;
use crate::base::json::{self, json};
use crate::base::text::foreign;
use crate::commands::verbs::identity::{IdentityArgs, identity};
use crate::commands::verbs::sessions::{self, Presence, SessionInfo, Wanted};
use crate::commands::{Answer, Context, agent_profiles, agent_try};
use crate::report::table::{Cell, Table};
use crate::state::record::SessionStatus;

/// Show which agents are there, and register a session
///
/// A session is one process, or one conversation made of many short ones; locks and tasks are held
/// by sessions. One whose process ended is gone at once, any other one when its lease has run out.
/// Without a sub-verb: discover.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    git wp agents\n  \
    git wp agents register --agent-id claude-1 --session s1 --capability rust\n  \
    git wp agents heartbeat --session s1 --task add-auth/wp-api\n  \
    git wp agents deregister --session s1")]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Register a session
    #[command(after_help = "Example:
  git wp agents register --agent-id claude-1 --session s1 --capability rust")]
    Register(Said),
    /// Say that a session is alive; renews the leases of what it holds
    #[command(after_help = "Examples:
  git wp agents heartbeat --session s1 --task add-auth/wp-api
  git wp agents heartbeat --session s1 --idle")]
    Heartbeat(Said),
    /// List sessions; those that are gone only if asked for
    #[command(after_help = "Examples:
  git wp agents discover --capability rust
  git wp agents discover --status disconnected --json")]
    Discover(Discover),
    /// Say that a session is over
    #[command(after_help = "Example:
  git wp agents deregister --session s1")]
    Deregister(Leave),
    Profiles(agent_profiles::Args),
    Try(agent_try::Args),
}

#[derive(Debug, clap::Args)]
struct Said {
    /// What it can do
    #[arg(long, value_name = "NAME")]
    capability: Vec<String>,
    /// What it is, for tasks that need one
    #[arg(long, value_name = "NAME")]
    archetype: Option<String>,
    /// What it is doing
    #[arg(long, value_name = "TEXT")]
    task: Option<String>,
    /// Who sent it
    #[arg(long, value_name = "AGENT")]
    delegated_from: Option<String>,
    /// It waits for work
    #[arg(long)]
    idle: bool,
    /// Minutes of silence after which it counts as gone [default: 120]
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=480))]
    lease: Option<u32>,
    #[command(flatten)]
    who: IdentityArgs,
}

#[derive(Debug, clap::Args)]
struct Leave {
    #[command(flatten)]
    who: IdentityArgs,
}

#[derive(Debug, Default, clap::Args)]
struct Discover {
    /// Only those that can do this
    #[arg(long, value_name = "NAME")]
    capability: Option<String>,
    /// Only those that stand so
    #[arg(long, value_enum, value_name = "STATUS")]
    status: Option<Status>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Status {
    Active,
    Idle,
    Disconnected,
}

/// Does what the sub-verb says.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    match &args.verb {
        Some(Verb::Register(said)) => beat(said, cx, "registered"),
        Some(Verb::Heartbeat(said)) => beat(said, cx, "heard of"),
        Some(Verb::Discover(wanted)) => discover(wanted, cx),
        Some(Verb::Deregister(leave)) => {
            let store = cx.store()?;
            let who = identity(cx, &leave.who)?;
            let session = sessions::leave(cx, &store, &who)?;
            told(&session, "deregistered")
        }
        Some(Verb::Profiles(args)) => agent_profiles::run(args, cx),
        Some(Verb::Try(args)) => agent_try::run(args, cx),
        None => discover(&Discover::default(), cx),
    }
}

fn beat(said: &Said, cx: &mut Context<'_>, word: &str) -> Result<Answer> {
    let store = cx.store()?;
    let who = identity(cx, &said.who)?;
    let presence = Presence {
        capabilities: (!said.capability.is_empty()).then(|| said.capability.clone()),
        archetype: said.archetype.clone(),
        current_task: said.task.clone(),
        delegated_from: said.delegated_from.clone(),
        status: said.idle.then_some(SessionStatus::Idle),
        life: None,
        lease_minutes: said.lease,
    };
    let session = sessions::beat(cx, &store, (&presence, &who))?;
    told(&session, word)
}

fn told(session: &SessionInfo, word: &str) -> Result<Answer> {
    let (name, agent) = (foreign(&session.session_id), foreign(&session.agent_id));
    let text = format!("{word} session {name} of {agent}\n");
    Ok(Answer::done(json::value(session)?, text))
}

fn discover(wanted: &Discover, cx: &mut Context<'_>) -> Result<Answer> {
    let store = cx.store()?;
    let wanted = Wanted {
        capability: wanted.capability.clone(),
        status: wanted.status.map(|status| match status {
            Status::Active => SessionStatus::Active,
            Status::Idle => SessionStatus::Idle,
            Status::Disconnected => SessionStatus::Disconnected,
        }),
    };
    let found = sessions::discover(cx, &store, &wanted)?;
    let mut table = Table::new(0);
    table.head(&["agent", "session", "status", "heard of", "on", "doing"]);
    for session in &found {
        table.row(vec![
            Cell::new(&session.agent_id),
            Cell::new(&session.session_id),
            Cell::new(session.status.as_str()),
            Cell::new(session.last_heartbeat.brief()),
            Cell::new(&session.label),
            Cell::new(session.current_task.as_deref().unwrap_or("")),
        ]);
    }
    let text = match found.is_empty() {
        true => "no agent is there\nnext: git wp agents register\n".to_owned(),
        false => table.render(cx.ui.page()),
    };
    let data = json!({
        "agents": json::value(&found)?,
        "count": found.len(),
        "truncated": false,
    });
    Ok(Answer::done(data, text))
}
