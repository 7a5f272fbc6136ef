//! `git wp completions`: a script for a shell.

use clap_complete::Shell;

use crate::base::json::json;
use crate::base::{Error, Result};
use crate::commands::{self, Answer};

/// Print a completion script for a shell
///
/// For `git wp <Tab>` in bash, the script also defines `_git_wp`, which git's own completion calls.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp completions bash > ~/.local/share/bash-completion/completions/git-wp
  git wp completions zsh > ~/.zfunc/_git-wp
  git wp completions fish > ~/.config/fish/completions/git-wp.fish")]
pub(super) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
pub(super) fn run(args: &Args) -> Result<Answer> {
    let mut bytes = Vec::new();
    clap_complete::generate(args.shell, &mut commands::command(), "git-wp", &mut bytes);
    let mut script = String::from_utf8(bytes)
        .map_err(|e| Error::bug("the completion script is not UTF-8").because(e))?;
    if args.shell == Shell::Bash {
        // clap_complete sets one sign for the hyphen of a program's name where it remembers a
        // verb, and another where it looks the verb up.
        script = script.replace("git__subcmd__wp__subcmd__", "git__wp__subcmd__");
        script.push_str(GIT_BRIDGE);
    }
    let data = json!({"shell": args.shell.to_string(), "script": script});
    Ok(Answer::done(data, script))
}

/// Git's completion calls `_git_wp` with `words` and `cword` of the whole line `git wp ...`.
const GIT_BRIDGE: &str = r#"
_git_wp() {
    local COMP_WORDS=("git-wp" "${words[@]:2}") COMP_CWORD=$((cword - 1))
    COMPREPLY=()
    _git__wp "git-wp" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
}
"#;
