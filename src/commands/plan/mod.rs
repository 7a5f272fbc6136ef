//! `git wp plan`: what is done with plan files themselves.

mod convert;
mod set_status;

use clap::Subcommand;

use crate::base::Result;
use crate::commands::{Answer, Context};

/// Convert a plan, or write a status into it
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  git wp plan convert specs/412_add_cache/plans/01_add-cache.md")]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Convert(convert::Args),
    SetStatus(set_status::Args),
}

/// Does what the sub-verb says.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    match &args.verb {
        Verb::Convert(args) => convert::run(args, cx),
        Verb::SetStatus(args) => set_status::run(args, cx),
    }
}
