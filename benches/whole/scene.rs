//! A scratch repository and the binary in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A repository with one commit that vanishes with this value.
pub(crate) struct Scene {
    folder: TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let parent = std::env::var_os("BENCH_DIR").unwrap_or_else(|| std::env::temp_dir().into());
        let scene = Scene {
            folder: TempDir::new_in(parent).unwrap(),
        };
        std::fs::create_dir(scene.path()).unwrap();
        scene.git(&["init", "-q", "-b", "main"]);
        scene.write("README", "hello\n");
        scene.commit("first");
        scene
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn program(&self) -> PathBuf {
        env!("CARGO_BIN_EXE_git-wp").into()
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(crate) fn files(&self, count: usize) {
        for i in 0..count {
            self.write(&format!("src/{}/{i}.txt", i / 500), &format!("{i}\n"));
        }
        self.commit("files");
    }

    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
    }

    pub(crate) fn plan(&self, feature: &str, packages: &[String]) {
        let head = format!(
            "schema_version: 1\nfeature: {{id: {feature}, plan_revision: 1}}\n\
             contracts: {{revision: 1}}\npackages:\n"
        );
        self.plan_text(feature, &(head + &packages.concat()));
    }

    pub(crate) fn plan_text(&self, feature: &str, text: &str) {
        self.write(
            &format!("openspec/changes/{feature}/work-packages.yaml"),
            text,
        );
        self.commit("plan");
    }

    /// Runs the binary and expects exit code 0.
    pub(crate) fn wp(&self, args: &[&str]) {
        expect(self.command(&self.program()).args(args));
    }

    /// Runs git and expects exit code 0.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        let output = expect(self.command(Path::new("git")).args(args));
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    /// Runs a script with `sh` and expects exit code 0.
    pub(crate) fn sh(&self, script: &str) {
        expect(self.command(Path::new("sh")).args(["-ec", script]));
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("XDG_STATE_HOME", self.beside("state"))
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "Ann")))
            .envs(
                ["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "ann@example.org")),
            );
        command
    }
}

fn expect(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    output
}

/// One package as YAML, with its own file to write.
pub(crate) fn package(i: usize, run: &str) -> String {
    text(i, &format!("\"dir{i}/**\""), run)
}

/// One package with ten patterns.
pub(crate) fn wide_package(i: usize) -> String {
    let globs: Vec<String> = (0..10).map(|g| format!("\"m{i}/s{g}/**/*.rs\"")).collect();
    text(i, &globs.join(", "), "true")
}

fn text(i: usize, write: &str, run: &str) -> String {
    let run = run
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!(
        "  - {{package_id: p{i}, task_type: t, description: d, depends_on: [], priority: 5, \
         locks: {{files: [], keys: []}}, scope: {{write_allow: [{write}], read_allow: [\"**\"]}}, \
         worktree: {{name: p{i}}}, timeout_minutes: 9, retry_budget: 0, min_trust_level: 0, \
         verification: {{tier_required: C, steps: [{{name: s, kind: command, command: \"true\", \
         evidence: {{artifacts: [], result_keys: [k]}}}}]}}, inputs: {{run: \"{run}\"}}, \
         outputs: {{result_keys: [k]}}}}\n"
    )
}

pub(crate) fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// The fastest of some runs, after one that warms.
pub(crate) fn best(runs: usize, work: impl Fn()) -> Duration {
    work();
    (0..runs).map(|_| timed(&work)).min().unwrap()
}

/// Runs `work` in as many threads at once.
pub(crate) fn crowd(count: usize, work: impl Fn(usize) + Sync) {
    std::thread::scope(|scope| {
        for i in 0..count {
            let work = &work;
            scope.spawn(move || work(i));
        }
    });
}
