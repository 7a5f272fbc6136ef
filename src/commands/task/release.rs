//! `git wp task release`.

use super::own;
use crate::base::json::json;
use crate::base::{AttemptId, Error, Result};
use crate::commands::feature::{self, Found, Target};
use crate::commands::{Answer, Context, held};
use crate::model::EndReason;
use crate::state::record::Attempt;
use crate::state::refusal::Holder;
use crate::state::{Op, PackageView, Refusal};
use crate::store::Accepted;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// FEATURE/PACKAGE, or PACKAGE where there is but one feature
    #[arg(value_name = "FEATURE/PACKAGE")]
    target: String,
    /// The session that holds it; without it, a package that this clone claimed
    #[arg(long, visible_alias = "as", value_name = "NAME")]
    session: Option<String>,
    /// Why
    #[arg(short = 'm', long, default_value = "")]
    note: String,
}

/// Gives it back.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let target = feature::package_target(&args.target)?;
    let store = cx.store()?;
    let found = feature::published(cx, &store, target.feature.as_deref())?;
    let session = match (&args.session, cx.env().attempt()?) {
        (Some(session), _) => Some(session.clone()),
        (None, Some(attempt)) => Some(attempt.as_str().to_owned()),
        (None, None) => None,
    };
    let Some(mine) = own(&found, &target.package, session.as_deref()) else {
        return not_held(cx, &found, &target);
    };
    let epoch = mine.epoch.unwrap_or(0);
    let op = Op::End {
        feature: found.id.clone(),
        package: target.package.clone(),
        attempt: mine.attempt.attempt.clone(),
        epoch,
        reason: EndReason::Released,
        note: args.note.clone(),
    };
    match cx.submit(&store, vec![(op, Vec::new())])?.pop() {
        Some(Ok(accepted)) => Ok(released(&mine.attempt, &accepted)),
        Some(Err(refusal)) => held::refused(&refusal, cx),
        None => Err(Error::bug("the store gave no answer")),
    }
}

fn released(attempt: &Attempt, accepted: &Accepted) -> Answer {
    let data = json!({
        "feature": attempt.feature,
        "package": attempt.package,
        "attempt": attempt.attempt,
        "branch": attempt.branch.short(),
        "claim": held::claim_word(accepted),
    });
    let (feature, package) = (&attempt.feature, &attempt.package);
    let text = format!(
        "released {feature}/{package}; its commits stay on branch {}\n",
        attempt.branch.short()
    );
    Answer::done(data, text).exit(held::exit(accepted))
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
