//! Nothing is done for an agent that the policy does not allow: every call is judged before it
//! acts, with the trust of who calls. What is refused is recorded.

use super::desk::Work;
use super::tool::{Effect, Listed};
use crate::base::json::{Map, Value};
use crate::base::{Error, Result};
use crate::commands::decided;
use crate::commands::policy::{self, Acting};
use crate::config::environment;
use crate::guard::policy::{Ask, Decision};
use crate::model::Trust;
use crate::state::record::Decided;

/// Refusals of one session that are recorded; an agent that asks for ever fills no disk.
const RECORDED_MAX: usize = 100;
/// Arguments that name what a tool is about.
const ABOUT: [&str; 4] = ["file_path", "task_id", "package", "feature"];

/// Fails unless the tool may be called here.
///
/// # Errors
/// Policy, `in-room` or `policy-denied`, with the rule and what to do instead.
pub(super) fn admit(work: &mut Work<'_>, tool: &Listed, asked: &Map<String, Value>) -> Result<()> {
    if work.session.attempt.is_none() || tool.effect != Effect::Outside {
        return demand(work, tool.name, asked);
    }
    decided::in_room(&mut work.cx, tool.name);
    let message = format!("`{}` is not for an attempt: it has its package", tool.name);
    let instead = match tool.name {
        "submit_work" => "escalate, or write_handoff, says what has to be done besides",
        "complete_work" => "commit, write_handoff, and end: the supervisor judges the branch",
        _ => "do the package of your prompt; help says more",
    };
    Err(Error::policy(environment::IN_ROOM, message).hint(instead))
}

/// Fails unless the policy allows the tool.
///
/// # Errors
/// Policy, `policy-denied`, with the rule and what to do next.
pub(super) fn demand(work: &mut Work<'_>, tool: &str, asked: &Map<String, Value>) -> Result<()> {
    let acting = acting(work)?;
    let about = ABOUT.iter().find_map(|name| asked.get(*name)?.as_str());
    let ask = Ask {
        operation: tool,
        resource: about.unwrap_or_default(),
        trust: acting.trust,
        profile: acting.profile(),
        files: None,
    };
    let decision = policy::decide(&mut work.cx, &ask)?;
    if decision.allowed {
        return Ok(());
    }
    record(work, &decision)?;
    Err(refusal(&decision, tool))
}

fn record(work: &mut Work<'_>, decision: &Decision) -> Result<()> {
    if work.refusals == RECORDED_MAX {
        return Ok(());
    }
    work.refusals += 1;
    let who = &work.session.who;
    let (agent, kind, session) = (who.agent.clone(), who.kind.clone(), who.session.clone());
    let record = Decided {
        agent: Some(agent),
        kind,
        session: Some(session),
        ..decided::of_policy(&mut work.cx, decision)?
    };
    decided::denied(&mut work.cx, record);
    Ok(())
}

fn refusal(decision: &Decision, tool: &str) -> Error {
    let error = policy::refusal(decision, tool);
    match decision.needs_trust {
        Some(needs) => error.hint(format!(
            "escalate, or leave it to somebody whom wp.agent.NAME.trust gives {needs}"
        )),
        None => error.hint("check_policy says more; a person changes [policy] in wp.toml"),
    }
}

/// Who acts: never more trusted than an agent can be that nobody said anything about. Outside of
/// rooms an agent says itself what it is, so that can only lower its trust.
pub(super) fn acting(work: &mut Work<'_>) -> Result<Acting> {
    if work.session.attempt.is_some() {
        return policy::acting(&mut work.cx);
    }
    let roster = work.cx.roster()?;
    let who = &work.session.who;
    let name = who.kind.as_deref().unwrap_or(&who.agent);
    let trust = roster.trust(name).map_or(Some(Trust::STANDARD), Trust::new);
    Ok(Acting::agent(name, trust.map(|t| t.min(Trust::STANDARD))))
}
