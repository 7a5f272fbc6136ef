//! Starts and reaps children; the only module with unsafe code, for what must happen between
//! fork and exec.
//!
//! Children started here are registered until they are reaped, so that orphans of a supervised
//! program, which the kernel hands to this process, are never confused with them.

#![expect(
    unsafe_code,
    reason = "a death signal and a session can only be set in the child, before it executes"
)]

use std::collections::BTreeSet;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};

static OWN_CHILDREN: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Asks the kernel to kill the child when the thread that starts it ends.
pub(super) fn die_with_parent(command: &mut Command) {
    let parent = rustix::process::getpid();
    // SAFETY: only async-signal-safe system calls, no allocation, no locks.
    unsafe {
        command.pre_exec(move || bind_to(parent));
    }
}

/// As [`die_with_parent`], and the child leads a session and process group of its own.
pub(super) fn lead_session(command: &mut Command) {
    let parent = rustix::process::getpid();
    // SAFETY: only async-signal-safe system calls, no allocation, no locks.
    unsafe {
        command.pre_exec(move || {
            rustix::process::setsid()?;
            bind_to(parent)
        });
    }
}

#[cfg(target_os = "linux")]
fn bind_to(parent: rustix::process::Pid) -> io::Result<()> {
    let kill = rustix::process::Signal::KILL;
    rustix::process::set_parent_process_death_signal(Some(kill))?;
    // The parent may have died before the signal was set; then nobody would ever send it.
    if rustix::process::getppid() == Some(parent) {
        Ok(())
    } else {
        Err(io::Error::from_raw_os_error(
            rustix::io::Errno::CHILD.raw_os_error(),
        ))
    }
}

#[cfg(not(target_os = "linux"))]
fn bind_to(_parent: rustix::process::Pid) -> io::Result<()> {
    Ok(())
}

/// Starts `command` and registers it.
pub(super) fn spawn(command: &mut Command) -> io::Result<Child> {
    let mut own = own_children();
    let child = command.spawn()?;
    own.insert(child.id());
    Ok(child)
}

/// Waits for a child from [`spawn`] and forgets it.
pub(super) fn wait(child: &mut Child) -> io::Result<ExitStatus> {
    let status = child.wait();
    own_children().remove(&child.id());
    status
}

/// The children that are not orphans of somebody else. While the guard lives none is started.
pub(super) fn own_children() -> MutexGuard<'static, BTreeSet<u32>> {
    OWN_CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}
