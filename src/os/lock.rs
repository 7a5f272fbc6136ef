//! Advisory file locks: the kernel decides who is alive.
//!
//! A lock belongs to the open file, so it ends with the process that holds it, also after a kill.
//! Lock files stay where they are: removing one would let two processes lock two files of one
//! name. What is written inside is for messages only and never decides anything.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fs2::FileExt;

use crate::base::{Error, Result, Timestamp, text};
use crate::os::{clock, file};

/// Time between two looks at a lock that is held.
const REST: Duration = Duration::from_millis(2);
/// Characters of a command that are kept; at four bytes each they fit into the bytes read back.
const COMMAND_MAX: usize = 100;
const HOLDER_BYTES_MAX: u64 = 512;

/// An exclusive lock, released when dropped or when the process ends.
#[derive(Debug)]
#[must_use = "the lock ends when this is dropped"]
pub struct FileLock {
    file: File,
    path: PathBuf,
}

/// Who said to hold a lock; for messages only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The process id.
    pub pid: u32,
    /// When it took the lock.
    pub since: Timestamp,
    /// What it was doing.
    pub command: String,
}

/// Takes the lock at `path` if it is free; `None` if somebody holds it.
///
/// Makes the file (mode 0600) and its folders where missing. Another process that just looks
/// with [`is_held`] can make this say `None` for an instant; use [`lock`] where that matters.
pub fn try_lock(path: &Path) -> Result<Option<FileLock>> {
    let file = open(path)?;
    Ok(exclusive(&file, path)?.then(|| FileLock {
        file,
        path: path.to_owned(),
    }))
}

/// Takes the lock at `path`, waiting at most `wait`.
///
/// # Errors
/// Busy with code `locked`, naming the holder where it is known, when `wait` has passed.
pub fn lock(path: &Path, wait: Duration) -> Result<FileLock> {
    let file = open(path)?;
    let mut failure = None;
    let locked = clock::poll(wait, REST, || match exclusive(&file, path) {
        Ok(true) => Some(()),
        Ok(false) => None,
        Err(error) => {
            failure = Some(error);
            Some(())
        }
    });
    match (locked, failure) {
        (_, Some(error)) => Err(error),
        (Some(()), None) => Ok(FileLock {
            file,
            path: path.to_owned(),
        }),
        (None, None) => Err(busy(path, wait)),
    }
}

/// Makes a new file that is locked before its `content` can be seen, mode 0600.
///
/// The lock stays with the file when it is renamed; another process can ask [`is_held`] about
/// the new name.
///
/// # Errors
/// The file exists already, or the disk refuses.
pub fn create_locked(path: &Path, content: &[u8]) -> Result<FileLock> {
    let mut file = options()
        .create_new(true)
        .open(path)
        .map_err(|e| Error::io(format!("cannot create `{}`", path.display()), e))?;
    if !exclusive(&file, path)? {
        return Err(Error::bug(format!(
            "the new file `{}` is locked already",
            path.display()
        )));
    }
    file.write_all(content)
        .map_err(|e| Error::io(format!("cannot write `{}`", path.display()), e))?;
    Ok(FileLock {
        file,
        path: path.to_owned(),
    })
}

/// True if somebody, this process included, holds the lock at `path`. A missing file is free.
///
/// Looking takes a shared lock for an instant, so any number of processes may look at once.
pub fn is_held(path: &Path) -> Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(Error::io(format!("cannot open `{}`", path.display()), e)),
    };
    match FileExt::try_lock_shared(&file) {
        Ok(()) => {
            // The close would release it too, but not while a child of ours is just starting.
            let _ = FileExt::unlock(&file);
            Ok(false)
        }
        Err(e) if is_contended(&e) => Ok(true),
        Err(e) => Err(Error::io(
            format!("cannot look at the lock `{}`", path.display()),
            e,
        )),
    }
}

