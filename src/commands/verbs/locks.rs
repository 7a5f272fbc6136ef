//! Locks outside packages, and who holds what: packages that run hold theirs the same way.

use serde::Serialize;

use crate::base::text::foreign;
use crate::base::{AttemptId, Error, FeatureId, PackageId, Result, Timestamp};
use crate::commands::Context;
use crate::commands::confirm::{self, Confirm};
use crate::commands::verbs::{Identity, Reply, sessions};
use crate::model::{EndReason, LockKey};
use crate::os::random;
use crate::scope::Pattern;
use crate::state::locks::{LEASE_MINUTES_MAX, LockSet, Wanted};
use crate::state::record::Grant;
use crate::state::{Op, View};
use crate::store::{Load, Store};

/// A lock that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands) struct Wish {
    /// Path, glob or logical key.
    pub key: String,
    /// Why, for those who have to wait.
    pub reason: Option<String>,
    /// The lease in minutes; 0 records an intent that excludes nobody.
    pub ttl_minutes: u32,
}

/// A lock that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::commands) struct Taken {
    /// As it was asked for.
    pub key: String,
    /// Who has it.
    pub session: String,
    /// The claim.
    pub attempt: AttemptId,
    /// Counts the grants of this key.
    pub epoch: Option<u32>,
    /// True for an intent.
    pub intent: bool,
    /// True if the session had it already: its lease began anew.
    pub refreshed: bool,
    /// When others may take over.
    pub expires_at: Option<Timestamp>,
}

/// Something that is locked, or announced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::commands) struct LockInfo {
    /// The key, path or pattern.
    pub key: String,
    /// The session, for a lock outside packages.
    pub session: Option<String>,
    /// The feature, for what a package holds.
    pub feature: Option<FeatureId>,
    /// The package.
    pub package: Option<PackageId>,
    /// The claim or attempt.
    pub attempt: AttemptId,
    /// True for an intent: it excludes nobody.
    pub intent: bool,
    /// Why; data of unknown intent.
    pub reason: Option<String>,
    /// `user@host`, for people.
    pub label: String,
    /// Since when.
    pub locked_at: Timestamp,
    /// When others may take over, if there is a lease.
    pub expires_at: Option<Timestamp>,
    /// True if the lease has run out, or its process is gone: whoever wants it gets it.
    pub lapsed: bool,
}

/// Takes a lock, or renews it. What stands in its way and has lapsed is ended.
///
/// # Errors
/// Usage: the key has no form of one, or the lease is too long; or the store failed.
pub(in crate::commands) fn acquire(
    cx: &mut Context<'_>,
    store: &Store,
    (wish, who): (&Wish, &Identity),
    confirm: Confirm,
) -> Result<Reply<Taken>> {
    check_key(&wish.key, &cx.settings()?.project.locks.namespaces)?;
    if wish.ttl_minutes > LEASE_MINUTES_MAX {
        let most = LEASE_MINUTES_MAX;
        let message = format!("a lock is held for {most} minutes at most; 0 is an intent");
        return Err(Error::usage("ttl", message).hint(format!("--ttl {most}")));
    }
    let view = store.view(&Load::Briefs)?;
    let live = view.locks.get(&wish.key).and_then(|lock| lock.live());
    let mine = live.filter(|(_, claim)| claim.session == who.session);
    let (refreshed, known) = (
        mine.is_some(),
        mine.and_then(|(_, claim)| claim.reason.clone()),
    );
    let attempt = random::attempt_id()?;
    let op = Op::LockAcquire {
        attempt: attempt.clone(),
        key: wish.key.clone(),
        session: who.session.clone(),
        // Who renews a lock need not say again why.
        reason: wish.reason.clone().or(known),
        ttl_minutes: wish.ttl_minutes,
        steal: None,
    };
    let mut changes = match wish.ttl_minutes {
        0 => Vec::new(),
        _ => lapsed(cx, &view, wish, who)?,
    };
    changes.push((op, Vec::new()));
    // A view that is kept is copied by the store before it changes.
    drop(view);
    let outcome = confirm::ask(cx, store, changes, confirm)?.pop();
    let outcome = outcome.ok_or_else(|| Error::bug("the store gave no answer"))?;
    Reply::of(outcome, || {
        let view = store.view(&Load::Briefs)?;
        let lock = view.locks.get(&wish.key);
        let mut grants = lock.into_iter().flat_map(|lock| lock.grants.values());
        let grant = grants.find(|grant| grant.attempt == attempt);
        Ok(Taken {
            key: wish.key.clone(),
            session: who.session.clone(),
            attempt: attempt.clone(),
            epoch: grant.map(|grant| grant.epoch),
            intent: wish.ttl_minutes == 0,
            refreshed,
            expires_at: grant.and_then(expires),
        })
    })
}

