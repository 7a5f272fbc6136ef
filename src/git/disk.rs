//! What stands on disk in a work tree, as a tree object. The index of the work tree is heard for
//! names only: its flags and times may have been set by whoever worked there.
//!
//! A file whose times, size and inode are those of the [`Checkout::baseline`], a copy of the index
//! taken before anybody worked there, has the content that was checked out; all others are read.
//! Nothing is written into the work tree or its git folder, no hook runs, and with
//! [`Conversion::Raw`] no filter either.

use std::collections::BTreeSet;

use crate::base::{Oid, RepoPath, Result};
use crate::git::checkout::Checkout;
use crate::git::look::{Found, Look};

/// How content becomes a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conversion {
    /// The bytes as they are.
    Raw,
    /// As `git add` would: line ends, and filters of the configuration. Runs what it names.
    Attributes,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnDisk {
    /// Everything that is not ignored.
    pub tree: Oid,
    /// What is not in the tree although it may matter: files that cannot be read, names like
    /// `.GIT`, repositories inside. Pipes, sockets and devices are not told.
    pub skipped: Vec<RepoPath>,
}

impl Checkout {
    /// The tree of all files that are tracked in `head` or the index, or not ignored.
    pub fn tree(&self, head: &Oid, conversion: Conversion) -> Result<OnDisk> {
        let objects = self.repo.objects();
        let mut look = Look::new(self, &objects);
        let wanted = look.head_entries(head)?;
        let mut names: BTreeSet<RepoPath> = wanted.keys().cloned().collect();
        names.extend(self.names_in_index());
        look.others(&mut names)?;
        if !self.aside.is_empty() {
            names.retain(|path| wanted.contains_key(path) || !self.is_aside(path));
            look.skipped.retain(|path| !self.is_aside(path));
        }
        let mut changes = Vec::new();
        let mut unread = Vec::new();
        for path in names {
            match look.state(&path, wanted.get(&path)) {
                Found::Is(entry) => look.note(&path, entry, &wanted, &mut changes),
                Found::Unread(mode, size) => unread.push((path, mode, size)),
                Found::Unfit => {}
            }
        }
        let read = match conversion {
            Conversion::Raw => look.read_raw(unread)?,
            Conversion::Attributes => look.read_converted(unread)?,
        };
        for (path, entry) in read {
            look.note(&path, Some(entry), &wanted, &mut changes);
        }
        let head = (*head != self.repo.format().empty_tree()).then_some(head);
        Ok(OnDisk {
            tree: objects.edit(head, &changes)?,
            skipped: look.skipped,
        })
    }

    /// Tracked files whose content is no longer what was checked out.
    pub fn changed_tracked(&self) -> Result<Vec<RepoPath>> {
        let objects = self.repo.objects();
        let mut look = Look::new(self, &objects);
        let wanted = look.head_entries(&self.base_tree)?;
        let mut changed = Vec::new();
        for (path, entry) in &wanted {
            let same = match look.state(path, Some(entry)) {
                Found::Is(found) => found.as_ref() == Some(entry),
                Found::Unread(mode, _) => {
                    mode == entry.0 && look.hash_of(path, mode).as_ref() == Some(&entry.1)
                }
                Found::Unfit => false,
            };
            if !same {
                changed.push(path.clone());
            }
        }
        Ok(changed)
    }
}
