//! Landings: the intent to move the integration ref, and what became of it.

use crate::base::{AttemptId, FeatureId, PackageId};
use crate::model::EndReason;
use crate::state::draft::{Draft, invalid, stopped, unknown};
use crate::state::integrator;
use crate::state::layout::{FeatureRoom, PackageRoom};
use crate::state::record::{Accept, Land, LandClosed, Landing};
use crate::state::refusal::Refusal;
use crate::state::view::{FeatureView, LandState};

/// The open landing that has this attempt.
pub(super) fn landing_of(feature: &FeatureView, attempt: &AttemptId) -> Option<u32> {
    let land = feature.open_land()?;
    let has = land.attempts.iter().any(|l| l.attempt == *attempt);
    has.then_some(land.n)
}

/// Records the intent.
pub(super) fn land(
    draft: &mut Draft<'_>,
    feature_id: &FeatureId,
    land: &Land,
) -> Result<(), Refusal> {
    integrator::check(draft, feature_id)?;
    let feature = draft.feature(feature_id)?;
    if let Some(open) = feature.open_land() {
        return Err(Refusal::Landing { n: open.n });
    }
    let last = feature.lands.last_key_value().map_or(0, |(n, _)| *n);
    if land.n != last + 1 {
        let (n, next) = (land.n, last + 1);
        return Err(invalid(format!(
            "landing {n} is not the next one, {next} is"
        )));
    }
    // One without attempts brings what the tool itself wrote, for instance ticks in a plan.
    for (i, landing) in land.attempts.iter().enumerate() {
        if land.attempts[..i]
            .iter()
            .any(|l| l.package == landing.package)
        {
            let id = &landing.package;
            return Err(invalid(format!("package `{id}` lands twice")));
        }
        may_land(draft, feature_id, landing)?;
    }
    let mut record = land.clone();
    record.by = draft.by();
    let path = FeatureRoom::of(feature_id).right(draft.authority(), "land", land.n);
    draft.add(path, &record)
}

fn may_land(draft: &Draft<'_>, feature: &FeatureId, landing: &Landing) -> Result<(), Refusal> {
    let package = draft.package(feature, &landing.package)?;
    if package.accept.is_some() {
        let package = landing.package.clone();
        return Err(Refusal::AlreadyMerged { package });
    }
    let grant = draft.held_by(package, &landing.attempt)?;
    if grant.epoch != landing.epoch {
        return Err(Refusal::Fenced {
            attempt: landing.attempt.clone(),
            holder: Some(grant.attempt.clone()),
        });
    }
    match stopped(draft.view, feature, Some(&landing.package)) {
        Some(refusal) => Err(refusal),
        None => Ok(()),
    }
}

/// The ref moved: accepts and ends the attempts.
pub(super) fn landed(draft: &mut Draft<'_>, id: &FeatureId, n: u32) -> Result<(), Refusal> {
    integrator::check(draft, id)?;
    let Some(land) = open(draft, id, (n, LandState::Landed))? else {
        return Ok(());
    };
    let room = FeatureRoom::of(id);
    close(draft, &room, (n, "landed", ""))?;
    for landing in &land.attempts {
        accept(draft, (id, &room), land, landing)?;
    }
    Ok(())
}

fn accept(
    draft: &mut Draft<'_>,
    (id, room): (&FeatureId, &FeatureRoom),
    land: &Land,
    landing: &Landing,
) -> Result<(), Refusal> {
    let package_id: &PackageId = &landing.package;
    let package = draft.package(id, package_id)?;
    let grant = draft.held_by(package, &landing.attempt)?;
    let room = PackageRoom::of(room, package_id);
    let record = Accept {
        epoch: grant.epoch,
        attempt: landing.attempt.clone(),
        head: landing.head.clone(),
        merge: landing.merge.clone(),
        land: land.n,
        by: draft.by(),
    };
    draft.add(room.accept(draft.authority()), &record)?;
    draft.end(&room, grant, (EndReason::Completed, ""))
}

/// The ref did not move and will not.
pub(super) fn void(
    draft: &mut Draft<'_>,
    id: &FeatureId,
    (n, note): (u32, &str),
) -> Result<(), Refusal> {
    integrator::check(draft, id)?;
    if open(draft, id, (n, LandState::Void))?.is_some() {
        close(draft, &FeatureRoom::of(id), (n, "void", note))?;
    }
    Ok(())
}

/// The landing, if it is open; `None` if it has the wanted end already.
fn open<'a>(
    draft: &Draft<'a>,
    id: &FeatureId,
    (n, wanted): (u32, LandState),
) -> Result<Option<&'a Land>, Refusal> {
    let view = draft.feature(id)?.lands.get(&n);
    let view = view.ok_or_else(|| unknown(format!("landing {n}")))?;
    match view.state {
        LandState::Open => Ok(Some(&view.land)),
        state if state == wanted => Ok(None),
        LandState::Landed => Err(invalid(format!("landing {n} is done"))),
        LandState::Void => Err(invalid(format!("landing {n} was given up"))),
    }
}

fn close(
    draft: &mut Draft<'_>,
    room: &FeatureRoom,
    (n, word, note): (u32, &str, &str),
) -> Result<(), Refusal> {
    let closed = LandClosed {
        n,
        note: note.to_owned(),
        by: draft.by(),
    };
    draft.add(room.right(draft.authority(), word, n), &closed)
}
