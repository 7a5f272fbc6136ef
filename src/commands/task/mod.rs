//! `git wp task`: claim a package from outside a run, and give it back.

mod claim;
mod release;

use clap::Subcommand;

use crate::base::{PackageId, Result};
use crate::commands::feature::Found;
use crate::commands::{Answer, Context};
use crate::state::PackageView;
use crate::state::view::AttemptView;

/// Claim packages for agents that run outside of git wp
///
/// A claim takes the package with everything it locks, or nothing. The answer names the attempt,
/// its epoch and the branch to work on.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Claim a package; exit 3 if somebody else holds it or something it locks
    Claim(claim::Args),
    /// Give a package back
    Release(release::Args),
}

/// Does what the sub-verb says.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    match &args.verb {
        Verb::Claim(args) => claim::run(args, cx),
        Verb::Release(args) => release::run(args, cx),
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
