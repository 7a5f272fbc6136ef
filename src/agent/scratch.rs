//! A folder for temporary files of one attempt, so that attempts do not meet in a shared one.
//!
//! It has a short path, since sockets are made in such folders, and goes with this value.

use std::ffi::OsStr;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::agent::environment::Environment;
use crate::base::{AttemptId, Error, Result};
use crate::os::tree;

/// The folder.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// Makes it, empty and private, in the folder for temporary files of `environment`.
    ///
    /// # Errors
    /// It cannot be made, or somebody else has it.
    pub(super) fn make(attempt: &AttemptId, environment: &Environment) -> Result<Self> {
        let shared = environment.vars().get(OsStr::new("TMPDIR"));
        let shared = shared.map(Path::new).filter(|path| path.is_absolute());
        let path = shared
            .unwrap_or(Path::new("/tmp"))
            .join(format!("wp-{attempt}"));
        tree::remove(&path)?;
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|e| Error::io(format!("cannot make `{}`", path.display()), e))?;
        Ok(Scratch(path))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Whoever cleans up the folder for temporary files takes the rest.
        let _ = tree::remove(&self.0);
    }
}