/// What the last holder wrote with [`FileLock::announce`]; it may hold the lock no longer.
pub fn holder(path: &Path) -> Option<Holder> {
    let mut text = String::new();
    let file = File::open(path).ok()?;
    file.take(HOLDER_BYTES_MAX).read_to_string(&mut text).ok()?;
    let mut words = text.lines().next()?.splitn(3, ' ');
    Some(Holder {
        pid: words.next()?.parse().ok()?,
        since: Timestamp::parse(words.next()?)?,
        command: words.next()?.to_owned(),
    })
}

impl FileLock {
    /// The path at which the lock was taken.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes who holds the lock, for the messages of those who wait. Failures do not matter.
    pub fn announce(&self, command: &str, since: Timestamp) {
        let command = text::cut(&text::foreign(command).to_string(), COMMAND_MAX);
        let line = format!(
            "{} {since} {command}
",
            std::process::id()
        );
        let mut file = &self.file;
        let _ = file
            .set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(line.as_bytes()));
    }

    /// Renames the locked file; the lock goes with it.
    pub fn rename(mut self, to: &Path) -> Result<FileLock> {
        std::fs::rename(&self.path, to).map_err(|e| {
            let (from, to) = (self.path.display(), to.display());
            Error::io(format!("cannot rename `{from}` to `{to}`"), e)
        })?;
        self.path = to.to_owned();
        Ok(self)
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Closing is not enough: a child that another thread just forked still shares the open
        // file until it executes its program.
        let _ = FileExt::unlock(&self.file);
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

fn open(path: &Path) -> Result<File> {
    let attempt = || options().create(true).truncate(false).open(path);
    let result = match attempt() {
        Err(e) if e.kind() == ErrorKind::NotFound => {
            if let Some(folder) = path.parent() {
                file::make_private_dirs(folder)?;
            }
            attempt()
        }
        other => other,
    };
    result.map_err(|e| Error::io(format!("cannot open the lock file `{}`", path.display()), e))
}

fn exclusive(file: &File, path: &Path) -> Result<bool> {
    match FileExt::try_lock_exclusive(file) {
        Ok(()) => Ok(true),
        Err(e) if is_contended(&e) => Ok(false),
        Err(e) => Err(Error::io(format!("cannot lock `{}`", path.display()), e)),
    }
}

fn is_contended(error: &std::io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock
        || error.raw_os_error() == fs2::lock_contended_error().raw_os_error()
}

fn busy(path: &Path, wait: Duration) -> Error {
    let who = holder(path).map_or_else(String::new, |holder| {
        let command = text::foreign(&holder.command);
        format!(" by process {} (`{command}`)", holder.pid)
    });
    let seconds = wait.as_secs_f32();
    Error::busy(
        "locked",
        format!(
            "`{}` is held{who} for more than {seconds:.1}s",
            path.display()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time_and_none_after_a_drop() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/lock");
        assert!(!is_held(&path).unwrap());
        let held = try_lock(&path).unwrap().unwrap();
        assert!(is_held(&path).unwrap());
        assert!(try_lock(&path).unwrap().is_none());
        drop(held);
        assert!(!is_held(&path).unwrap());
        assert!(path.exists());
        let _again = lock(&path, Duration::ZERO).unwrap();
    }

    #[test]
    fn a_bounded_wait_names_the_holder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = try_lock(&path).unwrap().unwrap();
        held.announce("implement\nx", clock::now());
        let error = lock(&path, Duration::from_millis(1)).unwrap_err();
        assert_eq!(error.code(), "locked");
        assert!(error.message().contains("implement\\u{a}x"), "{error}");
        assert_eq!(holder(&path).unwrap().pid, std::process::id());
    }

    #[test]
    fn a_lock_follows_a_rename_and_is_there_before_the_content() {
        let folder = tempfile::tempdir().unwrap();
        let (tmp, req) = (folder.path().join("x.tmp"), folder.path().join("x.req"));
        let held = create_locked(&tmp, b"request").unwrap();
        assert!(create_locked(&tmp, b"").is_err());
        let held = held.rename(&req).unwrap();
        assert!(is_held(&req).unwrap());
        assert_eq!(std::fs::read(&req).unwrap(), b"request");
        drop(held);
        assert!(!is_held(&req).unwrap());
    }
}
