//! The environment of this process: read once, and what of it others may have.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::base::{AttemptId, Error, Result, text};

/// Set for everything that runs in the room of an attempt.
pub const ATTEMPT: &str = "WP_ATTEMPT";

/// The code of the refusal of what an attempt may not do.
pub const IN_ROOM: &str = "in-room";

/// Variables by name. [`Environment::of_process`] in the program, from a list in tests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    vars: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// The variables of this process.
    pub fn of_process() -> Self {
        env::vars_os().collect()
    }

    /// Every variable.
    pub fn all(&self) -> &BTreeMap<OsString, OsString> {
        &self.vars
    }

    /// The same with one variable set.
    #[must_use]
    pub fn with(&self, name: &str, value: impl Into<OsString>) -> Self {
        let mut vars = self.vars.clone();
        vars.insert(name.into(), value.into());
        Environment { vars }
    }

    /// The value of a variable; `None` if it is not set or empty.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        let value = self.vars.get(OsStr::new(name)).map(OsString::as_os_str);
        value.filter(|value| !value.is_empty())
    }

    /// The value as text; `None` also if it is not UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(OsStr::to_str)
    }

    /// Variables whose names begin with `prefix`, with the rest of their names.
    pub fn with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.vars.iter().filter_map(move |(name, value)| {
            Some((name.to_str()?.strip_prefix(prefix)?, value.to_str()?))
        })
    }

    /// The attempt in whose room this runs; `None` outside.
    ///
    /// # Errors
    /// The variable is there and is no attempt id: nothing is guessed then.
    pub fn attempt(&self) -> Result<Option<AttemptId>> {
        let Some(value) = self.get(ATTEMPT) else {
            return Ok(None);
        };
        let value = value.to_string_lossy();
        match AttemptId::parse(&value) {
            Some(id) => Ok(Some(id)),
            None => {
                let shown = text::foreign(&value);
                Err(Error::usage(
                    "room",
                    format!("`{ATTEMPT}` is `{shown}`, not an attempt id"),
                ))
            }
        }
    }

    /// Fails inside a room, for what a person decides: `what` is for instance `approve`.
    pub fn refuse_in_room(&self, what: &str) -> Result<()> {
        if self.get(ATTEMPT).is_none() {
            return Ok(());
        }
        Err(in_room(what))
    }

    /// Where this user's decisions are kept, outside of what git carries: `git-wp` in
    /// `XDG_STATE_HOME` or `~/.local/state`. It may not exist yet.
    ///
    /// # Errors
    /// `no-home` (usage) if neither is known.
    pub fn state_folder(&self) -> Result<PathBuf> {
        let absolute = |path: &&OsStr| Path::new(path).is_absolute();
        let base = match self.get("XDG_STATE_HOME").filter(absolute) {
            Some(folder) => PathBuf::from(folder),
            None => match self.get("HOME").filter(absolute) {
                Some(home) => Path::new(home).join(".local/state"),
                None => {
                    let message = "`HOME` is not set, so there is no place for decisions";
                    return Err(Error::usage("no-home", message));
                }
            },
        };
        Ok(base.join("git-wp"))
    }

    /// Where this user's own files of configuration stand: `git-wp` in `XDG_CONFIG_HOME` or
    /// `~/.config`; `None` if neither is known. It may not exist.
    pub fn config_folder(&self) -> Option<PathBuf> {
        let absolute = |path: &&OsStr| Path::new(path).is_absolute();
        let base = self.get("XDG_CONFIG_HOME").filter(absolute);
        let home = || self.get("HOME").filter(absolute);
        let base = base.map(PathBuf::from);
        let base = base.or_else(|| home().map(|home| Path::new(home).join(".config")))?;
        Some(base.join("git-wp"))
    }

    /// The name of the user, for labels.
    pub fn user(&self) -> Option<&str> {
        self.text("USER").or_else(|| self.text("LOGNAME"))
    }
}

/// `what` is for a person and not for an attempt.
pub fn in_room(what: &str) -> Error {
    let message = format!("`{what}` is for a person and not for an attempt");
    Error::policy(IN_ROOM, message).hint("run it outside the attempt's worktree")
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(vars: I) -> Self {
        Environment {
            vars: vars
                .into_iter()
                .map(|(k, v)| (k.into(), v.into()))
                .collect(),
        }
    }
}

/// The path of this program, for hooks that call it.
pub fn own_program() -> Result<PathBuf> {
    env::current_exe().map_err(|e| Error::io("cannot find the path of this program", e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment() -> Environment {
        [
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("GH_TOKEN", "x"),
            ("MY_KEY", "x"),
            ("MY_PLAIN", "y"),
            ("AWS_REGION", "x"),
            ("SSH_AUTH_SOCK", "x"),
            ("EDITOR", "vi"),
            ("EMPTY", ""),
        ]
        .into_iter()
        .collect()
    }

    #[test]
    fn a_room_is_known_and_a_broken_mark_is_an_error() {
        let with = |value| Environment::from_iter([(ATTEMPT, value)]);
        assert_eq!(with("a1b2").attempt().unwrap().unwrap().as_str(), "a1b2");
        assert_eq!(with("").attempt().unwrap(), None);
        assert_eq!(with("../x").attempt().unwrap_err().code(), "room");
        assert_eq!(
            with("../x").refuse_in_room("approve").unwrap_err().code(),
            "in-room"
        );
        environment().refuse_in_room("approve").unwrap();
    }

    #[test]
    fn the_state_folder_follows_the_base_directory_rules() {
        let folder = |vars: &[(&str, &str)]| Environment::from_iter(vars.to_vec()).state_folder();
        let home = ("HOME", "/h");
        assert_eq!(
            folder(&[home]).unwrap(),
            Path::new("/h/.local/state/git-wp")
        );
        let state = folder(&[home, ("XDG_STATE_HOME", "/s")]).unwrap();
        assert_eq!(state, Path::new("/s/git-wp"));
        let relative = folder(&[home, ("XDG_STATE_HOME", "s")]).unwrap();
        assert_eq!(relative, Path::new("/h/.local/state/git-wp"));
        assert_eq!(folder(&[]).unwrap_err().code(), "no-home");
    }
}
