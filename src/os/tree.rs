//! Folder trees: removing one for certain. Links are never followed.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::base::{Error, Result};
use crate::os::file::is_absent;

/// Deepest folder nesting that is opened up.
const DEPTH_MAX: usize = 256;

/// Removes the folder at `path` with all that is in it; `false` if there is none.
///
/// Goes down by folder handles, so a link planted meanwhile is removed and not followed. Folders
/// without write permission are made writable first.
///
/// # Errors
/// `path` is itself a link or a file: the caller meant another place.
pub fn remove(path: &Path) -> Result<bool> {
    let about = |e| Error::io(format!("cannot remove `{}`", path.display()), e);
    let kind = match fs::symlink_metadata(path) {
        Ok(meta) => meta.file_type(),
        Err(e) if is_absent(&e) => return Ok(false),
        Err(e) => return Err(about(e)),
    };
    if !kind.is_dir() {
        let message = format!("`{}` is not a folder, so it is kept", path.display());
        return Err(Error::policy("not-a-folder", message));
    }
    match fs::remove_dir_all(path) {
        Ok(()) => Ok(true),
        Err(e) if is_absent(&e) => Ok(true),
        Err(_) => {
            open_up(path, 0);
            fs::remove_dir_all(path).map(|()| true).map_err(about)
        }
    }
}

fn open_up(folder: &Path, depth: usize) {
    let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten().filter(|_| depth < DEPTH_MAX) {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path(), depth + 1);
        }
    }
}

/// Makes a link at `to` that leads to `target`.
pub fn link(target: &Path, to: &Path) -> Result<()> {
    symlink(target, to).map_err(|e| Error::io(format!("cannot link `{}`", to.display()), e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removing_keeps_what_links_lead_to() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("kept")).unwrap();
        fs::write(at("kept/file"), "x").unwrap();
        fs::create_dir_all(at("gone/sub")).unwrap();
        symlink(at("kept"), at("gone/sub/link")).unwrap();
        symlink(at("kept"), at("link")).unwrap();
        assert_eq!(remove(&at("link")).unwrap_err().code(), "not-a-folder");
        assert!(remove(&at("gone")).unwrap());
        assert!(!remove(&at("gone")).unwrap());
        assert!(at("kept/file").exists());
    }
}
