//! Which machines show no sign of life, by this machine's own clock.
//!
//! What counts is that a counter did not change while this machine watched, never what another
//! clock says. Only of a machine that was never watched before the time in its record is looked
//! at, and then with a margin for clocks that differ. The answer permits a takeover; whether it
//! happens the authority decides.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::{ActorId, Result, Timestamp, json};
use crate::model::Durability;
use crate::os::file::{self, Access};
use crate::os::{clock, host};
use crate::state::record::{Beat, Grant};

/// Added to a lease that ran out here, so that a late sign of life is not overtaken.
const GRACE: Duration = Duration::from_secs(30);
/// How far clocks of two machines may differ before a first look misjudges one.
const SKEW_MAX: Duration = Duration::from_secs(10 * 60);
const BYTES_MAX: u64 = 4 << 20;

/// Watches the beats of other clones; remembers across processes of this one.
pub(super) struct Observer {
    path: PathBuf,
}

#[derive(Default, Serialize, Deserialize, PartialEq)]
struct Seen {
    /// Times below count from this start of the machine.
    boot: String,
    actors: BTreeMap<ActorId, First>,
}

/// When a counter was seen first.
#[derive(Clone, Serialize, Deserialize, PartialEq)]
struct First {
    seq: u64,
    /// Milliseconds since the machine started, time asleep included.
    at: u64,
}

/// What is known of one clone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// It showed a sign of life, or may still.
    Alive,
    /// Its lease ran out.
    Silent,
}

impl Observer {
    pub(super) fn at(path: PathBuf) -> Self {
        Observer { path }
    }

    /// Looks at all beats now.
    pub(super) fn look(
        &self,
        beats: &BTreeMap<ActorId, Beat>,
        lease: Duration,
    ) -> Result<BTreeMap<ActorId, Life>> {
        let (boot, now) = (host::boot_id().unwrap_or_default(), clock::since_boot());
        let before = self.read()?;
        let known = (before.boot == boot).then_some(&before.actors);
        let mut seen = Seen {
            boot,
            actors: BTreeMap::new(),
        };
        let mut lives = BTreeMap::new();
        for (actor, beat) in beats {
            let old = known.and_then(|known| known.get(actor));
            let first = old.filter(|old| old.seq == beat.seq).cloned();
            let silent = match (&first, old) {
                (Some(first), _) => {
                    now.saturating_sub(Duration::from_millis(first.at)) >= lease + GRACE
                }
                (None, Some(_)) => false,
                (None, None) => is_past(beat.by.at, lease),
            };
            let life = if silent { Life::Silent } else { Life::Alive };
            lives.insert(actor.clone(), life);
            let first = first.unwrap_or_else(|| First {
                seq: beat.seq,
                at: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
            });
            seen.actors.insert(actor.clone(), first);
        }
        if seen != before {
            let line = json::line(&seen)?;
            file::replace(
                &self.path,
                line.as_bytes(),
                Access::Private,
                Durability::Off,
            )?;
        }
        Ok(lives)
    }

    fn read(&self) -> Result<Seen> {
        let bytes = file::read_bounded(&self.path, BYTES_MAX)?;
        // What cannot be read is watched from now on.
        Ok(bytes
            .and_then(|b| json::parse_as(&b).ok())
            .unwrap_or_default())
    }
}

/// True if the lease that began at `at`, by whatever clock, has surely run out.
fn is_past(at: Timestamp, lease: Duration) -> bool {
    clock::now() > at.plus(lease + SKEW_MAX)
}

/// True if nobody looks after a grant of another clone any more.
pub(super) fn is_expired(
    grant: &Grant,
    beats: &BTreeMap<ActorId, Beat>,
    lives: &BTreeMap<ActorId, Life>,
    lease: Duration,
) -> bool {
    let actor = &grant.by.actor;
    let beat = beats.get(actor);
    if beat.is_some_and(|beat| beat.attempts.contains(&grant.attempt)) {
        return lives.get(actor) == Some(&Life::Silent);
    }
    match (grant.lease_seconds, beat) {
        // Claimed from outside: nobody sends signs of life for it.
        (Some(seconds), _) => is_past(grant.by.at, Duration::from_secs(u64::from(seconds))),
        // Granted after the last sign of life, or never followed by one.
        (None, Some(_)) => lives.get(actor) == Some(&Life::Silent),
        (None, None) => is_past(grant.by.at, lease),
    }
}
