//! What a train tells: from places in it to names.

use std::path::Path;

use crate::base::{FeatureId, RepoPath, Result};
use crate::commands::merge::Train;
use crate::engine::{Arrival, LeftBehind, TrainReport};
use crate::git::Repo;
use crate::integrate::{Shadow, tips};
use crate::model::StepEvidence;
use crate::report::status::quoted;
use crate::report::train::{
    LeftRow, LeftWord, MergedRow, PairRow, PathRow, StepRow, TrainView, TrainWord,
};
use crate::schedule::side_by_side::{self, Fit, Pairing};
use crate::schedule::train::{Ask, Care, Clash, Culprit, Train as Forecast, Verdict};

/// What a train came to.
///
/// # Errors
/// Git cannot be run.
pub(super) fn view(repo: &Repo, train: &Train, report: &TrainReport) -> Result<TrainView> {
    let ids = |cars: &[usize]| ids(train, cars);
    let merged = report.merged.iter().map(|(car, commit)| MergedRow {
        commit: Some(commit.clone()),
        ..row(train, *car)
    });
    let left: Vec<usize> = report.left.keys().copied().collect();
    Ok(TrainView {
        target: train.target.short().to_owned(),
        old: report.old.clone(),
        new: report.new.clone(),
        outcome: match report.arrival {
            Arrival::Unchanged => TrainWord::Unchanged,
            Arrival::Moved => TrainWord::Moved,
            Arrival::CheckedOut { .. } => TrainWord::CheckedOut,
        },
        merged: merged.collect(),
        there: ids(&report.there),
        left: { report.left.iter() }
            .map(|(car, why)| left_row(train, *car, why))
            .collect(),
        target_red: report.target_red.as_deref().map(step),
        verifications: report.verifications,
        before: pairs(train, |_| true),
        after: after(repo, train, (report, &left))?,
        next: match &report.arrival {
            Arrival::CheckedOut { at, kept_by } => Some(bring(repo, at, kept_by.as_str())),
            Arrival::Unchanged | Arrival::Moved => None,
        },
    })
}

/// What brings the checkout at `at` along.
fn bring(repo: &Repo, at: &str, kept_by: &str) -> String {
    let is_here = repo.work_dir().is_some_and(|here| here == Path::new(at));
    let place = match is_here {
        true => String::new(),
        false => format!("-C {} ", quoted(at)),
    };
    format!("git {place}merge --ff-only {}", quoted(kept_by))
}

/// What would be merged as text.
///
/// # Errors
/// Git cannot be run.
pub(super) fn forecast(repo: &Repo, train: &Train) -> Result<TrainView> {
    let shadow = Shadow::open(repo)?;
    let heads: Vec<_> = train.cars.iter().map(|one| one.head.clone()).collect();
    let mut there = Vec::new();
    for (car, head) in heads.iter().enumerate() {
        if shadow.is_ancestor(head, &train.at)? {
            there.push(car);
        }
    }
    let stuck = tips::against(&shadow, &train.at, &heads)?;
    let rivals = |line: &[usize], car: usize| -> Vec<usize> {
        let red = train.pairs.iter().filter(|pair| pair.conflicts.is_some());
        let others = red.filter_map(|pair| match (pair.one == car, pair.other == car) {
            (true, _) => Some(pair.other),
            (_, true) => Some(pair.one),
            _ => None,
        });
        others.filter(|other| line.contains(other)).collect()
    };
    let all = (0..heads.len()).filter(|car| !there.contains(car));
    let mut line = Forecast::new(all.collect(), Care::Batch);
    let mut left = Vec::new();
    loop {
        match line.ask() {
            Ask::Over => break,
            Ask::Verify(_) => line.verified(Verdict::Green),
            Ask::Couple { line: before, car } => {
                let with = rivals(&before, car);
                let own = stuck.iter().find(|(at, _)| *at == car);
                if own.is_some() || !with.is_empty() {
                    left.push(foreseen(train, car, (&with, own)));
                }
                line.coupled(own.is_none() && with.is_empty());
            }
        }
    }
    Ok(TrainView {
        target: train.target.short().to_owned(),
        old: train.at.clone(),
        new: train.at.clone(),
        outcome: TrainWord::Forecast,
        merged: line.line().iter().map(|car| row(train, *car)).collect(),
        there: ids(train, &there),
        left,
        target_red: None,
        verifications: 0,
        before: pairs(train, |_| true),
        after: Vec::new(),
        next: None,
    })
}

type Own<'a> = Option<&'a (usize, Vec<RepoPath>)>;

