//! Merges an accepted head into the tip: a true merge commit, made in memory.
//!
//! No side ever wins by rule. The merged tree is looked at path by path before a commit is made of
//! it: what differs from the tip is what the head changed, in a place the package may write. The
//! new objects are in the real store but not flushed; nothing points at them yet.

use std::collections::BTreeSet;

use crate::base::{AttemptId, FeatureId, Oid, PackageId, RepoPath, Result, Timestamp, text};
use crate::git::Person;
use crate::git::merge::{self, MergeMessage};
use crate::git::plain_merge;
use crate::git::raw::{RawChange, RawStore};
use crate::git::tree::Change;
use crate::integrate::collide;
use crate::integrate::gate::OwnerOf;
use crate::integrate::rules::{self, Found};
use crate::integrate::shadow::Shadow;
use crate::model::{GateViolation, ScopeMode};
use crate::scope::Set;

/// Bytes of a conflicted file that are kept for showing.
pub const HUNKS_MAX: usize = 64 << 10;

/// What is merged into what.
pub struct MergeInput<'a> {
    /// Where integration stands.
    pub tip: &'a Oid,
    /// The head that passed the gate.
    pub head: &'a Oid,
    /// The commit that the attempt started from; attributes for merging are taken from it.
    pub base: &'a Oid,
    /// Where the package may write.
    pub scope: &'a Set,
    /// What happens to a path outside of it.
    pub mode: ScopeMode,
    /// [`crate::integrate::Gated::granted`] of that gate run.
    pub granted: &'a [RepoPath],
    /// A file whose edits are left out: it stays as the tip has it.
    pub left_out: Option<&'a RepoPath>,
    /// The package that brought a path into the tip, for naming the other side of a conflict.
    pub owner_of: &'a OwnerOf<'a>,
    /// What the commit says.
    pub message: MessageParts<'a>,
}

/// What the merge commit says. The attempt is in the subject, so no subject comes twice.
#[derive(Debug, Clone, Copy)]
pub struct MessageParts<'a> {
    /// The feature.
    pub feature: &'a FeatureId,
    /// The package.
    pub package: &'a PackageId,
    /// Its role in words.
    pub role: &'a str,
    /// What it is about, for people; cut where the subject gets long. May be empty.
    pub title: &'a str,
    /// The attempt whose head this is.
    pub attempt: &'a AttemptId,
    /// Who merges.
    pub by: &'a Person,
    /// When.
    pub at: Timestamp,
    /// Further trailers, name and value.
    pub trailers: &'a [(&'a str, &'a str)],
}

impl MessageParts<'_> {
    /// Subject, blank line, trailers.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.subject());
        text += &format!("Work-Package: {}\n", self.package);
        text += &format!(
            "Wp-Feature: {}\nWp-Attempt: {}\n",
            self.feature, self.attempt
        );
        for (name, value) in self.trailers {
            text += &format!("{name}: {}\n", one_line(value));
        }
        text
    }

    /// The title gives way to what tells merges apart.
    fn subject(&self) -> String {
        let start = format!("Merge {} ({})", self.package, one_line(self.role));
        let end = format!(", attempt {}", self.attempt);
        let used = start.chars().count() + end.chars().count() + ": ".len();
        let room = SUBJECT_MAX.saturating_sub(used);
        let title = one_line(self.title);
        match title.is_empty() || room < TITLE_MIN {
            true => start + &end,
            false => format!("{start}: {}{end}", text::cut(&title, room)),
        }
    }
}

/// Longest subject of a merge, in characters, where its ids allow it.
const SUBJECT_MAX: usize = 72;
/// A title that is cut below this says nothing.
const TITLE_MIN: usize = 8;

/// Text of a plan cannot begin a trailer of its own.
pub(super) fn one_line(text: &str) -> String {
    text.split(char::is_control)
        .collect::<Vec<_>>()
        .join(" ")
        .trim()
        .to_owned()
}

/// How a merge ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MergeOutcome {
    /// There is a commit.
    Merged(Merged),
    /// Two packages changed the same thing.
    Conflict(Conflict),
    /// The merged tree holds what the package may not write.
    Refused(Vec<GateViolation>),
}

/// A merge commit that nothing points at yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The commit; parents are the tip and the head.
    pub commit: Oid,
    /// Its tree.
    pub tree: Oid,
    /// Paths that differ from the tip.
    pub changed: Vec<RepoPath>,
}

