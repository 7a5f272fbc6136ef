//! Real repositories in temporary folders, in all four formats.

pub(crate) mod documents;
pub(crate) mod house;
pub(crate) mod machines;
pub(crate) mod plans;
pub(crate) mod state;
pub(crate) mod team;
mod wp;

use std::path::{Path, PathBuf};
use std::process::Command;

use git_wp::base::{Oid, RefName};
use git_wp::git::Repo;
use tempfile::TempDir;
pub(crate) use wp::{Run, run};

/// Object format and ref storage of every kind of repository.
pub(crate) const FORMATS: [(&str, &str); 4] = [
    ("sha1", "files"),
    ("sha256", "files"),
    ("sha1", "reftable"),
    ("sha256", "reftable"),
];

/// A repository that vanishes with this value.
pub(crate) struct Scratch {
    folder: TempDir,
}

impl Scratch {
    /// A repository with one commit on `main`.
    pub(crate) fn new() -> Self {
        Self::with_format(FORMATS[0])
    }

    /// The same in another format.
    pub(crate) fn with_format((hash, refs): (&str, &str)) -> Self {
        let scratch = Scratch {
            folder: TempDir::new().unwrap(),
        };
        std::fs::create_dir(scratch.path()).unwrap();
        let (hash, refs) = (
            format!("--object-format={hash}"),
            format!("--ref-format={refs}"),
        );
        scratch.git(&["init", "-q", "-b", "main", &hash, &refs]);
        scratch.write("README", "hello\n");
        scratch.commit("first");
        scratch
    }

    /// The checkout; there is room beside it.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    /// A path beside the checkout.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The repository as the library sees it.
    pub(crate) fn repo(&self) -> Repo {
        Repo::discover(&self.path()).unwrap()
    }

    /// Writes a file of the checkout.
    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Commits everything; gives the commit.
    pub(crate) fn commit(&self, message: &str) -> Oid {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.oid("HEAD")
    }

    /// What git says a revision is.
    pub(crate) fn oid(&self, revision: &str) -> Oid {
        Oid::parse(&self.git(&["rev-parse", "--verify", revision])).unwrap()
    }

    /// Runs git in the checkout and expects it to work; gives its output without the last line
    /// feed.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        git(&self.path(), args)
    }

    /// Whether git is content with the repository.
    pub(crate) fn assert_sound(&self) {
        self.git(&["fsck", "--strict", "--no-dangling"]);
    }
}

/// Runs git in `folder` with an identity and without the user's configuration.
pub(crate) fn git(folder: &Path, args: &[&str]) -> String {
    let output = git_command(folder).args(args).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?}: {errors}");
    String::from_utf8(output.stdout)
        .unwrap()
        .trim_end_matches('\n')
        .to_owned()
}

/// Git in `folder`, not yet run.
pub(crate) fn git_command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "Ann")
        .env("GIT_AUTHOR_EMAIL", "ann@example.org")
        .env("GIT_COMMITTER_NAME", "Ann")
        .env("GIT_COMMITTER_EMAIL", "ann@example.org");
    command
}

/// A ref name that is known to be one.
pub(crate) fn name(text: &str) -> RefName {
    RefName::parse(text).unwrap()
}
