//! A room whose agent must not reach the repository: for the time of its work it has a git folder
//! of its own. Afterwards its commits are fetched, checked, and the room is a worktree again.
//!
//! [`Room::rejoin`] is one way home from every point at which a process may have been killed: each
//! step can be done again, and the folder goes last.

use crate::base::{Oid, Result};
use crate::git::remote::apart::{Apart, Named};
use crate::git::{Expected, Move};
use crate::model::Durability;
use crate::worktree::room::Room;

/// Most strays that are fetched, each by itself.
const STRAYS_MAX: usize = 200;

impl Room {
    /// The git folder that the agent has while the room stands apart.
    pub fn apart(&self) -> Apart {
        self.repo().apart(&format!("wp-{}", self.attempt()))
    }

    /// Gives the room a git folder of its own. To be called before its agent starts.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn part(&self) -> Result<()> {
        self.rejoin()?;
        self.apart().enter(self.path(), self.branch())
    }

    /// Brings home what was committed, moves the branch as it was moved there, and makes the room
    /// a worktree of the repository again. Gives what of it could not be done. A room that does
    /// not stand apart is left alone. To be called when the agent's processes are gone.
    ///
    /// # Errors
    /// The machine failed; nothing is lost, and it can be called again.
    pub fn rejoin(&self) -> Result<Option<String>> {
        let apart = self.apart();
        if !apart.exists() {
            // A killed process may have left parts of it.
            return apart.leave(true).map(|_| None);
        }
        let named = apart.named();
        let mut missing = Vec::new();
        let head = match &named.head {
            Some(head) if self.brought(&apart, head, &mut missing)? => {
                let is_commit = self.repo().objects().commit(head).is_ok();
                if !is_commit {
                    missing.push("its HEAD is no commit".to_owned());
                }
                is_commit
            }
            Some(_) => false,
            None => {
                missing.push("it has no readable HEAD".to_owned());
                false
            }
        };
        self.bring_strays(&apart, &named, &mut missing)?;
        if let Some(tip) = named.head.as_ref().filter(|_| head) {
            self.follow(&apart, &named, tip)?;
        }
        apart.lead_home(self.path())?;
        let kept = apart.leave(missing.is_empty())?;
        let Some(first) = missing.first() else {
            return Ok(None);
        };
        let place = kept.map_or(String::new(), |path| {
            format!("; the clone is kept at `{}`", path.display())
        });
        Ok(Some(format!(
            "not all of the clone was taken over: {first}{place}"
        )))
    }

    /// True if the commit is in the repository now.
    fn brought(&self, apart: &Apart, tip: &Oid, missing: &mut Vec<String>) -> Result<bool> {
        if self.repo().objects().header(tip)?.is_some() {
            return Ok(true);
        }
        let mut known = vec![self.base().clone()];
        known.extend(self.repo().refs().read(self.branch())?);
        let fetched = apart.fetch(tip, &known, self.durability());
        match fetched {
            Ok(()) => Ok(true),
            Err(error) if error.code() == "apart-fetch" => {
                missing.push(error.message().to_owned());
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps what no ref of the repository holds under the salvage ref.
    fn bring_strays(&self, apart: &Apart, named: &Named, missing: &mut Vec<String>) -> Result<()> {
        let (refs, objects) = (self.repo().refs(), self.repo().objects());
        let mut held = apart.shown();
        held.insert(self.base().clone());
        for folder in ["refs/heads", "refs/remotes", "refs/tags"] {
            held.extend(refs.list(folder)?.into_iter().map(|(_, oid)| oid));
        }
        let is_head = |oid: &&Oid| named.head.as_ref() != Some(*oid);
        let strays = named.others.iter().filter(is_head);
        let strays: Vec<&Oid> = strays.filter(|oid| !held.contains(oid)).collect();
        if strays.len() > STRAYS_MAX {
            missing.push(format!("it has {} further heads", strays.len()));
        }
        let mut parents = Vec::new();
        for oid in strays.into_iter().take(STRAYS_MAX) {
            if !self.brought(apart, oid, missing)? {
                continue;
            }
            match objects.commit(oid) {
                Ok(_) => parents.push(oid.clone()),
                Err(_) => missing.push(format!("`{}` is no commit", oid.short())),
            }
        }
        if parents.is_empty() {
            return Ok(());
        }
        let name = self.salvage_ref()?;
        let before = refs.read(&name)?;
        if let Some(before) = &before {
            let last = objects.commit(before)?;
            if parents.iter().all(|oid| last.parents.contains(oid)) {
                return Ok(());
            }
            parents.push(before.clone());
        }
        let tree = self.base_tree();
        self.keep(&name, before.as_ref(), tree, &parents, "salvage")
            .map(drop)
    }

    /// Lets the branch, or HEAD of the worktree, stand where HEAD stood there.
    fn follow(&self, apart: &Apart, named: &Named, tip: &Oid) -> Result<()> {
        if named.branch.as_ref() != Some(self.branch()) {
            return apart.detach_home(tip);
        }
        let refs = self.repo().refs();
        let found = refs.read(self.branch())?;
        if found.as_ref() == Some(tip) {
            return Ok(());
        }
        self.repo().objects().flush(Durability::Full)?;
        let step = Move {
            name: self.branch(),
            new: tip,
            expected: &Expected::same_as(found.as_ref()),
            reason: "commits of a clone",
            by: self.by(),
        };
        let moved = refs.advance(step, self.durability());
        moved.map_err(|error| error.into_error(self.branch()))
    }
}
