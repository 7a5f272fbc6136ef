//! `git wp skill`: workflows in the agents' own world.

mod agents;
mod texts;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use clap::builder::PossibleValuesParser;

use crate::base::json::{Value, json};
use crate::base::text::count;
use crate::base::{Error, ExitCode, Result};
use crate::commands::{Answer, Context};
use crate::config::environment::own_program;
use crate::model::Durability;
use crate::os::file::{self, Access};
use agents::Agent;
use texts::Skill;

/// Teach coding agents the workflows that git wp runs
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  git wp skill install --agent claude")]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Install(Install),
}

/// Write skills where agents look for them, and say how each is told of the MCP server
///
/// Skills are folders with a `SKILL.md` (agentskills.io). In each file only a marked block is ours:
/// what you write around it stays, and a file without the marks is never touched.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp skill install                       # for nearly all agents, in this project
  git wp skill install --agent claude --user
  git wp skill install --list
  git wp skill install --uninstall")]
struct Install {
    /// Only for these agents [default: claude and codex, whose folders most others read, too]
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',',
        value_parser = PossibleValuesParser::new(agents::ALL.map(|agent| agent.name)))]
    agent: Vec<String>,
    /// In your home instead of this project
    #[arg(long)]
    user: bool,
    /// Say what is where; change nothing
    #[arg(long, conflicts_with = "uninstall")]
    list: bool,
    /// Take out exactly what install wrote
    #[arg(long)]
    uninstall: bool,
}

/// Does it.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let Verb::Install(args) = &args.verb;
    if !args.list {
        cx.refuse_in_room("skill install")?;
    }
    let root = root(args, cx)?;
    let chosen = chosen(&args.agent);
    let mut done = Vec::new();
    for folder in folders(&chosen, args.user) {
        for skill in texts::ALL {
            let path = root.join(folder).join(skill.name).join("SKILL.md");
            let state = match (args.list, args.uninstall) {
                (true, _) => state_of(skill, &path)?,
                (false, true) => uninstall(skill, &path)?,
                (false, false) => install(skill, &path)?,
            };
            done.push((skill, path, state));
        }
    }
    let lines = match args.uninstall {
        true => Vec::new(),
        false => mcp_lines(&args.agent, &chosen)?,
    };
    Ok(told(&done, &lines, args.list))
}

/// What became of a file, or is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Written,
    Updated,
    Unchanged,
    Outdated,
    Absent,
    Removed,
    /// Our block is gone, what somebody wrote around it is there.
    BlockRemoved,
    /// Somebody else's: it was not touched.
    Foreign,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Written => "written",
            State::Updated => "updated",
            State::Unchanged => "unchanged",
            State::Outdated => "outdated",
            State::Absent => "absent",
            State::Removed => "removed",
            State::BlockRemoved => "block removed",
            State::Foreign => "not ours, left alone",
        }
    }
}

fn root(args: &Install, cx: &mut Context<'_>) -> Result<PathBuf> {
    if !args.user {
        return cx.root();
    }
    let home = cx.env().get("HOME").map(PathBuf::from);
    home.filter(|home| home.is_absolute())
        .ok_or_else(|| Error::usage("no-home", "`HOME` is not set"))
}

fn chosen(names: &[String]) -> Vec<Agent> {
    let wanted = |agent: &Agent| match names.is_empty() {
        true => agents::USUAL.contains(&agent.name),
        false => names.iter().any(|name| name == agent.name),
    };
    agents::ALL.into_iter().filter(wanted).collect()
}

fn folders(chosen: &[Agent], user: bool) -> BTreeSet<&'static str> {
    let folder = |agent: &Agent| if user { agent.user } else { agent.project };
    chosen.iter().map(folder).collect()
}

/// The text of a file; `None` if there is none. A link is somebody's arrangement, not a file.
fn text_of(path: &Path) -> Result<Option<Result<String, State>>> {
    const BYTES_MAX: u64 = 1 << 20;
    if fs::symlink_metadata(path).is_ok_and(|meta| !meta.is_file()) {
        return Ok(Some(Err(State::Foreign)));
    }
    let bytes = file::read_bounded(path, BYTES_MAX)?;
    Ok(bytes.map(|bytes| String::from_utf8(bytes).map_err(|_| State::Foreign)))
}

