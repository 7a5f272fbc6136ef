//! Group commit: who finds the transaction lock busy leaves its requests for the holder.
//!
//! A file `spool/<txn>.req` is locked by its owner for as long as it waits, so a request whose
//! lock is free belongs to nobody and is thrown away. There are no answer files: when the file is
//! gone, the chain tells whether the request was accepted, and evaluating it tells why not.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::{Error, Oid, Result, TxnId, json};
use crate::os::clock::{self, Moment};
use crate::os::file;
use crate::os::lock::{self, FileLock};
use crate::state::Request;

/// Changes whenever `evaluate` may judge differently: nobody judges by other rules.
pub(super) const RULES: u32 = 1;
/// Requests that one holder takes along.
const BATCH_MAX: usize = 512;
/// A larger file was not written by us.
const BYTES_MAX: u64 = 16 << 20;
/// Time between two looks, growing from the first to the second.
const REST: [Duration; 2] = [Duration::from_micros(150), Duration::from_millis(2)];

/// What waits in one file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Waiting {
    rules: u32,
    /// The tip that the owner saw.
    pub(super) base: Option<Oid>,
    pub(super) requests: Vec<Request>,
}

/// A file of ours in the spool; it goes with this value.
pub(super) struct Ticket {
    path: PathBuf,
    _lock: FileLock,
}

/// How waiting ended.
pub(super) enum Turn {
    /// The lock is ours.
    Lead(FileLock),
    /// Somebody took the requests along.
    Taken,
}

impl Ticket {
    /// Leaves requests in the folder.
    pub(super) fn leave(folder: &Path, base: Option<Oid>, requests: &[Request]) -> Result<Self> {
        let waiting = Waiting {
            rules: RULES,
            base,
            requests: requests.to_vec(),
        };
        let name = &requests[0].txn;
        let (tmp, path) = (
            folder.join(format!("{name}.tmp")),
            folder.join(format!("{name}.req")),
        );
        file::make_private_dirs(folder)?;
        // Only a killed process can have left one: transaction ids are minted once.
        file::remove(&tmp)?;
        let text = json::line(&waiting)?;
        let lock = lock::create_locked(&tmp, text.as_bytes())?.rename(&path)?;
        Ok(Ticket { path, _lock: lock })
    }

    /// Waits until the transaction lock is ours or the requests were taken along.
    ///
    /// # Errors
    /// Busy, naming the holder, after `wait`.
    pub(super) fn wait(&self, transaction: &Path, wait: Duration) -> Result<Turn> {
        let (start, mut rest) = (Moment::now(), REST[0]);
        loop {
            if !self.path.exists() {
                return Ok(Turn::Taken);
            }
            if let Some(lock) = lock::try_lock(transaction)? {
                return Ok(Turn::Lead(lock));
            }
            if start.elapsed() >= wait {
                return match lock::lock(transaction, Duration::ZERO) {
                    Ok(lock) => Ok(Turn::Lead(lock)),
                    Err(error) => Err(error.hint("try again, or set `wp.lockSeconds`")),
                };
            }
            clock::pause(rest);
            rest = (rest * 3 / 2).min(REST[1]);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let _ = file::remove(&self.path);
    }
}

/// A waiting file that the holder of the lock takes along.
pub(super) struct Taken {
    pub(super) path: PathBuf,
    pub(super) waiting: Waiting,
}

/// What waits in the folder, in the order of transaction ids. Removes what belongs to nobody.
/// Only for the holder of the transaction lock.
pub(super) fn collect(folder: &Path, own: &TxnId) -> Result<Vec<Taken>> {
    let mut found = Vec::new();
    let mut count = 0;
    for name in file::names(folder)? {
        let Some(name) = name.to_str().filter(|_| count < BATCH_MAX) else {
            continue;
        };
        let path = folder.join(name);
        match name.rsplit_once('.') {
            Some((txn, "req")) if txn != own.as_str() => {}
            // Between its creation and its lock a `.tmp` looks like nobody's; leave it to doctor.
            _ => continue,
        }
        if !lock::is_held(&path)? {
            file::remove(&path)?;
            continue;
        }
        let Some(bytes) = file::read_bounded(&path, BYTES_MAX)? else {
            continue;
        };
        let Ok(waiting) = json::parse_as::<Waiting>(&bytes) else {
            continue;
        };
        if waiting.rules == RULES {
            count += waiting.requests.len();
            found.push(Taken { path, waiting });
        }
    }
    Ok(found)
}

/// Tells the owners that their requests were taken along.
pub(super) fn clear(taken: &[Taken]) -> Result<()> {
    for one in taken {
        file::remove(&one.path)?;
    }
    Ok(())
}

/// A request that nobody takes along and that is not refused either.
pub(super) fn starved() -> Error {
    Error::busy(
        "contended",
        "others are served all the time and this is not",
    )
}
