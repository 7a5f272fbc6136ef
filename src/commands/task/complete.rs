//! `git wp task complete`: what was claimed from outside is finished. The result is what the
//! branch holds; nothing that the session says is believed.

use super::{not_held, own};
use crate::base::json::{Map, json};
use crate::base::text::count;
use crate::base::{Error, Oid, RepoPath, Result};
use crate::commands::confirm::{self, Confirm, Firmness, Outcome};
use crate::commands::feature;
use crate::commands::task::claim::is_claim_of;
use crate::commands::{Answer, Context, held};
use crate::model::{AttemptResult, OutcomeKind};
use crate::state::record::Attempt;
use crate::state::request::AttemptFact;
use crate::state::{Op, Request};
use crate::store::Store;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// FEATURE/PACKAGE, or PACKAGE where there is but one feature
    #[arg(value_name = "FEATURE/PACKAGE")]
    target: String,
    /// The session that holds it; without it, a package that this clone claimed
    #[arg(long, visible_alias = "as", value_name = "NAME")]
    session: Option<String>,
    #[command(flatten)]
    confirm: Confirm,
}

/// Records the result.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    cx.refuse_in_room("task complete")?;
    let target = feature::package_target(&args.target)?;
    let store = cx.store()?;
    let found = feature::published(cx, &store, target.feature.as_deref())?;
    let Some(mine) = own(&found, &target.package, args.session.as_deref()) else {
        return not_held(cx, &found, &target);
    };
    let attempt = &mine.attempt;
    let result = result(cx, attempt)?;
    if let Some(known) = &mine.result {
        return match known.head == result.head {
            true => completed(cx, &store, (attempt, known), args.confirm),
            false => Err(moved(attempt, &known.head)),
        };
    }
    let needs = vec![result.head.clone()];
    let op = Op::Note {
        feature: found.id.clone(),
        package: target.package.clone(),
        attempt: attempt.attempt.clone(),
        fact: AttemptFact::Result(Box::new(result.clone())),
    };
    match cx.submit(&store, vec![(op, needs)])?.pop() {
        Some(Ok(_)) => completed(cx, &store, (attempt, &result), args.confirm),
        Some(Err(refusal)) => held::refused(&refusal, cx),
        None => Err(Error::bug("the store gave no answer")),
    }
}

/// What the branch holds, recomputed from git.
fn result(cx: &mut Context<'_>, attempt: &Attempt) -> Result<AttemptResult> {
    let (repo, now) = (cx.repo()?, cx.now());
    let branch = attempt.branch.short();
    let head = repo.refs().read(&attempt.branch)?.ok_or_else(|| {
        let message = format!("the branch `{branch}` is gone");
        let hint = format!("git branch {branch} COMMIT");
        Error::negative("branch-missing", message).hint(hint)
    })?;
    if !repo.is_ancestor(&attempt.base, &head)? {
        let base = attempt.base.short();
        let message = format!("the branch `{branch}` does not grow from {base}");
        let hint = format!("git rebase {base} {branch}");
        return Err(Error::negative("diverged", message).hint(hint));
    }
    let objects = repo.objects();
    let (base, tree) = (
        objects.commit(&attempt.base)?.tree,
        objects.commit(&head)?.tree,
    );
    let changed = repo.changed_paths(&base, &tree)?;
    let (outcome, reason) = match changed.len() {
        0 => (OutcomeKind::Empty, "changed nothing".to_owned()),
        n => (
            OutcomeKind::Finished,
            format!("changed {}", count(n, "file")),
        ),
    };
    Ok(AttemptResult {
        outcome,
        head,
        tree,
        exit_code: None,
        seconds: now.since(attempt.by.at).as_secs(),
        reason,
        files_modified: changed,
        claimed: Map::new(),
        log: None,
        tail: String::new(),
        at: now,
    })
}

fn moved(attempt: &Attempt, head: &Oid) -> Error {
    let branch = attempt.branch.short();
    let message = format!(
        "`{}/{}` was completed at {}; what was added to `{branch}` since is no part of it",
        attempt.feature,
        attempt.package,
        head.short()
    );
    let hint = format!(
        "git wp task release {}/{}",
        attempt.feature, attempt.package
    );
    Error::usage("completed", message).hint(hint)
}

/// A result counts at once; what it is worth depends on the claim.
fn completed(
    cx: &mut Context<'_>,
    store: &Store,
    (attempt, result): (&Attempt, &AttemptResult),
    confirm: Confirm,
) -> Result<Answer> {
    let is_it = |request: &Request| is_claim_of(request, attempt);
    let firmness = match confirm::again(cx, store, is_it, confirm)? {
        Outcome::Stands(firmness) => firmness,
        Outcome::Refused(refusal) => return held::refused(&refusal, cx),
    };
    let files: Vec<String> = result
        .files_modified
        .iter()
        .map(RepoPath::to_text)
        .collect();
    let data = json!({
        "feature": attempt.feature,
        "package": attempt.package,
        "attempt": attempt.attempt,
        "branch": attempt.branch.short(),
        "head": result.head,
        "outcome": result.outcome,
        "files": files,
    });
    let mut text = format!(
        "completed {}/{} at {}: {}\nwhoever runs git wp implement checks and merges it\n",
        attempt.feature,
        attempt.package,
        result.head.short(),
        result.reason
    );
    if firmness == Firmness::Confirmed && cx.settings()?.remote.is_some() && !confirm.is_asked() {
        text.push_str("next: git wp sync sends it\n");
    }
    Ok(firmness.answer(data, text))
}
