//! Taking over what the authority has taken, and what happens where that is not possible.

use std::collections::BTreeMap;

use crate::base::{Error, Oid, Result};
use crate::git::Expected;
use crate::os::lock;
use crate::state::join::join;
use crate::state::layout;
use crate::state::record::{Authority, Record};
use crate::state::{View, beginning};
use crate::store::message;
use crate::store::remembered::Remembered;
use crate::store::sync::candidate::Candidate;
use crate::store::sync::differences::differences;
use crate::store::sync::incoming::Rewound;
use crate::store::sync::{Here, Round, Step, SyncMode, SyncReport, SyncResult};

/// How often the own tip is joined again because it moved.
const RACES_MAX: usize = 8;

impl Round<'_> {
    /// Begins a state that has nothing but an authority.
    pub(super) fn begin(&self) -> Result<Here> {
        let records = beginning(&self.txn).map_err(Error::from)?;
        let tree = self.grown_from(None, &records)?;
        let text = message::exchange(
            (&self.txn, self.exchange.by, self.exchange.remote.name()),
            &[],
            0,
        );
        let tip = self.write(&tree, &[], &text)?;
        if self.exchange.mode != SyncMode::DryRun {
            self.advance(&Expected::Absent, &tip)?;
        }
        Ok(Here { tip, tree })
    }

    /// Takes the authority's state as the first one of this clone.
    pub(super) fn take_whole(&self, theirs: &Here) -> Result<SyncReport> {
        let mut report = SyncReport::new(SyncResult::Adopted);
        let found = differences(&self.local.git.objects(), None, Some(&theirs.tree))?;
        report.facts_in = found.theirs.len();
        if self.exchange.mode != SyncMode::DryRun {
            self.advance(&Expected::Absent, &theirs.tip)?;
            self.remember(&theirs.tip, &theirs.tree)?;
        }
        Ok(report)
    }

    /// The authority took `new`, which was made when this clone was at `here`. What was recorded
    /// here meanwhile is joined to it.
    pub(super) fn adopt(&self, here: &Here, new: &Candidate) -> Result<()> {
        if here.tip != new.tip {
            self.advance(&Expected::Is(here.tip.clone()), &new.tip)?;
        }
        self.remember(&new.tip, &new.tree)
    }

    /// Moves the state of this clone to `new`, or to what follows from it and from what was
    /// recorded here since `expected`.
    fn advance(&self, expected: &Expected, new: &Oid) -> Result<()> {
        let git = &self.local.git;
        let guard = lock::lock(&self.local.path("lock"), self.local.wait)?;
        guard.announce("sync", self.exchange.by.at);
        git.clear_the_way(&guard)?;
        git.objects().flush_all(git.durability())?;
        for _ in 0..RACES_MAX {
            let now = git.tip()?;
            let to = match &now {
                Some(now) if *expected != Expected::Is(now.clone()) => self.rejoin(now, new)?,
                _ => new.clone(),
            };
            let expected = Expected::same_as(now.as_ref());
            if git.move_to(&to, &expected)? {
                let mut journal = self.local.journal.borrow_mut();
                return journal.append(&to, &[]);
            }
        }
        Err(Error::busy(
            "contended",
            "something moves the ref of the state all the time",
        ))
    }

    /// What was recorded here while the authority was asked, on top of what it took.
    fn rejoin(&self, now: &Oid, new: &Oid) -> Result<Oid> {
        let objects = self.local.git.objects();
        let (mine, theirs) = (objects.commit(now)?, objects.commit(new)?);
        let found = differences(&objects, Some(&mine.tree), Some(&theirs.tree))?;
        let joined = join(&found.ours, &found.theirs);
        let tree = self.united(&theirs.tree, &joined)?;
        self.write(&tree, &[new.clone(), now.clone()], &self.rejoined())
    }

    fn rejoined(&self) -> String {
        let exchange = self.exchange;
        message::rejoined((&self.txn, exchange.by, exchange.remote.name()))
    }

    /// From here on the authority has to go on from this.
    fn remember(&self, tip: &Oid, tree: &Oid) -> Result<()> {
        let view = self.store.confirmed_at(tip, tree)?;
        let remembered = Remembered {
            tip: Some(tip.clone()),
            authority: view.authority.as_ref().map(|a| a.id.clone()),
            generation: view.authority.as_ref().map_or(0, |a| a.generation),
            frozen: None,
            owed: BTreeMap::new(),
        };
        let (git, name) = (&self.local.git, self.exchange.remote.name());
        remembered.keep(&self.local.wp, name, git.durability())?;
        self.note_seen(tip)
    }

    /// The newest commit of the authority that this clone knows.
    pub(super) fn seen(&self) -> Result<Option<Oid>> {
        let name = self.exchange.remote.name();
        Ok(Remembered::load(&self.local.wp, name)?.tip)
    }

    /// Rights are frozen until a person says how to go on; facts are taken over all the same.
    pub(super) fn freeze(
        &self,
        here: Option<Here>,
        rewound: &Rewound,
        mut known: Remembered,
    ) -> Result<SyncReport> {
        let mut report = SyncReport::new(SyncResult::Rewound);
        report.notes.push(rewound.why.clone());
        if self.exchange.mode == SyncMode::DryRun {
            return Ok(report);
        }
        if let (Some(here), Some(theirs)) = (&here, &rewound.theirs) {
            report.facts_in = self.take_facts(here, theirs)?;
        }
        known.frozen = Some(rewound.why.clone());
        let (git, name) = (&self.local.git, self.exchange.remote.name());
        known.keep(&self.local.wp, name, git.durability())?;
        Ok(report)
    }

    fn take_facts(&self, here: &Here, theirs: &Here) -> Result<usize> {
        let objects = self.local.git.objects();
        let found = differences(&objects, Some(&theirs.tree), Some(&here.tree))?;
        let joined = join(&found.ours, &found.theirs);
        if joined.taken.is_empty() {
            return Ok(0);
        }
        let tree = self.united(&here.tree, &joined)?;
        // The other commit is no parent: what it grants was not taken over.
        let own = std::slice::from_ref(&here.tip);
        let commit = self.write(&tree, own, &self.rejoined())?;
        self.advance(&Expected::Is(here.tip.clone()), &commit)?;
        Ok(joined.taken.len())
    }

    /// A person accepts that the authority was rewound or replaced. Where it only went back, it
    /// gets again what this clone has seen of it; where it went another way, its rights count.
    pub(super) fn accept(&mut self, here: Option<Here>, rewound: Rewound) -> Result<Step> {
        let (theirs, authority) = (rewound.theirs, rewound.authority);
        let Some(here) = here else {
            return match theirs {
                Some(theirs) => self.take_whole(&theirs).map(|r| Step::Done(Box::new(r))),
                None => self.publish(None),
            };
        };
        let view = self.store.confirmed_at(&here.tip, &here.tree)?;
        let first = self.next_generation(&view, authority.as_ref())?;
        let candidate = self.candidate(&here, theirs.as_ref(), first)?;
        self.push(&here, theirs.as_ref(), candidate)
    }

    /// `meta/authority.json` with a generation that nobody has seen.
    fn next_generation(&self, view: &View, theirs: Option<&Authority>) -> Result<Vec<Record>> {
        let own = view.authority.as_ref();
        let newest = own.iter().chain(&theirs).map(|a| a.generation).max();
        let Some(authority) = theirs.or(own) else {
            return Ok(Vec::new());
        };
        let known = Remembered::load(&self.local.wp, self.exchange.remote.name())?.generation;
        let authority = Authority {
            id: authority.id.clone(),
            generation: newest.unwrap_or(0).max(known) + 1,
        };
        let path = layout::AUTHORITY.to_owned();
        Ok(vec![Record::json(path, &authority).map_err(Error::from)?])
    }
}
