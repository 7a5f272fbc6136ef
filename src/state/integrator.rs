//! Who merges a feature where several machines share an authority.

use crate::base::FeatureId;
use crate::state::draft::Draft;
use crate::state::layout::FeatureRoom;
use crate::state::record::{Integrator, Resignation};
use crate::state::refusal::Refusal;

/// Grants the role, or takes it over from the epoch that the asker saw.
pub(super) fn integrate(
    draft: &mut Draft<'_>,
    id: &FeatureId,
    steal: Option<u32>,
) -> Result<(), Refusal> {
    let feature = draft.feature(id)?;
    let room = FeatureRoom::of(id);
    if let Some(live) = feature.integrator() {
        if live.by.actor == draft.request.actor {
            return Ok(());
        }
        if steal != Some(live.epoch) {
            return Err(Refusal::NotIntegrator {
                holder: Some(live.by.label.clone()),
                epoch: live.epoch,
            });
        }
        end(draft, &room, live.epoch)?;
    }
    let last = feature.integrators.last_key_value().map_or(0, |(n, _)| *n);
    let record = Integrator {
        epoch: last + 1,
        by: draft.by(),
    };
    let path = room.right(draft.authority(), "integrator", record.epoch);
    draft.add(path, &record)
}

/// Gives the role back; nothing to do for who does not have it.
pub(super) fn resign(draft: &mut Draft<'_>, id: &FeatureId) -> Result<(), Refusal> {
    match draft.feature(id)?.integrator() {
        Some(live) if live.by.actor == draft.request.actor => {
            end(draft, &FeatureRoom::of(id), live.epoch)
        }
        Some(_) | None => Ok(()),
    }
}

fn end(draft: &mut Draft<'_>, room: &FeatureRoom, epoch: u32) -> Result<(), Refusal> {
    let record = Resignation {
        epoch,
        by: draft.by(),
    };
    let path = room.right(draft.authority(), "resign", epoch);
    draft.add(path, &record)
}

/// Where a feature has an integrator, nobody else lands.
pub(super) fn check(draft: &Draft<'_>, id: &FeatureId) -> Result<(), Refusal> {
    match draft.feature(id)?.integrator() {
        Some(live) if live.by.actor != draft.request.actor => Err(Refusal::NotIntegrator {
            holder: Some(live.by.label.clone()),
            epoch: live.epoch,
        }),
        Some(_) | None => Ok(()),
    }
}
