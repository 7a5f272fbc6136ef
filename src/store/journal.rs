//! What this clone knows of the chain: one line per transaction, written after its swap.
//!
//! Kept beside the refs, so that a ref that was deleted or moved back is noticed and never taken
//! for an empty state; and an index of transaction ids. Lines are `<commit> <txn> [<boot>]`; a
//! line with a boot id was written without a flush, so after another boot the ref may rightly be
//! older. `# <time>` says that transactions before that time may be missing here.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::PathBuf;

use crate::base::{ContentHash, Error, Oid, Result, Timestamp, TxnId};
use crate::model::Durability;
use crate::os::file::{self, Access};
use crate::os::{clock, host};
use crate::store::backend::{Backend, chain};
use crate::store::message;

/// From here on the older half is forgotten.
const BYTES_MAX: u64 = 4 << 20;
/// Transactions that a journal begins with.
const LINES_MAX: usize = 20_000;
/// Enough for the last line, torn lines included.
const TAIL_BYTES: u64 = 1024;
/// Commits that are looked at for the newest one of the journal.
const WALK_MAX: usize = 1_000_000;

/// The newest commit that a journal knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) commit: Oid,
    /// The boot in which it was written, if it was not flushed.
    boot: Option<String>,
}

/// The journal of one clone, as far as this handle has read it.
pub(super) struct Journal {
    path: PathBuf,
    durability: Durability,
    read: u64,
    inode: u64,
    txns: BTreeMap<TxnId, Oid>,
    newest: Option<Known>,
    partial: Option<Timestamp>,
}

impl Journal {
    pub(super) fn new(path: PathBuf, durability: Durability) -> Self {
        Journal {
            path,
            durability,
            read: 0,
            inode: 0,
            txns: BTreeMap::new(),
            newest: None,
            partial: None,
        }
    }

    /// The newest commit, read from the end of the file alone.
    pub(super) fn newest(&self) -> Result<Option<Known>> {
        let Some(mut file) = self.open()? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        let length = file.metadata().map_err(|e| self.failed("read", e))?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))
            .and_then(|_| file.read_to_end(&mut bytes))
            .map_err(|e| self.failed("read", e))?;
        let text = String::from_utf8_lossy(whole_lines(&bytes));
        Ok(text.lines().rev().find_map(|line| parse(line).map(|l| l.0)))
    }

    /// The commit of a transaction, as far as the file was read.
    pub(super) fn commit_of(&self, txn: &TxnId) -> Option<&Oid> {
        self.txns.get(txn)
    }

    /// Transactions older than this may be missing.
    pub(super) fn partial(&self) -> Option<Timestamp> {
        self.partial
    }

    /// Every commit named in the file, newest first, for a repair.
    pub(super) fn commits(&self) -> Result<Vec<Oid>> {
        let bytes = file::read(&self.path)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines = text.lines().rev().filter_map(parse);
        let mut commits: Vec<Oid> = lines.map(|(known, _)| known.commit).collect();
        commits.dedup();
        Ok(commits)
    }

    /// Reads what others wrote, compares with the tip and adds what a killed process did not
    /// write. To be called under the transaction lock.
    ///
    /// # Errors
    /// Damaged, if the tip does not follow from the newest commit known here.
    pub(super) fn catch_up(&mut self, backend: &dyn Backend, tip: Option<&Oid>) -> Result<()> {
        self.refresh()?;
        let Some(newest) = self.newest.clone() else {
            return match tip {
                Some(tip) => self.begin(backend, tip),
                None => Ok(()),
            };
        };
        if tip == Some(&newest.commit) {
            return Ok(());
        }
        match check(backend, &newest, tip)? {
            Since::Grown(missing) => {
                for (commit, txns) in missing.into_iter().rev() {
                    self.append(&commit, &txns)?;
                }
                Ok(())
            }
            Since::PowerCut => match tip {
                Some(tip) => self.begin(backend, tip),
                None => {
                    file::remove(&self.path)?;
                    self.refresh()
                }
            },
        }
    }

    /// Notes that `txns` took effect by `commit`.
    pub(super) fn append(&mut self, commit: &Oid, txns: &[TxnId]) -> Result<()> {
        let boot = match self.durability {
            Durability::Full => String::new(),
            Durability::Fast | Durability::Off => format!(" {}", boot()),
        };
        let mut text = String::new();
        for txn in txns {
            text.push_str(&format!("{commit} {txn}{boot}\n"));
        }
        if txns.is_empty() {
            text.push_str(&format!("{commit} -{boot}\n"));
        }
        self.write(&text)?;
        if self.read > BYTES_MAX {
            self.forget_older_half()?;
        }
        Ok(())
    }

    /// Starts a journal at a state that this clone did not see grow.
    fn begin(&mut self, backend: &dyn Backend, tip: &Oid) -> Result<()> {
        let mut lines = Vec::new();
        chain(backend, Some(tip.clone()), |commit| {
            let txns = message::txns(commit);
            lines.extend(txns.iter().map(|txn| format!("{} {txn}\n", commit.oid)));
            lines.len() < LINES_MAX
        })?;
        let mut text = String::new();
        if lines.len() >= LINES_MAX {
            text.push_str(&format!("# {}\n", clock::now()));
        }
        text.extend(lines.into_iter().rev());
        text.push_str(&format!("{tip} -\n"));
        self.write(&text)
    }

    /// Goes on from a state that was put back by a repair.
    pub(super) fn restart(&mut self, tip: &Oid) -> Result<()> {
        self.refresh()?;
        self.append(tip, &[])
    }

    fn write(&mut self, text: &str) -> Result<()> {
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(0o600);
        let mut file = options
            .open(&self.path)
            .map_err(|e| self.failed("write", e))?;
        let before = file.metadata().map_err(|e| self.failed("read", e))?;
        let torn = before.len() != self.read;
        let line = if torn {
            format!("\n{text}")
        } else {
            text.to_owned()
        };
        file.write_all(line.as_bytes())
            .map_err(|e| self.failed("write", e))?;
        if self.durability == Durability::Full {
            // Else a power cut and a ref moved back together would go unnoticed.
            file.sync_data().map_err(|e| self.failed("flush", e))?;
            if before.len() == 0
                && let Some(folder) = self.path.parent()
            {
                file::sync_dir(folder)?;
            }
        }
        self.inode = before.ino();
        self.read = before.len() + line.len() as u64;
        self.take(text);
        Ok(())
    }

    /// Reads what was added since the last time.
    fn refresh(&mut self) -> Result<()> {
        let Some(mut file) = self.open()? else {
            *self = Journal::new(self.path.clone(), self.durability);
            return Ok(());
        };
        let meta = file.metadata().map_err(|e| self.failed("read", e))?;
        if meta.ino() != self.inode || meta.len() < self.read {
            *self = Journal::new(self.path.clone(), self.durability);
            self.inode = meta.ino();
        }
        if meta.len() == self.read {
            return Ok(());
        }
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(self.read))
            .and_then(|_| file.read_to_end(&mut bytes))
            .map_err(|e| self.failed("read", e))?;
        let whole = whole_lines(&bytes);
        self.read += whole.len() as u64;
        let text = String::from_utf8_lossy(whole).into_owned();
        self.take(&text);
        Ok(())
    }

    fn take(&mut self, text: &str) {
        for line in text.lines() {
            if let Some(time) = line.strip_prefix("# ") {
                self.partial = Timestamp::parse(time);
            } else if let Some((known, txn)) = parse(line) {
                self.txns.extend(txn.map(|txn| (txn, known.commit.clone())));
                self.newest = Some(known);
            }
        }
    }

    fn forget_older_half(&mut self) -> Result<()> {
        let bytes = file::read(&self.path)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let kept: Vec<&str> = text.lines().filter(|line| parse(line).is_some()).collect();
        let kept = &kept[kept.len() / 2..];
        let text = format!("# {}\n{}\n", clock::now(), kept.join("\n"));
        file::replace(
            &self.path,
            text.as_bytes(),
            Access::Private,
            self.durability,
        )?;
        self.refresh()
    }

    fn open(&self) -> Result<Option<File>> {
        match File::open(&self.path) {
            Ok(file) => Ok(Some(file)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(self.failed("read", e)),
        }
    }

    fn failed(&self, verb: &str, error: std::io::Error) -> Error {
        Error::io(format!("cannot {verb} `{}`", self.path.display()), error)
    }
}

