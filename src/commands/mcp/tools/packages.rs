//! Packages of plans in the queue: claimed, shown and finished like tasks, as FEATURE/PACKAGE.
//!
//! Only packages of plans that a person approved, and that no run here works on by itself. What a
//! package came to is what its branch holds; nothing that the session says is believed.

use std::time::Duration;

use crate::base::json::{Value, json};
use crate::base::{Error, FeatureId, Kind, PackageId, Result, Timestamp};
use crate::commands::confirm::{self, Confirm};
use crate::commands::feature::{self, Found};
use crate::commands::mcp::desk::Work;
use crate::commands::task;
use crate::commands::verbs::tasks::Claiming;
use crate::model::{EndReason, Package, PackageStatus, Plan};
use crate::plan;
use crate::schedule::status::standing;
use crate::state::record::Grant;
use crate::state::view::AttemptView;
use crate::state::{FeatureView, Op};
use crate::store::{Load, Store};

/// Packages that are asked for, where others are faster.
const TRIES_MAX: usize = 8;
/// The type that stands for all packages.
const ANY: &str = "package";

/// True for the name of a package.
pub(super) fn is_named(id: &str) -> bool {
    id.contains('/')
}

/// The next package that is ready and fits, claimed for this session; `None` if there is none.
pub(super) fn claim(work: &mut Work<'_>, wanted: &Claiming) -> Result<Option<Value>> {
    let store = work.store()?;
    let session = work.session.who.session.clone();
    for name in ready(&store, wanted)?.into_iter().take(TRIES_MAX) {
        let of = (&*store, name.as_str());
        let claimed = task::claim::package(&mut work.cx, of, session.clone(), Confirm::asked());
        match claimed {
            Ok(answer) => return Ok(Some(shown(work, &name, Some(&answer.data))?)),
            // Others hold it, or something that it locks.
            Err(error) if error.kind() == Kind::Lost => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// `FEATURE/PACKAGE` of what could be claimed, the most urgent first.
fn ready(store: &Store, wanted: &Claiming) -> Result<Vec<String>> {
    let view = store.view(&Load::All)?;
    let mut found = Vec::new();
    for (id, records) in &view.features {
        if !is_open(records) {
            continue;
        }
        let Some(plan) = plan(store, (id, records))? else {
            continue;
        };
        for row in standing(records).packages {
            let package = plan.package(&row.id).filter(|p| fits(p, wanted));
            if let (PackageStatus::Ready, Some(package)) = (row.status, package) {
                found.push((package.priority, format!("{id}/{}", package.id)));
            }
        }
    }
    found.sort_by_key(|(priority, _)| *priority);
    Ok(found.into_iter().map(|(_, name)| name).collect())
}

/// A person said yes to its plan, nobody paused it, and no supervisor starts its packages.
fn is_open(records: &FeatureView) -> bool {
    let plan = records.current_plan();
    let approved = plan.is_some_and(|plan| records.approvals.iter().any(|a| a.plan == plan.hash));
    let mut live = { records.packages.values() }
        .filter_map(|package| package.attempts.get(&package.live()?.attempt));
    approved && records.holds.is_empty() && live.all(|a| a.attempt.session.is_some())
}

fn fits(package: &Package, wanted: &Claiming) -> bool {
    let kind = |kind: &String| kind == ANY || *kind == package.task_type;
    let archetype = |needed: &String| wanted.archetypes.contains(needed);
    (wanted.kinds.is_empty() || wanted.kinds.iter().any(kind))
        && wanted
            .trust
            .is_none_or(|trust| u32::from(package.min_trust_level) <= trust)
        && (wanted.archetypes.is_empty() || package.archetype.as_ref().is_none_or(archetype))
}

fn plan(store: &Store, (id, records): (&FeatureId, &FeatureView)) -> Result<Option<Plan>> {
    let Some(origin) = records.current_plan() else {
        return Ok(None);
    };
    let bytes = store.plan_bytes(id, &origin.hash)?;
    Ok(bytes.and_then(|bytes| plan::read(&bytes, &origin.path).plan))
}

/// A package in the shape of a task; with what a claim of it said.
pub(super) fn shown(work: &mut Work<'_>, name: &str, claimed: Option<&Value>) -> Result<Value> {
    let store = work.store()?;
    let (found, id) = find(work, &store, name)?;
    let plan = plan(&store, (&found.id, &found.records))?;
    let package = plan.as_ref().and_then(|plan| plan.package(&id));
    let row = { standing(&found.records).packages.into_iter() }.find(|row| row.id == id);
    let (Some(package), Some(row)) = (package, row) else {
        let message = format!("the plan of `{}` has no package `{id}`", found.id);
        return Err(
            Error::usage("task_not_found", message).hint("read the resource work://pending")
        );
    };
    let view = found.records.packages.get(&id);
    let grant = view.and_then(|view| view.live());
    let attempt = grant.and_then(|grant| view?.attempts.get(&grant.attempt));
    let result = view.and_then(|view| {
        view.attempts
            .values()
            .filter_map(|a| a.result.as_ref())
            .next_back()
    });
    let after: Vec<String> = { package.depends_on.iter() }
        .map(|edge| format!("{}/{}", found.id, edge.on))
        .collect();
    Ok(json!({
        "task_id": format!("{}/{id}", found.id),
        "task_type": package.task_type,
        "description": package.description,
        "status": word(row.status),
        "why": row.why,
        "priority": package.priority,
        "input_data": {
            "feature": found.id,
            "package": id,
            "write_allow": package.scope.write_allow,
            "deny": package.scope.deny,
            "inputs": package.inputs,
            "branch": claimed.map(|claimed| &claimed["branch"]),
            "base": claimed.map(|claimed| &claimed["base"]),
            "claim": claimed.map(|claimed| &claimed["claim"]),
        },
        "depends_on": after,
        "claimed_by": attempt.map(|a| a.attempt.session.as_deref().unwrap_or(&a.attempt.agent)),
        "claimed_at": grant.map(|grant| grant.by.at),
        "expires_at": grant.and_then(expires),
        "submitted_by": found.records.current_plan().map(|plan| &plan.by.label),
        "result": result,
    }))
}

fn expires(grant: &Grant) -> Option<Timestamp> {
    let lease = Duration::from_secs(grant.lease_seconds?.into());
    Some(grant.by.at.plus(lease))
}

/// The word of tasks for where a package stands.
fn word(status: PackageStatus) -> &'static str {
    match status {
        PackageStatus::Ready => "pending",
        PackageStatus::Pending => "waiting",
        PackageStatus::Running | PackageStatus::Review | PackageStatus::Awaiting => "claimed",
        PackageStatus::Merged => "completed",
        PackageStatus::Failed => "failed",
        PackageStatus::Blocked => "blocked",
        PackageStatus::Cancelled => "cancelled",
    }
}

/// Says that a package is done, or gives it back as failed; the word of what became of it.
pub(super) fn complete(
    work: &mut Work<'_>,
    (name, success): (&str, bool),
    why: Option<&str>,
) -> Result<&'static str> {
    let store = work.store()?;
    let session = work.session.who.session.clone();
    if success {
        let of = (name, Some(session.as_str()));
        task::complete::package(&mut work.cx, &store, of, Confirm::asked())?;
        return Ok("completed");
    }
    let (found, id) = find(work, &store, name)?;
    let Some(mine) = held(&found, &id, &session) else {
        let message = format!("this session does not hold `{name}`");
        return Err(Error::negative("not-held", message).hint("get_task says who holds it"));
    };
    let op = Op::End {
        feature: found.id.clone(),
        package: id,
        attempt: mine.attempt.attempt.clone(),
        epoch: mine.epoch.unwrap_or(0),
        reason: EndReason::Failed,
        note: why.unwrap_or("its session says that it failed").to_owned(),
    };
    let outcome = confirm::ask_one(&mut work.cx, &store, (op, Vec::new()), Confirm::asked())?;
    outcome.firmness()?;
    Ok("failed")
}

fn held<'a>(found: &'a Found, id: &PackageId, session: &str) -> Option<&'a AttemptView> {
    let view = found.records.packages.get(id)?;
    let attempt = view.attempts.get(&view.live()?.attempt)?;
    (attempt.attempt.session.as_deref() == Some(session)).then_some(attempt)
}

fn find(work: &mut Work<'_>, store: &Store, name: &str) -> Result<(Found, PackageId)> {
    let target = feature::package_target(name)?;
    let found = feature::published(&mut work.cx, store, target.feature.as_deref())?;
    Ok((found, target.package))
}

/// Packages that could be claimed now, as tasks are shown.
pub(super) fn pending(work: &mut Work<'_>) -> Result<Vec<Value>> {
    let store = work.store()?;
    let wanted = Claiming {
        task: None,
        kinds: Vec::new(),
        archetypes: work.session.archetypes.clone(),
        trust: None,
        lease_minutes: 0,
    };
    let names = ready(&store, &wanted)?;
    names.iter().map(|name| shown(work, name, None)).collect()
}
