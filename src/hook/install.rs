//! One entry in the repository's configuration, one file that it includes, one folder of scripts.
//!
//! ```text
//! <common-dir>/config               [includeIf "gitdir:./worktrees/wp-*"]  path = wp/worktree.gitconfig
//! <common-dir>/wp/worktree.gitconfig    core.hooksPath = <common-dir>/wp/hooks, lock timeouts, ...
//! <common-dir>/wp/hooks/<name>          ten lines of shell that start this program
//! ```
//! The condition holds in worktrees of attempts alone, so the user's own checkout runs nothing of
//! ours, and a later `core.hooksPath` of the user's does not switch us off. Taking the entry out
//! leaves the file byte for byte as it was.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::base::{Error, Result};
use crate::git::Repo;
use crate::hook::names::{PROBE, hooks_dir};
use crate::model::Durability;
use crate::os::file::{self, Access};

/// The entry. It has no final line feed of its own: see [`with_entry`].
const ENTRY: &str = "[includeIf \"gitdir:./worktrees/wp-*\"]\n\tpath = wp/worktree.gitconfig";
const SHIM: &str = include_str!("../../hooks/shim.sh");
/// Most bytes of a configuration file.
const CONFIG_MAX: u64 = 16 << 20;

/// Every hook that git runs in a worktree. Since ours stand in front of the user's, each of them
/// has to be handed on.
pub const NAMES: [&str; 18] = [
    "applypatch-msg",
    "commit-msg",
    "post-applypatch",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "post-rewrite",
    "pre-applypatch",
    "pre-auto-gc",
    "pre-commit",
    "pre-merge-commit",
    "pre-push",
    "pre-rebase",
    "prepare-commit-msg",
    "reference-transaction",
    "sendemail-validate",
    PROBE,
];

/// What holds in rooms beside the hooks: nothing that asks, cleans up or gives up at once.
const SETTINGS: [(&str, &str); 9] = [
    ("core.filesRefLockTimeout", "1000"),
    ("core.packedRefsTimeout", "10000"),
    ("reftable.lockTimeout", "10000"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("commit.gpgSign", "false"),
    ("tag.gpgSign", "false"),
    ("tag.forceSignAnnotated", "false"),
    ("push.gpgSign", "false"),
];

/// What a command did to the repository, to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The file or folder.
    pub path: PathBuf,
    /// What was done, for instance `added one entry`.
    pub what: &'static str,
}

fn included_file(common_dir: &Path) -> PathBuf {
    common_dir.join("wp").join("worktree.gitconfig")
}

/// Installs; `program` is the absolute path of this program. Doing it again changes nothing but
/// what is out of date; the answer names what was written.
///
/// # Errors
/// The configuration is locked or cannot be written.
pub fn install(repo: &Repo, program: &Path) -> Result<Vec<Change>> {
    let common = repo.common_dir();
    let mut changes = materialise(common, program)?;
    let included = included_file(common);
    let text = included_text(&hooks_dir(common))?;
    if write_if_other(&included, text.as_bytes(), Access::Shared)? {
        changes.push(changed(included, "wrote the configuration of rooms"));
    }
    let config = common.join("config");
    if edit_config(&config, with_entry)? {
        changes.push(changed(
            config,
            "added one entry, includeIf gitdir:./worktrees/wp-*",
        ));
    }
    Ok(changes)
}

/// Takes out what [`install`] wrote, and nothing else.
///
/// # Errors
/// The configuration is locked or cannot be written.
pub fn uninstall(repo: &Repo) -> Result<Vec<Change>> {
    let common = repo.common_dir();
    let mut changes = Vec::new();
    let config = common.join("config");
    if edit_config(&config, without_entry)? {
        changes.push(changed(config, "removed our entry"));
    }
    let included = included_file(common);
    if file::remove(&included)? {
        changes.push(changed(included, "removed"));
    }
    let hooks = hooks_dir(common);
    if crate::os::tree::remove(&hooks)? {
        changes.push(changed(hooks, "removed"));
    }
    Ok(changes)
}

