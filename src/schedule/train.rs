//! A merge train: which finished features go into a branch, in which order, and which are to blame
//! if that fails.
//!
//! [`Train`] is a state machine that asks for merges and verifications and is told how they went.
//! The whole line is verified first. If it is red, the first feature that turns a green line red
//! is found by halving, then whom it clashes with, and it is left behind; the rest couples again.
//! One feature costs at most [`blame_max`] verifications. It touches nothing outside.

use std::collections::{BTreeMap, BTreeSet};

/// A feature, by its place in the list that was handed in.
pub type Car = usize;

/// What decides about a feature's place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// 1 is most urgent, as everywhere.
    pub priority: u8,
    /// Features whose work this one holds: they go first, whatever their priority.
    pub holds: BTreeSet<Car>,
    /// How many others it cannot go side by side with: who has fewer goes first, because more get
    /// on board that way.
    pub rivals: usize,
}

/// The order in which features are coupled: by priority, then by rivals, then as given.
pub fn order(entries: &[Entry]) -> Vec<Car> {
    let mut left: BTreeSet<Car> = (0..entries.len()).collect();
    let mut out = Vec::with_capacity(entries.len());
    while !left.is_empty() {
        let free = |car: &Car| {
            !entries[*car]
                .holds
                .iter()
                .any(|h| h != car && left.contains(h))
        };
        let rank = |car: &Car| (entries[*car].priority, entries[*car].rivals, *car);
        let free: Vec<Car> = left.iter().copied().filter(free).collect();
        // Two that hold each other are the same commit; any of them may go first.
        let all = match free.is_empty() {
            true => left.iter().copied().collect(),
            false => free,
        };
        let next = all.into_iter().min_by_key(rank).unwrap_or_default();
        left.remove(&next);
        out.push(next);
    }
    out
}

/// Most verifications that one feature which is left behind may cost in a train of `cars`:
/// `2 log2(cars) + 2`, rounded down.
pub fn blame_max(cars: usize) -> u32 {
    (cars * cars).max(1).ilog2() + 2
}

/// How much is verified.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Care {
    /// The end of the line; more only if that is red.
    #[default]
    Batch,
    /// Every position.
    Each,
}

/// What the train wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Whether `car` merges as text behind `line`; answered with [`Train::coupled`].
    Couple {
        /// What is coupled so far, in order.
        line: Vec<Car>,
        /// Who is next.
        car: Car,
    },
    /// Whether the target with this line merged is green; answered with [`Train::verified`].
    Verify(Vec<Car>),
    /// Nothing more.
    Over,
}

/// What a verification gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything passed.
    Green,
    /// Something failed.
    Red,
    /// The line does not merge as text, so nobody knows.
    Unknown,
}

/// Why a feature was left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Culprit {
    /// With whom it fails.
    pub clash: Clash,
    /// The features before it, with which it was red.
    pub behind: Vec<Car>,
    /// How many verifications it cost to tell.
    pub verifications: u32,
}

/// With whom a feature fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clash {
    /// With nobody: it fails on the target alone.
    Alone,
    /// With this one, where everything before that is merged too.
    With(Car),
    /// With one of these; more verifications than are allowed would be needed to tell.
    Among(Vec<Car>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    /// Behind the line stands `order[next]`, unless that is settled.
    Couple {
        next: usize,
    },
    /// The whole line.
    Whole,
    /// The first position that was not verified yet.
    Each {
        position: usize,
    },
    /// `line[..green]` is green and `line[..red]` is red.
    Halve {
        green: usize,
        red: usize,
    },
    /// The first feature fails on the target: perhaps that is red by itself.
    Target,
    /// The feature at `at` is red with `line[..max]` and with no less than `line[..min]`.
    Blame {
        at: usize,
        min: usize,
        max: usize,
    },
    Over,
}

/// The train; see the head of this file.
#[derive(Debug, Clone)]
pub struct Train {
    order: Vec<Car>,
    care: Care,
    line: Vec<Car>,
    /// Lengths of the line that are known to be green.
    green: BTreeSet<usize>,
    stuck: BTreeSet<Car>,
    out: BTreeMap<Car, Culprit>,
    phase: Phase,
    spent: u32,
    target_is_red: bool,
}

