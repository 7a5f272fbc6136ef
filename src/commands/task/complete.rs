//! `git wp task complete`: what was claimed from outside is finished. The result is what the
//! branch holds; nothing that the session says is believed.

use super::{free, not_held, own};
use crate::base::json::{Map, json};
use crate::base::text::count;
use crate::base::{Error, FeatureId, Oid, RepoPath, Result, TaskId};
use crate::commands::confirm::{self, Confirm, Firmness, Outcome};
use crate::commands::feature;
use crate::commands::task::claim::is_claim_of;
use crate::commands::verbs::tasks::{self, Completion};
use crate::commands::{Answer, Context, held};
use crate::model::{AttemptResult, Deviation, OutcomeKind, TaskOutcome};
use crate::state::record::Attempt;
use crate::state::request::AttemptFact;
use crate::state::{Op, Request};
use crate::store::Store;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    git wp task complete t-4k9... --result '{\"passed\": 12}'\n  \
    git wp task complete t-4k9... --failed -m \"the suite does not build\"\n  \
    git wp task complete add-auth/wp-api")]
pub(super) struct Args {
    /// A task, FEATURE/PACKAGE, or PACKAGE where there is but one feature
    #[arg(value_name = "TASK|FEATURE/PACKAGE")]
    target: String,
    /// The task failed; a package fails by what its branch holds
    #[arg(long)]
    failed: bool,
    /// The result of a task, as JSON
    #[arg(long, value_name = "JSON")]
    result: Option<String>,
    /// What went wrong, or one line about it
    #[arg(short = 'm', long)]
    message: Option<String>,
    /// The session that holds it [default: $SESSION_ID, else what this clone claimed]
    #[arg(long, visible_alias = "as", value_name = "NAME")]
    session: Option<String>,
    #[command(flatten)]
    confirm: Confirm,
}

/// Records the result.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let store = cx.store()?;
    if let Some(task) = free::named(&store, &args.target)? {
        return complete(args, cx, (&store, task));
    }
    if cx.env().attempt()?.is_some() {
        return in_room(args, cx, &store);
    }
    if args.failed || args.result.is_some() {
        let message = "the result of a package is what its branch holds";
        let hint = format!("git wp task release {}", args.target);
        return Err(Error::usage("package-result", message).hint(hint));
    }
    let of = (args.target.as_str(), args.session.as_deref());
    package(cx, &store, of, args.confirm)
}

/// Says that a package that a session holds is done.
///
/// # Errors
/// The store failed, there is no such package or branch, or somebody else holds it.
pub(in crate::commands) fn package(
    cx: &mut Context<'_>,
    store: &Store,
    (word, session): (&str, Option<&str>),
    confirm: Confirm,
) -> Result<Answer> {
    let target = feature::package_target(word)?;
    let found = feature::published(cx, store, target.feature.as_deref())?;
    let Some(mine) = own(&found, &target.package, session) else {
        return not_held(cx, &found, &target);
    };
    let attempt = &mine.attempt;
    let result = result(cx, attempt)?;
    if let Some(known) = &mine.result {
        return match known.head == result.head {
            true => completed(cx, store, (attempt, known), confirm),
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
    match cx.submit(store, vec![(op, needs)])?.pop() {
        Some(Ok(_)) => completed(cx, store, (attempt, &result), confirm),
        Some(Err(refusal)) => held::refused(&refusal, cx),
        None => Err(Error::bug("the store gave no answer")),
    }
}

fn complete(args: &Args, cx: &mut Context<'_>, (store, task): (&Store, TaskId)) -> Result<Answer> {
    let completion = Completion {
        task,
        outcome: match args.failed {
            true => TaskOutcome::Failed,
            false => TaskOutcome::Completed,
        },
        result: free::data(args.result.as_deref(), "--result")?,
        message: args.message.clone(),
    };
    let session = args.session.clone();
    let session = session.or_else(|| cx.env().text("SESSION_ID").map(str::to_owned));
    let said = (&completion, session.as_deref());
    let reply = tasks::complete(cx, store, said, args.confirm)?;
    reply.answer(cx, |task| {
        format!("{} is {}\n", task.task_id, task.status.as_str())
    })
}

/// An agent says that its own attempt is done. Nothing that it says is believed: its supervisor
/// judges what the branch holds when the agent has ended.
fn in_room(args: &Args, cx: &mut Context<'_>, store: &Store) -> Result<Answer> {
    let (kind, word) = match args.failed {
        true => ("agent-failed", "failed"),
        false => ("agent-completed", "completed"),
    };
    let result = free::data(args.result.as_deref(), "--result")?;
    let said = [args.message.clone(), result.map(|value| value.to_string())];
    let said: Vec<String> = said.into_iter().flatten().collect();
    let target = feature::package_target(&args.target)?;
    let attempt = cx.env().attempt()?;
    let attempt = attempt.ok_or_else(|| Error::bug("a room without an attempt"))?;
    // The supervisor puts the names of its own attempt in their place.
    let feature = FeatureId::parse(target.feature.as_deref().unwrap_or("own"));
    let op = Op::Note {
        feature: feature.ok_or_else(|| Error::bug("`own` is no feature id"))?,
        package: target.package,
        attempt: attempt.clone(),
        fact: AttemptFact::Deviation(Deviation {
            kind: kind.to_owned(),
            detail: said.join(" "),
            paths: Vec::new(),
            at: cx.now(),
        }),
    };
    cx.change(store, op)?;
    let data = json!({"attempt": attempt, "said": word});
    let text = format!("told the supervisor that {attempt} {word}; it judges the branch\n");
    Ok(Firmness::Queued.answer(data, text))
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
        account: None,
        held: None,
        hypotheses: None,
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