/// Ends of what overlaps and has lapsed.
fn lapsed(
    cx: &mut Context<'_>,
    view: &View,
    wish: &Wish,
    who: &Identity,
) -> Result<Vec<(Op, Vec<crate::base::Oid>)>> {
    let set = LockSet::of_key(&wish.key);
    if set.misfit().is_some() || cx.env().attempt()?.is_some() {
        return Ok(Vec::new());
    }
    let (wanted, now) = (Wanted::new(&set), cx.now());
    let gone = sessions::lost(cx, view)?;
    let mut ends = Vec::new();
    for (key, lock) in &view.locks {
        let Some((grant, claim)) = lock.live() else {
            continue;
        };
        let over = expires(grant).is_some_and(|at| now >= at);
        let reason = match gone.contains(&grant.attempt) {
            true => EndReason::Lost,
            false if over => EndReason::Expired,
            false => continue,
        };
        if claim.session == who.session || wanted.shared_with(&grant.locks).is_none() {
            continue;
        }
        let op = Op::LockEnd {
            key: key.clone(),
            holder: grant.attempt.clone(),
            reason,
            note: format!("taken over by session {}", who.session),
        };
        ends.push((op, Vec::new()));
    }
    Ok(ends)
}

/// Gives a lock or an intent back; `session` `None`: one that this clone took.
///
/// # Errors
/// The store failed.
pub(in crate::commands) fn release(
    cx: &mut Context<'_>,
    store: &Store,
    (key, session): (&str, Option<&str>),
    confirm: Confirm,
) -> Result<Reply<String>> {
    let op = Op::LockRelease {
        key: key.to_owned(),
        session: session.map(str::to_owned),
    };
    let outcome = confirm::ask_one(cx, store, (op, Vec::new()), confirm)?;
    Reply::of(outcome, || Ok(key.to_owned()))
}

/// What is locked or announced; with `keys`, only what has a path or a key in common with one of
/// them.
///
/// # Errors
/// As [`Store::view`].
pub(in crate::commands) fn list(
    cx: &mut Context<'_>,
    store: &Store,
    keys: &[String],
) -> Result<Vec<LockInfo>> {
    let view = store.view(&Load::Briefs)?;
    let (now, gone) = (cx.now(), sessions::lost(cx, &view)?);
    let sets: Vec<LockSet> = keys.iter().map(|key| LockSet::of_key(key)).collect();
    let wanted: Vec<Wanted<'_>> = sets.iter().map(Wanted::new).collect();
    let concerns = |locks: &LockSet| {
        wanted.is_empty() || wanted.iter().any(|w| w.shared_with(locks).is_some())
    };
    let mut found = Vec::new();
    for (key, lock) in &view.locks {
        let live = lock.live().map(|(grant, claim)| (Some(grant), claim));
        let intents = lock.intents().map(|claim| (None, claim));
        for (grant, claim) in live.into_iter().chain(intents) {
            if !concerns(&LockSet::of_key(key)) {
                continue;
            }
            let expires_at = grant.and_then(expires);
            found.push(LockInfo {
                key: key.clone(),
                session: Some(claim.session.clone()),
                feature: None,
                package: None,
                attempt: claim.attempt.clone(),
                intent: claim.intent,
                reason: claim.reason.clone(),
                label: claim.by.label.clone(),
                locked_at: claim.by.at,
                expires_at,
                lapsed: gone.contains(&claim.attempt) || expires_at.is_some_and(|at| now >= at),
            });
        }
    }
    for (feature, brief) in &view.briefs {
        for (package, grant) in brief.live.iter().filter(|(_, g)| concerns(&g.locks)) {
            found.extend(of_package((feature, package), grant, &wanted));
        }
    }
    Ok(found)
}

/// What a package holds, one row for each pattern and key that is asked for.
fn of_package(
    (feature, package): (&FeatureId, &PackageId),
    grant: &Grant,
    wanted: &[Wanted<'_>],
) -> Vec<LockInfo> {
    let locks = &grant.locks;
    let files = locks.write.iter().chain(&locks.files);
    let keys = locks.keys.iter().map(|key| key.as_str().to_owned());
    let all = files.cloned().chain(keys);
    let concerns = |key: &String| {
        let set = LockSet::of_key(key);
        wanted.is_empty() || wanted.iter().any(|w| w.shared_with(&set).is_some())
    };
    let row = |key: String| LockInfo {
        key,
        session: None,
        feature: Some(feature.clone()),
        package: Some(package.clone()),
        attempt: grant.attempt.clone(),
        intent: false,
        reason: None,
        label: grant.by.label.clone(),
        locked_at: grant.by.at,
        expires_at: expires(grant),
        lapsed: false,
    };
    all.filter(concerns).map(row).collect()
}

fn expires(grant: &Grant) -> Option<Timestamp> {
    let lease = u64::from(grant.lease_seconds?);
    Some(grant.by.at.plus(std::time::Duration::from_secs(lease)))
}

/// A known namespace makes it a logical key, anything else has to be a pattern.
///
/// # Errors
/// Usage: it is neither.
pub(in crate::commands) fn check_key(key: &str, namespaces: &[String]) -> Result<()> {
    let Err(why) = LockKey::parse(key, namespaces) else {
        return Ok(());
    };
    let looks_logical = key
        .split_once(':')
        .is_some_and(|(name, _)| !name.contains('/'));
    if !looks_logical && Pattern::parse(key).is_ok() {
        return Ok(());
    }
    let why = match (looks_logical, Pattern::parse(key)) {
        (false, Err(error)) => error.to_string(),
        _ => why,
    };
    let message = format!("`{}` is no lock key: {why}", foreign(key));
    Err(Error::usage("lock-key", message).hint("for instance: api:GET /v1/users, or src/a/**"))
}
