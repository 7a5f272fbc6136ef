//! What the command line asks for, with the options of the run that goes on.

use std::collections::{BTreeMap, BTreeSet};

use crate::agent::choose;
use crate::base::json::{Value, json};
use crate::base::text::foreign;
use crate::base::{ActorId, Error, Oid, PackageId, RefName, Result};
use crate::commands::implement::{branch, team, tracks};
use crate::commands::reading::ValidPlan;
use crate::commands::running::tuning::Tuning;
use crate::commands::running::{purses, setup};
use crate::engine::resume::Found;
use crate::git::Repo;
use crate::model::{Format, Plan, Settings};
use crate::os::random;
use crate::plan::profile;
use crate::schedule::{Duties, Hands, OnError, Purses, Qa, RunOptions, Stay};
use crate::state::record::{By, RunStarted};

/// What the command line asks for, filled up from the run that goes on.
pub(super) struct Asked {
    jobs: Option<usize>,
    pub(super) agent: Option<String>,
    pub(super) tuning: Tuning,
    base: Option<String>,
    only: Option<BTreeSet<PackageId>>,
    on_error: OnError,
    /// What happens when a package fails and nobody says otherwise.
    usual_on_error: OnError,
    duties: Duties,
    purses: Purses,
    qa: Qa,
}

impl Asked {
    pub(super) fn new(args: &super::Args, valid: &ValidPlan, found: &Found) -> Result<Self> {
        let plan = &valid.plan;
        let recorded = match found {
            Found::Interrupted(started) => started.options.clone(),
            // A run that ended hands on its agent, not what it was limited to.
            Found::Earlier(started) => {
                let mut options = started.options.clone();
                options.retain(|name, _| {
                    name == "agent" || name == "qa" || Tuning::NAMES.contains(&name.as_str())
                });
                // Another agent need not know the model of the one before.
                if args.agent.is_some() {
                    options.clear();
                }
                options
            }
            Found::Nothing => BTreeMap::new(),
        };
        let number = |key: &str| recorded.get(key).and_then(Value::as_u64);
        let word = |key: &str| recorded.get(key).and_then(Value::as_str).map(str::to_owned);
        let usual = usual_on_error(plan);
        let only = match (args.only.is_empty(), &args.track, &args.resume_phase) {
            (_, Some(track), _) => Some(tracks::choose(track, valid)?),
            (_, None, Some(phase)) => Some(team::from(phase, plan)?),
            (false, None, None) => Some(named(&args.only, plan)?),
            (true, None, None) => recorded.get("only").and_then(ids),
        };
        Ok(Asked {
            jobs: args
                .jobs
                .or(args.team_size.map(team::size))
                .map(usize::from)
                .or(number("jobs").map(|n| n as usize)),
            agent: args.agent.clone().or(word("agent")),
            tuning: args.tuning.over(&recorded),
            base: args.base.clone(),
            only,
            on_error: match (args.continue_on_error, args.no_continue_on_error) {
                (true, _) => OnError::Continue,
                (false, true) => OnError::Stop,
                (false, false) => match word("on-error").as_deref() {
                    Some("stop") => OnError::Stop,
                    Some("continue") => OnError::Continue,
                    _ => usual,
                },
            },
            usual_on_error: usual,
            purses: args.purses.over(&recorded),
            qa: qa(args, &recorded),
            duties: match args.schedule_only {
                true => Duties::Integrate,
                false => Duties::All,
            },
        })
    }

    /// Makes QA rounds where the project, or what users of the format expect, asks for them.
    pub(super) fn with_usual_qa(mut self, settings: &Settings, plan: &Plan) -> Self {
        let is_chosen = settings.choice.roles.contains_key(choose::QA);
        let is_usual = plan.format == Format::Purple && is_chosen;
        if settings.project.qa.on || is_usual {
            self.qa = Qa::On;
        }
        self
    }

    /// The first run of a feature.
    pub(super) fn first(
        &self,
        (repo, settings, by): (&Repo, &Settings, By),
        valid: &ValidPlan,
    ) -> Result<RunStarted> {
        let base = branch::base(repo, self.base.as_deref().unwrap_or("HEAD"))?;
        let branch = branch::branch(settings, &valid.plan)?;
        branch::check_branch(repo, &branch, &base)?;
        let slug = valid.plan.feature.id.slug();
        let integration = format!("refs/wp/integration/{slug}");
        let integration = RefName::parse(&integration)
            .ok_or_else(|| Error::bug(format!("`{integration}` is not a ref name")))?;
        self.started(by, valid, (base, branch, integration))
    }

