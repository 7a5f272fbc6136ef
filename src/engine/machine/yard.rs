//! One try of a merge train on one state of its target: lines of features coupled in memory, and
//! what verification says of them. What it speculates with is kept under refs until it is dropped.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{RecvTimeoutError, channel};

use crate::base::{Error, Oid, RefName, Result};
use crate::engine::machine::SIGNAL_REST;
use crate::engine::machine::finish::command;
use crate::engine::machine::shared::Trust;
use crate::engine::machine::start::tree_of;
use crate::engine::machine::verify::Check;
use crate::engine::machine::wagon::TrainJob;
use crate::engine::machine::worker::Worker;
use crate::git::Expected;
use crate::integrate::couple::Said;
use crate::integrate::{Conflict, Coupled, Coupling, Shadow, couple, rehearse};
use crate::model::{Step, StepEvidence, StepKind, Tier};
use crate::os::process::Watch;
use crate::os::signal::{Asked, Signals};
use crate::os::{clock, random};
use crate::schedule::train::{Ask, Car, Train, Verdict};

/// Where commits are kept while somebody speculates with them.
const FOLDER: &str = "refs/wp/train";

/// One try on one state of the target.
pub(super) struct Yard<'a> {
    pub(super) worker: &'a Worker,
    pub(super) job: &'a TrainJob,
    pub(super) shadow: Shadow,
    pub(super) id: String,
    pub(super) target: Oid,
    pub(super) there: BTreeSet<Car>,
    /// What a line came to; `None` if it does not merge.
    pub(super) commits: BTreeMap<Vec<Car>, Option<Oid>>,
    pub(super) conflicts: BTreeMap<Car, (Conflict, Vec<Car>)>,
    pub(super) red: BTreeMap<Vec<Car>, StepEvidence>,
    pub(super) verifications: u32,
}

impl<'a> Yard<'a> {
    pub(super) fn open(worker: &'a Worker, job: &'a TrainJob) -> Result<Self> {
        let setup = &worker.shared.setup;
        sweep(worker)?;
        let name = &setup.started.branch;
        let target = setup.repo.refs().read(name)?.ok_or_else(|| {
            let message = format!("there is no branch `{}`", name.short());
            Error::usage("target-unknown", message).hint("--onto BRANCH")
        })?;
        let shadow = Shadow::open(&setup.repo)?;
        let mut there = BTreeSet::new();
        for (car, wagon) in job.cars.iter().enumerate() {
            if shadow.is_ancestor(&wagon.head, &target)? {
                there.insert(car);
            }
        }
        Ok(Yard {
            id: random::id(12)?,
            commits: BTreeMap::from([(Vec::new(), Some(target.clone()))]),
            conflicts: BTreeMap::new(),
            red: BTreeMap::new(),
            verifications: 0,
            worker,
            job,
            shadow,
            target,
            there,
        })
    }

    pub(super) fn drive(&mut self, told: &mut dyn FnMut(&str)) -> Result<Train> {
        let all = (0..self.job.cars.len()).filter(|car| !self.there.contains(car));
        let mut train = Train::new(all.collect(), self.job.care);
        loop {
            match train.ask() {
                Ask::Over => return Ok(train),
                Ask::Couple { line, car } => {
                    let commit = self.couple(&line, car)?;
                    train.coupled(commit.is_some());
                }
                Ask::Verify(line) => {
                    let verdict = self.verify(&line)?;
                    told(&self.line_about(&line, verdict));
                    train.verified(verdict);
                }
            }
        }
    }

    fn line_about(&self, line: &[Car], verdict: Verdict) -> String {
        let target = self.worker.shared.setup.started.branch.short();
        let last = line.last().map(|car| self.job.cars[*car].feature.as_str());
        let what = match (line.len(), last) {
            (0, _) | (_, None) => format!("{target} itself"),
            (1, Some(last)) => format!("{target} with {last}"),
            (n, Some(last)) => format!("{target} with {n} features up to {last}"),
        };
        let word = match verdict {
            Verdict::Green => "passes",
            Verdict::Red => "fails",
            Verdict::Unknown => "does not merge",
        };
        format!("{what}: {word}")
    }

    /// What the target with this line merged is; `None` if that does not fit as text.
    pub(super) fn commit(&mut self, line: &[Car]) -> Result<Option<Oid>> {
        if let Some(known) = self.commits.get(line) {
            return Ok(known.clone());
        }
        let Some((car, before)) = line.split_last() else {
            return Ok(Some(self.target.clone()));
        };
        let commit = match self.commit(before)? {
            Some(_) => self.couple(before, *car)?,
            None => None,
        };
        self.commits.insert(line.to_vec(), commit.clone());
        Ok(commit)
    }

