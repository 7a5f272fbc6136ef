//! `git wp adopt`: work that did not become part of its feature, compared with what did, or made
//! the package's attempt by a person.

mod compare;
mod take;

use crate::base::text::foreign;
use crate::base::{AttemptId, Error, FeatureId, Oid, PackageId, RefName, Result};
use crate::commands::confirm::Confirm;
use crate::commands::{Answer, Context, exchange, kept};
use crate::git::remote::Trouble;
use crate::report::view::Kept;
use crate::state::View;
use crate::state::view::{AttemptView, PackageView};
use crate::store::Load;
use crate::store::sync::Names;

/// Compare work that was kept, or take it over
///
/// An attempt that others were faster than, that failed or was given up, keeps its commits. Without
/// --take this shows them beside what the package has. With it, the attempt that holds the package
/// ends, and a new one starts at these commits; the gate judges it as any other.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp adopt 01kam...           # what it did, beside what the package has
  git wp adopt 01kam... --take")]
pub(super) struct Args {
    /// The attempt, as `git wp status` names it
    #[arg(value_name = "ATTEMPT")]
    attempt: String,
    /// Make this the package's attempt
    #[arg(long)]
    take: bool,
    #[command(flatten)]
    confirm: Confirm,
}

/// The attempt that somebody asked for, with all around it.
struct Found {
    feature: FeatureId,
    package: PackageId,
    attempt: AttemptView,
    kept: Kept,
    beside: PackageView,
}

/// Shows it or takes it.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    cx.refuse_in_room("adopt")?;
    let store = cx.store()?;
    let view = store.view(&Load::All)?;
    let found = find(cx, &view, &args.attempt)?;
    bring(cx, &found)?;
    match args.take {
        false => compare::show(cx, &found),
        true => take::take(cx, &store, &found, args.confirm),
    }
}

fn find(cx: &mut Context<'_>, view: &View, word: &str) -> Result<Found> {
    let id = AttemptId::parse(word);
    let all = view.features.iter().flat_map(|(feature, records)| {
        let packages = records.packages.iter();
        packages.map(move |(package, beside)| (feature, package, beside))
    });
    let mut hits = all.filter_map(|(feature, package, beside)| {
        let attempt = beside.attempts.get(id.as_ref()?)?;
        Some((feature, package, beside, attempt))
    });
    let Some((feature, package, beside, attempt)) = hits.next() else {
        let message = format!("there is no attempt `{}`", foreign(word));
        return Err(Error::usage("attempt-unknown", message).hint("git wp status"));
    };
    let id = &attempt.attempt.attempt;
    if beside.accept.as_ref().is_some_and(|a| a.attempt == *id) {
        let message = format!("attempt `{id}` is merged already");
        return Err(Error::usage("attempt-merged", message).hint("git wp status"));
    }
    if beside.live().is_some_and(|grant| grant.attempt == *id) {
        let message = format!("attempt `{id}` holds the package already");
        return Err(Error::usage("attempt-live", message).hint("git wp status"));
    }
    let Some(kept) = kept::of(&cx.repo()?, attempt)? else {
        let message = format!("attempt `{id}` left no work");
        return Err(Error::negative("nothing-kept", message).hint("git wp status"));
    };
    Ok(Found {
        feature: feature.clone(),
        package: package.clone(),
        attempt: attempt.clone(),
        kept,
        beside: beside.clone(),
    })
}

/// Fetches the commits if they are not here.
fn bring(cx: &mut Context<'_>, found: &Found) -> Result<()> {
    let (repo, settings, head) = (cx.repo()?, cx.settings()?, &found.kept.head);
    if repo.objects().exists(head)? {
        return Ok(());
    }
    let id = &found.attempt.attempt.attempt;
    let machine = foreign(&found.attempt.attempt.by.label).to_string();
    let Some(name) = &settings.remote else {
        let message = format!("the work of attempt `{id}` is on the clone of {machine} only");
        return Err(Error::negative("not-here", message).hint("git wp init --remote origin"));
    };
    let remote = exchange::open(cx, name)?;
    let names = Names::beside(&settings.remote_ref);
    let (feature, package) = (found.feature.slug(), found.package.slug());
    let ours = |folder: &str| ref_name(&format!("refs/wp/{folder}/{feature}/{package}/{id}"));
    let places = [
        (
            names.head(&found.feature, &found.package, id)?,
            ours("heads")?,
        ),
        (
            names.salvage((&feature, &package, id), head)?,
            ours("salvage")?,
        ),
    ];
    let asked: Vec<&str> = places.iter().map(|(theirs, _)| theirs.as_str()).collect();
    let there = remote.list(&asked).map_err(Trouble::into_error)?;
    let holds = |theirs: &RefName, oid: &Oid| there.iter().any(|(n, o)| n == theirs && o == oid);
    let place = places.into_iter().find(|(theirs, _)| holds(theirs, head));
    let Some(place) = place else {
        let message = format!("the work of attempt `{id}` is not at `{}`", foreign(name));
        let hint = format!("{machine} has it, or had: git wp sync there brings it");
        return Err(Error::negative("not-there", message).hint(hint));
    };
    let fetched = remote.fetch_refs(&[place], settings.durability);
    fetched.map_err(Trouble::into_error)
}

fn ref_name(text: &str) -> Result<RefName> {
    RefName::parse(text).ok_or_else(|| Error::bug(format!("`{text}` is not a ref name")))
}
