//! `git wp task release`.

use super::{free, not_held, own};
use crate::base::Result;
use crate::base::json::json;
use crate::commands::confirm::{self, Confirm, Firmness, Outcome};
use crate::commands::feature;
use crate::commands::verbs::tasks;
use crate::commands::{Answer, Context, held};
use crate::model::EndReason;
use crate::state::Op;
use crate::state::record::Attempt;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  git wp task release t-4k9... -m \"out of time\"")]
pub(super) struct Args {
    /// A task, FEATURE/PACKAGE, or PACKAGE where there is but one feature
    #[arg(value_name = "TASK|FEATURE/PACKAGE")]
    target: String,
    /// The session that holds it; without it, a package that this clone claimed
    #[arg(long, visible_alias = "as", value_name = "NAME")]
    session: Option<String>,
    /// Why
    #[arg(short = 'm', long, default_value = "")]
    note: String,
    #[command(flatten)]
    confirm: Confirm,
}

/// Gives it back.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let store = cx.store()?;
    if let Some(task) = free::named(&store, &args.target)? {
        let session = args.session.clone();
        let session = session.or_else(|| cx.env().text("SESSION_ID").map(str::to_owned));
        let own = (&task, session.as_deref(), args.note.as_str());
        let reply = tasks::release(cx, &store, own, args.confirm)?;
        return reply.answer(cx, |task| {
            format!("released {}; others can claim it\n", task.task_id)
        });
    }
    let target = feature::package_target(&args.target)?;
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
    match confirm::ask_one(cx, &store, (op, Vec::new()), args.confirm)? {
        Outcome::Stands(firmness) => Ok(released(&mine.attempt, &firmness)),
        Outcome::Refused(refusal) => held::refused(&refusal, cx),
    }
}

fn released(attempt: &Attempt, firmness: &Firmness) -> Answer {
    let data = json!({
        "feature": attempt.feature,
        "package": attempt.package,
        "attempt": attempt.attempt,
        "branch": attempt.branch.short(),
    });
    let (feature, package) = (&attempt.feature, &attempt.package);
    let text = format!(
        "released {feature}/{package}; its commits stay on branch {}\n",
        attempt.branch.short()
    );
    firmness.answer(data, text)
}
