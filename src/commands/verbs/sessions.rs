//! Sessions of agents: who is there, what it can do, what it works on.
//!
//! A session that a long-living process of this clone holds a file lock for is known to be gone
//! the moment that process is; any other one when its lease has run out. The end of one session
//! says nothing about another of the same identity.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::base::id::slug;
use crate::base::{ActorId, AttemptId, Error, Oid, Result, Timestamp};
use crate::commands::Context;
use crate::commands::verbs::Identity;
use crate::os::lock::{self, FileLock};
use crate::state::asked::Said;
use crate::state::record::{Session, SessionLife, SessionStatus};
use crate::state::{Op, View};
use crate::store::{Load, Store};

/// The lease of a session where nobody says otherwise.
pub(in crate::commands) const LEASE_MINUTES: u32 = 120;
/// Silence after which a session that says it works counts as idle.
const IDLE_AFTER: Duration = Duration::from_secs(15 * 60);

/// What a session says of itself. `None` leaves what it said before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::commands) struct Presence {
    /// What it can do.
    pub capabilities: Option<Vec<String>>,
    /// What it is, for tasks that need one.
    pub archetype: Option<String>,
    /// What it is doing.
    pub current_task: Option<String>,
    /// Who sent it.
    pub delegated_from: Option<String>,
    /// Whether it works.
    pub status: Option<SessionStatus>,
    /// How its life is known.
    pub life: Option<SessionLife>,
    /// Minutes of silence after which it counts as gone.
    pub lease_minutes: Option<u32>,
}

/// A session as others see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::commands) struct SessionInfo {
    /// The identity.
    pub agent_id: String,
    /// What sort of agent it is.
    pub agent_type: Option<String>,
    /// The session.
    pub session_id: String,
    /// What it can do.
    pub capabilities: Vec<String>,
    /// What it is.
    pub archetype: Option<String>,
    /// How it stands, as far as anybody here knows.
    pub status: SessionStatus,
    /// What it is doing; data of unknown intent.
    pub current_task: Option<String>,
    /// Who sent it.
    pub delegated_from: Option<String>,
    /// When it was heard of last.
    pub last_heartbeat: Timestamp,
    /// When it began.
    pub started_at: Timestamp,
    /// The clone it works in.
    pub actor: ActorId,
    /// `user@host`, for people.
    pub label: String,
}

/// Which sessions are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::commands) struct Wanted {
    /// Only those that can do this.
    pub capability: Option<String>,
    /// Only those that stand so; `None`: all that are not disconnected.
    pub status: Option<SessionStatus>,
}

/// Says that a session is there. The first time it is registered by that, and whoever was
/// disconnected begins anew.
///
/// # Errors
/// The store failed or refused.
pub(in crate::commands) fn beat(
    cx: &mut Context<'_>,
    store: &Store,
    (presence, who): (&Presence, &Identity),
) -> Result<SessionInfo> {
    let by = cx.by()?;
    let view = store.view(&Load::Briefs)?;
    let known = view.sessions.get(&(by.actor.clone(), who.session.clone()));
    let over = |session: &&Session| session.status == SessionStatus::Disconnected;
    let known = known.filter(|session| !over(session)).cloned();
    let minutes = presence
        .lease_minutes
        .map(|minutes| minutes.saturating_mul(60));
    let lease = known.as_ref().map(|session| session.lease_seconds);
    let old = known.as_ref();
    let session = Session {
        seq: 0,
        session: who.session.clone(),
        agent: match old.filter(|_| who.agent == cx.label()) {
            // Nobody said who it is this time.
            Some(old) => old.agent.clone(),
            None => who.agent.clone(),
        },
        kind: who
            .kind
            .clone()
            .or_else(|| old.and_then(|s| s.kind.clone())),
        capabilities: (presence.capabilities.clone())
            .or_else(|| old.map(|s| s.capabilities.clone()))
            .unwrap_or_default(),
        archetype: (presence.archetype.clone()).or_else(|| old.and_then(|s| s.archetype.clone())),
        current_task: (presence.current_task.clone())
            .or_else(|| old.and_then(|s| s.current_task.clone())),
        delegated_from: (presence.delegated_from.clone())
            .or_else(|| old.and_then(|s| s.delegated_from.clone())),
        status: presence.status.unwrap_or(SessionStatus::Active),
        life: presence
            .life
            .or(old.map(|s| s.life))
            .unwrap_or(SessionLife::Lease),
        lease_seconds: minutes.or(lease).unwrap_or(LEASE_MINUTES * 60),
        started: old.map_or(by.at, |s| s.started),
        by,
    };
    cx.change(store, Op::Say(Box::new(Said::Session(session.clone()))))?;
    let now = cx.now();
    Ok(info(&session, stands(cx, &session, now)?))
}

/// Says that a session is over.
///
/// # Errors
/// As [`beat`].
pub(in crate::commands) fn leave(
    cx: &mut Context<'_>,
    store: &Store,
    who: &Identity,
) -> Result<SessionInfo> {
    let presence = Presence {
        status: Some(SessionStatus::Disconnected),
        ..Presence::default()
    };
    beat(cx, store, (&presence, who))
}

