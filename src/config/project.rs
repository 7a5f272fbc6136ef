//! `wp.toml`, the committed part of the configuration. Unknown keys are errors with their place.

use std::path::Path;

use crate::base::{ContentHash, Error, RepoPath, Result, text};
use crate::git::Repo;
use crate::guard::{Consent, Rules};
use crate::model::settings::{PORTS_MAX, Project};
use crate::os::file;

/// Its name, at the root of the repository.
pub const NAME: &str = "wp.toml";
const BYTES_MAX: u64 = 1 << 20;

/// The file with what it says; trust is bound to exactly these bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectFile {
    /// The bytes as read.
    pub bytes: Vec<u8>,
    /// Their hash.
    pub hash: ContentHash,
    /// What they say.
    pub project: Project,
}

impl ProjectFile {
    /// Reads the file from the checkout, or from HEAD in a bare repository; `None` if there is
    /// none.
    ///
    /// # Errors
    /// `wp-toml` (usage) with `wp.toml:line:column` if it cannot be read or has unknown keys.
    pub fn find(repo: &Repo) -> Result<Option<Self>> {
        let bytes = match repo.work_dir() {
            Some(folder) => file::read_bounded(&folder.join(NAME), BYTES_MAX)?,
            None => at_head(repo)?,
        };
        bytes.map(Self::parse).transpose()
    }

    /// Reads the bytes of a `wp.toml`.
    pub fn parse(bytes: Vec<u8>) -> Result<Self> {
        let text = std::str::from_utf8(&bytes).map_err(|e| {
            let place = place(NAME, &bytes, e.valid_up_to());
            Error::usage("wp-toml", format!("{place}: not UTF-8"))
        })?;
        let project: Project = toml::from_str(text).map_err(|e| {
            let place = place(NAME, &bytes, e.span().map_or(0, |span| span.start));
            let what = text::foreign(e.message()).to_string();
            Error::usage("wp-toml", format!("{place}: {what}"))
        })?;
        check(&project)?;
        Ok(ProjectFile {
            hash: ContentHash::of(&bytes),
            project,
            bytes,
        })
    }
}

fn at_head(repo: &Repo) -> Result<Option<Vec<u8>>> {
    let Some(head) = repo.refs().head()?.oid else {
        return Ok(None);
    };
    let objects = repo.objects();
    let tree = objects.commit(&head)?.tree;
    let bytes = objects.file(&tree, &RepoPath::from(NAME))?;
    Ok(bytes.filter(|bytes| bytes.len() as u64 <= BYTES_MAX))
}

/// What is copied or linked into a room lies inside the checkout; what changes the guard means
/// something.
fn check(project: &Project) -> Result<()> {
    Rules::read(&project.guard, Consent::Given)?;
    let rooms = &project.worktree;
    if rooms.ports > PORTS_MAX {
        let message = format!("{NAME}: `[worktree] ports` is at most {PORTS_MAX}");
        return Err(Error::usage("wp-toml", message));
    }
    let names = rooms.copy.iter().chain(&rooms.link).chain(&rooms.hardlink);
    for path in names {
        let clean = path.trim_end_matches('/');
        let inside = !Path::new(clean).is_absolute() && !RepoPath::from(clean).is_hostile();
        if !inside {
            let shown = text::foreign(path);
            let message = format!("{NAME}: `{shown}` is not a path inside the checkout");
            return Err(Error::usage("wp-toml", message));
        }
    }
    Ok(())
}

/// `name:line:column` of the byte `at`.
pub(super) fn place(name: impl std::fmt::Display, bytes: &[u8], at: usize) -> String {
    let before = &bytes[..at.min(bytes.len())];
    let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
    let begin = before
        .iter()
        .rposition(|&b| b == b'\n')
        .map_or(0, |i| i + 1);
    let column = String::from_utf8_lossy(&before[begin..]).chars().count() + 1;
    format!("{name}:{line}:{column}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        let error = ProjectFile::parse(text.into()).unwrap_err();
        assert_eq!(error.code(), "wp-toml");
        error.to_string()
    }

    #[test]
    fn what_it_says_is_read() {
        let text = "[verify]\nfinal = [\"cargo test\"]\non_merge = \"none\"\n[worktree]\ncopy = [\".env\"]\n";
        let file = ProjectFile::parse(text.into()).unwrap();
        assert_eq!(file.project.verify.final_commands, ["cargo test"]);
        assert_eq!(file.project.worktree.copy, [".env"]);
        assert!(file.project.names_programs());
        assert_eq!(file.hash, ContentHash::of(text.as_bytes()));
        assert_eq!(
            ProjectFile::parse(Vec::new()).unwrap().project,
            Project::default()
        );
    }

    #[test]
    fn errors_have_line_and_column() {
        assert!(error("[verify]\nö = 1\n").starts_with("wp.toml:2:1: "));
        assert!(error("[verify]\n  finale = []\n").starts_with("wp.toml:2:3: unknown field"));
        assert!(error("[verify]\nfinal = 3\n").starts_with("wp.toml:2:9: "));
        assert!(error("[verify\n").starts_with("wp.toml:1:"));
        assert!(error("[unknown]\n").starts_with("wp.toml:1:2: "));
        let bytes = b"[verify]\na = \"\xff\"".to_vec();
        let error = ProjectFile::parse(bytes).unwrap_err().to_string();
        assert_eq!(error, "wp.toml:2:6: not UTF-8");
    }

    #[test]
    fn guard_and_policy_are_read_and_checked() {
        let text = "[guard.off]\nnpm_publish = \"no package\"\n\
            [guard.change.rm_rf]\nlevel = \"warn\"\n\
            [guard.rules.no_prod]\nprogram = \"make\"\nwords = [\"prod*\"]\nmin_trust = 4\nwhy = \"x\"\n\
            [policy.profiles.reviewer]\nallowed = [\"review\"]\nmax_files = 0\n";
        let project = ProjectFile::parse(text.into()).unwrap().project;
        assert_eq!(project.guard.rules["no_prod"].min_trust.level(), 4);
        assert_eq!(project.policy.profiles["reviewer"].max_files, Some(0));
        assert!(error("[guard.off]\nrm_rf = \"\"\n").contains("no reason"));
        assert!(error("[guard.change.rm_fr]\n").contains("is no rule"));
        assert!(error("[guard.change.rm_rf]\nmin_trust = 5\n").contains("0 to 4"));
        assert!(error("[guard.change.rm_rf]\nlevel = \"deny\"\n").contains("unknown variant"));
    }

    #[test]
    fn rooms_take_nothing_from_outside() {
        for path in ["/etc/passwd", "../x", "a/../../x", ".git/config", ""] {
            error(&format!("[worktree]\ncopy = [{path:?}]\n"));
        }
        ProjectFile::parse(b"[worktree]\nlink = [\"node_modules/\"]\n".to_vec()).unwrap();
    }
}
