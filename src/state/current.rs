//! What a clone saw when it filed a request, and the request as it reads now.
//!
//! Epochs of provisional grants may change until they are granted, and others may have been
//! granted meanwhile. What was seen is therefore named by what never changes: nobody loses a
//! right to a request that was made without knowing of it.

use crate::base::{AttemptId, FeatureId, PackageId};
use crate::state::filed::Filed;
use crate::state::layout::{self, FeatureSlot, PackageSlot, Slot};
use crate::state::record::{By, Hold, Record};
use crate::state::request::{Op, Request};
use crate::state::view::{PackageView, View};

/// A request with what the asker saw.
pub(super) fn filed(view: &View, seq: u64, request: &Request) -> Filed {
    let mut request = request.clone();
    if let Op::Integrate { feature, steal } = &mut request.op {
        let known = view.features.get(feature);
        let live = known.and_then(|f| f.integrator()).map(|live| live.epoch);
        *steal = steal.filter(|epoch| live == Some(*epoch));
    }
    Filed {
        seq,
        displaces: displaced(view, &request.op),
        lifts: lifted(view, &request.op),
        request,
    }
}

/// The grant of a package, or of a lock, that the request is about to take over.
fn displaced(view: &View, op: &Op) -> Option<AttemptId> {
    match op {
        Op::Claim(claim) => {
            let steal = claim.steal.as_ref()?;
            let package = package(view, &claim.attempt.feature, &claim.attempt.package)?;
            let grant = package.grants.get(&steal.epoch)?;
            Some(grant.attempt.clone())
        }
        Op::LockAcquire { key, steal, .. } => {
            let grant = view.locks.get(key)?.grants.get(&steal.as_ref()?.epoch)?;
            Some(grant.attempt.clone())
        }
        _ => None,
    }
}

fn lifted(view: &View, op: &Op) -> Vec<By> {
    let Op::Lift { feature, package } = op else {
        return Vec::new();
    };
    let holds = holds(view, feature, package.as_ref());
    holds.iter().map(|hold| hold.by.clone()).collect()
}

fn holds<'a>(view: &'a View, feature: &FeatureId, id: Option<&PackageId>) -> &'a [Hold] {
    match id {
        Some(id) => package(view, feature, id).map_or(&[], |p| &p.holds),
        None => view.features.get(feature).map_or(&[], |f| &f.holds),
    }
}

fn package<'a>(view: &'a View, feature: &FeatureId, id: &PackageId) -> Option<&'a PackageView> {
    view.features.get(feature)?.packages.get(id)
}

/// The request as it reads now. An attempt is granted at most once, so its id fences as well as
/// its epoch does; who was never granted anything has nothing to be taken over.
pub(super) fn current(view: &View, filed: &Filed) -> Request {
    let mut request = filed.request.clone();
    let displaces = filed.displaces.as_ref();
    match &mut request.op {
        Op::End {
            feature,
            package: id,
            attempt,
            epoch,
            ..
        } => {
            let package = package(view, feature, id);
            let known = package.and_then(|p| p.attempts.get(attempt)?.epoch);
            *epoch = known.unwrap_or(*epoch);
        }
        Op::Claim(claim) => {
            let package = package(view, &claim.attempt.feature, &claim.attempt.package);
            let held = displaces.and_then(|id| package?.attempts.get(id)?.epoch);
            claim.steal = claim.steal.take().zip(held).map(|(mut steal, epoch)| {
                steal.epoch = epoch;
                steal
            });
        }
        Op::LockAcquire { key, steal, .. } => {
            let grants = view.locks.get(key).map(|lock| &lock.grants);
            let held = displaces.and_then(|id| {
                let mut all = grants?.values();
                Some(all.find(|grant| grant.attempt == *id)?.epoch)
            });
            *steal = steal.take().zip(held).map(|(mut steal, epoch)| {
                steal.epoch = epoch;
                steal
            });
        }
        _ => {}
    }
    request
}

/// True unless the record lifts a hold that the asker did not know of.
pub(super) fn was_meant(view: &View, filed: &Filed, record: &Record) -> bool {
    let Op::Lift { feature, package } = &filed.request.op else {
        return true;
    };
    let n = match layout::parse(&record.path) {
        Some(Slot::Feature(_, FeatureSlot::Lift(_, n))) => n,
        Some(Slot::Package(_, _, PackageSlot::Lift(_, n))) => n,
        _ => return true,
    };
    let mut holds = holds(view, feature, package.as_ref()).iter();
    holds.any(|hold| hold.n == n && filed.lifts.contains(&hold.by))
}
