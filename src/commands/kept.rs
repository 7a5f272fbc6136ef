//! Work of attempts that did not become part of their feature: how much it is, and what keeps it.

use crate::base::{Error, FeatureId, Oid, RefName, RepoPath, Result};
use crate::commands::Context;
use crate::git::{Expected, Repo};
use crate::report::view::{self, ClaimWord, Kept, StatusView};
use crate::state::Op;
use crate::state::record::{Extent, Salvage};
use crate::state::request::AttemptFact;
use crate::state::view::AttemptView;
use crate::store::{Load, Store};

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

/// Paths that differ between two commits.
///
/// # Errors
/// An object is absent.
pub(super) fn paths(repo: &Repo, old: &Oid, new: &Oid) -> Result<Vec<RepoPath>> {
    let objects = repo.objects();
    let (old, new) = (objects.commit(old)?.tree, objects.commit(new)?.tree);
    repo.changed_paths(&old, &new)
}

/// What is kept of an attempt's work, measured as far as the objects are here. What no record
/// names yet may be on a branch of this clone.
///
/// # Errors
/// The repository cannot be read.
pub(super) fn of(repo: &Repo, view: &AttemptView) -> Result<Option<Kept>> {
    let attempt = &view.attempt;
    let mut found = view::kept(view);
    if found.is_none() {
        let head = repo.refs().read(&attempt.branch)?;
        let head = head.filter(|head| *head != attempt.base);
        found = head.map(|head| Kept {
            head,
            base: attempt.base.clone(),
            commits: None,
            files: None,
        });
    }
    let Some(mut kept) = found else {
        return Ok(None);
    };
    if (kept.commits.is_none() || kept.files.is_none())
        && let Some(extent) = extent(repo, &kept)?
    {
        kept.commits = Some(extent.commits);
        kept.files = Some(extent.files);
    }
    Ok(Some(kept))
}

/// Saves the branches of claims from outside that this clone made and that ended without a
/// result: nobody else would. Gives how many were saved now.
///
/// # Errors
/// The store or the repository failed.
pub(super) fn save(cx: &mut Context<'_>, store: &Store) -> Result<usize> {
    let (repo, me) = (cx.repo()?, cx.actor()?);
    let branches = repo.refs().list("refs/heads/wp")?;
    if branches.is_empty() {
        return Ok(0);
    }
    let briefs = store.view(&Load::Briefs)?;
    let has_branch = |id: &&FeatureId| {
        let folder = format!("refs/heads/wp/{}/", id.slug());
        branches
            .iter()
            .any(|(name, _)| name.as_str().starts_with(&folder))
    };
    let features = briefs.briefs.keys().filter(has_branch).cloned().collect();
    let view = store.view(&Load::Features(features))?;
    let packages = view.features.values().flat_map(|f| f.packages.values());
    let attempts = packages.flat_map(|p| p.attempts.values());
    let left = |a: &&AttemptView| {
        let ended = a
            .end
            .as_ref()
            .is_some_and(|end| !end.reason.is_completion());
        ended && a.attempt.session.is_some() && a.result.is_none() && a.attempt.by.actor == me
    };
    let mut changes = Vec::new();
    for attempt in attempts.filter(left) {
        let branch = branches
            .iter()
            .find(|(name, _)| *name == attempt.attempt.branch);
        if let Some((_, head)) = branch {
            changes.extend(salvage(cx, attempt, head)?);
        }
    }
    let number = changes.len();
    for answer in cx.submit(store, changes)? {
        answer.map_err(Error::from)?;
    }
    Ok(number)
}

/// Holds `head` by a ref and gives the record of it; nothing if there is no work in it, or if it
/// was saved before.
fn salvage(cx: &mut Context<'_>, view: &AttemptView, head: &Oid) -> Result<Option<(Op, Vec<Oid>)>> {
    let attempt = &view.attempt;
    if *head == attempt.base || view.salvages.iter().any(|known| known.commit == *head) {
        return Ok(None);
    }
    let (repo, durability) = (cx.repo()?, cx.settings()?.durability);
    let (feature, package) = (attempt.feature.slug(), attempt.package.slug());
    let name = format!("refs/wp/salvage/{feature}/{package}/{}", attempt.attempt);
    let name =
        RefName::parse(&name).ok_or_else(|| Error::bug(format!("`{name}` is not a ref name")))?;
    let swapped = repo
        .refs()
        .swap(&name, Some(head), &Expected::Any, "wp: sync", durability);
    swapped.map_err(|error| error.into_error(&name))?;
    let kept = Kept {
        head: head.clone(),
        base: attempt.base.clone(),
        commits: None,
        files: None,
    };
    let salvage = Salvage {
        commit: head.clone(),
        kept_by: name,
        extent: extent(&repo, &kept)?,
        at: cx.now(),
    };
    let note = Op::Note {
        feature: attempt.feature.clone(),
        package: attempt.package.clone(),
        attempt: attempt.attempt.clone(),
        fact: AttemptFact::Salvage(salvage),
    };
    Ok(Some((note, vec![head.clone()])))
}
