//! Several processes with different duties serve one run, and die anywhere. Who dies is replaced,
//! as a person would do it; so is a worker that left before the run was over.

use std::cell::RefCell;
use std::rc::Rc;

use git_wp::engine::{Engine, Event, Job, RunReport};
use git_wp::model::RunResult;
use git_wp::schedule::Duties;

use super::outside::{Outside, Scenario, feature};
use super::world::SimWorld;
use super::{Shared, check};

const TURNS_MAX: usize = 40_000;

/// A process, in one of the places of a crew.
struct Process {
    world: SimWorld,
    engine: Engine<'static>,
    opened: bool,
}

impl Process {
    fn new(outside: &Shared, scenario: &Scenario, duties: Duties) -> Self {
        // An engine borrows both, and there are as many as there are deaths.
        let job: &'static Job = Box::leak(Box::new(outside.borrow().job(duties)));
        let observer: &'static mut dyn FnMut(&Event) = Box::leak(Box::new(|_: &Event| {}));
        Process {
            world: SimWorld::new(outside, scenario, duties),
            engine: Engine::new(job, observer),
            opened: false,
        }
    }

    /// One turn; `Err` if it died.
    fn step(&mut self, scenario: &Scenario) -> Result<Option<RunReport>, ()> {
        let step = match std::mem::replace(&mut self.opened, true) {
            false => self.engine.open(&mut self.world).map(|()| None),
            true => self.engine.step(&mut self.world),
        };
        match step {
            Ok(report) => Ok(report),
            Err(_) if self.world.died => Err(()),
            Err(error) => panic!("{scenario}: {error:?}"),
        }
    }
}

/// Runs the crew to the end of the run; true if somebody died.
fn serve(scenario: &Scenario, crew: &[Duties]) -> (Shared, bool) {
    let outside: Shared = Rc::new(RefCell::new(Outside::new(scenario)));
    let fresh = |duties: Duties| Process::new(&outside, scenario, duties);
    let mut places: Vec<Option<Process>> = crew.iter().map(|d| Some(fresh(*d))).collect();
    let (mut died, mut last) = (false, None);
    for _ in 0..TURNS_MAX {
        if places.iter().all(Option::is_none) {
            break;
        }
        let turn = outside.borrow_mut().random.below(crew.len());
        let Some(process) = places[turn].as_mut() else {
            continue;
        };
        match process.step(scenario) {
            Ok(None) => {}
            Ok(Some(report)) if crew[turn] != Duties::Work => {
                last = Some(report);
                places[turn] = None;
            }
            Ok(Some(_)) => {
                places[turn] = None;
                places[turn] = last.is_none().then(|| fresh(crew[turn]));
            }
            Err(()) => {
                died = true;
                outside.borrow_mut().crash_at = None;
                places[turn] = None;
                places[turn] = Some(fresh(crew[turn]));
            }
        }
    }
    let stuck = places.iter().any(Option::is_some);
    assert!(!stuck, "{scenario}: no end: {:?}", outside.borrow());
    drop(places);
    let report = last.unwrap_or_else(|| panic!("{scenario}: nobody ended the run"));
    check::at_the_end(&outside.borrow(), &report, scenario);
    (outside, died)
}

const CREW: [Duties; 3] = [Duties::Integrate, Duties::Work, Duties::Work];

#[test]
fn workers_do_what_an_integrator_leaves_to_them() {
    let scenario = Scenario::default();
    let (outside, _) = serve(&scenario, &CREW);
    let outside = outside.borrow();
    let records = &outside.view.features[&feature()];
    let run = records.last_run().unwrap().ended.as_ref().unwrap();
    assert_eq!(run.result, RunResult::Merged.as_str());
    let tries = records.packages.values().map(|p| p.attempts.len());
    assert!(tries.max() == Some(1), "nothing is done twice");
}

/// Crashes at touches that are `stride` apart, each in a history of its own.
fn sweep(base: &Scenario, stride: usize) {
    let mut crashes = 0;
    for k in (0..).step_by(stride) {
        let scenario = Scenario {
            crash_at: Some(k),
            ..base.clone()
        };
        if !serve(&scenario, &CREW).1 {
            break;
        }
        crashes += 1;
    }
    assert!(crashes * stride > 200, "only {crashes} places to crash at");
}

#[test]
fn a_crash_of_any_process_at_any_step_loses_nothing() {
    let seed = 1;
    sweep(
        &Scenario {
            seed,
            ..Scenario::default()
        },
        1,
    );
}

#[test]
fn a_crash_of_any_process_loses_nothing_when_children_survive() {
    let (seed, zombies) = (2, true);
    sweep(
        &Scenario {
            seed,
            zombies,
            ..Scenario::default()
        },
        3,
    );
}

#[test]
fn crews_of_all_kinds_come_to_an_end_whatever_dies_and_fails() {
    let crews: [&[Duties]; 4] = [
        &CREW,
        &[Duties::All, Duties::Work],
        &[Duties::All, Duties::Work, Duties::Work, Duties::Work],
        &[Duties::Integrate, Duties::Work],
    ];
    for seed in 0..80 {
        let scenario = Scenario {
            zombies: seed % 2 == 0,
            failures: seed % 3 == 0,
            meddlers: seed % 5 == 0,
            random_crashes: usize::try_from(seed % 7).unwrap(),
            seed,
            ..Scenario::default()
        };
        let crew = crews[usize::try_from(seed).unwrap() % crews.len()];
        serve(&scenario, crew);
    }
}
