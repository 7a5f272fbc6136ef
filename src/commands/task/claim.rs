//! `git wp task claim`.

use super::{free, own};
use crate::base::json::json;
use crate::base::text::foreign;
use crate::base::{Error, Oid, PackageId, RefName, Result, TaskId};
use crate::commands::confirm::{self, Confirm, Firmness, Outcome};
use crate::commands::feature::{self, Found};
use crate::commands::verbs::identity::{IdentityArgs, identity};
use crate::commands::verbs::standing;
use crate::commands::verbs::tasks::{self, Claiming};
use crate::commands::verbs::{Identity, Reply};
use crate::commands::{Answer, Context, bring, held};
use crate::git::Expected;
use crate::graph::Graph;
use crate::model::Mode;
use crate::os::random;
use crate::plan;
use crate::schedule::{Agenda, Item};
use crate::state::record::{Attempt, PlanOrigin};
use crate::state::request::Claim;
use crate::state::{FeatureView, PackageView, Request};
use crate::state::{Op, Refusal};
use crate::store::{Load, Store};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    git wp task claim --session s1    # the next one\n  \
    git wp task claim --type test --packages\n  \
    git wp task claim add-auth/wp-api --session ann")]
pub(super) struct Args {
    /// A task, FEATURE/PACKAGE, or PACKAGE where there is but one feature; without one, the next
    /// task, the most urgent first
    #[arg(value_name = "TASK|FEATURE/PACKAGE")]
    target: Option<String>,
    /// Without a target: a ready package of a published plan where no task can be claimed
    #[arg(long, conflicts_with = "target")]
    packages: bool,
    /// Without a target: only tasks of these types
    #[arg(long = "type", value_name = "TYPE")]
    kinds: Vec<String>,
    /// What the agent is, beside what its session was registered as, for tasks that need one
    #[arg(long, value_name = "NAME")]
    archetype: Vec<String>,
    /// Claim with this trust, 0 to 4, and not more than the agent has [default: that of its
    /// profile, git config wp.agent.NAME.trust; 2 without one]
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u32).range(0..=4))]
    trust: Option<u32>,
    /// The lease of a task; git wp agents heartbeat renews it
    #[arg(long, default_value_t = tasks::LEASE_MINUTES, value_name = "MINUTES",
          value_parser = clap::value_parser!(u32).range(1..=1440))]
    lease: u32,
    #[command(flatten)]
    who: IdentityArgs,
    #[command(flatten)]
    confirm: Confirm,
}

/// Claims.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let store = cx.store()?;
    let who = identity(cx, &args.who)?;
    if cx.env().attempt()?.is_none() {
        let view = store.view(&Load::Briefs)?;
        let resource = args.target.as_deref().unwrap_or("");
        standing::of(cx, &view, &who)?.demand(cx, ("task claim", resource))?;
    }
    let task = match &args.target {
        Some(word) => free::named(&store, word)?,
        None => None,
    };
    match (&args.target, task) {
        (Some(word), None) => package(cx, (&store, word), who.session, args.confirm),
        (_, task) => next(args, cx, (&store, task), &who),
    }
}

/// A free-standing task; where none can be had, a ready package if that is wanted.
fn next(
    args: &Args,
    cx: &mut Context<'_>,
    (store, task): (&Store, Option<TaskId>),
    who: &Identity,
) -> Result<Answer> {
    let claiming = Claiming {
        task,
        kinds: args.kinds.clone(),
        archetypes: args.archetype.clone(),
        trust: args.trust,
        lease_minutes: args.lease,
    };
    let reply = tasks::claim(cx, store, (&claiming, who), args.confirm)?;
    if let (Reply::Refused(Refusal::NoTask { .. }), true) = (&reply, args.packages)
        && let Some(ready) = ready(store)?
    {
        return package(cx, (store, &ready), who.session.clone(), args.confirm);
    }
    reply.answer(cx, |task| {
        let what = foreign(&task.description);
        let session = task.session_id.as_deref().unwrap_or("");
        format!(
            "claimed {} for session {}\n{}: {}\nnext: git wp task complete {} --session {}\n",
            task.task_id,
            foreign(session),
            foreign(&task.task_type),
            what.multi_line(),
            task.task_id,
            foreign(session),
        )
    })
}