/// Writes the scripts only, for agents that get the configuration by their environment.
///
/// # Errors
/// The folder cannot be written.
pub fn materialise(common_dir: &Path, program: &Path) -> Result<Vec<Change>> {
    let folder = hooks_dir(common_dir);
    file::make_private_dirs(&folder)?;
    let script = shim(program)?;
    let mut is_new = false;
    for name in NAMES {
        is_new |= write_if_other(&folder.join(name), script.as_bytes(), Access::Program)?;
    }
    Ok(is_new
        .then(|| changed(folder, "wrote hook scripts"))
        .into_iter()
        .collect())
}

/// The same configuration as variables for an agent, for repositories without [`install`]. The
/// scripts have to be there: see [`materialise`].
pub fn env_config(common_dir: &Path) -> Vec<(String, String)> {
    let hooks = hooks_dir(common_dir).to_string_lossy().into_owned();
    let all = [("core.hooksPath", hooks.as_str())]
        .into_iter()
        .chain(SETTINGS);
    let mut vars = Vec::new();
    for (i, (key, value)) in all.enumerate() {
        vars.push((format!("GIT_CONFIG_KEY_{i}"), key.to_owned()));
        vars.push((format!("GIT_CONFIG_VALUE_{i}"), value.to_owned()));
    }
    vars.push((
        "GIT_CONFIG_COUNT".to_owned(),
        (SETTINGS.len() + 1).to_string(),
    ));
    vars
}

/// Which parts of an installation stand in their places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The entry is in the configuration.
    pub entry: bool,
    /// The included file is as this version writes it.
    pub included: bool,
    /// All scripts are as this version writes them, for this program.
    pub scripts: bool,
}

/// Looks at the files. Whether git really gets there is another question: see
/// [`crate::hook::status()`].
///
/// # Errors
/// A file cannot be read.
pub fn standing(repo: &Repo, program: &Path) -> Result<Standing> {
    let common = repo.common_dir();
    let config = file::read(&common.join("config"))?.unwrap_or_default();
    let text = included_text(&hooks_dir(common))?;
    let script = shim(program)?;
    let mut scripts = true;
    for name in NAMES {
        scripts &= is_same(
            &hooks_dir(common).join(name),
            script.as_bytes(),
            Access::Program,
        )?;
    }
    Ok(Standing {
        entry: find_entry(&config).is_some(),
        included: is_same(&included_file(common), text.as_bytes(), Access::Shared)?,
        scripts,
    })
}

fn changed(path: PathBuf, what: &'static str) -> Change {
    Change { path, what }
}

fn shim(program: &Path) -> Result<String> {
    let path = program.to_str().filter(|path| !path.contains('\n'));
    let path = path.ok_or_else(|| unusable(program))?;
    let quoted = format!("'{}'", path.replace('\'', "'\\''"));
    Ok(SHIM.replace("@PROGRAM@", &quoted))
}

fn included_text(hooks: &Path) -> Result<String> {
    let path = hooks.to_str().filter(|path| !path.contains('\n'));
    let path = path.ok_or_else(|| unusable(hooks))?;
    let quoted = path.replace('\\', "\\\\").replace('"', "\\\"");
    let mut text =
        "# Written by `git wp hooks install`. Holds in worktrees of work packages.\n".to_owned();
    text += &format!("[core]\n\thooksPath = \"{quoted}\"\n");
    for (key, value) in SETTINGS {
        if let Some((section, name)) = key.split_once('.') {
            text += &format!("[{section}]\n\t{name} = {value}\n");
        }
    }
    Ok(text)
}

fn unusable(path: &Path) -> Error {
    let message = format!(
        "the path `{}` cannot be written into a script",
        path.display()
    );
    Error::usage("path", message)
}

fn is_same(path: &Path, bytes: &[u8], access: Access) -> Result<bool> {
    if file::read(path)?.as_deref() != Some(bytes) {
        return Ok(false);
    }
    let mode = std::fs::metadata(path).map(|meta| meta.permissions().mode());
    let is_program = mode.is_ok_and(|mode| mode & 0o100 != 0);
    Ok(is_program == (access == Access::Program))
}

fn write_if_other(path: &Path, bytes: &[u8], access: Access) -> Result<bool> {
    if is_same(path, bytes, access)? {
        return Ok(false);
    }
    file::replace(path, bytes, access, Durability::Fast)?;
    Ok(true)
}