    fn couple(&mut self, before: &[Car], car: Car) -> Result<Option<Oid>> {
        let Some(tip) = self.commit(before)? else {
            return Ok(None);
        };
        let (setup, wagon) = (&self.worker.shared.setup, &self.job.cars[car]);
        let coupled = couple(
            &self.shadow,
            &Coupling {
                tip: &tip,
                head: &wagon.head,
                target: &self.target,
                said: Said {
                    feature: &wagon.feature,
                    title: &wagon.title,
                    into: setup.started.branch.short(),
                    train: &self.id,
                    by: &setup.person,
                    at: clock::now(),
                },
            },
        )?;
        let commit = match coupled {
            Coupled::Merged { commit } => Some(commit),
            Coupled::There => Some(tip),
            Coupled::Conflict(conflict) => {
                let with = self.rivals(before, car)?;
                self.conflicts.insert(car, (conflict, with));
                None
            }
        };
        let mut line = before.to_vec();
        line.push(car);
        self.commits.insert(line, commit.clone());
        Ok(commit)
    }

    /// Which of the line a feature does not merge with by itself.
    fn rivals(&self, line: &[Car], car: Car) -> Result<Vec<Car>> {
        let head = |car: Car| self.job.cars[car].head.clone();
        let pairs: Vec<(Oid, Oid)> = line.iter().map(|other| (head(*other), head(car))).collect();
        let trials = rehearse(&self.shadow, &pairs)?;
        let red = line.iter().zip(trials).filter(|(_, trial)| !trial.is_clean);
        Ok(red.map(|(other, _)| *other).collect())
    }

    pub(super) fn steps(&self, line: &[Car]) -> Vec<Step> {
        let setup = &self.worker.shared.setup;
        let mut steps: Vec<Step> = Vec::new();
        if setup.project == Trust::Given {
            let lines = setup.settings.project.verify.final_commands.iter();
            steps.extend(lines.map(|line| command("final", line)));
        }
        for step in line.iter().flat_map(|car| &self.job.cars[*car].steps) {
            let is_known = |known: &Step| known.kind == step.kind;
            if matches!(step.kind, StepKind::Command { .. }) && !steps.iter().any(is_known) {
                steps.push(step.clone());
            }
        }
        steps
    }

    fn verify(&mut self, line: &[Car]) -> Result<Verdict> {
        let Some(commit) = self.commit(line)? else {
            return Ok(Verdict::Unknown);
        };
        let steps = self.steps(line);
        if steps.is_empty() {
            return Ok(Verdict::Green);
        }
        self.keep("try", &commit)?;
        self.verifications += 1;
        let worker = self.worker;
        let tree = tree_of(worker, &commit)?;
        let check = Check {
            commit: &commit,
            tree: &tree,
            steps: &steps,
            tier: Tier::C,
            name: &format!("train-{}", self.id),
        };
        let signals = &worker.shared.setup.signals;
        let evidence = heeding(signals, &worker.watch, || worker.check(&check))?;
        let Some(step) = evidence.first_failure() else {
            return Ok(Verdict::Green);
        };
        self.red.insert(line.to_vec(), step.clone());
        Ok(Verdict::Red)
    }

    pub(super) fn keep(&self, word: &str, commit: &Oid) -> Result<()> {
        let name = ref_name(&format!("{FOLDER}/{}/{word}", self.id))?;
        let setup = &self.worker.shared.setup;
        let (new, any) = (Some(commit), &Expected::Any);
        let done = setup
            .repo
            .refs()
            .swap(&name, new, any, "wp: merge", setup.settings.durability);
        done.map_err(|e| e.into_error(&name))
    }
}

impl Drop for Yard<'_> {
    fn drop(&mut self) {
        // What stays behind is swept by the next train.
        let _ = sweep(self.worker);
    }
}

/// Removes what trains kept; there is only one at a time.
fn sweep(worker: &Worker) -> Result<()> {
    let setup = &worker.shared.setup;
    let (refs, durability) = (setup.repo.refs(), setup.settings.durability);
    for (name, held) in refs.list(FOLDER)? {
        let done = refs.swap(&name, None, &Expected::Is(held), "wp: merge", durability);
        done.map_err(|e| e.into_error(&name))?;
    }
    Ok(())
}

/// Does `work` and stops what it watches once a signal asks for that.
fn heeding<T>(signals: &Signals, watch: &Watch, work: impl FnOnce() -> T) -> T {
    let (alive, over) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while over.recv_timeout(SIGNAL_REST) == Err(RecvTimeoutError::Timeout) {
                match signals.asked() {
                    Asked::Nothing => {}
                    Asked::Stop => watch.stop(),
                    Asked::StopNow => watch.kill(),
                }
            }
        });
        let value = work();
        drop(alive);
        value
    })
}

pub(super) fn ref_name(text: &str) -> Result<RefName> {
    RefName::parse(text).ok_or_else(|| Error::bug(format!("`{text}` is not a ref name")))
}
