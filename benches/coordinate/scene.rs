//! A scratch repository, and the binary in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::expect;
use crate::session::Session;

/// A repository with one commit that vanishes with this value.
pub(crate) struct Scene {
    folder: TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let scene = Scene { folder: scratch() };
        std::fs::create_dir(scene.path()).unwrap();
        expect(scene.command(Path::new("git")).args(["init", "-q"]));
        let commit = ["commit", "-q", "--allow-empty", "-m", "first"];
        expect(scene.command(Path::new("git")).args(commit));
        scene
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    /// Submits work that can be claimed.
    pub(crate) fn tasks(&self, count: usize) {
        let mut session = Session::open(self, "submitter");
        for i in 0..count {
            let task = format!("{{\"task_type\":\"test\",\"description\":\"do {i}\"}}");
            session.call("submit_work", &task);
        }
    }

    /// Runs the binary, which must succeed; what it says goes nowhere, as nobody reads it.
    pub(crate) fn ask(&self, arguments: &[String]) {
        let mut command = self.program();
        command.args(arguments).stdout(Stdio::null());
        let status = command.status().unwrap();
        assert!(status.success(), "{arguments:?}");
    }

    /// The binary, or the one that `BENCH_PROGRAM` names, without arguments.
    pub(crate) fn program(&self) -> Command {
        let named = std::env::var_os("BENCH_PROGRAM").map(PathBuf::from);
        let built = Path::new(env!("CARGO_BIN_EXE_git-wp"));
        self.command(named.as_deref().unwrap_or(built))
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("XDG_STATE_HOME", self.folder.path().join("state"))
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "Ann")))
            .envs(
                ["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "ann@example.org")),
            );
        command
    }
}

/// A folder in `BENCH_DIR`, or where temporary files go.
pub(crate) fn scratch() -> TempDir {
    let parent = std::env::var_os("BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    TempDir::new_in(parent).unwrap()
}