/// `FEATURE/PACKAGE` of a package that could start, of any plan that was published.
fn ready(store: &Store) -> Result<Option<String>> {
    let view = store.view(&Load::All)?;
    for (id, records) in view
        .features
        .iter()
        .filter(|(_, r)| !r.approvals.is_empty())
    {
        let plan = records.current_plan();
        let merged = |id: &PackageId| {
            let known = records.packages.get(id);
            known.is_some_and(|package| package.accept.is_some())
        };
        let free = |id: &PackageId| {
            let known = records.packages.get(id);
            known.is_none_or(|p| p.accept.is_none() && p.live().is_none() && p.holds.is_empty())
        };
        let mut briefs = plan.into_iter().flat_map(|plan| &plan.packages);
        let found = briefs.find(|b| free(&b.id) && b.after.iter().all(merged));
        if let Some(found) = found.filter(|_| records.holds.is_empty()) {
            return Ok(Some(format!("{id}/{}", found.id)));
        }
    }
    Ok(None)
}

/// Claims a package for a session; asking again gives the same claim.
///
/// # Errors
/// The store failed, there is no such package, or somebody else holds it.
pub(in crate::commands) fn package(
    cx: &mut Context<'_>,
    (store, word): (&Store, &str),
    session: String,
    confirm: Confirm,
) -> Result<Answer> {
    let target = feature::package_target(word)?;
    let found = feature::published(cx, store, target.feature.as_deref())?;
    if let Some(mine) = own(&found, &target.package, Some(&session)) {
        let mine = mine.attempt.clone();
        let is_it = |request: &Request| is_claim_of(request, &mine);
        let outcome = confirm::again(cx, store, is_it, confirm)?;
        return told(cx, store, &mine, outcome);
    }
    let (origin, item) = planned(store, &found, &target.package)?;
    let attempt = attempt(cx, &found, (&origin, &item), session)?;
    let needs = vec![attempt.base.clone()];
    let claim = Claim {
        attempt: attempt.clone(),
        locks: item.locks,
        after: item.after,
        lease_seconds: Some(LEASE_SECONDS),
        steal: None,
    };
    let claim = Op::Claim(Box::new(claim));
    let outcome = confirm::ask_one(cx, store, (claim, needs), confirm)?;
    told(cx, store, &attempt, outcome)
}

/// True if the request claims for this attempt.
pub(in crate::commands) fn is_claim_of(request: &Request, attempt: &Attempt) -> bool {
    matches!(&request.op, Op::Claim(claim) if claim.attempt.attempt == attempt.attempt)
}

fn told(
    cx: &mut Context<'_>,
    store: &Store,
    attempt: &Attempt,
    outcome: Outcome,
) -> Result<Answer> {
    match outcome {
        Outcome::Refused(refusal) => held::refused(&refusal, cx),
        Outcome::Stands(firmness) => {
            let epoch = epoch(store, attempt)?;
            claimed(cx, attempt, (epoch, &firmness))
        }
    }
}

/// The epoch of the grant; of a provisional one what it would be.
fn epoch(store: &Store, attempt: &Attempt) -> Result<Option<u32>> {
    let view = store.view(&Load::Features(vec![attempt.feature.clone()]))?;
    let feature: Option<&FeatureView> = view.features.get(&attempt.feature);
    let package: Option<&PackageView> = feature.and_then(|f| f.packages.get(&attempt.package));
    let known = package.and_then(|p| p.attempts.get(&attempt.attempt));
    Ok(known.and_then(|a| a.epoch))
}

/// An outside claim has no supervisor whose death could be seen, so it has a lease.
pub(in crate::commands) const LEASE_SECONDS: u32 = 2 * 60 * 60;

