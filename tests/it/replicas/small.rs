//! Small worlds, searched to exhaustion: every order of every step, each state visited once.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::laws::Broken;
use super::moves::{Asked, Fate, Move};
use super::world::{Stage, World};

/// What may happen in a small world.
struct Scope {
    replicas: usize,
    /// What each clone may ask for, and how many of these may be filed in all by one clone.
    asks: &'static [Asked],
    asks_max: u32,
    /// States after which the search stops, if it did not end before.
    states_max: usize,
}

/// What a search came to.
#[derive(Debug)]
struct Searched {
    states: usize,
    exhausted: bool,
}

impl Scope {
    fn search(&self) -> Searched {
        let clocks = vec![0; self.replicas];
        let first = World::new(&clocks, 1, None);
        let mut seen: HashSet<u64> = HashSet::from([key(&first)]);
        let mut open: Vec<(World, Vec<Move>)> = vec![(first, Vec::new())];
        while let Some((world, trail)) = open.pop() {
            for step in self.moves(&world) {
                let mut next = world.clone();
                let mut trail = trail.clone();
                trail.push(step);
                checked(next.step(&step), &trail);
                next.forget_hopeless();
                if !seen.insert(key(&next)) {
                    continue;
                }
                checked(next.clone().finish(), &trail);
                if seen.len() >= self.states_max {
                    let states = seen.len();
                    return Searched {
                        states,
                        exhausted: false,
                    };
                }
                open.push((next, trail));
            }
        }
        let states = seen.len();
        Searched {
            states,
            exhausted: true,
        }
    }

    fn moves(&self, world: &World) -> Vec<Move> {
        let mut moves = Vec::new();
        for (r, replica) in world.replicas.iter().enumerate() {
            if replica.asked < self.asks_max {
                moves.extend(self.asks.iter().map(|ask| Move::Ask(r, *ask)));
            }
            moves.push(match replica.stage {
                Stage::Idle => Move::Fetch(r),
                Stage::Fetched(_) => Move::Prepare(r),
                Stage::Pushing(_) => Move::Crash(r),
                Stage::Won(_) => Move::Adopt(r),
            });
            if matches!(replica.stage, Stage::Won(_)) {
                moves.push(Move::Crash(r));
            }
        }
        for i in 0..world.wire.len() {
            // A push without a waiting sender is a late one; an answer lost is a crash after it.
            moves.push(Move::Deliver(i, Fate::Arrives));
            moves.push(Move::Deliver(i, Fate::Cut));
        }
        moves
    }
}

fn checked(result: Result<(), Broken>, trail: &[Move]) {
    if let Err(broken) = result {
        panic!("{trail:#?}\n{}: {}", broken.law, broken.how);
    }
}

/// Two worlds with the same key go on in the same way. A tree of the authority only grows, so
/// that its content names the commit.
fn key(world: &World) -> u64 {
    let mut hasher = DefaultHasher::new();
    world.authority.tree.digest.hash(&mut hasher);
    for replica in &world.replicas {
        replica.tree.digest.hash(&mut hasher);
        replica.asked.hash(&mut hasher);
        let (word, tip) = match &replica.stage {
            Stage::Idle => (0, 0),
            Stage::Fetched(tip) => (1, tip.tree.digest),
            Stage::Pushing(tip) => (2, tip.tree.digest),
            Stage::Won(tip) => (3, tip.tree.digest),
        };
        (word, tip).hash(&mut hasher);
    }
    let mut wire: Vec<_> = world
        .wire
        .iter()
        .map(|p| (p.from, p.base, p.new.tree.digest))
        .collect();
    wire.sort_unstable();
    wire.hash(&mut hasher);
    hasher.finish()
}

#[test]
fn two_clones_with_one_request_each_are_searched_to_exhaustion() {
    let scope = Scope {
        replicas: 2,
        asks: &[Asked::Claim(0, 0)],
        asks_max: 1,
        states_max: usize::MAX,
    };
    let searched = scope.search();
    assert!(searched.exhausted && searched.states > 100, "{searched:?}");
}

#[test]
fn two_clones_with_two_requests_each_find_no_contradiction() {
    let scope = Scope {
        replicas: 2,
        asks: &[Asked::Claim(0, 0), Asked::Steal(0, 0), Asked::End(0, 0)],
        asks_max: 2,
        states_max: 4000,
    };
    let searched = scope.search();
    assert!(searched.states >= 1000, "{searched:?}");
}

#[test]
fn three_clones_with_one_request_each_find_no_contradiction() {
    let scope = Scope {
        replicas: 3,
        asks: &[Asked::Claim(0, 0)],
        asks_max: 1,
        states_max: 4000,
    };
    let searched = scope.search();
    assert!(searched.states >= 1000, "{searched:?}");
}
