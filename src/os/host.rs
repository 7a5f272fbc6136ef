//! What machine this is: a label for people, identities of processes, kinds of file systems.

use std::fs;
use std::path::Path;

use crate::base::{Error, Result};

/// The name of this machine, `localhost` where it has none.
pub fn name() -> String {
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    if name.is_empty() {
        "localhost".to_owned()
    } else {
        name
    }
}

/// `user@host` for people; identities never depend on it. `user` comes from the environment.
pub fn label(user: Option<&str>) -> String {
    let fallback = || format!("uid{}", rustix::process::getuid().as_raw());
    let user = user
        .filter(|u| !u.is_empty())
        .map_or_else(fallback, str::to_owned);
    format!("{user}@{}", name())
}

/// The id of this process.
pub fn own_pid() -> u32 {
    std::process::id()
}

/// CPUs this process may use, at least 1.
pub fn cpu_count() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// A text that changes with every boot; `None` where the kernel does not tell.
pub fn boot_id() -> Option<String> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned())
}

/// Bytes that wait to be written to disks, of all processes; `None` where the kernel does not
/// tell.
pub fn dirty_bytes() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Dirty:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib << 10)
}

/// True if some process has the file at `path` open, as far as this user may see; `None` where
/// the kernel does not tell.
pub fn is_open_anywhere(path: &Path) -> Option<bool> {
    let path = fs::canonicalize(path).ok()?;
    let mut seen_own = false;
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let name = process.file_name();
        let Some(pid) = name.to_str().and_then(|n| n.parse::<u32>().ok()) else {
            continue;
        };
        seen_own |= pid == own_pid();
        let Ok(files) = fs::read_dir(process.path().join("fd")) else {
            continue;
        };
        if files
            .flatten()
            .any(|f| fs::read_link(f.path()).is_ok_and(|to| to == path))
        {
            return Some(true);
        }
    }
    seen_own.then_some(false)
}

/// Kinds of file systems as far as locks and links depend on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystem {
    /// A disk or memory of this machine.
    Local,
    /// NFS, SMB, 9p, FUSE and others where file locks may not hold between machines.
    Network(&'static str),
}

/// What kind of file system holds `path`, which must exist.
#[cfg(target_os = "linux")]
pub fn file_system(path: &Path) -> Result<FileSystem> {
    let stat = rustix::fs::statfs(path).map_err(|e| {
        let what = format!("cannot ask for the file system of `{}`", path.display());
        Error::io(what, e.into())
    })?;
    // Magic numbers as in the manual page statfs(2).
    let magic = u64::from_ne_bytes(stat.f_type.to_ne_bytes()) & 0xffff_ffff;
    Ok(match magic {
        0x6969 => FileSystem::Network("nfs"),
        0xff53_4d42 | 0xfe53_4d42 | 0x517b => FileSystem::Network("smb"),
        0x0102_1997 => FileSystem::Network("9p"),
        0x5346_414f => FileSystem::Network("afs"),
        0x00c3_6400 => FileSystem::Network("ceph"),
        0x6573_5546 => FileSystem::Network("fuse"),
        0x0bd0_0bd0 => FileSystem::Network("lustre"),
        _ => FileSystem::Local,
    })
}

/// What kind of file system holds `path`: not known on this system, so taken for local.
#[cfg(not(target_os = "linux"))]
pub fn file_system(path: &Path) -> Result<FileSystem> {
    fs::metadata(path)
        .map(|_| FileSystem::Local)
        .map_err(|e| Error::io(format!("cannot look at `{}`", path.display()), e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_names_somebody_on_this_machine() {
        assert!(label(Some("ann")).starts_with("ann@"));
        assert!(label(None).starts_with("uid"));
        assert!(cpu_count() > 0);
    }

    #[test]
    fn an_open_file_is_seen() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(is_open_anywhere(file.path()), Some(true));
        let path = file.into_temp_path();
        assert_eq!(is_open_anywhere(&path), Some(false));
    }

    #[test]
    fn a_temporary_folder_is_local() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(file_system(folder.path()).unwrap(), FileSystem::Local);
        assert!(file_system(&folder.path().join("none")).is_err());
    }
}
