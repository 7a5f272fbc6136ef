//! The only place that starts `git`: argument arrays, a scrubbed environment, machine formats,
//! checked answers. What may be run is the allowlist in [`crate::git::sub`].
//!
//! No hook, file-system monitor, maintenance or optional lock of the repository takes part, and no
//! variable that points git at another repository is handed on. Exit codes are returned, and
//! nobody branches on the words of a message.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::base::{Error, Oid, Result, text};
use crate::git::sub::Sub;
use crate::os::process::{
    Finished, Input, Invocation, Session, Status, find_program, run, run_watched,
};

/// No hook of the repository runs, except where that is what is being tried.
const HOOKS_OFF: &str = "core.hooksPath=/dev/null";

/// Configuration of every call. Lock timeouts are there because git's defaults give up at once
/// where several agents commit.
const CONFIG: [&str; 9] = [
    "core.fsmonitor=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "diff.autoRefreshIndex=false",
    "submodule.recurse=false",
    "core.filesRefLockTimeout=1000",
    "core.packedRefsTimeout=10000",
    "reftable.lockTimeout=10000",
    "advice.detachedHead=false",
];

/// Variables that would lead git to another repository, configuration or program. The first part
/// is what `git rev-parse --local-env-vars` names; a test compares.
const SCRUBBED: [&str; 31] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR",
    "GIT_ATTR_SOURCE",
    "GIT_DEFAULT_HASH",
    "GIT_DEFAULT_REF_FORMAT",
    "GIT_DIFF_OPTS",
    "GIT_EXTERNAL_DIFF",
    "GIT_FLUSH",
    "GIT_GLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_INDEX_VERSION",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_QUARANTINE_PATH",
    "GIT_REFLOG_ACTION",
    "GIT_TEMPLATE_DIR",
    "GIT_REF_PARANOIA",
];

/// Most bytes of an answer; a longer one is an error.
const ANSWER_MAX: u64 = 256 << 20;

/// The program, once it was looked for.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Finds git on `path`, the value of PATH, for the rest of this process: else every call looks
/// through all of PATH again. Relative parts of it count from `folder`.
pub fn settle_program(path: &OsStr, folder: &Path) {
    // Where it is not found, the first call says so.
    if let Some(found) = find_program("git", path, folder) {
        PROGRAM.get_or_init(|| found);
    }
}

/// The program, if it was settled.
pub fn program() -> Option<&'static Path> {
    PROGRAM.get().map(PathBuf::as_path)
}

/// Where and with what git runs. Cheap to clone; every method gives a refined copy.
#[derive(Debug, Clone)]
pub struct Git {
    folder: PathBuf,
    git_dir: Option<PathBuf>,
    work_tree: Option<PathBuf>,
    runs_hooks: bool,
    config: Vec<String>,
    env: BTreeMap<OsString, OsString>,
}

impl Git {
    /// Runs in `folder`; git finds the repository by itself and refuses a foreign owner.
    pub fn in_folder(folder: &Path) -> Self {
        Git {
            folder: folder.to_owned(),
            git_dir: None,
            work_tree: None,
            runs_hooks: false,
            config: Vec::new(),
            env: BTreeMap::new(),
        }
    }

    /// Runs inside `git_dir` with exactly that repository and without a work tree.
    pub fn in_git_dir(git_dir: &Path) -> Self {
        Git {
            git_dir: Some(git_dir.to_owned()),
            ..Git::in_folder(git_dir)
        }
    }

    /// Runs in the work tree `folder` of the (worktree's own) `git_dir`, without discovery: a
    /// missing or forged `.git` file in the folder cannot lead git elsewhere.
    pub fn in_work_tree(git_dir: &Path, folder: &Path) -> Self {
        Git {
            git_dir: Some(git_dir.to_owned()),
            work_tree: Some(folder.to_owned()),
            ..Git::in_folder(folder)
        }
    }

    /// Leaves the hooks of the repository as they are configured, for trying whether they run.
    #[must_use]
    pub fn with_hooks(mut self) -> Self {
        self.runs_hooks = true;
        self
    }

