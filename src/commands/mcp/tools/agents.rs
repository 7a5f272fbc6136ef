//! Sessions: who is there, saying so, and how far one has come.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Anything, Items, items, notes};
use crate::base::json;
use crate::base::{Error, FeatureId, Result};
use crate::commands::mcp::desk::Work;
use crate::commands::mcp::reply::Reply;
use crate::commands::verbs::escalations::Question;
use crate::commands::verbs::sessions::{self, Presence, Wanted};
use crate::model::escalation::{EscalationKind, EscalationSeverity};
use crate::state::record::SessionStatus;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Discover {
    capability: Option<String>,
    /// active, idle or disconnected
    status: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Agents {
    agents: Items,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Register {
    capabilities: Option<Vec<String>>,
    current_task: Option<String>,
    delegated_from: Option<String>,
    /// What tasks may require
    archetype: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Heartbeat {}

#[derive(Serialize, JsonSchema)]
pub(super) struct Registered {
    success: bool,
    session_id: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Report {
    message: String,
    agent_id: Option<String>,
    change_id: Option<String>,
    phase: Option<String>,
    needs_human: Option<bool>,
    event_type: Option<String>,
    metadata: Option<Anything>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Reported {
    success: bool,
    session_id: String,
    escalation_id: Option<String>,
}

/// Who is there.
pub(super) fn discover(work: &mut Work<'_>, asked: Discover) -> Result<Reply<Agents>> {
    let all = [
        SessionStatus::Active,
        SessionStatus::Idle,
        SessionStatus::Disconnected,
    ];
    let status = |word: String| {
        let found = all.into_iter().find(|status| status.as_str() == word);
        found.ok_or_else(|| {
            let error = Error::usage("arguments", format!("`{word}` is no status"));
            error.hint("one of: active, idle, disconnected")
        })
    };
    let wanted = Wanted {
        capability: asked.capability,
        status: asked.status.map(status).transpose()?,
    };
    let store = work.store()?;
    let found = sessions::discover(&mut work.cx, &store, &wanted)?;
    let rows: Result<Vec<_>> = found.iter().map(json::value).collect();
    let agents = items(rows?.into_iter())?;
    Ok(Reply::yes(Agents { agents }))
}

/// Says what this session is and does.
pub(super) fn register(work: &mut Work<'_>, asked: Register) -> Result<Reply<Registered>> {
    let known = { asked.archetype.iter() }.chain(asked.capabilities.iter().flatten());
    work.session.archetypes.extend(known.cloned());
    beat(work, |presence| Presence {
        capabilities: asked.capabilities,
        archetype: asked.archetype,
        current_task: asked.current_task,
        delegated_from: asked.delegated_from,
        ..presence
    })
}

/// Says that it is alive.
pub(super) fn heartbeat(work: &mut Work<'_>, _: Heartbeat) -> Result<Reply<Registered>> {
    beat(work, |presence| presence)
}

/// Says how far it has come; a person is asked where one is needed.
pub(super) fn report(work: &mut Work<'_>, asked: Report) -> Result<Reply<Reported>> {
    let change = asked.change_id.as_deref().unwrap_or_default();
    let mut place: Vec<&str> = Vec::new();
    place.extend(
        asked
            .agent_id
            .as_deref()
            .filter(|id| *id != work.session.who.agent),
    );
    place.push(change);
    place.extend(asked.phase.as_deref());
    place.extend(asked.event_type.as_deref());
    let place: Vec<&str> = place.into_iter().filter(|word| !word.is_empty()).collect();
    let task = match place.is_empty() {
        true => asked.message.clone(),
        false => format!("{}: {}", place.join(" "), asked.message),
    };
    let seen = beat(work, |presence| Presence {
        current_task: Some(task),
        ..presence
    })?;
    let escalation_id = match asked.needs_human {
        Some(true) => {
            let named = FeatureId::parse(change).map(|_| change);
            let details = asked.metadata.map(|data| json::line(&data.0)).transpose()?;
            let question = Question {
                feature: notes::feature_of(work, named)?,
                package: notes::about(work, named)?.1,
                kind: EscalationKind::PlanRevisionRequired,
                // Its package waits for a person; the others need not.
                severity: Some(EscalationSeverity::High),
                summary: asked.message,
                details,
                proposed_action: None,
                requires_human: true,
                keys: Vec::new(),
                impacts: Vec::new(),
            };
            Some(notes::file(work, &question)?)
        }
        _ => None,
    };
    Ok(Reply::yes(Reported {
        success: true,
        session_id: seen.into_data().session_id,
        escalation_id,
    }))
}

fn beat(work: &mut Work<'_>, with: impl FnOnce(Presence) -> Presence) -> Result<Reply<Registered>> {
    let store = work.store()?;
    let presence = with(work.session.presence());
    sessions::beat(&mut work.cx, &store, (&presence, &work.session.who))?;
    work.session.is_seen = true;
    Ok(Reply::yes(Registered {
        success: true,
        session_id: work.session.who.session.clone(),
    }))
}
