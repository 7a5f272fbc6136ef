//! What travels with the state: the commits that its new records name, and the push itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::{Error, FeatureId, Kind, Oid, PackageId, RefName, Result, text};
use crate::git::Expected;
use crate::git::remote::{Atomic, PushUpdate, Pushed, Trouble};
use crate::model::AttemptResult;
use crate::state::codec::decode;
use crate::state::join::Entries;
use crate::state::layout::{self, FeatureRoom, FeatureSlot, PackageRoom, PackageSlot, Slot};
use crate::state::{FeatureView, Record, View};
use crate::store::remembered::Remembered;
use crate::store::sync::candidate::Candidate;
use crate::store::sync::names::Names;
use crate::store::sync::{Here, Round, SyncMode};

/// Commits by the name that they get on the remote.
pub(super) type Delivery = BTreeMap<RefName, Oid>;

impl Round<'_> {
    /// The commits that `facts` and `rights` name. A record that names a commit is never pushed
    /// before the commit is.
    pub(super) fn delivery(
        &self,
        facts: &Entries,
        rights: &[Record],
        (view, theirs): (&View, Option<&Here>),
    ) -> Result<Delivery> {
        let names = Names::beside(self.exchange.remote_ref);
        let mut delivery = Delivery::new();
        let mut moved = BTreeSet::new();
        for (path, leaf) in facts {
            match layout::parse(path) {
                Some(Slot::Package(feature, package, PackageSlot::Result(attempt))) => {
                    let bytes = self.local.git.objects().blob(&leaf.oid)?;
                    let result: Option<AttemptResult> = decode(&bytes).ok();
                    let at = place(view, &feature, &package);
                    if let (Some(result), Some((feature, package))) = (result, at) {
                        let name = names.head(feature, package, &attempt)?;
                        self.deliver(&mut delivery, name, &result.head)?;
                    }
                }
                Some(Slot::Package(feature, package, PackageSlot::Salvage(attempt, commit))) => {
                    let of = (feature.slug(), package.slug(), &attempt);
                    let name = names.salvage(of, &commit)?;
                    self.deliver(&mut delivery, name, &commit)?;
                }
                Some(Slot::Feature(feature, FeatureSlot::RunStarted(_))) => {
                    moved.insert(feature);
                }
                _ => {}
            }
        }
        for record in rights {
            if let Some(Slot::Feature(
                feature,
                FeatureSlot::Land(..) | FeatureSlot::Landed(..) | FeatureSlot::Void(..),
            )) = layout::parse(&record.path)
            {
                moved.insert(feature);
            }
        }
        for (id, feature) in &view.features {
            if theirs.is_none() || moved.contains(&FeatureRoom::of(id)) {
                self.integration(&mut delivery, names, (id, feature))?;
            }
        }
        Ok(delivery)
    }

    /// Where a feature stands, and what is about to land.
    fn integration(
        &self,
        delivery: &mut Delivery,
        names: Names<'_>,
        (id, feature): (&FeatureId, &FeatureView),
    ) -> Result<()> {
        let begun = feature.last_run().map(|run| &run.started.base);
        if let Some(reached) = feature.reached().or(begun) {
            self.deliver(delivery, names.integration(id)?, reached)?;
        }
        if let Some(land) = feature.open_land() {
            self.deliver(delivery, names.next(id)?, &land.new)?;
        }
        Ok(())
    }

    /// Others may know of commits that are not here: whoever made them has pushed them.
    fn deliver(&self, delivery: &mut Delivery, name: RefName, commit: &Oid) -> Result<()> {
        if self.local.git.objects().exists(commit)? {
            delivery.insert(name, commit.clone());
        }
        Ok(())
    }

    /// Remembers what a push is about to deliver: if it is cut off, the state may arrive alone.
    pub(super) fn owe(&self, delivery: &Delivery) -> Result<()> {
        let (git, name) = (&self.local.git, self.exchange.remote.name());
        let mut known = Remembered::load(&self.local.wp, name)?;
        let before = known.owed.clone();
        known.owed.extend(delivery.clone());
        if known.owed == before {
            return Ok(());
        }
        known.keep(&self.local.wp, name, git.durability())
    }

    /// What is owed, as it stands with the state of `new`: others may have gone on since.
    fn owed(&self, new: &Candidate) -> Result<Delivery> {
        let name = self.exchange.remote.name();
        let mut owed = Remembered::load(&self.local.wp, name)?.owed;
        let names = Names::beside(self.exchange.remote_ref);
        if !owed.keys().any(|name| names.moves(name)) {
            return Ok(owed);
        }
        let view = self.store.everything_at(&new.tip, &new.tree)?;
        let mut now = Delivery::new();
        for (id, feature) in &view.features {
            self.integration(&mut now, names, (id, feature))?;
        }
        owed.retain(|name, _| !names.moves(name) || now.contains_key(name));
        for (name, commit) in &mut owed {
            if let Some(now) = now.remove(name) {
                *commit = now;
            }
        }
        Ok(owed)
    }

    /// Delivers what was owed when nothing was heard of a push; false if that did not work yet.
    pub(super) fn pay(&self, new: &Candidate) -> Result<bool> {
        let (git, name) = (&self.local.git, self.exchange.remote.name());
        let mut known = Remembered::load(&self.local.wp, name)?;
        if known.owed.is_empty() || self.exchange.mode == SyncMode::DryRun {
            return Ok(true);
        }
        if !self.pushed(&updates(&self.owed(new)?))? {
            return Ok(false);
        }
        known.owed.clear();
        known.keep(&self.local.wp, name, git.durability())?;
        Ok(true)
    }

    /// Pushes the candidate; false if somebody else was first, or nobody knows.
    pub(super) fn send(&self, theirs: Option<&Here>, new: &Candidate) -> Result<bool> {
        let state = PushUpdate {
            source: Some(new.tip.clone()),
            target: self.exchange.remote_ref.clone(),
            expected: Expected::same_as(theirs.map(|theirs| &theirs.tip)),
        };
        let mut updates = updates(&self.owed(new)?);
        match self.exchange.atomic {
            Atomic::Yes => updates.push(state),
            Atomic::No => {
                // What the state names goes first.
                if !updates.is_empty() && !self.pushed(&updates)? {
                    return Ok(false);
                }
                updates = vec![state];
            }
        }
        self.pushed(&updates)
    }

    fn pushed(&self, updates: &[PushUpdate]) -> Result<bool> {
        let (remote, atomic) = (self.exchange.remote, self.exchange.atomic);
        match remote.push(updates, atomic) {
            Ok(Pushed::Done) => Ok(true),
            // The next round looks what became of it, and finds out if nobody is there any more.
            Ok(Pushed::Lost) | Err(Trouble::Unknown(_) | Trouble::Offline(_)) => Ok(false),
            Ok(Pushed::Refused(words)) => {
                let words = text::foreign(&words).to_string();
                let message = format!("`{}` does not take it: {words}", remote.name());
                let error = Error::new(Kind::Policy, "push-refused", message);
                Err(error.hint(format!("git wp init --remote {}", remote.name())))
            }
            Err(Trouble::Failed(error)) => Err(error),
        }
    }
}

fn updates(delivery: &Delivery) -> Vec<PushUpdate> {
    let updates = delivery.iter().map(|(name, commit)| PushUpdate {
        source: Some(commit.clone()),
        target: name.clone(),
        expected: Expected::Any,
    });
    updates.collect()
}

/// The verbatim ids of a package, where a loaded feature has them.
fn place<'a>(
    view: &'a View,
    feature: &FeatureRoom,
    package: &PackageRoom,
) -> Option<(&'a FeatureId, &'a PackageId)> {
    let (id, records) = view
        .features
        .iter()
        .find(|(id, _)| FeatureRoom::of(id) == *feature)?;
    let (package, _) = records.packages.iter().find(|(id, _)| package.is_of(id))?;
    Some((id, package))
}