    /// A further run of a feature: base, branch and integration ref stay.
    pub(super) fn again(
        &self,
        earlier: RunStarted,
        (repo, by): (&Repo, By),
        valid: &ValidPlan,
    ) -> Result<RunStarted> {
        if let Some(rev) = &self.base
            && branch::base(repo, rev)? != earlier.base
        {
            let message = format!("the feature grows from {}", earlier.base.short());
            return Err(Error::usage("base-fixed", message).hint("leave `--base` out"));
        }
        self.started(
            by,
            valid,
            (earlier.base, earlier.branch, earlier.integration),
        )
    }

    fn started(
        &self,
        by: By,
        valid: &ValidPlan,
        (base, branch, integration): (Oid, RefName, RefName),
    ) -> Result<RunStarted> {
        Ok(RunStarted {
            run: random::txn_id(by.at)?,
            plan: valid.plan.hash.clone(),
            base,
            branch,
            integration,
            options: self.record(),
            degraded: degraded(&valid.plan),
            by,
        })
    }

    /// By flag name, for the record.
    fn record(&self) -> BTreeMap<String, Value> {
        let mut options = BTreeMap::new();
        if let Some(jobs) = self.jobs {
            options.insert("jobs".to_owned(), json!(jobs));
        }
        if let Some(agent) = &self.agent {
            options.insert("agent".to_owned(), json!(agent));
        }
        if let Some(only) = &self.only {
            options.insert("only".to_owned(), json!(only));
        }
        self.tuning.record(&mut options);
        purses::record(&self.purses, &mut options);
        match self.qa {
            Qa::On => drop(options.insert("qa".to_owned(), json!(true))),
            Qa::Off => {}
        }
        match (self.on_error, self.usual_on_error) {
            (OnError::Stop, _) => drop(options.insert("on-error".to_owned(), json!("stop"))),
            (OnError::Continue, OnError::Stop) => {
                options.insert("on-error".to_owned(), json!("continue"));
            }
            (OnError::Continue, OnError::Continue) => {}
        }
        options
    }

    pub(super) fn options(&self, started: &RunStarted, hands: Hands, actor: ActorId) -> RunOptions {
        RunOptions {
            run: started.run.clone(),
            actor,
            only: self.only.clone(),
            on_error: self.on_error,
            hands,
            purses: self.purses,
            qa: self.qa,
            duties: self.duties,
            stay: Stay::default(),
        }
    }
}

/// What the command line, the run that goes on, or the one before says.
fn qa(args: &super::Args, recorded: &BTreeMap<String, Value>) -> Qa {
    let before = recorded.get("qa").and_then(Value::as_bool);
    match args.qa || before == Some(true) {
        true => Qa::On,
        false => Qa::Off,
    }
}

/// What users of the format expect to happen when a package fails.
fn usual_on_error(plan: &Plan) -> OnError {
    match profile::of(plan.format).is_none_or(|profile| profile.goes_on) {
        true => OnError::Continue,
        false => OnError::Stop,
    }
}

fn ids(value: &Value) -> Option<BTreeSet<PackageId>> {
    let words = value.as_array()?.iter().filter_map(Value::as_str);
    Some(words.filter_map(PackageId::parse).collect())
}

fn named(words: &[String], plan: &Plan) -> Result<BTreeSet<PackageId>> {
    let mut only = BTreeSet::new();
    for word in words {
        let id = PackageId::parse(word).filter(|id| plan.package(id).is_some());
        only.insert(id.ok_or_else(|| {
            let message = format!("the plan has no package `{}`", foreign(word));
            let hint = format!("git wp graph {}", foreign(&plan.source));
            Error::usage("package-unknown", message).hint(hint)
        })?);
    }
    Ok(only)
}

/// The agent that is named or recorded, or the one that goes without saying.
///
/// A process that starts no agent needs none, but for the environment that commands get.
pub(super) fn agent(asked: &Asked, settings: &Settings, plan: &Plan) -> Result<String> {
    let found = setup::agent(asked.agent.as_deref(), settings, plan);
    match (found, asked.duties) {
        (Err(_), Duties::Integrate) => Ok("shell".to_owned()),
        (found, _) => found,
    }
}

/// A plan with one package has nothing to run side by side.
pub(super) fn jobs(asked: &Asked, settings: &Settings, plan: &Plan) -> usize {
    let usual = || profile::of(plan.format).map(|profile| profile.jobs);
    let jobs = asked.jobs.or(settings.jobs).or_else(usual);
    let jobs = jobs.unwrap_or_else(|| setup::jobs(settings));
    match plan.format {
        Format::Linear => 1,
        _ => jobs.max(1),
    }
}

fn degraded(plan: &Plan) -> Vec<String> {
    match plan.format {
        Format::Linear => vec!["no plan file: one package, one after the other".to_owned()],
        _ => Vec::new(),
    }
}