fn state_of(skill: Skill, path: &Path) -> Result<State> {
    Ok(match text_of(path)? {
        None => State::Absent,
        Some(Err(state)) => state,
        Some(Ok(text)) => match skill.put_into(&text) {
            None => State::Foreign,
            Some(new) if new == text => State::Unchanged,
            Some(_) => State::Outdated,
        },
    })
}

fn install(skill: Skill, path: &Path) -> Result<State> {
    let (new, state) = match text_of(path)? {
        None => (skill.file(), State::Written),
        Some(Err(state)) => return Ok(state),
        Some(Ok(text)) => match skill.put_into(&text) {
            None => return Ok(State::Foreign),
            Some(new) if new == text => return Ok(State::Unchanged),
            Some(new) => (new, State::Updated),
        },
    };
    if let Some(folder) = path.parent() {
        file::make_shared_dirs(folder)?;
    }
    file::replace(path, new.as_bytes(), Access::Shared, Durability::Fast)?;
    Ok(state)
}

fn uninstall(skill: Skill, path: &Path) -> Result<State> {
    let text = match text_of(path)? {
        None => return Ok(State::Absent),
        Some(Err(state)) => return Ok(state),
        Some(Ok(text)) => text,
    };
    match skill.take_out_of(&text) {
        None => Ok(State::Foreign),
        Some(left) if left.is_empty() => {
            file::remove(path)?;
            // Folders go if nothing of anybody is in them.
            for folder in path.ancestors().skip(1).take(3) {
                if fs::remove_dir(folder).is_err() {
                    break;
                }
            }
            Ok(State::Removed)
        }
        Some(left) => {
            file::replace(path, left.as_bytes(), Access::Shared, Durability::Fast)?;
            Ok(State::BlockRemoved)
        }
    }
}

/// Of the agents that were named; without names, of all.
fn mcp_lines(names: &[String], chosen: &[Agent]) -> Result<Vec<(Agent, agents::Line)>> {
    let program = own_program()?;
    let wanted: Vec<Agent> = match names.is_empty() {
        true => agents::ALL.to_vec(),
        false => chosen.to_vec(),
    };
    let lines = wanted
        .into_iter()
        .map(|agent| Ok((agent, agent.mcp(&program)?)));
    lines.collect()
}

fn told(
    done: &[(Skill, PathBuf, State)],
    lines: &[(Agent, agents::Line)],
    is_list: bool,
) -> Answer {
    let mut text = String::new();
    let mut files = Vec::new();
    for (skill, path, state) in done {
        text.push_str(&format!("{}: {}\n", path.display(), state.word()));
        files.push(json!({
            "skill": skill.name,
            "description": skill.description(),
            "path": path.to_string_lossy(),
            "state": state.word(),
        }));
    }
    if !lines.is_empty() {
        text.push_str("\nThe MCP server, for each agent that should have it:\n");
    }
    let mut servers: Vec<Value> = Vec::new();
    for (agent, line) in lines {
        let indented = line.text.replace('\n', "\n  ");
        text.push_str(&format!(
            "\n{} ({}):\n  {indented}\n",
            agent.name, line.place
        ));
        servers.push(json!({"agent": agent.name, "place": line.place, "text": line.text}));
    }
    let foreign = done
        .iter()
        .filter(|(_, _, state)| *state == State::Foreign)
        .count();
    if foreign > 0 && !is_list {
        let files = count(foreign, "file");
        text.push_str(&format!(
            "\n{files} of that name not written by git wp: left alone\n"
        ));
    }
    let data = json!({
        "files": files,
        "count": files.len(),
        "truncated": false,
        "mcp": servers,
    });
    let exit = match foreign > 0 && !is_list {
        true => ExitCode::Negative,
        false => ExitCode::Done,
    };
    Answer::done(data, text).exit(exit)
}
