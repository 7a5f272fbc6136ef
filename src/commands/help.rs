//! `git wp help`: a verb's help, or a topic that belongs to no verb.

use crate::base::json::json;
use crate::base::{Error, Result};
use crate::commands::{self, Answer, Context};

/// Explain a verb or a topic
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp help task claim
  git wp help exit-codes")]
pub(super) struct Args {
    /// A verb, or one of: exit-codes, environment, files, state
    #[arg(value_name = "VERB|TOPIC")]
    words: Vec<String>,
}

/// Prints the help.
pub(super) fn run(args: &Args, _cx: &mut Context<'_>) -> Result<Answer> {
    let words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    let text = match words.as_slice() {
        ["exit-codes"] => EXIT_CODES.to_owned(),
        ["environment"] => ENVIRONMENT.to_owned(),
        ["files"] => FILES.to_owned(),
        ["state"] => STATE.to_owned(),
        verbs => verb_help(verbs)?,
    };
    Ok(Answer::done(json!({"text": text}), text))
}

fn verb_help(verbs: &[&str]) -> Result<String> {
    let mut command = commands::command();
    command.build();
    let mut next = &mut command;
    for verb in verbs {
        next = next.find_subcommand_mut(verb).ok_or_else(|| {
            Error::usage("usage", format!("there is no verb or topic `{verb}`")).hint("git wp help")
        })?;
    }
    Ok(next.render_long_help().to_string())
}

const EXIT_CODES: &str = "\
Exit codes of git wp; they never change meaning.

    0    done
    1    a negative answer: findings, a failed package, a closed gate
    2    usage: the command line or a file it names is wrong
    3    lost: somebody else holds it
    4    provisional only: recorded here, not confirmed by the authority
    5    refused by trust or policy
    6    the coordination state is damaged; git wp doctor says more
    70   a defect of git wp
    75   busy, or the machine could not do it now: try again
    130  interrupted

With --json, standard output holds exactly one document at every exit. Exits 0, 1, 3 and 4:

    {\"v\":1,\"command\":\"...\",\"ok\":true,\"data\":{...},\"warnings\":[]}

All others:

    {\"v\":1,\"command\":\"...\",\"ok\":false,\"error\":{\"code\":\"...\",\"message\":\"...\",\"hint\":\"...\"}}
";

const ENVIRONMENT: &str = "\
Environment of git wp.

NO_COLOR, TERM, COLUMNS    how text is shown
GIT_WP_*                   overrides wp.* of git config, for instance GIT_WP_DURABILITY
XDG_STATE_HOME, HOME       where the right to run is kept

An agent gets an environment of its own: a few names such as PATH and LANG, what its profile lists,
and

WP_FEATURE, WP_PACKAGE, WP_ATTEMPT    what it works on
WP_PROMPT_FILE                        what it is asked to do; the same is on its standard input
WP_RESULT_FILE                        where it may leave a result in JSON
WP_MODE                               implement, or debug for who repairs a failed verification
WP_HYPOTHESIS_FILE                    where a debugger writes what it supposes and tries
WP_MCP_CONFIG                         how it starts its MCP server, git wp mcp

An MCP server reads

AGENT_ID, AGENT_TYPE                  who the agent is
SESSION_ID                            its session; a fresh one for every server without it
";

const FILES: &str = "\
Files of git wp.

openspec/changes/CHANGE/work-packages.yaml    a plan
wp.toml                                       committed defaults, see README.md
.git/wp/                                      locks, logs and caches of this clone
../REPO.wp/                                   worktrees of running and failed attempts
git config wp.*                               settings of this clone or user
user state folder, git-wp/                    which plans and wp.toml files may run here

Caches can be deleted at any time. Nothing else belongs to git wp but its refs: git wp help state.
";

const STATE: &str = "\
All coordination state is plain files in the tree of one ref, refs/wp/state. Each change of state is
one commit:

    git log refs/wp/state                      the audit trail
    git ls-tree -r --name-only refs/wp/state   what is recorded
    git show refs/wp/state:PATH                one record, canonical JSON

refs/wp/integration/FEATURE    what was merged so far
refs/wp/heads/...              work of attempts that was fetched
refs/wp/remotes/REMOTE/...     what a remote had at the last fetch
refs/wp/salvage/...            what was saved before a worktree went
refs/wp/merged/BRANCH          features merged for a branch that is checked out
refs/heads/wp/...              a branch per attempt

Status is never stored; git wp status computes it from the records.

Where several machines share a remote, its state decides: git wp init --remote REMOTE. What needs its
yes is provisional until git wp sync. git log --exclude='refs/wp/*' --all leaves the state out.
";
