//! What changed between two commits, as a unified diff for people and agents.

use crate::base::{Oid, RepoPath, Result, text};
use crate::git::Repo;
use crate::report::diff::{self, Versions};
use crate::report::style::Page;

/// Files of which the difference is shown.
const FILES_MAX: usize = 40;
/// Largest file of which it is.
const FILE_BYTES_MAX: usize = 256 << 10;

/// Draws it, bounded; what is left out is said.
///
/// # Errors
/// One of the commits is absent.
pub(super) fn between(repo: &Repo, base: &Oid, head: &Oid) -> Result<String> {
    let objects = repo.objects();
    let (old, new) = (objects.commit(base)?.tree, objects.commit(head)?.tree);
    let paths = repo.changed_paths(&old, &new)?;
    let mut out = String::new();
    for path in paths.iter().take(FILES_MAX) {
        let (old, new) = (objects.file(&old, path)?, objects.file(&new, path)?);
        out.push_str(&one(path, old, new));
    }
    if paths.len() > FILES_MAX {
        let more = text::count(paths.len() - FILES_MAX, "more file");
        out.push_str(&format!("[{more} changed]\n"));
    }
    Ok(out)
}

fn one(path: &RepoPath, old: Option<Vec<u8>>, new: Option<Vec<u8>>) -> String {
    let name = path.to_text();
    let side = |bytes: Option<Vec<u8>>| match bytes {
        None => Some((String::new(), "/dev/null".to_owned())),
        Some(bytes) if bytes.len() > FILE_BYTES_MAX => None,
        Some(bytes) => {
            let text = String::from_utf8(bytes).ok()?;
            (!text.contains('\0')).then(|| (text, name.clone()))
        }
    };
    let (Some((old, old_name)), Some((new, new_name))) = (side(old), side(new)) else {
        return format!("[`{name}` changed; it is no text, or too large to show]\n");
    };
    let versions = Versions {
        old_name: &old_name,
        old: &old,
        new_name: &new_name,
        new: &new,
    };
    diff::render(&versions, Page::plain())
}
