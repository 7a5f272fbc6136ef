//! The two ways to serve a run on this machine: as the one process that integrates it, or as one
//! of any number of workers.

use crate::base::{Error, FeatureId, Kind, Result};
use crate::engine::event::Event;
use crate::engine::machine::shared::Setup;
use crate::engine::machine::{Machine, Seat, Summarise};
use crate::engine::report::RunReport;
use crate::engine::run::{Engine, Job, Turn, run};
use crate::engine::world::World;
use crate::git::Repo;
use crate::os::lock::{self, FileLock};
use crate::os::{clock, file, random};
use crate::schedule::Stop;
use std::path::PathBuf;
use std::time::Duration;

/// Longest wait for the lock of a run: somebody who only looks at it holds it for an instant.
const RUN_WAIT: Duration = Duration::from_millis(200);

/// Runs a feature on this machine. One process at a time integrates one feature.
///
/// # Errors
/// `run-held` (lost) naming the process that runs the feature; the store or the machine failed.
pub fn implement(
    setup: Setup,
    job: &Job,
    summarise: &mut Summarise<'_>,
    observer: &mut dyn FnMut(&Event),
) -> Result<RunReport> {
    let (repo, slug) = (setup.repo.clone(), job.feature.slug());
    let mut machine = Machine::new(setup, (Seat::alone(), &slug), summarise)?;
    let alone = run_lock(&repo, &job.feature)?;
    // Whoever ran it before may have been killed while it moved this.
    repo.refs()
        .clear_the_way(&job.started.integration, &alone)?;
    let report = run(&mut machine, job, observer);
    if report.is_err() {
        machine.stop(Stop::Now);
    }
    machine.leave();
    report
}

/// Works for a run that some process integrates. Any number of workers may serve a run, and one
/// process may serve several runs at once, each from a thread of its own, with `seat`s of one
/// [`crate::engine::Pool`].
///
/// # Errors
/// The store or the machine failed.
pub fn work(
    setup: Setup,
    job: &Job,
    seat: Seat,
    observer: &mut dyn FnMut(&Event),
) -> Result<RunReport> {
    // The lock under this name tells for how long what agents must not change is kept on disk.
    let name = format!("worker-{}", random::id(20)?);
    let lock = lock::lock(&lock_path(&setup.repo, &name), RUN_WAIT)?;
    lock.announce("git wp work", clock::now());
    let mut nothing = |_: &_, _: &_| Err(Error::bug("a worker ends no run"));
    let mut machine = Machine::new(setup, (seat.clone(), &name), &mut nothing)?;
    let report = served(&mut machine, job, &seat, observer);
    if report.is_err() {
        machine.stop(Stop::Now);
    }
    machine.leave();
    seat.pool.leave(seat.rank);
    // The name is never used again.
    let _ = file::remove(lock.path());
    report
}

fn served(
    machine: &mut Machine<'_>,
    job: &Job,
    seat: &Seat,
    observer: &mut dyn FnMut(&Event),
) -> Result<RunReport> {
    let mut engine = Engine::new(job, observer);
    engine.open(machine)?;
    loop {
        let turn = {
            let _turn = seat.pool.turn();
            let turn = engine.turn(machine)?;
            seat.pool.wants(seat.rank, engine.crowded());
            turn
        };
        match turn {
            Turn::Over(report) => return Ok(*report),
            Turn::Changed => {}
            Turn::Idle => engine.listen(machine)?,
        }
    }
}

/// True if a process of this machine integrates the feature now.
///
/// # Errors
/// Its lock cannot be looked at.
pub fn is_run(repo: &Repo, feature: &FeatureId) -> Result<bool> {
    lock::is_held(&lock_path(repo, &feature.slug()))
}

fn lock_path(repo: &Repo, name: &str) -> PathBuf {
    repo.wp_dir().join("run").join(format!("{name}.lock"))
}

/// Nobody else on this machine runs the feature while this is held.
fn run_lock(repo: &Repo, feature: &FeatureId) -> Result<FileLock> {
    let path = lock_path(repo, &feature.slug());
    let held = lock::lock(&path, RUN_WAIT).map_err(|error| {
        if error.code() != "locked" {
            return error;
        }
        let who = lock::holder(&path);
        let who = who.map_or_else(String::new, |h| format!(" by process {}", h.pid));
        let message = format!("`{feature}` is being run{who}");
        let hint = format!("git wp status {feature}");
        Error::new(Kind::Lost, "run-held", message).hint(hint)
    })?;
    held.announce("git wp implement", clock::now());
    Ok(held)
}
