//! Kept work beside what its package has.

use crate::base::{Oid, RepoPath, Result, json};
use crate::commands::adopt::Found;
use crate::commands::{Answer, Context, kept};
use crate::report::adopt::{self, Against, CommitRow, Comparison};
use crate::report::view::claim;
use crate::state::view::AttemptView;

/// More commits are counted and not listed.
const LISTED_MAX: usize = 20;
/// More commits are not counted.
const COMMITS_MAX: usize = 10_000;

/// Shows both.
pub(super) fn show(cx: &mut Context<'_>, found: &Found) -> Result<Answer> {
    let repo = cx.repo()?;
    let (base, head) = (&found.kept.base, &found.kept.head);
    let mut commits = repo.commits_between(std::slice::from_ref(base), head, COMMITS_MAX)?;
    let number = commits.len();
    // They come parents after children.
    commits.truncate(LISTED_MAX);
    let objects = repo.objects();
    let mut listed = Vec::new();
    for commit in commits {
        let subject = objects.commit(&commit)?.subject().to_owned();
        listed.push(CommitRow { commit, subject });
    }
    let paths = kept::paths(&repo, base, head)?;
    let against = against(cx, found)?;
    let other = against.as_ref().and_then(|a| a.head.as_ref());
    let attempt = &found.attempt.attempt;
    let comparison = Comparison {
        feature: found.feature.clone(),
        package: found.package.clone(),
        attempt: attempt.attempt.clone(),
        machine: attempt.by.label.clone(),
        claim: claim(&found.attempt),
        why: found.attempt.end.as_ref().map(|end| end.note.clone()),
        base: base.clone(),
        head: head.clone(),
        commits: number,
        listed,
        files: paths.iter().map(RepoPath::to_text).collect(),
        diff: format!(
            "git diff {} {}",
            other.unwrap_or(base).short(),
            head.short()
        ),
        against,
    };
    let text = adopt::render(&comparison, cx.ui.page());
    Ok(Answer::done(json::value(&comparison)?, text))
}

/// The attempt that is merged, or that holds the package.
fn against(cx: &mut Context<'_>, found: &Found) -> Result<Option<Against>> {
    let accepted = found.beside.accept.as_ref().map(|accept| &accept.attempt);
    let live = found.beside.live().map(|grant| &grant.attempt);
    let Some(id) = accepted.or(live) else {
        return Ok(None);
    };
    let Some(other) = found.beside.attempts.get(id) else {
        return Ok(None);
    };
    Ok(Some(Against {
        attempt: id.clone(),
        machine: other.attempt.by.label.clone(),
        merged: accepted.is_some(),
        head: head_here(cx, other)?,
    }))
}

/// The work of the other attempt, if it made some that is here.
fn head_here(cx: &mut Context<'_>, other: &AttemptView) -> Result<Option<Oid>> {
    let repo = cx.repo()?;
    let head = match &other.result {
        Some(result) => Some(result.head.clone()),
        None => repo.refs().read(&other.attempt.branch)?,
    };
    let Some(head) = head.filter(|head| *head != other.attempt.base) else {
        return Ok(None);
    };
    Ok(repo.objects().exists(&head)?.then_some(head))
}
