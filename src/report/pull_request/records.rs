//! What the records say that a pull request tells: the newest round of QA, what is left for later.

use crate::model::Ruling;
use crate::model::qa::{QaRound, QaStatus, QaSurface};
use crate::qa::round;
use crate::report::pull_request::QaRow;
use crate::state::{FeatureView, questions};

/// What the newest round found, a row per surface.
pub fn qa_rows(records: &FeatureView) -> Vec<QaRow> {
    let Some(last) = records.qa_rounds().last() else {
        return Vec::new();
    };
    last.plan.iter().map(|surface| row(last, surface)).collect()
}

fn row(last: &QaRound, surface: &QaSurface) -> QaRow {
    let reading = round::reading(last, surface);
    let result = |check| reading.and_then(|reading| round::result(reading, check));
    let good = |check| result(check).is_some_and(|found| found.status == QaStatus::Pass);
    let passed = surface.checks.iter().filter(|check| good(check)).count();
    let all = surface.checks.len();
    let fault = reading.and_then(|reading| reading.faults.first());
    let report = reading.and_then(|reading| reading.report.as_ref());
    let is_pass = report.is_some_and(|report| report.status == QaStatus::Pass);
    QaRow {
        surface: surface.name.clone(),
        round: last.number,
        passed: is_pass && passed == all && fault.is_none(),
        summary: match (fault, reading) {
            (Some(fault), _) => fault.clone(),
            (None, None) => "no report".to_owned(),
            (None, Some(_)) => format!("{passed} of {all} checks passed"),
        },
    }
}

/// What somebody put off: flaky tests in quarantine, findings that are deferred.
pub fn follow_up(records: &FeatureView) -> Vec<String> {
    let quarantine = questions::quarantine(records);
    let flaky = quarantine
        .iter()
        .map(|question| format!("flaky: {}", question.summary()));
    let deferred = records
        .waivers()
        .filter(|(waiver, _)| waiver.ruling == Ruling::Deferred);
    let deferred =
        deferred.map(|(waiver, _)| format!("deferred {}: {}", waiver.key, waiver.reason));
    flaky.chain(deferred).collect()
}