/// Why there is no merge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conflict {
    /// Each path that git could not merge.
    pub paths: Vec<ConflictPath>,
    /// The other packages concerned.
    pub others: Vec<PackageId>,
}

/// One path that could not be merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictPath {
    /// Where.
    pub path: RepoPath,
    /// Git's sentence, foreign text.
    pub what: String,
    /// The file with conflict markers, at most [`HUNKS_MAX`] bytes; absent for binary files and
    /// where one side has no file.
    pub marked: Option<String>,
    /// The package whose change is in the tip.
    pub other: Option<PackageId>,
}

/// Merges.
///
/// # Errors
/// Git cannot be run, or the two have no history in common.
pub fn merge(shadow: &Shadow, input: &MergeInput<'_>) -> Result<MergeOutcome> {
    let raw = shadow.raw()?;
    let content = content(shadow, &raw, input)?;
    let tree = match merged_tree(shadow, &raw, (input, &content))? {
        merge::Merged::Clean { tree } => tree,
        conflicted => {
            let conflict = conflict(&raw, input.owner_of, conflicted)?;
            return Ok(MergeOutcome::Conflict(conflict));
        }
    };
    let violations = recheck(shadow, input, &tree)?;
    if !violations.is_empty() {
        return Ok(MergeOutcome::Refused(violations));
    }
    let tip = raw.commit(input.tip)?.tree;
    let changed = raw.changes(Some(&tip), Some(&tree))?;
    let commit = write_commit(shadow, input, &tree)?;
    Ok(MergeOutcome::Merged(Merged {
        commit,
        tree,
        changed: changed.into_iter().map(|change| change.path).collect(),
    }))
}

/// What is merged: the head, or a commit on top of it that takes back its edits of the one file.
fn content(shadow: &Shadow, raw: &RawStore, input: &MergeInput<'_>) -> Result<Oid> {
    let Some(path) = input.left_out else {
        return Ok(input.head.clone());
    };
    let (base, head) = (raw.commit(input.base)?.tree, raw.commit(input.head)?.tree);
    if raw.entry(&head, path)? == raw.entry(&base, path)? {
        return Ok(input.head.clone());
    }
    let objects = shadow.objects();
    let before = objects.entry(&base, path)?;
    let change = Change {
        path: path.clone(),
        entry: before.map(|entry| (entry.mode, entry.oid)),
    };
    let tree = objects.edit(Some(&head), &[change])?;
    objects.write_commit(&crate::git::NewCommit {
        tree: &tree,
        parents: std::slice::from_ref(input.head),
        by: input.message.by,
        at: input.message.at,
        message: "left out\n",
    })
}

/// In process where the two have nothing in common, else by git.
fn merged_tree(
    shadow: &Shadow,
    raw: &RawStore,
    (input, content): (&MergeInput<'_>, &Oid),
) -> Result<merge::Merged> {
    let plain = plain_merge::merge(raw, &shadow.objects(), input.tip, content)?;
    if let Some(tree) = plain {
        return Ok(merge::Merged::Clean { tree });
    }
    // What merging legitimately needs of attributes comes from before the agents.
    let git = shadow.git_into_store();
    let git = git.env("GIT_ATTR_SOURCE", input.base.as_str());
    git.merge_tree(input.tip, content, None)
}

fn write_commit(shadow: &Shadow, input: &MergeInput<'_>, tree: &Oid) -> Result<Oid> {
    let new = crate::git::NewCommit {
        tree,
        parents: &[input.tip.clone(), input.head.clone()],
        by: input.message.by,
        at: input.message.at,
        message: &input.message.text(),
    };
    shadow.objects().write_commit(&new)
}

/// What speaks against a merged tree: every path that differs from the tip must be the package's
/// to write and be as the head has it, or be a text merge of two changes to one file in scope.
///
/// # Errors
/// An object is missing.
pub fn recheck(
    shadow: &Shadow,
    input: &MergeInput<'_>,
    merged: &Oid,
) -> Result<Vec<GateViolation>> {
    let raw = &shadow.raw()?;
    let tip = raw.commit(input.tip)?.tree;
    let head = raw.commit(input.head)?.tree;
    let changes = raw.changes(Some(&tip), Some(merged))?;
    let scope = rules::in_mode(input.scope, input.mode);
    let mut found = collide::collisions(raw, (&tip, merged), &changes)?;
    let granted: BTreeSet<&RepoPath> = input.granted.iter().collect();
    for outside in rules::judge(raw, &changes, &scope, None)? {
        let path = outside.path.as_ref();
        if !(outside.is_about_scope && path.is_some_and(|path| granted.contains(path))) {
            let owner = path.and_then(input.owner_of);
            found.push(outside.owned_by(owner));
        }
    }
    let mut bases = None;
    for change in &changes {
        let path = &change.path;
        if change.new == raw.entry(&head, path)? {
            continue;
        }
        if bases.is_none() {
            bases = Some(shadow.merge_bases(input.tip, input.head)?);
        }
        if is_untouched(raw, change, bases.iter().flatten())? {
            let text = "is neither as the tip nor as the head has it";
            found.push(Found::at(path, "merge", text));
        }
    }
    Ok(found.into_iter().map(Found::into_violation).collect())
}

/// True if the tip still has a path as one of the merge bases had it.
fn is_untouched<'a>(
    raw: &RawStore,
    change: &RawChange,
    mut bases: impl Iterator<Item = &'a Oid>,
) -> Result<bool> {
    bases.try_fold(false, |found, base| {
        let tree = raw.commit(base)?.tree;
        Ok(found || raw.entry(&tree, &change.path)? == change.old)
    })
}

