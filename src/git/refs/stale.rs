//! A lock file that a killed process left behind: git would refuse for ever.

use std::fs;
use std::time::Duration;

use crate::base::{Error, RefName, Result};
use crate::git::refs::api::Refs;
use crate::os::clock::Moment;
use crate::os::lock::FileLock;
use crate::os::{clock, file, host};

/// Younger lock files may belong to a process between two system calls.
const AGE_MIN: Duration = Duration::from_secs(2);
/// Longest wait for a lock that may be nobody's.
const WAIT_MAX: Duration = Duration::from_secs(4);
/// Time between two looks at it.
const REST: Duration = Duration::from_millis(50);

impl Refs<'_> {
    /// Removes the lock file of `name` if it is certainly nobody's: older than two seconds and
    /// open in no process of this machine. `true` if it was removed.
    ///
    /// `guard` is the file lock under which all our processes change this ref; holding it is what
    /// makes this safe against ourselves. Only for refs that nobody but us changes.
    pub fn remove_stale_lock(&self, name: &RefName, guard: &FileLock) -> Result<bool> {
        if !guard.path().starts_with(self.repo.common_dir()) {
            return Err(Error::bug("a ref's lock is removed under a foreign guard"));
        }
        let path = self.lock_path(name);
        let modified = match fs::symlink_metadata(&path).and_then(|meta| meta.modified()) {
            Ok(modified) => clock::from_system(modified),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(e) => return Err(Error::io(format!("cannot look at `{}`", path.display()), e)),
        };
        let is_old = clock::now().since(modified) > AGE_MIN;
        if !is_old || host::is_open_anywhere(&path) != Some(false) {
            return Ok(false);
        }
        file::remove(&path)
    }

    /// Waits until nobody has `name` locked, and removes the lock of a process that was killed:
    /// what is provably nobody's is so only after some time, and who is alive needs less. Where
    /// somebody holds it for longer, whoever changes the ref says so.
    ///
    /// # Errors
    /// As [`Refs::remove_stale_lock`], under the same conditions.
    pub fn clear_the_way(&self, name: &RefName, guard: &FileLock) -> Result<()> {
        let (start, path) = (Moment::now(), self.lock_path(name));
        while path.exists() && start.elapsed() < WAIT_MAX {
            if self.remove_stale_lock(name, guard)? {
                break;
            }
            clock::pause(REST);
        }
        Ok(())
    }
}
