//! Where alone an agent may write, and how it is started so that it cannot more.
//!
//! The runner writes the places to a private file; `git wp hook confine` reads it, takes the right
//! to all others from itself, and becomes the agent. Everything can be read. What the agent could
//! do inside its places is judged at the gate, which stays the guarantee.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::base::{Error, RefName, RepoPath, Result, json, text};
use crate::git::{RefStorage, Repo};
use crate::model::agent_profile::SandboxDefault;
use crate::model::{Durability, Isolation, SandboxLevel, ScopeMode, ScopeSpec};
use crate::os::file::{self, Access};
use crate::os::process::{self, Input, Invocation};
use crate::os::{confine, tree};
use crate::scope::{Pattern, Reach};

/// The version of the file of rules.
const VERSION: u32 = 1;
/// Largest file of rules that is read.
const RULES_MAX: u64 = 4 << 20;

/// What every program may write: its terminal, its own entry of the process table, shared memory.
const SYSTEM: [&str; 10] = [
    "/dev/full",
    "/dev/null",
    "/dev/ptmx",
    "/dev/pts",
    "/dev/random",
    "/dev/shm",
    "/dev/tty",
    "/dev/urandom",
    "/dev/zero",
    "/proc/self",
];

/// What tools that agents call keep in the home of their user, none of it configuration: a tool
/// that read a changed one later would do what the agent wants.
const CACHES: [&str; 16] = [
    "~/.bun/install/cache",
    "~/.cache",
    "~/.cargo/.global-cache",
    "~/.cargo/.package-cache",
    "~/.cargo/.package-cache-mutate",
    "~/.cargo/git",
    "~/.cargo/registry",
    "~/.gradle/caches",
    "~/.gradle/daemon",
    "~/.gradle/wrapper",
    "~/.ivy2/cache",
    "~/.local/share/pnpm",
    "~/.m2/repository",
    "~/.npm",
    "~/.nuget/packages",
    "~/go/pkg",
];

/// Variables that name such a folder elsewhere.
const CACHE_VARIABLES: [&str; 4] = [
    "GOCACHE",
    "GOMODCACHE",
    "XDG_CACHE_HOME",
    "npm_config_cache",
];

/// Where a confined agent may write, beside its own temporary folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// How close it stands; never [`SandboxLevel::Off`].
    pub level: SandboxLevel,
    /// Folders, with all below them, and files. What does not exist counts for nothing.
    pub writable: Vec<PathBuf>,
}

/// What a fence is put around.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// The room.
    pub room: &'a Path,
    /// The room's own git folder.
    pub git_dir: &'a Path,
    /// What the room shares with the repository.
    pub isolation: Isolation,
    /// The branch of the attempt.
    pub branch: &'a RefName,
    /// Where the package may write.
    pub scope: &'a ScopeSpec,
    /// Ignored folders of the room that may be written beside that, from `wp.toml`.
    pub outputs: &'a [String],
    /// Folders and files outside the room, with `~/` for the home of the user.
    pub outside: &'a [String],
    /// The home of the user.
    pub home: Option<&'a Path>,
}

impl Fence {
    /// Puts it up, and makes the folders that have to be there before the agent starts.
    ///
    /// In [`SandboxLevel::Scope`] a pattern opens the folder that its first wildcard is in, made if
    /// it is missing; a path opens the file, or the folder it is missing in, since a file can be
    /// made only where others can. Patterns of `deny` close nothing again.
    ///
    /// # Errors
    /// A folder cannot be made; a name in `wp.toml` leads out of the room.
    pub fn around(level: SandboxLevel, ground: &Ground<'_>) -> Result<Self> {
        let mut writable: BTreeSet<PathBuf> = SYSTEM.iter().map(PathBuf::from).collect();
        let own = shared(ground)?;
        for folder in &own {
            file::make_shared_dirs(folder)?;
        }
        writable.extend(own);
        writable.insert(ground.git_dir.to_owned());
        let is_open = ground.scope.mode != ScopeMode::Strict;
        match level {
            SandboxLevel::Scope if !is_open => inside(ground, &mut writable)?,
            _ => drop(writable.insert(ground.room.to_owned())),
        }
        let names = CACHES.iter().copied();
        let names = names.chain(ground.outside.iter().map(String::as_str));
        writable.extend(names.filter_map(|name| at_home(name, ground.home)));
        Ok(Fence {
            level,
            writable: writable.into_iter().collect(),
        })
    }
}

