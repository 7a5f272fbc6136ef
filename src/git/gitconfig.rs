//! Git configuration: read as git reads it, written to the repository's own file only.
//!
//! Writing is for `init` and `hooks install`, which say what they write.

use crate::base::{Error, Result, text};
use crate::git::cmd::{Git, malformed};
use crate::git::sub::Sub;

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The machine's or the user's files: nothing that arrives by git can write them.
    User,
    /// The repository's own file, or one that it includes.
    Repository,
    /// The command line or environment of one call.
    Call,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The key; section and name in lower case, the part between them as written.
    pub key: String,
    /// The value; a key without one reads as `true`.
    pub value: String,
    /// Where it stands.
    pub scope: Scope,
}

impl Git {
    /// All values whose key matches the regular expression, in git's order: the last of a key
    /// wins.
    pub fn settings(&self, key_pattern: &str) -> Result<Vec<Setting>> {
        let call = self
            .call(Sub::Config)
            .args(["--null", "--show-scope", "--get-regexp"]);
        let answer = call.arg(key_pattern).run()?;
        if answer.code == 1 {
            return Ok(Vec::new());
        }
        let fields = crate::git::cmd::split_items(&answer.output()?);
        let fields = fields.filter(|fields| fields.len() % 2 == 0);
        let fields = fields.ok_or_else(|| malformed(Sub::Config))?;
        Ok(fields
            .chunks(2)
            .map(|pair| setting(&pair[0], &pair[1]))
            .collect())
    }

    /// The value of one key; `None` if it is not set.
    pub fn setting(&self, key: &str) -> Result<Option<String>> {
        let answer = self
            .call(Sub::Config)
            .args(["--null", "--get", key])
            .run()?;
        if answer.code == 1 {
            return Ok(None);
        }
        let bytes = answer.output()?;
        let value = bytes
            .strip_suffix(b"\0")
            .ok_or_else(|| malformed(Sub::Config))?;
        Ok(Some(String::from_utf8_lossy(value).into_owned()))
    }

    /// Sets one key in the repository's own file to exactly this value.
    pub fn set_local(&self, key: &str, value: &str) -> Result<()> {
        let call = self
            .call(Sub::Config)
            .args(["--local", "--replace-all", key, value]);
        call.output().map(drop)
    }

    /// Adds a value to a key with many values, in the repository's own file, unless the key has it
    /// somewhere already; `false` then.
    pub fn add_local(&self, key: &str, value: &str) -> Result<bool> {
        let call = self.call(Sub::Config).args(["--null", "--get-all", key]);
        let answer = call.run()?;
        let known = match answer.code {
            1 => Vec::new(),
            _ => crate::git::cmd::split_items(&answer.output()?)
                .ok_or_else(|| malformed(Sub::Config))?,
        };
        if known.iter().any(|known| known == value.as_bytes()) {
            return Ok(false);
        }
        let call = self
            .call(Sub::Config)
            .args(["--local", "--add", key, value]);
        call.output().map(|_| true)
    }

    /// Takes one key out of the repository's own file; fine if it is not there.
    pub fn unset_local(&self, key: &str) -> Result<()> {
        const NOT_THERE: i32 = 5;
        let call = self.call(Sub::Config).args(["--local", "--unset-all", key]);
        let answer = call.run()?;
        match answer.code {
            NOT_THERE => Ok(()),
            _ => answer.output().map(drop),
        }
    }

    /// Who commits here: `user.name` and `user.email`.
    ///
    /// # Errors
    /// `no-identity` (usage) if they are not set.
    pub fn identity(&self) -> Result<crate::git::commit::Person> {
        let missing = |key: &str| {
            Error::usage("no-identity", format!("`{key}` is not set"))
                .hint(format!("git config --global {key} ..."))
        };
        let need = |key: &str| {
            self.setting(key)?
                .filter(|v| !v.is_empty())
                .ok_or_else(|| missing(key))
        };
        Ok(crate::git::commit::Person {
            name: need("user.name")?,
            email: need("user.email")?,
        })
    }
}

impl Setting {
    /// Reads the value as git reads a boolean.
    ///
    /// # Errors
    /// `config` (usage) with key and value.
    pub fn boolean(&self) -> Result<bool> {
        match self.value.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" | "" => Ok(false),
            _ => {
                let (key, value) = (text::foreign(&self.key), text::foreign(&self.value));
                let message = format!("`{key}` is `{value}`, which is neither true nor false");
                Err(Error::usage("config", message))
            }
        }
    }
}

fn setting(scope: &[u8], item: &[u8]) -> Setting {
    let item = String::from_utf8_lossy(item);
    let (key, value) = item.split_once('\n').unwrap_or((&item, "true"));
    Setting {
        key: key.to_owned(),
        value: value.to_owned(),
        scope: match scope {
            b"local" | b"worktree" => Scope::Repository,
            b"command" => Scope::Call,
            _ => Scope::User,
        },
    }
}
