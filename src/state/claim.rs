//! Claims: one package to one attempt, with everything it locks or nothing.

use crate::base::{AttemptId, FeatureId, PackageId};
use crate::model::EndReason;
use crate::state::codec;
use crate::state::draft::{Draft, invalid, lock_holder, package_holder, stable, stopped, unknown};
use crate::state::land::landing_of;
use crate::state::layout::{FeatureRoom, LockRoom, PackageRoom};
use crate::state::locks::{LockSet, Wanted};
use crate::state::record::{Grant, LockClaim};
use crate::state::refusal::{Holder, Refusal};
use crate::state::request::{Claim, Steal};
use crate::state::view::{FeatureView, PackageView, View};

/// Grants the package to the attempt.
pub(super) fn claim(draft: &mut Draft<'_>, claim: &Claim) -> Result<(), Refusal> {
    let attempt = &claim.attempt;
    let (feature_id, package_id) = (&attempt.feature, &attempt.package);
    stable(package_id.as_str())?;
    let feature = draft.feature(feature_id)?;
    planned(feature, claim)?;
    let none = PackageView::default();
    let package = feature.packages.get(package_id).unwrap_or(&none);
    let filed = package.attempts.get(&attempt.attempt);
    if filed.is_some_and(|known| !known.waits()) {
        return Err(invalid(format!(
            "attempt `{}` exists already",
            attempt.attempt
        )));
    }
    if package.accept.is_some() {
        let package = package_id.clone();
        return Err(Refusal::AlreadyMerged { package });
    }
    ready(feature, &claim.after)?;
    if let Some(refusal) = stopped(draft.view, feature_id, Some(package_id)) {
        return Err(refusal);
    }
    let room = PackageRoom::of(&FeatureRoom::of(feature_id), package_id);
    let displaced = displaced(feature, package, claim)?;
    let locks = stored_form(&claim.locks)?;
    let asker = Asker {
        feature: feature_id,
        package: package_id,
        attempt: &attempt.attempt,
        session: attempt.session.as_deref(),
        displaced: displaced.map(|(grant, _)| grant.attempt.as_str()),
    };
    if let Some(holder) = asker.conflict(draft.view, &locks) {
        return Err(Refusal::Held(Box::new(holder)));
    }
    if let Some((grant, steal)) = displaced {
        draft.end(&room, grant, (steal.reason, &steal.note))?;
    }
    if filed.is_none() {
        let mut record = attempt.clone();
        let numbers = package.attempts.values().map(|a| a.attempt.number);
        record.number = numbers.max().unwrap_or(0) + 1;
        record.by = draft.by();
        draft.add(room.attempt(&attempt.attempt), &record)?;
    }
    absorb(draft, &format!("{feature_id}/{package_id}"))?;
    let epoch = package.highest().map_or(0, |grant| grant.epoch) + 1;
    let grant = Grant {
        epoch,
        attempt: attempt.attempt.clone(),
        locks,
        lease_seconds: claim.lease_seconds,
        by: draft.by(),
    };
    draft.add(room.grant(draft.authority(), epoch), &grant)
}

/// Ends the intents that were announced for a package under its name: its grant holds more.
fn absorb(draft: &mut Draft<'_>, session: &str) -> Result<(), Refusal> {
    for (key, lock) in &draft.view.locks {
        for intent in lock.absorbed(session, draft.request.at) {
            draft.end_lock(&LockRoom::of(key), 0, &intent.attempt)?;
        }
    }
    Ok(())
}

/// The plan was published and has the package, or a loop wants it.
fn planned(feature: &FeatureView, claim: &Claim) -> Result<(), Refusal> {
    let (plan, id) = (&claim.attempt.plan, &claim.attempt.package);
    let origin = feature.plans.get(plan);
    let origin = origin.ok_or_else(|| unknown(format!("published plan {}", plan.short(12))))?;
    let is_planned = origin.packages.iter().any(|brief| brief.id == *id);
    // What a loop wants is computed from the records, so only whoever asks can tell.
    if is_planned || claim.attempt.sprout.is_some() {
        Ok(())
    } else {
        Err(unknown(format!(
            "package `{id}` in plan {}",
            plan.short(12)
        )))
    }
}