impl Train {
    /// A train of these, in this order.
    pub fn new(order: Vec<Car>, care: Care) -> Self {
        let mut train = Train {
            order,
            care,
            line: Vec::new(),
            green: BTreeSet::new(),
            stuck: BTreeSet::new(),
            out: BTreeMap::new(),
            phase: Phase::Couple { next: 0 },
            spent: 0,
            target_is_red: false,
        };
        train.couple_from(0);
        train
    }

    /// What has to be answered next.
    pub fn ask(&self) -> Ask {
        match &self.phase {
            Phase::Couple { next } => Ask::Couple {
                line: self.line.clone(),
                car: self.order[*next],
            },
            Phase::Whole => Ask::Verify(self.line.clone()),
            Phase::Each { position } => Ask::Verify(self.line[..*position].to_vec()),
            Phase::Halve { green, red } => {
                Ask::Verify(self.line[..usize::midpoint(*green, *red)].to_vec())
            }
            Phase::Target => Ask::Verify(Vec::new()),
            Phase::Blame { at, min, max } => {
                let mut line = self.line[..usize::midpoint(*min, *max)].to_vec();
                line.push(self.line[*at]);
                Ask::Verify(line)
            }
            Phase::Over => Ask::Over,
        }
    }

    /// The car that was asked about merges behind the line, or it does not.
    pub fn coupled(&mut self, merges: bool) {
        let Phase::Couple { next } = self.phase else {
            return;
        };
        let car = self.order[next];
        match merges {
            true => self.line.push(car),
            false => drop(self.stuck.insert(car)),
        }
        self.couple_from(next + 1);
    }

    /// What the verification that was asked for gave.
    pub fn verified(&mut self, verdict: Verdict) {
        let is_red = verdict != Verdict::Green;
        if matches!(
            self.phase,
            Phase::Halve { .. } | Phase::Target | Phase::Blame { .. }
        ) {
            self.spent += 1;
        }
        match self.phase.clone() {
            Phase::Whole => self.settle(self.line.len(), is_red),
            Phase::Each { position } => self.settle(position, is_red),
            Phase::Halve { green, red } => {
                let middle = usize::midpoint(green, red);
                match is_red {
                    true => self.halve(green, middle),
                    false => {
                        self.green.insert(middle);
                        self.halve(middle, red);
                    }
                }
            }
            Phase::Target if is_red => {
                self.target_is_red = true;
                self.line.clear();
                self.phase = Phase::Over;
            }
            Phase::Target => {
                self.green.insert(0);
                self.leave(0, Clash::Alone);
            }
            Phase::Blame { at, min, max } => self.blame(verdict, at, (min, max)),
            Phase::Couple { .. } | Phase::Over => {}
        }
    }

    /// What is on board, in order; final once [`Ask::Over`] is asked.
    pub fn line(&self) -> &[Car] {
        &self.line
    }

    /// Who fails, with the reason.
    pub fn culprits(&self) -> &BTreeMap<Car, Culprit> {
        &self.out
    }

    /// Who does not merge as text behind the line.
    pub fn stuck(&self) -> &BTreeSet<Car> {
        &self.stuck
    }

    /// True if the target is red without any of them: then nobody is to blame and nothing moves.
    pub fn target_is_red(&self) -> bool {
        self.target_is_red
    }

    fn couple_from(&mut self, first: usize) {
        let settled = |car: &Car| {
            self.line.contains(car) || self.out.contains_key(car) || self.stuck.contains(car)
        };
        let left = self.order.iter().enumerate().skip(first);
        let next = left
            .filter(|(_, car)| !settled(car))
            .map(|(at, _)| at)
            .next();
        self.phase = match next {
            Some(next) => Phase::Couple { next },
            None if self.line.is_empty() => Phase::Over,
            None if self.green.contains(&self.line.len()) => self.after_whole(),
            None => Phase::Whole,
        };
    }

    /// A position of the line was verified that was not known.
    fn settle(&mut self, position: usize, is_red: bool) {
        if is_red {
            self.spent = 1;
            let below = self.green.range(..position).next_back();
            return self.halve(below.copied().unwrap_or(0), position);
        }
        self.green.insert(position);
        self.phase = self.after_whole();
    }

    fn after_whole(&self) -> Phase {
        let open = (1..self.line.len()).find(|at| !self.green.contains(at));
        match (self.care, open) {
            (Care::Each, Some(position)) => Phase::Each { position },
            (Care::Batch | Care::Each, _) => Phase::Over,
        }
    }

