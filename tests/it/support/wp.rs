//! The real binary, run as a user would run it, and everything of the user's it must not touch.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use git_wp::base::json::{self, Value};

use super::{Scratch, git_command};

/// What one run of the program gave.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit code; -1 for a signal.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

impl Run {
    /// Expects this exit code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        let Run { stdout, stderr, .. } = &self;
        assert_eq!(self.code, code, "stdout:\n{stdout}\nstderr:\n{stderr}");
        self
    }

    /// The one document on standard output, in the envelope that its exit code asks for.
    #[track_caller]
    pub(crate) fn document(&self) -> Value {
        let mut lines = self.stdout.lines();
        let line = lines.next().unwrap_or_default();
        assert_eq!(lines.next(), None, "more than one line: {}", self.stdout);
        let document = json::parse(line.as_bytes()).expect("standard output is one document");
        assert_eq!(document["v"], 1);
        assert!(document["command"].is_string());
        assert_eq!(document["ok"], self.code == 0);
        let carries_data = matches!(self.code, 0 | 1 | 3 | 4);
        assert_eq!(document.get("data").is_some(), carries_data, "{document}");
        assert_eq!(
            document.get("warnings").is_some(),
            carries_data,
            "{document}"
        );
        if !carries_data {
            for key in ["code", "message", "hint"] {
                assert!(document["error"][key].is_string(), "{document}");
            }
        }
        document
    }

    /// The document's `data`.
    #[track_caller]
    pub(crate) fn data(&self) -> Value {
        self.document()["data"].clone()
    }
}

impl Scratch {
    /// The program in the checkout, not yet run. Its state folder is beside the checkout.
    pub(crate) fn wp_command(&self, args: &[&str]) -> Command {
        self.wp_command_in(&self.path(), args)
    }

    /// The program in some folder, not yet run.
    pub(crate) fn wp_command_in(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = git_command(folder);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut inner = Command::new(env!("CARGO_BIN_EXE_git-wp"));
        inner.current_dir(folder).args(args).env_clear();
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                inner.env(name, value);
            }
        }
        inner
            .env("PATH", path)
            .env("HOME", self.beside("home"))
            .env("XDG_STATE_HOME", self.state_dir())
            .stdin(Stdio::null());
        command = inner;
        command
    }

    /// Where the right to run is kept.
    pub(crate) fn state_dir(&self) -> PathBuf {
        self.beside("state")
    }

    /// Runs the program in the checkout.
    pub(crate) fn wp(&self, args: &[&str]) -> Run {
        run(self.wp_command(args))
    }

    /// Everything of the user's: HEAD, index, configuration, hooks, files of the checkout, and
    /// refs, but our own state, kept commits and `wp/` branches.
    pub(crate) fn belongings(&self) -> BTreeMap<String, Vec<u8>> {
        let mut all = BTreeMap::new();
        let root = self.path();
        for name in ["HEAD", "index", "config", "info/exclude", "packed-refs"] {
            let bytes = std::fs::read(root.join(".git").join(name)).unwrap_or_default();
            all.insert(format!(".git/{name}"), bytes);
        }
        collect(&root, &root, &mut all);
        let refs = self.git(&["for-each-ref", "--format=%(refname) %(objectname)"]);
        let ours = |line: &&str| line.starts_with("refs/wp/") || line.starts_with("refs/heads/wp/");
        let refs: Vec<&str> = refs.lines().filter(|line| !ours(line)).collect();
        all.insert("refs".to_owned(), refs.join("\n").into_bytes());
        all
    }
}

/// Runs and collects.
pub(crate) fn run(mut command: Command) -> Run {
    let output = command.output().expect("the program can be started");
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
    }
}

fn collect(root: &Path, folder: &Path, all: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path
            .strip_prefix(root)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        if name == ".git" {
            continue;
        }
        if path.is_dir() && !path.is_symlink() {
            collect(root, &path, all);
        } else {
            let bytes = std::fs::read(&path).unwrap_or_default();
            all.insert(name, bytes);
        }
    }
}
