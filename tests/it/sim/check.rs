//! What must hold at the end of every simulated history, however often it broke off.

use std::collections::BTreeSet;

use git_wp::base::AttemptId;
use git_wp::engine::RunReport;
use git_wp::model::{EndReason, Mode, PackageStatus, RunResult};
use git_wp::qa::{Verdict, round};
use git_wp::schedule::review::{self, ReviewPolicy, ReviewState};
use git_wp::state::PackageView;
use git_wp::state::record::End;
use git_wp::state::view::AttemptView;

use super::outside::{Outside, Scenario, feature};

pub(super) fn at_the_end(outside: &Outside, report: &RunReport, scenario: &Scenario) {
    let records = &outside.view.features[&feature()];
    assert!(
        records.open_land().is_none(),
        "{scenario}: a landing is open"
    );
    let mut accepted = BTreeSet::new();
    for (id, package) in &records.packages {
        numbers(package, &format!("{scenario}: {id}"));
        debuggers(package, &format!("{scenario}: {id}"));
        accepted.extend(accepted_attempt(
            outside,
            package,
            &format!("{scenario}: {id}"),
        ));
    }
    everything_in_the_tip_was_accepted(outside, &accepted, scenario);
    explained(report, outside, scenario);
    if scenario.reviews {
        reviewed(outside, report, scenario);
    }
}

/// What is handed on was approved where it was merged, and nothing grew on what was not.
fn reviewed(outside: &Outside, report: &RunReport, scenario: &Scenario) {
    let records = &outside.view.features[&feature()];
    let policy = ReviewPolicy::of(records).unwrap();
    for row in &report.standing.packages {
        let is_fix = row.id.as_str().starts_with("wp-fix-");
        if is_fix || row.status != PackageStatus::Merged {
            continue;
        }
        let state = review::state(records, &row.id, &policy).unwrap();
        let fix = review::fix_id(&row.id, 1).unwrap();
        let gave_up = report.standing.get(&fix).map(|row| row.status);
        match state {
            ReviewState::Approved(_) => {}
            ReviewState::Fixing(_) => {
                assert_eq!(
                    gave_up,
                    Some(PackageStatus::Failed),
                    "{scenario}: {}",
                    row.id
                );
            }
            other => panic!("{scenario}: {} ends as {other:?}", row.id),
        }
    }
}

/// Attempts are 1, 2, 3 ...; so are epochs; every grant but the highest has an end.
fn numbers(package: &PackageView, scenario: &str) {
    let numbers: Vec<u32> = package
        .in_order()
        .iter()
        .map(|a| a.attempt.number)
        .collect();
    let expected: Vec<u32> = (1..).take(numbers.len()).collect();
    assert_eq!(numbers, expected, "{scenario}: attempt numbers");
    let epochs: Vec<u32> = package.grants.keys().copied().collect();
    assert_eq!(epochs, expected, "{scenario}: epochs");
    for grant in package.grants.values().rev().skip(1) {
        let end = &package.attempts[&grant.attempt].end;
        assert!(end.is_some(), "{scenario}: {} was displaced", grant.attempt);
    }
}

/// An attempt is a debugger exactly after a failed verification of work that the gate allowed, and
/// nothing else is gone on with.
fn debuggers(package: &PackageView, scenario: &str) {
    let mut failed: Option<&AttemptView> = None;
    for attempt in package.in_order() {
        let id = &attempt.attempt.attempt;
        let red = failed.filter(|before| is_red(before));
        let mode = red.map_or(Mode::Implement, |_| Mode::Debug);
        assert_eq!(attempt.attempt.mode, mode, "{scenario}: {id}");
        let with = red.map(|before| &before.attempt.attempt);
        assert_eq!(attempt.attempt.continues.as_ref(), with, "{scenario}: {id}");
        let is_failure = |end: &End| end.reason.uses_retry();
        if attempt.end.as_ref().is_some_and(is_failure) {
            failed = Some(attempt);
        }
    }
}

/// True if an attempt's work was allowed, and did not pass.
fn is_red(attempt: &AttemptView) -> bool {
    let allowed = attempt.gates.last().is_some_and(|gate| gate.passed);
    let shown = attempt.evidence.last();
    allowed && shown.is_some_and(|fact| !fact.evidence.is_green())
}

