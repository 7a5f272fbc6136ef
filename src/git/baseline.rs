//! What an index file knows of the files that were checked out with it.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use gix::index::entry::{Flags, Stat, stat};

use crate::base::{Error, Oid, RepoPath, Result};
use crate::git::objects::to_oid;
use crate::git::repo::Repo;
use crate::git::tree::Mode;

/// Mode and object of a path.
pub(super) type Entry = (Mode, Oid);

/// One path of the index.
pub(super) struct Baseline {
    pub(super) entry: Entry,
    pub(super) stat: Stat,
    /// Left out by a sparse checkout.
    pub(super) skip: bool,
    /// Written in the instant of the index itself: its times prove nothing.
    pub(super) racy: bool,
}

/// True if the times, size and inode are those of the checkout.
pub(super) fn is_same(known: &Stat, meta: &Metadata) -> bool {
    let low = |value: u64| u32::try_from(value & 0xffff_ffff).unwrap_or(0);
    let time = |secs: i64, nsecs: i64| stat::Time {
        secs: low(secs.cast_unsigned()),
        nsecs: low(nsecs.cast_unsigned()),
    };
    known.mtime == time(meta.mtime(), meta.mtime_nsec())
        && known.ctime == time(meta.ctime(), meta.ctime_nsec())
        && known.size == low(meta.len())
        && known.ino == low(meta.ino())
}

/// The entries of an index file; of an unmerged path the last stage. A missing file has none.
pub(super) fn read_index(path: &Path, repo: &Repo) -> Result<BTreeMap<RepoPath, Baseline>> {
    let options = gix::index::decode::Options::default();
    let kind = repo.format().kind();
    let file = gix::index::File::at_or_default(path, kind, true, options)
        .map_err(|e| Error::busy("index", "cannot read an index").because(e.to_string()))?;
    let racy = stat::Options {
        use_nsec: true,
        ..Default::default()
    };
    let entries = file.entries().iter().filter_map(|entry| {
        let mode = Mode::parse(format!("{:o}", entry.mode.bits()).as_bytes())?;
        let known = Baseline {
            entry: (mode, to_oid(entry.id)),
            stat: entry.stat,
            skip: entry.flags.contains(Flags::SKIP_WORKTREE),
            racy: entry.stat.is_racy(file.timestamp(), racy),
        };
        Some((RepoPath::from_bytes(entry.path(&file).to_vec()), known))
    });
    Ok(entries.collect())
}
