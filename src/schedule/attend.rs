//! What holders need: adoption, rescue, the gate, verification, an end.

use crate::base::PackageId;
use crate::model::EndReason;
use crate::schedule::agenda::Item;
use crate::schedule::decision::Decision;
use crate::schedule::input::Stop;
use crate::schedule::picture::Picture;
use crate::schedule::stage::{Phase, Stage};
use crate::schedule::tier::INFEASIBLE;
use crate::schedule::why::{Until, Why};
use crate::state::record::Grant;
use crate::state::view::AttemptView;

/// Decides for every attempt of this feature that holds a package.
pub(super) fn holders(picture: &mut Picture<'_>) {
    for item in picture.input.agenda.items() {
        let Some(Stage::Held {
            grant,
            attempt,
            phase,
        }) = picture.stage(&item.id)
        else {
            continue;
        };
        let held = Held {
            item,
            grant,
            attempt: *attempt,
            phase: phase.clone(),
        };
        attend(picture, &held);
    }
    leftovers(picture);
}

struct Held<'a> {
    item: &'a Item,
    grant: &'a Grant,
    attempt: Option<&'a AttemptView>,
    phase: Phase,
}

fn attend(picture: &mut Picture<'_>, held: &Held<'_>) {
    let observed = picture.input.observed;
    let id = &held.grant.attempt;
    if observed.busy_with(id) || is_landing(picture, held.grant) {
        return;
    }
    if !observed.mine.contains(id) {
        if observed.stop != Stop::No {
            return;
        }
        return nobodys(picture, &held.item.id, held.grant, &held.phase);
    }
    let holding = picture.holding(&held.item.id, held.grant);
    let outdated = held
        .attempt
        .is_some_and(|a| a.attempt.definition != held.item.definition);
    let decision = match &held.phase {
        Phase::Working => Decision::Recover(holding),
        Phase::Over(reason, note) => Decision::End {
            holding,
            reason: *reason,
            note: note.clone(),
        },
        _ if outdated => Decision::End {
            holding,
            reason: EndReason::Superseded,
            note: "the plan defines the package otherwise now".to_owned(),
        },
        Phase::Green | Phase::Awaiting(_) if lower_tier(held).is_some() => Decision::End {
            holding,
            reason: EndReason::Failed,
            note: lower_tier(held).unwrap_or_default(),
        },
        Phase::Ungated if observed.stop == Stop::No => Decision::Gate(holding),
        Phase::Unverified if observed.stop == Stop::No && picture.places() > 0 => {
            Decision::Verify(holding)
        }
        Phase::Ungated | Phase::Unverified | Phase::Awaiting(_) | Phase::Green => return,
    };
    picture.push(decision);
}

/// Why what was shown is not enough: less was asked of the attempt than the plan requires.
fn lower_tier(held: &Held<'_>) -> Option<String> {
    let required = held.item.tier;
    let evidence = held.attempt.and_then(|a| a.evidence.last());
    // The tiers are ordered from the strictest.
    let shown = evidence
        .map(|fact| fact.evidence.tier)
        .filter(|tier| *tier > required)?;
    let (required, shown) = (required.as_str(), shown.as_str());
    Some(format!(
        "{INFEASIBLE}: tier {required} is required, tier {shown} was shown"
    ))
}

/// An attempt that this process does not look after.
fn nobodys(picture: &mut Picture<'_>, package: &PackageId, grant: &Grant, phase: &Phase) {
    let decision = if is_abandoned(picture, grant, phase) {
        Decision::Adopt(picture.holding(package, grant))
    } else {
        let alive = picture.input.observed.supervised.contains(&grant.attempt);
        Decision::Wait {
            package: package.clone(),
            why: Why::Held {
                who: format!("attempt {} of {} holds it", grant.attempt, grant.by.label),
                until: match alive {
                    true => Until::ItEnds,
                    false => Until::SomebodyActs,
                },
            },
        }
    };
    picture.push(decision);
}

/// True if nobody looks after the holder and this clone may.
///
/// The supervisor lock decides, never the clock: a lease only speaks for holders that have no
/// supervisor, and a held lock wins over an expired lease.
fn is_abandoned(picture: &Picture<'_>, grant: &Grant, phase: &Phase) -> bool {
    let input = &picture.input;
    if input.observed.supervised.contains(&grant.attempt) {
        return false;
    }
    if *phase != Phase::Working {
        return grant.by.actor == input.options.actor;
    }
    match grant.lease_seconds {
        None => grant.by.actor == input.options.actor,
        Some(seconds) => {
            let lease = std::time::Duration::from_secs(u64::from(seconds));
            input.now > grant.by.at.plus(lease)
        }
    }
}

fn is_landing(picture: &Picture<'_>, grant: &Grant) -> bool {
    let land = picture.input.records().open_land();
    let landing = land.is_some_and(|l| l.attempts.iter().any(|a| a.attempt == grant.attempt));
    landing || picture.input.observed.merging.contains(&grant.attempt)
}

/// Holders of packages that the plan no longer has.
fn leftovers(picture: &mut Picture<'_>) {
    let records = picture.input.records();
    for (id, package) in &records.packages {
        let known = picture.input.agenda.get(id).is_some();
        let Some(grant) = package.live().filter(|_| !known) else {
            continue;
        };
        let observed = picture.input.observed;
        if observed.busy_with(&grant.attempt) || is_landing(picture, grant) {
            continue;
        }
        let holding = picture.holding(id, grant);
        if observed.mine.contains(&grant.attempt) {
            let done = package.attempts.get(&grant.attempt);
            let done = done.is_some_and(|a| a.result.is_some() || !a.salvages.is_empty());
            picture.push(match done {
                false => Decision::Recover(holding),
                true => Decision::End {
                    holding,
                    reason: EndReason::Superseded,
                    note: "the plan no longer has the package".to_owned(),
                },
            });
        } else if observed.stop == Stop::No && is_abandoned(picture, grant, &Phase::Working) {
            picture.push(Decision::Adopt(holding));
        }
    }
}
