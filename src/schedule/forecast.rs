//! What a run would do: the same `decide`, asked on a simulated clock.
//!
//! Every attempt succeeds and takes the length it is given. Forecasts change nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::base::{AttemptId, ContentHash, FeatureId, Oid, PackageId};
use crate::schedule::agenda::Agenda;
use crate::schedule::decide::decide;
use crate::schedule::decision::Decision;
use crate::schedule::input::{Input, Limits, Observed, RunOptions, Work};
use crate::state::record::{Accept, By, Grant};
use crate::state::{LockSet, PackageView, View};

/// When every package would run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// In the order of their starts.
    pub bars: Vec<Bar>,
    /// Packages that would not run, with the reason, in file order.
    pub left: Vec<(PackageId, String)>,
    /// Minutes until the last one ends.
    pub minutes: u64,
}

/// One package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bar {
    /// The package.
    pub package: PackageId,
    /// The place it occupies, from 0, below the number of jobs.
    pub lane: usize,
    /// Minutes from the beginning.
    pub start: u64,
    /// Minutes from the beginning.
    pub end: u64,
}

/// What a forecast is made from.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The feature.
    pub feature: &'a FeatureId,
    /// The state as it is.
    pub view: &'a View,
    /// The plan.
    pub agenda: &'a Agenda,
    /// The options of the run that would be.
    pub options: &'a RunOptions,
    /// Its limits.
    pub limits: Limits,
    /// Who would run it.
    pub by: &'a By,
    /// Where it would start.
    pub tip: &'a Oid,
}

/// Runs the plan on a simulated clock; `minutes` is the expected length of a package.
pub fn forecast(question: Question<'_>, minutes: impl Fn(&PackageId) -> u64) -> Forecast {
    let mut scene = Scene::new(&question);
    let mut out = Forecast::default();
    loop {
        let decisions = scene.decide(&question);
        for decision in &decisions {
            if let Decision::Start { package, .. } = decision {
                out.bars
                    .push(scene.start(&question, package, minutes(package)));
            }
        }
        if !scene.finish_next() {
            out.left = waits(&decisions, question.agenda);
            out.minutes = scene.now;
            return out;
        }
    }
}

/// The simulated machine: what runs until when.
struct Scene {
    view: View,
    observed: Observed,
    running: BTreeMap<PackageId, Bar>,
    now: u64,
    by: By,
    tip: Oid,
    feature: FeatureId,
}

impl Scene {
    fn new(question: &Question<'_>) -> Self {
        let mut view = question.view.clone();
        // Who holds a package now is expected to be done before anything else starts.
        let feature = view.features.entry(question.feature.clone()).or_default();
        for package in feature.packages.values_mut() {
            if let Some(attempt) = package.live().map(|grant| grant.attempt.clone()) {
                package.attempts.remove(&attempt);
                package.grants.retain(|_, grant| grant.attempt != attempt);
            }
        }
        let observed = Observed {
            tip: Some(question.tip.clone()),
            advanced: Some(question.tip.clone()),
            ..Observed::default()
        };
        Scene {
            view,
            observed,
            running: BTreeMap::new(),
            now: 0,
            by: question.by.clone(),
            tip: question.tip.clone(),
            feature: question.feature.clone(),
        }
    }

    fn decide(&self, question: &Question<'_>) -> Vec<Decision> {
        decide(Input {
            feature: question.feature,
            view: &self.view,
            agenda: question.agenda,
            options: question.options,
            observed: &self.observed,
            limits: question.limits,
            now: self.by.at,
        })
    }

    fn start(&mut self, question: &Question<'_>, package: &PackageId, minutes: u64) -> Bar {
        let used: BTreeSet<usize> = self.running.values().map(|bar| bar.lane).collect();
        let lane = (0..).find(|lane| !used.contains(lane)).unwrap_or(0);
        let bar = Bar {
            package: package.clone(),
            lane,
            start: self.now,
            end: self.now + minutes.max(1),
        };
        self.observed.in_flight.insert(work(package));
        self.running.insert(package.clone(), bar.clone());
        let item = question.agenda.get(package);
        self.grant(package, item.map(|i| i.locks.clone()).unwrap_or_default());
        bar
    }

    /// Lets time pass until the next package is done; false if none runs.
    fn finish_next(&mut self) -> bool {
        let Some(end) = self.running.values().map(|bar| bar.end).min() else {
            return false;
        };
        self.now = end;
        let done: Vec<PackageId> = self
            .running
            .values()
            .filter(|bar| bar.end == end)
            .map(|bar| bar.package.clone())
            .collect();
        for package in done {
            self.running.remove(&package);
            self.observed.in_flight.remove(&work(&package));
            self.accept(&package);
        }
        true
    }

    fn grant(&mut self, package: &PackageId, locks: LockSet) {
        let grant = Grant {
            epoch: EPOCH,
            attempt: name(package),
            locks,
            lease_seconds: None,
            by: self.by.clone(),
        };
        self.package(package).grants.insert(EPOCH, grant);
    }

    fn accept(&mut self, package: &PackageId) {
        let accept = Accept {
            epoch: EPOCH,
            attempt: name(package),
            head: self.tip.clone(),
            merge: self.tip.clone(),
            land: 0,
            by: self.by.clone(),
        };
        let view = self.package(package);
        view.grants.remove(&EPOCH);
        view.accept = Some(accept);
    }

    fn package(&mut self, package: &PackageId) -> &mut PackageView {
        let feature = self.view.features.entry(self.feature.clone()).or_default();
        feature.packages.entry(package.clone()).or_default()
    }
}

/// Above every real one.
const EPOCH: u32 = u32::MAX;

fn name(package: &PackageId) -> AttemptId {
    let hash = ContentHash::of(package.as_str().as_bytes());
    AttemptId::parse(hash.short(40)).expect("hex digits are a component")
}

fn work(package: &PackageId) -> Work {
    Work::Run(name(package))
}

fn waits(decisions: &[Decision], agenda: &Agenda) -> Vec<(PackageId, String)> {
    let mut out: Vec<(PackageId, String)> = decisions
        .iter()
        .filter_map(|decision| match decision {
            Decision::Wait { package, why } => Some((package.clone(), why.to_string())),
            _ => None,
        })
        .collect();
    out.sort_by_key(|(id, _)| agenda.position(id));
    out
}