    fn halve(&mut self, green: usize, red: usize) {
        self.phase = match (red - green, red) {
            (1, 1) if !self.green.contains(&0) => Phase::Target,
            (1, 1) => return self.leave(0, Clash::Alone),
            (1, _) => {
                let (at, min, max) = (red - 1, 0, red - 1);
                return self.search(at, min, max);
            }
            _ => Phase::Halve { green, red },
        };
    }

    /// With which of the features before it the one at `at` clashes: the last of the fewest with
    /// which it is red.
    fn search(&mut self, at: usize, min: usize, max: usize) {
        if min == max {
            let clash = match min.checked_sub(1) {
                None => Clash::Alone,
                Some(other) => Clash::With(self.line[other]),
            };
            return self.leave(at, clash);
        }
        if self.spent >= blame_max(self.order.len()) {
            return self.leave(at, self.among(min, max));
        }
        self.phase = Phase::Blame { at, min, max };
    }

    fn blame(&mut self, verdict: Verdict, at: usize, (min, max): (usize, usize)) {
        let middle = usize::midpoint(min, max);
        match verdict {
            Verdict::Green => self.search(at, middle + 1, max),
            Verdict::Red => self.search(at, min, middle),
            Verdict::Unknown => self.leave(at, self.among(min, max)),
        }
    }

    fn among(&self, min: usize, max: usize) -> Clash {
        Clash::Among(self.line[min.saturating_sub(1)..max].to_vec())
    }

