//! What lies outside the ref: supervisor locks, the integration ref, rooms, other processes.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use crate::base::{AttemptId, Oid, Result};
use crate::engine::machine::beats::{Life, is_expired};
use crate::engine::machine::books::Moment;
use crate::engine::machine::link::is_missing;
use crate::engine::machine::{Machine, is_run};
use crate::os::lock;
use crate::schedule::input::LandSeen;
use crate::schedule::{Duties, IntegratorSeen, Observed};
use crate::state::record::Land;
use crate::state::{FeatureView, View};

impl Machine<'_> {
    pub(super) fn look_outside(&mut self, view: &View, observed: &mut Observed) -> Result<()> {
        observed.mine = self.guards.keys().cloned().collect();
        observed.supervised.clone_from(&observed.mine);
        for (_, grant) in view.briefs.values().flat_map(|brief| &brief.live) {
            let id = &grant.attempt;
            if !observed.mine.contains(id) && self.is_guarded(id)? {
                observed.supervised.insert(id.clone());
            }
        }
        let records = self.shared.records(view);
        self.look_at_others(view, observed)?;
        observed.tip = self.tip(records, observed)?;
        let land = records.and_then(FeatureView::open_land);
        let seen = land.map(|land| self.land_seen(land, observed.tip.as_ref()));
        observed.land = seen.transpose()?;
        observed.books_due = self.books_due(records, observed)?;
        observed.rooms = self.rooms(records)?;
        observed.elsewhere = self.seat.pool.beside(self.seat.rank);
        let setup = &self.shared.setup;
        observed.integrating =
            setup.duties == Duties::Work && is_run(&setup.repo, self.shared.feature())?;
        Ok(())
    }

    /// Asked for when nothing is under way: the end of a run is the only one who wants to know.
    fn books_due(&self, records: Option<&FeatureView>, observed: &Observed) -> Result<bool> {
        let Some((records, tip)) = records.zip(observed.tip.as_ref()) else {
            return Ok(false);
        };
        let busy = !observed.in_flight.is_empty() || records.open_land().is_some();
        if busy || self.shared.are_books_closed(records, tip) {
            return Ok(false);
        }
        let entries = self.shared.books(records, tip, Moment::Over)?;
        Ok(!entries.is_empty())
    }

    /// Rooms that are over for those who worked there. Others may have made some since.
    fn rooms(&mut self, records: Option<&FeatureView>) -> Result<BTreeSet<AttemptId>> {
        let standing = &self.shared.standing;
        let mut standing = standing.lock().unwrap_or_else(PoisonError::into_inner);
        let packages = || records.into_iter().flat_map(|r| r.packages.values());
        let merged = packages().filter(|p| p.accept.is_some()).count();
        if merged != self.listed && self.shared.setup.duties != Duties::Work {
            let rooms = self.shared.rooms.list()?;
            standing.extend(rooms.iter().map(|room| room.attempt().clone()));
            self.listed = merged;
        }
        let mut over = BTreeSet::new();
        for id in packages().flat_map(|package| package.attempts.keys()) {
            let stands = standing.contains(id);
            if stands && (self.guards.contains_key(id) || !self.is_guarded(id)?) {
                over.insert(id.clone());
            }
        }
        Ok(over)
    }

    /// Other clones, where several share an authority.
    fn look_at_others(&self, view: &View, observed: &mut Observed) -> Result<()> {
        observed.integrator = self.integrator(view);
        let Some(link) = &self.link else {
            return Ok(());
        };
        let setup = &self.shared.setup;
        observed.offline.clone_from(&link.offline);
        let lives = link.observer.look(&view.beats, setup.settings.lease)?;
        let records = self.shared.records(view);
        if let IntegratorSeen::Elsewhere { expired, .. } = &mut observed.integrator {
            let live = records.and_then(FeatureView::integrator);
            *expired = live.is_some_and(|l| lives.get(&l.by.actor) == Some(&Life::Silent));
        }
        observed.expired.clear();
        observed.missing.clear();
        let objects = setup.repo.objects();
        for package in records.into_iter().flat_map(|r| r.packages.values()) {
            let Some(grant) = package.live().filter(|g| g.by.actor != setup.by.actor) else {
                continue;
            };
            if is_expired(grant, &view.beats, &lives, setup.settings.lease) {
                observed.expired.insert(grant.attempt.clone());
            }
            let attempt = package.attempts.get(&grant.attempt);
            if let Some(attempt) = attempt
                && is_missing(attempt, |head| objects.exists(head))?
            {
                observed.missing.insert(grant.attempt.clone());
            }
        }
        Ok(())
    }

    fn is_guarded(&self, attempt: &AttemptId) -> Result<bool> {
        lock::is_held(&self.lock_path(attempt))
    }

    /// Who may merge, where several machines share an authority.
    pub(super) fn integrator(&self, view: &View) -> IntegratorSeen {
        let setup = &self.shared.setup;
        if setup.settings.remote.is_none() {
            return IntegratorSeen::NotNeeded;
        }
        let records = self.shared.records(view);
        match records.and_then(FeatureView::integrator) {
            None => IntegratorSeen::Free,
            Some(live) if live.by.actor != setup.by.actor => IntegratorSeen::Elsewhere {
                who: live.by.label.clone(),
                epoch: live.epoch,
                expired: false,
            },
            Some(_) if view.tentative.integrators.contains(self.shared.feature()) => {
                IntegratorSeen::Asked
            }
            Some(_) => IntegratorSeen::Mine,
        }
    }

    /// What the next attempts and merges grow on. Who does not merge does not look at the ref: it
    /// may be on its way.
    fn tip(&self, records: Option<&FeatureView>, observed: &Observed) -> Result<Option<Oid>> {
        let mine = matches!(
            observed.integrator,
            IntegratorSeen::NotNeeded | IntegratorSeen::Mine
        );
        let setup = &self.shared.setup;
        if mine && setup.duties != Duties::Work {
            return self.shared.tip(records);
        }
        let reached = records.and_then(FeatureView::reached);
        let reached = reached.unwrap_or(&setup.started.base);
        // A claim that names a commit which is still on its way would be refused, and nobody
        // would ask again before something else changes.
        let is_here = setup.repo.objects().exists(reached)?;
        Ok(is_here.then(|| reached.clone()))
    }

    fn land_seen(&self, land: &Land, tip: Option<&Oid>) -> Result<LandSeen> {
        let Some(tip) = tip else {
            return Ok(LandSeen::Elsewhere);
        };
        if *tip == land.old {
            return Ok(LandSeen::AtOld);
        }
        Ok(match self.shared.setup.repo.is_ancestor(&land.new, tip)? {
            true => LandSeen::HoldsNew,
            false => LandSeen::Elsewhere,
        })
    }
}
