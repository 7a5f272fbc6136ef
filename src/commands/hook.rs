//! `git wp hook`: called by git through the scripts of `hooks install`.

use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;

use clap::Subcommand;

use crate::agent::sandbox;
use crate::base::json::json;
use crate::base::{Error, ExitCode, Result};
use crate::commands::{Answer, Context, agent_hook};
use crate::config::environment::Environment;
use crate::hook::{self, HookCall, Place};

/// Most bytes that a hook's standard input may have.
const INPUT_MAX: u64 = 64 << 20;

/// Called by git and by agents, not by people
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Judge what an agent is about to do: its PreToolUse question on standard input
    #[command(after_help = "Example (settings of Claude Code):
  {\"hooks\": {\"PreToolUse\": [{\"matcher\": \"Bash|Write|Edit|MultiEdit|NotebookEdit\",
    \"hooks\": [{\"type\": \"command\", \"command\": \"git wp hook agent\"}]}]}}")]
    Agent,
    /// Run a program that may write only where the file RULES says, and nothing it starts can more
    #[command(after_help = "The runner starts agents so; by hand:
  git wp hook confine rules.json -- sh -c 'echo x > elsewhere'")]
    Confine {
        /// `{\"v\": 1, \"writable\": [PATH, ...]}`; paths that do not exist are left out
        rules: PathBuf,
        /// The program and its arguments
        #[arg(last = true, required = true)]
        words: Vec<OsString>,
    },
    /// Run one git hook: the scope check, then the hook that would have run without us
    Run {
        /// The hook, for instance `pre-commit`
        name: String,
        /// What git gave to it
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

/// Runs the hook; its exit code is 0 or 1, which is all that git looks at.
pub(super) fn run(args: Args, cx: &mut Context<'_>) -> Result<Answer> {
    let (name, args) = match args.verb {
        Verb::Agent => return agent_hook::run(cx),
        Verb::Confine { rules, words } => {
            return Err(sandbox::become_confined(&rules, &words, cx.here()));
        }
        Verb::Run { name, args } => (name, args),
    };
    let mut input = Vec::new();
    if HookCall::reads_input(&name) {
        let stdin = std::io::stdin().lock();
        let read = stdin.take(INPUT_MAX).read_to_end(&mut input);
        read.map_err(|e| Error::io("cannot read the standard input", e))?;
    }
    let environment = Environment::of_process();
    let path = |name: &str| environment.get(name).map(PathBuf::from);
    let place = Place {
        folder: cx.here().to_owned(),
        git_dir: path("GIT_DIR"),
        index: path("GIT_INDEX_FILE"),
        attempt: environment.attempt()?,
        hooks_dir: path("WP_HOOKS_DIR"),
    };
    let end = hook::run(HookCall {
        name,
        args,
        input,
        place,
    })?;
    for line in end.message.iter().flat_map(|message| message.lines()) {
        cx.ui.note(line);
    }
    let exit = if end.code == 0 {
        ExitCode::Done
    } else {
        ExitCode::Negative
    };
    Ok(Answer::done(json!({"code": end.code}), "").exit(exit))
}
