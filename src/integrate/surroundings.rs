//! What an agent could plant in the shared git folder, as it was before and as it is after.
//!
//! The gate is blind to all of it; this exists so that the change is reported. Contents are
//! compared by hash and never shown, they may hold credentials.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::base::{ContentHash, Oid, Result};
use crate::git::Repo;
use crate::os::file;

/// Files of the shared folder that can run programs or bend history.
const FILES: [&str; 8] = [
    "config",
    "config.worktree",
    "info/attributes",
    "info/grafts",
    "info/exclude",
    "objects/info/alternates",
    "objects/info/http-alternates",
    "shallow",
];

/// A snapshot: what there is, by name, with a hash of the content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surroundings(BTreeMap<String, ContentHash>);

/// One difference between two snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planted {
    /// The file or ref, relative to the shared git folder.
    pub name: String,
    /// What happened to it.
    pub how: How,
    /// What it can do.
    pub danger: Danger,
}

/// What a planted thing can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Danger {
    /// Run programs or hide files; of no effect on the gate.
    Programs,
    /// Make git show other history or content than what is stored.
    BendsHistory,
    /// Pass the attempt's commits off as work of the user, or as merged: a ref that the agent
    /// moved to a commit of its own.
    MovesRef,
}

/// What happened to a file or ref.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// It is new.
    Added,
    /// Its content is another.
    Changed,
    /// It is gone.
    Removed,
}

impl fmt::Display for Planted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.how {
            How::Added => "appeared",
            How::Changed => "was changed",
            How::Removed => "disappeared",
        };
        let name = crate::base::text::foreign(&self.name);
        if self.danger == Danger::MovesRef {
            return match self.how {
                How::Added => write!(f, "the agent made the ref `{name}` for commits of its own"),
                How::Changed | How::Removed => {
                    write!(f, "the agent moved the ref `{name}` to a commit of its own")
                }
            };
        }
        write!(f, "`{name}` {how} in the git folder while the agent ran")
    }
}

impl Surroundings {
    /// Looks at the shared folder of `repo`.
    ///
    /// # Errors
    /// A file is there but cannot be read.
    pub fn read(repo: &Repo) -> Result<Self> {
        let common = repo.common_dir();
        let mut found = BTreeMap::new();
        for name in FILES {
            add(common, name, &mut found)?;
        }
        for hook in file::names(&common.join("hooks"))? {
            let name = format!("hooks/{}", hook.to_string_lossy());
            if !name.ends_with(".sample") {
                add(common, &name, &mut found)?;
            }
        }
        for (name, oid) in repo.refs().list("refs/replace/")? {
            found.insert(name.to_string(), ContentHash::of(oid.as_str().as_bytes()));
        }
        Ok(Surroundings(found))
    }

    /// What is different in `later`. Replace refs, grafts, alternates and a cut of history bend
    /// what people are shown; the rest could only run programs or hide files.
    pub fn changes(&self, later: &Surroundings) -> Vec<Planted> {
        let mut out = Vec::new();
        for (name, hash) in &later.0 {
            match self.0.get(name) {
                None => out.push(planted(name, How::Added)),
                Some(before) if before != hash => out.push(planted(name, How::Changed)),
                Some(_) => {}
            }
        }
        let gone = self.0.keys().filter(|name| !later.0.contains_key(*name));
        out.extend(gone.map(|name| planted(name, How::Removed)));
        out
    }

    /// True if some object is replaced by another for everybody who reads this repository.
    pub fn replaces(&self, oid: &Oid) -> bool {
        self.0.contains_key(&format!("refs/replace/{oid}"))
    }
}

fn planted(name: &str, how: How) -> Planted {
    let bends = ["refs/replace/", "info/grafts", "objects/info/", "shallow"];
    Planted {
        name: name.to_owned(),
        how,
        danger: match how != How::Removed && bends.iter().any(|b| name.starts_with(b)) {
            true => Danger::BendsHistory,
            false => Danger::Programs,
        },
    }
}

fn add(common: &Path, name: &str, found: &mut BTreeMap<String, ContentHash>) -> Result<()> {
    match file::read(&common.join(name)) {
        Ok(Some(bytes)) => {
            found.insert(name.to_owned(), ContentHash::of(&bytes));
            Ok(())
        }
        Ok(None) => Ok(()),
        // A folder where a file should be is a change too.
        Err(_) if common.join(name).is_dir() => {
            found.insert(name.to_owned(), ContentHash::of(b"folder"));
            Ok(())
        }
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(names: &[(&str, &str)]) -> Surroundings {
        let hash = |text: &str| ContentHash::of(text.as_bytes());
        Surroundings(
            names
                .iter()
                .map(|(n, t)| ((*n).to_owned(), hash(t)))
                .collect(),
        )
    }

    #[test]
    fn every_difference_is_named_with_what_happened() {
        let before = snapshot(&[("config", "a"), ("hooks/pre-commit", "x")]);
        let after = snapshot(&[("config", "b"), ("info/grafts", "y")]);
        let changes = before.changes(&after);
        let told: Vec<_> = changes.iter().map(|p| (p.name.as_str(), p.how)).collect();
        assert_eq!(
            told,
            [
                ("config", How::Changed),
                ("info/grafts", How::Added),
                ("hooks/pre-commit", How::Removed)
            ]
        );
        let dangers = [changes[0].danger, changes[1].danger];
        assert_eq!(dangers, [Danger::Programs, Danger::BendsHistory]);
        assert!(before.changes(&before).is_empty());
    }
}
