//! Merging many pairs of commits in one process, only to know whether they would merge.

use crate::base::{Oid, RepoPath, Result};
use crate::git::cmd::{Git, malformed};
use crate::git::sub::Sub;

/// What merging one pair would give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// True if git finds no conflict.
    pub is_clean: bool,
    /// Paths that would conflict, sorted; there are conflicts without a path of their own.
    pub paths: Vec<RepoPath>,
}

impl Git {
    /// Tries to merge each pair and gives the answers in order. The trees that git makes on the
    /// way are written to the object store.
    ///
    /// # Errors
    /// An object is missing, or the histories of a pair are unrelated.
    pub fn try_merges(&self, pairs: &[(Oid, Oid)]) -> Result<Vec<Trial>> {
        if pairs.is_empty() {
            return Ok(Vec::new());
        }
        let input: String = pairs.iter().map(|(a, b)| format!("{a} {b}\n")).collect();
        let call = self.call(Sub::MergeTree).args(["--stdin", "-z"]);
        read(&call.input(input).output()?, pairs.len()).ok_or_else(|| malformed(Sub::MergeTree))
    }
}

fn read(bytes: &[u8], count: usize) -> Option<Vec<Trial>> {
    let mut reader = Reader(bytes);
    let trials = (0..count)
        .map(|_| reader.trial())
        .collect::<Option<Vec<Trial>>>()?;
    reader.0.is_empty().then_some(trials)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn field(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|b| *b == 0)?;
        let field = &self.0[..end];
        self.0 = &self.0[end + 1..];
        Some(field)
    }

    /// `1 NUL tree NUL NUL`, or `0 NUL tree NUL (mode oid stage TAB path NUL)* NUL
    /// (count NUL path NUL .. type NUL text NUL)* NUL`.
    fn trial(&mut self) -> Option<Trial> {
        let is_clean = match self.field()? {
            b"1" => true,
            b"0" => false,
            _ => return None,
        };
        Oid::parse(std::str::from_utf8(self.field()?).ok()?)?;
        let mut paths = Vec::new();
        if !is_clean {
            paths = self.paths()?;
            while self.0.first()? != &0 {
                self.skip_message()?;
            }
        }
        self.field()?
            .is_empty()
            .then_some(Trial { is_clean, paths })
    }

    fn paths(&mut self) -> Option<Vec<RepoPath>> {
        let mut paths = Vec::new();
        loop {
            let line = self.field()?;
            if line.is_empty() {
                paths.sort();
                paths.dedup();
                return Some(paths);
            }
            let tab = line.iter().position(|b| *b == b'\t')?;
            paths.push(RepoPath::from_bytes(&line[tab + 1..]));
        }
    }

    fn skip_message(&mut self) -> Option<()> {
        let count: usize = std::str::from_utf8(self.field()?).ok()?.parse().ok()?;
        for _ in 0..count.checked_add(2)? {
            self.field()?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "dd66ef9fdea08def26319a06300390c9506c0bce";

    fn list() -> String {
        format!(
            "1\0{TREE}\0\00\0{TREE}\0100644 {TREE} 1\ta b\0100644 {TREE} 3\ta b\0\0\
             1\0a b\0CONFLICT (modify/delete)\0CONFLICT: deleted\n\0\0"
        )
    }

    #[test]
    fn one_means_clean_and_nought_means_conflict() {
        let trials = read(list().as_bytes(), 2).unwrap();
        assert!(trials[0].is_clean && trials[0].paths.is_empty());
        assert!(!trials[1].is_clean);
        assert_eq!(trials[1].paths, [RepoPath::from("a b")]);
    }

    #[test]
    fn an_answer_that_is_cut_off_or_too_long_is_none() {
        let whole = list();
        for end in [0, 10, 45, 90, whole.len() - 1] {
            assert_eq!(read(&whole.as_bytes()[..end], 2), None, "{end}");
        }
        assert_eq!(read(whole.as_bytes(), 1), None);
        assert_eq!(read(format!("2\0{TREE}\0\0").as_bytes(), 1), None);
    }
}
