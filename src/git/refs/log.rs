//! The reflog of a ref: one line per move, as git writes it.

use std::fs::{self, File, OpenOptions};
use std::io::Write;

use crate::base::{Oid, RefName};
use crate::git::commit::Person;
use crate::git::repo::Repo;
use crate::os::clock;

/// The log of one ref, open for a line.
pub(super) struct Log(File);

impl Log {
    /// `None` if it cannot be opened; git then says why.
    pub(super) fn open(repo: &Repo, name: &RefName) -> Option<Self> {
        let path = repo.common_dir().join("logs").join(name.as_str());
        let append = || OpenOptions::new().append(true).create(true).open(&path);
        let opened = append().or_else(|e| {
            if e.kind() != std::io::ErrorKind::NotFound {
                return Err(e);
            }
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            append()
        });
        opened.ok().map(Log)
    }

    /// Adds the line of one move. A log is for people: what cannot be written is left out.
    pub(super) fn add(mut self, (old, new): (&Oid, &Oid), by: &Person, reason: &str) {
        let who = by.header();
        let seconds = clock::now().seconds();
        let reason: String = reason
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let line = format!("{old} {new} {who} {seconds} +0000\t{}\n", reason.trim());
        let _ = self.0.write_all(line.as_bytes());
    }
}
