//! What is to be run, from the command line, the records and the settings.

use std::time::Duration;

use crate::agent::{Note, Profile, Staff};
use crate::base::json::json;
use crate::base::text::count;
use crate::base::{Error, Result};
use crate::commands::implement::asked::{self, Asked};
use crate::commands::implement::branch;
use crate::commands::reading::{self, ValidPlan};
use crate::commands::running::reviewing;
use crate::commands::running::setup::{self, Activities, Choices};
use crate::commands::verbs::capabilities;
use crate::commands::{Context, policy, trust};
use crate::engine::resume::{self, Found};
use crate::engine::{CheckoutRule, Job, Setup, Trust};
use crate::git::Repo;
use crate::model::{Format, Plan};
use crate::os::signal::Signals;
use crate::report::status::quoted;
use crate::schedule::{Agenda, Limits, ReviewPolicy};
use crate::state::record::{By, PlanOrigin, RunStarted};
use crate::state::{FeatureView, Op};
use crate::store::Load;

/// The longest wait for the quota of an agent: one that comes again every week is waited for.
const QUOTA_WAIT_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// A job with what the border has to know beside it.
pub(super) struct Planned {
    /// For the engine.
    pub(super) job: Job,
    /// The agents.
    pub(super) staff: Staff,
    /// Those who review.
    reviewers: Vec<Profile>,
    /// The one that is asked first.
    pub(super) agent: String,
    /// Packages of the plan that are merged already.
    pub(super) merged: usize,
    /// True unless the run goes on with one that was begun, or has nothing to do.
    is_new: bool,
    /// The record of the plan.
    origin: PlanOrigin,
    repo: Repo,
}

/// What does not work here. Trying writes, and a dry run writes nothing.
fn missing(args: &super::Args, cx: &mut Context<'_>) -> Vec<String> {
    match args.dry_run {
        true => Vec::new(),
        false => capabilities::probe(cx).missing(),
    }
}

fn limits(args: &super::Args, jobs: usize) -> Limits {
    Limits {
        jobs,
        quota_wait: match args.wait_for_quota {
            true => QUOTA_WAIT_MAX,
            false => Duration::ZERO,
        },
        ..Limits::default()
    }
}

fn merged(plan: &Plan, records: &FeatureView) -> usize {
    let planned = plan.packages.iter();
    let views = planned.filter_map(|package| records.packages.get(&package.id));
    views.filter(|view| view.accept.is_some()).count()
}

impl Planned {
    /// Decides base, branch, agent and options. Writes nothing.
    ///
    /// # Errors
    /// Usage: something named does not exist, or the branch name is taken.
    pub(super) fn new(
        args: &super::Args,
        cx: &mut Context<'_>,
        valid: &ValidPlan,
        by: By,
    ) -> Result<Self> {
        let (repo, settings) = (cx.repo()?, cx.settings()?);
        let feature = valid.plan.feature.id.clone();
        let view = cx.store()?.view(&Load::Features(vec![feature.clone()]))?;
        let none = FeatureView::default();
        let records = view.features.get(&feature).unwrap_or(&none);
        let found = resume::find(records, &valid.plan.hash);
        let asked = Asked::new(args, valid, &found)?.with_usual_qa(&settings, &valid.plan);
        let agent = asked::agent(&asked, &settings, &valid.plan)?;
        let given = (asked.agent.as_deref(), agent.as_str());
        let staff = asked.tuning.staff(&valid.plan, &cx.roster()?, given)?;
        setup::tell_held(cx, &staff)?;
        let mut started = match found {
            Found::Interrupted(started) => started,
            Found::Earlier(started) => asked.again(started, (&repo, by.clone()), valid)?,
            Found::Nothing => asked.first((&repo, &settings, by.clone()), valid)?,
        };
        let goes_on = records.runs.contains_key(&started.run);
        let earlier = records.last_run().map(|run| &run.started);
        let about = (&mut started, goes_on);
        let reviewers = reviewers(args, cx, (&valid.plan, &staff), about, earlier)?;
        let missing = missing(args, cx);
        degrade(&mut started, &missing);
        let jobs = match missing.is_empty() {
            true => asked::jobs(&asked, &settings, &valid.plan),
            false => 1,
        };
        if valid.plan.format == Format::TeamPlan {
            // Its papers tell how many there could be.
            let word = started.options.entry("jobs".to_owned());
            word.or_insert(json!(jobs));
        }
        let merged = merged(&valid.plan, records);
        let actor = by.actor.clone();
        let origin = reading::recorded((valid, records), repo.format().null(), by);
        let is_new = merged < valid.plan.packages.len() && !records.runs.contains_key(&started.run);
        let hands = setup::hands(&staff);
        let job = Job {
            feature,
            agenda: Agenda::of(&valid.plan, &valid.graph).stamped(&origin.packages),
            options: asked.options(&started, hands, actor),
            limits: limits(args, jobs),
            started,
        };
        Ok(Planned {
            job,
            staff,
            reviewers,
            agent,
            merged,
            is_new,
            origin,
            repo,
        })
    }

