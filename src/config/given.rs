//! A value of git config or of a variable, read as what it has to be.

use crate::base::{Error, Result, text};
use crate::model::{Isolation, SandboxLevel};

/// One entry, with its key for what is said about it.
pub(super) struct Given<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a str,
}

impl Given<'_> {
    /// A text that is not blank.
    pub(super) fn text(&self) -> Result<String> {
        match self.value.trim() {
            "" => Err(self.bad("a text")),
            text => Ok(text.to_owned()),
        }
    }

    /// How far agents are confined.
    pub(super) fn sandbox(&self) -> Result<SandboxLevel> {
        let level = SandboxLevel::parse(self.value.trim());
        level.ok_or_else(|| self.bad("`off`, `repo` or `scope`"))
    }

    /// What rooms share with the repository.
    pub(super) fn isolation(&self) -> Result<Isolation> {
        let isolation = Isolation::parse(self.value.trim());
        isolation.ok_or_else(|| self.bad("`worktree` or `clone`"))
    }

    /// Reads the value as git reads a boolean.
    pub(super) fn boolean(&self) -> Result<bool> {
        match self.value.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" | "" => Ok(false),
            _ => Err(self.bad("`true` or `false`")),
        }
    }

    /// A whole number with git's suffixes `k`, `m`, `g`.
    pub(super) fn number(&self, min: u64, max: u64) -> Result<u64> {
        let lower = self.value.trim().to_ascii_lowercase();
        let (digits, shift) = match lower.strip_suffix(['k', 'm', 'g']) {
            Some(digits) => (
                digits,
                10 * (1 + "kmg".find(&lower[digits.len()..]).unwrap_or(0)),
            ),
            None => (lower.as_str(), 0),
        };
        let number = digits
            .parse::<u64>()
            .ok()
            .and_then(|n| n.checked_mul(1 << shift));
        let number = number.filter(|n| (min..=max).contains(n));
        number.ok_or_else(|| self.bad(&format!("a number from {min} to {max}")))
    }

    /// A whole number of at most `max`.
    pub(super) fn small(&self, max: u32) -> Result<u32> {
        let number = self.number(0, u64::from(max))?;
        Ok(u32::try_from(number).unwrap_or(max))
    }

    /// Words between blanks and commas.
    pub(super) fn words(&self) -> impl Iterator<Item = String> {
        let words = self.value.split([' ', ',']);
        words.filter(|word| !word.is_empty()).map(str::to_owned)
    }

    /// The error of a value that is not what is `wanted`.
    pub(super) fn bad(&self, wanted: &str) -> Error {
        let (key, value) = (text::foreign(self.key), text::foreign(self.value));
        Error::usage(
            "config",
            format!("`{key}` is `{value}`, which is not {wanted}"),
        )
        .hint(format!("git config --show-origin --get-all {key}"))
    }
}