/// The branch is made after the grant: a claim that lost leaves nothing behind.
fn claimed(
    cx: &mut Context<'_>,
    attempt: &Attempt,
    (epoch, firmness): (Option<u32>, &Firmness),
) -> Result<Answer> {
    if *firmness != Firmness::Queued {
        let repo = cx.repo()?;
        let refs = repo.refs();
        if refs.read(&attempt.branch)?.is_none() {
            let durability = cx.settings()?.durability;
            let (new, old) = (Some(&attempt.base), &Expected::Absent);
            let swapped = refs.swap(&attempt.branch, new, old, "wp: task claim", durability);
            swapped.map_err(|e| e.into_error(&attempt.branch))?;
        }
    }
    let data = json!({
        "feature": attempt.feature,
        "package": attempt.package,
        "attempt": attempt.attempt,
        "epoch": epoch,
        "branch": attempt.branch.short(),
        "base": attempt.base,
        "session": attempt.session,
    });
    let text = format!(
        "claimed {}/{} as attempt {}\nwork on branch {}\n",
        attempt.feature,
        attempt.package,
        attempt.attempt,
        attempt.branch.short()
    );
    Ok(firmness.answer(data, text))
}

/// What the current plan says of a package.
///
/// # Errors
/// Usage: it has no such package; damaged: it cannot be read.
pub(in crate::commands) fn planned(
    store: &Store,
    found: &Found,
    package: &PackageId,
) -> Result<(PlanOrigin, Item)> {
    let origin = found.records.current_plan();
    let origin = origin.ok_or_else(|| no_plan(found))?.clone();
    let bytes = store.plan_bytes(&found.id, &origin.hash)?;
    let bytes = bytes.ok_or_else(|| no_plan(found))?;
    let plan = plan::read(&bytes, &origin.path)
        .plan
        .ok_or_else(|| no_plan(found))?;
    let agenda = Agenda::of(&plan, &Graph::of(&plan)).stamped(&origin.packages);
    let item = agenda.get(package).cloned().ok_or_else(|| {
        let message = format!("`{}` has no package `{package}`", found.id);
        let hint = format!("git wp status {}", found.id);
        Error::usage("package-unknown", message).hint(hint)
    })?;
    Ok((origin, item))
}

fn no_plan(found: &Found) -> Error {
    let message = format!("`{}` has no plan that can be read", found.id);
    Error::damaged("plan-unreadable", message).hint("git wp doctor")
}

fn attempt(
    cx: &mut Context<'_>,
    found: &Found,
    (origin, item): (&PlanOrigin, &Item),
    session: String,
) -> Result<Attempt> {
    let id = random::attempt_id()?;
    let (feature, package) = (found.id.slug(), item.id.slug());
    let branch = format!("refs/heads/wp/{feature}/{package}/{id}");
    let branch = RefName::parse(&branch)
        .ok_or_else(|| Error::bug(format!("`{branch}` is not a ref name")))?;
    Ok(Attempt {
        attempt: id,
        feature: found.id.clone(),
        package: item.id.clone(),
        number: 0,
        plan: origin.hash.clone(),
        definition: item.definition.clone(),
        base: base(cx, found)?,
        branch,
        agent: String::new(),
        session: Some(session),
        continues: None,
        mode: Mode::Implement,
        sprout: None,
        run: None,
        by: cx.by()?,
    })
}

/// What was merged so far, else where the run began, else HEAD.
fn base(cx: &mut Context<'_>, found: &Found) -> Result<Oid> {
    let repo = cx.repo()?;
    if let (Some(_), Some(reached)) = (cx.settings()?.remote, bring::reached(&found.records)) {
        if repo.objects().exists(reached)? {
            return Ok(reached.clone());
        }
        let message = format!("what `{}` builds on is not here yet", found.id);
        return Err(Error::negative("base-missing", message).hint("git wp sync"));
    }
    if let Some(run) = found.records.last_run() {
        let tip = repo.refs().read(&run.started.integration)?;
        return Ok(tip.unwrap_or_else(|| run.started.base.clone()));
    }
    let head = repo.refs().head()?.oid;
    head.ok_or_else(|| {
        Error::usage("no-commit", "this repository has no commit yet").hint("git commit")
    })
}
