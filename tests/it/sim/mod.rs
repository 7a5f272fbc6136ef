//! The crash simulation: the real loop and the real decisions in a world that fails at every step.
//!
//! The world has a clock, slow agents that may outlive their supervisor, and an integration ref.
//! An engine is killed at its k-th touch of anything outside, for every k; then another one goes
//! on. What must hold at the end stands in `check`.

mod check;
mod crew;
mod outside;
mod world;

use std::cell::RefCell;
use std::rc::Rc;

use git_wp::engine::{Engine, RunReport};
use git_wp::model::RunResult;
use git_wp::schedule::Duties;

use outside::{Outside, Scenario};
use world::SimWorld;

type Shared = Rc<RefCell<Outside>>;
type Observer = Box<dyn FnMut(&git_wp::engine::Event)>;

const STEPS_MAX: usize = 4000;

/// Runs one engine until it ends or dies; `None` if it died.
fn one_engine(outside: &Shared, scenario: &Scenario) -> Option<RunReport> {
    let job = outside.borrow().job(Duties::All);
    let mut world = SimWorld::new(outside, scenario, Duties::All);
    let mut observer = |_: &_| {};
    let mut engine = Engine::new(&job, &mut observer);
    let report = engine.open(&mut world).and_then(|()| {
        for _ in 0..STEPS_MAX {
            if let Some(report) = engine.step(&mut world)? {
                return Ok(Some(report));
            }
        }
        panic!(
            "{scenario}: no end after {STEPS_MAX} turns: {:?}",
            outside.borrow()
        );
    });
    let died = world.died;
    drop(world);
    match report {
        Ok(report) => report,
        Err(_) if died => None,
        Err(error) => panic!("{scenario}: {error:?}"),
    }
}

/// Crashes at the k-th touch, then lets fresh engines finish the work.
fn crash_and_resume(scenario: &Scenario) -> bool {
    let outside: Shared = Rc::new(RefCell::new(Outside::new(scenario)));
    let mut died = false;
    for _ in 0..20 {
        match one_engine(&outside, scenario) {
            None => {
                died = true;
                outside.borrow_mut().crash_at = None;
            }
            Some(report) => {
                check::at_the_end(&outside.borrow(), &report, scenario);
                return died;
            }
        }
    }
    panic!("{scenario}: no engine came to an end");
}

fn sweep(base: &Scenario) {
    sweep_every(1, base);
}

fn sweep_every(nth: usize, base: &Scenario) {
    let mut crashes = 0;
    for k in (usize::try_from(base.seed).unwrap() % nth..).step_by(nth) {
        let scenario = Scenario {
            crash_at: Some(k),
            ..base.clone()
        };
        if !crash_and_resume(&scenario) {
            break;
        }
        crashes += 1;
    }
    assert!(
        crashes > 60 / nth,
        "{base}: only {crashes} places to crash at"
    );
}

#[test]
fn a_run_without_a_crash_merges_everything() {
    let scenario = Scenario::default();
    let outside: Shared = Rc::new(RefCell::new(Outside::new(&scenario)));
    let report = one_engine(&outside, &scenario).unwrap();
    assert_eq!(report.result, RunResult::Merged);
    check::at_the_end(&outside.borrow(), &report, &scenario);
    // Asking again writes nothing.
    let before = outside.borrow().commits;
    let again = one_engine(&outside, &scenario).unwrap();
    assert_eq!(again.result, RunResult::Merged);
    assert_eq!(outside.borrow().commits, before);
}

#[test]
fn a_crash_at_any_step_loses_nothing_when_children_die_with_their_supervisor() {
    sweep(&Scenario::default());
}

#[test]
fn a_crash_at_any_step_loses_nothing_when_children_survive() {
    sweep(&Scenario {
        zombies: true,
        ..Scenario::default()
    });
}

#[test]
fn a_crash_at_any_step_loses_nothing_when_packages_fail() {
    for seed in 1..=2 {
        sweep(&Scenario {
            zombies: seed % 2 == 0,
            failures: true,
            seed,
            ..Scenario::default()
        });
    }
}

#[test]
fn debuggers_repair_what_failed_its_verification() {
    let (mut debuggers, mut merged) = (0, 0);
    for seed in 0..100 {
        let scenario = Scenario {
            failures: true,
            seed,
            ..Scenario::default()
        };
        let outside: Shared = Rc::new(RefCell::new(Outside::new(&scenario)));
        let report = one_engine(&outside, &scenario).unwrap();
        check::at_the_end(&outside.borrow(), &report, &scenario);
        let here = check::count_debuggers(&outside.borrow());
        debuggers += here;
        merged += usize::from(here > 0 && report.result == RunResult::Merged);
    }
    assert!(debuggers > 30, "only {debuggers} debuggers");
    assert!(merged > 3, "they saved {merged} runs only");
}

