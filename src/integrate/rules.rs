//! The rules of the gate for one changed path, beside the scope itself.

use crate::base::{Oid, PackageId, RepoPath, Result};
use crate::git::raw::{RawChange, RawEntry, RawStore};
use crate::model::GateViolation;

/// Longest symbolic link target that is read.
const TARGET_MAX: usize = 4096;
/// Largest `.gitmodules` that is read.
const MODULES_MAX: usize = 1 << 20;

const MODE_LINK: u32 = 0o120_000;
const MODE_GITLINK: u32 = 0o160_000;
const MODE_FILE: u32 = 0o100_644;
const MODE_PROGRAM: u32 = 0o100_755;

/// One finding before it becomes a violation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: Option<RepoPath>,
    pub(super) rule: &'static str,
    pub(super) detail: String,
    pub(super) commit: Option<Oid>,
    pub(super) owner: Option<PackageId>,
}

impl Found {
    pub(super) fn new(rule: &'static str, detail: impl Into<String>) -> Self {
        Found {
            path: None,
            rule,
            detail: detail.into(),
            commit: None,
            owner: None,
        }
    }

    pub(super) fn at(path: &RepoPath, rule: &'static str, detail: impl Into<String>) -> Self {
        Found {
            path: Some(path.clone()),
            ..Found::new(rule, detail)
        }
    }

    pub(super) fn in_commit(mut self, commit: &Oid) -> Self {
        self.commit = Some(commit.clone());
        self
    }

    pub(super) fn owned_by(mut self, owner: Option<PackageId>) -> Self {
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

/// What is wrong with the new side of a change, whoever may write the path.
pub(super) fn entry(raw: &RawStore, change: &RawChange, blob_max: u64) -> Result<Vec<Found>> {
    let path = &change.path;
    let Some(new) = &change.new else {
        return Ok(Vec::new());
    };
    let mut out = Vec::new();
    if path.is_hostile() {
        let text = format!("`{path}` has a part that some file system takes for `.git` or leaves");
        out.push(Found::at(path, "hostile-path", text));
    }
    match new.mode {
        MODE_FILE | MODE_PROGRAM => out.extend(blob(raw, path, new, blob_max)?),
        MODE_LINK => out.extend(link(raw, path, new)?),
        MODE_GITLINK => out.extend(gitlink(change)),
        other => {
            let text = format!("`{path}` has mode {other:o}, which is no file, link or submodule");
            out.push(Found::at(path, "mode", text));
        }
    }
    Ok(out)
}

fn blob(raw: &RawStore, path: &RepoPath, new: &RawEntry, max: u64) -> Result<Option<Found>> {
    let Some(size) = raw.size(&new.oid)? else {
        let text = format!("the content of `{path}` is not in the object store");
        return Ok(Some(Found::at(path, "missing-object", text)));
    };
    if size > max {
        let text = format!("`{path}` has {size} bytes, the limit is {max}");
        return Ok(Some(Found::at(path, "size", text)));
    }
    if path.as_bytes().rsplit(|b| *b == b'/').next() == Some(b".gitmodules") {
        let (bytes, _) = raw.blob(&new.oid, MODULES_MAX)?;
        if has_stray_control(&bytes) {
            let text = format!("`{path}` holds control characters that some git misreads");
            return Ok(Some(Found::at(path, "submodule", text)));
        }
    }
    Ok(None)
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

fn gitlink(change: &RawChange) -> Option<Found> {
    let path = &change.path;
    let is_known = change
        .old
        .as_ref()
        .is_some_and(|old| old.mode == MODE_GITLINK);
    (!is_known).then(|| {
        let text = format!("`{path}` is a new submodule or a repository inside the repository");
        Found::at(path, "gitlink", text)
    })
}

fn link(raw: &RawStore, path: &RepoPath, new: &RawEntry) -> Result<Option<Found>> {
    if raw.size(&new.oid)?.is_none() {
        let text = format!("the target of `{path}` is not in the object store");
        return Ok(Some(Found::at(path, "missing-object", text)));
    }
    let (target, more) = raw.blob(&new.oid, TARGET_MAX)?;
    let target = RepoPath::from_bytes(target);
    let why = match escape(path, &target) {
        _ if more => "its target is too long",
        Some(why) => why,
        None => return Ok(None),
    };
    let text = format!("`{path}` is a symbolic link to `{target}`: {why}");
    Ok(Some(Found::at(path, "symlink", text)))
}

/// Why a link at `path` with this target leaves the repository; `None` if it stays inside.
fn escape(path: &RepoPath, target: &RepoPath) -> Option<&'static str> {
    let bytes = target.as_bytes();
    if bytes.is_empty() {
        return Some("it points nowhere");
    }
    if bytes[0] == b'/' || bytes.contains(&b'\\') || bytes.get(1) == Some(&b':') {
        return Some("it points to a place outside the repository");
    }
    let mut depth = path.as_bytes().iter().filter(|b| **b == b'/').count();
    for part in bytes.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return Some("it points to a place outside the repository"),
            },
            name if crate::base::path::is_dot_git(&String::from_utf8_lossy(name)) => {
                return Some("it points into git's own folder");
            }
            _ => depth += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, target: &str, is_refused: bool) {
        let found = escape(&path.into(), &target.into());
        assert_eq!(found.is_some(), is_refused, "{path} -> {target}: {found:?}");
    }

    #[test]
    fn links_may_not_leave_the_repository() {
        for (path, target) in [
            ("a", "/etc/passwd"),
            ("a", ".."),
            ("d/a", "../../x"),
            ("d/a", "x/../../../y"),
            ("a", ".git/config"),
            ("d/a", "../.GIT/hooks"),
            ("a", "C:/x"),
            ("a", "\\\\host\\x"),
            ("a", ""),
        ] {
            check(path, target, true);
        }
        for (path, target) in [
            ("a", "b"),
            ("d/a", "../b"),
            ("d/e/a", "../../b/./c"),
            ("a", "d/"),
        ] {
            check(path, target, false);
        }
    }

    #[test]
    fn a_carriage_return_inside_a_line_of_gitmodules_is_stray() {
        assert!(has_stray_control(b"\tpath = \"sub\r\"\n"));
        assert!(has_stray_control(b"path = sub\r"));
        assert!(!has_stray_control(b"[submodule \"x\"]\r\n\tpath = x\r\n"));
    }
}
