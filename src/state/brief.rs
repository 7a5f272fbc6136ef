//! What other features and lists need to know of a feature.

use crate::state::epochs::pending;
use crate::state::questions;
use crate::state::view::{FeatureBrief, FeatureView};

impl FeatureView {
    /// What other features and lists need to know.
    pub fn brief(&self) -> FeatureBrief {
        let mut brief = FeatureBrief {
            merged: self
                .packages
                .values()
                .filter(|p| p.accept.is_some())
                .count(),
            ..FeatureBrief::default()
        };
        self.refresh(&mut brief);
        for (id, package) in &self.packages {
            if let Some(grant) = package.live() {
                brief.live.push((id.clone(), grant.clone()));
            }
        }
        brief
    }

    /// Brings the parts of a brief up to date that do not come from packages.
    pub(super) fn refresh(&self, brief: &mut FeatureBrief) {
        brief.title = self.opens.iter().rev().find_map(|o| o.title.clone());
        let ended = self.last_run().and_then(|run| run.ended.as_ref());
        brief.last_result = ended.map(|end| end.result.clone());
        brief.packages = self.current_plan().map_or(0, |plan| plan.packages.len());
        brief.held = !self.holds.is_empty() || questions::pausing(self).is_some();
        brief.pending = pending(&self.filed, &self.rulings);
    }
}