/// How a tip relates to the newest commit that is known.
pub(super) enum Since {
    /// It follows; the commits in between, newest first.
    Grown(Vec<(Oid, Vec<TxnId>)>),
    /// It is older, as a power cut may leave it where nothing was flushed.
    PowerCut,
}

/// Checks that `tip` is `known` or follows from it.
///
/// # Errors
/// Damaged: `state-lost` if there is no tip, `state-moved` if the tip does not follow.
pub(super) fn check(backend: &dyn Backend, known: &Known, tip: Option<&Oid>) -> Result<Since> {
    let rebooted = known.boot.as_ref().is_some_and(|then| *then != boot());
    let newest = known.commit.short();
    let Some(tip) = tip else {
        if rebooted {
            return Ok(Since::PowerCut);
        }
        let message = format!("the ref of the state is gone, its last commit was {newest}");
        return Err(Error::damaged("state-lost", message).hint("git wp doctor --fix"));
    };
    if *tip == known.commit {
        return Ok(Since::Grown(Vec::new()));
    }
    let (mut between, mut met, mut seen) = (Vec::new(), false, 0);
    chain(backend, Some(tip.clone()), |commit| {
        met = commit.oid == known.commit;
        seen += 1;
        if met || seen > WALK_MAX {
            return false;
        }
        let txns = message::txns(commit).into_iter().collect();
        between.push((commit.oid.clone(), txns));
        true
    })?;
    if met {
        return Ok(Since::Grown(between));
    }
    if rebooted && precedes(backend, tip, &known.commit) {
        return Ok(Since::PowerCut);
    }
    let tip = tip.short();
    let message =
        format!("the ref of the state was moved to {tip}, which does not follow {newest}");
    Err(Error::damaged("state-moved", message).hint("git wp doctor --fix"))
}

/// True if `newest` grew from `tip`, or is not readable any more.
fn precedes(backend: &dyn Backend, tip: &Oid, newest: &Oid) -> bool {
    let mut met = false;
    let walked = chain(backend, Some(newest.clone()), |commit| {
        met = commit.oid == *tip;
        !met
    });
    met || walked.is_err()
}

fn boot() -> String {
    let id = host::boot_id().unwrap_or_default();
    ContentHash::of(id.as_bytes()).short(8).to_owned()
}

fn whole_lines(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|b| *b == b'\n');
    &bytes[..end.map_or(0, |at| at + 1)]
}

fn parse(line: &str) -> Option<(Known, Option<TxnId>)> {
    let mut words = line.split(' ');
    let commit = Oid::parse(words.next()?)?;
    let txn = match words.next()? {
        "-" => None,
        txn => Some(TxnId::parse(txn)?),
    };
    let boot = words.next().map(str::to_owned);
    Some((Known { commit, boot }, txn))
}