/// Changes the configuration under git's own lock, keeping mode and place (also behind a link).
fn edit_config(path: &Path, edit: fn(&[u8]) -> Option<Vec<u8>>) -> Result<bool> {
    let about = |e| Error::io(format!("cannot change `{}`", path.display()), e);
    let path = std::fs::canonicalize(path).map_err(about)?;
    let mut lock = path.clone().into_os_string();
    lock.push(".lock");
    let lock = PathBuf::from(lock);
    if !file::create_new(&lock, b"", Access::Shared)? {
        let message = format!("`{}` is being changed by somebody else", path.display());
        return Err(Error::busy("config-lock", message).hint("try again in a moment"));
    }
    let done = edit_locked(&path, &lock, edit);
    if !matches!(done, Ok(true)) {
        file::remove(&lock)?;
    }
    done
}

fn edit_locked(path: &Path, lock: &Path, edit: fn(&[u8]) -> Option<Vec<u8>>) -> Result<bool> {
    let about = |e| Error::io(format!("cannot change `{}`", path.display()), e);
    let Some(old) = file::read_bounded(path, CONFIG_MAX)? else {
        return Ok(false);
    };
    let Some(new) = edit(&old) else {
        return Ok(false);
    };
    std::fs::write(lock, new).map_err(about)?;
    let mode = std::fs::metadata(path).map_err(about)?.permissions();
    std::fs::set_permissions(lock, mode).map_err(about)?;
    file::sync_file(lock)?;
    std::fs::rename(lock, path).map_err(about)?;
    Ok(true)
}

/// The place of the entry as it stands on lines of its own.
fn find_entry(config: &[u8]) -> Option<usize> {
    let entry = ENTRY.as_bytes();
    let mut starts = (0..config.len().checked_sub(entry.len())? + 1).filter(|at| {
        let end = at + entry.len();
        config[*at..].starts_with(entry)
            && (*at == 0 || config[at - 1] == b'\n')
            && matches!(config.get(end), None | Some(b'\n'))
    });
    starts.next()
}

/// Adds the entry at the end, where it wins over what stands before it. A file without a final
/// line feed stays one, so that [`without_entry`] can tell and restore it.
fn with_entry(config: &[u8]) -> Option<Vec<u8>> {
    if find_entry(config).is_some() {
        return None;
    }
    let entry = ENTRY.as_bytes();
    let is_ended = config.is_empty() || config.ends_with(b"\n");
    Some(match is_ended {
        true => [config, entry, b"\n"].concat(),
        false => [config, b"\n", entry].concat(),
    })
}

fn without_entry(config: &[u8]) -> Option<Vec<u8>> {
    let at = find_entry(config)?;
    let end = at + ENTRY.len();
    Some(match config.get(end) {
        Some(_) => [&config[..at], &config[end + 1..]].concat(),
        None => config[..at.saturating_sub(1)].to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taking_the_entry_out_restores_every_byte() {
        for before in [
            "",
            "[core]\n\tbare = false\n",
            "[core]\n\tbare = false",
            "[a]\r\n\tb=c\r\n",
        ] {
            let with = with_entry(before.as_bytes()).unwrap();
            assert!(find_entry(&with).is_some());
            assert_eq!(with_entry(&with), None, "a second time changes nothing");
            assert_eq!(
                without_entry(&with).unwrap(),
                before.as_bytes(),
                "{before:?}"
            );
        }
        assert_eq!(without_entry(b"[core]\n"), None);
    }

    #[test]
    fn what_came_after_the_entry_stays() {
        let with = with_entry(b"[core]\n").unwrap();
        let later = [&with[..], b"[user]\n\tname = x\n"].concat();
        assert_eq!(
            without_entry(&later).unwrap(),
            b"[core]\n[user]\n\tname = x\n"
        );
        let similar = format!("[core]\n# {ENTRY}\n");
        assert_eq!(find_entry(similar.as_bytes()), None);
    }

    #[test]
    fn paths_are_quoted_for_shell_and_configuration() {
        assert!(
            shim(Path::new("/a b/it's"))
                .unwrap()
                .contains("wp='/a b/it'\\''s'\n")
        );
        assert!(
            included_text(Path::new("/a\"b\\c"))
                .unwrap()
                .contains("\"/a\\\"b\\\\c\"")
        );
        assert!(shim(Path::new("/a\nb")).is_err());
        assert!(SHIM.lines().count() <= 10);
    }
}
