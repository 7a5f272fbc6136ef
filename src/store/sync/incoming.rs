//! What the authority has: fetched apart, checked, and only then let in.

use std::time::Duration;

use crate::base::{Error, Oid, Result, text};
use crate::git::remote::{FetchLimits, Quarantine, Trouble};
use crate::git::{Expected, Objects};
use crate::state::record::Authority;
use crate::store::backend::walk;
use crate::store::remembered::Remembered;
use crate::store::seen::tracking_ref;
use crate::store::sync::validate::{growth, head};
use crate::store::sync::{Here, Round};

/// The most that a fetch of a state may bring, packed.
const BYTES_MAX: u64 = 256 << 20;
/// The longest that it may take.
const TIME_MAX: Duration = Duration::from_secs(300);

/// The code of a fetch that did not find its ref.
const MISSING: &str = "remote-ref";

/// What the authority has.
pub(super) enum Theirs {
    /// No state, and it never had one.
    Nothing,
    /// A state that goes on from the one that was seen last.
    At(Here),
    /// Something else than before.
    Rewound(Rewound),
    /// It could be asked what it has, and then not be reached.
    Away(Error),
}

/// An authority that does not go on from what it was.
pub(super) struct Rewound {
    /// What it has; `None`: nothing any more.
    pub(super) theirs: Option<Here>,
    /// Who grants there.
    pub(super) authority: Option<Authority>,
    /// In words.
    pub(super) why: String,
}

