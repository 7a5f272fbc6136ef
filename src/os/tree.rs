//! Folder trees: removing one for certain, copying one cheaply. Links are never followed.

use std::fs::{self, File};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::base::{Error, Result};
use crate::os::file::is_absent;

/// Deepest folder nesting that is copied.
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

/// Copies a file or a folder to `to`, which must not exist.
///
/// File data is shared with the original where the file system can (reflink), else copied. Links
/// are copied as links; sockets, pipes and devices are left out and listed in the answer.
pub fn copy(from: &Path, to: &Path) -> Result<Vec<PathBuf>> {
    let mut left_out = Vec::new();
    copy_entry(from, to, 0, &mut left_out)?;
    Ok(left_out)
}

/// Makes a link at `to` that leads to `target`.
pub fn link(target: &Path, to: &Path) -> Result<()> {
    symlink(target, to).map_err(|e| Error::io(format!("cannot link `{}`", to.display()), e))
}

fn copy_entry(from: &Path, to: &Path, depth: usize, left_out: &mut Vec<PathBuf>) -> Result<()> {
    let about = |e| {
        let (from, to) = (from.display(), to.display());
        Error::io(format!("cannot copy `{from}` to `{to}`"), e)
    };
    let meta = fs::symlink_metadata(from).map_err(about)?;
    let kind = meta.file_type();
    if kind.is_symlink() {
        let target = fs::read_link(from).map_err(about)?;
        return symlink(target, to).map_err(about);
    }
    if kind.is_file() {
        return copy_file(from, to, meta.permissions().mode()).map_err(about);
    }
    if !kind.is_dir() {
        left_out.push(from.to_owned());
        return Ok(());
    }
    if depth == DEPTH_MAX {
        let message = format!("`{}` is nested too deeply to copy", from.display());
        return Err(Error::usage("too-deep", message));
    }
    fs::create_dir(to).map_err(about)?;
    for entry in fs::read_dir(from).map_err(about)? {
        let name = entry.map_err(about)?.file_name();
        copy_entry(&from.join(&name), &to.join(&name), depth + 1, left_out)?;
    }
    // Last, so that a folder without write permission can be filled.
    fs::set_permissions(to, meta.permissions()).map_err(about)
}

fn copy_file(from: &Path, to: &Path, mode: u32) -> std::io::Result<()> {
    let source = File::open(from)?;
    let target = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode & 0o777)
        .open(to)?;
    if !reflink(&source, &target) {
        std::io::copy(&mut &source, &mut &target)?;
    }
    target.set_permissions(fs::Permissions::from_mode(mode & 0o777))
}

#[cfg(target_os = "linux")]
fn reflink(source: &File, target: &File) -> bool {
    rustix::fs::ioctl_ficlone(target, source).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn reflink(_source: &File, _target: &File) -> bool {
    false
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

    #[test]
    fn a_copy_has_the_content_modes_and_links() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("a/b")).unwrap();
        fs::write(at("a/b/run"), "#!").unwrap();
        fs::set_permissions(at("a/b/run"), fs::Permissions::from_mode(0o755)).unwrap();
        symlink("b/run", at("a/link")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("a/socket")).unwrap();
        let left_out = copy(&at("a"), &at("c")).unwrap();
        assert_eq!(left_out, [at("a/socket")]);
        assert_eq!(fs::read(at("c/b/run")).unwrap(), b"#!");
        let mode = fs::metadata(at("c/b/run")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
        assert_eq!(fs::read_link(at("c/link")).unwrap(), Path::new("b/run"));
        assert!(copy(&at("a"), &at("c")).is_err());
    }
}
