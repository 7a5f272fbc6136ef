//! `git wp hook agent`: what an agent is about to do, judged before it does it.
//!
//! Speaks the hooks of Claude Code, which others have taken over: one JSON document on standard
//! input, and a decision on standard output, or nothing where there is no objection. Commands go
//! through the guard, files through the scope of the room. What it cannot read it refuses, by exit
//! code 2, which stops the tool.

use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use crate::base::json::{self, json};
use crate::base::{Error, RepoPath, Result};
use crate::commands::weigh::rules;
use crate::commands::{Answer, Context, decided, policy};
use crate::guard::{self, Request};
use crate::hook::{Bounds, RoomScope};
use crate::model::Trust;
use crate::scope::{Change, EntryMode};
use crate::state::record::{Decided, Judge, Sentence};

/// Most bytes of a question: it may hold a whole file.
const INPUT_MAX: u64 = 64 << 20;

/// What an agent asks before it uses a tool.
#[derive(Debug, Deserialize)]
struct Question {
    tool_name: String,
    #[serde(default)]
    tool_input: ToolInput,
}

#[derive(Debug, Default, Deserialize)]
struct ToolInput {
    command: Option<String>,
    file_path: Option<PathBuf>,
    notebook_path: Option<PathBuf>,
}

/// Reads the question and answers it.
pub(super) fn run(cx: &mut Context<'_>) -> Result<Answer> {
    let question = question()?;
    let objection = match question.tool_name.as_str() {
        "Bash" | "Shell" | "run_shell_command" => command(cx, &question.tool_input)?,
        "Write" | "Edit" | "MultiEdit" | "NotebookEdit" | "write_file" | "replace" => {
            file(cx, &question.tool_input)?
        }
        // Other tools change nothing in the repository.
        _ => None,
    };
    let Some(reason) = objection else {
        return Ok(Answer::done(json!({"decision": "none"}), ""));
    };
    let decision = json!({
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": "deny",
            "permissionDecisionReason": reason,
        },
    });
    let text = format!("{decision}\n");
    Ok(Answer::done(decision, text))
}

fn question() -> Result<Question> {
    let mut bytes = Vec::new();
    let stdin = std::io::stdin().lock();
    let read = stdin.take(INPUT_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|e| Error::io("cannot read the standard input", e))?;
    if bytes.len() as u64 > INPUT_MAX {
        let message = format!("the question has more than {INPUT_MAX} bytes");
        return Err(Error::usage("too-large", message));
    }
    json::parse_as(&bytes).map_err(|e| {
        Error::usage("hook-input", "this is no question of an agent's hook")
            .because(e.to_string())
            .hint("PreToolUse of Claude Code: tool_name and tool_input as JSON")
    })
}

/// What the guard says against a command line.
fn command(cx: &mut Context<'_>, input: &ToolInput) -> Result<Option<String>> {
    let text = input.command.as_deref();
    let text = text.ok_or_else(|| Error::usage("hook-input", "the tool has no `command`"))?;
    guarded(cx, text, &[])
}

fn guarded(cx: &mut Context<'_>, text: &str, paths: &[String]) -> Result<Option<String>> {
    let rules = rules(cx)?;
    let trust = policy::acting(cx)?.trust.min(Trust::STANDARD);
    let verdict = guard::judge(&rules, &Request { text, paths, trust });
    let blocked: Vec<_> = verdict.findings.iter().filter(|f| f.blocked).collect();
    let Some(first) = blocked.first() else {
        return Ok(None);
    };
    let record = Decided {
        resource: text.to_owned(),
        sentence: Sentence::Deny,
        rules: blocked.iter().map(|f| f.rule.clone()).collect(),
        reason: first.why.clone(),
        trust: decided::level(trust),
        ..decided::blank(cx, Judge::Guard, "agent command")?
    };
    decided::denied(cx, record);
    Ok(Some(format!(
        "git wp refuses this by its rule `{}`: {}. Instead: {}. Rules: git wp guard rules",
        first.rule, first.why, first.advice
    )))
}

/// What the scope of the room says against a file, and the guard anywhere.
fn file(cx: &mut Context<'_>, input: &ToolInput) -> Result<Option<String>> {
    let path = input.file_path.as_ref().or(input.notebook_path.as_ref());
    let path = path.ok_or_else(|| Error::usage("hook-input", "the tool has no `file_path`"))?;
    let shown = path.to_string_lossy().into_owned();
    if let Some(objection) = guarded(cx, "", &[shown])? {
        return Ok(Some(objection));
    }
    if !cx.has_repo()? {
        return Ok(None);
    }
    let Some(room) = room(cx)? else {
        return Ok(None);
    };
    let root = cx.root()?;
    // What lies outside of the worktree is no part of what is merged.
    let Some(inside) = inside(&root, &cx.here().join(path)) else {
        return Ok(None);
    };
    let change = Change {
        path: inside,
        old: EntryMode::Absent,
        new: EntryMode::File,
        size: None,
        target: None,
    };
    let refused = Bounds::from(&room).refused(vec![change])?;
    Ok(refused.first().map(|refused| {
        let whose = match &refused.owner {
            Some(owner) => format!("it belongs to the package `{owner}`; leave it alone"),
            None => "if the work needs it, ask with the tool `request_scope`".to_owned(),
        };
        let allowed = room.scope.write_allow.join(", ");
        format!(
            "`{}` is outside the scope of `{}` [{}]: {whose}. It may write: {allowed}",
            refused.path,
            room.package,
            refused.rule.as_str()
        )
    }))
}

fn room(cx: &mut Context<'_>) -> Result<Option<RoomScope>> {
    let attempt = match cx.env().attempt()? {
        Some(attempt) => Some(attempt),
        None => cx.room_id()?,
    };
    let common = cx.repo()?.common_dir().to_owned();
    match attempt {
        Some(attempt) => RoomScope::read(&common, &attempt),
        None => Ok(None),
    }
}

/// The path below the root, folders resolved as far as they exist; `None` if it is elsewhere.
fn inside(root: &Path, path: &Path) -> Option<RepoPath> {
    let mut resolved = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                resolved.pop();
            }
            Component::CurDir => {}
            other => resolved.push(other),
        }
        if let Ok(real) = resolved.canonicalize() {
            resolved = real;
        }
    }
    let root = root.canonicalize().ok()?;
    let below = resolved.strip_prefix(root).ok()?;
    Some(RepoPath::from(below.to_string_lossy().as_ref()))
}