/// A fence around an agent that only reads: it writes what every program may, what its profile
/// names outside of rooms, and `own`.
pub fn reading(own: &Path, outside: &[String], home: Option<&Path>) -> Fence {
    let names = CACHES.iter().copied();
    let names = names.chain(outside.iter().map(String::as_str));
    let system = SYSTEM.iter().map(PathBuf::from);
    let writable = system.chain(names.filter_map(|name| at_home(name, home)));
    Fence {
        level: SandboxLevel::Scope,
        writable: writable.chain([own.to_owned()]).collect(),
    }
}

/// What an attempt writes in the git folder that it shares with everybody.
fn shared(ground: &Ground<'_>) -> Result<Vec<PathBuf>> {
    let common = ground.repo.common_dir();
    let attempt = ground.room.file_name().and_then(OsStr::to_str);
    let attempt = attempt.and_then(|name| name.strip_prefix("wp-"));
    let attempt =
        attempt.ok_or_else(|| Error::bug("a room that is not named after its attempt"))?;
    let wp = ground.repo.wp_dir();
    let out = wp.join("run").join(attempt).join("out");
    let mut all = vec![wp.join("inbox").join(attempt), out];
    if ground.isolation == Isolation::Clone {
        return Ok(all);
    }
    all.push(common.join("objects"));
    match ground.repo.ref_storage() {
        // One folder holds the refs of all: it cannot be opened for one of them.
        RefStorage::Reftable => all.push(common.join("reftable")),
        RefStorage::Files => {
            let branch = Path::new(ground.branch.as_str());
            let folder = branch.parent().unwrap_or(branch);
            all.extend([common.join(folder), common.join("logs").join(folder)]);
        }
    }
    Ok(all)
}

/// What of the room a package may write.
fn inside(ground: &Ground<'_>, writable: &mut BTreeSet<PathBuf>) -> Result<()> {
    for output in ground.outputs {
        let plain = RepoPath::from(output.trim_start_matches("./").trim_end_matches('/'));
        let parts = Path::new(output).components();
        let is_inside = { parts }.all(|p| matches!(p, Component::Normal(_) | Component::CurDir));
        if plain.is_hostile() || !is_inside {
            let shown = text::foreign(output);
            let message = format!("`{shown}` in `[worktree] writable` is not inside the checkout");
            return Err(Error::usage("worktree-path", message).hint("edit wp.toml"));
        }
        writable.insert(made(ground.room, &plain.to_text())?);
    }
    for pattern in &ground.scope.write_allow {
        // Others were refused long before; they open nothing.
        let reach = Pattern::parse(pattern).map(|p| p.reach());
        for reach in reach.unwrap_or_default() {
            writable.insert(match reach {
                Reach::Below(folder) => made(ground.room, &folder)?,
                Reach::Path(path) => {
                    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                    let (folder, file) = (made(ground.room, folder)?, ground.room.join(&path));
                    let meta = std::fs::symlink_metadata(&file);
                    let is_there = meta.is_ok_and(|meta| meta.is_file());
                    match is_there && file.parent() == Some(folder.as_path()) {
                        true => file,
                        false => folder,
                    }
                }
            });
        }
    }
    Ok(())
}

/// The folder of the room, made if it can be; else the nearest one above it that is there. Links
/// are not followed: they may lead out.
fn made(room: &Path, folder: &str) -> Result<PathBuf> {
    let mut path = room.to_owned();
    for part in folder.split('/').filter(|part| !part.is_empty()) {
        let next = path.join(part);
        match std::fs::symlink_metadata(&next) {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => return Ok(path),
            Err(_) => file::make_shared_dirs(&next)?,
        }
        path = next;
    }
    Ok(path)
}