/// What git said of a merge that did not work.
pub(super) fn conflict(
    raw: &RawStore,
    owner_of: &OwnerOf<'_>,
    merged: merge::Merged,
) -> Result<Conflict> {
    let merge::Merged::Conflicted {
        tree,
        paths,
        messages,
    } = merged
    else {
        return Ok(Conflict::default());
    };
    let mut all: BTreeSet<RepoPath> = paths.into_iter().collect();
    let told = messages.iter().filter(|m| m.kind.starts_with("CONFLICT"));
    all.extend(told.flat_map(|m| m.paths.iter().cloned()));
    let mut out = Vec::new();
    for path in all {
        let about = |m: &&MergeMessage| m.kind != "Auto-merging" && m.paths.contains(&path);
        let what = messages.iter().find(about);
        out.push(ConflictPath {
            what: what.map_or_else(|| "both sides changed it".to_owned(), |m| m.text.clone()),
            marked: marked(raw, &tree, &path)?,
            other: owner_of(&path),
            path,
        });
    }
    let others: BTreeSet<PackageId> = out.iter().filter_map(|p| p.other.clone()).collect();
    Ok(Conflict {
        paths: out,
        others: others.into_iter().collect(),
    })
}

/// The file as git left it, if there are markers in it.
fn marked(raw: &RawStore, tree: &Oid, path: &RepoPath) -> Result<Option<String>> {
    let Some(entry) = raw
        .entry(tree, path)?
        .filter(|e| e.mode & 0o170_000 == 0o100_000)
    else {
        return Ok(None);
    };
    let (bytes, more) = raw.blob(&entry.oid, HUNKS_MAX)?;
    if bytes.contains(&0) || !(more || bytes.windows(8).any(|w| w == b"<<<<<<< ")) {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_package_role_and_attempt_and_cannot_be_forged() {
        let by = Person {
            name: "a".into(),
            email: "b".into(),
        };
        let parts = MessageParts {
            feature: &FeatureId::parse("add-auth").unwrap(),
            package: &PackageId::parse("wp-api").unwrap(),
            role: "backend\n\nWp-Attempt: forged",
            title: "",
            attempt: &AttemptId::parse("k3x9").unwrap(),
            by: &by,
            at: Timestamp::from_millis(0),
            trailers: &[("Wp-Stack", "2\nX: y")],
        };
        assert_eq!(
            parts.text(),
            "Merge wp-api (backend  Wp-Attempt: forged), attempt k3x9\n\n\
             Work-Package: wp-api\nWp-Feature: add-auth\nWp-Attempt: k3x9\nWp-Stack: 2 X: y\n"
        );
        let titled = |title| {
            let parts = MessageParts {
                role: "backend",
                title,
                ..parts
            };
            parts.text().lines().next().unwrap_or_default().to_owned()
        };
        assert_eq!(
            titled("Tokens\nthat expire"),
            "Merge wp-api (backend): Tokens that expire, attempt k3x9"
        );
        assert_eq!(
            titled(&"long ".repeat(20)),
            "Merge wp-api (backend): long long long long long long lon…, attempt k3x9"
        );
    }
}
