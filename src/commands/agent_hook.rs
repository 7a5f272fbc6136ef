//! `git wp hook agent`: what an agent is about to do, judged before it does it.
//!
//! Speaks the hooks of each program: one JSON document on standard input, and a refusal on standard
//! output, or nothing where there is no objection. Commands go through the guard, files through
//! the scope of the room; after a command the room is looked over. What it cannot read it refuses,
//! by exit code 2, which stops the tool.

use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use crate::agent::{Moment, Question};
use crate::base::json::json;
use crate::base::{Error, RepoPath, Result};
use crate::commands::weigh::rules;
use crate::commands::{Answer, Context, decided, policy};
use crate::guard::{self, Request};
use crate::hook::{self, Bounds, RoomScope};
use crate::model::Trust;
use crate::scope::{Change, EntryMode};
use crate::state::record::{Decided, Judge, Sentence};
use crate::worktree::Readable;

/// Most bytes of a question: it may hold a whole file.
const INPUT_MAX: u64 = 64 << 20;

/// Files that are named in one objection.
const NAMED_MAX: usize = 10;

/// Reads the question and answers it.
pub(super) fn run(cx: &mut Context<'_>) -> Result<Answer> {
    let question = Question::parse(&input()?)?;
    let objection = match question.moment {
        Moment::Before => before(cx, &question)?,
        // Whatever keeps it from looking: it is too late to refuse anything.
        Moment::After => after(cx, &question).unwrap_or_default(),
    };
    let Some(reason) = objection else {
        return Ok(Answer::done(json!({"decision": "none"}), ""));
    };
    let decision = question.refusal(&reason);
    let text = format!("{decision}\n");
    Ok(Answer::done(decision, text))
}

fn before(cx: &mut Context<'_>, question: &Question) -> Result<Option<String>> {
    if let Some(command) = &question.command
        && let Some(objection) = guarded(cx, command, &[])?
    {
        return Ok(Some(objection));
    }
    let folder = question.folder.clone();
    let folder = folder.unwrap_or_else(|| cx.here().to_owned());
    for path in &question.paths {
        if let Some(objection) = file(cx, &folder.join(path), path)? {
            return Ok(Some(objection));
        }
    }
    for path in &question.reads {
        if let Some(objection) = reading(cx, &folder.join(path), path)? {
            return Ok(Some(objection));
        }
    }
    Ok(None)
}

/// What a room that is held to its read scope says against reading a file or folder.
fn reading(cx: &mut Context<'_>, path: &Path, said: &Path) -> Result<Option<String>> {
    if !cx.has_repo()? {
        return Ok(None);
    }
    let Some(room) = room(cx)? else {
        return Ok(None);
    };
    let Some(readable) = &room.readable else {
        return Ok(None);
    };
    let (real, root) = (resolved(path), cx.root()?);
    let objection = match below(&root, &real) {
        Some(inside) if Readable::new(readable).contains(&inside) => None,
        Some(_) => Some("outside of what it may read"),
        // The instructions and results of an attempt stand in the folder of git.
        None if real.starts_with(resolved(&cx.repo()?.wp_dir())) => None,
        None => elsewhere(cx, &real)?,
    };
    Ok(objection.map(|what| {
        format!(
            "`{}` is {what}: `{}` reads {} alone",
            said.display(),
            room.package,
            readable.join(", ")
        )
    }))
}

/// What a command changed in the room that its package may not.
fn after(cx: &mut Context<'_>, question: &Question) -> Result<Option<String>> {
    if question.command.is_none() || !cx.has_repo()? {
        return Ok(None);
    }
    let Some(room) = room(cx)? else {
        return Ok(None);
    };
    let refused = Bounds::from(&room).refused(hook::loose(&cx.repo()?)?)?;
    if refused.is_empty() {
        return Ok(None);
    }
    let named: Vec<String> = { refused.iter().take(NAMED_MAX) }
        .map(|refused| match &refused.owner {
            Some(owner) => format!("`{}` (of `{owner}`)", refused.path),
            None => format!("`{}`", refused.path),
        })
        .collect();
    Ok(Some(format!(
        "the worktree holds changes outside the scope of `{}`, which will not be merged: {}{}. Put \
         them back, or ask for them with the tool `request_scope`",
        room.package,
        named.join(", "),
        if refused.len() > NAMED_MAX {
            " ..."
        } else {
            ""
        },
    )))
}

fn input() -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let stdin = std::io::stdin().lock();
    let read = stdin.take(INPUT_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|e| Error::io("cannot read the standard input", e))?;
    if bytes.len() as u64 > INPUT_MAX {
        let message = format!("the question has more than {INPUT_MAX} bytes");
        return Err(Error::usage("too-large", message));
    }
    Ok(bytes)
}

/// What the guard says against a command line, or against files.
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

/// What the scope of the room says against a file, and the guard anywhere; `said` as it was named.
fn file(cx: &mut Context<'_>, path: &Path, said: &Path) -> Result<Option<String>> {
    let shown = said.to_string_lossy().into_owned();
    let real = resolved(path);
    let room = match cx.has_repo()? {
        true => room(cx)?,
        false => None,
    };
    // It stands in the folder of git, where nothing else is an agent's to write.
    if let Some(room) = &room
        && real.starts_with(results(cx, room)?)
    {
        return Ok(None);
    }
    if let Some(objection) = guarded(cx, "", &[shown])? {
        return Ok(Some(objection));
    }
    let Some(room) = room else {
        return Ok(None);
    };
    let root = cx.root()?;
    let Some(inside) = below(&root, &real) else {
        return Ok(elsewhere(cx, &real)?.map(|what| {
            format!(
                "`{}` is {what}, and not in your worktree; work below `{}` only",
                said.display(),
                root.display()
            )
        }));
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

/// The folder of the result of an attempt.
fn results(cx: &mut Context<'_>, room: &RoomScope) -> Result<PathBuf> {
    let run = cx.repo()?.wp_dir().join("run");
    Ok(resolved(&run.join(room.attempt.as_str()).join("out")))
}

/// What of the repository a path outside of the room lies in; elsewhere it is no business of ours.
fn elsewhere(cx: &mut Context<'_>, path: &Path) -> Result<Option<&'static str>> {
    let common = resolved(cx.repo()?.common_dir());
    if path.starts_with(&common) {
        return Ok(Some("in the folder of git"));
    }
    let is_checkout = common.file_name().is_some_and(|name| name == DOT_GIT);
    let main = common.parent().filter(|_| is_checkout);
    let is_main = main.is_some_and(|main| path.starts_with(main));
    Ok(is_main.then_some("in the main checkout"))
}

/// How the git folder of a checkout is called.
const DOT_GIT: &str = ".git";

/// The path with its folders resolved as far as they exist.
fn resolved(path: &Path) -> PathBuf {
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
    resolved
}

/// The resolved path below the root; `None` if it is elsewhere.
fn below(root: &Path, path: &Path) -> Option<RepoPath> {
    let root = root.canonicalize().ok()?;
    let below = path.strip_prefix(root).ok()?;
    Some(RepoPath::from(below.to_string_lossy().as_ref()))
}