/// How many QA rounds there were and whether the feature was finished: exactly if the last round
/// passed, and looked at everything that is merged. What else is due is asked once.
pub(super) fn rounds(outside: &Outside, report: &RunReport, scenario: &Scenario) -> (u32, bool) {
    let records = &outside.view.features[&feature()];
    let rounds: Vec<_> = records.qa_rounds().collect();
    let numbers: Vec<u32> = rounds.iter().map(|round| round.number).collect();
    let expected: Vec<u32> = (1..).take(rounds.len()).collect();
    assert_eq!(numbers, expected, "{scenario}");
    assert!(rounds.len() <= 3, "{scenario}: {numbers:?}");
    let last = rounds.last().unwrap();
    let merged = git_wp::schedule::qa::merged(records);
    let passed = last.merged == merged && round::verdict(last) == Verdict::Pass;
    assert_eq!(report.result == RunResult::Merged, passed, "{scenario}");
    assert_eq!(
        records.escalations.len(),
        usize::from(!passed),
        "{scenario}"
    );
    for round in &rounds[..rounds.len() - 1] {
        let refined = records.packages.keys();
        let refined = { refined }.any(|id| id.as_str() == format!("wp-refine-{}", round.number));
        let failed = round::verdict(round) == Verdict::Fail;
        assert_eq!(refined, failed, "{scenario}: round {}", round.number);
    }
    (last.number, passed)
}

/// How many debuggers there were.
pub(super) fn count_debuggers(outside: &Outside) -> usize {
    let packages = outside.view.features[&feature()].packages.values();
    let attempts = packages.flat_map(|package| package.attempts.values());
    attempts
        .filter(|attempt| attempt.attempt.mode == Mode::Debug)
        .count()
}

/// Landed means merged: by the attempt that held the package, and with its own agent's work.
fn accepted_attempt(outside: &Outside, package: &PackageView, scenario: &str) -> Option<AttemptId> {
    let accept = package.accept.as_ref()?;
    let attempt = &package.attempts[&accept.attempt];
    assert_eq!(
        package.highest().unwrap().attempt,
        accept.attempt,
        "{scenario}"
    );
    let end = attempt.end.as_ref().unwrap();
    assert_eq!(end.reason, EndReason::Completed, "{scenario}");
    assert_eq!(
        outside.own_heads.get(&accept.attempt),
        Some(&accept.head),
        "{scenario}"
    );
    assert!(
        attempt.gates.last().unwrap().passed,
        "{scenario}: slipped past the gate"
    );
    let shown = &attempt.evidence.last().unwrap().evidence;
    assert!(shown.is_green(), "{scenario}: merged without being green");
    let tip = outside.integration.as_ref().unwrap();
    for commit in [&accept.head, &accept.merge] {
        assert!(
            outside.contains(tip, commit),
            "{scenario}: {commit} is not merged"
        );
    }
    for (id, attempt) in &package.attempts {
        let failed = |end: &End| end.reason == EndReason::Failed;
        let may_stand = attempt.end.as_ref().is_some_and(failed);
        let stands = outside.rooms.contains(id);
        assert!(!stands || may_stand, "{scenario}: the room of {id} stands");
    }
    Some(accept.attempt.clone())
}

fn everything_in_the_tip_was_accepted(
    outside: &Outside,
    accepted: &BTreeSet<AttemptId>,
    scenario: &Scenario,
) {
    let tip = outside.integration.as_ref().unwrap();
    for (commit, (_, attempt)) in &outside.git {
        let Some(attempt) = attempt.as_ref().filter(|_| outside.contains(tip, commit)) else {
            continue;
        };
        assert!(
            accepted.contains(attempt),
            "{scenario}: {attempt} slipped in"
        );
    }
}

/// Every package is merged, or failed with its budget used, or blocked by one that is.
fn explained(report: &RunReport, outside: &Outside, scenario: &Scenario) {
    let records = &outside.view.features[&feature()];
    let run = records.last_run().unwrap();
    assert_eq!(
        run.ended.as_ref().unwrap().result,
        report.result.as_str(),
        "{scenario}"
    );
    for row in &report.standing.packages {
        let package = records.packages.get(&row.id);
        let ends = package.into_iter().flat_map(|p| p.attempts.values());
        let failed = ends
            .filter_map(|a| a.end.as_ref())
            .filter(|e| e.reason.uses_retry());
        let failed = u32::try_from(failed.count()).unwrap();
        let budget = outside.retries(&row.id);
        assert!(
            failed <= budget + 1,
            "{scenario}: {} had too many tries",
            row.id
        );
        match row.status {
            PackageStatus::Merged => {}
            PackageStatus::Failed => {
                assert!(
                    scenario.failures,
                    "{scenario}: {} failed: {}",
                    row.id, row.why
                );
                assert_eq!(failed, budget + 1, "{scenario}: {} gave up early", row.id);
            }
            PackageStatus::Blocked => {
                assert!(
                    scenario.failures && row.because.is_some(),
                    "{scenario}: {}",
                    row.id
                );
            }
            other => panic!(
                "{scenario}: {} is {other:?} at the end: {}",
                row.id, row.why
            ),
        }
    }
    let all = report
        .standing
        .packages
        .iter()
        .all(|r| r.status == PackageStatus::Merged);
    assert_eq!(all, report.result == RunResult::Merged, "{scenario}");
    let checked = records
        .finals
        .iter()
        .any(|c| c.commit == report.head && c.passed);
    assert_eq!(all, checked, "{scenario}: the final verification");
}
