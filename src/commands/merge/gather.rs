//! The features that somebody wants to merge: each must be the end of a merged run, and what
//! verifies it must be approved here.

use crate::base::text::foreign;
use crate::base::{Error, FeatureId, Oid, RefName, Result};
use crate::commands::reading::{self, ValidPlan};
use crate::commands::running::permission;
use crate::commands::{Context, feature};
use crate::engine;
use crate::git::Repo;
use crate::model::{Package, Plan, Role, Step, StepKind};
use crate::schedule::agenda::lock_set;
use crate::schedule::readiness;
use crate::schedule::side_by_side::Claim;
use crate::state::record::RunStarted;
use crate::state::{FeatureView, record::RunEnded};
use crate::store::{Load, Store};

/// A feature that can be merged.
pub(super) struct Finished {
    /// Its id.
    pub(super) id: FeatureId,
    /// What it is about.
    pub(super) title: String,
    /// 1 is most urgent.
    pub(super) priority: u8,
    /// What is merged.
    pub(super) head: Oid,
    /// Its own branch.
    pub(super) branch: RefName,
    /// What shows that it works.
    pub(super) steps: Vec<Step>,
    /// What its packages claim.
    pub(super) claims: Vec<Claim>,
    /// How its last run began.
    pub(super) started: RunStarted,
    /// Its plan.
    pub(super) valid: ValidPlan,
}

/// Finds them all.
///
/// # Errors
/// Usage: one is not known, or is named twice; negative, `not-finished`: some cannot be merged,
/// each with its reason; policy: what would run is not approved here.
pub(super) fn gather(
    cx: &mut Context<'_>,
    store: &Store,
    words: &[String],
) -> Result<Vec<Finished>> {
    let mut all: Vec<Finished> = Vec::new();
    let mut refused = Vec::new();
    for word in words {
        let found = feature::published(cx, store, Some(word))?;
        let view = store.view(&Load::Features(vec![found.id.clone()]))?;
        let records = view.features.get(&found.id).unwrap_or(&found.records);
        if all.iter().any(|known| known.id == found.id) {
            let message = format!("`{}` is named twice", foreign(word));
            return Err(Error::usage("feature-twice", message));
        }
        match head(&cx.repo()?, (&found.id, records))? {
            Ok((started, head)) => {
                let valid = reading::published(cx, store, (&found.id, records))?;
                all.push(finished((found.id, records), (started, head), valid));
            }
            Err(why) => refused.push(format!("`{}`: {why}", foreign(found.id.as_str()))),
        }
    }
    if !refused.is_empty() {
        let message = format!(
            "not finished, so nothing was merged:\n{}",
            refused.join("\n")
        );
        return Err(Error::negative("not-finished", message).hint("git wp status"));
    }
    Ok(all)
}

/// Fails unless everything that verifies them may run here.
///
/// # Errors
/// Policy: `not-approved`, `plan-changed` or `not-trusted`.
pub(super) fn demand(cx: &mut Context<'_>, all: &[Finished]) -> Result<()> {
    for one in all {
        permission::demand(cx, &one.valid)?;
    }
    Ok(())
}

type Head = std::result::Result<(RunStarted, Oid), String>;

/// The commit that stands for the feature, or why there is none.
fn head(repo: &Repo, (id, records): (&FeatureId, &FeatureView)) -> Result<Head> {
    let Some(run) = records.last_run() else {
        return Ok(Err("it was never run".to_owned()));
    };
    let ended = match &run.ended {
        Some(ended) if ended.result == "merged" => ended,
        Some(ended) => {
            return Ok(Err(format!(
                "its last run ended `{}`",
                foreign(&ended.result)
            )));
        }
        None if engine::is_run(repo, id)? => return Ok(Err("it is being run".to_owned())),
        None => return Ok(Err("its last run has not ended".to_owned())),
    };
    if let Some(hold) = records.holds.first() {
        let why = foreign(&hold.reason);
        return Ok(Err(format!("it is held: {why}")));
    }
    if let Some(reason) = readiness(id, records).open().next() {
        let why = foreign(&reason.text);
        return Ok(Err(format!("its gate is closed: {why}")));
    }
    if !repo.objects().exists(&ended.head)? {
        return Ok(Err(
            "its commits are on another machine: git wp sync".to_owned()
        ));
    }
    let head = tip(repo, &run.started, ended)?;
    Ok(head.map(|head| (run.started.clone(), head)))
}

/// A branch that a person went on with counts with what they added; one that was not moved,
/// because it is checked out somewhere, is as good as what was merged.
fn tip(
    repo: &Repo,
    started: &RunStarted,
    ended: &RunEnded,
) -> Result<std::result::Result<Oid, String>> {
    let Some(tip) = repo.refs().read(&started.branch)? else {
        return Ok(Ok(ended.head.clone()));
    };
    if repo.is_ancestor(&ended.head, &tip)? {
        return Ok(Ok(tip));
    }
    if repo.is_ancestor(&tip, &ended.head)? {
        return Ok(Ok(ended.head.clone()));
    }
    let name = foreign(started.branch.short()).to_string();
    Ok(Err(format!(
        "its branch `{name}` went another way than its run"
    )))
}

fn finished(
    (id, records): (FeatureId, &FeatureView),
    (started, head): (RunStarted, Oid),
    valid: ValidPlan,
) -> Finished {
    let plan = &valid.plan;
    let title = plan.feature.title.clone();
    let title = title.or_else(|| records.opens.last().and_then(|open| open.title.clone()));
    let own = plan
        .packages
        .iter()
        .filter(|p| p.kind() != Role::Integration);
    let claims = own.clone().map(|package| Claim {
        package: package.id.clone(),
        locks: lock_set(package, valid.graph.runs_alone(&package.id)),
    });
    Finished {
        title: title.unwrap_or_default(),
        priority: own.clone().map(|p| p.priority).min().unwrap_or(PRIORITY),
        claims: claims.collect(),
        steps: steps(plan),
        branch: started.branch.clone(),
        id,
        head,
        started,
        valid,
    }
}

/// What a package has that says nothing.
const PRIORITY: u8 = 5;

/// The steps of the integration package; of all packages where there is none.
fn steps(plan: &Plan) -> Vec<Step> {
    let is_whole = |package: &&Package| package.kind() == Role::Integration;
    let has_whole = plan.packages.iter().any(|p| is_whole(&p));
    let packages = plan.packages.iter().filter(|p| !has_whole || is_whole(p));
    let steps = packages.flat_map(|p| &p.verification.steps);
    let commands = steps.filter(|step| matches!(step.kind, StepKind::Command { .. }));
    commands.cloned().collect()
}