    /// Adds a configuration value, `name=value`.
    #[must_use]
    pub fn config(mut self, setting: impl Into<String>) -> Self {
        self.config.push(setting.into());
        self
    }

    /// Sets a variable, for instance `GIT_INDEX_FILE` or `GIT_OBJECT_DIRECTORY`.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Begins a call.
    pub fn call(&self, sub: Sub) -> Call<'_> {
        Call {
            git: self,
            sub,
            args: Vec::new(),
            input: Input::Null,
        }
    }

    fn invocation(&self, sub: Sub) -> Invocation {
        let program = PROGRAM
            .get()
            .map_or(OsStr::new("git"), |found| found.as_os_str());
        let mut git = Invocation::new(program, &self.folder);
        for name in SCRUBBED {
            git = git.without_env(name);
        }
        git = git
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_NO_LAZY_FETCH", if sub.may_fetch() { "0" } else { "1" });
        // Paths are paths and never patterns; this one command refuses to be told so.
        if sub != Sub::CheckIgnore {
            git = git.env("GIT_LITERAL_PATHSPECS", "1");
        }
        for (name, value) in &self.env {
            git = git.env(name, value);
        }
        let hooks = (!self.runs_hooks).then_some(HOOKS_OFF);
        for setting in hooks
            .into_iter()
            .chain(CONFIG)
            .chain(self.config.iter().map(String::as_str))
        {
            git = git.arg("-c").arg(setting);
        }
        if let Some(git_dir) = &self.git_dir {
            git = git.arg(option("--git-dir=", git_dir));
        }
        if let Some(work_tree) = &self.work_tree {
            git = git.arg(option("--work-tree=", work_tree));
        }
        git.arg(sub.word())
    }
}

fn option(name: &str, path: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push(path);
    option
}

/// One call that is being put together.
#[derive(Debug, Clone)]
#[must_use = "a call does nothing until `run`"]
pub struct Call<'a> {
    git: &'a Git,
    sub: Sub,
    args: Vec<OsString>,
    input: Input,
}