/// The path of a name that may begin with `~/`; `None` if it is not absolute then.
fn at_home(name: &str, home: Option<&Path>) -> Option<PathBuf> {
    let path = match name.strip_prefix("~/") {
        Some(below) => home?.join(below),
        None => PathBuf::from(name),
    };
    path.is_absolute().then_some(path)
}

/// Makes folders of a profile in the home of the user: its program could not. Files are not made.
///
/// # Errors
/// A folder cannot be made.
pub fn make_ready(folders: &[String], home: Option<&Path>) -> Result<()> {
    let folders = folders.iter().filter_map(|name| at_home(name, home));
    for folder in folders {
        let is_file = folder.extension().is_some_and(|e| e == "json");
        if !is_file && std::fs::symlink_metadata(&folder).is_err() {
            file::make_private_dirs(&folder)?;
        }
    }
    Ok(())
}

/// How close the fence of an agent stands, and why. What was `asked` for wins over what its profile
/// says, `usual`; `missing` says why nothing can be confined here.
///
/// # Errors
/// Policy, `no-landlock`: it was asked for and cannot be had.
pub fn stance(
    asked: Option<SandboxLevel>,
    usual: &SandboxDefault,
    missing: Option<&str>,
) -> Result<SandboxDefault> {
    let stance = |level, why: &str| {
        let why = why.to_owned();
        Ok(SandboxDefault { level, why })
    };
    match (asked, missing) {
        (Some(SandboxLevel::Off), _) => stance(SandboxLevel::Off, "switched off by `wp.sandbox`"),
        (Some(level), Some(why)) => {
            let level = level.as_str();
            let message = format!("the sandbox `{level}` of `wp.sandbox` cannot be set up");
            let error = Error::policy("no-landlock", message).because(why);
            Err(error.hint("git config wp.sandbox off"))
        }
        (Some(level), None) => stance(level, "asked for by `wp.sandbox`"),
        (None, Some(why)) if usual.level != SandboxLevel::Off => stance(SandboxLevel::Off, why),
        (None, _) if usual.why.is_empty() => stance(usual.level, "no profile asks for one"),
        (None, _) => Ok(usual.clone()),
    }
}

/// The file that `git wp hook confine` reads.
#[derive(Debug, Serialize, Deserialize)]
struct Rules {
    v: u32,
    writable: Vec<String>,
}

/// What has to be known to start an agent inside its fence.
pub(super) struct Start<'a> {
    /// This program.
    pub(super) program: &'a Path,
    /// The room.
    pub(super) room: &'a Path,
    /// The file of rules to write.
    pub(super) rules: &'a Path,
    /// The agent's own folder for temporary files.
    pub(super) scratch: &'a Path,
    /// The agent's environment.
    pub(super) vars: &'a BTreeMap<OsString, OsString>,
}

/// The words that start the agent inside its fence; writes the file that they name.
pub(super) fn wrap(fence: &Fence, words: Vec<String>, start: &Start<'_>) -> Result<Vec<String>> {
    let var = |name: &str| start.vars.get(OsStr::new(name)).map(OsString::as_os_str);
    let path = var("PATH").unwrap_or_default();
    let program = words.first().map_or("", String::as_str);
    if process::find_program(program, path, start.room).is_none() {
        let message = format!("there is no program `{}`", text::foreign(program));
        return Err(Error::usage("no-program", message));
    }
    let caches = CACHE_VARIABLES.iter().filter_map(|name| var(name));
    let caches = caches.map(PathBuf::from).filter(|path| path.is_absolute());
    let places = fence.writable.iter().cloned().chain(caches);
    let rules = Rules {
        v: VERSION,
        writable: { places.chain([start.scratch.to_owned()]) }
            .map(|path| plain(&path))
            .collect::<Result<_>>()?,
    };
    let bytes = json::to_canonical(&rules)?;
    file::replace(start.rules, &bytes, Access::Private, Durability::Off)?;
    let (program, rules) = (plain(start.program)?, plain(start.rules)?);
    let before = [&program, "hook", "confine", &rules, "--"].map(str::to_owned);
    Ok(before.into_iter().chain(words).collect())
}

