//! What a clone shows while requests of it wait for an authority elsewhere: the state with the
//! rights that they come to, as far as anybody here knows.

use std::sync::Arc;

use crate::base::{ActorId, FeatureId, Oid, Result};
use crate::state::View;
use crate::state::settle::{self, Filing};
use crate::state::view::FeatureBrief;
use crate::store::backend::{Backend, Snapshot};
use crate::store::cache::Cache;
use crate::store::mirror::{Load, Mirror};

impl Mirror {
    /// The view as it stands, tentative rights included.
    pub(super) fn current(&self) -> &View {
        self.overlay.as_ref().map_or(&self.view, |(shown, _)| shown)
    }

    /// What the authority has granted at `snapshot`, with all features loaded that wait for it.
    pub(super) fn confirmed(
        &mut self,
        snapshot: &Snapshot,
        load: &Load,
        (backend, cache): (&dyn Backend, &Cache),
    ) -> Result<Arc<View>> {
        let view = self.view(snapshot, load, (backend, cache))?;
        let waits = |(id, brief): &(&FeatureId, &FeatureBrief)| {
            !brief.pending.is_empty() && !view.features.contains_key(*id)
        };
        let waiting: Vec<FeatureId> = view
            .briefs
            .iter()
            .filter(waits)
            .map(|(id, _)| id.clone())
            .collect();
        if waiting.is_empty() {
            return Ok(view);
        }
        drop(view);
        self.view(snapshot, &Load::Features(waiting), (backend, cache))
    }

    /// What this clone shows at `snapshot`: the view with what the waiting requests of `me` come
    /// to as far as anybody here knows.
    pub(super) fn shown(
        &mut self,
        snapshot: &Snapshot,
        (load, me): (&Load, &ActorId),
        (backend, cache): (&dyn Backend, &Cache),
    ) -> Result<Arc<View>> {
        let view = self.confirmed(snapshot, load, (backend, cache))?;
        let fits = |(shown, tree): &&(Arc<View>, Option<Oid>)| {
            *tree == self.tree
                && view
                    .features
                    .keys()
                    .all(|id| shown.features.contains_key(id))
        };
        if let Some((shown, _)) = self.overlay.as_ref().filter(fits) {
            return Ok(Arc::clone(shown));
        }
        if !view.has_pending() {
            self.overlay = None;
            return Ok(view);
        }
        let shown = Arc::new(settle::overlay(&view, me));
        self.overlay = Some((Arc::clone(&shown), self.tree.clone()));
        Ok(shown)
    }

    /// Takes a request that was filed: the facts count, the rights are shown.
    pub(super) fn file(&mut self, filing: &Filing) {
        if let Some((shown, _)) = &mut self.overlay {
            Arc::make_mut(shown).apply(&filing.facts);
        }
        self.apply(&filing.facts);
        if filing.rights.is_empty() {
            return;
        }
        let view = &self.view;
        let (shown, _) = self.overlay.get_or_insert_with(|| (Arc::clone(view), None));
        Arc::make_mut(shown).apply_tentative(&filing.rights);
    }
}
