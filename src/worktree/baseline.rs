//! The sentinel's snapshot on disk, for as long as agents of a run are at work.
//!
//! A supervisor that is killed compares nothing any more; whoever runs next would take what an
//! agent planted for how things should be. So the snapshot outlives the process, in
//! `wp/run/<run>.baseline`, and belongs to the holder of `wp/run/<run>.lock`: that of a live run
//! is shared by those who begin meanwhile, that of a dead one is put back.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::base::{Result, json};
use crate::git::Repo;
use crate::model::Durability;
use crate::os::file::{self, Access};
use crate::os::lock::{self, FileLock};
use crate::worktree::sentinel::{Sentinel, Shared, Tampering};

/// Longest wait for another process that looks at baselines.
const LOCK_WAIT: Duration = Duration::from_secs(30);
/// Largest baseline that is read.
const BYTES_MAX: u64 = 256 << 20;
const SUFFIX: &str = ".baseline";

/// Puts back what agents of runs changed whose process died; gives what that was, and where the
/// changed files are kept.
///
/// To be called before settings are read: they may be what was changed.
///
/// # Errors
/// A file cannot be read or put back.
pub fn restore_abandoned(repo: &Repo) -> Result<(Vec<Tampering>, Vec<PathBuf>)> {
    let (mut found, mut kept) = (Vec::new(), Vec::new());
    if runs(repo)?.is_empty() {
        return Ok((found, kept));
    }
    let _guard = lock_all(repo)?;
    for run in runs(repo)? {
        if lock::is_held(&lock_path(repo, &run))? {
            continue;
        }
        if let Some(shared) = read(repo, &run)? {
            let sentinel = Sentinel::sharing(repo, Arc::new(shared));
            let changed = sentinel.compare()?;
            kept.extend(sentinel.restore(&changed)?);
            found.extend(changed);
        }
        remove(repo, &run)?;
    }
    Ok((found, kept))
}

/// The snapshot that holds for a run: its own, else that of another live run, else `fresh`. It is
/// on disk from now on.
pub(super) fn begin(repo: &Repo, run: &str, fresh: impl Fn() -> Result<Shared>) -> Result<Shared> {
    let _guard = lock_all(repo)?;
    let mut candidates = vec![run.to_owned()];
    for other in runs(repo)? {
        if lock::is_held(&lock_path(repo, &other))? {
            candidates.push(other);
        }
    }
    let mut shared = None;
    for candidate in &candidates {
        if shared.is_none() {
            shared = read(repo, candidate)?;
        }
    }
    let shared = shared.map_or_else(fresh, Ok)?;
    // A link to a name that is not UTF-8 is no reason not to run.
    if let Ok(bytes) = json::line(&shared) {
        let path = path(repo, run);
        file::make_private_dirs(&repo.wp_dir().join("run"))?;
        // It has to outlive this process, not the machine.
        file::replace(&path, bytes.as_bytes(), Access::Private, Durability::Off)?;
    }
    Ok(shared)
}

/// No agent of the run is at work, and everything was compared.
pub(super) fn remove(repo: &Repo, run: &str) -> Result<()> {
    file::remove(&path(repo, run)).map(|_| ())
}

fn read(repo: &Repo, run: &str) -> Result<Option<Shared>> {
    let bytes = file::read_bounded(&path(repo, run), BYTES_MAX)?;
    // One that was cut off was never in force.
    Ok(bytes.and_then(|bytes| json::parse_as(&bytes).ok()))
}

/// Runs that have a baseline.
fn runs(repo: &Repo) -> Result<Vec<String>> {
    let names = file::names(&repo.wp_dir().join("run"))?;
    let names = names.iter().filter_map(|name| name.to_str());
    let runs = names.filter_map(|name| name.strip_suffix(SUFFIX));
    let mut runs: Vec<String> = runs.map(str::to_owned).collect();
    runs.sort();
    Ok(runs)
}

fn path(repo: &Repo, run: &str) -> PathBuf {
    repo.wp_dir().join("run").join(format!("{run}{SUFFIX}"))
}

fn lock_path(repo: &Repo, run: &str) -> PathBuf {
    repo.wp_dir().join("run").join(format!("{run}.lock"))
}

fn lock_all(repo: &Repo) -> Result<FileLock> {
    lock::lock(&repo.wp_dir().join("baseline.lock"), LOCK_WAIT)
}
