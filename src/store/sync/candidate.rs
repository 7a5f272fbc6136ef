//! The state that this clone would have the authority take: joined, settled, not yet true.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::base::{FeatureId, Oid, Result};
use crate::git::{Change, NewCommit};
use crate::state::join::{Joined, join};
use crate::state::layout::{self, Class, FeatureRoom};
use crate::state::record::{Beat, Body, Record};
use crate::state::settle::{Verdict, settle};
use crate::state::{View, resettle};
use crate::store::message;
use crate::store::sync::differences::{Differences, differences};
use crate::store::sync::incoming::descends_since;
use crate::store::sync::outgoing::Delivery;
use crate::store::sync::{Here, Round};

/// What would be pushed.
pub(super) struct Candidate {
    pub(super) tip: Oid,
    pub(super) tree: Oid,
    pub(super) facts_in: usize,
    pub(super) facts_out: usize,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) notes: Vec<String>,
    /// Requests that wait on.
    pub(super) waiting: Vec<Verdict>,
    /// Commits that go along.
    pub(super) delivery: Delivery,
}

/// Trees that are joined, before anything is settled.
struct Ground {
    tree: Oid,
    parents: Vec<Oid>,
    joined: Joined,
    facts_in: usize,
    /// What becomes of rights that another authority had granted here.
    closing: Vec<Record>,
}

