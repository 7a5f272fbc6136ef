//! What holders need: adoption, rescue, the gate, verification, an end.

use crate::model::EndReason;
use crate::schedule::agenda::Item;
use crate::schedule::decision::{Decision, Holding};
use crate::schedule::input::{Duties, Input, Stop};
use crate::schedule::picture::Picture;
use crate::schedule::stage::{self, Phase, Stage};
use crate::schedule::tier::INFEASIBLE;
use crate::schedule::why::{Until, Why};
use crate::schedule::{contention, finish};
use crate::state::questions;
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
        return others(picture, held);
    }
    let holding = picture.holding(&held.item.id, held.grant);
    let goes_on = observed.stop == Stop::No;
    let decision = match (&held.phase, unfit(picture, held)) {
        (Phase::Working, _) => Decision::Recover(holding),
        (Phase::Over(reason, note), _) => end(holding, tried(picture, held, (*reason, note))),
        (_, Some(why)) => end(holding, why),
        (Phase::Ungated, None) if goes_on => Decision::Gate(holding),
        (Phase::Unverified, None) if goes_on && picture.places() > 0 => Decision::Verify(holding),
        (Phase::Green, None) if !picture.input.may_integrate() => unmerged(picture, held),
        (Phase::Green, None) => match asked(picture, held) {
            Some(why) => wait(held, why),
            None => return,
        },
        (Phase::Ungated | Phase::Unverified | Phase::Awaiting(_), None) => return,
    };
    picture.push(decision);
}

fn end(holding: Holding, (reason, note): (EndReason, String)) -> Decision {
    Decision::End {
        holding,
        reason,
        note,
    }
}

fn unmerged(picture: &Picture<'_>, held: &Held<'_>) -> Decision {
    let input = &picture.input;
    let paused = stage::paused(input.records(), &held.item.id);
    let paused = paused.or_else(|| contention::pause_lock(input));
    let why = match (paused, asked(picture, held)) {
        (Some(why), _) => Why::OnHold(why),
        (None, Some(why)) => why,
        (None, None) => Why::Unmerged {
            by: finish::merger(input),
        },
    };
    wait(held, why)
}

fn wait(held: &Held<'_>, why: Why) -> Decision {
    let package = held.item.id.clone();
    Decision::Wait { package, why }
}

/// The question that keeps it from being merged.
fn asked(picture: &Picture<'_>, held: &Held<'_>) -> Option<Why> {
    let question = questions::obstacle(picture.input.records(), &held.item.id)?;
    Some(Why::Asked(question.words()))
}

/// How a failure ends that came of what its attempt escalated: what another attempt may not meet
/// again is given back, a bounded number of times, and uses no retry.
fn tried(
    picture: &Picture<'_>,
    held: &Held<'_>,
    (reason, note): (EndReason, &String),
) -> (EndReason, String) {
    let records = picture.input.records();
    let attempt = held.attempt.map(|a| &a.attempt);
    let question = attempt.and_then(|attempt| questions::again(records, attempt));
    let Some(question) = question.filter(|_| reason == EndReason::Failed) else {
        return (reason, note.clone());
    };
    let kind = question.asked.escalation.kind;
    let package = records.packages.get(&held.item.id);
    let earlier = package.into_iter().flat_map(|p| p.attempts.values());
    let same = |a: &&AttemptView| {
        let released = a
            .end
            .as_ref()
            .is_some_and(|e| e.reason == EndReason::Released);
        let again = questions::again(records, &a.attempt);
        released
            && a.attempt.run.as_ref() == Some(&picture.input.options.run)
            && again.is_some_and(|q| q.asked.escalation.kind == kind)
    };
    match earlier.filter(same).count() < kind.again_max() {
        true => {
            let note = format!("{}: {}", question.kind(), question.summary());
            (EndReason::Released, note)
        }
        false => (reason, format!("{note}; {} again", question.kind())),
    }
}

