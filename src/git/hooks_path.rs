//! Where git looks for hooks, as every configuration file and the environment say.
//!
//! Read in process: a hook asks this each time it runs, and a process for it would cost more than
//! the hook itself.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::base::{Error, Result};

/// All values of `core.hooksPath` that hold for `git_dir`, the one that wins last. Relative ones
/// are relative to where hooks run: the top of the work tree.
///
/// # Errors
/// The configuration cannot be read.
pub fn hooks_paths(git_dir: &Path) -> Result<Vec<PathBuf>> {
    let failed = |e: gix::Error| {
        let message = format!("cannot read the configuration of `{}`", git_dir.display());
        Error::busy("git-config", message).because(e.to_string())
    };
    let options = gix::open::Options::default()
        .with(gix::sec::Trust::Full)
        .open_path_as_is(true);
    let repository = options.open(git_dir).map_err(failed)?.to_thread_local();
    let config = repository.config_snapshot();
    let values = config.plumbing().raw_values("core.hooksPath");
    let values = values.unwrap_or_default();
    Ok(values.iter().map(|value| expand(value)).collect())
}

/// `~/x` is below the home folder; everything else is as written.
fn expand(value: &[u8]) -> PathBuf {
    let text = Path::new(OsStr::from_bytes(value));
    match (text.strip_prefix("~"), gix::path::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => text.to_owned(),
    }
}
