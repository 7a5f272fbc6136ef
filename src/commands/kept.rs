//! Work of attempts that did not become part of their feature: how much it is, and what keeps it.

use std::path::Path;

use crate::base::{Oid, Result};
use crate::git::Repo;
use crate::git::raw::RawStore;
use crate::report::view::{ClaimWord, Kept, StatusView};
use crate::state::record::Extent;

/// More commits of one attempt are not counted.
const COMMITS_MAX: usize = 10_000;

/// Fills in how much superseded attempts left, where no record tells and the objects are here.
pub(super) fn measure(repo: &Repo, view: &mut StatusView) {
    let rows = view.packages.iter_mut().flat_map(|p| &mut p.attempts);
    let rows = rows.filter(|row| row.claim == ClaimWord::Superseded);
    for kept in rows.filter_map(|row| row.kept.as_mut()) {
        if kept.commits.is_some() && kept.files.is_some() {
            continue;
        }
        if let Ok(Some(extent)) = extent(repo, kept) {
            kept.commits = Some(extent.commits);
            kept.files = Some(extent.files);
        }
    }
}

/// How much stands between the base and the head of what is kept; `None` if the objects are not
/// all here.
///
/// # Errors
/// The repository cannot be read.
pub(super) fn extent(repo: &Repo, kept: &Kept) -> Result<Option<Extent>> {
    let objects = repo.objects();
    if !objects.exists(&kept.head)? || !objects.exists(&kept.base)? {
        return Ok(None);
    }
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let without = [kept.base.clone()];
    let commits = repo.commits_between(&without, &kept.head, COMMITS_MAX)?;
    let paths = paths(repo, &kept.base, &kept.head)?;
    Ok(Some(Extent {
        commits: number(commits.len()),
        files: number(paths.len()),
    }))
}

/// Paths that differ between two commits, for people.
///
/// # Errors
/// An object is absent.
pub(super) fn paths(repo: &Repo, old: &Oid, new: &Oid) -> Result<Vec<String>> {
    let objects = repo.objects();
    let trees = (objects.commit(old)?.tree, objects.commit(new)?.tree);
    let folder: &Path = &repo.common_dir().join("objects");
    let changes = RawStore::open(folder, new)?.changes(Some(&trees.0), Some(&trees.1))?;
    Ok(changes.iter().map(|change| change.path.to_text()).collect())
}
