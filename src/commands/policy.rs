//! `git wp policy`: who may do what, and why. Other verbs ask through [`demand`].

use clap::Subcommand;

use crate::agent::Profile;
use crate::base::text::foreign;
use crate::base::{AttemptId, Error, ExitCode, FeatureId, Result, json};
use crate::commands::decided::{self, Permit};
use crate::commands::{Answer, Context, weigh};
use crate::guard::policy::{self, Ask, Decision, Policy};
use crate::model::Trust;
use crate::model::settings::TRUST_STANDARD;
use crate::report;
use crate::state::record::Decided;
use crate::store::Load;

/// Say who may do what, and why
///
/// Trust is 0 to 4: nobody, reads, writes, administers, a person. Outside of attempts you are a
/// person; an attempt has the trust of its agent. Profiles in wp.toml restrict further.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  git wp policy check 'task claim' --trust 1")]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Check(Check),
}

/// Ask whether something may be done; exit 1 if not
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp policy check 'task claim' --trust 1
  git wp policy check merge add-auth --agent claude
  git wp policy check force_push --json")]
struct Check {
    /// A verb, for instance `cleanup` or 'task claim', or its name in the coordinator
    operation: String,
    /// What it is done to
    #[arg(default_value = "")]
    resource: String,
    /// Ask for this trust, 0 to 4
    #[arg(long, value_name = "N", value_parser = trust, conflicts_with = "agent")]
    trust: Option<Trust>,
    /// Ask for an agent of your configuration
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// The number of files that would be changed
    #[arg(long, value_name = "N")]
    files: Option<u32>,
}

/// Reads a trust level.
pub(super) fn trust(word: &str) -> Result<Trust, String> {
    let level = word.parse::<u8>().ok().and_then(Trust::new);
    level.ok_or_else(|| "trust levels are 0 to 4".to_owned())
}

/// Asks.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let Verb::Check(args) = &args.verb;
    let mut acting = match &args.agent {
        Some(name) => {
            let profile = Profile::find(name, &cx.roster()?)?;
            Acting::agent(name, Trust::new(profile.trust))
        }
        None => acting(cx)?,
    };
    if let Some(trust) = args.trust {
        acting.trust = trust;
    }
    let ask = Ask {
        operation: &args.operation,
        resource: &args.resource,
        trust: acting.trust,
        profile: &acting.profile,
        files: args.files,
    };
    let decision = decide(cx, &ask)?;
    let exit = match decision.allowed {
        true => ExitCode::Done,
        false => ExitCode::Negative,
    };
    let text = report::guard::decision(&decision, cx.ui.page());
    Ok(Answer::done(json::value(&decision)?, text).exit(exit))
}

/// Decides with the profiles that hold here.
///
/// # Errors
/// `wp.toml` or its approval cannot be read.
pub(super) fn decide(cx: &mut Context<'_>, ask: &Ask<'_>) -> Result<Decision> {
    let consent = weigh::consent(cx)?;
    let settings = match cx.has_repo()? {
        true => cx.settings()?.project.policy,
        false => Default::default(),
    };
    Ok(policy::decide(&Policy::new(settings, consent), ask))
}

/// Fails unless who acts here may do it. A refusal is recorded; a permit goes with the act.
///
/// # Errors
/// Policy, `policy-denied`, with the rule and the reason.
pub(super) fn demand(
    cx: &mut Context<'_>,
    operation: &str,
    (resource, feature): (&str, Option<&FeatureId>),
) -> Result<Permit> {
    let acting = acting(cx)?;
    let ask = Ask {
        operation,
        resource,
        trust: acting.trust,
        profile: &acting.profile,
        files: None,
    };
    allow(cx, &ask, feature)
}

/// Fails unless this may be done. A refusal is recorded; a permit goes with the act.
///
/// # Errors
/// As [`demand`].
pub(super) fn allow(
    cx: &mut Context<'_>,
    ask: &Ask<'_>,
    feature: Option<&FeatureId>,
) -> Result<Permit> {
    let decision = decide(cx, ask)?;
    let record = Decided {
        feature: feature.cloned(),
        ..decided::of_policy(cx, &decision)?
    };
    if decision.allowed {
        return Ok(decided::allowed(cx, record));
    }
    decided::denied(cx, record);
    let hint = format!(
        "git wp policy check {}",
        report::status::quoted(ask.operation)
    );
    Err(refusal(&decision, ask.operation).hint(hint))
}

/// A decision against something, as an error that names the rule.
pub(super) fn refusal(decision: &Decision, operation: &str) -> Error {
    let (rule, reason) = (decision.rule.as_str(), foreign(&decision.reason));
    let message = format!("`{operation}` is not allowed ({rule}): {reason}");
    Error::policy("policy-denied", message)
}

/// Who acts here, as the policy sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Acting {
    /// How far they are trusted.
    pub(super) trust: Trust,
    /// The name of their profile.
    profile: String,
}

impl Acting {
    /// The name of its profile.
    pub(super) fn profile(&self) -> &str {
        &self.profile
    }

    /// An agent; without a trust it has none.
    pub(super) fn agent(name: &str, trust: Option<Trust>) -> Self {
        Acting {
            trust: trust.unwrap_or(Trust::NONE),
            profile: name.to_owned(),
        }
    }
}

/// A person outside of rooms; inside, the agent of the attempt. An attempt that nobody knows is
/// trusted with nothing.
///
/// # Errors
/// The repository, its settings or its state cannot be read.
pub(super) fn acting(cx: &mut Context<'_>) -> Result<Acting> {
    let Some(attempt) = attempt_here(cx)? else {
        return Ok(Acting::agent("person", Some(Trust::PERSON)));
    };
    let Some(agent) = agent_of(cx, &attempt)? else {
        return Ok(Acting::agent("default", None));
    };
    let level = match cx.roster()?.trust(&agent) {
        Some(trust) => trust,
        None if agent == Profile::shell().name => Profile::shell().trust,
        None => TRUST_STANDARD,
    };
    Ok(Acting::agent(&agent, Trust::new(level)))
}

fn attempt_here(cx: &mut Context<'_>) -> Result<Option<AttemptId>> {
    if let Some(attempt) = cx.env().attempt()? {
        return Ok(Some(attempt));
    }
    match cx.has_repo()? {
        true => cx.room_id(),
        false => Ok(None),
    }
}

fn agent_of(cx: &mut Context<'_>, attempt: &AttemptId) -> Result<Option<String>> {
    if !cx.has_repo()? {
        return Ok(None);
    }
    // The runner tells which feature it is; all of them are read where nobody did.
    let feature = cx.env().text("WP_FEATURE").and_then(FeatureId::parse);
    let load = feature.map_or(Load::All, |feature| Load::Features(vec![feature]));
    let store = cx.store()?;
    let view = store.view(&load)?;
    let mut packages = view
        .features
        .values()
        .flat_map(|feature| feature.packages.values());
    let found = packages.find_map(|package| package.attempts.get(attempt));
    Ok(found.map(|view| view.attempt.agent.clone()))
}
