//! Records in the making, and what all families of operations share.

use std::time::Duration;

use serde::Serialize;

use crate::base::text::{cut, foreign};
use crate::base::{ActorId, AttemptId, ContentHash, FeatureId, Oid, PackageId, Timestamp, TxnId};
use crate::model::{EndReason, LockKey};
use crate::state::codec;
use crate::state::layout::{self, FeatureRoom, LockRoom, PackageRoom, TaskRoom};
use crate::state::questions;
use crate::state::record::{
    Authority, Body, By, End, FORMAT_VERSION, FormatRecord, Grant, Hold, HoldKind, LockClaim,
    Record, TaskClaim,
};
use crate::state::refusal::{Holder, REASON_CHARS_MAX, Refusal};
use crate::state::request::{Op, Request};
use crate::state::view::{FeatureView, PackageView, Problem, View};

/// Records in the making.
pub(super) struct Draft<'a> {
    pub(super) view: &'a View,
    pub(super) request: &'a Request,
    authority: Authority,
    records: Vec<Record>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(view: &'a View, request: &'a Request) -> Result<Self, Refusal> {
        let authority = match &view.authority {
            Some(authority) => authority.clone(),
            None => first_authority(&request.txn)?,
        };
        Ok(Draft {
            view,
            request,
            authority,
            records: Vec::new(),
        })
    }

    /// Refuses what would build on records that cannot be read.
    pub(super) fn check_health(&self) -> Result<(), Refusal> {
        if self.view.format > FORMAT_VERSION {
            let v = self.view.format;
            return Err(Refusal::Damaged {
                path: layout::FORMAT.to_owned(),
                why: format!("it has format {v}, this program changes none above {FORMAT_VERSION}"),
            });
        }
        let op = &self.request.op;
        let feature = op.feature().map(FeatureRoom::of);
        let task = op.task().map(TaskRoom::of);
        let room = feature.as_ref().map(FeatureRoom::path);
        let room = room.or(task.as_ref().map(TaskRoom::path));
        let grants = matches!(self.request.op, Op::Claim(_) | Op::LockAcquire { .. });
        let mut problems = self.view.problems.iter();
        let concerned =
            problems.find(|problem| concerns(problem, room) || (grants && hides_rights(problem)));
        match concerned {
            Some(problem) => Err(Refusal::Damaged {
                path: problem.path.clone(),
                why: problem.why.clone(),
            }),
            None => Ok(()),
        }
    }

    pub(super) fn finish(self) -> Result<Vec<Record>, Refusal> {
        let mut records = self.records;
        if self.view.authority.is_none() && !records.is_empty() {
            records.splice(0..0, meta(&self.authority)?);
        }
        Ok(records)
    }

    /// Who asks.
    pub(super) fn by(&self) -> By {
        By {
            actor: self.request.actor.clone(),
            label: self.request.label.clone(),
            at: self.request.at,
        }
    }

    /// Whose rights are written.
    pub(super) fn authority(&self) -> &ActorId {
        &self.authority.id
    }

    /// Adds a record with a JSON body.
    pub(super) fn add<T: Serialize>(&mut self, path: String, body: &T) -> Result<(), Refusal> {
        self.records.push(Record::json(path, body)?);
        Ok(())
    }

    /// Adds a record whose bytes are a blob already.
    pub(super) fn add_blob(&mut self, path: String, blob: &Oid) {
        let body = Body::Blob(blob.clone());
        self.records.push(Record { path, body });
    }

    /// The feature, which must have been published.
    pub(super) fn feature(&self, id: &FeatureId) -> Result<&'a FeatureView, Refusal> {
        let view = self.view.features.get(id);
        view.ok_or_else(|| unknown(format!("feature `{id}`")))
    }

    /// A package with at least one record.
    pub(super) fn package(
        &self,
        feature: &FeatureId,
        package: &PackageId,
    ) -> Result<&'a PackageView, Refusal> {
        let view = self.feature(feature)?.packages.get(package);
        view.ok_or_else(|| unknown(format!("attempt of package `{package}`")))
    }

    /// The live grant of the package, which must be the attempt's.
    pub(super) fn held_by(
        &self,
        package: &'a PackageView,
        attempt: &AttemptId,
    ) -> Result<&'a Grant, Refusal> {
        let live = package.live();
        if let Some(grant) = live.filter(|grant| grant.attempt == *attempt) {
            return Ok(grant);
        }
        if !package.attempts.contains_key(attempt) {
            return Err(unknown(format!("attempt `{attempt}`")));
        }
        Err(Refusal::Fenced {
            attempt: attempt.clone(),
            holder: live.map(|grant| grant.attempt.clone()),
        })
    }

    /// Ends the grant, and the locks that its attempt took beside it.
    pub(super) fn end(
        &mut self,
        room: &PackageRoom,
        grant: &Grant,
        (reason, note): (EndReason, &str),
    ) -> Result<(), Refusal> {
        let end = self.ending(grant.epoch, &grant.attempt, (reason, note));
        self.add(room.end(self.authority(), &grant.attempt), &end)?;
        for (key, lock) in &self.view.locks {
            let held = lock
                .live()
                .filter(|(_, c)| c.session == grant.attempt.as_str());
            if let Some((grant, _)) = held {
                self.end_lock(&LockRoom::of(key), grant.epoch, &grant.attempt)?;
            }
        }
        Ok(())
    }

    /// Ends a lock that was taken outside a package.
    pub(super) fn end_lock(
        &mut self,
        room: &LockRoom,
        epoch: u32,
        claim: &AttemptId,
    ) -> Result<(), Refusal> {
        let end = self.ending(epoch, claim, (EndReason::Released, ""));
        self.add(room.end(self.authority(), claim), &end)
    }

    pub(super) fn ending(
        &self,
        epoch: u32,
        attempt: &AttemptId,
        (reason, note): (EndReason, &str),
    ) -> End {
        End {
            epoch,
            attempt: attempt.clone(),
            reason,
            note: note.to_owned(),
            by: self.by(),
        }
    }
}