    /// Leaves the feature at `at` behind; all after it, and those that were stuck, try again.
    fn leave(&mut self, at: usize, clash: Clash) {
        let car = self.line[at];
        self.line.truncate(at);
        self.green.retain(|position| *position <= at);
        self.green.insert(at);
        let culprit = Culprit {
            clash,
            behind: self.line.clone(),
            verifications: std::mem::take(&mut self.spent),
        };
        self.out.insert(car, culprit);
        self.stuck.clear();
        self.couple_from(0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is wrong in a made-up world.
    #[derive(Debug, Clone, Default)]
    struct World {
        /// Fail wherever they are.
        bad: BTreeSet<Car>,
        /// Fail together.
        pairs: BTreeSet<(Car, Car)>,
        /// Do not merge as text together.
        texts: BTreeSet<(Car, Car)>,
    }

    impl World {
        fn is_red(&self, line: &[Car]) -> bool {
            let has = |car: &Car| line.contains(car);
            self.bad.iter().any(has) || self.pairs.iter().any(|(a, b)| has(a) && has(b))
        }

        fn merges(&self, line: &[Car], car: Car) -> bool {
            let meets = |(a, b): &(Car, Car)| {
                (*a == car && line.contains(b)) || (*b == car && line.contains(a))
            };
            !self.texts.iter().any(meets)
        }

        fn whole(&self, line: &[Car]) -> bool {
            (1..line.len()).all(|at| self.merges(&line[..at], line[at]))
        }

        fn innocent(&self, car: Car) -> bool {
            let all = self.pairs.iter().chain(&self.texts);
            !self.bad.contains(&car) && !all.into_iter().any(|(a, b)| *a == car || *b == car)
        }
    }

    fn drive(world: &World, cars: usize, care: Care) -> (Train, u32) {
        let mut train = Train::new((0..cars).collect(), care);
        let mut verifications = 0;
        for _ in 0..10_000 {
            match train.ask() {
                Ask::Over => return (train, verifications),
                Ask::Couple { line, car } => train.coupled(world.merges(&line, car)),
                Ask::Verify(line) => {
                    verifications += 1;
                    train.verified(match (world.whole(&line), world.is_red(&line)) {
                        (false, _) => Verdict::Unknown,
                        (true, true) => Verdict::Red,
                        (true, false) => Verdict::Green,
                    });
                }
            }
        }
        panic!("the train does not come to an end");
    }

    #[test]
    fn urgent_features_go_first_and_stacked_ones_after_what_they_hold() {
        let entry = |priority, holds: &[Car], rivals| Entry {
            priority,
            holds: holds.iter().copied().collect(),
            rivals,
        };
        let entries = [
            entry(5, &[], 0),
            entry(1, &[3], 0),
            entry(5, &[], 2),
            entry(9, &[], 0),
            entry(5, &[], 1),
        ];
        assert_eq!(order(&entries), [0, 4, 2, 3, 1]);
        let same = [entry(1, &[1], 0), entry(1, &[0], 0)];
        assert_eq!(order(&same), [0, 1]);
    }

    #[test]
    fn a_clean_train_is_verified_once() {
        let (train, verifications) = drive(&World::default(), 50, Care::Batch);
        assert_eq!((train.line().len(), verifications), (50, 1));
        let (train, verifications) = drive(&World::default(), 5, Care::Each);
        assert_eq!((train.line().len(), verifications), (5, 5));
        assert_eq!(Train::new(Vec::new(), Care::Batch).ask(), Ask::Over);
    }

    #[test]
    fn a_pair_is_told_from_a_feature_that_fails_alone() {
        let world = World {
            bad: [4].into(),
            pairs: [(2, 9)].into(),
            ..World::default()
        };
        let (train, _) = drive(&world, 12, Care::Batch);
        let out = train.culprits();
        assert_eq!(out[&4].clash, Clash::Alone);
        assert_eq!(out[&9].clash, Clash::With(2));
        assert_eq!(train.line(), [0, 1, 2, 3, 5, 6, 7, 8, 10, 11]);
        assert!(out.values().all(|c| c.verifications <= blame_max(12)));
        assert_eq!([1, 2, 5, 12, 50].map(blame_max), [2, 4, 6, 9, 13]);
    }

    #[test]
    fn nobody_is_blamed_for_a_red_target() {
        let mut train = Train::new(vec![0, 1], Care::Batch);
        while train.ask() != Ask::Over {
            match train.ask() {
                Ask::Couple { .. } => train.coupled(true),
                _ => train.verified(Verdict::Red),
            }
        }
        assert!(train.target_is_red() && train.line().is_empty() && train.culprits().is_empty());
    }

    #[test]
    fn who_is_stuck_behind_a_culprit_tries_again() {
        let world = World {
            bad: [0].into(),
            texts: [(0, 1)].into(),
            ..World::default()
        };
        let (train, _) = drive(&world, 3, Care::Batch);
        assert_eq!(train.line(), [1, 2]);
        assert!(train.stuck().is_empty());
    }

    fn worlds() -> impl Strategy<Value = (usize, World)> {
        (1..40_usize).prop_flat_map(|cars| {
            let pair = || (0..cars, 0..cars).prop_filter("two of them", |(a, b)| a != b);
            let set = |max| proptest::collection::btree_set(pair(), 0..max);
            let bad = proptest::collection::btree_set(0..cars, 0..4.min(cars + 1));
            let pairs = match cars {
                1 => Just((BTreeSet::new(), BTreeSet::new())).boxed(),
                _ => (set(4), set(3)).boxed(),
            };
            (Just(cars), bad, pairs)
                .prop_map(|(cars, bad, (pairs, texts))| (cars, World { bad, pairs, texts }))
        })
    }

    proptest! {
        #[test]
        fn culprits_are_found_cheaply_and_innocent_ones_are_merged(
            (cars, world) in worlds(), each: bool,
        ) {
            let care = if each { Care::Each } else { Care::Batch };
            let (train, total) = drive(&world, cars, care);
            let line = train.line();
            prop_assert!(!world.is_red(line) && world.whole(line));
            let mut innocent = (0..cars).filter(|car| world.innocent(*car));
            prop_assert!(innocent.all(|car| line.contains(&car)));
            let settled = line.len() + train.culprits().len() + train.stuck().len();
            prop_assert_eq!(settled, cars);
            let mut costs = 0;
            for (car, culprit) in train.culprits() {
                let mut with = culprit.behind.clone();
                prop_assert!(!world.is_red(&with));
                with.push(*car);
                prop_assert!(world.is_red(&with));
                prop_assert!(culprit.verifications <= blame_max(cars), "{:?}", culprit);
                costs += culprit.verifications;
                match &culprit.clash {
                    Clash::Alone => prop_assert!(world.bad.contains(car)),
                    Clash::With(other) => prop_assert!(
                        world.pairs.contains(&(*car, *other))
                            || world.pairs.contains(&(*other, *car))
                    ),
                    Clash::Among(others) => prop_assert!(!others.is_empty()),
                }
            }
            // Beside what blame costs, the line is verified once, or once per position.
            let green = if each { cars } else { 1 };
            let again = if each { train.culprits().len() } else { 0 };
            prop_assert!(total <= costs + u32::try_from(green + again).unwrap());
            for car in train.stuck() {
                prop_assert!(!world.merges(line, *car));
            }
        }
    }
}