#[test]
fn a_crash_at_any_step_loses_no_review_and_no_fix() {
    for seed in 1..=2 {
        sweep_every(
            5,
            &Scenario {
                reviews: true,
                failures: seed % 2 == 0,
                seed,
                ..Scenario::default()
            },
        );
    }
}

#[test]
fn a_feature_is_finished_only_after_a_qa_round_of_all_of_it_passed() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..60 {
        let scenario = Scenario {
            qa: true,
            zombies: seed % 2 == 0,
            random_crashes: usize::try_from(seed % 4).unwrap(),
            seed,
            ..Scenario::default()
        };
        let outside: Shared = Rc::new(RefCell::new(Outside::new(&scenario)));
        let report = (0..12).find_map(|_| one_engine(&outside, &scenario));
        let report = report.unwrap_or_else(|| panic!("{scenario}: no end"));
        seen.insert(check::rounds(&outside.borrow(), &report, &scenario));
    }
    assert!(seen.contains(&(1, true)), "{seen:?}");
    assert!(seen.contains(&(3, true)), "{seen:?}");
    assert!(seen.contains(&(3, false)), "{seen:?}");
}

#[test]
fn what_somebody_else_ended_meanwhile_is_never_merged() {
    for seed in 0..40 {
        let scenario = Scenario {
            meddlers: true,
            zombies: seed % 2 == 0,
            random_crashes: 2,
            seed,
            ..Scenario::default()
        };
        let outside: Shared = Rc::new(RefCell::new(Outside::new(&scenario)));
        let report = (0..12).find_map(|_| one_engine(&outside, &scenario));
        let report = report.unwrap_or_else(|| panic!("{scenario}: no end"));
        check::at_the_end(&outside.borrow(), &report, &scenario);
    }
}

#[test]
fn several_crashes_in_a_row_use_up_no_retry() {
    for seed in 0..120 {
        let scenario = Scenario {
            zombies: seed % 2 == 0,
            failures: seed % 3 == 0,
            random_crashes: 4,
            seed,
            ..Scenario::default()
        };
        let outside: Shared = Rc::new(RefCell::new(Outside::new(&scenario)));
        let mut report = None;
        for _ in 0..12 {
            report = one_engine(&outside, &scenario);
            if report.is_some() {
                break;
            }
        }
        let report = report.unwrap_or_else(|| panic!("{scenario}: no end"));
        check::at_the_end(&outside.borrow(), &report, &scenario);
    }
}

#[test]
fn several_engines_at_once_never_hold_the_same_package() {
    for seed in 0..40 {
        let scenario = Scenario {
            zombies: seed % 2 == 0,
            failures: seed % 3 == 0,
            random_crashes: usize::try_from(seed % 4).unwrap(),
            seed,
            ..Scenario::default()
        };
        together(&scenario, 3);
    }
}

/// Engines of one feature, turn by turn in the order of the seed; a dead one is replaced.
fn together(scenario: &Scenario, engines: usize) {
    let outside: Shared = Rc::new(RefCell::new(Outside::new(scenario)));
    let job = outside.borrow().job(Duties::All);
    let mut worlds: Vec<SimWorld> = Vec::new();
    for _ in 0..engines {
        worlds.push(SimWorld::new(&outside, scenario, Duties::All));
    }
    let mut observers: Vec<Observer> = Vec::new();
    observers.resize_with(engines, || Box::new(|_| {}));
    let mut crew: Vec<Engine<'_>> = observers
        .iter_mut()
        .map(|observer| Engine::new(&job, &mut **observer))
        .collect();
    let mut reports = Vec::new();
    let mut opened = vec![false; engines];
    let mut over = vec![false; engines];
    for _ in 0..STEPS_MAX * engines {
        let turn = outside.borrow_mut().random.below(engines);
        if over[turn] {
            if over.iter().all(|o| *o) {
                break;
            }
            continue;
        }
        let step = match opened[turn] {
            false => crew[turn].open(&mut worlds[turn]).map(|()| None),
            true => crew[turn].step(&mut worlds[turn]),
        };
        opened[turn] = true;
        match step {
            Ok(None) => {}
            Ok(Some(report)) => {
                over[turn] = true;
                worlds[turn].die();
                reports.push(report);
            }
            Err(error) if !worlds[turn].died => panic!("{scenario}: {error:?}"),
            Err(_) => {
                over[turn] = true;
                worlds[turn].die();
            }
        }
    }
    assert!(over.iter().all(|o| *o), "{scenario}: no end");
    drop(crew);
    outside.borrow_mut().no_more_crashes();
    let last = one_engine(&outside, scenario).unwrap();
    check::at_the_end(&outside.borrow(), &last, scenario);
}
