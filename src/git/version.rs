//! Which git this is, what we need of it, and which releases have their known holes closed.

use std::fmt;
use std::path::Path;

use crate::base::{Error, Result, text};
use crate::git::cmd::Git;
use crate::git::sub::Sub;

/// Oldest git that works: `merge-tree --write-tree` with `--merge-base`.
pub const FLOOR: Version = Version(2, 40, 0);

/// First releases per line without CVE-2025-48384 to 48386 (files and programs planted by a
/// clone); every later line has the fixes too.
const FIXED: [Version; 8] = [
    Version(2, 43, 7),
    Version(2, 44, 4),
    Version(2, 45, 4),
    Version(2, 46, 4),
    Version(2, 47, 3),
    Version(2, 48, 2),
    Version(2, 49, 1),
    Version(2, 50, 1),
];

/// A release of git.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// Asks the git on PATH.
    pub fn of_git() -> Result<Self> {
        let line = Git::in_folder(Path::new("/")).call(Sub::Version).line()?;
        Self::parse(&line).ok_or_else(|| {
            let shown = text::foreign(&line);
            Error::usage("git-version", format!("`{shown}` is not a version of git"))
        })
    }

    /// Reads `git version 2.47.3` with whatever a distributor appended.
    pub fn parse(line: &str) -> Option<Self> {
        let word = line.strip_prefix("git version ")?;
        let digits = word
            .split(|c: char| !c.is_ascii_digit() && c != '.')
            .next()?;
        let mut numbers = digits.split('.').map(|n| n.parse().unwrap_or(0));
        Some(Version(
            numbers.next().filter(|&n| n > 0)?,
            numbers.next()?,
            numbers.next().unwrap_or(0),
        ))
    }

    /// Fails if this is older than [`FLOOR`].
    pub fn check(self) -> Result<()> {
        if self >= FLOOR {
            return Ok(());
        }
        let message = format!("git {self} is too old, {FLOOR} or newer is needed");
        Err(Error::usage("git-version", message))
    }

    /// True if holes are known that a newer release of its line, or a newer line, has closed.
    pub fn has_known_holes(self) -> bool {
        match FIXED.iter().find(|f| (f.0, f.1) == (self.0, self.1)) {
            Some(fixed) => self < *fixed,
            None => self < FIXED[0],
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_distributors_are_read() {
        for (line, version) in [
            ("git version 2.47.3", Version(2, 47, 3)),
            ("git version 2.39.5 (Apple Git-154)", Version(2, 39, 5)),
            ("git version 2.51.0.windows.1", Version(2, 51, 0)),
            ("git version 3.0-rc1", Version(3, 0, 0)),
        ] {
            assert_eq!(Version::parse(line), Some(version));
        }
        assert_eq!(Version::parse("gut version 1"), None);
        Version::of_git().unwrap().check().unwrap();
    }

    #[test]
    fn holes_are_judged_per_line() {
        let holes = |a, b, c| Version(a, b, c).has_known_holes();
        assert!(holes(2, 40, 4) && holes(2, 47, 2) && holes(2, 50, 0));
        assert!(!holes(2, 47, 3) && !holes(2, 43, 7) && !holes(2, 51, 0) && !holes(3, 0, 0));
        assert!(Version(2, 39, 5).check().is_err());
    }
}
