//! What this clone knows of the authority elsewhere without asking it.

use crate::base::{ActorId, Oid, RefName, Result};
use crate::store::handle::{Site, Store};
use crate::store::remembered::Remembered;

/// The newest state that was seen at the remote whose state decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The remote's name in git config.
    pub remote: String,
    /// The commit; `None` before the first sync.
    pub tip: Option<Oid>,
    /// Who grants there.
    pub authority: Option<ActorId>,
    /// Its generation.
    pub generation: u32,
    /// Why nothing that needs a right is granted at the moment.
    pub frozen: Option<String>,
}

impl Store {
    /// What was seen at the authority; `None` where this repository is its own.
    ///
    /// # Errors
    /// Damaged, `remembered`: the file that tells it cannot be read.
    pub fn seen(&self) -> Result<Option<Seen>> {
        let Site::Local(local) = &self.site else {
            return Ok(None);
        };
        let Some(remote) = &local.remote else {
            return Ok(None);
        };
        let known = Remembered::load(&local.wp, remote)?;
        Ok(Some(Seen {
            remote: remote.clone(),
            tip: known.tip,
            authority: known.authority,
            generation: known.generation,
            frozen: known.frozen,
        }))
    }
}

impl Store {
    /// True if the state here is not what was seen at the authority last, so that an exchange
    /// would have something to say; false where this repository is its own.
    ///
    /// # Errors
    /// As [`Store::seen`].
    pub fn has_news(&self) -> Result<bool> {
        let Some(seen) = self.seen()? else {
            return Ok(false);
        };
        let here = self.backend.read()?;
        match (&seen.tip, here.tree()) {
            (_, None) => Ok(false),
            (None, Some(_)) => Ok(true),
            (Some(tip), Some(tree)) => Ok(self.backend.commit(tip)?.tree != *tree),
        }
    }
}

/// The ref on which a fetch from `remote` leaves its state; `None` if no ref can have that name.
pub fn tracking_ref(remote: &str) -> Option<RefName> {
    RefName::parse(&format!("refs/wp/remotes/{remote}/state"))
}
