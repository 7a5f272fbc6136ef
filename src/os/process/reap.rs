//! Finds and ends every process of a supervised program, daemons included.
//!
//! A process belongs to the program if it descends from it, is in its session, carries its mark
//! in the environment it was started with, or was seen as a descendant earlier and is still the
//! same process (same start time). Orphans come to this process, which is their subreaper; one
//! that cleared its environment before anybody looked is recognised by having a foreign session
//! and no other program that it could belong to.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions};

use crate::os::clock;
use crate::os::process::child;
use crate::os::process::table::{self, Entry};

/// Longest time to wait for processes to go after KILL.
const KILL_WAIT: Duration = Duration::from_secs(5);
const REST: Duration = Duration::from_millis(5);

/// A process that is still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survivor {
    /// Its id.
    pub pid: u32,
    /// Its command line, foreign text.
    pub command: String,
}

/// What is known of one supervised program's processes.
#[derive(Debug)]
pub(super) struct Family {
    leader: u32,
    /// When the leader began; 0 if that could not be learnt.
    since: u64,
    mark: Option<Vec<u8>>,
    /// Seen so far: id to start time.
    seen: BTreeMap<u32, u64>,
}

/// How many supervised programs run in this process; see [`Family::members`].
pub(super) static FAMILIES: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

impl Family {
    pub(super) fn new(leader: u32, mark: Option<Vec<u8>>) -> Self {
        Family {
            leader,
            since: table::entry(leader).map_or(0, |entry| entry.start),
            mark,
            seen: BTreeMap::new(),
        }
    }

    /// Looks once and remembers who belongs to the family; reaps orphans that have ended.
    pub(super) fn look(&mut self) -> Vec<Entry> {
        let own = child::own_children();
        let all = table::all();
        let members = self.members(&all, &own);
        let (gone, alive): (Vec<Entry>, Vec<Entry>) =
            members.into_iter().partition(|entry| entry.zombie);
        for entry in gone.iter().filter(|e| e.parent == std::process::id()) {
            if let Some(pid) = pid_of(entry.pid).filter(|_| !own.contains(&entry.pid)) {
                let _ = rustix::process::waitpid(Some(pid), WaitOptions::NOHANG);
            }
        }
        self.seen = alive.iter().map(|e| (e.pid, e.start)).collect();
        alive
    }

    /// The family without its leader's own entry if that has ended.
    fn members(&self, all: &[Entry], own: &BTreeSet<u32>) -> Vec<Entry> {
        let this = std::process::id();
        let my_session = all.iter().find(|e| e.pid == this).map(|e| e.session);
        let alone = FAMILIES.load(std::sync::atomic::Ordering::SeqCst) == 1;
        let belongs = |entry: &Entry| {
            if own.contains(&entry.pid) {
                return entry.pid == self.leader;
            }
            let orphan = entry.parent == this && Some(entry.session) != my_session;
            entry.session == self.leader
                || self.seen.get(&entry.pid) == Some(&entry.start)
                || (orphan && alone)
                || self.is_marked(entry)
        };
        let roots = all.iter().filter(|e| belongs(e)).map(|e| e.pid).collect();
        let mut ids = table::with_descendants(all, roots);
        ids.remove(&this);
        all.iter()
            .filter(|e| ids.contains(&e.pid))
            .copied()
            .collect()
    }

    /// Nobody who began before the leader was started with its mark, and reading environments
    /// is what a look at the table costs most.
    fn is_marked(&self, entry: &Entry) -> bool {
        entry.start >= self.since
            && self
                .mark
                .as_ref()
                .is_some_and(|mark| table::has_mark(entry.pid, mark))
    }

    /// Sends `signal` to all members.
    pub(super) fn signal(&mut self, signal: Signal) -> usize {
        let members = self.look();
        for entry in &members {
            send(entry, signal);
        }
        members.len()
    }

    /// TERM, at most `grace` of patience, then KILL until nobody is left or [`KILL_WAIT`] passed.
    pub(super) fn end(&mut self, grace: Duration) -> Vec<Survivor> {
        if self.look().is_empty() {
            return Vec::new();
        }
        if !grace.is_zero() {
            self.signal(Signal::TERM);
            let gone = clock::poll(grace, REST, || self.look().is_empty().then_some(()));
            if gone.is_some() {
                return Vec::new();
            }
        }
        kill_until_gone(|| self.look())
    }
}

/// Processes anywhere on this machine that were started with the environment entry `mark`, for
/// instance `WP_ATTEMPT=abc`; this process excepted.
pub fn marked(mark: &str) -> Vec<Survivor> {
    survivors(&marked_entries(mark))
}

/// Kills the processes of a program whose supervisor is gone: all that carry `mark`, with their
/// descendants. Gives those that are still there in the end.
pub fn kill_marked(mark: &str) -> Vec<Survivor> {
    kill_until_gone(|| marked_entries(mark))
}

fn marked_entries(mark: &str) -> Vec<Entry> {
    let all = table::all();
    let this = std::process::id();
    let has = |entry: &&Entry| entry.pid != this && table::has_mark(entry.pid, mark.as_bytes());
    let roots = all.iter().filter(has).map(|e| e.pid).collect();
    let ids = table::with_descendants(&all, roots);
    let lives = |e: &&Entry| ids.contains(&e.pid) && e.pid != this && !e.zombie;
    all.iter().filter(lives).copied().collect()
}

fn kill_until_gone(mut look: impl FnMut() -> Vec<Entry>) -> Vec<Survivor> {
    let gone = clock::poll(KILL_WAIT, REST, || {
        let members = look();
        for entry in &members {
            send(entry, Signal::KILL);
        }
        members.is_empty().then_some(())
    });
    if gone.is_some() {
        return Vec::new();
    }
    survivors(&look())
}

fn survivors(entries: &[Entry]) -> Vec<Survivor> {
    entries
        .iter()
        .map(|entry| Survivor {
            pid: entry.pid,
            command: table::command_line(entry.pid).unwrap_or_default(),
        })
        .collect()
}

fn pid_of(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

/// Signals exactly the process that was seen: the handle is opened first, then the start time is
/// compared, so an id that was given to somebody else meanwhile is never hit.
#[cfg(target_os = "linux")]
fn send(entry: &Entry, signal: Signal) {
    use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
    let Some(pid) = pid_of(entry.pid) else { return };
    let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else {
        return;
    };
    if table::entry(entry.pid).is_some_and(|now| now.start == entry.start) {
        let _ = pidfd_send_signal(handle, signal);
    }
}

#[cfg(not(target_os = "linux"))]
fn send(entry: &Entry, signal: Signal) {
    if let Some(pid) = pid_of(entry.pid) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}
