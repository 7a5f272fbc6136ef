//! One exchange with the authority: look, join, settle, push, adopt.
//!
//! The remote's compare-and-swap decides. What was made for a push that somebody else won is
//! thrown away and made anew on the newest state, never merged; and this clone takes nothing over
//! as granted before the push has won.

mod adopt;
mod candidate;
mod differences;
mod incoming;
mod names;
mod outgoing;
mod told;
mod validate;

use std::time::Duration;

use crate::base::{AttemptId, Error, Oid, RefName, Result, TxnId};
use crate::git::Remote;
use crate::git::remote::{Atomic, Trouble};
use crate::os::clock::{self, Moment};
use crate::os::{lock, random};
use crate::state::filed::Filed;
use crate::state::record::By;
use crate::store::handle::{Local, Seat, Site, Store};
use crate::store::remembered::Remembered;
use candidate::Candidate;
use incoming::Theirs;
pub use names::Names;
pub use told::{Claimed, SyncReport, SyncResult};

/// Lost races before a sync gives up.
const TRIES_MAX: u32 = 10;
/// The longest pause after the first lost race, or half of what a try takes if that is more. It
/// doubles with every further one.
const PAUSE: Duration = Duration::from_millis(40);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(3);

/// With whom, and what to say.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// The authority.
    pub remote: &'a Remote,
    /// The ref of the state there.
    pub remote_ref: &'a RefName,
    /// Whether the host changes several refs all or none.
    pub atomic: Atomic,
    /// This clone, now.
    pub by: &'a By,
    /// What a supervisor that goes on living looks after: a sign of life goes along. `None`: a
    /// command that ends with this exchange.
    pub beat: Option<&'a [AttemptId]>,
    /// How long such a sign counts.
    pub lease: Duration,
    /// How far to go.
    pub mode: SyncMode,
}

/// How far an exchange goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SyncMode {
    /// All the way.
    #[default]
    Normal,
    /// Up to the push: nothing is pushed and nothing adopted.
    DryRun,
    /// All the way, also where the authority was rewound or replaced: a person said so.
    AcceptRewind,
}

/// What one round came to.
enum Step {
    Done(Box<SyncReport>),
    /// Somebody else was first, or nobody knows.
    Again,
}

/// An exchange under way.
struct Round<'a> {
    store: &'a Store,
    local: &'a Local,
    exchange: &'a Exchange<'a>,
    txn: TxnId,
    /// Claims and other requests that waited when it began.
    waiting: Vec<Filed>,
    tries: u32,
    /// What the authority had when a push was refused, and how often it was the same.
    stuck: (Option<Oid>, u32),
}

/// Where this clone stands.
#[derive(Debug, Clone)]
struct Here {
    tip: Oid,
    tree: Oid,
}

impl Store {
    /// Exchanges the state with the authority. One process of a clone does so at a time.
    ///
    /// # Errors
    /// Damaged, if what is there is no state that may be taken over: nothing was changed here.
    /// `contended` (busy) after too many lost races, `push-refused` with the host's words.
    pub fn sync(&self, exchange: &Exchange<'_>) -> Result<SyncReport> {
        let Site::Local(local) = &self.site else {
            return Err(Error::bug("a state in memory has no remote"));
        };
        if let Seat::Room { .. } = self.seat {
            let message = "an agent cannot sync, its supervisor does";
            return Err(Error::new(crate::base::Kind::Policy, "in-room", message));
        }
        let _alone = lock::lock(&local.path("sync.lock"), local.wait)?;
        let mut round = Round {
            store: self,
            local,
            exchange,
            txn: random::txn_id(exchange.by.at)?,
            waiting: Vec::new(),
            tries: 0,
            stuck: (None, 0),
        };
        loop {
            let start = Moment::now();
            match round.exchange()? {
                Step::Done(report) => return Ok(*report),
                Step::Again if round.tries >= TRIES_MAX => return Err(round.given_up()),
                Step::Again => pause(round.tries, start.elapsed())?,
            }
        }
    }
}

/// Waits for a random part of a span that grows with every try, so that rivals come apart.
fn pause(tries: u32, took: Duration) -> Result<()> {
    let most = PAUSE
        .max(took / 2)
        .saturating_mul(1 << tries.saturating_sub(1).min(8));
    let most = most.min(PAUSE_MAX);
    let millis = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    clock::pause(Duration::from_millis(1 + random::below(millis)?));
    Ok(())
}

