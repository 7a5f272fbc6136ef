//! What a room needs before work starts: copies and links from the main checkout, set-up commands.
//!
//! Only what git ignores is brought in: anything else would be committed as the agent's work, and
//! a secret among it published.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use crate::base::{Error, RepoPath, Result, text};
use crate::git::{Git, Sub};
use crate::model::settings::RoomSettings;
use crate::os::process::{Invocation, Job, Limits, Sink, Status, Watch, sink, supervise};
use crate::os::{file, tree};

/// Longest run of one set-up command.
const SETUP_MAX: Duration = Duration::from_secs(30 * 60);
const GRACE: Duration = Duration::from_secs(5);
const LOG_BYTES: u64 = 4 << 20;

/// What is brought into a room.
#[derive(Clone, Copy)]
pub struct Equipment<'a> {
    /// The main checkout.
    pub main: &'a Path,
    /// `[worktree]` of `wp.toml`.
    pub settings: &'a RoomSettings,
    /// Whether its set-up commands run.
    pub setup: Setup<'a>,
}

/// Whether set-up commands run.
#[derive(Clone, Copy)]
pub enum Setup<'a> {
    /// They were not approved on this machine, or are not wanted here.
    Skip,
    /// They were approved.
    Run {
        /// Their whole environment.
        env: &'a BTreeMap<OsString, OsString>,
        /// Where their output goes.
        log: &'a Path,
        /// Stops them.
        watch: &'a Watch,
    },
}

/// Brings everything into the room at `path`; gives a line per thing that was left out.
///
/// # Errors
/// A path of the settings leads out of the checkout, a file cannot be copied, or a set-up command
/// fails.
pub fn equip(path: &Path, equipment: &Equipment<'_>) -> Result<Vec<String>> {
    let RoomSettings {
        copy, link, setup, ..
    } = equipment.settings;
    let mut left_out = Vec::new();
    // `check-ignore` takes paths, not patterns, and refuses to be told so.
    let git = Git::in_folder(equipment.main).env("GIT_LITERAL_PATHSPECS", "0");
    for (names, is_link) in [(copy, false), (link, true)] {
        for name in names {
            let name = inside(name)?;
            let (from, to) = (equipment.main.join(&name), path.join(&name));
            let shown = text::foreign(&name.to_string_lossy()).to_string();
            if std::fs::symlink_metadata(&from).is_err() {
                left_out.push(format!("`{shown}` is not in the main checkout"));
            } else if !is_ignored(&git, &name)? {
                left_out.push(format!(
                    "`{shown}` is not ignored by git, so it would be committed; add it to .gitignore"
                ));
            } else if std::fs::symlink_metadata(&to).is_err() {
                bring(&from, &to, is_link, &mut left_out)?;
            }
        }
    }
    if let Setup::Run { env, log, watch } = equipment.setup {
        run_setup(path, setup, (env, log, watch))?;
    }
    Ok(left_out)
}

fn bring(from: &Path, to: &Path, is_link: bool, left_out: &mut Vec<String>) -> Result<()> {
    if let Some(folder) = to.parent() {
        file::make_shared_dirs(folder)?;
    }
    let is_folder = std::fs::metadata(from).is_ok_and(|meta| meta.is_dir());
    if is_link && is_folder {
        // A folder of links, not a link: an ignore rule that ends with `/` does not match a link.
        file::make_shared_dirs(to)?;
        for name in file::names(from)? {
            tree::link(&from.join(&name), &to.join(&name))?;
        }
    } else if is_link {
        tree::link(from, to)?;
    } else {
        let skipped = tree::copy(from, to)?;
        left_out.extend(skipped.iter().map(|path| {
            let shown = text::foreign(&path.to_string_lossy()).to_string();
            format!("`{shown}` is neither a file nor a folder")
        }));
    }
    Ok(())
}

/// A relative path without `..` and `.git`.
fn inside(name: &str) -> Result<PathBuf> {
    let path = Path::new(name);
    let plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let tidy: PathBuf = path
        .components()
        .filter(|part| matches!(part, Component::Normal(_)))
        .collect();
    let hostile = RepoPath::from_bytes(tidy.as_os_str().as_bytes()).is_hostile();
    if plain && !hostile {
        return Ok(tidy);
    }
    let shown = text::foreign(name);
    let message = format!("`{shown}` in `[worktree]` of wp.toml is not a path inside the checkout");
    Err(Error::usage("worktree-path", message).hint("edit wp.toml"))
}

fn is_ignored(git: &Git, name: &Path) -> Result<bool> {
    let call = git.call(Sub::CheckIgnore).args(["--quiet", "--"]);
    let answer = call.arg(name).run()?;
    match answer.code {
        0 => Ok(true),
        1 => Ok(false),
        _ => Err(answer.failure()),
    }
}

type Surroundings<'a> = (&'a BTreeMap<OsString, OsString>, &'a Path, &'a Watch);

fn run_setup(path: &Path, lines: &[String], (env, log, watch): Surroundings<'_>) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    if let Some(folder) = log.parent() {
        file::make_private_dirs(folder)?;
    }
    let output = sink::Log::create(log, LOG_BYTES)?;
    let mut env = env.clone();
    let ceiling = path.parent().unwrap_or(path);
    env.insert("GIT_CEILING_DIRECTORIES".into(), ceiling.into());
    for line in lines {
        output.write(format!("$ {line}\n").as_bytes());
        let job = Job {
            invocation: Invocation::new("sh", path)
                .args([OsStr::new("-c"), OsStr::new(line)])
                .only_env(env.clone()),
            mark: None,
            limits: Limits {
                wall: Some(SETUP_MAX),
                silence: None,
                grace: GRACE,
            },
            stdout: Sink::Log(output.clone()),
            stderr: Sink::Log(output.clone()),
        };
        let done = supervise(job, watch)?;
        if done.status != Status::Code(0) {
            let (shown, status) = (text::foreign(line), done.status);
            let message = format!("the set-up command `{shown}` ended with {status}");
            let hint = format!("read `{}`", log.display());
            return Err(Error::negative("setup", message).hint(hint));
        }
    }
    output.finish().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_inside_the_checkout_are_taken() {
        for (name, tidy) in [(".env", ".env"), ("./a/b/", "a/b"), ("a/./b", "a/b")] {
            assert_eq!(inside(name).unwrap(), Path::new(tidy));
        }
        for name in ["", ".", "..", "a/../b", "/etc", ".git/config", "a/.GIT"] {
            assert!(inside(name).is_err(), "{name}");
        }
    }
}
