//! Clones on several machines, a bare remote between them, and the real binary on each.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use git_wp::base::json::Value;

use super::plans::Pkg;
use super::wp::Run;
use super::{FORMATS, Scratch, git, run};

/// The remote and the clones; all vanish with this value. The first machine is `m1`.
pub(crate) struct Machines {
    home: Scratch,
}

impl Machines {
    /// One machine with an approved plan `x`, and a remote that has its branch and no state.
    pub(crate) fn new(packages: &[Pkg]) -> Self {
        Machines::with_format(FORMATS[0], packages)
    }

    pub(crate) fn with_format(format: (&str, &str), packages: &[Pkg]) -> Self {
        let home = Scratch::with_format(format);
        home.add_plan("x", packages);
        let machines = Machines { home };
        machines.bare("remote.git", format.0);
        let remote = machines.remote();
        machines.git("m1", &["remote", "add", "origin", remote.to_str().unwrap()]);
        machines.git("m1", &["push", "-q", "origin", "main"]);
        machines.wp("m1", &["approve", "x"]).expect(0);
        machines
    }

    /// Two machines that have joined the remote.
    pub(crate) fn pair(packages: &[Pkg]) -> Self {
        let machines = Machines::new(packages);
        machines.wp("m1", &["init", "--remote", "origin"]).expect(0);
        machines.join("m2");
        machines
    }

    /// Makes another bare repository beside.
    pub(crate) fn bare(&self, name: &str, hash: &str) -> PathBuf {
        let path = self.home.beside(name);
        let format = format!("--object-format={hash}");
        let folder = path.to_str().unwrap();
        self.home
            .git(&["init", "-q", "--bare", "-b", "main", &format, folder]);
        path
    }

    /// A fresh clone.
    pub(crate) fn clone(&self, name: &str) {
        self.clone_with(name, &[]);
    }

    /// A fresh clone with options, over git's own protocol.
    pub(crate) fn clone_with(&self, name: &str, options: &[&str]) {
        let url = format!("file://{}", self.remote().display());
        let path = self.path(name);
        let mut words = vec!["clone", "-q"];
        words.extend(options);
        words.extend([url.as_str(), path.to_str().unwrap()]);
        self.home.git(&words);
    }

    /// A fresh clone that joins the remote.
    pub(crate) fn join(&self, name: &str) {
        self.clone(name);
        self.wp(name, &["init", "--remote", "origin"]).expect(0);
    }

    /// The checkout of a machine.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        match name {
            "m1" => self.home.path(),
            _ => self.home.beside(name),
        }
    }

    /// Where the remote stands.
    pub(crate) fn remote(&self) -> PathBuf {
        self.home.beside("remote.git")
    }

    /// From now on nobody reaches the remote.
    pub(crate) fn cut(&self) {
        std::fs::rename(self.remote(), self.home.beside("away.git")).unwrap();
    }

    /// Everybody reaches it again.
    pub(crate) fn mend(&self) {
        std::fs::rename(self.home.beside("away.git"), self.remote()).unwrap();
    }

    /// Gives the remote a hook that runs this shell line.
    pub(crate) fn hook(&self, name: &str, line: &str) {
        let hook = self.remote().join("hooks").join(name);
        std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
        std::fs::write(&hook, format!("#!/bin/sh\n{line}\n")).unwrap();
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The program on a machine, not yet run.
    pub(crate) fn wp_command(&self, name: &str, args: &[&str]) -> Command {
        let mut command = self.home.wp_command_in(&self.path(name), args);
        command.env("USER", name);
        command
    }

    /// Runs the program on a machine.
    pub(crate) fn wp(&self, name: &str, args: &[&str]) -> Run {
        run(self.wp_command(name, args))
    }

    /// Runs the program with `--json` and gives its data.
    #[track_caller]
    pub(crate) fn data(&self, name: &str, code: i32, args: &[&str]) -> Value {
        let mut args = args.to_vec();
        args.push("--json");
        self.wp(name, &args).expect(code).data()
    }

    /// Runs git on a machine.
    pub(crate) fn git(&self, name: &str, args: &[&str]) -> String {
        git(&self.path(name), args)
    }

    /// Runs git in the remote.
    pub(crate) fn remote_git(&self, args: &[&str]) -> String {
        git(&self.remote(), args)
    }

    /// The tree of a machine's state.
    pub(crate) fn tree(&self, name: &str) -> String {
        self.git(name, &["rev-parse", "refs/wp/state^{tree}"])
    }

    /// Claims a package of `x`, expects exit code `code` and gives the data.
    #[track_caller]
    pub(crate) fn claim(&self, name: &str, package: &str, code: i32) -> Value {
        let target = format!("x/{package}");
        self.data(name, code, &["task", "claim", &target, "--as", name])
    }

    /// Commits a file on the branch of an attempt, as an agent would; gives the commit.
    pub(crate) fn work(&self, name: &str, claim: &Value, path: &str) -> String {
        let branch = claim["branch"].as_str().unwrap();
        let attempt = claim["attempt"].as_str().unwrap();
        let room = self.home.beside(&format!("room-{attempt}"));
        let folder = room.to_str().unwrap();
        self.git(name, &["worktree", "add", "-q", folder, branch]);
        let file = room.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, format!("{name}\n")).unwrap();
        git(&room, &["add", "-A"]);
        git(&room, &["commit", "-q", "-m", &format!("work of {name}")]);
        let head = git(&room, &["rev-parse", "HEAD"]);
        self.git(name, &["worktree", "remove", folder]);
        head
    }
}
