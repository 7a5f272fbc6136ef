//! A merge train on this machine: finished features coupled in memory, verified in a room, and the
//! target moved by compare-and-swap. The pure part is [`crate::schedule::train`]; nothing here
//! records anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::{Error, Kind, Oid, Result};
use crate::engine::effect::Advanced;
use crate::engine::machine::shared::{Setup, Shared};
use crate::engine::machine::wagon::{Arrival, LeftBehind, TrainJob, TrainReport};
use crate::engine::machine::worker::Worker;
use crate::engine::machine::yard::{Yard, ref_name};
use crate::git::Expected;
use crate::os::clock;
use crate::os::lock::{self, FileLock};
use crate::os::process::Watch;
use crate::schedule::train::{Car, Train};
use crate::state::View;

/// How often a train starts anew because its target moved meanwhile.
const TRIES_MAX: usize = 3;

/// Merges a train into the branch that `setup.started` names. `view` holds the records of the
/// setup's feature; `told` hears a line per step, for people.
///
/// # Errors
/// `train-held` (lost): another process merges here; `target-moved` (busy): somebody else moved
/// the target again and again; the machine failed. Nothing was moved then.
pub fn merge_train(
    setup: Setup,
    view: Arc<View>,
    job: &TrainJob,
    told: &mut dyn FnMut(&str),
) -> Result<TrainReport> {
    let lock = alone(&setup)?;
    let shared = Arc::new(Shared::new(setup, "train")?);
    let worker = Worker {
        shared: Arc::clone(&shared),
        plan: shared.plan(&view),
        view,
        watch: Watch::default(),
    };
    let done = tries(&worker, job, told);
    let _ = shared.verify_rooms.close();
    drop(lock);
    done
}

fn tries(worker: &Worker, job: &TrainJob, told: &mut dyn FnMut(&str)) -> Result<TrainReport> {
    for round in 1..=TRIES_MAX {
        let mut yard = Yard::open(worker, job)?;
        let train = yard.drive(told)?;
        if let Some(report) = yard.arrive(&train)? {
            return Ok(report);
        }
        if round < TRIES_MAX {
            told("the target moved meanwhile; again from where it is now");
        }
    }
    let name = worker.shared.setup.started.branch.short().to_owned();
    let message = format!("somebody else moved `{name}` {TRIES_MAX} times meanwhile");
    Err(Error::busy("target-moved", message).hint("the same command again"))
}

fn alone(setup: &Setup) -> Result<FileLock> {
    let path = setup.repo.wp_dir().join("run").join("train.lock");
    let held = lock::try_lock(&path)?.ok_or_else(|| {
        let who = lock::holder(&path);
        let who = who.map_or_else(String::new, |h| format!(" (process {})", h.pid));
        let message = format!("another merge train runs in this repository{who}");
        Error::new(Kind::Lost, "train-held", message).hint("wait for it")
    })?;
    held.announce("git wp merge", clock::now());
    Ok(held)
}

impl Yard<'_> {
    /// Moves the target; `None` if somebody else did.
    fn arrive(mut self, train: &Train) -> Result<Option<TrainReport>> {
        let line = train.line().to_vec();
        let tip = self.commit(&line)?;
        let new = tip.ok_or_else(|| Error::bug("a line that was coupled has no commit"))?;
        let setup = &self.worker.shared.setup;
        let mut arrival = Arrival::Unchanged;
        if new != self.target {
            setup.repo.objects().flush_all(setup.settings.durability)?;
            self.keep("line", &new)?;
            arrival = match self.worker.advanced(&new, "wp: merge")? {
                Advanced::There => Arrival::Moved,
                Advanced::Diverged => return Ok(None),
                Advanced::CheckedOut { at } => self.set_aside(&new, at)?,
            };
        }
        let mut merged = Vec::new();
        for (at, car) in line.iter().enumerate() {
            let commit = self.commit(&line[..=at])?;
            merged.extend(commit.map(|commit| (*car, commit)));
        }
        let unverified = line.iter().any(|car| self.steps(&[*car]).is_empty());
        Ok(Some(TrainReport {
            id: self.id.clone(),
            old: self.target.clone(),
            left: self.left(train),
            target_red: self.red.get(&Vec::new()).cloned().map(Box::new),
            there: self.there.iter().copied().collect(),
            verifications: self.verifications,
            unverified,
            new,
            merged,
            arrival,
        }))
    }

    fn left(&self, train: &Train) -> BTreeMap<Car, LeftBehind> {
        let mut left = BTreeMap::new();
        for (car, culprit) in train.culprits() {
            let mut line = culprit.behind.clone();
            line.push(*car);
            if let Some(step) = self.red.get(&line) {
                let (step, culprit) = (Box::new(step.clone()), culprit.clone());
                left.insert(*car, LeftBehind::Red { step, culprit });
            }
        }
        for car in train.stuck() {
            if let Some((conflict, with)) = self.conflicts.get(car).cloned() {
                left.insert(*car, LeftBehind::Conflict { conflict, with });
            }
        }
        left
    }

    /// Nobody's checkout is moved under them: a ref of ours keeps what was merged.
    fn set_aside(&self, new: &Oid, at: String) -> Result<Arrival> {
        let setup = &self.worker.shared.setup;
        let kept_by = ref_name(&format!("refs/wp/merged/{}", setup.started.branch.short()))?;
        let durability = setup.settings.durability;
        let (refs, any) = (setup.repo.refs(), &Expected::Any);
        let done = refs.swap(&kept_by, Some(new), any, "wp: merge", durability);
        done.map_err(|e| e.into_error(&kept_by))?;
        Ok(Arrival::CheckedOut { at, kept_by })
    }
}
