//! Fetched objects apart from the repository's own, until somebody has looked at them.

use crate::base::{Oid, Result};
use crate::git::objects::{Kind, Objects};
use crate::git::remote::outpost::Outpost;
use crate::git::repo::Repo;
use crate::model::Durability;

/// Fetched objects; gone when this is dropped, the repository's own when they are admitted.
pub struct Quarantine {
    repo: Repo,
    outpost: Outpost,
    objects: Objects,
    tip: Oid,
}

impl Quarantine {
    pub(super) fn new(repo: &Repo, outpost: Outpost, tip: Oid) -> Result<Self> {
        Ok(Quarantine {
            objects: Repo::open_at(outpost.folder())?.objects(),
            repo: repo.clone(),
            outpost,
            tip,
        })
    }

    /// What the ref held. The object is there.
    pub fn tip(&self) -> &Oid {
        &self.tip
    }

    /// Reads what was fetched together with what the repository has. What is written through it
    /// stays in quarantine too.
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// The kind and size of an object without reading it: ask before reading what is not trusted
    /// to be small. `None` if it is not there.
    pub fn header(&self, oid: &Oid) -> Result<Option<(Kind, u64)>> {
        self.objects.header(oid)
    }

    /// Bytes on disk of what was fetched.
    pub fn total_bytes(&self) -> u64 {
        self.outpost.size()
    }

    /// Moves all of it into the repository. With [`Durability::Full`] it survives a power cut once
    /// this returned. What the repository has already stays as it is; a crash in between leaves
    /// some objects that nobody refers to.
    pub fn admit(self, durability: Durability) -> Result<()> {
        let tips = std::slice::from_ref(&self.tip);
        self.outpost.admit(&self.repo, tips, durability)
    }
}

impl std::fmt::Debug for Quarantine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Quarantine")
            .field("outpost", &self.outpost)
            .field("tip", &self.tip)
            .finish_non_exhaustive()
    }
}
