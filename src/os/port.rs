//! Ranges of ports that nobody else on this machine has: held by file locks, tried by binding.
//!
//! A range is held as long as its value lives; the kernel lets go of it with the process. Programs
//! that ask nobody are seen if they listen when the range is taken.

use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::ops::Range;
use std::path::Path;

use crate::base::{Error, Result, text};
use crate::os::lock::{self, FileLock};

/// Where ranges lie: above what systems use, below what Linux hands out by itself.
const FIRST: u16 = 20_000;
const LAST: u16 = 32_000;
/// Ports per lock file; a larger range takes several neighbours.
const STEP: u16 = 10;

/// A range of ports.
#[derive(Debug)]
#[must_use = "the range is free again when this is dropped"]
pub struct PortRange {
    base: u16,
    count: u16,
    _locks: Vec<FileLock>,
}

impl PortRange {
    /// The first port.
    pub fn base(&self) -> u16 {
        self.base
    }

    /// How many there are.
    pub fn count(&self) -> u16 {
        self.count
    }

    /// Takes `count` ports. `folder` holds the lock files of all who ask; `seed` says where to
    /// begin to look, so that the same asker tends to get the same ports.
    ///
    /// # Errors
    /// `ports` (busy) if no range is free.
    pub fn take(folder: &Path, count: u16, seed: u64) -> Result<PortRange> {
        let steps = count.div_ceil(STEP).max(1);
        let places = u64::from((LAST - FIRST) / STEP - steps + 1);
        for try_number in 0..places {
            // Always below the number of places, which fits.
            let place = u16::try_from((seed + try_number) % places).unwrap_or(0);
            let base = FIRST + place * STEP;
            if let Some(locks) = lock_steps(folder, base, steps)?
                && (base..base + count).all(is_free)
            {
                return Ok(PortRange {
                    base,
                    count,
                    _locks: locks,
                });
            }
        }
        let wanted = text::count(usize::from(count), "port");
        let message = format!("no range of {wanted} is free between {FIRST} and {LAST}");
        Err(Error::busy("ports", message).hint("ask for fewer in `[worktree] ports` of wp.toml"))
    }

    /// All of them.
    pub fn ports(&self) -> Range<u16> {
        self.base..self.base + self.count
    }
}

fn lock_steps(folder: &Path, base: u16, steps: u16) -> Result<Option<Vec<FileLock>>> {
    let mut locks = Vec::new();
    for step in 0..steps {
        let path = folder.join(format!("{}.lock", base + step * STEP));
        match lock::try_lock(&path)? {
            Some(lock) => locks.push(lock),
            None => return Ok(None),
        }
    }
    Ok(Some(locks))
}

/// True if nobody listens there, on this machine's own addresses or on all.
fn is_free(port: u16) -> bool {
    let v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, port));
    let v6_in_use = v6.is_err_and(|e| e.kind() == std::io::ErrorKind::AddrInUse);
    !v6_in_use && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::os::clock;

    #[test]
    fn ranges_do_not_overlap_and_are_free_again() {
        let folder = tempfile::tempdir().unwrap();
        let take = |count, seed| PortRange::take(folder.path(), count, seed).unwrap();
        let (a, b, c) = (take(10, 7), take(25, 7), take(1, 7));
        let mut all: Vec<u16> = [&a, &b, &c].iter().flat_map(|r| r.ports()).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 36);
        let base = a.base();
        drop(a);
        // A program that a neighbour starts in this instant holds copies of our locks and sockets
        // until it has begun; the range comes back then, not necessarily at once.
        let wait = Duration::from_secs(30);
        let again = clock::poll(wait, Duration::from_millis(5), || {
            (take(10, 7).base() == base).then_some(())
        });
        assert!(again.is_some(), "the range at {base} never came back");
    }

    #[test]
    fn a_port_on_which_somebody_listens_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let first = PortRange::take(folder.path(), 3, 55).unwrap();
        let base = first.base();
        let _listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, base + 2)).unwrap();
        drop(first);
        let next = PortRange::take(folder.path(), 3, 55).unwrap();
        assert_ne!(next.base(), base);
    }
}
