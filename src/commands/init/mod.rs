//! `git wp init`: make a remote the one whose state decides, in one command.

mod first;
mod told;

use crate::base::text::foreign;
use crate::base::{Error, Result};
use crate::commands::{Answer, Context};
pub(super) use first::refspec;

/// Make a remote the authority of this clone
///
/// Tries what the host takes, writes down which remote decides, and makes the first exchange: the
/// state that is there is taken over, else the one of this clone is published. Doing it again
/// changes nothing. Without --remote it says what is set. The state of one machine needs no init.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp init --remote origin
  git wp init    # what is set")]
pub(super) struct Args {
    /// The remote through which machines meet, for instance origin
    #[arg(long, value_name = "REMOTE")]
    remote: Option<String>,
}

/// The same for a command that goes on with its own work: says in a line what was done.
///
/// # Errors
/// As `git wp init --remote`.
pub(super) fn join(cx: &mut Context<'_>, name: &str) -> Result<()> {
    let made = first::exchange(cx, name)?;
    let message = format!(
        "`{}` decides from now on who may act: {}",
        made.remote.name(),
        made.report.result.as_str()
    );
    cx.ui.note(&message);
    Ok(())
}

/// Sets it up, or says what is set.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let Some(name) = &args.remote else {
        return told::standing(cx);
    };
    cx.refuse_in_room("init")?;
    if let Some(set) = cx.settings()?.remote
        && set != *name
    {
        let (set, name) = (foreign(&set), foreign(name));
        let message = format!("`{set}` decides here, and only one remote can: not `{name}`");
        return Err(Error::usage("other-remote", message)
            .hint("git wp sync")
            .hint("to change it: git config --unset wp.remote, then git wp init --remote again"));
    }
    let made = first::exchange(cx, name)?;
    told::answer(cx, made)
}