/// True if the problem lies in the room, above it, or in what everything rests on.
fn concerns(problem: &Problem, room: Option<&str>) -> bool {
    let inside = |path: &str, folder: &str| {
        path.strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let path = problem.path.as_str();
    inside(path, "meta")
        || room
            .is_some_and(|room| inside(path, room) || (inside(room, path) && !problem.is_foreign()))
}

/// True if a live grant may be among what cannot be read.
fn hides_rights(problem: &Problem) -> bool {
    let is_fact = problem.path.contains("/facts/") || problem.path.contains("/answers/");
    // Tasks lock nothing, and registers grant nothing.
    let is_apart = problem.path.starts_with("tasks/") || problem.path.starts_with("actors/");
    if is_apart {
        return false;
    }
    problem.path.contains("/rights/") || !(is_fact || problem.is_foreign())
}

/// The records with which a state begins, made by `txn`.
///
/// # Errors
/// A transaction id that makes no authority.
pub fn beginning(txn: &TxnId) -> Result<Vec<Record>, Refusal> {
    Ok(meta(&first_authority(txn)?)?.into())
}

fn meta(authority: &Authority) -> Result<[Record; 2], Refusal> {
    let format = FormatRecord { v: FORMAT_VERSION };
    Ok([
        Record::json(layout::FORMAT.to_owned(), &format)?,
        Record::json(layout::AUTHORITY.to_owned(), authority)?,
    ])
}

/// The first request of a state makes its authority; the id follows from the transaction's.
fn first_authority(txn: &TxnId) -> Result<Authority, Refusal> {
    let hash = ContentHash::of(txn.as_str().as_bytes());
    let id = ActorId::parse(&format!("u{}", hash.short(20)));
    Ok(Authority {
        id: id.ok_or_else(|| invalid("an authority cannot be named".to_owned()))?,
        generation: 1,
    })
}

pub(super) fn invalid(why: String) -> Refusal {
    Refusal::Invalid { why }
}

pub(super) fn unknown(what: String) -> Refusal {
    Refusal::Unknown { what }
}

/// Text in stored records is NFC; an id that is not would come back as another.
pub(super) fn stable(id: &str) -> Result<(), Refusal> {
    let bytes = codec::encode(id)?;
    match codec::decode::<String>(&bytes) {
        Ok(text) if text == id => Ok(()),
        _ => Err(invalid(format!("`{id}` is not in Unicode NFC"))),
    }
}

/// Why a hold or a `feature:<id>:pause` lock stops new work and finalising; `None`: nothing does.
pub(super) fn stopped(
    view: &View,
    feature: &FeatureId,
    package: Option<&PackageId>,
) -> Option<Refusal> {
    let full = view.features.get(feature)?;
    let mut holds: Vec<&Hold> = full.holds.iter().collect();
    let own = package.and_then(|id| full.packages.get(id));
    holds.extend(own.iter().flat_map(|p| &p.holds));
    if let Some(hold) = holds.last() {
        let word = match hold.kind {
            HoldKind::Pause => "paused",
            HoldKind::Cancel => "cancelled",
        };
        let reason = if hold.reason.is_empty() { "" } else { ": " };
        let why = format!("{word} by {}{reason}{}", hold.by.label, hold.reason);
        return Some(Refusal::OnHold { why });
    }
    let question = match package {
        Some(package) => questions::obstacle(full, package),
        None => questions::pausing(full),
    };
    if let Some(question) = question {
        let why = foreign(&question.words()).to_string();
        return Some(Refusal::OnHold { why });
    }
    let key = format!("feature:{feature}:pause");
    paused_by(view, (feature, package), (&key, None)).map(|who| Refusal::OnHold {
        why: format!("paused: `{key}` is held by {who}"),
    })
}

/// Who holds the pause key, the package or the session itself excepted.
fn paused_by(
    view: &View,
    own: (&FeatureId, Option<&PackageId>),
    (key, session): (&str, Option<&str>),
) -> Option<String> {
    let pause = LockKey::unchecked(key);
    let free = view.locks.values().filter_map(|lock| lock.live());
    let covers = |grant: &Grant| grant.locks.keys.iter().any(|k| k.meets(&pause));
    let others = { free }.filter(|(_, claim)| session != Some(claim.session.as_str()));
    if let Some((_, claim)) = { others }.find(|(grant, _)| covers(grant)) {
        return Some(match &claim.reason {
            Some(reason) => {
                let reason = cut(reason, REASON_CHARS_MAX);
                format!("session {}: {}", claim.session, foreign(&reason))
            }
            None => format!("session {}", claim.session),
        });
    }
    view.briefs.iter().find_map(|(feature, brief)| {
        let others = brief
            .live
            .iter()
            .filter(|(package, _)| own.0 != feature || own.1 != Some(package));
        let found = { others }.find(|(_, grant)| covers(grant));
        found.map(|(package, _)| format!("{feature}/{package}"))
    })
}

/// Describes the holder of a package grant.
pub(super) fn package_holder(
    (feature, package): (&FeatureId, &PackageId),
    grant: &Grant,
    what: String,
) -> Holder {
    Holder {
        feature: Some(feature.clone()),
        package: Some(package.clone()),
        attempt: grant.attempt.clone(),
        session: None,
        label: grant.by.label.clone(),
        what,
        reason: None,
        since: grant.by.at,
        expires: expires(grant),
    }
}

/// Describes the holder of a lock taken outside a package.
pub(super) fn lock_holder(grant: &Grant, claim: &LockClaim, what: String) -> Holder {
    Holder {
        feature: None,
        package: None,
        attempt: grant.attempt.clone(),
        session: Some(claim.session.clone()),
        label: grant.by.label.clone(),
        what,
        reason: claim.reason.clone(),
        since: grant.by.at,
        expires: expires(grant),
    }
}

/// Describes the holder of a free-standing task.
pub(super) fn task_holder(grant: &Grant, claim: &TaskClaim, expires: Option<Timestamp>) -> Holder {
    Holder {
        feature: None,
        package: None,
        attempt: grant.attempt.clone(),
        session: Some(claim.session.clone()),
        label: grant.by.label.clone(),
        what: format!("task {}", claim.task),
        reason: None,
        since: grant.by.at,
        expires,
    }
}

/// Why a pause of the feature keeps a session from taking and finishing its tasks. The session
/// that paused it is not kept out.
pub(super) fn paused(view: &View, feature: &FeatureId, session: &str) -> Option<Refusal> {
    if view.briefs.get(feature).is_some_and(|brief| brief.held) {
        let why = format!("`{feature}` is paused or cancelled");
        return Some(Refusal::OnHold { why });
    }
    let key = format!("feature:{feature}:pause");
    let by = paused_by(view, (feature, None), (&key, Some(session)))?;
    let why = format!("paused: `{key}` is held by {by}");
    Some(Refusal::OnHold { why })
}

/// When a lease runs out, if there is one.
pub(super) fn expires(grant: &Grant) -> Option<Timestamp> {
    let lease = u64::from(grant.lease_seconds?);
    Some(grant.by.at.plus(Duration::from_secs(lease)))
}