fn foreseen(train: &Train, car: usize, (with, own): (&[usize], Own<'_>)) -> LeftRow {
    let shared = train.pairs.iter().filter(|pair| {
        let other = if pair.one == car {
            pair.other
        } else {
            pair.one
        };
        (pair.one == car || pair.other == car) && with.contains(&other)
    });
    let paths = shared.flat_map(|pair| pair.conflicts.iter().flatten());
    let paths = own.into_iter().flat_map(|(_, paths)| paths).chain(paths);
    LeftRow {
        feature: train.cars[car].id.clone(),
        reason: LeftWord::Conflict,
        with: ids(train, with),
        alone: with.is_empty(),
        paths: paths
            .map(|path| PathRow {
                path: path.clone(),
                what: "both sides changed it".to_owned(),
            })
            .collect(),
        step: None,
        verifications: 0,
    }
}

fn ids(train: &Train, cars: &[usize]) -> Vec<FeatureId> {
    cars.iter().map(|car| train.cars[*car].id.clone()).collect()
}

fn row(train: &Train, car: usize) -> MergedRow {
    let one = &train.cars[car];
    MergedRow {
        feature: one.id.clone(),
        title: one.title.clone(),
        head: one.head.clone(),
        commit: None,
    }
}

fn step(red: &StepEvidence) -> StepRow {
    StepRow {
        name: red.name.clone(),
        command: red.what.clone(),
        exit_code: red.exit_code,
        tail: red.tail.clone(),
        note: red.note.clone(),
    }
}

fn left_row(train: &Train, car: usize, why: &LeftBehind) -> LeftRow {
    let feature = train.cars[car].id.clone();
    match why {
        LeftBehind::Conflict { conflict, with } => LeftRow {
            feature,
            reason: LeftWord::Conflict,
            with: ids(train, with),
            alone: with.is_empty(),
            paths: { conflict.paths.iter() }
                .map(|path| PathRow {
                    path: path.path.clone(),
                    what: path.what.clone(),
                })
                .collect(),
            step: None,
            verifications: 0,
        },
        LeftBehind::Red { step: red, culprit } => LeftRow {
            feature,
            reason: LeftWord::Verification,
            with: with(train, culprit),
            alone: culprit.clash == Clash::Alone,
            paths: Vec::new(),
            step: Some(step(red)),
            verifications: culprit.verifications,
        },
    }
}

fn with(train: &Train, culprit: &Culprit) -> Vec<FeatureId> {
    match &culprit.clash {
        Clash::Alone => Vec::new(),
        Clash::With(other) => ids(train, &[*other]),
        Clash::Among(others) => ids(train, others),
    }
}

/// Every pair that does not fit fully, of those that are wanted.
fn pairs(train: &Train, wanted: impl Fn(usize) -> bool) -> Vec<PairRow> {
    let mut out = Vec::new();
    for (one, left) in train.cars.iter().enumerate() {
        for (other, right) in train.cars.iter().enumerate().skip(one + 1) {
            if !(wanted(one) && wanted(other)) {
                continue;
            }
            let declared = side_by_side::compare(&left.claims, &right.claims);
            let real = real(train, (one, other));
            if declared.fit == Fit::Full && real.fit == Fit::Full {
                continue;
            }
            out.push(PairRow {
                left: left.id.clone(),
                right: Some(right.id.clone()),
                declared: Some(declared.fit),
                real: real.fit,
                meetings: declared.meetings,
                paths: real.paths,
                conflicts: real.conflicts,
            });
        }
    }
    out
}

fn real(train: &Train, (one, other): (usize, usize)) -> Pairing {
    let mut found = train.pairs.iter();
    let pair = found.find(|pair| (pair.one, pair.other) == (one, other));
    let shared = pair.map(|pair| pair.shared.iter().cloned().collect());
    let shared = shared.unwrap_or_default();
    let conflicts = pair.and_then(|pair| pair.conflicts.as_deref());
    side_by_side::compare_tips(&shared, &shared, conflicts)
}

/// Those that were left behind, with each other and with the target as it is now.
fn after(
    repo: &Repo,
    train: &Train,
    (report, left): (&TrainReport, &[usize]),
) -> Result<Vec<PairRow>> {
    let mut rows = pairs(train, |car| left.contains(&car));
    let heads: Vec<_> = left
        .iter()
        .map(|car| train.cars[*car].head.clone())
        .collect();
    let shadow = Shadow::open(repo)?;
    for (at, conflicts) in tips::against(&shadow, &report.new, &heads)? {
        rows.push(PairRow {
            left: train.cars[left[at]].id.clone(),
            right: None,
            declared: None,
            real: Fit::Sequential,
            meetings: Vec::new(),
            paths: Vec::new(),
            conflicts,
        });
    }
    Ok(rows)
}
