//! The right to run: which plans and which `wp.toml` a person on this machine approved.
//!
//! One file per approval in the user's state folder, outside of everything that git carries, named
//! by the repository's path and the SHA-256 of the approved bytes. It keeps those bytes, so that a
//! later change can be shown as a difference. What a repository contains can never make one.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::base::{ContentHash, Error, Result, Timestamp, json};
use crate::model::Durability;
use crate::os::file::{self, Access};

/// What kind of bytes was approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A plan.
    Plan,
    /// A `wp.toml`.
    Project,
}

impl Subject {
    fn as_str(self) -> &'static str {
        match self {
            Subject::Plan => "plan",
            Subject::Project => "project",
        }
    }
}

/// One approval as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Right {
    /// Form of this file.
    v: u32,
    /// What was approved.
    pub subject: Subject,
    /// The common git folder of the repository it holds for.
    pub repository: String,
    /// The feature id of a plan; empty for a `wp.toml`.
    pub name: String,
    /// The approved text.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// All approvals for one repository.
#[derive(Debug, Clone)]
pub struct Rights {
    folder: PathBuf,
    repository: String,
}

impl Rights {
    /// The approvals for the repository whose common folder is `common_dir`; `state_dir` is the
    /// user's state folder. Nothing is read or made yet.
    pub fn new(state_dir: &Path, common_dir: &Path) -> Self {
        let repository = common_dir.to_string_lossy().into_owned();
        let key = ContentHash::of(common_dir.as_os_str().as_encoded_bytes());
        Rights {
            folder: state_dir.join("rights").join(key.short(32)),
            repository,
        }
    }

    /// The approval of exactly these bytes.
    ///
    /// # Errors
    /// The file is there and cannot be read; a damaged one is no approval.
    pub fn find(&self, subject: Subject, bytes: &[u8]) -> Result<Option<Right>> {
        let Some(right) = self.read(&self.path(subject, bytes))? else {
            return Ok(None);
        };
        Ok(Some(right).filter(|r| r.subject == subject && r.text.as_bytes() == bytes))
    }

    /// The newest approval of other bytes under the same name.
    pub fn newest(&self, subject: Subject, name: &str) -> Result<Option<Right>> {
        let mut newest: Option<Right> = None;
        for file_name in file::names(&self.folder)? {
            let Some(right) = self.read(&self.folder.join(file_name))? else {
                continue;
            };
            let fits = right.subject == subject && right.name == name;
            if fits && newest.as_ref().is_none_or(|n| n.at < right.at) {
                newest = Some(right);
            }
        }
        Ok(newest)
    }

    /// Keeps the approval of `text`; twice is the same as once.
    ///
    /// # Errors
    /// The state folder cannot be written.
    pub fn grant(&self, subject: Subject, name: &str, text: &str, at: Timestamp) -> Result<()> {
        let right = Right {
            v: 1,
            subject,
            repository: self.repository.clone(),
            name: name.to_owned(),
            text: text.to_owned(),
            at,
        };
        let bytes = json::to_canonical(&right)?;
        file::make_private_dirs(&self.folder)?;
        let path = self.path(subject, text.as_bytes());
        file::replace(&path, &bytes, Access::Private, Durability::Full)
            .map_err(|e| e.context("cannot keep the right to run"))
    }

    fn path(&self, subject: Subject, bytes: &[u8]) -> PathBuf {
        let hash = ContentHash::of(bytes);
        self.folder
            .join(format!("{}-{hash}.json", subject.as_str()))
    }

    /// A file that does not have its form or is for another repository is no approval.
    fn read(&self, path: &Path) -> Result<Option<Right>> {
        let Some(bytes) = file::read_bounded(path, RIGHT_BYTES_MAX)? else {
            return Ok(None);
        };
        let right: Result<Right, Error> = json::from_canonical(&bytes);
        Ok(right
            .ok()
            .filter(|r| r.v == 1 && r.repository == self.repository))
    }
}

const RIGHT_BYTES_MAX: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn a_right_holds_for_exactly_these_bytes_in_this_repository() {
        let state = tempfile::tempdir().unwrap();
        let rights = Rights::new(state.path(), Path::new("/a/.git"));
        rights.grant(Subject::Plan, "x", "one\n", at(1)).unwrap();
        assert!(rights.find(Subject::Plan, b"one\n").unwrap().is_some());
        assert!(rights.find(Subject::Plan, b"two\n").unwrap().is_none());
        assert!(rights.find(Subject::Project, b"one\n").unwrap().is_none());
        let other = Rights::new(state.path(), Path::new("/b/.git"));
        assert!(other.find(Subject::Plan, b"one\n").unwrap().is_none());
    }

    #[test]
    fn the_newest_approval_is_what_a_change_is_compared_with() {
        let state = tempfile::tempdir().unwrap();
        let rights = Rights::new(state.path(), Path::new("/a/.git"));
        rights.grant(Subject::Plan, "x", "one\n", at(1)).unwrap();
        rights.grant(Subject::Plan, "x", "two\n", at(2)).unwrap();
        rights.grant(Subject::Plan, "y", "three\n", at(3)).unwrap();
        let newest = rights.newest(Subject::Plan, "x").unwrap().unwrap();
        assert_eq!(newest.text, "two\n");
        assert!(rights.newest(Subject::Plan, "z").unwrap().is_none());
    }

    #[test]
    fn a_forged_or_damaged_file_is_no_right() {
        let state = tempfile::tempdir().unwrap();
        let rights = Rights::new(state.path(), Path::new("/a/.git"));
        rights.grant(Subject::Plan, "x", "one\n", at(1)).unwrap();
        let path = rights.path(Subject::Plan, b"one\n");
        std::fs::copy(&path, rights.path(Subject::Plan, b"evil\n")).unwrap();
        assert!(rights.find(Subject::Plan, b"evil\n").unwrap().is_none());
        std::fs::write(&path, "{").unwrap();
        assert!(rights.find(Subject::Plan, b"one\n").unwrap().is_none());
    }
}
