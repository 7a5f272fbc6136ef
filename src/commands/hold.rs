//! `git wp pause`, `git wp resume`, `git wp cancel`: stop new work, and let it go on.

use crate::base::json::json;
use crate::base::{FeatureId, PackageId, Result};
use crate::commands::confirm::{self, Confirm};
use crate::commands::{Answer, Context, feature};
use crate::state::record::HoldKind;
use crate::state::{Op, View};
use crate::store::{Load, Store};

/// What to hold or let go on.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A feature, or FEATURE/PACKAGE
    #[arg(value_name = "FEATURE[/PACKAGE]")]
    target: String,
    /// Why, for those who see it
    #[arg(short = 'm', long, default_value = "")]
    reason: String,
    #[command(flatten)]
    confirm: Confirm,
}

/// What to let go on.
#[derive(Debug, clap::Args)]
pub(super) struct ResumeArgs {
    /// A feature, or FEATURE/PACKAGE
    #[arg(value_name = "FEATURE[/PACKAGE]")]
    target: String,
    #[command(flatten)]
    confirm: Confirm,
}

/// Nothing new starts until it is lifted.
pub(super) fn hold(args: &Args, kind: HoldKind, cx: &mut Context<'_>) -> Result<Answer> {
    let verb = match kind {
        HoldKind::Pause => "pause",
        HoldKind::Cancel => "cancel",
    };
    cx.refuse_in_room(verb)?;
    let store = cx.store()?;
    let (feature, package) = target(cx, &store, &args.target)?;
    let op = Op::Hold {
        feature: feature.clone(),
        package: package.clone(),
        kind,
        reason: args.reason.clone(),
    };
    let ended = match kind {
        HoldKind::Cancel => live(&*store.view(&Load::Briefs)?, &feature, package.as_ref()),
        HoldKind::Pause => Vec::new(),
    };
    let outcome = confirm::ask_one(cx, &store, (op, Vec::new()), args.confirm)?;
    let firmness = outcome.firmness()?;
    let mut text = match kind {
        HoldKind::Pause => format!("paused {}; what runs goes on\n", args.target),
        HoldKind::Cancel => format!("cancelled {}\n", args.target),
    };
    for package in &ended {
        text.push_str(&format!(
            "ended the attempt of {package}; its commits and files are kept\n"
        ));
    }
    text.push_str(&format!("undo: git wp resume {}\n", args.target));
    let data = json!({"feature": feature, "package": package, "ended": ended});
    Ok(firmness.answer(data, text))
}

/// Lifts every hold.
pub(super) fn lift(args: &ResumeArgs, cx: &mut Context<'_>) -> Result<Answer> {
    cx.refuse_in_room("resume")?;
    let store = cx.store()?;
    let (feature, package) = target(cx, &store, &args.target)?;
    let op = Op::Lift {
        feature: feature.clone(),
        package: package.clone(),
    };
    let outcome = confirm::ask_one(cx, &store, (op, Vec::new()), args.confirm)?;
    let firmness = outcome.firmness()?;
    let text = format!(
        "{} may go on\nnext: git wp implement {feature}\n",
        args.target
    );
    let data = json!({"feature": feature, "package": package});
    Ok(firmness.answer(data, text))
}

/// A published feature of that name, else `FEATURE/PACKAGE`.
fn target(
    cx: &mut Context<'_>,
    store: &Store,
    text: &str,
) -> Result<(FeatureId, Option<PackageId>)> {
    let view = store.view(&Load::Briefs)?;
    let whole = FeatureId::parse(text).filter(|id| view.briefs.contains_key(id));
    if let Some(id) = whole {
        return Ok((id, None));
    }
    if !text.contains('/') {
        return Ok((feature::published(cx, store, Some(text))?.id, None));
    }
    let target = feature::package_target(text)?;
    let found = feature::published(cx, store, target.feature.as_deref())?;
    Ok((found.id, Some(target.package)))
}

fn live(view: &View, feature: &FeatureId, package: Option<&PackageId>) -> Vec<PackageId> {
    let brief = view.briefs.get(feature);
    let live = brief
        .into_iter()
        .flat_map(|b| b.live.iter().map(|(id, _)| id));
    live.filter(|id| package.is_none_or(|p| p == *id))
        .cloned()
        .collect()
}
