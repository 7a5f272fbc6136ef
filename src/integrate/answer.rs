//! Reads what `git merge-tree -z` says; an answer that is not in its form is never guessed at.

use std::collections::BTreeMap;

use crate::base::{Oid, RepoPath, Result};
use crate::git::Sub;
use crate::git::cmd::malformed;

/// One merge as git reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MergeAnswer {
    /// The merged tree; with conflict markers in it if there are conflicts.
    pub(super) tree: Oid,
    /// Conflicted paths with the blob of each stage that exists: 1 base, 2 ours, 3 theirs.
    pub(super) conflicts: BTreeMap<RepoPath, Stages>,
    /// Kind and sentence of each message with the paths it is about.
    pub(super) messages: Vec<Message>,
}

/// The blobs of base, ours and theirs.
pub(super) type Stages = [Option<Oid>; 3];

/// What git says about some paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) paths: Vec<RepoPath>,
    /// Git's stable word, for instance `CONFLICT (contents)`.
    pub(super) kind: String,
    pub(super) text: String,
}

/// The tree of an answer without conflicts and messages.
pub(super) fn tree_of(bytes: &[u8]) -> Result<Oid> {
    let mut reader = Reader(bytes);
    reader.oid()
}

/// Reads one answer of `git merge-tree --write-tree -z`.
pub(super) fn one(bytes: &[u8], is_clean: bool) -> Result<MergeAnswer> {
    let mut reader = Reader(bytes);
    let answer = reader.merge(is_clean)?;
    match reader.0 {
        [] => Ok(answer),
        _ => Err(malformed(Sub::MergeTree)),
    }
}

/// Reads the answers of `git merge-tree --stdin -z`, `count` of them, and
/// whether each is clean.
pub(super) fn many(bytes: &[u8], count: usize) -> Result<Vec<(bool, MergeAnswer)>> {
    let mut reader = Reader(bytes);
    let mut out = Vec::with_capacity(count);
    for _ in 0..count {
        let is_clean = match reader.field()? {
            b"1" => true,
            b"0" => false,
            _ => return Err(malformed(Sub::MergeTree)),
        };
        let answer = reader.merge(is_clean)?;
        if reader.field()? != b"" {
            return Err(malformed(Sub::MergeTree));
        }
        out.push((is_clean, answer));
    }
    match reader.0 {
        [] => Ok(out),
        _ => Err(malformed(Sub::MergeTree)),
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn field(&mut self) -> Result<&'a [u8]> {
        let end = self.0.iter().position(|b| *b == 0);
        let end = end.ok_or_else(|| malformed(Sub::MergeTree))?;
        let field = &self.0[..end];
        self.0 = &self.0[end + 1..];
        Ok(field)
    }

    fn text(&mut self) -> Result<String> {
        Ok(String::from_utf8_lossy(self.field()?).into_owned())
    }

    fn oid(&mut self) -> Result<Oid> {
        let text = std::str::from_utf8(self.field()?).ok();
        text.and_then(Oid::parse)
            .ok_or_else(|| malformed(Sub::MergeTree))
    }

    fn merge(&mut self, is_clean: bool) -> Result<MergeAnswer> {
        let tree = self.oid()?;
        let mut answer = MergeAnswer {
            tree,
            conflicts: BTreeMap::new(),
            messages: Vec::new(),
        };
        if is_clean {
            return Ok(answer);
        }
        loop {
            let line = self.field()?;
            if line.is_empty() {
                break;
            }
            let (path, stage, oid) = stage_line(line).ok_or_else(|| malformed(Sub::MergeTree))?;
            answer.conflicts.entry(path).or_default()[stage - 1] = Some(oid);
        }
        while !self.ended() {
            answer.messages.push(self.message()?);
        }
        Ok(answer)
    }

    /// At the end, or at the empty field that ends a record of `--stdin`.
    fn ended(&self) -> bool {
        matches!(self.0.first(), None | Some(0))
    }

    fn message(&mut self) -> Result<Message> {
        let count: usize = self
            .text()?
            .parse()
            .map_err(|_| malformed(Sub::MergeTree))?;
        let mut paths = Vec::new();
        for _ in 0..count {
            paths.push(RepoPath::from_bytes(self.field()?));
        }
        let kind = self.text()?;
        let text = self.text()?.trim_end().to_owned();
        Ok(Message { paths, kind, text })
    }
}

/// `<mode> <object> <stage>\t<path>`
fn stage_line(line: &[u8]) -> Option<(RepoPath, usize, Oid)> {
    let tab = line.iter().position(|b| *b == b'\t')?;
    let mut words = std::str::from_utf8(&line[..tab]).ok()?.split(' ');
    let (_mode, oid, stage) = (words.next()?, words.next()?, words.next()?);
    let stage: usize = stage.parse().ok().filter(|s| (1..=3).contains(s))?;
    Some((
        RepoPath::from_bytes(&line[tab + 1..]),
        stage,
        Oid::parse(oid)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "dd66ef9fdea08def26319a06300390c9506c0bce";

    fn conflict() -> String {
        format!(
            "{TREE}\0100644 {TREE} 1\ta b\0100644 {TREE} 3\ta b\0\0\
             1\0a b\0CONFLICT (modify/delete)\0CONFLICT: deleted\n\0"
        )
    }

    #[test]
    fn a_conflict_is_read_with_its_stages_and_messages() {
        let answer = one(conflict().as_bytes(), false).unwrap();
        let (path, stages) = answer.conflicts.first_key_value().unwrap();
        assert_eq!(path, &RepoPath::from("a b"));
        assert_eq!(stages.each_ref().map(Option::is_some), [true, false, true]);
        assert_eq!(answer.messages[0].kind, "CONFLICT (modify/delete)");
        assert_eq!(answer.messages[0].text, "CONFLICT: deleted");
    }

    #[test]
    fn in_a_list_one_means_clean_and_nought_means_conflict() {
        let list = format!("1\0{TREE}\0\00\0{}\0", conflict());
        let answers = many(list.as_bytes(), 2).unwrap();
        let clean: Vec<bool> = answers.iter().map(|(clean, _)| *clean).collect();
        assert_eq!(clean, [true, false]);
        assert_eq!(answers[1].1.conflicts.len(), 1);
    }

    #[test]
    fn an_answer_that_is_cut_off_is_an_error() {
        let whole = conflict();
        for end in [0, 10, 41, 90, whole.len() - 1] {
            assert!(one(&whole.as_bytes()[..end], false).is_err(), "{end}");
        }
        let list = format!("1\0{TREE}\0\0");
        assert!(many(list.as_bytes(), 2).is_err());
        assert!(many(format!("2\0{TREE}\0\0").as_bytes(), 1).is_err());
    }
}