/// Who is there, by agent and session.
///
/// # Errors
/// As [`Store::view`].
pub(in crate::commands) fn discover(
    cx: &mut Context<'_>,
    store: &Store,
    wanted: &Wanted,
) -> Result<Vec<SessionInfo>> {
    let view = store.view(&Load::Briefs)?;
    let now = cx.now();
    let mut found = Vec::new();
    for session in view.sessions.values() {
        let status = stands(cx, session, now)?;
        let fits = match wanted.status {
            Some(wanted) => status == wanted,
            None => status != SessionStatus::Disconnected,
        };
        let able = |capability: &String| session.capabilities.contains(capability);
        if fits && wanted.capability.as_ref().is_none_or(able) {
            found.push(info(session, status));
        }
    }
    found.sort_by_key(|s| (s.agent_id.clone(), s.session_id.clone()));
    Ok(found)
}

/// Holds the lock that tells everybody here that this process is alive. Keep it for as long as the
/// session lasts, and say [`SessionLife::Process`] in its [`Presence`].
///
/// # Errors
/// Usage: another process has this session.
pub(in crate::commands) fn hold(cx: &mut Context<'_>, session: &str) -> Result<FileLock> {
    let path = lock_path(cx, session)?;
    let held = lock::try_lock(&path)?;
    held.ok_or_else(|| {
        let message = format!("another process has the session `{session}`");
        Error::usage("session", message).hint("SESSION_ID=NAME")
    })
}

/// Claims of tasks and locks whose session is known to be gone: its process ended.
///
/// # Errors
/// The machine failed.
pub(in crate::commands) fn lost(cx: &mut Context<'_>, view: &View) -> Result<Vec<AttemptId>> {
    let tasks = view.tasks.values().filter_map(|task| task.live());
    let tasks = tasks.map(|(grant, claim)| (grant, claim.session.clone()));
    let locks = view.locks.values().filter_map(|lock| lock.live());
    let locks = locks.map(|(grant, claim)| (grant, claim.session.clone()));
    let mut lost = Vec::new();
    // One look per session: it may hold any number of things.
    let mut looked: BTreeMap<(ActorId, String), bool> = BTreeMap::new();
    for (grant, session) in tasks.chain(locks) {
        let whose = (grant.by.actor.clone(), session);
        let is_lost = match (looked.get(&whose), view.sessions.get(&whose)) {
            (Some(known), _) => *known,
            (None, Some(session)) => is_gone(cx, session)?,
            (None, None) => false,
        };
        if is_lost {
            lost.push(grant.attempt.clone());
        }
        looked.insert(whose, is_lost);
    }
    Ok(lost)
}

/// How a session stands at `now`.
fn stands(cx: &mut Context<'_>, session: &Session, now: Timestamp) -> Result<SessionStatus> {
    if session.status == SessionStatus::Disconnected || is_gone(cx, session)? {
        return Ok(SessionStatus::Disconnected);
    }
    let silent = now.since(session.by.at);
    let lease = Duration::from_secs(u64::from(session.lease_seconds));
    let is_watched = session.life == SessionLife::Process && is_here(cx, session)?;
    Ok(match session.status {
        _ if silent >= lease && !is_watched => SessionStatus::Disconnected,
        SessionStatus::Active if silent >= IDLE_AFTER => SessionStatus::Idle,
        status => status,
    })
}

/// True if the process of the session is known to have ended.
fn is_gone(cx: &mut Context<'_>, session: &Session) -> Result<bool> {
    if session.life != SessionLife::Process || !is_here(cx, session)? {
        return Ok(false);
    }
    Ok(!lock::is_held(&lock_path(cx, &session.session)?)?)
}

fn is_here(cx: &mut Context<'_>, session: &Session) -> Result<bool> {
    let me = crate::store::actor::read(&cx.repo()?.wp_dir())?;
    Ok(me.as_ref() == Some(&session.by.actor))
}

fn lock_path(cx: &mut Context<'_>, session: &str) -> Result<PathBuf> {
    let folder = cx.repo()?.wp_dir().join("sessions");
    Ok(folder.join(format!("{}.alive", slug(session))))
}

fn info(session: &Session, status: SessionStatus) -> SessionInfo {
    SessionInfo {
        agent_id: session.agent.clone(),
        agent_type: session.kind.clone(),
        session_id: session.session.clone(),
        capabilities: session.capabilities.clone(),
        archetype: session.archetype.clone(),
        status,
        current_task: session.current_task.clone(),
        delegated_from: session.delegated_from.clone(),
        last_heartbeat: session.by.at,
        started_at: session.started,
        actor: session.by.actor.clone(),
        label: session.by.label.clone(),
    }
}

/// The change that says something, with nothing that it needs.
pub(super) fn saying(said: Said) -> (Op, Vec<Oid>) {
    (Op::Say(Box::new(said)), Vec::new())
}
