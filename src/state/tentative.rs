//! What a view says of requests that wait for an authority elsewhere, and of what they come to.

use crate::base::ActorId;
use crate::state::codec::decode;
use crate::state::filed::Filed;
use crate::state::layout::{self, FeatureRoom, FeatureSlot, LockSlot, PackageSlot, Slot, TaskSlot};
use crate::state::lock_view::LockView;
use crate::state::record::{Body, Grant, Record};
use crate::state::task_view::TaskView;
use crate::state::view::{FeatureBrief, View};

impl View {
    /// Requests of `me` on which the authority has not ruled, oldest first.
    pub fn pending(&self, me: &ActorId) -> Vec<Filed> {
        let features = self.briefs.values().flat_map(|brief| brief.pending.clone());
        let locks = self.locks.values().flat_map(LockView::pending);
        let tasks = self.tasks.values().flat_map(TaskView::pending);
        let mut all: Vec<Filed> = features.chain(locks).chain(tasks).collect();
        all.retain(|filed| filed.request.actor == *me);
        all.sort_by(|a, b| (a.seq, &a.request.txn).cmp(&(b.seq, &b.request.txn)));
        all
    }

    /// True if some request waits for the authority, so that an overlay differs from this view.
    pub fn has_pending(&self) -> bool {
        let waits = |brief: &FeatureBrief| !brief.pending.is_empty();
        self.briefs.values().any(waits)
            || self.locks.values().any(|l| !l.pending().is_empty())
            || self.tasks.values().any(|t| !t.pending().is_empty())
    }

    /// Takes rights that this clone only hopes for.
    pub fn apply_tentative(&mut self, rights: &[Record]) {
        self.apply(rights);
        for record in rights {
            self.note_tentative(record);
        }
    }

    pub(super) fn note_tentative(&mut self, record: &Record) {
        let feature = |room: &FeatureRoom| self.briefs.keys().find(|id| room.is_of(id)).cloned();
        match layout::parse(&record.path) {
            Some(Slot::Feature(room, FeatureSlot::Land(_, n))) => {
                let land = feature(&room).map(|id| (id, n));
                self.tentative.lands.extend(land);
            }
            Some(Slot::Feature(room, FeatureSlot::Integrator(..))) => {
                let id = feature(&room);
                self.tentative.integrators.extend(id);
            }
            Some(Slot::Package(room, package, PackageSlot::Accept(_))) => {
                let accept = feature(&room).and_then(|id| {
                    let packages = &self.features.get(&id)?.packages;
                    let package = packages.keys().find(|p| package.is_of(p))?.clone();
                    Some((id, package))
                });
                self.tentative.accepts.extend(accept);
            }
            Some(
                Slot::Package(_, _, PackageSlot::Grant(..))
                | Slot::Lock(_, LockSlot::Grant(..))
                | Slot::Task(_, TaskSlot::Grant(..)),
            ) => {
                let Body::Json(bytes) = &record.body else {
                    return;
                };
                let grant = decode::<Grant>(bytes).ok();
                self.tentative.grants.extend(grant.map(|g| g.attempt));
            }
            _ => {}
        }
    }
}
