//! `git wp hooks`: install, uninstall, status.

use clap::Subcommand;

use crate::base::json::{Value, json};
use crate::base::{ExitCode, Result};
use crate::commands::{Answer, Context};
use crate::config::environment::own_program;
use crate::hook::{self, Change, HooksStatus, Reach};

/// Check the scope of every commit in the worktrees of packages
///
/// Nothing runs in your own checkout. Hooks that are there already (your own, husky, lefthook,
/// pre-commit) run after ours in those worktrees, as they would without us.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp hooks install
  git wp hooks status")]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Verb {
    /// Add one entry to the repository's configuration and say what was written
    #[command(after_help = "Example:
  git wp hooks install")]
    Install,
    /// Take out exactly what install wrote
    #[command(after_help = "Example:
  git wp hooks uninstall")]
    Uninstall,
    /// Try whether git reaches the hooks, and say what they hand on to
    #[command(after_help = "Example:
  git wp hooks status --json")]
    Status,
}

/// Does it.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let repo = cx.repo()?;
    match args.verb {
        Verb::Install => {
            let changes = hook::install(&repo, &own_program()?)?;
            Ok(told(&changes, "the hooks are installed already"))
        }
        Verb::Uninstall => {
            let changes = hook::uninstall(&repo)?;
            Ok(told(&changes, "there was nothing to take out"))
        }
        Verb::Status => {
            let status = hook::status(&repo, &own_program()?)?;
            let exit = match status.reach {
                Reach::Reached => ExitCode::Done,
                Reach::NotReached(_) => ExitCode::Negative,
            };
            Ok(Answer::done(data(&status), text(&status)).exit(exit))
        }
    }
}

fn told(changes: &[Change], nothing: &str) -> Answer {
    let entry = |c: &Change| json!({"path": c.path.to_string_lossy(), "what": c.what});
    let list: Vec<Value> = changes.iter().map(entry).collect();
    let line = |c: &Change| format!("{}: {}\n", c.path.display(), c.what);
    let mut text: String = changes.iter().map(line).collect();
    if text.is_empty() {
        text = format!("{nothing}\n");
    }
    Answer::done(json!({"changes": list}), text)
}

fn data(status: &HooksStatus) -> Value {
    let reason = match &status.reach {
        Reach::Reached => None,
        Reach::NotReached(reason) => Some(reason),
    };
    json!({
        "reached": status.reach == Reach::Reached,
        "reason": reason,
        "entry": status.standing.entry,
        "included": status.standing.included,
        "scripts": status.standing.scripts,
        "original": status.original.to_string_lossy(),
        "chained": status.chained,
    })
}

fn text(status: &HooksStatus) -> String {
    let mut text = match &status.reach {
        Reach::Reached => "hooks run in the worktrees of packages: tried just now\n".to_owned(),
        Reach::NotReached(reason) => {
            format!("hooks do not run in the worktrees of packages: {reason}\n")
        }
    };
    let standing = [
        (status.standing.entry, "the entry in the configuration"),
        (status.standing.included, "the included configuration"),
        (status.standing.scripts, "the scripts"),
    ];
    for (stands, what) in standing {
        if !stands {
            text += &format!("missing or out of date: {what}; git wp hooks install\n");
        }
    }
    let original = status.original.display();
    text += &match status.chained.is_empty() {
        true => format!("nothing else would run ({original})\n"),
        false => format!("then: {} ({original})\n", status.chained.join(", ")),
    };
    text
}
