//! `git wp doctor`: what is there and what is damaged. Reads only, unless `--fix` was given.

mod agents;
mod machine;
mod refs;
mod remote;
mod rooms;
mod state;

use crate::base::json::json;
use crate::base::{Error, ExitCode, Result, json};
use crate::commands::{Answer, Context};
use crate::report::doctor::{self, Damage, Diagnosis, Gravity, Repair};

/// Say what is there and what is damaged
///
/// Every damage has a stable code in --json. `--fix` repairs what is provably ours and leaves the
/// rest to you; doing it twice changes nothing. Exits with 1 if something is left to repair.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp doctor
  git wp doctor --fix")]
pub(super) struct Args {
    /// Repair what is provably ours
    #[arg(long)]
    fix: bool,
}

/// Whether a look may repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Look,
    Fix,
}

/// One part of the look.
type Look = fn(&mut Context<'_>, Mode, &mut Diagnosis) -> Result<()>;

/// Looks, and repairs if that was asked for.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let mode = if args.fix { Mode::Fix } else { Mode::Look };
    if mode == Mode::Fix {
        cx.refuse_in_room("doctor --fix")?;
    }
    cx.repo()?;
    let mut found = Diagnosis::default();
    let looks: [Look; 8] = [
        machine::look,
        machine::settings,
        state::look,
        remote::look,
        refs::look,
        rooms::look,
        rooms::hooks,
        agents::look,
    ];
    for look in looks {
        if let Err(error) = look(cx, mode, &mut found) {
            let damage = of_error(&error);
            // What was looked at together may stumble over the same stone.
            if !found.damages.contains(&damage) {
                found.damages.push(damage);
            }
        }
    }
    found.damages.sort_by_key(|d| d.gravity);
    let left = found
        .damages
        .iter()
        .filter(|d| d.repair != Repair::Done)
        .count();
    let exit = match left {
        0 => ExitCode::Done,
        _ => ExitCode::Negative,
    };
    let text = doctor::render(&found, cx.ui.page());
    let data = json!({
        "healthy": found.is_healthy(),
        "facts": json::value(&found.facts)?,
        "damages": json::value(&found.damages)?,
        "count": found.damages.len(),
        "truncated": false,
    });
    Ok(Answer::done(data, text).exit(exit))
}

/// A look that failed is itself worth a line.
fn of_error(error: &Error) -> Damage {
    let mut message = error.message().to_owned();
    for cause in error.causes() {
        message.push_str(&format!(": {cause}"));
    }
    let hints = error
        .hints()
        .iter()
        .filter(|h| !h.starts_with("git wp doctor"));
    let hints: Vec<&str> = hints.map(String::as_str).collect();
    Damage {
        code: error.code().to_owned(),
        gravity: Gravity::Error,
        message,
        hint: hints.join("; "),
        repair: Repair::ByHand,
    }
}

/// A damage that a person has to look at.
fn by_hand(code: &str, gravity: Gravity, message: String, hint: &str) -> Damage {
    Damage {
        code: code.to_owned(),
        gravity,
        message,
        hint: hint.to_owned(),
        repair: Repair::ByHand,
    }
}
