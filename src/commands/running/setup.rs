//! Everything the engine needs on this machine to serve a run.

use crate::agent::{Activity, Note, Profile, Staff, held};
use crate::base::{Error, PackageId, Result};
use crate::commands::Context;
use crate::commands::reading::ValidPlan;
use crate::commands::rooms::{self, person};
use crate::config::environment;
use crate::engine::{CheckoutRule, Job, Setup, Trust};
use crate::model::{Plan, Settings};
use crate::os::signal::Signals;
use crate::os::{confine, host};
use crate::schedule::{Hand, Hands};

/// Told what agents are doing.
pub(in crate::commands) type Activities = Box<dyn Fn(&PackageId, &Activity) + Send + Sync>;

/// What verbs decide about a setup.
pub(in crate::commands) struct Choices {
    /// What those before left.
    pub(in crate::commands) notes: Vec<Note>,
    /// The agents.
    pub(in crate::commands) staff: Staff,
    /// Agents that review.
    pub(in crate::commands) reviewers: Vec<Profile>,
    /// Whether programs of `wp.toml` are started.
    pub(in crate::commands) project: Trust,
    /// What happens to a feature branch that is checked out.
    pub(in crate::commands) checkout: CheckoutRule,
    /// Commands of the final verification beside those of the plan and of `wp.toml`.
    pub(in crate::commands) extra_checks: Vec<(String, String)>,
    /// Ctrl-C and friends.
    pub(in crate::commands) signals: Signals,
    /// Told what agents are doing.
    pub(in crate::commands) activity: Activities,
}

/// The setup of one job.
///
/// # Errors
/// Nobody is named who commits, or rooms can stand nowhere.
pub(in crate::commands) fn setup(
    cx: &mut Context<'_>,
    job: &Job,
    valid: ValidPlan,
    choices: Choices,
) -> Result<Setup> {
    let (repo, settings) = (cx.repo()?, cx.settings()?);
    let text = String::from_utf8(valid.text)
        .map_err(|e| Error::bug("a valid plan is not UTF-8").because(e))?;
    Ok(Setup {
        rooms: rooms::folder(cx, &repo)?,
        person: person(cx, &repo)?,
        by: cx.by()?,
        program: environment::own_program()?,
        environment: cx.env().all().clone(),
        duties: job.options.duties,
        started: job.started.clone(),
        plan: valid.plan,
        plan_text: text,
        notes: choices.notes,
        staff: choices.staff,
        reviewers: choices.reviewers,
        project: choices.project,
        checkout: choices.checkout,
        extra_checks: choices.extra_checks,
        signals: choices.signals,
        activity: choices.activity,
        repo,
        settings,
    })
}

/// The agent that is named, the configured one, the only one, else `shell` if every package says
/// what to run.
///
/// # Errors
/// Usage, `agent-missing`.
pub(in crate::commands) fn agent(
    named: Option<&str>,
    settings: &Settings,
    plan: &Plan,
) -> Result<String> {
    if let Some(name) = named.or(settings.default_agent.as_deref()) {
        return Ok(name.to_owned());
    }
    let mut configured = settings.agents.keys();
    if let (Some(name), None) = (configured.next(), configured.next()) {
        return Ok(name.clone());
    }
    if plan.packages.iter().all(|p| p.inputs.contains_key("run")) {
        return Ok("shell".to_owned());
    }
    let message = "no agent is named, and none is the only one configured";
    Err(Error::usage("agent-missing", message)
        .hint("git wp agents profiles")
        .hint("--agent NAME"))
}

/// Says how the agents of a run are held in their rooms here, to those who want to hear more.
///
/// # Errors
/// Policy, `no-landlock`: one cannot be held as somebody asked for.
pub(in crate::commands) fn tell_held(cx: &mut Context<'_>, staff: &Staff) -> Result<()> {
    let missing = confine::missing();
    for line in held::all(staff, &cx.settings()?, missing.as_deref())? {
        cx.ui.detail(&line);
    }
    Ok(())
}

/// What the scheduler of a run has to know of its agents.
pub(in crate::commands) fn hands(staff: &Staff) -> Hands {
    let hands = |chain: &[Profile]| {
        let hands = chain.iter().map(|profile| Hand {
            agent: profile.name.clone(),
            trust: profile.trust,
        });
        hands.collect()
    };
    let own = staff.own.iter();
    Hands {
        common: hands(&staff.common),
        own: own.map(|(id, chain)| (id.clone(), hands(chain))).collect(),
        debug: hands(&staff.debug),
    }
}

/// Packages at the same time, where nobody says how many.
pub(in crate::commands) fn jobs(settings: &Settings) -> usize {
    let default = || host::cpu_count().min(JOBS_DEFAULT_MAX);
    settings.jobs.unwrap_or_else(default).max(1)
}

const JOBS_DEFAULT_MAX: usize = 8;
