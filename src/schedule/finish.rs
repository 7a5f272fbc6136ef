//! The end of a run: tidy rooms, the final verification, the feature branch, the one word.

use crate::base::{FeatureId, Oid, PackageId};
use crate::model::{EndReason, RunResult};
use crate::qa::Standing;
use crate::schedule::decision::Decision;
use crate::schedule::input::{Duties, Input, Stay, Stop, Work};
use crate::schedule::picture::Picture;
use crate::schedule::review::ReviewState;
use crate::schedule::stage::Stage;
use crate::schedule::why::{Hope, Merger, Why};
use crate::schedule::{choose, qa};
use crate::state::FeatureView;
use crate::state::questions;
use crate::state::record::{End, FinalCheck};

/// Removes rooms of merged packages: that of the attempt that was merged, and those of attempts
/// that were cut short. Who failed keeps its room, for a person to look at.
pub(super) fn tidy(picture: &mut Picture<'_>) {
    let input = picture.input;
    for item in input.agenda.items() {
        let package = input.records().packages.get(&item.id);
        let merged = package.filter(|_| picture.is_merged(&item.id));
        for (id, attempt) in merged.into_iter().flat_map(|p| &p.attempts) {
            let failed = |end: &End| end.reason == EndReason::Failed;
            let is_over = attempt.end.as_ref().is_some_and(|end| !failed(end));
            if is_over && input.observed.rooms.contains(id) {
                let decision = Decision::Tidy {
                    package: item.id.clone(),
                    attempt: id.clone(),
                };
                picture.push(decision);
            }
        }
    }
}

/// Decides the end once nothing else is to be done or waited for.
pub(super) fn finish(picture: &mut Picture<'_>) {
    let input = picture.input;
    if input.observed.stop == Stop::Now {
        let result = RunResult::Stopped;
        return picture.decisions.push(Decision::Finish { result });
    }
    let pending = picture.decisions.iter().any(|d| match d {
        Decision::Wait { why, .. } => passes(&input, why) && input.observed.stop == Stop::No,
        _ => true,
    });
    if pending || !input.observed.in_flight.is_empty() {
        return;
    }
    if !input.may_integrate() {
        return leave(picture);
    }
    let tentative = |(feature, _): &(FeatureId, PackageId)| feature == input.feature;
    let unsure = input.view.tentative.accepts.iter().any(tentative);
    if unsure || input.records().open_land().is_some() {
        return;
    }
    if let Some(tip) = due_books(&input) {
        return picture.push(Decision::Merge {
            holdings: Vec::new(),
            onto: tip.clone(),
        });
    }
    // Where a question stops everything, nobody's branch is moved either.
    let moves = questions::pausing(input.records()).is_none();
    let behind = |tip: &&Oid| moves && input.observed.advanced.as_ref() != Some(*tip);
    let decision = match (verdict(picture), input.observed.tip.as_ref().filter(behind)) {
        (Verdict::FinalVerify(commit), _) => Decision::FinalVerify { commit },
        (Verdict::Qa { commit, round }, _) => Decision::Qa { commit, round },
        (Verdict::AskQa(round), _) => Decision::AskQa { round },
        (Verdict::Result(_), Some(tip))
            if is_reviewed(picture)
                && qa::of(&input).is_none_or(Standing::is_done)
                && !input.observed.given_up.contains(&Work::Advance) =>
        {
            Decision::Advance { to: tip.clone() }
        }
        (Verdict::Result(result), _) => Decision::Finish { result },
    };
    picture.push(decision);
}

/// The tip that the books are still to be kept on, before the whole is verified.
fn due_books<'a>(input: &Input<'a>) -> Option<&'a Oid> {
    let observed = input.observed;
    let due = observed.books_due
        && observed.stop == Stop::No
        && input.records().holds.is_empty()
        && questions::pausing(input.records()).is_none()
        && super::contention::pause_lock(input).is_none()
        && !observed.given_up.contains(&Work::Merge);
    observed.tip.as_ref().filter(|_| due)
}

/// The end for a process that cannot end the run: it says how things stand.
fn leave(picture: &mut Picture<'_>) {
    let input = picture.input;
    let landing = input.records().open_land().is_some() && input.observed.stop == Stop::No;
    let by = merger(&input);
    if landing && passes(&input, &Why::Unmerged { by }) {
        return;
    }
    let result = match verdict(picture) {
        Verdict::Result(result) => result,
        Verdict::FinalVerify(_) | Verdict::Qa { .. } | Verdict::AskQa(_) => RunResult::Partial,
    };
    picture.push(Decision::Finish { result });
}

