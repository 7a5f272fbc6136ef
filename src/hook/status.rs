//! Whether hooks are reached, shown by running one and not by looking at files.
//!
//! A git folder like that of a room is made for a moment, git is asked there to run a hook that
//! does nothing but repeat a token, and the folder goes again.

use std::path::{Path, PathBuf};

use crate::base::{Error, Result, text};
use crate::git::{Git, Repo, Sub};
use crate::hook::chain;
use crate::hook::install::{self, Standing};
use crate::hook::names::PROBE;
use crate::hook::room::{Place, Room};
use crate::model::Durability;
use crate::os::file::{self, Access};
use crate::os::{random, tree};

/// What there is to say about the hooks of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HooksStatus {
    /// What stands in its place.
    pub standing: Standing,
    /// Whether git gets there.
    pub reach: Reach,
    /// Where the hooks are that ours hand on to.
    pub original: PathBuf,
    /// Which of them there are.
    pub chained: Vec<String>,
}

/// Whether git runs our hooks in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// The probe came through.
    Reached,
    /// It did not; the reason for people.
    NotReached(String),
}

/// Tries. `program` is the absolute path of this program.
///
/// # Errors
/// The repository cannot be read. That the probe fails is an answer, not an error.
pub fn status(repo: &Repo, program: &Path) -> Result<HooksStatus> {
    let room = Room {
        git_dir: repo.git_dir().to_owned(),
        common_dir: repo.common_dir().to_owned(),
        objects: repo.common_dir().join("objects"),
        scope: None,
    };
    let place = Place {
        folder: repo.work_dir().unwrap_or(repo.common_dir()).to_owned(),
        ..Place::default()
    };
    let original = chain::original_folder(&place, &room)?;
    let names = file::names(&original).unwrap_or_default();
    let names = names.into_iter().filter_map(|name| name.into_string().ok());
    let chained = names
        .filter(|name| install::NAMES.contains(&name.as_str()))
        .collect();
    Ok(HooksStatus {
        standing: install::standing(repo, program)?,
        reach: probe(repo)?,
        original,
        chained,
    })
}

fn probe(repo: &Repo) -> Result<Reach> {
    let token = random::id(10)?;
    let id = format!("wp-probe-{token}");
    let git_dir = repo.common_dir().join("worktrees").join(&id);
    let folder = repo.wp_dir().join(&id);
    let had_worktrees = repo.common_dir().join("worktrees").is_dir();
    let answer = furnish(&git_dir, &folder).and_then(|()| ask(&git_dir, &folder, &token));
    tree::remove(&git_dir)?;
    tree::remove(&folder)?;
    if !had_worktrees {
        // Only if nobody made a worktree meanwhile: a folder that is not empty stays.
        let _ = std::fs::remove_dir(repo.common_dir().join("worktrees"));
    }
    match answer {
        Ok(reach) => Ok(reach),
        Err(e) => Ok(Reach::NotReached(format!(
            "the probe could not be made: {e}"
        ))),
    }
}

fn furnish(git_dir: &Path, folder: &Path) -> Result<()> {
    let write = |path: PathBuf, text: String| {
        file::replace(&path, text.as_bytes(), Access::Shared, Durability::Off)
    };
    file::make_private_dirs(git_dir)?;
    file::make_private_dirs(folder)?;
    let link = folder.join(".git");
    write(
        git_dir.join("HEAD"),
        "ref: refs/heads/wp-probe\n".to_owned(),
    )?;
    write(git_dir.join("commondir"), "../..\n".to_owned())?;
    write(git_dir.join("gitdir"), format!("{}\n", link.display()))?;
    // While it stands nobody else tidies it away.
    write(git_dir.join("locked"), "git wp hooks status\n".to_owned())?;
    write(link, format!("gitdir: {}\n", git_dir.display()))
}

fn ask(git_dir: &Path, folder: &Path, token: &str) -> Result<Reach> {
    let git = Git::in_work_tree(git_dir, folder).with_hooks();
    let call = git.call(Sub::Hook).args(["run", PROBE, "--", token]);
    let answer = call.run()?;
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&answer.stdout),
        answer.stderr
    );
    if answer.code == 0 && said.contains(&format!("{PROBE} {token}")) {
        return Ok(Reach::Reached);
    }
    let line = said.lines().next().unwrap_or("nothing was said");
    let line = text::cut(&text::foreign(line).to_string(), 200);
    let reason = Error::negative("hooks", format!("git says: {line}"));
    Ok(Reach::NotReached(reason.to_string()))
}
