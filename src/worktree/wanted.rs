//! Which ignored files of the main checkout a name in `[worktree]` of `wp.toml` means.
//!
//! A name without wildcards is one file or folder. A pattern means whatever git ignores and the
//! pattern matches, folders whole; one that begins with a wildcard does not look into folders that
//! are ignored themselves. Links are not followed.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use crate::base::{Error, RepoPath, Result, text};
use crate::git::{Git, Sub};
use crate::os::file;
use crate::scope::{Fold, Pattern};

/// Most entries of ignored folders that one pattern is compared with.
const ENTRIES_MAX: usize = 200_000;

/// What a name means in this checkout.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Files and folders, relative to the checkout.
    pub(super) paths: BTreeSet<PathBuf>,
    /// A line for what is not brought.
    pub(super) left_out: Vec<String>,
}

/// Looks a name up below `main`.
///
/// # Errors
/// `worktree-path` (usage) if the name leads out of the checkout or is no pattern.
pub(super) fn find(main: &Path, name: &str) -> Result<Found> {
    let path = inside(name)?;
    let shown = text::foreign(name).to_string();
    let mut found = Found::default();
    if !is_pattern(name) {
        match reach(main, &path) {
            Reach::There => drop(found.paths.insert(path)),
            Reach::Absent => {
                let line = format!("`{shown}` is not in the main checkout");
                found.left_out.push(line);
            }
            Reach::ThroughLink => {
                let line = format!("`{shown}` is behind a link, which is not followed");
                found.left_out.push(line);
            }
        }
        return Ok(found);
    }
    let pattern = Pattern::parse(name.trim_end_matches('/')).map_err(|e| {
        let message = format!("`{shown}` in `[worktree]` of wp.toml is no pattern: {e}");
        Error::usage("worktree-path", message).hint("edit wp.toml")
    })?;
    let mut search = Search {
        main,
        pattern,
        left: ENTRIES_MAX,
        paths: BTreeSet::new(),
    };
    search.run(&prefix_of(&path))?;
    if search.paths.is_empty() {
        let line = format!("nothing that git ignores matches `{shown}`");
        found.left_out.push(line);
    }
    if search.left == 0 {
        let line = format!("`{shown}` was compared with {ENTRIES_MAX} entries and no more");
        found.left_out.push(line);
    }
    found.paths = search.paths;
    Ok(found)
}

/// What stands at a path.
enum Reach {
    There,
    Absent,
    ThroughLink,
}

fn reach(main: &Path, path: &Path) -> Reach {
    let mut at = main.to_owned();
    let mut parts = path.components().peekable();
    while let Some(part) = parts.next() {
        at.push(part);
        match fs::symlink_metadata(&at) {
            Err(_) => return Reach::Absent,
            Ok(meta) if meta.is_symlink() && parts.peek().is_some() => return Reach::ThroughLink,
            Ok(meta) if meta.is_symlink() && leads_out(main, &at) => return Reach::ThroughLink,
            Ok(_) => {}
        }
    }
    Reach::There
}

/// True for a link whose target, by name, is not below `main`: in a room it would lead elsewhere.
fn leads_out(main: &Path, link: &Path) -> bool {
    let Ok(target) = fs::read_link(link) else {
        return true;
    };
    let mut depth = link.components().count() - main.components().count() - 1;
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return true,
        }
    }
    false
}

fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '[', '{'])
}

/// The folders before the first wildcard.
fn prefix_of(path: &Path) -> PathBuf {
    let plain = |part: &Component<'_>| !part.as_os_str().to_str().is_none_or(is_pattern);
    path.components().take_while(plain).collect()
}

struct Search<'a> {
    main: &'a Path,
    pattern: Pattern,
    left: usize,
    paths: BTreeSet<PathBuf>,
}

impl Search<'_> {
    fn run(&mut self, prefix: &Path) -> Result<()> {
        let git = Git::in_folder(self.main);
        let call = git.call(Sub::LsFiles).args([
            "-z",
            "--others",
            "--ignored",
            "--exclude-standard",
            "--directory",
            "--",
        ]);
        let has_prefix = !prefix.as_os_str().is_empty();
        let call = if has_prefix { call.arg(prefix) } else { call };
        for item in call.items()? {
            let folder = item.strip_suffix(b"/");
            let path = PathBuf::from(OsStr::from_bytes(folder.unwrap_or(&item)));
            if self.matches(&path) {
                self.paths.insert(path);
            } else if folder.is_some() && has_prefix {
                self.enter(&path)?;
            }
        }
        Ok(())
    }

    fn enter(&mut self, folder: &Path) -> Result<()> {
        let place = self.main.join(folder);
        for name in file::names(&place)? {
            if self.left == 0 {
                return Ok(());
            }
            self.left -= 1;
            let path = folder.join(&name);
            if self.matches(&path) {
                self.paths.insert(path);
            } else if fs::symlink_metadata(place.join(&name)).is_ok_and(|meta| meta.is_dir()) {
                self.enter(&path)?;
            }
        }
        Ok(())
    }

    fn matches(&self, path: &Path) -> bool {
        let path = RepoPath::from_bytes(path.as_os_str().as_bytes());
        !path.is_hostile() && self.pattern.matches(&path, Fold::None)
    }
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

    #[test]
    fn a_prefix_ends_before_the_first_wildcard() {
        for (name, prefix) in [
            ("a/b/*.x", "a/b"),
            ("**/x", ""),
            ("a{b,c}/d", ""),
            ("a/b", "a/b"),
        ] {
            assert_eq!(prefix_of(Path::new(name)), Path::new(prefix));
        }
    }

    #[test]
    fn a_link_that_leads_out_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("d/e")).unwrap();
        for (name, target, out) in [
            ("in", "d/e", false),
            ("d/up", "../in", false),
            ("d/out", "../../x", true),
            ("abs", "/etc", true),
        ] {
            std::os::unix::fs::symlink(target, at(name)).unwrap();
            assert_eq!(leads_out(folder.path(), &at(name)), out, "{name}");
        }
        assert!(matches!(
            reach(folder.path(), Path::new("in/x")),
            Reach::ThroughLink
        ));
    }
}
