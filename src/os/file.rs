//! Files that are whole or absent: atomic replacement, private modes, flushing.
//!
//! What is replaced here is either the old or the new content after any crash; with
//! [`Durability::Full`] it is the new one once the call has returned.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::base::{Error, Result};
use crate::model::Durability;

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Mode 0600.
    Private,
    /// Mode 0644.
    Shared,
    /// Mode 0755, for hook scripts.
    Program,
}

impl Access {
    fn mode(self) -> u32 {
        match self {
            Access::Private => 0o600,
            Access::Shared => 0o644,
            Access::Program => 0o755,
        }
    }
}

/// Reads a whole file; `None` if there is none.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if is_absent(&e) => Ok(None),
        Err(e) => Err(Error::io(format!("cannot read `{}`", path.display()), e)),
    }
}

/// Reads a regular file of at most `max` bytes, without following a link at its end; `None` if
/// there is none.
///
/// # Errors
/// The file is larger, is a link, a folder or a device, or cannot be read.
pub fn read_bounded(path: &Path, max: u64) -> Result<Option<Vec<u8>>> {
    let name = path.display();
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).expect("open flags fit");
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(e) if is_absent(&e) => return Ok(None),
        Err(e) => return Err(Error::io(format!("cannot read `{name}`"), e)),
    };
    let about = |e| Error::io(format!("cannot read `{name}`"), e);
    if !file.metadata().map_err(about)?.is_file() {
        let message = format!("`{name}` is not a regular file");
        return Err(Error::usage("not-a-file", message));
    }
    let mut bytes = Vec::new();
    file.take(max + 1).read_to_end(&mut bytes).map_err(about)?;
    if bytes.len() as u64 > max {
        let message = format!("`{name}` is larger than {max} bytes");
        return Err(Error::usage("too-large", message));
    }
    Ok(Some(bytes))
}

/// Fills `start` with the first bytes of a file.
pub fn read_start(path: &Path, start: &mut [u8]) -> Result<()> {
    File::open(path)
        .and_then(|mut file| file.read_exact(start))
        .map_err(|e| Error::io(format!("cannot read `{}`", path.display()), e))
}

/// Makes the file `path` by way of a temporary one in `folder`, which is on the same file
/// system: it is whole or absent, and nobody may write it. The folder of `path` is made if it is
/// missing. Flushes nothing.
pub fn place(path: &Path, bytes: &[u8], folder: &Path) -> Result<()> {
    let about = |e| Error::io(format!("cannot write `{}`", path.display()), e);
    // Git's own prune clears away what is left of such names.
    let mut temporary = tempfile::Builder::new()
        .prefix("tmp_obj_")
        .permissions(Permissions::from_mode(0o444))
        .tempfile_in(folder)
        .map_err(about)?;
    temporary.write_all(bytes).map_err(about)?;
    let placed = match temporary.persist(path) {
        Err(e) if e.error.kind() == ErrorKind::NotFound => {
            make_shared_dirs(folder_of(path)?)?;
            e.file.persist(path)
        }
        placed => placed,
    };
    placed.map(drop).map_err(|e| about(e.error))
}

/// Puts `bytes` at `path` in one step; readers see the old content or the new, never a mixture.
///
/// A link at `path` is replaced, not followed. The folder must exist.
pub fn replace(path: &Path, bytes: &[u8], access: Access, durability: Durability) -> Result<()> {
    put(
        path,
        bytes,
        Permissions::from_mode(access.mode()),
        durability,
    )
}

fn put(path: &Path, bytes: &[u8], mode: Permissions, durability: Durability) -> Result<()> {
    let folder = folder_of(path)?;
    let about = |e| Error::io(format!("cannot write `{}`", path.display()), e);
    let mut temporary = tempfile::Builder::new()
        .prefix(".tmp-")
        .permissions(mode.clone())
        .tempfile_in(folder)
        .map_err(about)?;
    // The umask takes bits away that the file may have had.
    temporary.as_file().set_permissions(mode).map_err(about)?;
    temporary.write_all(bytes).map_err(about)?;
    if durability != Durability::Off {
        temporary.as_file().sync_data().map_err(about)?;
    }
    temporary.persist(path).map_err(|e| about(e.error))?;
    if durability == Durability::Full {
        sync_dir(folder)?;
    }
    Ok(())
}

/// Puts `bytes` at `path` in one step, as [`replace`] does, and leaves the mode of the file that
/// is there as it is.
///
/// # Errors
/// There is no regular file at `path`, or the disk refuses.
pub fn rewrite(path: &Path, bytes: &[u8], durability: Durability) -> Result<()> {
    let about = |e| Error::io(format!("cannot write `{}`", path.display()), e);
    let there = fs::symlink_metadata(path).map_err(about)?;
    if !there.is_file() {
        let message = format!("`{}` is not a regular file", path.display());
        return Err(Error::usage("not-a-file", message));
    }
    put(path, bytes, there.permissions(), durability)
}

