//! Findings, and how changes are put before the scope guard: with sizes and targets of links.

use std::borrow::Cow;

use crate::base::{Oid, PackageId, RepoPath, Result};
use crate::git::raw::{MODE_GITLINK, RawChange, RawEntry, RawStore};
use crate::model::{GateViolation, ScopeMode};
use crate::scope::Set;
use crate::scope::guard::{self, Change, EntryMode, Policy, Violation};

/// Largest `.gitmodules` that is read.
const MODULES_MAX: usize = 1 << 20;

/// One finding before it becomes a violation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: Option<RepoPath>,
    pub(super) rule: &'static str,
    pub(super) detail: String,
    pub(super) commit: Option<Oid>,
    pub(super) owner: Option<PackageId>,
    /// True if another scope could allow it.
    pub(super) is_about_scope: bool,
}

impl Found {
    pub(super) fn new(rule: &'static str, detail: impl Into<String>) -> Self {
        Found {
            path: None,
            rule,
            detail: detail.into(),
            commit: None,
            owner: None,
            is_about_scope: false,
        }
    }

    pub(super) fn at(path: &RepoPath, rule: &'static str, detail: impl Into<String>) -> Self {
        Found {
            path: Some(path.clone()),
            ..Found::new(rule, detail)
        }
    }

    fn from_guard(violation: Violation) -> Self {
        Found {
            is_about_scope: violation.rule.is_about_scope(),
            ..Found::at(&violation.path, violation.rule.as_str(), violation.detail)
        }
    }

    pub(super) fn in_commit(mut self, commit: &Oid) -> Self {
        self.commit = Some(commit.clone());
        self
    }

    pub(super) fn owned_by(mut self, owner: Option<PackageId>) -> Self {
        if let Some(owner) = owner.as_ref().filter(|_| self.is_about_scope) {
            self.detail += &format!("; it belongs to `{owner}`");
        }
        self.owner = owner;
        self
    }

    pub(super) fn into_violation(self) -> GateViolation {
        GateViolation {
            path: self.path,
            rule: self.rule.to_owned(),
            detail: self.detail,
            commit: self.commit,
            owner: self.owner,
        }
    }
}

/// The scope that holds in a mode: where none was declared, everything but what is denied.
pub(super) fn in_mode(scope: &Set, mode: ScopeMode) -> Cow<'_, Set> {
    match mode {
        ScopeMode::Strict | ScopeMode::Amend => Cow::Borrowed(scope),
        ScopeMode::Open => Cow::Owned(scope.without_limits()),
    }
}

/// Judges changes by the scope guard, with what it has to be told about blobs and links.
///
/// # Errors
/// A link's target cannot be read.
pub(super) fn judge(
    raw: &RawStore,
    changes: &[RawChange],
    scope: &Set,
    blob_max: Option<u64>,
) -> Result<Vec<Found>> {
    let mut asked = Vec::with_capacity(changes.len());
    for change in changes {
        let facts = raw.facts(change)?;
        asked.push(Change {
            path: change.path.clone(),
            old: mode(change.old.as_ref()),
            new: mode(change.new.as_ref()),
            size: facts.size,
            target: facts.target,
        });
    }
    let policy = Policy {
        max_blob_bytes: blob_max,
    };
    let violations = guard::judge(&asked, scope, &policy);
    Ok(violations.into_iter().map(Found::from_guard).collect())
}

fn mode(entry: Option<&RawEntry>) -> EntryMode {
    entry.map_or(EntryMode::Absent, |e| {
        EntryMode::from_octal(&format!("{:o}", e.mode))
    })
}

/// What is wrong with the new content of a change, whoever may write the path.
///
/// # Errors
/// An object became unreadable between two looks.
pub(super) fn content(raw: &RawStore, change: &RawChange) -> Result<Option<Found>> {
    let path = &change.path;
    let Some(new) = change.new.as_ref().filter(|new| new.mode != MODE_GITLINK) else {
        return Ok(None);
    };
    if raw.size(&new.oid)?.is_none() {
        let text = "its content is not in the object store";
        return Ok(Some(Found::at(path, "missing-object", text)));
    }
    if !raw.is_genuine(&new.oid)? {
        let text = "its content does not have its own hash";
        return Ok(Some(Found::at(path, "forged-object", text)));
    }
    if names_modules(path) {
        let (bytes, _) = raw.blob(&new.oid, MODULES_MAX)?;
        if has_stray_control(&bytes) {
            let text = "holds control characters that some versions of git misread";
            return Ok(Some(Found::at(path, "submodule", text)));
        }
    }
    Ok(None)
}

/// True for `.gitmodules` in any letter case.
pub(super) fn names_modules(path: &RepoPath) -> bool {
    let name = path.as_bytes().rsplit(|b| *b == b'/').next();
    name.is_some_and(|name| name.eq_ignore_ascii_case(b".gitmodules"))
}

/// A carriage return anywhere but before a line feed, or another control character.
fn has_stray_control(bytes: &[u8]) -> bool {
    let next = bytes.iter().skip(1).map(Some).chain([None]);
    bytes.iter().zip(next).any(|(byte, next)| match byte {
        b'\r' => next != Some(&b'\n'),
        b'\n' | b'\t' => false,
        byte => byte.is_ascii_control(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carriage_return_inside_a_line_of_gitmodules_is_stray() {
        assert!(has_stray_control(b"\tpath = \"sub\r\"\n"));
        assert!(has_stray_control(b"path = sub\r"));
        assert!(!has_stray_control(b"[submodule \"x\"]\r\n\tpath = x\r\n"));
    }
}
