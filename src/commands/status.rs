//! `git wp status`: where a feature and its packages stand. Computed, never stored.

use crate::base::json::json;
use crate::base::{FeatureId, Result, json};
use crate::commands::rooms::is_supervised;
use crate::commands::{Answer, Context, feature};
use crate::report::overview::{self, OverviewRow};
use crate::report::status;
use crate::report::view::StatusView;
use crate::schedule::standing;
use crate::state::View;
use crate::store::Load;

/// Counts the forms of [`StatusView`] that are kept in the cache.
const DERIVED: &str = "status-1";

/// Show where a feature and its packages stand
///
/// Without a name: the only feature, or a list of all. Reads only.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A feature, or a change that was not published yet
    #[arg(value_name = "FEATURE|CHANGE")]
    feature: Option<String>,
    /// List every feature, also if there is but one
    #[arg(long, conflicts_with = "feature")]
    all: bool,
}

/// Shows it.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let store = cx.store()?;
    let briefs = store.view(&Load::Briefs)?;
    for problem in &briefs.problems {
        let message = format!("the record `{}` is damaged: {}", problem.path, problem.why);
        cx.ui.warn("damaged-record", &message);
    }
    if args.all || (args.feature.is_none() && briefs.briefs.len() > 1) {
        return Ok(list(cx, &*store.view(&Load::All)?));
    }
    let view = match published(args, &briefs) {
        Some(id) => store.derived(&id, DERIVED, |records| StatusView::of(&id, records))?,
        None => None,
    };
    let view = match view {
        Some(view) => view,
        None => {
            let found = feature::find(cx, &store, args.feature.as_deref())?;
            StatusView::of(&found.id, &found.records)
        }
    };
    let view = abandoned(cx, view, &briefs)?;
    let text = status::render(&view, cx.now(), cx.ui.page());
    Ok(Answer::done(json::value(&view)?, text))
}

/// Says of packages whose supervisor is gone that nobody works on them. That is not on the ref:
/// the kernel knows who is alive.
fn abandoned(cx: &mut Context<'_>, mut view: StatusView, briefs: &View) -> Result<StatusView> {
    let live = briefs.briefs.get(&view.feature).map(|brief| &brief.live);
    for (package, grant) in live.into_iter().flatten() {
        if is_supervised(&cx.repo()?, grant)? {
            continue;
        }
        let rows = view.packages.iter_mut();
        for row in rows.filter(|row| row.id == *package) {
            row.why = format!(
                "nobody looks after it; git wp implement {} goes on",
                view.feature
            );
        }
    }
    Ok(view)
}

/// The published feature that is named, or the only one.
fn published(args: &Args, view: &View) -> Option<FeatureId> {
    let id = match &args.feature {
        Some(word) => FeatureId::parse(word)?,
        None => view.briefs.keys().next()?.clone(),
    };
    view.briefs.contains_key(&id).then_some(id)
}

fn list(cx: &Context<'_>, view: &View) -> Answer {
    let rows = view.features.iter().map(|(id, records)| {
        let brief = view.briefs.get(id);
        OverviewRow {
            feature: id.clone(),
            title: brief.and_then(|b| b.title.clone()),
            state: standing(records).state,
            packages: brief.map_or(0, |b| b.packages),
            merged: brief.map_or(0, |b| b.merged),
            live: brief.map_or(0, |b| b.live.len()),
        }
    });
    let rows: Vec<OverviewRow> = rows.collect();
    let text = overview::render(&rows, cx.ui.page());
    let data = json!({"features": rows, "count": rows.len(), "truncated": false});
    Answer::done(data, text)
}
