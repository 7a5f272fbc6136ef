//! Merging two commits in memory, by git: no checkout, no index, no hook, no `-X ours`.

use crate::base::{Oid, RepoPath, Result};
use crate::git::cmd::{Git, malformed};
use crate::git::sub::Sub;

/// What a merge gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merged {
    /// Everything fits.
    Clean {
        /// The merged tree.
        tree: Oid,
    },
    /// A person has to decide something.
    Conflicted {
        /// The tree with conflict markers in its files, for showing only.
        tree: Oid,
        /// Paths that could not be merged, sorted.
        paths: Vec<RepoPath>,
        /// What git says about it: foreign text.
        messages: Vec<MergeMessage>,
    },
}

/// One remark of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeMessage {
    /// The stable short type, for instance `CONFLICT (contents)`.
    pub kind: String,
    /// What it concerns.
    pub paths: Vec<RepoPath>,
    /// The sentence.
    pub text: String,
}

impl Git {
    /// Merges `theirs` into `ours`; the trees are written to the object store (to
    /// `GIT_OBJECT_DIRECTORY` where the call's environment has one) and are not flushed.
    ///
    /// Without `base` the common ancestors are found, and merged first if there are several. With
    /// `base` all three may also be trees.
    ///
    /// # Errors
    /// An object is missing, or the histories are unrelated.
    pub fn merge_tree(&self, ours: &Oid, theirs: &Oid, base: Option<&Oid>) -> Result<Merged> {
        let mut call = self.call(Sub::MergeTree).args(["--write-tree", "-z"]);
        if let Some(base) = base {
            call = call.arg(format!("--merge-base={base}"));
        }
        let answer = call.args([ours.as_str(), theirs.as_str()]).run()?;
        let merged = match answer.code {
            0 => parse_clean(&answer.stdout),
            1 => parse_conflicted(&answer.stdout),
            _ => return Err(answer.failure()),
        };
        merged.ok_or_else(|| malformed(Sub::MergeTree))
    }
}

fn parse_clean(bytes: &[u8]) -> Option<Merged> {
    let tree = oid(bytes.split(|&b| b == 0).next()?)?;
    bytes.ends_with(b"\0").then_some(Merged::Clean { tree })
}

/// `tree NUL (mode oid stage TAB path NUL)* NUL (count NUL path NUL .. type NUL text NUL)*`
fn parse_conflicted(bytes: &[u8]) -> Option<Merged> {
    let mut fields = bytes.strip_suffix(b"\0")?.split(|&b| b == 0);
    let tree = oid(fields.next()?)?;
    let mut paths = Vec::new();
    for field in fields.by_ref().take_while(|field| !field.is_empty()) {
        let tab = field.iter().position(|&b| b == b'\t')?;
        paths.push(RepoPath::from_bytes(&field[tab + 1..]));
    }
    paths.sort();
    paths.dedup();
    let mut messages = Vec::new();
    while let Some(count) = fields.next() {
        let count: usize = std::str::from_utf8(count).ok()?.parse().ok()?;
        let concerned: Vec<_> = fields
            .by_ref()
            .take(count)
            .map(RepoPath::from_bytes)
            .collect();
        messages.push(MergeMessage {
            paths: (concerned.len() == count).then_some(concerned)?,
            kind: String::from_utf8_lossy(fields.next()?).into_owned(),
            text: String::from_utf8_lossy(fields.next()?)
                .trim_end()
                .to_owned(),
        });
    }
    Some(Merged::Conflicted {
        tree,
        paths,
        messages,
    })
}

fn oid(bytes: &[u8]) -> Option<Oid> {
    Oid::parse(std::str::from_utf8(bytes).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_off_answer_is_no_merge() {
        let tree = "a".repeat(40);
        let whole = format!("{tree}\x001 {tree} 1\tf\x00\x001\0f\0CONFLICT (contents)\0text\n\0");
        assert!(matches!(
            parse_conflicted(whole.as_bytes()),
            Some(Merged::Conflicted { paths, messages, .. })
                if paths == [RepoPath::from("f")] && messages[0].text == "text"
        ));
        for cut in [50, whole.len() - 1, whole.len() - 7, 41 + 20] {
            assert_eq!(parse_conflicted(&whole.as_bytes()[..cut]), None, "{cut}");
        }
        assert_eq!(parse_clean(tree.as_bytes()), None);
        assert!(parse_clean(format!("{tree}\0").as_bytes()).is_some());
    }
}
