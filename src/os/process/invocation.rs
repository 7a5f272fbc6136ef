//! What to start: program, arguments, folder, environment, input. Nothing is left to chance.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::base::{Error, Result, text};

/// What a program reads on its standard input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Input {
    /// Nothing.
    #[default]
    Null,
    /// These bytes, then the end.
    Bytes(Vec<u8>),
    /// This file.
    File(PathBuf),
    /// What this process reads itself.
    Inherit,
}

/// One program to start. Made with [`Invocation::new`] and refined by the other methods.
#[derive(Debug, Clone)]
pub struct Invocation {
    program: OsString,
    args: Vec<OsString>,
    folder: PathBuf,
    inherit: bool,
    env: BTreeMap<OsString, Option<OsString>>,
    pub(super) input: Input,
}

impl Invocation {
    /// Starts `program` (a name on PATH or a path) in `folder`, with the environment of this
    /// process and nothing on standard input.
    pub fn new(program: impl Into<OsString>, folder: impl Into<PathBuf>) -> Self {
        Invocation {
            program: program.into(),
            args: Vec::new(),
            folder: folder.into(),
            inherit: true,
            env: BTreeMap::new(),
            input: Input::Null,
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<T: Into<OsString>>(mut self, args: impl IntoIterator<Item = T>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets one variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), Some(value.into()));
        self
    }

    /// Takes one variable away.
    #[must_use]
    pub fn without_env(mut self, name: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), None);
        self
    }

    /// Gives the program exactly these variables and none of this process.
    #[must_use]
    pub fn only_env(mut self, env: BTreeMap<OsString, OsString>) -> Self {
        self.inherit = false;
        self.env = env.into_iter().map(|(k, v)| (k, Some(v))).collect();
        self
    }

    /// Chooses the standard input.
    #[must_use]
    pub fn input(mut self, input: Input) -> Self {
        self.input = input;
        self
    }

    /// The program, for messages.
    pub fn program(&self) -> &OsStr {
        &self.program
    }

    /// The folder in which it starts.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn command(&self) -> Result<Command> {
        let mut command = Command::new(&self.program);
        command.args(&self.args).current_dir(&self.folder);
        if !self.inherit {
            command.env_clear();
        }
        for (name, value) in &self.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.stdin(match &self.input {
            Input::Null => Stdio::null(),
            Input::Inherit => Stdio::inherit(),
            Input::Bytes(_) => Stdio::piped(),
            Input::File(path) => {
                let file = File::open(path)
                    .map_err(|e| Error::io(format!("cannot read `{}`", path.display()), e))?;
                Stdio::from(file)
            }
        });
        Ok(command)
    }

    pub(super) fn cannot_start(&self, error: std::io::Error) -> Error {
        let program = self.program.to_string_lossy();
        let program = text::foreign(&program);
        if !self.folder.is_dir() {
            let folder = self.folder.display();
            let message = format!("cannot start `{program}`: there is no folder `{folder}`");
            return Error::new(crate::base::Kind::Busy, "no-folder", message).because(error);
        }
        if error.kind() == std::io::ErrorKind::NotFound {
            let message = format!("there is no program `{program}`");
            return Error::usage("no-program", message).because(error);
        }
        Error::io(format!("cannot start `{program}`"), error)
    }
}