impl Round<'_> {
    /// Makes the state that follows from both sides. `theirs` goes on from what was seen last, is
    /// there for the first time, or was accepted after a rewind: then `first` begins another
    /// generation.
    pub(super) fn candidate(
        &self,
        here: &Here,
        theirs: Option<&Here>,
        first: Vec<Record>,
    ) -> Result<Candidate> {
        let ground = self.ground(here, theirs)?;
        self.settled(ground, theirs, first)
    }

    fn ground(&self, here: &Here, theirs: Option<&Here>) -> Result<Ground> {
        let objects = self.local.git.objects();
        let found = differences(&objects, Some(&here.tree), theirs.map(|t| &t.tree))?;
        let joined = join(&found.ours, &found.theirs);
        let facts_in = facts_in(&found);
        let (tree, parents) = match theirs {
            None => (here.tree.clone(), vec![here.tip.clone()]),
            Some(theirs) => {
                let root = self.seen()?;
                let since = |a: &Oid, b: &Oid| descends_since(&objects, (a, b), root.as_ref());
                if since(&here.tip, &theirs.tip)? {
                    (here.tree.clone(), vec![here.tip.clone()])
                } else if since(&theirs.tip, &here.tip)? {
                    (theirs.tree.clone(), vec![theirs.tip.clone()])
                } else {
                    let tree = self.united(&theirs.tree, &joined)?;
                    (tree, vec![theirs.tip.clone(), here.tip.clone()])
                }
            }
        };
        let mut ground = Ground {
            tree,
            parents,
            joined,
            facts_in,
            closing: Vec::new(),
        };
        // Nobody else was granted anything since where this clone only went on, so that what it
        // brings is granted by the very push.
        let went_on = ground.parents == [here.tip.clone()];
        if let Some(theirs) = theirs.filter(|_| !went_on && !ground.joined.rights_lost.is_empty()) {
            self.resettle(&mut ground, &found, (here, theirs))?;
        }
        Ok(ground)
    }

    /// Rights here that the authority does not know: another one granted them.
    fn resettle(
        &self,
        ground: &mut Ground,
        found: &Differences,
        (here, theirs): (&Here, &Here),
    ) -> Result<()> {
        let objects = self.local.git.objects();
        let view = self.store.confirmed_at(&theirs.tip, &theirs.tree)?;
        let to = view.authority.as_ref().map(|a| a.id.clone());
        let rights = ground.joined.rights_lost.iter();
        let mut from = rights.filter_map(|path| match layout::class(path) {
            Some(Class::Right(by)) if Some(&by) != to.as_ref() => Some(by),
            _ => None,
        });
        let imported = match (from.next(), to) {
            (Some(from), Some(to)) => resettle::import(&found.ours, &found.theirs, (&from, &to)),
            _ => Default::default(),
        };
        // Whatever the ancestry says, only what the authority has or takes over counts.
        let mut all = ground.joined.clone();
        all.taken.extend(imported.clone());
        ground.tree = self.united(&theirs.tree, &all)?;
        let before = self.store.everything_at(&here.tip, &here.tree)?;
        let after = self.store.everything_at(&theirs.tip, &ground.tree)?;
        let mut after = Arc::unwrap_or_clone(after);
        let by = self.exchange.by;
        ground.closing = resettle::ask_again(&before, &after, by);
        after.apply(&ground.closing);
        ground
            .closing
            .extend(resettle::close(&after, &imported, by));
        objects.flush_all(self.local.git.durability())
    }

    /// The tree that `base` becomes by what was joined into it.
    pub(super) fn united(&self, base: &Oid, joined: &Joined) -> Result<Oid> {
        let taken = joined.taken.iter();
        let changes: Vec<Change> = taken
            .map(|(path, leaf)| Change::file(path.as_str(), leaf.oid.clone()))
            .collect();
        self.local.git.objects().edit(Some(base), &changes)
    }

    /// Settles on the joined ground and makes the commit.
    fn settled(
        &self,
        ground: Ground,
        theirs: Option<&Here>,
        first: Vec<Record>,
    ) -> Result<Candidate> {
        let tip = &ground.parents[0];
        let base = match theirs {
            Some(_) if ground.closing.is_empty() => self.store.confirmed_at(tip, &ground.tree)?,
            Some(_) | None => self.store.everything_at(tip, &ground.tree)?,
        };
        let base = self.with_features_of(base, (tip, &ground))?;
        let mut view = Arc::unwrap_or_clone(base);
        let mut records = first;
        records.extend(ground.closing);
        view.apply(&records);
        let settled = settle(&view, &self.exchange.by.actor);
        let rights = settled.rights.clone();
        records.extend(settled.rights);
        records.extend(settled.rulings);
        records.extend(self.beat(&view)?);
        let facts = ground.joined.taken.keys().filter(|path| is_fact(path));
        let mut candidate = Candidate {
            tip: ground.parents[0].clone(),
            tree: ground.tree.clone(),
            facts_in: ground.facts_in,
            facts_out: facts.count(),
            notes: notes(&ground.joined),
            delivery: self.delivery(&ground.joined.taken, &rights, (&settled.view, theirs))?,
            verdicts: settled.verdicts,
            waiting: settled.waiting,
        };
        let diverged = ground.parents.len() > 1;
        if records.is_empty() && !diverged && ground.tree == self.tree_of(&candidate.tip)? {
            return Ok(candidate);
        }
        candidate.tree = self.grown_from(Some(&ground.tree), &records)?;
        candidate.tip = self.commit(&candidate, &ground.parents)?;
        Ok(candidate)
    }

    /// The view with every feature that new facts are about: what goes along is read off there.
    fn with_features_of(
        &self,
        view: Arc<View>,
        (tip, ground): (&Oid, &Ground),
    ) -> Result<Arc<View>> {
        let rooms: BTreeSet<FeatureRoom> = ground
            .joined
            .taken
            .keys()
            .filter_map(|path| layout::feature_of(path))
            .collect();
        let about = |id: &&FeatureId| rooms.contains(&FeatureRoom::of(id));
        let ids: Vec<FeatureId> = view.briefs.keys().filter(about).cloned().collect();
        if ids.iter().all(|id| view.features.contains_key(id)) {
            return Ok(view);
        }
        drop(view);
        self.store.features_at(tip, &ground.tree, ids)
    }

    fn tree_of(&self, commit: &Oid) -> Result<Oid> {
        Ok(self.local.git.objects().commit(commit)?.tree)
    }

    pub(super) fn grown_from(&self, tree: Option<&Oid>, records: &[Record]) -> Result<Oid> {
        let objects = self.local.git.objects();
        let mut changes = Vec::with_capacity(records.len());
        for record in records {
            let oid = match &record.body {
                Body::Json(bytes) => objects.write_blob(bytes)?,
                Body::Blob(oid) => oid.clone(),
            };
            changes.push(Change::file(record.path.as_str(), oid));
        }
        objects.edit(tree, &changes)
    }

    fn commit(&self, candidate: &Candidate, parents: &[Oid]) -> Result<Oid> {
        let exchange = self.exchange;
        let text = message::exchange(
            (&self.txn, exchange.by, exchange.remote.name()),
            &candidate.verdicts,
            candidate.facts_out,
        );
        self.write(&candidate.tree, parents, &text)
    }

    /// Writes a commit of this clone and makes it durable.
    pub(super) fn write(&self, tree: &Oid, parents: &[Oid], message: &str) -> Result<Oid> {
        let (by, objects) = (self.exchange.by, self.local.git.objects());
        let commit = objects.write_commit(&NewCommit {
            tree,
            parents,
            by: &message::clone_person(by),
            at: by.at,
            message,
        })?;
        objects.flush_all(self.local.git.durability())?;
        Ok(commit)
    }

    /// A sign of life, if this clone looks after anything and the last one is getting old.
    fn beat(&self, view: &View) -> Result<Option<Record>> {
        let exchange = self.exchange;
        let last = view.beats.get(&exchange.by.actor);
        // A clock that was set back must not silence a clone.
        let fresh = |beat: &Beat| {
            let age = exchange.by.at.since(beat.by.at);
            exchange.by.at >= beat.by.at && age < exchange.lease / 3
        };
        let Some(attempts) = exchange.beat.filter(|_| !last.is_some_and(fresh)) else {
            return Ok(None);
        };
        let beat = Beat {
            seq: last.map_or(0, |beat| beat.seq) + 1,
            attempts: attempts.to_vec(),
            by: exchange.by.clone(),
        };
        let path = layout::beat(&exchange.by.actor);
        Ok(Some(Record::json(path, &beat)?))
    }
}

fn is_fact(path: &str) -> bool {
    layout::class(path) == Some(Class::Fact)
}

fn facts_in(found: &Differences) -> usize {
    let new = |path: &&String| is_fact(path) && !found.ours.contains_key(*path);
    found.theirs.keys().filter(new).count()
}

fn notes(joined: &Joined) -> Vec<String> {
    let mut notes = Vec::new();
    for path in &joined.forks {
        notes.push(format!(
            "`{path}` is another record here: was this clone copied? the authority's counts"
        ));
    }
    for path in &joined.foreign {
        notes.push(format!(
            "`{path}` is no record of this format and stays here"
        ));
    }
    notes
}
