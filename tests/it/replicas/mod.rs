//! Several clones and their authority, simulated: random histories, small worlds to exhaustion,
//! and planted mistakes that the laws have to find.
//!
//! `REPLICAS_HISTORIES` sets the number of random histories, `REPLICAS_SEED` repeats a run.

mod flaws;
mod laws;
mod moves;
mod rulings;
mod scenes;
mod small;
mod tree;
mod world;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use flaws::Bug;
use laws::Broken;
use moves::{Asked, Fate, Move};
use world::World;

const REPLICAS: usize = 5;
const STEPS: usize = 60;
const HISTORIES: u32 = 500;

/// A step in small numbers.
type Step = (u8, u8, u8, u8);

fn decoded((kind, r, a, c): Step) -> Move {
    let r = usize::from(r) % REPLICAS;
    let now_and_then = c.is_multiple_of(3);
    match kind % 40 {
        0..=4 => Move::Ask(r, Asked::Claim(a, c)),
        5 => Move::Ask(r, Asked::Steal(a, c)),
        6 => Move::Ask(r, Asked::End(a, c)),
        7..=9 => Move::Ask(r, Asked::Integrate(a, c)),
        10 if now_and_then => Move::Ask(r, Asked::Resign(a)),
        11..=13 => Move::Ask(r, Asked::Land(a, c)),
        14..=16 => Move::Ask(r, Asked::Landed(a)),
        17 if now_and_then => Move::Ask(r, Asked::Void(a)),
        18 if now_and_then => Move::Ask(r, Asked::Hold(a, c)),
        19 => Move::Ask(r, Asked::Lift(a, c)),
        20 => Move::Ask(r, Asked::Lock(a, c)),
        21 => Move::Ask(r, Asked::StealLock(a, c)),
        22 => Move::Ask(r, Asked::Unlock(a, c)),
        23 => Move::Ask(r, Asked::Note(a, c)),
        24 if now_and_then => Move::Ask(r, Asked::Publish(a, c)),
        24 => Move::Beat(r),
        25 | 26 => Move::Fetch(r),
        27 | 28 => Move::Prepare(r),
        29..=31 => Move::Deliver(usize::from(a) % 4, fate(c)),
        32 | 33 => Move::Adopt(r),
        34 if now_and_then => Move::Crash(r),
        35..=38 => Move::Advance(usize::from(c) % 2, a),
        _ => Move::Sync(r),
    }
}

fn fate(c: u8) -> Fate {
    match c % 8 {
        0 => Fate::Cut,
        1 => Fate::NoAnswer,
        2 | 3 => Fate::Again,
        _ => Fate::Arrives,
    }
}

fn clocks() -> impl Strategy<Value = [i64; REPLICAS]> {
    // Far apart, also in the past, and equal.
    prop::array::uniform5(prop::sample::select(vec![
        0,
        1_000_000,
        -1_000_000,
        7,
        4_000_000_000_000,
    ]))
}

fn history() -> impl Strategy<Value = ([i64; REPLICAS], Vec<Step>)> {
    (clocks(), prop::collection::vec(any::<Step>(), 1..=STEPS))
}

fn play(clocks: &[i64], steps: &[Move], bug: Option<Bug>) -> Result<World, Broken> {
    let mut world = World::new(clocks, moves::FEATURES.len(), bug);
    for step in steps {
        world.step(step)?;
    }
    world.finish()?;
    Ok(world)
}

fn runner(histories: u32, seed: u64) -> TestRunner {
    let config = ProptestConfig {
        cases: histories,
        failure_persistence: None,
        max_shrink_iters: 4000,
        ..ProptestConfig::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// The shortest history that breaks a law, if one of so many does.
fn search(histories: u32, seed: u64, bug: Option<Bug>) -> Option<(Broken, Vec<Move>)> {
    let result = runner(histories, seed).run(&history(), |(clocks, steps)| {
        let moves: Vec<Move> = steps.iter().map(|step| decoded(*step)).collect();
        match play(&clocks, &moves, bug) {
            Ok(_) => Ok(()),
            Err(broken) => Err(TestCaseError::fail(broken.how)),
        }
    });
    match result {
        Ok(()) => None,
        Err(TestError::Fail(_, (clocks, steps))) => {
            let moves: Vec<Move> = steps.iter().map(|step| decoded(*step)).collect();
            let broken = play(&clocks, &moves, bug).err();
            broken.map(|broken| (broken, moves))
        }
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn no_history_of_five_clones_breaks_a_law() {
    let histories = number("REPLICAS_HISTORIES").and_then(|n| u32::try_from(n).ok());
    let seed = number("REPLICAS_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    if let Some((broken, moves)) = search(histories.unwrap_or(HISTORIES), seed, None) {
        panic!(
            "REPLICAS_SEED={seed}\n{moves:#?}\n{}: {}",
            broken.law, broken.how
        );
    }
}

#[test]
fn every_planted_mistake_is_found() {
    for bug in flaws::ALL {
        let found = search(3000, 1, Some(bug));
        let (broken, moves) = found.unwrap_or_else(|| panic!("{bug:?} was not found"));
        let laws = bug.breaks();
        assert!(laws.contains(&broken.law), "{bug:?}: {broken:?}");
        assert!(moves.len() < 30, "{bug:?} takes {moves:?}");
    }
}

#[test]
fn random_histories_reach_every_kind_of_right() {
    let mut runner = runner(1, 7);
    let mut kinds = std::collections::BTreeSet::new();
    for _ in 0..100 {
        let (clocks, steps) = history().new_tree(&mut runner).unwrap().current();
        let moves: Vec<Move> = steps.iter().map(|step| decoded(*step)).collect();
        let world = play(&clocks, &moves, None).unwrap();
        for path in world.authority.tree.entries.keys() {
            let name = path.rsplit('/').next().unwrap();
            kinds.insert(name.split(['-', '.']).next().unwrap().to_owned());
        }
    }
    for kind in [
        "accept",
        "attempt",
        "beat",
        "claim",
        "deviation",
        "end",
        "grant",
        "hold",
        "integrator",
        "land",
        "landed",
        "lift",
        "resign",
        "ruling",
        "void",
    ] {
        assert!(kinds.contains(kind), "{kind} never happened: {kinds:?}");
    }
}
