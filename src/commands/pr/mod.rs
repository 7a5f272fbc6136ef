//! `git wp pr`: opens a pull request for a finished feature, or says what to paste where.

mod forge;
mod place;

use std::path::Path;

use crate::base::json::json;
use crate::base::text::foreign;
use crate::base::{Error, ExitCode, FeatureId, Oid, RefName, Result};
use crate::commands::outputs::Outputs;
use crate::commands::{Answer, Context, feature};
use crate::git::remote::Trouble;
use crate::model::Durability;
use crate::os::file::{self, Access};
use crate::report::pull_request;
use crate::report::status::quoted;
use crate::schedule::readiness::readiness;
use forge::{Forge, Opened, Request};
use place::Place;

/// Reasons against it that are named at once.
const REASONS_MAX: usize = 5;

/// Open a pull request for a finished feature
///
/// Uses `gh` or `glab`, as the address of the remote tells, with the text of `git wp report
/// --format pr`. Where neither fits or is installed, shows what to paste where. Refuses while the
/// feature is not merged, its gate is closed, or its branch is not on the remote as it is here.
/// Pushes nothing. A pull request that is open already gets the new text.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp pr add-auth
  git wp pr add-auth --base release --draft
  git wp pr add-auth --dry-run    # the text, and what would be run")]
pub(super) struct Args {
    /// A feature; the only one if there is but one
    #[arg(value_name = "FEATURE")]
    feature: Option<String>,
    #[command(flatten)]
    words: PrWords,
    /// Show the text and the command; ask nobody
    #[arg(short = 'n', long)]
    dry_run: bool,
}

/// How a pull request is opened.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct PrWords {
    /// The remote with the branch [default: wp.remote, or origin]
    #[arg(long = "to", value_name = "REMOTE")]
    to: Option<String>,
    /// The branch it shall go into [default: what the host says]
    #[arg(long = "into", visible_alias = "base", value_name = "BRANCH")]
    into: Option<String>,
    /// Open it as a draft
    #[arg(long)]
    draft: bool,
    /// The program to ask, whatever the address of the remote says
    #[arg(long, value_enum, value_name = "PROGRAM")]
    with: Option<Forge>,
}

/// Opens it.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    cx.refuse_in_room("pr")?;
    let store = cx.store()?;
    let found = feature::published(cx, &store, args.feature.as_deref())?;
    let outputs = Outputs::read(&store, found)?;
    open(cx, &outputs, &args.words, args.dry_run)
}

/// Opens one at the end of a run and says so in its answer. That none could be opened is told and
/// changes nothing of what the run came to.
///
/// # Errors
/// The answer cannot be written.
pub(super) fn close(cx: &mut Context<'_>, feature: &FeatureId, answer: &mut Answer) -> Result<()> {
    match after_run(cx, feature) {
        Ok(opened) => {
            if opened.exit != ExitCode::Done {
                cx.ui.warn("pr", "no pull request was opened");
            }
            answer.text.push_str(&opened.text);
            answer.data["pr"] = opened.data;
        }
        Err(error) => {
            let hints = error
                .hints()
                .first()
                .map_or(String::new(), |hint| format!("; {hint}"));
            cx.ui
                .warn("pr", &format!("no pull request was opened: {error}{hints}"));
            answer.data["pr"] = json!({"opened": false, "updated": false});
        }
    }
    Ok(())
}

fn after_run(cx: &mut Context<'_>, feature: &FeatureId) -> Result<Answer> {
    let store = cx.store()?;
    let found = feature::published(cx, &store, Some(feature.as_str()))?;
    let outputs = Outputs::read(&store, found)?;
    open(cx, &outputs, &PrWords::default(), false)
}

fn open(cx: &mut Context<'_>, outputs: &Outputs, words: &PrWords, dry_run: bool) -> Result<Answer> {
    let branch = ready(outputs)?;
    let into = words.into.as_deref().map(branch_word).transpose()?;
    let place = target(cx, words, &branch, dry_run)?;
    let pull = outputs.pull_request();
    let request = Request {
        title: pull_request::title(&pull),
        body: pull_request::body(&pull),
        file: cx
            .repo()?
            .wp_dir()
            .join("pr")
            .join(format!("{}.md", outputs.found.id.slug())),
        branch: branch.short().to_owned(),
        into,
        draft: words.draft,
    };
    let forge = words.with.or_else(|| place.as_ref().and_then(Forge::of));
    let path = cx.env().get("PATH").map(ToOwned::to_owned);
    let found = forge.filter(|forge| forge.is_here(path.as_deref(), cx.here()));
    let (Some(forge), Some(place)) = (found.filter(|_| !dry_run), place.as_ref()) else {
        return Ok(told(
            outputs,
            &request,
            (forge, found.is_some()),
            place.as_ref(),
            dry_run,
        ));
    };
    keep(&request.file, &request.body)?;
    let opened = forge.open(&request, place, &cx.root()?)?;
    Ok(answer(outputs, &request, forge, &opened))
}

