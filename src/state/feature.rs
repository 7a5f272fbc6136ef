//! The life of a feature: publication, approval, runs, final checks, holds.

use crate::base::{ContentHash, FeatureId, PackageId};
use crate::model::EndReason;
use crate::state::codec;
use crate::state::draft::{Draft, invalid, stable, unknown};
use crate::state::land::landing_of;
use crate::state::layout::{FeatureRoom, PackageRoom};
use crate::state::record::{Approval, Hold, HoldKind, Lift, Open, PlanOrigin};
use crate::state::refusal::Refusal;
use crate::state::request::Op;
use crate::state::view::FeatureView;

/// Publishes a plan, or records its approval.
pub(super) fn publish(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    match &draft.request.op {
        Op::Publish {
            feature,
            title,
            plan,
        } => open(draft, feature, (title.as_ref(), plan)),
        Op::Approve {
            feature,
            plan,
            commands,
        } => approve(draft, feature, (plan, commands)),
        _ => Ok(()),
    }
}

fn open(
    draft: &mut Draft<'_>,
    id: &FeatureId,
    (title, plan): (Option<&String>, &PlanOrigin),
) -> Result<(), Refusal> {
    stable(id.as_str())?;
    for brief in &plan.packages {
        stable(brief.id.as_str())?;
    }
    let taken = |other: &&FeatureId| *other != id && other.slug() == id.slug();
    if let Some(other) = draft.view.briefs.keys().find(taken) {
        return Err(invalid(format!(
            "`{id}` and `{other}` would share a branch"
        )));
    }
    let known = draft.view.features.get(id);
    let known = known.filter(|feature| !feature.opens.is_empty());
    let room = FeatureRoom::of(id);
    if known.is_none() {
        let record = Open {
            feature: id.clone(),
            title: title.cloned(),
            by: draft.by(),
        };
        draft.add(room.open(&draft.request.actor), &record)?;
    }
    if known.is_some_and(|feature| feature.plans.contains_key(&plan.hash)) {
        return Ok(());
    }
    draft.add_blob(room.plan(&plan.hash), &plan.blob);
    let mut record = plan.clone();
    record.by = draft.by();
    draft.add(room.origin(&plan.hash), &record)
}

fn approve(
    draft: &mut Draft<'_>,
    id: &FeatureId,
    (plan, commands): (&ContentHash, &[String]),
) -> Result<(), Refusal> {
    let feature = draft.feature(id)?;
    published(feature, plan)?;
    let actor = &draft.request.actor;
    let again = |a: &Approval| a.plan == *plan && a.by.actor == *actor;
    if feature.approvals.iter().any(again) {
        return Ok(());
    }
    let record = Approval {
        plan: plan.clone(),
        commands: commands.to_vec(),
        by: draft.by(),
    };
    draft.add(FeatureRoom::of(id).approval(plan, actor), &record)
}

fn published(feature: &FeatureView, plan: &ContentHash) -> Result<(), Refusal> {
    if feature.plans.contains_key(plan) {
        Ok(())
    } else {
        Err(unknown(format!("published plan {}", plan.short(12))))
    }
}

/// Records how a run begins or ends, or a final check.
pub(super) fn run(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    match &draft.request.op {
        Op::StartRun { feature, run } => {
            let view = draft.feature(feature)?;
            published(view, &run.plan)?;
            if view.runs.contains_key(&run.run) {
                return Ok(());
            }
            let mut record = run.clone();
            record.by = draft.by();
            draft.add(FeatureRoom::of(feature).run_started(&run.run), &record)
        }
        Op::EndRun { feature, end } => {
            let runs = &draft.feature(feature)?.runs;
            let run = runs.get(&end.run);
            let run = run.ok_or_else(|| unknown(format!("run `{}`", end.run)))?;
            if run.ended.is_some() {
                return Ok(());
            }
            let room = FeatureRoom::of(feature);
            let mut record = end.clone();
            record.by = draft.by();
            draft.add_blob(room.run_summary(&end.run), &end.text);
            draft.add(room.run_ended(&end.run), &record)
        }
        Op::FinalCheck { feature, check } => {
            let known = &draft.feature(feature)?.finals;
            let mut record = check.clone();
            record.by = draft.by();
            if known.contains(&record) {
                return Ok(());
            }
            let body = codec::encode(&record)?;
            draft.add(
                FeatureRoom::of(feature).final_check(&check.tree, &body),
                &record,
            )
        }
        _ => Ok(()),
    }
}