fn plain(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        let message = format!("the path `{}` is not UTF-8", path.display());
        Error::policy("sandbox-path", message).hint("git config wp.sandbox off")
    })
}

/// Takes from this process all rights to write that the file `rules` does not name, and becomes
/// the program `words`. Returns only if that failed.
pub fn become_confined(rules: &Path, words: &[OsString], folder: &Path) -> Error {
    let confined = read(&folder.join(rules)).and_then(|rules| {
        let writable: Vec<PathBuf> = rules.writable.into_iter().map(PathBuf::from).collect();
        confine::here(&writable)
    });
    if let Err(error) = confined {
        return error;
    }
    let Some((program, args)) = words.split_first() else {
        return Error::usage("usage", "which program?");
    };
    let invocation = Invocation::new(program, folder).args(args);
    process::replace(&invocation.input(Input::Inherit))
}

fn read(path: &Path) -> Result<Rules> {
    let wrong = || {
        Error::usage(
            "sandbox-rules",
            format!("`{}` holds no rules", path.display()),
        )
    };
    let bytes = file::read_bounded(path, RULES_MAX)?.ok_or_else(wrong)?;
    let rules: Rules = json::parse_as(&bytes).map_err(|e| wrong().because(e))?;
    match rules.v {
        VERSION => Ok(rules),
        _ => Err(wrong()),
    }
}

/// Whether the kernel keeps a process from writing where it may not, found out by trying it in
/// `folder`, which is made for that and removed. The words say what was tried, or what is missing.
///
/// # Errors
/// `folder` cannot be made.
pub fn try_it(folder: &Path) -> Result<std::result::Result<String, String>> {
    if let Some(why) = confine::missing() {
        return Ok(Err(why));
    }
    file::make_private_dirs(folder)?;
    let (open, closed) = (folder.join("open"), folder.join("closed"));
    let tried = [open.clone(), closed.clone()];
    for file in &tried {
        file::replace(file, b"before", Access::Private, Durability::Off)?;
    }
    let outcome = std::thread::spawn(move || {
        confine::here(std::slice::from_ref(&open))?;
        Ok::<_, Error>((
            std::fs::write(&open, "after"),
            std::fs::write(&closed, "after"),
        ))
    });
    let outcome = outcome
        .join()
        .map_err(|_| Error::bug("a probe that panicked"))?;
    let kept = file::read(&tried[1])?;
    tree::remove(folder)?;
    let version = confine::version().unwrap_or_default();
    Ok(match outcome? {
        (Ok(()), Err(_)) if kept.as_deref() == Some(b"before") => Ok(format!(
            "Landlock version {version}: a write outside was denied, one inside was not"
        )),
        (Err(why), _) => Err(format!(
            "Landlock version {version} denied what it should not: {why}"
        )),
        _ => Err(format!("Landlock version {version} did not deny a write")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_at_home_become_paths_and_others_must_be_absolute() {
        let home = Some(Path::new("/h"));
        assert_eq!(at_home("~/.claude", home), Some("/h/.claude".into()));
        assert_eq!(at_home("/var/x", home), Some("/var/x".into()));
        assert_eq!(at_home("x", home), None);
        assert_eq!(at_home("~/.claude", None), None);
    }

    #[test]
    fn the_lists_are_sorted() {
        assert!(SYSTEM.is_sorted() && CACHES.is_sorted());
    }

    #[test]
    fn folders_are_made_up_to_what_is_no_folder() {
        let room = tempfile::tempdir().unwrap();
        let at = |name: &str| room.path().join(name);
        std::fs::write(at("file"), "").unwrap();
        std::os::unix::fs::symlink("/", at("link")).unwrap();
        assert_eq!(made(room.path(), "a/b").unwrap(), at("a/b"));
        assert!(at("a/b").is_dir());
        assert_eq!(made(room.path(), "file/x").unwrap(), room.path());
        assert_eq!(made(room.path(), "link/etc").unwrap(), room.path());
        assert_eq!(made(room.path(), "").unwrap(), room.path());
    }
}
