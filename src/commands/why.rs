//! `git wp why`: the chain of reasons behind a package's status.

use crate::base::json::json;
use crate::base::text::foreign;
use crate::base::{Error, PackageId, Result};
use crate::commands::feature::{self, Found};
use crate::commands::{Answer, Context};
use crate::report;
use crate::schedule::standing;
use crate::state::PackageView;
use crate::state::record::Grant;

/// Say why a package is where it is
///
/// Follows the reasons to the last one: what it waits for, what that waits for, and so on.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp why add-auth/wp-api
  git wp why wp-api    # where there is but one feature")]
pub(super) struct Args {
    /// FEATURE/PACKAGE, or PACKAGE where there is but one feature
    #[arg(value_name = "FEATURE/PACKAGE")]
    target: String,
}

/// Says it.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let target = feature::package_target(&args.target)?;
    let store = cx.store()?;
    let found = feature::find(cx, &store, target.feature.as_deref())?;
    let standing = standing(&found.records);
    let mut chain = standing.reasons(&target.package);
    provisional(cx, &found, &mut chain)?;
    let Some(row) = standing.get(&target.package) else {
        let shown = foreign(target.package.as_str()).to_string();
        let message = format!("`{}` has no package `{shown}`", found.id);
        let hint = format!("git wp status {}", found.id);
        return Err(Error::usage("package-unknown", message).hint(hint));
    };
    let reasons: Vec<_> = chain
        .iter()
        .map(|(id, why)| json!({"package": id, "why": why}))
        .collect();
    let data = json!({
        "feature": found.id,
        "package": target.package,
        "status": row.status,
        "reasons": reasons,
    });
    let mut text = format!("{} is {}\n", args.target, row.status.as_str());
    text.push_str(&report::why::render(&chain, cx.ui.page()));
    Ok(Answer::done(data, text))
}

/// Says of holders that only hope how that is settled.
fn provisional(
    cx: &mut Context<'_>,
    found: &Found,
    chain: &mut [(PackageId, String)],
) -> Result<()> {
    let Some(remote) = cx.settings()?.remote else {
        return Ok(());
    };
    for (package, why) in chain {
        let records = found.records.packages.get(package);
        let live = records.and_then(PackageView::live);
        let hoped = |grant: &Grant| found.view.tentative.grants.contains(&grant.attempt);
        if live.is_some_and(hoped) {
            *why = format!("{why}, provisional until {remote} confirms it: git wp sync");
        }
    }
    Ok(())
}
