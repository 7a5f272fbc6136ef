//! `git wp demo`: a whole run on a small real project, offline, in a few seconds.
//!
//! The project and its plan stand in `project/` beside this file. Everything, also the right to
//! run, stays in one folder, so nothing of the user's is read or written.

mod project;

use std::path::{Path, PathBuf};

use crate::base::json::json;
use crate::base::{Error, ExitCode, Result};
use crate::commands::{self, Answer, Context};
use crate::config::environment::own_program;
use crate::model::Durability;
use crate::os::file::{self, Access};
use crate::os::process::{self, Invocation};
use crate::os::random;
use crate::report::status::quoted;
use crate::report::style::Label;

/// Show a whole run on a small project
///
/// Makes a scratch repository with a plan of seven packages, approves it, runs it in parallel with
/// the built-in agent `shell`, and runs the tests of the merged branch. One package fails its
/// verification once and is tried again. Needs git and sh only.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp demo
  git wp demo --keep try-it")]
pub(super) struct Args {
    /// Make the scratch repository here instead of in the folder for temporary files
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// The change of the demo.
const CHANGE: &str = "add-shelf";
/// Bytes of the tests' output that are shown.
const OUTPUT_MAX: u64 = 64 << 10;

/// Runs the demo.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let folder = folder(args, cx)?;
    let repo = folder.join("shelf");
    let project = project::make(&repo)?;
    cx.ui
        .note(&format!("made a small project at {}", repo.display()));
    verb(cx, &folder, &["approve", CHANGE])?;
    let run = verb(
        cx,
        &folder,
        &["implement", CHANGE, "--agent", "shell", "-j", "4"],
    )?;
    if run.exit != ExitCode::Done {
        return Ok(run);
    }
    let report = verb(cx, &folder, &["report", CHANGE, "--format", "md"])?;
    let page = folder.join("report.md");
    file::replace(
        &page,
        report.text.as_bytes(),
        Access::Shared,
        Durability::Off,
    )?;
    project::check_out(&project, &format!("openspec/{CHANGE}"))?;
    let (passed, output) = test(&repo)?;
    let mut text = run.text;
    text.push_str("\nthe tests of the merged branch, run now: sh tests/run.sh\n");
    for line in output.lines() {
        text.push_str(&format!("  {line}\n"));
    }
    let word = match passed {
        true => cx.ui.page().paint(Label::Good, "all tests pass"),
        false => cx.ui.page().paint(Label::Bad, "tests fail"),
    };
    text.push_str(&format!("{word}\n\n{}", look_around(cx, &repo, &page)?));
    let data = json!({
        "repository": repo.display().to_string(),
        "report": page.display().to_string(),
        "branch": run.data["branch"],
        "head": run.data["head"],
        "packages": run.data["packages"],
        "tests_passed": passed,
        "tests_output": output,
        "seconds": run.data["seconds"],
    });
    let exit = if passed {
        ExitCode::Done
    } else {
        ExitCode::Negative
    };
    Ok(Answer::done(data, text).exit(exit))
}

fn folder(args: &Args, cx: &Context<'_>) -> Result<PathBuf> {
    let folder = match &args.keep {
        Some(folder) => cx.here().join(folder),
        None => {
            let parent = cx
                .env()
                .get("TMPDIR")
                .map_or_else(|| "/tmp".into(), PathBuf::from);
            parent.join(format!("git-wp-demo-{}", random::id(6)?))
        }
    };
    file::make_shared_dirs(&folder)?;
    if !file::names(&folder)?.is_empty() {
        let message = format!("`{}` is not empty", folder.display());
        return Err(Error::usage("not-empty", message).hint("name a folder that is new"));
    }
    let about = |e| Error::io(format!("cannot enter `{}`", folder.display()), e);
    folder.canonicalize().map_err(about)
}

/// Runs a verb as a user would type it, in the scratch repository.
fn verb(cx: &mut Context<'_>, folder: &Path, words: &[&str]) -> Result<Answer> {
    cx.ui.note(&format!("$ git wp {}", words.join(" ")));
    let argv = std::iter::once("git-wp").chain(words.iter().copied());
    let verb = commands::parse_verb(argv)?;
    let env = cx.env().with("XDG_STATE_HOME", folder.join("state"));
    let mut inner = Context::at(cx.ui, folder.join("shelf"), env);
    commands::dispatch(verb, &mut inner)
}

fn test(repo: &Path) -> Result<(bool, String)> {
    let sh = Invocation::new("sh", repo).arg("tests/run.sh");
    let done = process::run(&sh, OUTPUT_MAX)?;
    let passed = done.status.is_success();
    let output = String::from_utf8_lossy(&done.stdout).into_owned();
    Ok((
        passed,
        crate::base::text::foreign(&output).multi_line().to_string(),
    ))
}

fn look_around(cx: &Context<'_>, repo: &Path, page: &Path) -> Result<String> {
    let wp = match cx.env().finds_program("git-wp", repo) {
        true => "git wp".to_owned(),
        false => quoted(&own_program()?.to_string_lossy()),
    };
    Ok(format!(
        "the report is at {page}\nlook around:\n  cd {repo}\n  {wp} status\n  {wp} report\n  \
         {wp} log\n  git log --graph --oneline\n",
        page = page.display(),
        repo = quoted(&repo.to_string_lossy()),
    ))
}