/// Makes a file that must not exist yet; `false` if it does. The content may be half there
/// after a crash: use [`replace`] for what is read back.
pub fn create_new(path: &Path, bytes: &[u8], access: Access) -> Result<bool> {
    let about = |e| Error::io(format!("cannot create `{}`", path.display()), e);
    let opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(access.mode())
        .open(path);
    match opened {
        Ok(mut file) => file.write_all(bytes).map(|()| true).map_err(about),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(about(e)),
    }
}

/// Removes a file or a link; `false` if there is none.
pub fn remove(path: &Path) -> Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(e) if is_absent(&e) => Ok(false),
        Err(e) => Err(Error::io(format!("cannot remove `{}`", path.display()), e)),
    }
}

/// Makes a folder and its missing parents with mode 0700; folders that exist keep their mode.
pub fn make_private_dirs(path: &Path) -> Result<()> {
    make_dirs(path, 0o700)
}

/// Makes a folder and its missing parents with the modes the umask gives.
pub fn make_shared_dirs(path: &Path) -> Result<()> {
    make_dirs(path, 0o777)
}

fn make_dirs(path: &Path, mode: u32) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
        .map_err(|e| Error::io(format!("cannot make the folder `{}`", path.display()), e))
}

/// Names in a folder, sorted by bytes; none if there is no such folder.
pub fn names(folder: &Path) -> Result<Vec<std::ffi::OsString>> {
    let about = |e| Error::io(format!("cannot list `{}`", folder.display()), e);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if is_absent(&e) => return Ok(Vec::new()),
        Err(e) => return Err(about(e)),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry.map_err(about)?.file_name());
    }
    names.sort();
    Ok(names)
}

/// Flushes a folder, so that names made in it survive a power cut.
pub fn sync_dir(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| Error::io(format!("cannot flush the folder `{}`", path.display()), e))
}

/// Flushes the data of a file.
pub fn sync_file(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|file| file.sync_data())
        .map_err(|e| Error::io(format!("cannot flush `{}`", path.display()), e))
}

/// Flushes everything on the file system that holds `path`: one call for many files.
#[cfg(target_os = "linux")]
pub fn sync_file_system(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|folder| rustix::fs::syncfs(&folder).map_err(Into::into))
        .map_err(|e| {
            let what = format!("cannot flush the file system of `{}`", path.display());
            Error::io(what, e)
        })
}

/// Flushes everything: there is no narrower call here.
#[cfg(not(target_os = "linux"))]
pub fn sync_file_system(_path: &Path) -> Result<()> {
    rustix::fs::sync();
    Ok(())
}

fn folder_of(path: &Path) -> Result<&Path> {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Ok(Path::new(".")),
        Some(folder) => Ok(folder),
        None => Err(Error::bug(format!("`{}` has no folder", path.display()))),
    }
}

/// True where nothing stands at the path, also because a parent is a file.
pub(crate) fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacing_sets_content_and_mode_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        for (text, durability) in [("1", Durability::Full), ("2", Durability::Off)] {
            replace(&path, text.as_bytes(), Access::Private, durability).unwrap();
            assert_eq!(read(&path).unwrap().unwrap(), text.as_bytes());
        }
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(names(folder.path()).unwrap(), ["a"]);
    }

    #[test]
    fn rewriting_keeps_the_mode_and_refuses_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a"), folder.path().join("b"));
        for mode in [0o600, 0o664, 0o755] {
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            rewrite(&path, b"new", Durability::Off).unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"new");
            let kept = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(kept & 0o777, mode);
        }
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(
            rewrite(&link, b"x", Durability::Off).unwrap_err().code(),
            "not-a-file"
        );
        assert!(rewrite(&folder.path().join("c"), b"x", Durability::Off).is_err());
    }

    #[test]
    fn a_link_is_replaced_and_its_target_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (path, target) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&target, "kept").unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        replace(&path, b"new", Access::Shared, Durability::Fast).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"kept");
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn bounded_reading_refuses_links_folders_and_large_files() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("five"), "12345").unwrap();
        std::os::unix::fs::symlink(at("five"), at("link")).unwrap();
        assert_eq!(read_bounded(&at("five"), 5).unwrap().unwrap(), b"12345");
        assert_eq!(
            read_bounded(&at("five"), 4).unwrap_err().code(),
            "too-large"
        );
        assert!(read_bounded(&at("link"), 9).is_err());
        assert_eq!(
            read_bounded(folder.path(), 9).unwrap_err().code(),
            "not-a-file"
        );
        assert!(read_bounded(&at("five/x"), 9).unwrap().is_none());
    }

    #[test]
    fn a_new_file_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        assert!(create_new(&path, b"1", Access::Private).unwrap());
        assert!(!create_new(&path, b"2", Access::Private).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"1");
        assert!(remove(&path).unwrap());
        assert!(!remove(&path).unwrap());
    }
}
