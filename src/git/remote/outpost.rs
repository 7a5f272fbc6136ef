//! A bare git folder from which one call talks to a remote. It reads the repository's objects,
//! and has its own refs, configuration and new objects, which go with it. A lock beside it says
//! that it is in use; what a killed process left is removed by the next one.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::base::{Error, Result};
use crate::git::alternates::alternates;
use crate::git::format::Format;
use crate::git::remote::transport::Transport;
use crate::git::repo::Repo;
use crate::model::Durability;
use crate::os::file::{self, Access};
use crate::os::lock::{self, FileLock};
use crate::os::{clock, random, tree};

/// A lock without a folder that is older was left by a killed process.
const LOCK_AGE: Duration = Duration::from_secs(60);
/// Deepest nesting that counts for the size: `objects/pack/tmp`.
const DEPTH_MAX: usize = 4;

/// Whether missing objects are those of a partial clone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Promisors {
    /// Nobody promises anything: what is fetched has to be complete.
    None,
    /// As the repository is configured.
    Kept,
}

/// The folder; removed when this is dropped.
#[derive(Debug)]
pub(super) struct Outpost {
    folder: PathBuf,
    shallow: Option<Vec<u8>>,
    lock: FileLock,
}

impl Outpost {
    /// Makes one below `<common-dir>/wp/incoming/`, without starting a process.
    pub(super) fn open(repo: &Repo, transport: &Transport, promisors: Promisors) -> Result<Self> {
        let common = repo.common_dir();
        let all = repo.wp_dir().join("incoming");
        file::make_private_dirs(&all)?;
        remove_stale(&all)?;
        let folder = all.join(random::id(12)?);
        let outpost = Outpost {
            lock: lock::create_locked(&lock_of(&folder), b"")?,
            folder,
            shallow: file::read(&common.join("shallow"))?.filter(|bytes| !bytes.is_empty()),
        };
        for part in ["objects/info", "objects/pack", "refs"] {
            file::make_private_dirs(&outpost.folder.join(part))?;
        }
        let write = |name: &str, bytes: &[u8]| {
            let path = outpost.folder.join(name);
            file::replace(&path, bytes, Access::Private, Durability::Off)
        };
        write("HEAD", b"ref: refs/heads/none\n")?;
        write(
            "config",
            config(repo.format(), transport, promisors).as_bytes(),
        )?;
        write(
            "objects/info/alternates",
            &alternates(&common.join("objects"))?,
        )?;
        if let Some(bytes) = &outpost.shallow {
            write("shallow", bytes)?;
        }
        Ok(outpost)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn objects(&self) -> PathBuf {
        self.folder.join("objects")
    }

    /// Bytes of the objects that are here.
    pub(super) fn size(&self) -> u64 {
        size(&self.objects(), DEPTH_MAX)
    }

    /// True if history is still cut off where it was: objects that rely on another cut cannot be
    /// used in the repository.
    pub(super) fn keeps_shallow(&self) -> Result<bool> {
        let now = file::read(&self.folder.join("shallow"))?;
        Ok(now.filter(|bytes| !bytes.is_empty()) == self.shallow)
    }
}

impl Drop for Outpost {
    fn drop(&mut self) {
        // What is left behind takes part in nothing.
        let _ = tree::remove(&self.folder);
        let _ = file::remove(self.lock.path());
    }
}

fn lock_of(folder: &Path) -> PathBuf {
    let mut name = OsString::from(folder);
    name.push(".lock");
    name.into()
}

/// An outpost is locked before its folder appears, so a folder without is nobody's. A lock alone
/// may be one that somebody is just taking, and looking at it would be in the way: it has to be
/// old.
fn remove_stale(all: &Path) -> Result<()> {
    for name in file::names(all)? {
        let path = all.join(name);
        let lock = lock_of(&path);
        if path.is_dir() && !lock::is_held(&lock)? {
            tree::remove(&path)?;
            file::remove(&lock)?;
        } else if path.extension().is_some_and(|end| end == "lock")
            && !path.with_extension("").exists()
            && is_old(&path)
            && !lock::is_held(&path)?
        {
            file::remove(&path)?;
        }
    }
    Ok(())
}

fn is_old(path: &Path) -> bool {
    let modified = fs::symlink_metadata(path).and_then(|meta| meta.modified());
    modified.is_ok_and(|at| clock::now().since(clock::from_system(at)) > LOCK_AGE)
}

/// Files come and go meanwhile, so what cannot be read counts nothing.
fn size(folder: &Path, depth: usize) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match fs::symlink_metadata(entry.path()) {
        Ok(meta) if meta.is_dir() && depth > 0 => size(&entry.path(), depth - 1),
        Ok(meta) if meta.is_file() => meta.len(),
        _ => 0,
    });
    sizes.sum()
}

fn config(format: Format, transport: &Transport, promisors: Promisors) -> String {
    let partial = match promisors {
        Promisors::None => &[][..],
        Promisors::Kept => &transport.promisors,
    };
    let version = match format {
        Format::Sha1 => 0,
        Format::Sha256 => 1,
    };
    let mut text = format!("[core]\n\trepositoryformatversion = {version}\n\tbare = true\n");
    // A commit graph or an index of packs could be forged to hide parents.
    text += "\tcommitGraph = false\n\tmultiPackIndex = false\n";
    // What arrives is flushed when it is admitted, and forgotten otherwise.
    text += "\tfsync = none\n[pack]\n\tuseBitmaps = false\n";
    if format == Format::Sha256 {
        text += "[extensions]\n\tobjectFormat = sha256\n";
    }
    for (key, value) in transport.carried.iter().chain(partial) {
        text += &entry(key, value);
    }
    text
}

fn entry(key: &str, value: &str) -> String {
    let (section, rest) = key.split_once('.').unwrap_or((key, ""));
    let head = match rest.rsplit_once('.') {
        Some((middle, _)) => {
            let middle = middle.replace('\\', "\\\\").replace('"', "\\\"");
            format!("[{section} \"{middle}\"]")
        }
        None => format!("[{section}]"),
    };
    let name = rest.rsplit('.').next().unwrap_or(rest);
    let value = value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
        .replace('\t', "\\t");
    format!("{head}\n\t{name} = \"{value}\"\n")
}

/// The error of history that is cut off elsewhere than here.
pub(super) fn other_shallow(name: &str) -> Error {
    let message = format!("history of `{name}` is cut off elsewhere than in this repository");
    Error::policy("remote-shallow", message).hint("git fetch --unshallow")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_the_configuration_are_quoted() {
        let text = entry("http.https://a.b/\"c.proxy", "x\\ \"y\"\n;z");
        let expected = "[http \"https://a.b/\\\"c\"]\n\tproxy = \"x\\\\ \\\"y\\\"\\n;z\"\n";
        assert_eq!(text, expected);
        assert_eq!(entry("ssh.variant", "ssh"), "[ssh]\n\tvariant = \"ssh\"\n");
    }
}
