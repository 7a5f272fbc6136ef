//! Locks taken outside a package, by a session.

use std::time::Duration;

use crate::base::AttemptId;
use crate::model::EndReason;
use crate::state::claim::{lock_conflict, stored_form};
use crate::state::draft::{Draft, expires, invalid, lock_holder, package_holder, stable, unknown};
use crate::state::layout::LockRoom;
use crate::state::lock_view::LockView;
use crate::state::locks::{LEASE_MINUTES_MAX, LockSet, Wanted};
use crate::state::record::{Grant, LockClaim};
use crate::state::refusal::{Holder, Refusal};
use crate::state::request::{Op, Steal};
use crate::state::view::View;

/// Clocks of two machines may differ by this much.
const CLOCKS_DIFFER: Duration = Duration::from_secs(10 * 60);

/// Takes a lock, renews the session's own, or records an intent.
pub(super) fn acquire(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let Op::LockAcquire {
        attempt,
        key,
        session,
        reason,
        ttl_minutes,
        steal,
    } = &draft.request.op
    else {
        return Ok(());
    };
    stable(key.as_str())?;
    lease(*ttl_minutes)?;
    let locks = stored_form(&LockSet::of_key(key))?;
    let none = LockView::default();
    let lock = draft.view.locks.get(key).unwrap_or(&none);
    let filed = lock.claims.contains_key(attempt);
    if filed && !lock.waits(attempt) {
        return Err(invalid(format!("lock claim `{attempt}` exists already")));
    }
    let room = LockRoom::of(key);
    let claim = LockClaim {
        attempt: attempt.clone(),
        key: key.clone(),
        session: session.clone(),
        reason: reason.clone(),
        intent: *ttl_minutes == 0,
        by: draft.by(),
    };
    if claim.intent {
        return draft.add(room.claim(attempt), &claim);
    }
    let ended = displaced(lock, (session, key), steal.as_ref())?;
    if let Some(holder) = conflict(draft.view, (&locks, key), session) {
        return Err(Refusal::Held(Box::new(holder)));
    }
    if let Some((epoch, holder, why)) = ended {
        let end = draft.ending(epoch, &holder, why);
        draft.add(room.end(draft.authority(), &holder), &end)?;
    }
    if !filed {
        draft.add(room.claim(attempt), &claim)?;
    }
    for intent in lock.absorbed(session, draft.request.at) {
        draft.end_lock(&room, 0, &intent.attempt)?;
    }
    let epoch = lock.grants.last_key_value().map_or(0, |(epoch, _)| *epoch) + 1;
    let grant = Grant {
        epoch,
        attempt: attempt.clone(),
        locks,
        lease_seconds: Some(ttl_minutes.saturating_mul(60)),
        by: draft.by(),
    };
    draft.add(room.grant(draft.authority(), epoch), &grant)
}

fn lease(minutes: u32) -> Result<(), Refusal> {
    match minutes <= LEASE_MINUTES_MAX {
        true => Ok(()),
        false => Err(invalid(format!(
            "the lease of a lock is {LEASE_MINUTES_MAX} minutes at most; 0 is an intent"
        ))),
    }
}

type Displaced<'a> = (u32, AttemptId, (EndReason, &'a str));

/// The grant of this very key that has to end first: the session's own, or one taken over.
fn displaced<'a>(
    lock: &LockView,
    (session, key): (&str, &str),
    steal: Option<&'a Steal>,
) -> Result<Option<Displaced<'a>>, Refusal> {
    let Some((grant, claim)) = lock.live() else {
        return Ok(None);
    };
    if claim.session == session {
        let why = (EndReason::Released, "renewed");
        return Ok(Some((grant.epoch, grant.attempt.clone(), why)));
    }
    match steal {
        Some(steal) if !matches!(steal.reason, EndReason::Lost | EndReason::Expired) => {
            let word = steal.reason.as_str();
            Err(invalid(format!("`{word}` is no reason to take over")))
        }
        Some(steal) if steal.epoch == grant.epoch => {
            let why = (steal.reason, steal.note.as_str());
            Ok(Some((grant.epoch, grant.attempt.clone(), why)))
        }
        _ => Err(held(grant, claim, key)),
    }
}

fn held(grant: &Grant, claim: &LockClaim, key: &str) -> Refusal {
    Refusal::Held(Box::new(lock_holder(grant, claim, key.to_owned())))
}

/// Who else holds something that belongs to the key. An attempt's own grant is no obstacle.
fn conflict(view: &View, (locks, key): (&LockSet, &str), session: &str) -> Option<Holder> {
    let wanted = Wanted::new(locks);
    for (feature, brief) in &view.briefs {
        for (package, grant) in &brief.live {
            if grant.attempt.as_str() == session {
                continue;
            }
            if let Some(what) = wanted.shared_with(&grant.locks) {
                return Some(package_holder((feature, package), grant, what));
            }
        }
    }
    // The grant of this very key was looked at before: it ends with this one.
    lock_conflict(view, &wanted, |claim| {
        claim.session == session || claim.key == key
    })
}

/// Gives a lock or an intent back.
pub(super) fn release(
    draft: &mut Draft<'_>,
    key: &str,
    session: Option<&str>,
) -> Result<(), Refusal> {
    let lock = draft.view.locks.get(key);
    let lock = lock.ok_or_else(|| unknown(format!("lock `{key}`")))?;
    let actor = &draft.request.actor;
    let own = |claim: &LockClaim| match session {
        Some(session) => claim.session == session,
        None => claim.by.actor == *actor,
    };
    let room = LockRoom::of(key);
    match lock.live() {
        Some((grant, claim)) if own(claim) => draft.end_lock(&room, grant.epoch, &grant.attempt),
        live => {
            let intents: Vec<&LockClaim> = lock.intents().filter(|c| own(c)).collect();
            for claim in &intents {
                draft.end_lock(&room, 0, &claim.attempt)?;
            }
            match live {
                _ if !intents.is_empty() => Ok(()),
                Some((grant, claim)) => Err(held(grant, claim, key)),
                None => Err(unknown(format!("live lock `{key}`"))),
            }
        }
    }
}

/// Ends the lock of somebody who is gone. One that ended by itself meanwhile is no obstacle.
pub(super) fn end(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let Op::LockEnd {
        key,
        holder,
        reason,
        note,
    } = &draft.request.op
    else {
        return Ok(());
    };
    if !matches!(reason, EndReason::Lost | EndReason::Expired) {
        let word = reason.as_str();
        return Err(invalid(format!("`{word}` is no reason to take over")));
    }
    let lock = draft.view.locks.get(key);
    let live = lock.and_then(LockView::live);
    let Some((grant, claim)) = live.filter(|(grant, _)| grant.attempt == *holder) else {
        return Ok(());
    };
    let margin = match grant.by.actor == draft.request.actor {
        true => Duration::ZERO,
        false => CLOCKS_DIFFER,
    };
    let over = expires(grant).is_some_and(|end| draft.request.at >= end.plus(margin));
    if *reason == EndReason::Expired && !over {
        return Err(held(grant, claim, key));
    }
    let end = draft.ending(grant.epoch, &grant.attempt, (*reason, note));
    let path = LockRoom::of(key).end(draft.authority(), &grant.attempt);
    draft.add(path, &end)
}