impl Round<'_> {
    fn exchange(&mut self) -> Result<Step> {
        let exchange = self.exchange;
        let listed = exchange.remote.list(&[exchange.remote_ref.as_str()]);
        let there = match listed {
            Ok(refs) => refs.into_iter().next().map(|(_, oid)| oid),
            Err(Trouble::Offline(error)) => return Ok(done(self.offline(&error))),
            Err(trouble) => return Err(trouble.into_error()),
        };
        let known = Remembered::load(&self.local.wp, exchange.remote.name())?;
        if there.is_none() && known.tip.is_some() && !self.has_any()? {
            let name = exchange.remote.name();
            let error = Error::busy("remote-empty", format!("`{name}` shows no ref at all"));
            return Ok(done(self.offline(&error)));
        }
        let here = self.here()?;
        if self.tries == 0 {
            self.waiting = self.waiting_at(here.as_ref())?;
        }
        match (self.look(there, &known)?, exchange.mode) {
            (Theirs::Away(error), _) => Ok(done(self.offline(&error))),
            (Theirs::Nothing, _) => self.publish(here),
            (Theirs::At(theirs), _) => self.meet(here, theirs),
            (Theirs::Rewound(rewound), SyncMode::AcceptRewind) => self.accept(here, rewound),
            (Theirs::Rewound(rewound), _) => self.freeze(here, &rewound, known).map(done),
        }
    }

    /// False if the remote names nothing although a state was seen there: an answer that was cut
    /// off looks like that as well. A person who says so is believed.
    fn has_any(&self) -> Result<bool> {
        if self.exchange.mode == SyncMode::AcceptRewind {
            return Ok(true);
        }
        match self.exchange.remote.list(&["refs/*"]) {
            Ok(refs) => Ok(!refs.is_empty()),
            Err(Trouble::Offline(_)) => Ok(false),
            Err(trouble) => Err(trouble.into_error()),
        }
    }

    /// Too many pushes did not get through.
    fn given_up(&self) -> Error {
        let name = self.exchange.remote.name();
        if self.stuck.1 + 1 < TRIES_MAX {
            let message = format!("others were faster at `{name}` {TRIES_MAX} times");
            return Error::busy("contended", message).hint("git wp sync");
        }
        let state = self.exchange.remote_ref;
        let message = format!("`{name}` has `{state}` locked, and nobody moves it");
        Error::busy("remote-locked", message).hint(format!(
            "a push that was killed may have left `{state}.lock` in that repository"
        ))
    }

    /// The newest state of this clone.
    fn here(&self) -> Result<Option<Here>> {
        let snapshot = self.store.checked()?;
        let at = snapshot.tip().cloned().zip(snapshot.tree().cloned());
        Ok(at.map(|(tip, tree)| Here { tip, tree }))
    }

    fn waiting_at(&self, here: Option<&Here>) -> Result<Vec<Filed>> {
        let Some(here) = here else {
            return Ok(Vec::new());
        };
        let view = self.store.confirmed_at(&here.tip, &here.tree)?;
        Ok(view.pending(&self.exchange.by.actor))
    }

    /// The authority has no state yet: it gets this clone's, with everything granted in it.
    fn publish(&mut self, here: Option<Here>) -> Result<Step> {
        let here = match here {
            Some(here) => here,
            None => self.begin()?,
        };
        let candidate = self.candidate(&here, None, Vec::new())?;
        self.push(&here, None, candidate)
    }

    /// Both sides have a state, and the authority's goes on from what it was.
    fn meet(&mut self, here: Option<Here>, theirs: Here) -> Result<Step> {
        let Some(here) = here else {
            return self.take_whole(&theirs).map(done);
        };
        self.check_sense(&here, &theirs)?;
        let candidate = self.candidate(&here, Some(&theirs), Vec::new())?;
        if candidate.tip == here.tip && candidate.tip == theirs.tip {
            self.pay(&candidate)?;
            return Ok(done(SyncReport::new(SyncResult::InSync)));
        }
        self.push(&here, Some(&theirs), candidate)
    }

    fn push(&mut self, here: &Here, theirs: Option<&Here>, new: Candidate) -> Result<Step> {
        let known = theirs.is_some_and(|theirs| theirs.tip == new.tip);
        if self.exchange.mode == SyncMode::DryRun {
            return Ok(done(self.foreseen(&new, known)));
        }
        if !known {
            self.tries += 1;
            self.owe(&new.delivery)?;
            if !self.send(theirs, &new)? {
                let there = theirs.map(|theirs| theirs.tip.clone());
                let same = self.stuck.0 == there;
                self.stuck = (there, if same { self.stuck.1 + 1 } else { 0 });
                return Ok(Step::Again);
            }
        } else if !self.pay(&new)? {
            self.tries += 1;
            return Ok(Step::Again);
        }
        self.adopt(here, &new)?;
        let mut report = self.report(&new)?;
        report.result = match known {
            true => SyncResult::Adopted,
            false => SyncResult::Pushed,
        };
        Ok(done(report))
    }
}

fn done(report: SyncReport) -> Step {
    Step::Done(Box::new(report))
}
