//! `git wp guard`: what a command line would destroy. Runs nothing.

use std::io::Read as _;

use clap::Subcommand;

use crate::base::json::{Value, json};
use crate::base::{Error, ExitCode, Result, json};
use crate::commands::weigh::{quoted, rules};
use crate::commands::{Answer, Context, policy};
use crate::guard::{self, Request, builtin};
use crate::model::Trust;
use crate::report;

/// Say what a command line would destroy
///
/// A command line is read as a shell would read it and never run: words of a message, of a comment
/// or of a file are not commands. What other programs read is not: python -c, perl -e, awk, make,
/// files of SQL, scripts by name. The guard warns those who err; it is no sandbox.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp guard check 'cd app && make test'
  git wp guard rules")]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Check(Check),
    /// List the built-in rules
    #[command(after_help = "Example:
  git wp guard rules")]
    Rules,
}

/// Judge a command line and paths; exit 1 if anything is blocked
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp guard check 'cd app && make test'
  git wp guard check --trust 3 -- docker push registry/app
  git wp guard check --path app/.env
  git wp guard check --stdin < script.sh")]
struct Check {
    /// Judge for this trust, 0 to 4; without it the attempt's own, and 2 outside of attempts
    #[arg(long, value_name = "N", value_parser = policy::trust)]
    trust: Option<Trust>,
    /// A file that is going to be written
    #[arg(long = "path", value_name = "PATH")]
    paths: Vec<String>,
    /// Read a script from standard input
    #[arg(long, conflicts_with = "command")]
    stdin: bool,
    /// One word is a line for a shell; several are a program and its arguments
    #[arg(
        value_name = "COMMAND",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    command: Vec<String>,
}

/// Longer scripts are not judged.
const STDIN_MAX: u64 = 1 << 20;

/// Judges or lists.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    match &args.verb {
        Verb::Check(args) => check(args, cx),
        Verb::Rules => {
            let list: Vec<Value> = builtin::ALL.iter().map(row).collect();
            let text = report::guard::rules(builtin::ALL, cx.ui.page());
            let data = json!({"rules": list, "count": list.len(), "truncated": false});
            Ok(Answer::done(data, text))
        }
    }
}

fn row(rule: &builtin::Builtin) -> Value {
    json!({
        "rule": rule.name,
        "category": rule.category,
        "level": rule.level,
        "min_trust": rule.min_trust,
        "why": rule.why,
        "advice": rule.advice,
    })
}

fn check(args: &Check, cx: &mut Context<'_>) -> Result<Answer> {
    let text = match (args.command.as_slice(), args.stdin) {
        ([], true) => script()?,
        ([], false) if args.paths.is_empty() => {
            let error = Error::usage("usage", "which command line or path?");
            return Err(error.hint("git wp guard check -- COMMAND"));
        }
        ([line], _) => line.clone(),
        (words, _) => words
            .iter()
            .map(|word| quoted(word))
            .collect::<Vec<_>>()
            .join(" "),
    };
    let rules = rules(cx)?;
    for rule in rules.ignored() {
        let message = format!("wp.toml loosens `{rule}`, which needs a yes: git wp trust");
        cx.ui.warn("guard-not-trusted", &message);
    }
    let trust = match args.trust {
        Some(trust) => trust,
        None => policy::acting(cx)?.trust.min(Trust::STANDARD),
    };
    let request = Request {
        text: &text,
        paths: &args.paths,
        trust,
    };
    let verdict = guard::judge(&rules, &request);
    let exit = match verdict.safe {
        true => ExitCode::Done,
        false => ExitCode::Negative,
    };
    let text = report::guard::verdict(&verdict, cx.ui.page());
    Ok(Answer::done(json::value(&verdict)?, text).exit(exit))
}

fn script() -> Result<String> {
    let mut bytes = Vec::new();
    let read = std::io::stdin()
        .lock()
        .take(STDIN_MAX + 1)
        .read_to_end(&mut bytes);
    read.map_err(|e| Error::io("cannot read standard input", e))?;
    if bytes.len() as u64 > STDIN_MAX {
        let message = format!("standard input has more than {STDIN_MAX} bytes");
        return Err(Error::usage("too-large", message));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
