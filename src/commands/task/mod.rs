//! `git wp task`: claim a package from outside a run, finish it, or give it back; and the same
//! with tasks that belong to no plan.

mod cancel;
pub(super) mod claim;
pub(super) mod complete;
mod free;
mod release;
mod submit;

use clap::Subcommand;

use crate::base::{AttemptId, Error, PackageId, Result};
use crate::commands::feature::{Found, Target};
use crate::commands::{Answer, Context, held};
use crate::state::refusal::Holder;
use crate::state::view::AttemptView;
use crate::state::{PackageView, Refusal};

/// Submit, claim and finish work: packages of plans, and tasks that belong to none
///
/// A claim of a package takes it with everything it locks, or nothing; the answer names the
/// attempt, its epoch and the branch to work on. A task is named by its id.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp task submit test \"Run the whole suite on main\"
  git wp task claim --session s1
  git wp task claim add-auth/wp-api --session s1
  git wp task list")]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Submit a task that belongs to no plan
    Submit(submit::Args),
    /// Claim a package or a task; exit 3 if somebody else holds it or something it locks
    Claim(claim::Args),
    /// Say that what was claimed is finished. What the branch of a package holds is checked and
    /// merged by whoever runs `git wp implement`; a task gets the result that is given
    Complete(complete::Args),
    /// Give a package or a task back
    Release(release::Args),
    /// End a task for good, whoever holds it
    Cancel(cancel::Args),
    /// Show a task
    Show(free::ShowArgs),
    /// List tasks, the most urgent first
    List(free::ListArgs),
}

/// Does what the sub-verb says.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    match &args.verb {
        Verb::Claim(args) => claim::run(args, cx),
        Verb::Complete(args) => complete::run(args, cx),
        Verb::Release(args) => release::run(args, cx),
        Verb::Submit(args) => submit::run(args, cx),
        Verb::Cancel(args) => cancel::run(args, cx),
        Verb::Show(args) => free::show(args, cx),
        Verb::List(args) => free::list(args, cx),
    }
}

/// The live attempt of that session; of any session that this package was claimed for from
/// outside, if none is named.
fn own<'a>(
    found: &'a Found,
    package: &PackageId,
    session: Option<&str>,
) -> Option<&'a AttemptView> {
    let view: &PackageView = found.records.packages.get(package)?;
    let attempt = view.attempts.get(&view.live()?.attempt)?;
    let holder = attempt.attempt.session.as_deref()?;
    session.is_none_or(|s| s == holder).then_some(attempt)
}

/// Somebody else holds it, or nobody does.
fn not_held(cx: &Context<'_>, found: &Found, target: &Target) -> Result<Answer> {
    let view = found.records.packages.get(&target.package);
    let Some(grant) = view.and_then(PackageView::live) else {
        let message = format!("nobody holds `{}/{}`", found.id, target.package);
        return Err(Error::usage("not-held", message).hint("git wp status"));
    };
    let holder = holder(view, &grant.attempt);
    let refusal = Refusal::Held(Box::new(Holder {
        feature: Some(found.id.clone()),
        package: Some(target.package.clone()),
        attempt: grant.attempt.clone(),
        session: holder,
        label: grant.by.label.clone(),
        what: target.package.to_string(),
        reason: None,
        since: grant.by.at,
        expires: None,
    }));
    held::refused(&refusal, cx)
}

fn holder(view: Option<&PackageView>, attempt: &AttemptId) -> Option<String> {
    view?.attempts.get(attempt)?.attempt.session.clone()
}
