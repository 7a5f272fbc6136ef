//! `git wp mcp`: the verbs of coordination as tools of the Model Context Protocol, on standard
//! input and output. A child of the agent and no daemon: it ends with its input.
//!
//! [`wire`] carries lines, [`server`] speaks the protocol, [`desk`] does the work on a thread of
//! its own, one thing after the other, as commands do it. Everything asynchronous is in here.

mod desk;
mod gate;
mod reply;
mod resources;
mod schema;
mod server;
mod session;
mod tool;
mod tools;
mod wire;

use rmcp::service::{QuitReason, ServerInitializeError};
use rmcp::{RoleServer, ServiceExt};

use crate::base::json::json;
use crate::base::{Error, ExitCode, Result, json};
use crate::commands::{Answer, Context};
use crate::config::environment::ATTEMPT;
use desk::Desk;
use server::Server;
use wire::Wire;

/// Serve an agent as an MCP server on standard input and output
///
/// Started by the agent, for instance as `{"command": "git", "args": ["wp", "mcp"]}`, in a
/// repository. Every server is a session; it ends with its input. Identity comes from AGENT_ID,
/// AGENT_TYPE and SESSION_ID. In the room of an attempt it offers what an attempt may do.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  git wp mcp --tools > tools.json")]
pub(super) struct Args {
    /// Print the tools with their schemas as JSON, and serve nobody
    #[arg(long)]
    tools: bool,
}

/// Serves until the input ends.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    // Not every agent hands our variables on; the worktree tells as well.
    let room = match cx.env().attempt()? {
        None if cx.has_repo()? => cx.room_id()?,
        _ => None,
    };
    match room {
        Some(attempt) => {
            let env = cx.env().with(ATTEMPT, attempt.as_str());
            let here = cx.here().to_owned();
            answer(args, &mut Context::at(cx.ui, here, env))
        }
        None => answer(args, cx),
    }
}

fn answer(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let seat = desk::seat(cx)?;
    let list = tool::listed(seat);
    if args.tools {
        let tools: Vec<_> = list.iter().map(server::shown).collect();
        let data = json!({"tools": tools, "count": tools.len(), "truncated": false});
        let text = format!("{}\n", json::pretty(&data["tools"])?);
        return Ok(Answer::done(data, text));
    }
    if cx.ui.is_json() {
        let message = "standard output carries the protocol, so there is no other document";
        return Err(Error::usage("json", message).hint("git wp mcp --tools --json"));
    }
    let desk = Desk::open(cx)?;
    let (wire, written) = Wire::open(cx.ui.clone())?;
    let ended = serve(Server::new(desk, list), wire);
    written.wait();
    Ok(Answer::done(json!({}), String::new()).exit(ended?))
}

/// Talks until the other side stops.
fn serve(server: Server, wire: Wire) -> Result<ExitCode> {
    let about = |e| Error::io("cannot start the server", e);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().build().map_err(about)?;
    runtime.block_on(async move {
        let service = match ServiceExt::<RoleServer>::serve(server, wire).await {
            Ok(service) => service,
            Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(ExitCode::Done),
            Err(error) => {
                let message = format!("the client does not speak the protocol: {error}");
                return Err(Error::usage("handshake", message));
            }
        };
        match service.waiting().await {
            Ok(QuitReason::Closed | QuitReason::Cancelled) => Ok(ExitCode::Done),
            Ok(other) => Err(Error::bug(format!("the server stopped: {other:?}"))),
            Err(error) => Err(Error::bug("the server stopped").because(error)),
        }
    })
}
