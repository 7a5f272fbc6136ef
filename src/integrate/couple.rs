//! Merges a finished feature behind a target: a true merge commit, made in memory, no side ever
//! wins by rule. Gates and scopes were kept when the feature grew; here whole features meet.

use std::collections::BTreeSet;

use crate::base::{FeatureId, Oid, RepoPath, Result, Timestamp, text};
use crate::git::merge::Merged;
use crate::git::{NewCommit, Person, plain_merge};
use crate::integrate::collide;
use crate::integrate::merge::{Conflict, ConflictPath, conflict, one_line};
use crate::integrate::shadow::Shadow;

/// What is merged behind what.
pub struct Coupling<'a> {
    /// The target with what was merged so far.
    pub tip: &'a Oid,
    /// The finished feature.
    pub head: &'a Oid,
    /// The target itself; attributes for merging are taken from it.
    pub target: &'a Oid,
    /// What the commit says.
    pub said: Said<'a>,
}

/// What the merge commit of a feature says.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// The feature.
    pub feature: &'a FeatureId,
    /// What it is about, for people. May be empty.
    pub title: &'a str,
    /// Short name of the branch it goes into.
    pub into: &'a str,
    /// The train.
    pub train: &'a str,
    /// Who merges.
    pub by: &'a Person,
    /// When.
    pub at: Timestamp,
}

/// How that went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coupled {
    /// There is a commit, flushed by nobody, with the tip as its first parent.
    Merged {
        /// The commit.
        commit: Oid,
    },
    /// The tip holds the feature already.
    There,
    /// As text they do not fit.
    Conflict(Conflict),
}

/// Longest subject of a merge, in characters.
const SUBJECT_MAX: usize = 72;

impl Said<'_> {
    /// Subject, blank line, trailers.
    fn text(&self, head: &Oid) -> String {
        let subject = format!(
            "Merge feature {} into {}",
            self.feature,
            one_line(self.into)
        );
        let title = one_line(self.title);
        let subject = match title.is_empty() {
            true => subject,
            false => text::cut(&format!("{subject}: {title}"), SUBJECT_MAX),
        };
        let (feature, train) = (self.feature, one_line(self.train));
        format!("{subject}\n\nWp-Feature: {feature}\nWp-Head: {head}\nWp-Train: {train}\n")
    }
}

/// Merges.
///
/// # Errors
/// Git cannot be run, or the two have no history in common.
pub fn couple(shadow: &Shadow, coupling: &Coupling<'_>) -> Result<Coupled> {
    let Coupling { tip, head, .. } = *coupling;
    let raw = shadow.raw()?;
    let tree = match plain_merge::merge(&raw, &shadow.objects(), tip, head)? {
        Some(tree) => tree,
        None => {
            let git = shadow.git_into_store();
            let git = git.env("GIT_ATTR_SOURCE", coupling.target.as_str());
            match git.merge_tree(tip, head, None)? {
                Merged::Clean { tree } => tree,
                other => return conflict(&raw, &|_| None, other).map(Coupled::Conflict),
            }
        }
    };
    let before = raw.commit(tip)?.tree;
    if tree == before && shadow.is_ancestor(head, tip)? {
        return Ok(Coupled::There);
    }
    let changes = raw.changes(Some(&before), Some(&tree))?;
    let clashes = collide::collisions(&raw, (&before, &tree), &changes)?;
    if !clashes.is_empty() {
        let paths = clashes.into_iter().filter_map(|found| {
            Some(ConflictPath {
                path: found.path?,
                what: found.detail,
                marked: None,
                other: None,
            })
        });
        return Ok(Coupled::Conflict(Conflict {
            paths: paths.collect(),
            others: Vec::new(),
        }));
    }
    let commit = shadow.objects().write_commit(&NewCommit {
        tree: &tree,
        parents: &[tip.clone(), head.clone()],
        by: coupling.said.by,
        at: coupling.said.at,
        message: &coupling.said.text(head),
    })?;
    Ok(Coupled::Merged { commit })
}

/// The paths that a head changed since it left the target.
///
/// # Errors
/// Git cannot be run, or an object is absent.
pub fn changed(shadow: &Shadow, target: &Oid, head: &Oid) -> Result<BTreeSet<RepoPath>> {
    let raw = shadow.raw()?;
    let base = match plain_merge::merge_base(&raw, target, head) {
        Some(base) => Some(base),
        None => shadow.merge_bases(target, head)?.into_iter().next(),
    };
    let base = base.map(|base| raw.commit(&base)).transpose()?;
    let changes = raw.changes(
        base.as_ref().map(|base| &base.tree),
        Some(&raw.commit(head)?.tree),
    )?;
    Ok(changes.into_iter().map(|change| change.path).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_the_feature_and_its_head_and_cannot_be_forged() {
        let by = Person {
            name: "a".into(),
            email: "b".into(),
        };
        let feature = FeatureId::parse("add-auth").unwrap();
        let said = Said {
            feature: &feature,
            title: "Log in\n\nWp-Feature: other",
            into: "main",
            train: "t1",
            by: &by,
            at: Timestamp::from_millis(0),
        };
        let head = Oid::parse(&"ab".repeat(20)).unwrap();
        let text = said.text(&head);
        let (subject, rest) = text.split_once("\n\n").unwrap();
        assert_eq!(
            subject,
            "Merge feature add-auth into main: Log in  Wp-Feature: other"
        );
        let wanted = format!("Wp-Feature: add-auth\nWp-Head: {head}\nWp-Train: t1\n");
        assert_eq!(rest, wanted);
    }
}