impl Call<'_> {
    /// Adds an argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    pub fn args<T: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = T>) -> Self {
        self.args
            .extend(args.into_iter().map(|a| a.as_ref().to_owned()));
        self
    }

    /// Gives it bytes to read.
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Input::Bytes(bytes.into());
        self
    }

    /// Runs it to its end, whatever the exit code.
    ///
    /// # Errors
    /// Git is missing, a signal ended it, or the answer is larger than its limit.
    pub fn run(self) -> Result<Answer> {
        let (sub, invocation) = self.ready();
        let done = run(&invocation, ANSWER_MAX)?;
        if let Status::Signal(signal) = done.status {
            let message = format!("`git {}` was ended by signal {signal}", sub.word());
            return Err(Error::busy("git", message));
        }
        answer(sub, done, ANSWER_MAX)
    }

    /// As [`Call::run`], for what talks to others and may hang: killed as soon as `give_up` says
    /// so. `None` if that, or any other signal, ended it; what it did until then is unknown.
    ///
    /// # Errors
    /// Git is missing, or the answer is larger than `answer_max` bytes.
    pub fn run_unless(
        self,
        session: Session,
        answer_max: u64,
        give_up: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Answer>> {
        let (sub, invocation) = self.ready();
        match run_watched(&invocation, answer_max, session, give_up)? {
            Some(done) if matches!(done.status, Status::Code(_)) => {
                answer(sub, done, answer_max).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn ready(self) -> (Sub, Invocation) {
        let invocation = self.git.invocation(self.sub);
        (self.sub, invocation.args(self.args).input(self.input))
    }

    /// Runs it and expects exit code 0; gives standard output.
    pub fn output(self) -> Result<Vec<u8>> {
        self.run()?.output()
    }

    /// Runs it and expects exit code 0 and one line; gives it without its line feed.
    pub fn line(self) -> Result<String> {
        let sub = self.sub;
        let bytes = self.output()?;
        // Git ignores some write errors on pipes, so an answer without its end is no answer.
        match std::str::from_utf8(&bytes)
            .ok()
            .and_then(|text| text.strip_suffix('\n'))
        {
            Some(line) if !line.contains('\n') => Ok(line.to_owned()),
            _ => Err(malformed(sub)),
        }
    }

    /// Runs it and expects exit code 0 and one object id.
    pub fn oid(self) -> Result<Oid> {
        let sub = self.sub;
        Oid::parse(&self.line()?).ok_or_else(|| malformed(sub))
    }

    /// Runs it and expects exit code 0 and items that each end with NUL.
    pub fn items(self) -> Result<Vec<Vec<u8>>> {
        let sub = self.sub;
        split_items(&self.output()?).ok_or_else(|| malformed(sub))
    }
}

fn answer(sub: Sub, done: Finished, max: u64) -> Result<Answer> {
    if done.truncated {
        let message = format!("`git {}` said more than {max} bytes", sub.word());
        return Err(Error::busy("git-answer", message));
    }
    let code = match done.status {
        Status::Code(code) => code,
        Status::Signal(signal) => 128 + signal,
    };
    Ok(Answer {
        sub,
        code,
        stdout: done.stdout,
        stderr: String::from_utf8_lossy(&done.stderr).into_owned(),
    })
}

/// What a call gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What was called.
    pub sub: Sub,
    /// The exit code.
    pub code: i32,
    /// Standard output, whole.
    pub stdout: Vec<u8>,
    /// Standard error: foreign text, to be shown only through [`text::foreign`].
    pub stderr: String,
}

impl Answer {
    /// Standard output if the exit code is 0, else the failure.
    pub fn output(self) -> Result<Vec<u8>> {
        if self.code == 0 {
            Ok(self.stdout)
        } else {
            Err(self.failure())
        }
    }

    /// The failure that this answer is, with git's own words in escaped form.
    pub fn failure(&self) -> Error {
        const LINES_MAX: usize = 5;
        let lines: Vec<String> = self
            .stderr
            .lines()
            .filter(|line| !line.starts_with("hint:") && !line.is_empty())
            .take(LINES_MAX)
            .map(|line| text::cut(&text::foreign(line).to_string(), 300))
            .collect();
        let word = self.sub.word();
        let message = match lines.is_empty() {
            true => format!("`git {word}` failed with exit code {}", self.code),
            false => format!("`git {word}` failed: {}", lines.join("; ")),
        };
        Error::busy("git", message)
    }
}

/// An answer that is cut off or not in the asked form: never a reason to guess.
pub fn malformed(sub: Sub) -> Error {
    let message = format!("the answer of `git {}` is cut off or malformed", sub.word());
    Error::busy("git-answer", message)
}

/// Splits items that each end with NUL; `None` if the last does not.
pub fn split_items(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let body = bytes.strip_suffix(b"\0")?;
    Some(body.split(|&b| b == 0).map(<[u8]>::to_vec).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_that_git_calls_local_is_scrubbed() {
        let call = Git::in_folder(Path::new("/"));
        let names = call
            .call(Sub::RevParse)
            .arg("--local-env-vars")
            .output()
            .unwrap();
        let names = String::from_utf8(names).unwrap();
        assert!(names.lines().count() > 10);
        for name in names.lines() {
            assert!(SCRUBBED.contains(&name), "{name}");
        }
    }

    #[test]
    fn a_failure_shows_what_git_said_without_driving_the_terminal() {
        let folder = tempfile::tempdir().unwrap();
        let git = Git::in_folder(folder.path());
        let answer = git
            .call(Sub::RevParse)
            .arg("--verify")
            .arg("a\u{1b}[2J")
            .run()
            .unwrap();
        assert_eq!(answer.code, 128);
        assert_eq!(answer.failure().code(), "git");
        let shown = answer.failure().to_string();
        assert!(
            shown.starts_with("`git rev-parse` failed: fatal"),
            "{shown}"
        );
        assert!(!shown.contains('\u{1b}'));
    }

    #[test]
    fn a_cut_off_answer_is_an_error() {
        assert_eq!(split_items(b"a\0b\0").unwrap(), [b"a", b"b"]);
        assert_eq!(split_items(b"").unwrap().len(), 0);
        assert_eq!(split_items(b"a\0b"), None);
    }
}
