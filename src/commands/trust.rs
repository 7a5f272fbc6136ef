//! `git wp trust`: a person reads the commands of `wp.toml` and says yes to exactly those bytes.

use crate::base::json::json;
use crate::base::text::foreign;
use crate::base::{Error, Result};
use crate::commands::weigh::{self, Asked, Despite};
use crate::commands::{Answer, Context};
use crate::config::rights::Subject;
use crate::config::{Loaded, project};
use crate::guard::{Consent, Rules};
use crate::model::{Trust, programs};
use crate::report;
use crate::report::diff::{self, Versions};

/// Say yes to the commands of wp.toml, on this machine
///
/// wp.toml comes with the repository, so what it wants to run needs a person's yes. The approval
/// holds for the bytes of the file as they are now. What the guard says of the commands is shown;
/// what it blocks needs `--despite`, whatever the file says of the guard. Never asks; refuses
/// inside a worktree of an attempt.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  git wp trust")]
pub(super) struct Args {
    #[command(flatten)]
    despite: Despite,
}

/// The name under which the approval is kept: there is one `wp.toml` per repository.
const NAME: &str = "";

/// Trusts.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    cx.refuse_in_room("trust")?;
    let Loaded { project_file, .. } = cx.loaded()?;
    let Some(file) = project_file else {
        let message = format!("there is no `{}` here", project::NAME);
        return Err(Error::usage("no-project", message).hint("see README.md about wp.toml"));
    };
    let text = std::str::from_utf8(&file.bytes)
        .map_err(|e| Error::bug("a `wp.toml` that was read is not UTF-8").because(e))?;
    let commands = programs::of_project(&file.project);
    // The file cannot excuse itself: what loosens the guard counts only from now on.
    let rules = Rules::read(&file.project.guard, Consent::Missing)?;
    let judged = commands.iter().map(|program| (program, Trust::STANDARD));
    let asked = Asked {
        operation: "trust",
        resource: &format!("{} {}", project::NAME, file.hash),
        feature: None,
        despite: &args.despite,
    };
    let (weighed, permit) = weigh::weigh(cx, &rules, judged, &asked)?;
    let now = cx.now();
    match cx.rights()?.find(Subject::Project, &file.bytes)? {
        Some(_) => permit.unused(),
        None => {
            let store = cx.store()?;
            for answer in cx.submit(&store, vec![permit.change()])? {
                answer.map_err(Error::from)?;
            }
        }
    }
    cx.rights()?.grant(Subject::Project, NAME, text, now)?;
    let mut shown = format!(
        "trusted {}, sha256 {}\n",
        project::NAME,
        file.hash.short(12)
    );
    if commands.is_empty() {
        shown.push_str("it names no command\n");
    } else {
        shown.push_str("a run may start these commands:\n");
        shown.push_str(&report::programs::render(&commands, cx.ui.page()));
    }
    shown.push_str(&weighed.text(cx));
    for rule in rules.ignored() {
        let rule = foreign(rule);
        shown.push_str(&format!("it loosens the guard: {rule}\n"));
    }
    let data = json!({
        "file": project::NAME,
        "sha256": file.hash,
        "commands": commands,
        "findings": weighed.data()?,
        "loosens": rules.ignored(),
    });
    Ok(Answer::done(data, shown))
}

/// True if `wp.toml` names no program, or a person said yes to exactly its bytes.
///
/// # Errors
/// The file or the approval cannot be read.
pub(super) fn is_trusted(cx: &mut Context<'_>) -> Result<bool> {
    let Loaded { project_file, .. } = cx.loaded()?;
    match project_file {
        Some(file) if file.project.names_programs() => {
            Ok(cx.rights()?.find(Subject::Project, &file.bytes)?.is_some())
        }
        _ => Ok(true),
    }
}

/// Fails unless [`is_trusted`], and says what would run.
///
/// # Errors
/// Policy, `not-trusted`.
pub(super) fn demand(cx: &mut Context<'_>) -> Result<()> {
    if is_trusted(cx)? {
        return Ok(());
    }
    let Loaded { project_file, .. } = cx.loaded()?;
    let Some(file) = project_file else {
        return Ok(());
    };
    let page = cx.ui.story_page();
    let old = cx.rights()?.newest(Subject::Project, NAME)?;
    let (what, shown) = match old {
        Some(old) => {
            let new = String::from_utf8_lossy(&file.bytes);
            let versions = Versions {
                old_name: "wp.toml as trusted",
                old: &old.text,
                new_name: "wp.toml as it is now",
                new: &new,
            };
            (
                "changed since it was trusted",
                diff::render(&versions, page),
            )
        }
        None => {
            let commands = programs::of_project(&file.project);
            (
                "is not trusted here",
                report::programs::render(&commands, page),
            )
        }
    };
    let message = format!("`wp.toml` {what}; it would run:\n{}", shown.trim_end());
    Err(Error::policy("not-trusted", message).hint("read it, then: git wp trust"))
}
