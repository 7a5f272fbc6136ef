//! The files backend: reading loose and packed refs, and our own compare-and-swap.
//!
//! The swap follows git's protocol (`<ref>.lock` made exclusively, compared, renamed), so git and
//! we exclude each other, and adds what git leaves out: the content is flushed before the rename
//! and the folder after it.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::base::{Error, Oid, RefName, Result, text};
use crate::git::refs::packed::{self, Packed};
use crate::git::refs::swap::{Expected, SwapError, clashes};
use crate::git::repo::Repo;
use crate::model::Durability;
use crate::os::clock::{self, Moment};
use crate::os::file;

/// How long a foreign lock is waited for; git's `core.filesRefLockTimeout` is set to the same.
const LOCK_WAIT: Duration = Duration::from_secs(1);
const REST: Duration = Duration::from_millis(2);
/// Git follows no longer chains of symbolic refs either.
const SYMBOLIC_MAX: usize = 5;
const REF_BYTES_MAX: u64 = 4096;
const DEPTH_MAX: usize = 64;

/// What a loose ref file says.
pub(super) enum Loose {
    Oid(Oid),
    Symbolic(String),
}

pub(super) fn read(repo: &Repo, name: &RefName) -> Result<Option<Oid>> {
    let mut at = name.as_str().to_owned();
    for _ in 0..SYMBOLIC_MAX {
        // Loose first: whoever packs a ref writes the packed one before removing the loose one.
        match read_loose(&path(repo, &at), &at)? {
            Some(Loose::Oid(oid)) => return Ok(Some(oid)),
            Some(Loose::Symbolic(next)) => match RefName::parse(&next) {
                Some(next) => next.as_str().clone_into(&mut at),
                None => return Err(broken(&at)),
            },
            None => return Packed::read(repo.common_dir())?.find(&at),
        }
    }
    Err(broken(name.as_str()))
}

pub(super) fn read_loose(path: &Path, name: &str) -> Result<Option<Loose>> {
    let bytes = match file::read_bounded(path, REF_BYTES_MAX) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(None),
        // A folder of this name holds refs below it.
        Err(error) if error.code() == "not-a-file" && path.is_dir() => return Ok(None),
        Err(error) => return Err(error),
    };
    let text = std::str::from_utf8(&bytes).map_err(|_| broken(name))?;
    if let Some(target) = text.strip_prefix("ref:") {
        return Ok(Some(Loose::Symbolic(target.trim().to_owned())));
    }
    let word = text.split_ascii_whitespace().next().unwrap_or_default();
    packed::parse(name, word.as_bytes()).map(|oid| Some(Loose::Oid(oid)))
}

pub(super) fn list(repo: &Repo, folder: &str) -> Result<Vec<(RefName, Oid)>> {
    let mut names = Vec::new();
    loose_names(&path(repo, folder), folder, 0, &mut names)?;
    let mut found = BTreeMap::new();
    for name in names {
        // One that vanished meanwhile was packed or deleted; the packed file, read later, knows.
        if let Some(Loose::Oid(oid)) = read_loose(&path(repo, name.as_str()), name.as_str())? {
            found.insert(name, oid);
        }
    }
    for (name, oid) in Packed::read(repo.common_dir())?.iter() {
        let Some(name) = std::str::from_utf8(name).ok().and_then(RefName::parse) else {
            continue;
        };
        let below = name
            .as_str()
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'));
        if below && !found.contains_key(&name) {
            let oid = packed::parse(name.as_str(), oid)?;
            found.insert(name, oid);
        }
    }
    Ok(found.into_iter().collect())
}

fn loose_names(dir: &Path, name: &str, depth: usize, names: &mut Vec<RefName>) -> Result<()> {
    if depth > DEPTH_MAX {
        return Ok(());
    }
    for part in file::names(dir)? {
        let Some(part) = part.to_str() else { continue };
        let (path, name) = (dir.join(part), format!("{name}/{part}"));
        match fs::symlink_metadata(&path).map(|meta| meta.file_type()) {
            Ok(kind) if kind.is_dir() => loose_names(&path, &name, depth + 1, names)?,
            Ok(kind) if kind.is_file() => names.extend(RefName::parse(&name)),
            _ => {}
        }
    }
    Ok(())
}

/// True if git would log changes of this ref: it has a log, or is of a kind that gets one.
pub(super) fn keeps_reflog(repo: &Repo, name: &RefName) -> bool {
    let logged = ["refs/heads/", "refs/remotes/", "refs/notes/"];
    logged.iter().any(|kind| name.as_str().starts_with(kind))
        || is_per_worktree(name.as_str())
        || repo.common_dir().join("logs").join(name.as_str()).is_file()
}

/// Gives what the ref held before.
pub(super) fn swap(
    repo: &Repo,
    name: &RefName,
    new: &Oid,
    expected: &Expected,
    durability: Durability,
) -> Result<Option<Oid>, SwapError> {
    let target = path(repo, name.as_str());
    let mut lock = RefLock::take(repo, name)?;
    let found = match read_loose(&target, name.as_str())? {
        Some(Loose::Oid(oid)) => Some(oid),
        None => Packed::read(repo.common_dir())?.find(name.as_str())?,
        Some(Loose::Symbolic(_)) => {
            let shown = text::foreign(name.as_str());
            let message = format!("`{shown}` is a symbolic ref, which is not moved");
            return Err(Error::damaged("ref", message).into());
        }
    };
    if !expected.allows(found.as_ref()) {
        return Err(SwapError::Moved { found });
    }
    if found.is_none() {
        refuse_packed_clash(repo, name)?;
    }
    lock.write(new, durability)?;
    lock.rename_to(&target, name)?;
    match durability {
        Durability::Full if lock.made_folder => sync_folders(repo, &target)?,
        Durability::Full => file::sync_dir(target.parent().expect("a ref has a folder"))?,
        Durability::Fast | Durability::Off => {}
    }
    Ok(found)
}

