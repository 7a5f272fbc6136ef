//! `git wp review`: agents review what is merged, now.

use crate::agent::{Profile, Staff};
use crate::base::text::{count, foreign};
use crate::base::{Error, ExitCode, PackageId, Result, json};
use crate::commands::feature::{self, Found};
use crate::commands::reading;
use crate::commands::running::reviewing::{self, Reviewing};
use crate::commands::running::setup;
use crate::commands::{Answer, Context, policy, rooms};
use crate::config::environment;
use crate::engine::reviewing::{Desk, ask};
use crate::graph::Graph;
use crate::model::Plan;
use crate::os::process::Watch;
use crate::report;
use crate::report::reviewed::{Row, Verdict};
use crate::schedule::review::{self, ReviewPolicy, ReviewState};
use crate::schedule::{Agenda, growth};
use crate::state::asked::Said;
use crate::state::record::Judgement;
use crate::state::{FeatureView, Op};

/// Have agents review what is merged
///
/// Each package is reviewed at exactly the commit that merged it, by agents that only read, are
/// blind to each other, and are made by others than its author where there are such. Their answers
/// go on record, and what follows from them together is shown: approved, or what has to change,
/// which the next run does in packages of its own (`wp-fix-...`). Exits with 0 only if everything
/// that was reviewed is approved.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp review add-auth --reviewer claude,codex
  git wp review add-auth/wp-api --adversarial
  git wp review add-auth --show    # what reviewers said so far; asks nobody")]
pub(super) struct Args {
    /// The feature, or one package of it
    #[arg(value_name = "FEATURE[/PACKAGE]")]
    target: Option<String>,
    #[command(flatten)]
    how: Reviewing,
    /// Show what is on record; ask nobody
    #[arg(long)]
    show: bool,
}

/// Asks whoever is due, and says what follows.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let store = cx.store()?;
    let (word, package) = match feature::about(&store, args.target.as_deref()) {
        Ok((id, package)) => (id.map(|id| id.to_string()), package),
        // A change that was not published yet is told as such.
        Err(_) => (args.target.clone(), None),
    };
    let word = word.as_deref();
    let mut found = feature::published(cx, &store, word)?;
    if let Some(package) = &package {
        demand_work(&found, package)?;
    }
    if !args.show {
        cx.refuse_in_room("review")?;
        let permit = policy::demand(cx, "review", (found.id.as_str(), Some(&found.id)))?;
        let changes = vec![permit.change()];
        let asked = conduct(args, cx, (&found, package.as_ref()))?;
        let said = asked.into_iter().map(|what| {
            let feature = found.id.clone();
            (Op::Say(Box::new(Said::Judge { feature, what })), Vec::new())
        });
        for answer in cx.submit(&store, changes.into_iter().chain(said).collect())? {
            answer.map_err(Error::from)?;
        }
        found = feature::published(cx, &store, word)?;
    }
    told(cx, &found, package.as_ref())
}

fn demand_work(found: &Found, package: &PackageId) -> Result<()> {
    if found.records.packages.contains_key(package) {
        return Ok(());
    }
    let shown = foreign(package.as_str()).to_string();
    let message = format!("`{}` has no package `{shown}` with work", found.id);
    Err(Error::usage("package-unknown", message).hint(format!("git wp status {}", found.id)))
}

/// Asks everybody who is due; gives what is to be recorded.
fn conduct(
    args: &Args,
    cx: &mut Context<'_>,
    (found, package): (&Found, Option<&PackageId>),
) -> Result<Vec<Judgement>> {
    let store = cx.store()?;
    let valid = reading::published(cx, &store, (&found.id, &found.records))?;
    let briefs = Agenda::of(&valid.plan, &Graph::of(&valid.plan)).briefs();
    let plan = growth::grow(&valid.plan, &briefs, &found.records).unwrap_or(valid.plan);
    let (policy, profiles) = panel(args, cx, (&plan, &found.records))?;
    let subjects = subjects(&found.records, package);
    let due = subjects
        .iter()
        .filter_map(|id| match review::state(&found.records, id, &policy) {
            Some(ReviewState::Due(due)) => Some(due),
            _ => None,
        });
    let (repo, settings) = (cx.repo()?, cx.settings()?);
    let desk = Desk {
        repo: &repo,
        rooms: &rooms::folder(cx, &repo)?,
        plan: &plan,
        records: &found.records,
        profiles: &profiles,
        settings: &settings,
        environment: cx.env().all(),
        program: &environment::own_program()?,
    };
    let mut out = Vec::new();
    for due in due {
        let reviews = ask(&desk, &due, &Watch::default())?;
        out.extend(reviews.into_iter().map(|r| Judgement::Review(Box::new(r))));
    }
    Ok(out)
}

