//! Locks on paths, globs and logical keys. They belong to the session, never to the identity.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Items, items, no};
use crate::base::Result;
use crate::base::json::{Value, json};
use crate::commands::confirm::{Confirm, Firmness};
use crate::commands::mcp::desk::Work;
use crate::commands::mcp::reply::Reply;
use crate::commands::verbs::locks::{self, LockInfo, Taken, Wish};
use crate::commands::verbs::{self};
use crate::state::Refusal;
use crate::state::refusal::Holder;

/// The lease where none is asked for, in minutes.
const TTL_MINUTES: u32 = 120;
/// What to do about a lock that somebody else has.
const NEXT: &str = "check_locks names the holders; wait for them, or work on something else";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Acquire {
    /// Path, glob or key (api:, db:, ...)
    file_path: String,
    reason: Option<String>,
    /// 0: announce only
    ttl_minutes: Option<u32>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Release {
    file_path: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Check {
    file_paths: Option<Vec<String>>,
}

#[derive(Default, Serialize, JsonSchema)]
pub(super) struct Acquired {
    success: bool,
    action: Option<&'static str>,
    file_path: String,
    expires_at: Option<String>,
    reason: Option<String>,
    locked_by: Option<String>,
    lock_reason: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Released {
    success: bool,
    action: Option<&'static str>,
    file_path: String,
    reason: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Locks {
    result: Items,
}

/// Takes or renews a lock, or announces that one will be wanted.
pub(super) fn acquire(work: &mut Work<'_>, asked: Acquire) -> Result<Reply<Acquired>> {
    let wish = Wish {
        key: asked.file_path,
        reason: asked.reason,
        ttl_minutes: asked.ttl_minutes.unwrap_or(TTL_MINUTES),
    };
    work.be_seen()?;
    let store = work.store()?;
    let asked = (&wish, &work.session.who.clone());
    match locks::acquire(&mut work.cx, &store, asked, Confirm::asked())? {
        verbs::Reply::Refused(refusal) => Ok(refused(wish.key, refusal)),
        verbs::Reply::Done(taken, Firmness::Queued) => by_supervisor(work, &wish, &taken),
        verbs::Reply::Done(taken, firmness) => {
            let word = match (&firmness, taken.intent, taken.refreshed) {
                (Firmness::Provisional { .. }, ..) => "provisional",
                (_, true, _) => "announced",
                (_, _, true) => "refreshed",
                (_, _, false) => "acquired",
            };
            Ok(granted(&taken, word))
        }
    }
}

fn granted(taken: &Taken, word: &'static str) -> Reply<Acquired> {
    Reply::yes(Acquired {
        success: true,
        action: Some(word),
        file_path: taken.key.clone(),
        expires_at: taken.expires_at.map(|at| at.to_string()),
        ..Acquired::default()
    })
}

/// What the supervisor of this room made of it.
fn by_supervisor(work: &mut Work<'_>, wish: &Wish, taken: &Taken) -> Result<Reply<Acquired>> {
    if !work.is_settled()? {
        return Ok(granted(taken, "queued"));
    }
    let store = work.store()?;
    let key = wish.key.clone();
    let held = locks::list(&mut work.cx, &store, std::slice::from_ref(&key))?;
    let is_mine = |lock: &&LockInfo| lock.session.as_ref() == Some(&taken.session);
    if let Some(mine) = held.iter().find(is_mine) {
        let taken = Taken {
            expires_at: mine.expires_at,
            ..taken.clone()
        };
        return Ok(granted(
            &taken,
            if mine.intent { "announced" } else { "acquired" },
        ));
    }
    let refusal = match held.into_iter().find(|lock| !lock.intent) {
        Some(lock) => Refusal::Held(Box::new(holder(lock))),
        None => Refusal::Invalid {
            why: format!("`{key}` was refused by the supervisor of this attempt"),
        },
    };
    Ok(refused(key, refusal))
}

fn holder(lock: LockInfo) -> Holder {
    Holder {
        feature: lock.feature,
        package: lock.package,
        attempt: lock.attempt,
        session: lock.session,
        label: lock.label,
        what: lock.key,
        reason: lock.reason,
        since: lock.locked_at,
        expires: lock.expires_at,
    }
}

fn refused(key: String, refusal: Refusal) -> Reply<Acquired> {
    let mut data = Acquired {
        file_path: key,
        reason: Some(refusal.code().to_owned()),
        ..Acquired::default()
    };
    if let Refusal::Held(holder) = &refusal {
        let package = { holder.feature.as_ref() }.zip(holder.package.as_ref());
        data.locked_by = Some(match (package, &holder.session) {
            (Some((feature, package)), _) => format!("{feature}/{package}"),
            (None, Some(session)) => super::said(session),
            (None, None) => holder.attempt.to_string(),
        });
        data.lock_reason = holder.reason.as_deref().map(super::said);
        data.expires_at = holder.expires.map(|at| at.to_string());
    }
    no(data, refusal, NEXT)
}

/// Gives a lock of this session back.
pub(super) fn release(work: &mut Work<'_>, asked: Release) -> Result<Reply<Released>> {
    let store = work.store()?;
    let key = asked.file_path;
    let session = work.session.who.session.clone();
    let asked = (key.as_str(), Some(session.as_str()));
    Ok(
        match locks::release(&mut work.cx, &store, asked, Confirm::asked())? {
            verbs::Reply::Done(file_path, _) => Reply::yes(Released {
                success: true,
                action: Some("released"),
                file_path,
                reason: None,
            }),
            verbs::Reply::Refused(refusal) => {
                let data = Released {
                    success: false,
                    action: None,
                    reason: Some(refusal.code().to_owned()),
                    file_path: key,
                };
                no(data, refusal, NEXT)
            }
        },
    )
}

/// Who holds what, packages included.
pub(super) fn check(work: &mut Work<'_>, asked: Check) -> Result<Reply<Locks>> {
    let result = listed(work, &asked.file_paths.unwrap_or_default())?;
    Ok(Reply::yes(Locks { result }))
}

/// Every lock that touches one of `paths`; every one there is, without any.
pub(super) fn listed(work: &mut Work<'_>, paths: &[String]) -> Result<Items> {
    let store = work.store()?;
    let held = locks::list(&mut work.cx, &store, paths)?;
    let row = |lock: &LockInfo| -> Value {
        let package = { lock.feature.as_ref() }.zip(lock.package.as_ref());
        let by = match (package, &lock.session) {
            (Some((feature, package)), _) => format!("{feature}/{package}"),
            (None, Some(session)) => session.clone(),
            (None, None) => lock.attempt.to_string(),
        };
        json!({
            "file_path": lock.key,
            "locked_by": by,
            "host": lock.label,
            "locked_at": lock.locked_at,
            "expires_at": lock.expires_at,
            "reason": lock.reason,
            "intent": lock.intent,
            "lapsed": lock.lapsed,
        })
    };
    items(held.iter().map(row))
}