/// The folder of the ref, and those above it up to `refs`, which may be new as well.
fn sync_folders(repo: &Repo, target: &Path) -> Result<()> {
    let top = repo.common_dir().join("refs");
    let mut folder = target.parent();
    while let Some(dir) = folder.filter(|dir| dir.starts_with(&top)) {
        file::sync_dir(dir)?;
        folder = dir.parent();
    }
    Ok(())
}

/// Loose refs clash as files and folders; packed ones have to be asked.
fn refuse_packed_clash(repo: &Repo, name: &RefName) -> Result<()> {
    let packed = Packed::read(repo.common_dir())?;
    let below = |long: &[u8], short: &[u8]| {
        long.strip_prefix(short)
            .is_some_and(|rest| rest.first() == Some(&b'/'))
    };
    let own = name.as_str().as_bytes();
    let hit = packed
        .iter()
        .find(|(other, _)| below(other, own) || below(own, other));
    match hit {
        Some((other, _)) => Err(clashes(name, &String::from_utf8_lossy(other))),
        None => Ok(()),
    }
}

pub(super) fn lock_path(repo: &Repo, name: &RefName) -> PathBuf {
    let mut path = path(repo, name.as_str()).into_os_string();
    path.push(".lock");
    PathBuf::from(path)
}

fn path(repo: &Repo, name: &str) -> PathBuf {
    if is_per_worktree(name) {
        repo.git_dir().join(name)
    } else {
        repo.common_dir().join(name)
    }
}

fn is_per_worktree(name: &str) -> bool {
    let kinds = ["refs/bisect/", "refs/worktree/", "refs/rewritten/"];
    kinds.iter().any(|kind| name.starts_with(kind))
}

fn broken(name: &str) -> Error {
    let message = format!("ref `{}` is malformed", text::foreign(name));
    Error::damaged("ref", message).hint("git fsck")
}

/// `<ref>.lock`, removed when dropped unless it was renamed into place.
struct RefLock {
    path: PathBuf,
    file: fs::File,
    made_folder: bool,
    is_done: bool,
}

impl RefLock {
    fn take(repo: &Repo, name: &RefName) -> Result<Self> {
        let path = lock_path(repo, name);
        let (start, mut made_folder) = (Moment::now(), false);
        while start.elapsed() < LOCK_WAIT {
            let opened = OpenOptions::new().write(true).create_new(true).open(&path);
            match opened.map_err(|e| (e.kind(), e)) {
                Ok(file) => {
                    return Ok(RefLock {
                        path,
                        file,
                        made_folder,
                        is_done: false,
                    });
                }
                Err((ErrorKind::AlreadyExists, _)) => clock::pause(REST),
                // The folder is missing, or was just removed because it got empty.
                Err((ErrorKind::NotFound, _)) => {
                    make_folder(name, &path)?;
                    made_folder = true;
                }
                Err((ErrorKind::NotADirectory, _)) => return Err(clashes_above(name, &path)),
                Err((_, e)) => {
                    return Err(Error::io(format!("cannot create `{}`", path.display()), e));
                }
            }
        }
        let shown = text::foreign(name.as_str());
        let message = format!("`{shown}` is locked by `{}`", path.display());
        Err(Error::busy("ref-locked", message).hint("git wp doctor"))
    }

    fn write(&mut self, oid: &Oid, durability: Durability) -> Result<()> {
        self.file
            .write_all(format!("{oid}\n").as_bytes())
            .and_then(|()| match durability {
                Durability::Full | Durability::Fast => self.file.sync_data(),
                Durability::Off => Ok(()),
            })
            .map_err(|e| Error::io(format!("cannot write `{}`", self.path.display()), e))
    }

    fn rename_to(&mut self, target: &Path, name: &RefName) -> Result<()> {
        let renamed = fs::rename(&self.path, target).or_else(|_| {
            // A folder of this name is in the way; git leaves empty ones behind.
            remove_empty_folders(target, 0);
            fs::rename(&self.path, target)
        });
        if renamed.is_err() && target.is_dir() {
            return Err(clashes(name, &format!("{name}/...")));
        }
        renamed.map_err(|e| Error::io(format!("cannot write `{}`", target.display()), e))?;
        self.is_done = true;
        Ok(())
    }
}

impl Drop for RefLock {
    fn drop(&mut self) {
        if !self.is_done {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn make_folder(name: &RefName, lock: &Path) -> Result<()> {
    let folder = lock.parent().expect("a ref has a folder");
    match file::make_shared_dirs(folder) {
        Ok(()) => Ok(()),
        Err(_) if !folder.is_dir() && above(lock).is_some() => Err(clashes_above(name, lock)),
        Err(error) => Err(error),
    }
}

/// The file that stands where the path needs a folder.
fn above(path: &Path) -> Option<&Path> {
    path.ancestors().skip(1).find(|folder| folder.is_file())
}

fn clashes_above(name: &RefName, lock: &Path) -> Error {
    let depth = above(lock).map_or(0, |file| {
        let rest = lock
            .strip_prefix(file)
            .map_or(0, |rest| rest.components().count());
        name.as_str().split('/').count() - rest
    });
    let parts: Vec<&str> = name.as_str().split('/').take(depth).collect();
    clashes(name, &parts.join("/"))
}

fn remove_empty_folders(folder: &Path, depth: usize) {
    for name in file::names(folder).unwrap_or_default() {
        let path = folder.join(name);
        if path.is_dir() && !path.is_symlink() && depth < DEPTH_MAX {
            remove_empty_folders(&path, depth + 1);
        }
    }
    let _ = fs::remove_dir(folder);
}