/// Whether one who may merge is alive, this process apart.
pub(super) fn merger(input: &Input<'_>) -> Merger {
    match input.is_integrated_elsewhere() {
        true => Merger::Alive,
        false => Merger::Nobody,
    }
}

/// True if it pays to wait although nothing of this process is under way.
fn passes(input: &Input<'_>, why: &Why) -> bool {
    if let Why::Unserved { until, .. } = why {
        return choose::pays_to_wait(input, *until);
    }
    let hope = why.hope();
    match (input.options.duties, input.options.stay) {
        (Duties::All, _) => hope == Hope::Sure,
        // Who claims from outside is waited for: that is what this process is there for.
        (Duties::Integrate, _) => hope == Hope::Sure || matches!(why, Why::Held { .. }),
        (Duties::Work, Stay::Once) => false,
        (Duties::Work, Stay::Patient(patience)) => match hope {
            Hope::Sure => true,
            Hope::Somebody => input.observed.quiet < patience,
            Hope::Nothing => false,
        },
    }
}

/// True if no review is open: nothing is handed on before that.
fn is_reviewed(picture: &Picture<'_>) -> bool {
    picture.reviews.values().all(ReviewState::is_settled)
}

enum Verdict {
    Result(RunResult),
    FinalVerify(Oid),
    Qa { commit: Oid, round: u32 },
    AskQa(u32),
}

fn verdict(picture: &Picture<'_>) -> Verdict {
    let input = &picture.input;
    let records = input.records();
    let stopped = input.observed.stop != Stop::No;
    if stopped || !records.holds.is_empty() || super::contention::pause_lock(input).is_some() {
        return Verdict::Result(RunResult::Stopped);
    }
    let stages = picture.stages.values();
    if stages
        .clone()
        .any(|s| matches!(s, Stage::Failed { .. } | Stage::Merged { red: Some(_), .. }))
    {
        return Verdict::Result(RunResult::Failed);
    }
    if is_asked(records) || input.observed.replanned {
        return Verdict::Result(RunResult::Partial);
    }
    let merged = |s: &Stage<'_>| matches!(s, Stage::Merged { .. });
    let Some(tip) = input
        .observed
        .tip
        .as_ref()
        .filter(|_| stages.clone().all(merged))
    else {
        return Verdict::Result(RunResult::Partial);
    };
    if !is_reviewed(picture) {
        return Verdict::Result(RunResult::Partial);
    }
    if let Some(verdict) = qa_verdict(input, tip) {
        return verdict;
    }
    let open = |s: &Stage<'_>| matches!(s, Stage::Merged { open, .. } if !open.is_empty());
    match final_check(picture, tip) {
        None => Verdict::FinalVerify(tip.clone()),
        Some(check) if !check.passed => Verdict::Result(RunResult::Failed),
        Some(_) if stages.clone().any(open) => Verdict::Result(RunResult::Partial),
        Some(_) => Verdict::Result(RunResult::Merged),
    }
}

/// True if a question is open, or its answer is not carried out yet.
fn is_asked(records: &FeatureView) -> bool {
    !questions::open(records).is_empty() || questions::pausing(records).is_some()
}

/// What the QA loop still wants; nothing of the whole is verified before that.
fn qa_verdict(input: &Input<'_>, tip: &Oid) -> Option<Verdict> {
    Some(match qa::of(input)? {
        Standing::Passed | Standing::Accepted => return None,
        Standing::Due(_) if input.observed.given_up.contains(&Work::Qa) => {
            Verdict::Result(RunResult::Partial)
        }
        Standing::Due(round) => Verdict::Qa {
            commit: tip.clone(),
            round,
        },
        Standing::Asking(round) if !qa::is_asked(input.feature, input.records(), round) => {
            Verdict::AskQa(round)
        }
        Standing::Asking(_) | Standing::Refining(_) => Verdict::Result(RunResult::Partial),
        Standing::Stopped => Verdict::Result(RunResult::Failed),
    })
}

/// The check of this tip that counts. A red one of an earlier run is tried again.
fn final_check<'a>(picture: &Picture<'a>, tip: &Oid) -> Option<&'a FinalCheck> {
    let input = picture.input;
    let records = input.view.features.get(input.feature)?;
    let run = records.runs.get(&input.options.run);
    let since = run.map(|run| run.started.by.at);
    let mut checks = records.finals.iter().rev();
    checks.find(|c| c.commit == *tip && (c.passed || since.is_none_or(|at| c.by.at >= at)))
}
