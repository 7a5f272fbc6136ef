//! The log of a HEAD: where it has been, which outlives a branch that was deleted.
//!
//! An agent can write it, so it only ever helps to keep or to put back, never to trust.

use std::path::Path;

use crate::base::Oid;
use crate::os::file;

/// Most bytes of a log that are read.
const REFLOG_MAX: u64 = 16 << 20;

/// One line of the log of a HEAD.
#[derive(Debug)]
pub(super) struct Logged {
    /// Where HEAD went.
    pub(super) new: Oid,
    /// Why, in git's words.
    pub(super) message: String,
}

/// The log of HEAD in a worktree's git folder, oldest first; empty where there is none.
pub(super) fn logged(git_dir: &Path) -> Vec<Logged> {
    let log = file::read_bounded(&git_dir.join("logs/HEAD"), REFLOG_MAX);
    let log = log.ok().flatten().unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let entries = log.lines().filter_map(|line| {
        let (who, message) = line.split_once('\t').unwrap_or((line, ""));
        Some(Logged {
            new: Oid::parse(who.split(' ').nth(1)?)?,
            message: message.to_owned(),
        })
    });
    entries.collect()
}