/// Why an attempt that has a result is not merged, whatever it shows.
fn unfit(picture: &Picture<'_>, held: &Held<'_>) -> Option<(EndReason, String)> {
    let definition = &held.item.definition;
    if held
        .attempt
        .is_some_and(|a| a.attempt.definition != *definition)
    {
        let note = "the plan defines the package otherwise now".to_owned();
        return Some((EndReason::Superseded, note));
    }
    let records = picture.input.records();
    let asked = held.attempt.filter(|a| a.result.is_some());
    if let Some(why) = asked.and_then(|a| questions::verdict(records, &a.attempt)) {
        return Some(why);
    }
    match held.phase {
        Phase::Green | Phase::Awaiting(_) => lower_tier(held).map(|note| (EndReason::Failed, note)),
        Phase::Working | Phase::Ungated | Phase::Unverified | Phase::Over(..) => None,
    }
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
fn others(picture: &mut Picture<'_>, held: &Held<'_>) {
    let (input, package, grant) = (picture.input, &held.item.id, held.grant);
    let holding = picture.holding(package, grant);
    let alive = input.is_alive(grant);
    let decision = if is_abandoned(&input, grant, &held.phase) {
        Decision::Adopt(holding)
    } else if held.phase == Phase::Green && input.may_integrate() {
        // Whoever holds it is done with it, and it is merged as it is; or it never is.
        match unfit(picture, held) {
            Some(why) => end(holding, why),
            None => return,
        }
    } else if let Some(why) = expired(&input, held) {
        end(holding, why)
    } else {
        match &held.phase {
            Phase::Green => unmerged(picture, held),
            Phase::Awaiting(open) => Decision::Wait {
                package: package.clone(),
                why: Why::Unanswered(open.iter().map(|s| format!("`{}`", s.step)).collect()),
            },
            Phase::Working | Phase::Ungated | Phase::Unverified | Phase::Over(..) => {
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
            }
        }
    };
    picture.push(decision);
}

/// Why an attempt of another clone is ended here: the clone is gone, and nothing of it stands on
/// this machine. What is green stays: somebody merges it.
fn expired(input: &Input<'_>, held: &Held<'_>) -> Option<(EndReason, String)> {
    if !input.is_foreign(held.grant) || !input.observed.expired.contains(&held.grant.attempt) {
        return None;
    }
    match &held.phase {
        Phase::Green | Phase::Awaiting(_) => None,
        Phase::Over(reason, note) => Some((*reason, note.clone())),
        Phase::Working | Phase::Ungated | Phase::Unverified => {
            let note = format!("{} shows no sign of life", held.grant.by.label);
            Some((EndReason::Expired, note))
        }
    }
}

/// True if nobody looks after the holder and this process should.
///
/// The supervisor lock decides, never the clock: a lease only speaks for holders that have no
/// supervisor, and a held lock wins over an expired lease. What another clone holds is none of
/// our business; what a worker need not do for the package to be merged is left to others.
fn is_abandoned(input: &Input<'_>, grant: &Grant, phase: &Phase) -> bool {
    if input.observed.supervised.contains(&grant.attempt) || input.is_foreign(grant) {
        return false;
    }
    let work = input.options.duties == Duties::Work;
    if work && (!input.is_open() || matches!(phase, Phase::Green | Phase::Awaiting(_))) {
        return false;
    }
    if *phase != Phase::Working {
        return true;
    }
    grant.lease_seconds.is_none_or(|seconds| {
        let lease = std::time::Duration::from_secs(u64::from(seconds));
        input.now > grant.by.at.plus(lease)
    })
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
        } else if observed.expired.contains(&grant.attempt) && picture.input.is_foreign(grant) {
            let note = format!("{} shows no sign of life", grant.by.label);
            picture.push(end(holding, (EndReason::Expired, note)));
        } else if observed.stop == Stop::No
            && picture.input.options.duties != Duties::Work
            && is_abandoned(&picture.input, grant, &Phase::Working)
        {
            picture.push(Decision::Adopt(holding));
        }
    }
}
