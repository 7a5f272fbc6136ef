//! Commits: building them byte by byte, reading them, walking the first parents.

use crate::base::{Error, Oid, RepoPath, Result, Timestamp};
use crate::git::cmd::Git;
use crate::git::format::to_oid;
use crate::git::objects::{Kind, Objects};
use crate::git::raw::RawStore;
use crate::git::repo::Repo;
use crate::git::sub::Sub;

/// Who made a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Shown name.
    pub name: String,
    /// Address.
    pub email: String,
}

impl Person {
    /// As it stands in a commit and in a reflog, before the time.
    pub(super) fn header(&self) -> String {
        let (name, email) = (header_text(&self.name), header_text(&self.email));
        format!("{name} <{email}>")
    }
}

/// A commit as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub oid: Oid,
    /// What it holds.
    pub tree: Oid,
    /// What it follows; none for a first commit.
    pub parents: Vec<Oid>,
    /// Who wrote it.
    pub author: Person,
    /// When it was written, in whole seconds.
    pub authored: Timestamp,
    /// When it was committed, in whole seconds.
    pub committed: Timestamp,
    /// The whole message; bytes that are not UTF-8 are replaced.
    pub message: String,
}

impl Commit {
    /// The first line of the message.
    pub fn subject(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }

    /// The values of the trailer `name` in the last paragraph of the message, in order.
    pub fn trailers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let last = self.message.trim_end().rsplit("\n\n").next();
        last.unwrap_or_default().lines().filter_map(move |line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// A commit to be written. Author and committer are the same and the time is in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCommit<'a> {
    /// What it holds.
    pub tree: &'a Oid,
    /// What it follows.
    pub parents: &'a [Oid],
    /// Who makes it.
    pub by: &'a Person,
    /// When.
    pub at: Timestamp,
    /// Subject, blank line, body, trailers.
    pub message: &'a str,
}

impl Objects {
    /// Writes a commit and gives its id. Not durable before [`Objects::flush`], and not signed.
    pub fn write_commit(&self, new: &NewCommit<'_>) -> Result<Oid> {
        let mut text = format!("tree {}\n", new.tree);
        for parent in new.parents {
            text += &format!("parent {parent}\n");
        }
        let who = format!("{} {} +0000", new.by.header(), new.at.seconds());
        text += &format!("author {who}\ncommitter {who}\n\n");
        text += new.message.trim_end();
        text.push('\n');
        self.write(Kind::Commit, text.replace('\0', "").as_bytes())
    }

    /// Reads a commit.
    ///
    /// # Errors
    /// Damaged, `object`: it is missing or malformed.
    pub fn commit(&self, oid: &Oid) -> Result<Commit> {
        let bytes = self.read(oid, Kind::Commit)?;
        let broken = |e: gix::Error| {
            let message = format!("commit `{oid}` is malformed");
            Error::damaged("object", message).because(e.to_string())
        };
        let format = self.format().kind();
        let commit = gix::objs::CommitRef::from_bytes(&bytes, format).map_err(broken)?;
        let author = commit.author().map_err(broken)?;
        let committer = commit.committer().map_err(broken)?;
        let at = |seconds: i64| Timestamp::from_millis(seconds.saturating_mul(1000));
        Ok(Commit {
            oid: oid.clone(),
            tree: to_oid(commit.tree()),
            parents: commit.parents().map(to_oid).collect(),
            author: Person {
                name: author.name.to_string(),
                email: author.email.to_string(),
            },
            authored: at(author.seconds()),
            committed: at(committer.seconds()),
            message: commit.message.to_string(),
        })
    }
}

impl Repo {
    /// True if `ancestor` is `descendant` or one of its ancestors.
    pub fn is_ancestor(&self, ancestor: &Oid, descendant: &Oid) -> Result<bool> {
        self.git().is_ancestor(ancestor, descendant)
    }

    /// Paths that differ between two trees, as they are: nothing of the configuration or of
    /// replace refs counts.
    pub fn changed_paths(&self, old: &Oid, new: &Oid) -> Result<Vec<RepoPath>> {
        let store = RawStore::open(&self.common_dir().join("objects"), new)?;
        let empty = self.format().empty_tree();
        let some = |tree: &Oid| (*tree != empty).then(|| tree.clone());
        let changes = store.changes(some(old).as_ref(), some(new).as_ref())?;
        Ok(changes.into_iter().map(|change| change.path).collect())
    }

    /// The best common ancestors of two commits; none for unrelated histories.
    pub fn merge_bases(&self, one: &Oid, other: &Oid) -> Result<Vec<Oid>> {
        self.git().merge_bases(one, other)
    }

    /// Commits that are in `tip` and not in any of `without`, parents after children, at most
    /// `limit`.
    pub fn commits_between(&self, without: &[Oid], tip: &Oid, limit: usize) -> Result<Vec<Oid>> {
        let mut input = format!("{tip}\n");
        for oid in without {
            input += &format!("^{oid}\n");
        }
        let git = self.git();
        let call = git.call(Sub::RevList).args(["--topo-order", "--stdin"]);
        let call = call.arg(format!("--max-count={limit}")).input(input);
        oid_lines(Sub::RevList, &call.output()?)
    }
}

impl Git {
    /// True if `ancestor` is `descendant` or one of its ancestors.
    pub fn is_ancestor(&self, ancestor: &Oid, descendant: &Oid) -> Result<bool> {
        if ancestor == descendant {
            return Ok(true);
        }
        let call = self.call(Sub::MergeBase).arg("--is-ancestor");
        let answer = call.args([ancestor.as_str(), descendant.as_str()]).run()?;
        match answer.code {
            0 => Ok(true),
            1 => Ok(false),
            _ => Err(answer.failure()),
        }
    }

    /// The best common ancestors of two commits; none for unrelated histories.
    pub fn merge_bases(&self, one: &Oid, other: &Oid) -> Result<Vec<Oid>> {
        let call = self.call(Sub::MergeBase).arg("--all");
        let answer = call.args([one.as_str(), other.as_str()]).run()?;
        if answer.code == 1 {
            return Ok(Vec::new());
        }
        oid_lines(Sub::MergeBase, &answer.output()?)
    }
}

/// Reads lines that each hold one full object id.
pub(super) fn oid_lines(sub: Sub, bytes: &[u8]) -> Result<Vec<Oid>> {
    let text = std::str::from_utf8(bytes).ok();
    text.filter(|text| text.is_empty() || text.ends_with('\n'))
        .and_then(|text| text.lines().map(Oid::parse).collect())
        .ok_or_else(|| crate::git::cmd::malformed(sub))
}

/// What would end the name or the line is left out; git refuses empty names.
fn header_text(text: &str) -> String {
    let kept: String = text
        .chars()
        .filter(|c| !matches!(c, '<' | '>') && !c.is_control())
        .collect();
    let kept = kept.trim();
    if kept.is_empty() {
        "unknown".to_owned()
    } else {
        kept.to_owned()
    }
}