/// The branch of a feature that may go on.
fn ready(outputs: &Outputs) -> Result<RefName> {
    let shown = quoted(outputs.found.id.as_str());
    let merged = outputs.last().filter(|(_, ended)| ended.result == "merged");
    let Some((started, _)) = merged else {
        let message = format!("`{}` is not merged", foreign(outputs.found.id.as_str()));
        return Err(Error::negative("not-merged", message)
            .hint(format!("git wp implement {shown}"))
            .hint(format!("git wp status {shown}")));
    };
    let judged = readiness(&outputs.found.id, &outputs.found.records);
    if !judged.is_ready() {
        let open = judged.open().take(REASONS_MAX);
        let open: Vec<String> = open.map(|one| foreign(&one.text).to_string()).collect();
        let message = format!("the gate is closed: {}", open.join("; "));
        return Err(Error::negative("not-ready", message).hint(format!("git wp gate {shown}")));
    }
    Ok(started.branch.clone())
}

/// A branch as a person types it.
fn branch_word(word: &str) -> Result<String> {
    let full = RefName::parse(&format!("refs/heads/{word}"));
    full.map(|name| name.short().to_owned()).ok_or_else(|| {
        Error::usage(
            "branch-name",
            format!("`{}` is not a branch", foreign(word)),
        )
        .hint("give its short name, for instance `main`")
    })
}

/// Where the pull request is to be opened; checks that the branch is there as it is here.
fn target(
    cx: &mut Context<'_>,
    words: &PrWords,
    branch: &RefName,
    dry_run: bool,
) -> Result<Option<Place>> {
    let repo = cx.repo()?;
    let configured = cx.settings()?.remote;
    let name = words
        .to
        .clone()
        .or(configured)
        .unwrap_or_else(|| "origin".to_owned());
    let remote = repo.remote(&name)?.at_terminal();
    let tip = repo.refs().read(branch)?;
    if !dry_run {
        let there = remote
            .list(&[branch.as_str()])
            .map_err(Trouble::into_error)?;
        let there = there
            .into_iter()
            .find(|(found, _)| found == branch)
            .map(|(_, oid)| oid);
        pushed(branch, &name, tip.as_ref(), there.as_ref())?;
    }
    Ok(Place::read(&remote.url()))
}

fn pushed(branch: &RefName, remote: &str, here: Option<&Oid>, there: Option<&Oid>) -> Result<()> {
    let Some(here) = here else {
        let message = format!("there is no branch `{}`", branch.short());
        return Err(Error::negative("no-branch", message).hint("git wp status"));
    };
    let message = match there {
        Some(there) if there == here => return Ok(()),
        Some(there) => {
            let (there, here, name) = (there.short(), here.short(), branch.short());
            format!("`{name}` is at {there} on `{remote}`, and at {here} here")
        }
        None => format!("`{}` is not on `{remote}`", branch.short()),
    };
    let hint = format!("git push {remote} {}", quoted(branch.short()));
    Err(Error::negative("not-pushed", message).hint(hint))
}

fn keep(file: &Path, body: &str) -> Result<()> {
    if let Some(folder) = file.parent() {
        file::make_private_dirs(folder)?;
    }
    file::replace(file, body.as_bytes(), Access::Private, Durability::Off)
}

fn answer(outputs: &Outputs, request: &Request, forge: Forge, opened: &Opened) -> Answer {
    let word = if opened.is_new { "opened" } else { "updated" };
    let data = json!({
        "feature": outputs.found.id,
        "branch": request.branch,
        "title": request.title,
        "opened": opened.is_new,
        "updated": !opened.is_new,
        "url": opened.url,
        "with": forge.program(),
    });
    Answer::done(data, format!("{word} {}\n", foreign(&opened.url)))
}

/// What to paste where.
fn told(
    outputs: &Outputs,
    request: &Request,
    (forge, is_here): (Option<Forge>, bool),
    place: Option<&Place>,
    dry_run: bool,
) -> Answer {
    let page = place.map(|place| place.page(forge, &request.branch, request.into.as_deref()));
    let mut text = match (dry_run, forge) {
        (true, Some(forge)) if is_here => {
            let line: Vec<String> = forge
                .line(request, place)
                .iter()
                .map(|w| quoted(w))
                .collect();
            format!("would run: {}\n", line.join(" "))
        }
        (_, Some(forge)) => format!("`{}` is not installed\n", forge.program()),
        (_, None) => "no program is known for this remote (see --with)\n".to_owned(),
    };
    if let Some(page) = &page {
        text.push_str(&format!(
            "open this page and paste what follows: {}\n",
            foreign(page)
        ));
    } else {
        text.push_str("open a pull request and paste what follows\n");
    }
    text.push_str(&format!(
        "branch: {}\n\n{}\n\n{}",
        request.branch, request.title, request.body
    ));
    let data = json!({
        "feature": outputs.found.id,
        "branch": request.branch,
        "title": request.title,
        "body": request.body,
        "opened": false,
        "updated": false,
        "page": page,
        "with": forge.filter(|_| is_here).map(Forge::program),
    });
    let exit = if dry_run {
        ExitCode::Done
    } else {
        ExitCode::Negative
    };
    Answer::done(data, text).exit(exit)
}