impl Round<'_> {
    /// Brings `there` into this repository, unless it is no state.
    pub(super) fn look(&self, there: Option<Oid>, known: &Remembered) -> Result<Theirs> {
        let remote = self.exchange.remote;
        let Some(tip) = there else {
            return Ok(match &known.tip {
                None => Theirs::Nothing,
                Some(old) => Theirs::Rewound(Rewound {
                    theirs: None,
                    authority: None,
                    why: format!(
                        "the state is gone from `{}`, it was at {}",
                        remote.name(),
                        old.short()
                    ),
                }),
            });
        };
        let own = self.local.git.objects();
        if known.tip.as_ref() == Some(&tip) && known.frozen.is_none() {
            let tree = own.commit(&tip)?.tree;
            return Ok(Theirs::At(Here { tip, tree }));
        }
        if self.is_whole(&tip)? {
            return self.judge(&own, tip, known);
        }
        let quarantine = match self.fetch() {
            Ok(quarantine) => quarantine,
            Err(Trouble::Offline(error)) => return Ok(Theirs::Away(error)),
            // It was there a moment ago: an answer that was cut off looks like that.
            Err(Trouble::Failed(error)) if error.code() == MISSING => {
                return Ok(Theirs::Away(error));
            }
            Err(trouble) => return Err(trouble.into_error()),
        };
        let tip = quarantine.tip().clone();
        let theirs = self.judge(quarantine.objects(), tip, known)?;
        quarantine.admit(self.local.git.durability())?;
        Ok(theirs)
    }

    /// True if it came with a fetch of the user's, or is this clone's own state. That an object is
    /// there alone proves nothing: what was killed may have left it without what it reaches.
    fn is_whole(&self, tip: &Oid) -> Result<bool> {
        let seen = match tracking_ref(self.exchange.remote.name()) {
            Some(name) => self.local.git.held_by(&name)?,
            None => None,
        };
        Ok(seen.as_ref() == Some(tip) || self.local.git.tip()?.as_ref() == Some(tip))
    }

    fn fetch(&self) -> Result<Quarantine, Trouble> {
        let limits = FetchLimits {
            bytes: BYTES_MAX,
            time: TIME_MAX,
        };
        let exchange = self.exchange;
        exchange
            .remote
            .fetch_quarantined(exchange.remote_ref, limits)
    }

    fn judge(&self, objects: &Objects, tip: Oid, known: &Remembered) -> Result<Theirs> {
        let tree = objects.commit(&tip)?.tree;
        let authority = head(objects, &tree)?.authority;
        let mut why = self.estrangement(objects, &tip, &authority, known)?;
        let before = match (&why, &known.tip) {
            (None, Some(old)) => Some(objects.commit(old)?.tree),
            _ => None,
        };
        if let Some(path) = growth(objects, before.as_ref(), &tree)? {
            why = Some(format!(
                "at `{}` `{}` is gone or changed, which was there before",
                self.exchange.remote.name(),
                text::foreign(&path)
            ));
        }
        let theirs = Here { tip, tree };
        Ok(match why {
            None => Theirs::At(theirs),
            Some(why) => Theirs::Rewound(Rewound {
                theirs: Some(theirs),
                authority: Some(authority),
                why,
            }),
        })
    }

    /// Why this is not what the authority was; `None`: it is.
    fn estrangement(
        &self,
        objects: &Objects,
        tip: &Oid,
        authority: &Authority,
        known: &Remembered,
    ) -> Result<Option<String>> {
        let name = self.exchange.remote.name();
        if known
            .authority
            .as_ref()
            .is_some_and(|id| *id != authority.id)
        {
            return Ok(Some(format!(
                "`{name}` holds the state of another authority"
            )));
        }
        let Some(old) = &known.tip else {
            return Ok(None);
        };
        if !descends(objects, tip, old)? {
            let (tip, old) = (tip.short(), old.short());
            return Ok(Some(format!(
                "the state at `{name}` is at {tip}, which does not follow {old}"
            )));
        }
        let went_back = authority.generation < known.generation;
        Ok(went_back.then(|| format!("the state at `{name}` is of an older generation")))
    }

    /// Every record can be read by itself; together they must make sense as well. What contradicts
    /// itself would stay so, and nobody could act there any more.
    pub(super) fn check_sense(&self, here: &Here, theirs: &Here) -> Result<()> {
        if here.tree == theirs.tree {
            return Ok(());
        }
        let before = self
            .store
            .confirmed_at(&here.tip, &here.tree)?
            .problems
            .clone();
        let after = self.store.confirmed_at(&theirs.tip, &theirs.tree)?;
        let Some(new) = after.problems.iter().find(|p| !before.contains(p)) else {
            return Ok(());
        };
        let (path, why) = (text::foreign(&new.path), text::foreign(&new.why));
        let message = format!("`{path}` is not taken over: {why}");
        Err(Error::damaged("state-refused", message))
    }

    /// Keeps what was seen of the authority from pruning, and shows it to people.
    pub(super) fn note_seen(&self, tip: &Oid) -> Result<()> {
        let name = self.exchange.remote.name();
        let name = tracking_ref(name)
            .ok_or_else(|| Error::bug(format!("`{name}` cannot be part of a ref name")))?;
        self.local.git.put(&name, tip, &Expected::Any)
    }
}

/// True if `tip` is `ancestor` or grew from it.
pub(super) fn descends(objects: &Objects, tip: &Oid, ancestor: &Oid) -> Result<bool> {
    let mut met = false;
    walk(&|oid| objects.commit(oid), Some(tip.clone()), |commit| {
        met = commit.oid == *ancestor;
        !met
    })?;
    Ok(met)
}

/// The same for commits that both grew from `root`, which need not be looked past.
pub(super) fn descends_since(
    objects: &Objects,
    (tip, ancestor): (&Oid, &Oid),
    root: Option<&Oid>,
) -> Result<bool> {
    let since = match root {
        Some(root) => Some(objects.commit(root)?.committed),
        None => None,
    };
    let mut met = false;
    walk(&|oid| objects.commit(oid), Some(tip.clone()), |commit| {
        met = commit.oid == *ancestor;
        // Where clocks differ this may end too early: then a merge is made that was not needed.
        !met && since.is_none_or(|since| commit.committed >= since)
    })?;
    Ok(met)
}
