//! What would have run without us: the hook that git would have found, started as git would.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::base::Result;
use crate::git::hooks_path::hooks_paths;
use crate::hook::names::hooks_dir;
use crate::hook::room::{Place, Room};
use crate::os::process::{self, Input, Invocation, Status};

/// What there was to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chained {
    /// Nothing.
    Nothing,
    /// A file without its x bit, which git passes over with a hint.
    NotExecutable,
    /// It ended with this code.
    Ended(i32),
}

/// The folder in which git would look for hooks if ours were not in front.
///
/// # Errors
/// The configuration cannot be read.
pub fn original_folder(place: &Place, room: &Room) -> Result<PathBuf> {
    let ours = [Some(hooks_dir(&room.common_dir)), place.hooks_dir.clone()];
    let is_ours = |path: &Path| ours.iter().flatten().any(|own| own == path);
    let configured = hooks_paths(&room.git_dir)?;
    let theirs = configured.into_iter().rev().find(|path| !is_ours(path));
    Ok(match theirs {
        // Relative to where hooks run, which is the current folder.
        Some(path) => place.folder.join(path),
        None => room.common_dir.join("hooks"),
    })
}

/// Runs the original hook with the same arguments, input and environment.
///
/// # Errors
/// It cannot be started.
pub fn run(
    place: &Place,
    room: &Room,
    name: &str,
    args: &[OsString],
    input: Input,
) -> Result<Chained> {
    let hook = original_folder(place, room)?.join(name);
    let Ok(metadata) = std::fs::metadata(&hook) else {
        return Ok(Chained::Nothing);
    };
    if metadata.permissions().mode() & 0o111 == 0 {
        return Ok(Chained::NotExecutable);
    }
    let hook = Invocation::new(hook, &place.folder)
        .args(args.iter().cloned())
        .input(input);
    let hook = hook.without_env("WP_HOOKS_DIR");
    Ok(match process::attached(&hook)? {
        Status::Code(code) => Chained::Ended(code),
        Status::Signal(signal) => Chained::Ended(128 + signal),
    })
}