    /// Says what the user should know before it starts.
    pub(super) fn warn(&self, cx: &mut Context<'_>) -> Result<()> {
        for line in &self.job.started.degraded {
            cx.ui.warn("degraded", line);
        }
        if self.repo.work_dir().is_none() {
            return Ok(());
        }
        let dirty = self.repo.dirty()?;
        if !dirty.is_empty() {
            let names = dirty
                .iter()
                .take(DIRTY_SHOWN)
                .map(|path| format!("`{path}`"));
            let names: Vec<String> = names.collect();
            let more = dirty.len().saturating_sub(DIRTY_SHOWN);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            let files = count(dirty.len(), "uncommitted file");
            let message = format!("{files} not part of the run: {}{more}", names.join(", "));
            cx.ui.warn("dirty", &message);
        }
        Ok(())
    }

    /// Publishes feature and plan; both parts are idempotent. What permits a run to work and to
    /// merge is recorded where it begins.
    pub(super) fn publish(&self, cx: &mut Context<'_>, valid: &ValidPlan) -> Result<()> {
        let store = cx.store()?;
        let blob = store.put_blob(&valid.text)?;
        let op = Op::Publish {
            feature: self.job.feature.clone(),
            title: valid.plan.feature.title.clone(),
            plan: PlanOrigin {
                blob: blob.clone(),
                by: cx.by()?,
                ..self.origin.clone()
            },
        };
        let feature = &self.job.feature;
        let branch = self.job.started.branch.as_str();
        let permits = [
            policy::demand(cx, "implement", (feature.as_str(), Some(feature)))?,
            policy::demand(cx, "merge", (branch, Some(feature)))?,
        ];
        let mut changes = vec![(op, vec![blob])];
        for permit in permits {
            match self.is_new {
                true => changes.push(permit.change()),
                false => permit.unused(),
            }
        }
        for answer in cx.submit(&store, changes)? {
            answer.map_err(Error::from)?;
        }
        Ok(())
    }

    /// Everything the engine needs on this machine.
    pub(super) fn setup(
        &self,
        cx: &mut Context<'_>,
        valid: ValidPlan,
        notes: Vec<Note>,
        (checkout, signals, activity): (CheckoutRule, Signals, Activities),
    ) -> Result<Setup> {
        let choices = Choices {
            notes,
            staff: self.staff.clone(),
            reviewers: self.reviewers.clone(),
            project: match trust::is_trusted(cx)? {
                true => Trust::Given,
                false => Trust::Missing,
            },
            checkout,
            extra_checks: extra_checks(cx, &valid.plan)?,
            signals,
            activity,
        };
        setup::setup(cx, &self.job, valid, choices)
    }
}

/// Who reviews: those of the run that goes on, else those that are asked for.
fn reviewers(
    args: &super::Args,
    cx: &mut Context<'_>,
    (plan, staff): (&Plan, &Staff),
    (started, goes_on): (&mut RunStarted, bool),
    earlier: Option<&RunStarted>,
) -> Result<Vec<Profile>> {
    if goes_on {
        if args.review.is_given() {
            let message = "a run that goes on is reviewed as it was begun";
            cx.ui.warn("review", message);
        }
        return reviewing::recorded(cx, (plan, started));
    }
    let Some((policy, profiles)) = args.review.panel(cx, (plan, staff))? else {
        return inherited(args, cx, plan, (started, earlier));
    };
    let word = ReviewPolicy::OPTION.to_owned();
    started.options.insert(word, policy.to_value()?);
    Ok(profiles)
}

/// A feature that was reviewed stays reviewed, until somebody says otherwise.
fn inherited(
    args: &super::Args,
    cx: &mut Context<'_>,
    plan: &Plan,
    (started, earlier): (&mut RunStarted, Option<&RunStarted>),
) -> Result<Vec<Profile>> {
    let before = earlier.filter(|_| !args.review.is_given());
    let Some(policy) = before.and_then(ReviewPolicy::recorded) else {
        return Ok(Vec::new());
    };
    let word = ReviewPolicy::OPTION.to_owned();
    started.options.insert(word, policy.to_value()?);
    reviewing::recorded(cx, (plan, started))
}

/// Notes what is missing here, once.
fn degrade(started: &mut RunStarted, missing: &[String]) {
    for line in missing {
        let line = format!("{line}: packages run one after the other");
        if !started.degraded.contains(&line) {
            started.degraded.push(line);
        }
    }
}

const DIRTY_SHOWN: usize = 5;

/// The OpenSpec check, where that tool is installed and the plan belongs to a change.
fn extra_checks(cx: &mut Context<'_>, plan: &Plan) -> Result<Vec<(String, String)>> {
    let root = cx.root()?;
    let installed = branch::is_openspec(plan) && cx.env().finds_program("openspec", &root);
    if !installed {
        return Ok(Vec::new());
    }
    let change = plan.source.split('/').nth(2).unwrap_or("");
    let word = quoted(change);
    Ok(vec![(
        "openspec".to_owned(),
        format!("openspec validate {word} --strict"),
    )])
}