fn ready(feature: &FeatureView, after: &[PackageId]) -> Result<(), Refusal> {
    let merged = |id: &PackageId| {
        let package = feature.packages.get(id);
        package.is_some_and(|p| p.accept.is_some())
    };
    let waits_for: Vec<PackageId> = after.iter().filter(|id| !merged(id)).cloned().collect();
    if waits_for.is_empty() {
        Ok(())
    } else {
        Err(Refusal::NotReady { waits_for })
    }
}

/// The live grant that is taken over; a live grant that is not makes the package held.
fn displaced<'a>(
    feature: &FeatureView,
    package: &'a PackageView,
    claim: &'a Claim,
) -> Result<Option<(&'a Grant, &'a Steal)>, Refusal> {
    let id = &claim.attempt.package;
    let held = |grant: &Grant| {
        let of = (&claim.attempt.feature, id);
        let mut holder = package_holder(of, grant, id.to_string());
        let attempt = package.attempts.get(&grant.attempt);
        holder.session = attempt.and_then(|a| a.attempt.session.clone());
        Refusal::Held(Box::new(holder))
    };
    match (package.live(), &claim.steal) {
        (None, None) => Ok(None),
        (Some(grant), None) => Err(held(grant)),
        (live, Some(steal)) => {
            let permitted = matches!(
                steal.reason,
                EndReason::Lost | EndReason::Expired | EndReason::Superseded
            );
            if !permitted {
                let word = steal.reason.as_str();
                return Err(invalid(format!("`{word}` is no reason to take over")));
            }
            let highest = package.highest().map(|grant| grant.epoch);
            match live {
                Some(grant) if grant.epoch == steal.epoch => {
                    match landing_of(feature, &grant.attempt) {
                        Some(n) => Err(Refusal::Landing { n }),
                        None => Ok(Some((grant, steal))),
                    }
                }
                Some(grant) => Err(held(grant)),
                // The holder ended by itself meanwhile: nothing is left to take over.
                None if highest == Some(steal.epoch) => Ok(None),
                None => Err(invalid(format!("epoch {} is not the highest", steal.epoch))),
            }
        }
    }
}

/// Locks as they will be read back, so that both sides of a comparison have one spelling.
pub(super) fn stored_form(locks: &LockSet) -> Result<LockSet, Refusal> {
    if let Some(why) = locks.misfit() {
        return Err(invalid(why));
    }
    codec::decode(&codec::encode(locks)?).map_err(invalid)
}

/// Who asks for locks: what it holds itself is no obstacle.
pub(super) struct Asker<'a> {
    pub(super) feature: &'a FeatureId,
    pub(super) package: &'a PackageId,
    pub(super) attempt: &'a AttemptId,
    pub(super) session: Option<&'a str>,
    /// The attempt that is taken over from: the locks that it took beside end with it.
    pub(super) displaced: Option<&'a str>,
}

impl Asker<'_> {
    /// Who holds something of `locks`, or must be alone in the feature.
    fn conflict(&self, view: &View, locks: &LockSet) -> Option<Holder> {
        let wanted = Wanted::new(locks);
        for (feature, brief) in &view.briefs {
            let same = feature == self.feature;
            let others = brief
                .live
                .iter()
                .filter(|(id, _)| !(same && id == self.package));
            for (package, grant) in others {
                let alone = same && (grant.locks.alone || locks.alone);
                let what = if alone {
                    Some(format!("feature {feature} as a whole"))
                } else {
                    wanted.shared_with(&grant.locks)
                };
                if let Some(what) = what {
                    return Some(package_holder((feature, package), grant, what));
                }
            }
        }
        let own = [Some(self.attempt.as_str()), self.session, self.displaced];
        lock_conflict(view, &wanted, |claim| {
            own.contains(&Some(claim.session.as_str()))
        })
    }
}

/// Which lock taken outside a package has something of `wanted`.
pub(super) fn lock_conflict(
    view: &View,
    wanted: &Wanted<'_>,
    own: impl Fn(&LockClaim) -> bool,
) -> Option<Holder> {
    let live = view.locks.values().filter_map(|lock| lock.live());
    let mut others = live.filter(|(_, claim)| !own(claim));
    others.find_map(|(grant, claim)| {
        let what = wanted.shared_with(&grant.locks)?;
        Some(lock_holder(grant, claim, what))
    })
}
