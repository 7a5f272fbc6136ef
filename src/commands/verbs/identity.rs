//! Who asks: an agent, of some sort, in a session. From flags, else from the environment.

use crate::base::{Error, Result};
use crate::commands::{Context, held};

/// Who asks. Locks and tasks are held by the session, never by the identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands) struct Identity {
    /// `AGENT_ID`, else the attempt of the room, else `user@host`.
    pub agent: String,
    /// `AGENT_TYPE`.
    pub kind: Option<String>,
    /// `SESSION_ID`, else the attempt of the room, else a fresh one.
    pub session: String,
    /// True if somebody named the session, so that it means something to a later command.
    pub is_named: bool,
}

/// What a command line says about it.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub(in crate::commands) struct IdentityArgs {
    /// The agent that asks [default: $AGENT_ID]
    #[arg(id = "agent-id", long = "agent-id", value_name = "NAME")]
    pub agent: Option<String>,
    /// What sort of agent it is [default: $AGENT_TYPE]
    #[arg(id = "agent-type", long = "agent-type", value_name = "TYPE")]
    pub kind: Option<String>,
    /// The session [default: $SESSION_ID, the attempt in a room, or a fresh one]
    #[arg(long, visible_alias = "as", value_name = "NAME")]
    pub session: Option<String>,
}

/// Who asks here.
///
/// # Errors
/// Usage: a name is empty, too long or holds control characters.
pub(in crate::commands) fn identity(cx: &Context<'_>, args: &IdentityArgs) -> Result<Identity> {
    let attempt = cx.env().attempt()?;
    let said = |flag: &Option<String>, name: &str| {
        let from_env = || cx.env().text(name).map(str::to_owned);
        flag.clone().or_else(from_env)
    };
    let agent = said(&args.agent, "AGENT_ID");
    let agent = agent.or_else(|| attempt.as_ref().map(ToString::to_string));
    let kind = said(&args.kind, "AGENT_TYPE");
    for name in agent.iter().chain(&kind) {
        visible(name)?;
    }
    // In a room the supervisor takes the attempt for the session, whatever is said.
    let session = match &attempt {
        Some(attempt) => Some(attempt.to_string()),
        None => said(&args.session, "SESSION_ID"),
    };
    Ok(Identity {
        agent: agent.unwrap_or_else(|| cx.label()),
        kind,
        is_named: session.is_some(),
        session: held::session(cx, session.as_deref())?,
    })
}

impl Identity {
    /// The session, where a later command can know it.
    pub(in crate::commands) fn named_session(&self) -> Option<&str> {
        self.is_named.then_some(self.session.as_str())
    }
}

fn visible(name: &str) -> Result<()> {
    let fits = !name.trim().is_empty()
        && name.chars().count() <= NAME_CHARS_MAX
        && !name.chars().any(char::is_control);
    match fits {
        true => Ok(()),
        false => Err(
            Error::usage("agent", "an agent needs a name of visible characters")
                .hint("AGENT_ID=NAME"),
        ),
    }
}

const NAME_CHARS_MAX: usize = 128;
