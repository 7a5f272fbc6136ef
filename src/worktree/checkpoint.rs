//! Checkpoints of a room while somebody works in it: commits under `refs/wp/wip/`.
//!
//! They are for what happens to the room itself; a killed supervisor leaves the room as it is. Each
//! holds the one before, so that work which an agent removed later is still there. They go when
//! the attempt is merged, and not before.

use crate::base::Oid;
use crate::base::Result;
use crate::git::{Conversion, Expected};
use crate::worktree::room::Room;

impl Room {
    /// Keeps the files as they are now under [`Room::wip_ref`]; no filter and no hook runs.
    /// `None` if nothing differs from the branch or from the last checkpoint.
    pub fn checkpoint(&self) -> Result<Option<Oid>> {
        let Some(head) = self.best_head()? else {
            return Ok(None);
        };
        let name = self.wip_ref()?;
        let before = self.repo().refs().read(&name)?;
        let objects = self.repo().objects();
        let head_tree = objects.commit(&head)?.tree;
        let tree = self.checkout().tree(&head_tree, Conversion::Raw)?.tree;
        let last = before.as_ref().map(|oid| objects.commit(oid)).transpose()?;
        if tree == head_tree || last.is_some_and(|last| last.tree == tree) {
            return Ok(None);
        }
        // Earlier ones stay reachable: an agent may have removed its own work since.
        let mut parents = vec![head];
        parents.extend(before.clone().filter(|before| !parents.contains(before)));
        self.keep(&name, before.as_ref(), &tree, &parents, "checkpoint")
            .map(Some)
    }

    /// Lets the checkpoints go: what the attempt came to is part of its feature.
    pub fn forget_checkpoints(&self) -> Result<()> {
        let name = self.wip_ref()?;
        let refs = self.repo().refs();
        let Some(held) = refs.read(&name)? else {
            return Ok(());
        };
        refs.swap(
            &name,
            None,
            &Expected::Is(held),
            "merged",
            self.durability(),
        )
        .map_err(|error| error.into_error(&name))
    }
}
