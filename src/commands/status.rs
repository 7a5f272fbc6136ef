//! `git wp status`: where a feature and its packages stand. Computed, never stored.

use crate::base::json::json;
use crate::base::{FeatureId, Result, json};
use crate::commands::rooms::is_supervised;
use crate::commands::{Answer, Context, feature, kept, remote, task_list};
use crate::engine;
use crate::report::overview::{self, OverviewRow};
use crate::report::remote::RemoteView;
use crate::report::status;
use crate::report::view::StatusView;
use crate::schedule::standing;
use crate::state::{FeatureView, View};
use crate::store::{Load, Store};
use crate::worktree::disk;

/// Counts the forms of [`StatusView`] that are kept in the cache.
const DERIVED: &str = "status-6";

/// Show where a feature and its packages stand
///
/// Without a name: the only feature, or a list of all. Reads only.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp status
  git wp status add-auth --json")]
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
    let remote = remote::standing(cx, &store, &briefs)?;
    if args.all || (args.feature.is_none() && briefs.briefs.len() > 1) {
        return list(cx, &*store.view(&Load::All)?, remote);
    }
    let mut view = shown(args, cx, &store, &briefs)?;
    view.mark(&briefs.tentative);
    provisional(&mut view, &briefs, remote.as_ref());
    abandoned(cx, &mut view, &briefs)?;
    kept::measure(&cx.repo()?, &mut view);
    view.remote = remote;
    let (now, page) = (cx.now(), cx.ui.page());
    let mut data = json::value(&view)?;
    let mut rooms = disk::known(&cx.repo()?);
    rooms.retain(|room| room.feature == view.feature);
    data["rooms"] = json::value(&rooms)?;
    let text = match task_list::board(cx, &store, &view)? {
        Some(board) => {
            data["progress"] = json::value(&board.tally(now))?;
            status::render_list(&view, &board.lines(now), now, page)
        }
        None => status::render(&view, now, page),
    };
    Ok(Answer::done(data, text))
}

/// The feature as its records tell it, from the cache where nothing waits for an authority.
fn shown(args: &Args, cx: &mut Context<'_>, store: &Store, briefs: &View) -> Result<StatusView> {
    if let Some(id) = published(args, briefs) {
        let waits = briefs
            .briefs
            .get(&id)
            .is_some_and(|b| !b.pending.is_empty());
        let of = |records: &FeatureView| StatusView::of(&id, records);
        let view = match waits {
            true => {
                let view = store.view(&Load::Features(vec![id.clone()]))?;
                view.features.get(&id).map(of)
            }
            false => store.derived(&id, DERIVED, of)?,
        };
        if let Some(view) = view {
            return Ok(view);
        }
    }
    let found = feature::find(cx, store, args.feature.as_deref())?;
    Ok(StatusView::of(&found.id, &found.records))
}

/// Says of packages whose holder only hopes for them how that is settled.
fn provisional(view: &mut StatusView, briefs: &View, remote: Option<&RemoteView>) {
    let live = briefs.briefs.get(&view.feature).map(|brief| &brief.live);
    let hoped = live.into_iter().flatten();
    let hoped = hoped.filter(|(_, grant)| briefs.tentative.grants.contains(&grant.attempt));
    for (package, _) in hoped {
        let name = remote.map_or("its remote", |remote| remote.name.as_str());
        for row in view.packages.iter_mut().filter(|row| row.id == *package) {
            row.why = format!("provisional until {name} confirms it: git wp sync");
        }
    }
}

/// Says of packages whose supervisor is gone that nobody works on them. That is not on the ref:
/// the kernel knows who is alive here, and nothing of other machines.
fn abandoned(cx: &mut Context<'_>, view: &mut StatusView, briefs: &View) -> Result<()> {
    if engine::is_run(&cx.repo()?, &view.feature)? {
        // Whoever runs the feature goes on with what its workers left.
        return Ok(());
    }
    let live = briefs.briefs.get(&view.feature).map(|brief| &brief.live);
    for (package, grant) in live.into_iter().flatten() {
        if remote::is_elsewhere(cx, grant)? || is_supervised(&cx.repo()?, grant)? {
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
    Ok(())
}

/// The published feature that is named, or the only one.
fn published(args: &Args, view: &View) -> Option<FeatureId> {
    let id = match &args.feature {
        Some(word) => FeatureId::parse(word)?,
        None => view.briefs.keys().next()?.clone(),
    };
    view.briefs.contains_key(&id).then_some(id)
}

fn list(cx: &Context<'_>, view: &View, remote: Option<RemoteView>) -> Result<Answer> {
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
    let page = cx.ui.page();
    let mut text = overview::render(&rows, page);
    if let Some(remote) = &remote {
        text.push_str(&remote.lines(page));
    }
    let data = json!({
        "features": rows,
        "count": rows.len(),
        "truncated": false,
        "remote": json::value(&remote)?,
    });
    Ok(Answer::done(data, text))
}