/// Pauses, cancels, or lifts all of it.
pub(super) fn hold(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    match &draft.request.op {
        Op::Hold {
            feature,
            package,
            kind,
            reason,
        } => stop(draft, (feature, package.as_ref()), *kind, reason),
        Op::Lift { feature, package } => lift(draft, (feature, package.as_ref())),
        _ => Ok(()),
    }
}

type Target<'a> = (&'a FeatureId, Option<&'a PackageId>);

fn stop(
    draft: &mut Draft<'_>,
    (id, package): Target<'_>,
    kind: HoldKind,
    reason: &str,
) -> Result<(), Refusal> {
    let feature = draft.feature(id)?;
    if let Some(package) = package {
        known_package(feature, package)?;
    }
    let (holds, seen) = holds(feature, package);
    let again = holds.iter().any(|h| h.kind == kind && h.reason == reason);
    if kind == HoldKind::Cancel {
        end_live(draft, (id, package), reason)?;
    }
    if again {
        return Ok(());
    }
    let record = Hold {
        n: seen + 1,
        kind,
        reason: reason.to_owned(),
        by: draft.by(),
    };
    let path = right(draft, (id, package), ("hold", record.n));
    draft.add(path, &record)
}

/// Ends what runs; what is landing has to finish that first.
fn end_live(draft: &mut Draft<'_>, (id, package): Target<'_>, reason: &str) -> Result<(), Refusal> {
    let feature = draft.feature(id)?;
    let room = FeatureRoom::of(id);
    let concerned = feature
        .packages
        .iter()
        .filter(|(p, _)| package.is_none_or(|x| x == *p));
    for (package, view) in concerned {
        let Some(grant) = view.live() else { continue };
        if let Some(n) = landing_of(feature, &grant.attempt) {
            return Err(Refusal::Landing { n });
        }
        let room = PackageRoom::of(&room, package);
        draft.end(&room, grant, (EndReason::Cancelled, reason))?;
    }
    Ok(())
}

fn lift(draft: &mut Draft<'_>, (id, package): Target<'_>) -> Result<(), Refusal> {
    let feature = draft.feature(id)?;
    for hold in holds(feature, package).0 {
        let record = Lift {
            n: hold.n,
            by: draft.by(),
        };
        let path = right(draft, (id, package), ("lift", hold.n));
        draft.add(path, &record)?;
    }
    Ok(())
}

fn holds<'a>(feature: &'a FeatureView, package: Option<&PackageId>) -> (&'a [Hold], u32) {
    match package {
        None => (&feature.holds, feature.holds_seen),
        Some(id) => match feature.packages.get(id) {
            Some(package) => (&package.holds, package.holds_seen),
            None => (&[], 0),
        },
    }
}

fn known_package(feature: &FeatureView, id: &PackageId) -> Result<(), Refusal> {
    let mut briefs = feature.plans.values().flat_map(|plan| &plan.packages);
    if feature.packages.contains_key(id) || briefs.any(|brief| brief.id == *id) {
        Ok(())
    } else {
        Err(unknown(format!("package `{id}`")))
    }
}

fn right(draft: &Draft<'_>, (id, package): Target<'_>, (word, n): (&str, u32)) -> String {
    let room = FeatureRoom::of(id);
    match package {
        None => room.right(draft.authority(), word, n),
        Some(package) => PackageRoom::of(&room, package).right(draft.authority(), word, n),
    }
}