/// Who reviews: as asked for now, else as the run says, else as configured.
fn panel(
    args: &Args,
    cx: &mut Context<'_>,
    (plan, records): (&Plan, &FeatureView),
) -> Result<(ReviewPolicy, Vec<Profile>)> {
    let run = records.last_run().map(|run| &run.started);
    let recorded = run.and_then(ReviewPolicy::recorded);
    match (recorded, run, args.how.is_given()) {
        (Some(policy), Some(run), false) => {
            let profiles = reviewing::recorded(cx, (plan, run))?;
            Ok((policy, profiles))
        }
        _ => {
            let agent = setup::agent(None, &cx.settings()?, plan).unwrap_or_default();
            let roster = cx.roster()?;
            let tuning = crate::commands::running::tuning::Tuning::default();
            let staff = tuning.staff(plan, &roster, (None, &agent));
            args.how
                .panel(cx, (plan, &staff.unwrap_or_else(|_| Staff::default())))
        }
    }
}

/// What is reviewed: merged packages, fixes apart, which belong to what they fix.
fn subjects(records: &FeatureView, only: Option<&PackageId>) -> Vec<PackageId> {
    let plan = records.current_plan();
    let planned = plan.map_or(&[][..], |plan| plan.packages.as_slice());
    let sprouts = growth::sprouts(planned, records);
    let own = planned.iter().filter(|brief| !brief.gate);
    let own = own.map(|brief| brief.id.clone());
    let more = sprouts
        .iter()
        .filter(|s| s.kind != review::FIX)
        .map(|s| s.id.clone());
    let all = own
        .chain(more)
        .filter(|id| only.is_none_or(|only| only == id));
    all.collect()
}

/// What is on record, and what follows.
fn told(cx: &mut Context<'_>, found: &Found, package: Option<&PackageId>) -> Result<Answer> {
    let policy = ReviewPolicy::of(&found.records);
    let mut rows = Vec::new();
    for id in subjects(&found.records, package) {
        let package = found.records.packages.get(&id);
        let unasked = package.filter(|p| p.accept.is_some() && policy.is_none());
        let state = policy
            .as_ref()
            .and_then(|p| review::state(&found.records, &id, p))
            .or(unasked.map(|_| ReviewState::Free));
        rows.push(Row {
            verdict: Verdict::of(state.as_ref()),
            why: state.as_ref().map(ReviewState::words).unwrap_or_default(),
            trend: review::rounds(&found.records, &id, policy.as_ref()),
            findings: review::findings(&found.records, &id, policy.as_ref()),
            reviews: review::reviews_of(&found.records, &id),
            package: id,
        });
    }
    let approved = rows.iter().all(|row| row.verdict.is_settled());
    let mut text = report::reviewed::render(&rows, cx.ui.page());
    if rows.iter().all(|row| row.reviews.is_empty()) {
        text.push_str("nobody has reviewed anything yet\n");
    } else if !approved {
        let open = rows.iter().filter(|row| !row.verdict.is_settled()).count();
        let of = count(open, "package");
        text.push_str(&format!(
            "{of} not approved; next: git wp gate {}\n",
            found.id
        ));
    }
    let data = json::json!({
        "feature": found.id,
        "approved": approved,
        "count": rows.len(),
        "truncated": false,
        "packages": json::value(&rows)?,
    });
    let exit = match approved {
        true => ExitCode::Done,
        false => ExitCode::Negative,
    };
    Ok(Answer::done(data, text).exit(exit))
}
