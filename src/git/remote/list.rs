//! What a remote has: exact refs, or all below a folder.

use std::time::Duration;

use crate::base::{Error, Oid, RefName, Result};
use crate::git::cmd::malformed;
use crate::git::format::Format;
use crate::git::remote::outpost::{Outpost, Promisors};
use crate::git::remote::{Remote, Trouble, words};
use crate::git::sub::Sub;
use crate::os::clock::Moment;

/// Longest time for an answer.
const TIME_MAX: Duration = Duration::from_secs(120);
/// Most bytes of an answer: some hundred thousand refs.
const BYTES_MAX: u64 = 64 << 20;

impl Remote {
    /// What the remote has of `refs`: full names, or `refs/.../*` for all below a folder. Sorted
    /// as the remote sorts; what does not exist is left out, and so are names that are not
    /// [`RefName`]s. One child.
    ///
    /// # Errors
    /// [`Trouble::Offline`]; [`Trouble::Failed`] if its objects are named by another hash.
    pub fn list(&self, refs: &[&str]) -> Result<Vec<(RefName, Oid)>, Trouble> {
        if refs.is_empty() {
            return Ok(Vec::new());
        }
        let outpost = Outpost::open(&self.repo, &self.transport, Promisors::None)?;
        let git = self.git(&outpost);
        let call = git
            .call(Sub::LsRemote)
            .args([
                "--quiet",
                "--refs",
                "--upload-pack=git-upload-pack",
                "--end-of-options",
            ])
            .arg(&self.name)
            .args(refs);
        let start = Moment::now();
        let give_up = &mut || self.is_over(start, TIME_MAX);
        let Some(answer) = call.run_unless(self.session, BYTES_MAX, give_up)? else {
            let words = format!("no answer within {} s", start.elapsed().as_secs());
            return Err(Trouble::Offline(self.failure(
                "remote-offline",
                "read",
                &words,
            )));
        };
        if answer.code != 0 {
            let words = words(&answer.stderr, false);
            return Err(Trouble::Offline(self.failure(
                "remote-offline",
                "read",
                &words,
            )));
        }
        let found = parse(&answer.stdout).ok_or_else(|| malformed(Sub::LsRemote))?;
        let format = self.repo.format();
        if let Some((_, oid)) = found
            .iter()
            .find(|(_, o)| o.as_str().len() != format.hex_len())
        {
            return Err(self.other_format(oid.as_str().len()).into());
        }
        let asked = |name: &str| refs.iter().any(|asked| matches(asked, name));
        Ok(found
            .into_iter()
            .filter(|(name, _)| asked(name))
            .filter_map(|(name, oid)| Some((RefName::parse(&name)?, oid)))
            .collect())
    }

    /// The error of a remote whose object ids have another length.
    pub(super) fn other_format(&self, length: usize) -> Error {
        let own = self.repo.format();
        let other = [Format::Sha1, Format::Sha256].into_iter();
        let other = other
            .filter(|f| f.hex_len() == length)
            .map(Format::word)
            .next();
        let message = format!(
            "objects are named by {} in `{}` and by {} in this repository",
            other.unwrap_or("another hash"),
            self.name,
            own.word()
        );
        let hint = "git cannot exchange objects between the two: use a remote of the same format";
        Error::usage("remote-format", message).hint(hint)
    }
}

/// Git matches the ends of names, we the whole.
fn matches(asked: &str, name: &str) -> bool {
    match asked.strip_suffix('*') {
        Some(folder) => name.starts_with(folder),
        None => name == asked,
    }
}

/// Lines of id, tab, name; `None` if one is something else or not ended.
fn parse(bytes: &[u8]) -> Option<Vec<(String, Oid)>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let lines = bytes.strip_suffix(b"\n")?.split(|b| *b == b'\n');
    lines
        .map(|line| {
            let tab = line.iter().position(|b| *b == b'\t')?;
            let oid = Oid::parse(std::str::from_utf8(&line[..tab]).ok()?)?;
            Some((String::from_utf8_lossy(&line[tab + 1..]).into_owned(), oid))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read_whole_or_not_at_all() {
        let id = "0123456789012345678901234567890123456789";
        let two = format!("{id}\trefs/a\n{id}\trefs/b\n");
        assert_eq!(parse(two.as_bytes()).unwrap().len(), 2);
        assert_eq!(parse(b"").unwrap().len(), 0);
        for bad in [
            &two[..two.len() - 1],
            "x\trefs/a\n",
            &format!("{id} refs/a\n"),
            "\n",
        ] {
            assert!(parse(bad.as_bytes()).is_none(), "{bad}");
        }
        let id = "01234567890123456789012345678901234567890";
        assert!(parse(format!("{id}\trefs/a\n").as_bytes()).is_none());
    }

    #[test]
    fn only_whole_names_match() {
        assert!(matches("refs/wp/state", "refs/wp/state"));
        assert!(!matches("refs/wp/state", "refs/heads/refs/wp/state"));
        assert!(matches("refs/wp/heads/*", "refs/wp/heads/a/b"));
        assert!(!matches("refs/wp/heads/*", "refs/wp/headsman"));
    }
}
