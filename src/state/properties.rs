//! What holds for every sequence of requests, tried with random ones.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use crate::base::{
    ActorId, AttemptId, ContentHash, FeatureId, Oid, PackageId, RefName, Timestamp, TxnId, json,
};
use crate::model::LockKey;
use crate::model::gate::GateVerdict;
use crate::model::outcome::{Deviation, EndReason, Mode};
use crate::model::plan::Format;
use crate::state::fold::{self, Entry};
use crate::state::locks::Wanted;
use crate::state::record::{
    Attempt, Body, By, Grant, HoldKind, Land, Landing, PackageBrief, PlanOrigin, Record,
};
use crate::state::request::{AttemptFact, Claim, Steal};
use crate::state::{LockSet, Op, Refusal, Request, View, evaluate};

/// A step in small numbers; what they mean depends on the state, so that much is granted.
type Step = (u8, u8, u8, u8);

const FEATURES: [&str; 2] = ["add-auth", "Änderung 7"];
const PACKAGES: [&str; 3] = ["wp-api", "wp-web", "WP Docs"];
const SCOPES: [&str; 4] = ["src/api/**", "src/**/*.rs", "web/**", "docs/"];
const KEYS: [&str; 5] = [
    "flag:x/*",
    "flag:x/a",
    "src/api/a.rs",
    "docs/**",
    "feature:add-auth:pause",
];

#[derive(Default)]
struct World {
    view: View,
    entries: BTreeMap<String, Vec<u8>>,
    count: u32,
    granted: u32,
}

impl World {
    fn step(&mut self, (kind, a, b, c): Step) {
        self.count += 1;
        let feature = FeatureId::parse(FEATURES[usize::from(a) % 2]).unwrap();
        let package = PackageId::parse(PACKAGES[usize::from(b) % 3]).unwrap();
        let op = self.op(kind, (feature, package), c);
        let request = Request {
            txn: TxnId::parse(&format!("t{}", self.count)).unwrap(),
            actor: by(0).actor,
            label: by(0).label,
            at: Timestamp::from_millis(i64::from(self.count) * 1000),
            needs: Vec::new(),
            op,
        };
        let Ok(records) = evaluate(&self.view, &request) else {
            return;
        };
        self.granted += 1;
        self.view.apply(&records);
        for record in records {
            self.add(record);
        }
        let again = evaluate(&self.view, &request);
        let harmless = match (&request.op, again) {
            (Op::Hold { .. } | Op::Publish { .. } | Op::Landed { .. }, Ok(records)) => {
                assert_eq!(records, [], "{request:?}");
                true
            }
            (Op::Claim(_), again) => matches!(again, Err(Refusal::Invalid { .. })),
            _ => true,
        };
        assert!(harmless, "{request:?} took effect twice");
    }

    /// Records are only ever added, and canonical.
    fn add(&mut self, record: Record) {
        let bytes = match record.body {
            Body::Json(bytes) => {
                let value = json::parse_canonical(&bytes).unwrap();
                assert_eq!(json::to_canonical(&value).unwrap(), bytes);
                bytes
            }
            Body::Blob(_) => Vec::new(),
        };
        let old = self.entries.insert(record.path.clone(), bytes);
        assert_eq!(old, None, "{} was replaced", record.path);
    }

    fn op(&self, kind: u8, (feature, package): (FeatureId, PackageId), c: u8) -> Op {
        let full = self.view.features.get(&feature);
        let known = full.and_then(|f| f.packages.get(&package));
        let live = known.and_then(|p| p.live());
        let any = known.and_then(|p| {
            let which = usize::from(c) % p.attempts.len().max(1);
            p.attempts.keys().nth(which)
        });
        let attempt = live.map(|g| g.attempt.clone()).or_else(|| any.cloned());
        let attempt = attempt.unwrap_or_else(|| AttemptId::parse("none").unwrap());
        let attempt = if c.is_multiple_of(7) {
            any.cloned().unwrap_or(attempt)
        } else {
            attempt
        };
        let epoch = live.map_or(1, |g| g.epoch);
        match kind % 12 {
            0 => publish(feature, c % 2),
            1..=3 => self.claim(feature, package, c),
            4 => Op::End {
                feature,
                package,
                attempt,
                epoch: epoch + u32::from(c.is_multiple_of(5)),
                reason: [EndReason::Failed, EndReason::Completed][usize::from(c.is_multiple_of(4))],
                note: String::new(),
            },
            5 | 6 => self.land(feature, c),
            7 | 8 => {
                let n = full
                    .and_then(|f| f.lands.keys().next_back())
                    .copied()
                    .unwrap_or(1);
                match c % 4 {
                    0 => Op::VoidLand {
                        feature,
                        n,
                        note: "moved".to_owned(),
                    },
                    _ => Op::Landed { feature, n },
                }
            }
            9 => match c % 4 {
                0 | 1 => Op::Lift {
                    feature,
                    package: c.is_multiple_of(2).then_some(package),
                },
                _ => Op::Hold {
                    feature,
                    package: c.is_multiple_of(2).then_some(package),
                    kind: [HoldKind::Pause, HoldKind::Cancel][usize::from(c % 8 == 3)],
                    reason: String::new(),
                },
            },
            10 => self.lock(c),
            _ => Op::Note {
                feature,
                package,
                attempt,
                fact: fact(c),
            },
        }
    }

    fn claim(&self, feature: FeatureId, package: PackageId, c: u8) -> Op {
        let known = self
            .view
            .features
            .get(&feature)
            .and_then(|f| f.packages.get(&package));
        let highest = known.and_then(|p| p.highest()).map(|g| g.epoch);
        let steal = c.is_multiple_of(3).then(|| Steal {
            epoch: highest.unwrap_or(0) + u32::from(c.is_multiple_of(9)),
            reason: [EndReason::Lost, EndReason::Failed][usize::from(c.is_multiple_of(6))],
            note: String::new(),
        });
        let locks = LockSet {
            write: vec![SCOPES[usize::from(c) % 4].to_owned()],
            deny: if c.is_multiple_of(5) {
                vec!["src/api/a.rs".to_owned()]
            } else {
                Vec::new()
            },
            files: if c.is_multiple_of(11) {
                vec!["Cargo.lock".to_owned()]
            } else {
                Vec::new()
            },
            keys: if c % 4 == 1 {
                vec![LockKey::unchecked("flag:x/a")]
            } else {
                Vec::new()
            },
            alone: c.is_multiple_of(13),
        };
        Op::Claim(Box::new(Claim {
            attempt: Attempt {
                attempt: AttemptId::parse(&format!("a{}", self.count)).unwrap(),
                feature,
                package,
                number: 1,
                plan: plan_hash(0),
                definition: plan_hash(9),
                base: oid('a'),
                branch: RefName::parse("refs/heads/x").unwrap(),
                agent: String::new(),
                session: c.is_multiple_of(2).then(|| format!("s{}", c % 3)),
                continues: None,
                mode: Mode::Implement,
                sprout: None,
                run: None,
                by: by(0),
            },
            locks,
            after: if c % 8 == 7 {
                vec![PackageId::parse(PACKAGES[0]).unwrap()]
            } else {
                Vec::new()
            },
            lease_seconds: None,
            steal,
        }))
    }

    fn land(&self, feature: FeatureId, c: u8) -> Op {
        let full = self.view.features.get(&feature);
        let packages = full.iter().flat_map(|f| &f.packages);
        let live = packages.filter_map(|(id, p)| Some((id.clone(), p.live()?.clone())));
        let attempts = live
            .take(1 + usize::from(c % 2))
            .map(|(package, grant)| Landing {
                package,
                attempt: grant.attempt,
                epoch: grant.epoch,
                head: oid('b'),
                merge: oid('c'),
            });
        let last = full
            .and_then(|f| f.lands.keys().next_back())
            .copied()
            .unwrap_or(0);
        let land = Land {
            n: last + 1 + u32::from(c.is_multiple_of(9)),
            attempts: attempts.collect(),
            branch: RefName::parse("refs/wp/integration/x").unwrap(),
            old: oid('a'),
            new: oid('c'),
            by: by(0),
        };
        Op::Land { feature, land }
    }

    fn lock(&self, c: u8) -> Op {
        let key = KEYS[usize::from(c) % KEYS.len()].to_owned();
        let session = format!("s{}", c % 3);
        match c % 3 {
            0 => Op::LockRelease {
                key,
                session: c.is_multiple_of(2).then_some(session),
            },
            _ => Op::LockAcquire {
                attempt: AttemptId::parse(&format!("l{}", self.count)).unwrap(),
                key,
                session,
                reason: None,
                ttl_minutes: u32::from(!c.is_multiple_of(4)),
                steal: c.is_multiple_of(5).then(|| Steal {
                    epoch: 1,
                    reason: EndReason::Expired,
                    note: String::new(),
                }),
            },
        }
    }

    fn check(&self) {
        assert_eq!(self.view.problems, []);
        self.nobody_shares();
        for package in self
            .view
            .features
            .values()
            .flat_map(|f| f.packages.values())
        {
            let epochs: Vec<u32> = package.grants.keys().copied().collect();
            let gapless: Vec<u32> = (1..=u32::try_from(epochs.len()).unwrap()).collect();
            assert_eq!(epochs, gapless);
            assert_eq!(package.contradictions(), Vec::<String>::new());
            let holders: BTreeSet<_> = package.grants.values().map(|g| &g.attempt).collect();
            assert_eq!(holders.len(), epochs.len(), "an attempt was granted twice");
            if let Some(accept) = &package.accept {
                let highest = package.highest().unwrap();
                assert_eq!(
                    (&highest.attempt, highest.epoch),
                    (&accept.attempt, accept.epoch)
                );
                let end = package.attempts[&accept.attempt].end.as_ref().unwrap();
                assert_eq!(end.reason, EndReason::Completed, "a zombie was accepted");
                assert!(package.live().is_none());
            }
        }
    }

    /// No two live holders have anything in common, but what one session locked beside.
    fn nobody_shares(&self) {
        let mut live: Vec<(&Grant, String, bool)> = Vec::new();
        for (feature, brief) in &self.view.briefs {
            for (package, grant) in &brief.live {
                let attempts = &self.view.features[feature].packages[package].attempts;
                let session = attempts[&grant.attempt].attempt.session.clone();
                let session = session.unwrap_or_else(|| grant.attempt.to_string());
                live.push((grant, session, true));
            }
        }
        let locks = self.view.locks.values().filter_map(|lock| lock.live());
        live.extend(locks.map(|(grant, claim)| (grant, claim.session.clone(), false)));
        for (i, (one, session, is_package)) in live.iter().enumerate() {
            for (other, other_session, is_other) in &live[..i] {
                let by_one = session == other_session && !(*is_package && *is_other);
                let shared = Wanted::new(&one.locks).shared_with(&other.locks);
                assert!(shared.is_none() || by_one, "{one:?} and {other:?}");
            }
        }
    }

    fn all(&self) -> Vec<Entry> {
        let entry = |(path, bytes): (&String, &Vec<u8>)| Entry {
            path: path.clone(),
            bytes: bytes.clone(),
        };
        self.entries.iter().map(entry).collect()
    }
}

fn publish(feature: FeatureId, which: u8) -> Op {
    let brief = |id: &&str| PackageBrief {
        id: PackageId::parse(id).unwrap(),
        after: Vec::new(),
        retries: 1,
        gate: false,
        definition: None,
    };
    let plan = PlanOrigin {
        barrier: None,
        eager: false,
        contracts: Vec::new(),
        hash: plan_hash(which),
        blob: oid('e'),
        path: String::new(),
        format: Format::WorkPackages,
        plan_revision: 1,
        contracts_revision: 1,
        packages: PACKAGES.iter().map(brief).collect(),
        by: by(0),
    };
    let title = None;
    Op::Publish {
        feature,
        title,
        plan,
    }
}

fn fact(c: u8) -> AttemptFact {
    let at = Timestamp::from_millis(i64::from(c % 3));
    match c % 2 {
        0 => AttemptFact::Deviation(Deviation {
            kind: "empty".to_owned(),
            detail: format!("{}", c % 5),
            paths: Vec::new(),
            at,
        }),
        _ => AttemptFact::Gate(GateVerdict {
            base: oid('a'),
            head: oid('b'),
            passed: c % 4 == 1,
            violations: Vec::new(),
            commits: 1,
            at,
        }),
    }
}

fn by(at: i64) -> By {
    By {
        actor: ActorId::parse("c1").unwrap(),
        label: "ann@host".to_owned(),
        at: Timestamp::from_millis(at),
    }
}

fn oid(digit: char) -> Oid {
    Oid::parse(&digit.to_string().repeat(40)).unwrap()
}

fn plan_hash(which: u8) -> ContentHash {
    ContentHash::of(&[which])
}

fn played(steps: &[Step]) -> World {
    let mut world = World::default();
    for feature in [0, 1] {
        world.step((0, feature, 0, 0));
    }
    for step in steps {
        world.step(*step);
        world.check();
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 150,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn requests_in_any_order_leave_a_state_without_contradiction(
        steps in prop::collection::vec(any::<Step>(), 1..80),
        seed in any::<u64>(),
    ) {
        let world = played(&steps);
        let folded = fold::everything(&world.all());
        prop_assert_eq!(&folded, &world.view);
        let mut shuffled = world.all();
        let mut random = seed;
        for i in (1..shuffled.len()).rev() {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(i, usize::try_from(random >> 33).unwrap() % (i + 1));
        }
        prop_assert_eq!(&fold::everything(&shuffled), &world.view);
    }

    #[test]
    fn a_broken_record_is_a_problem_and_never_a_panic(
        steps in prop::collection::vec(any::<Step>(), 1..40),
        (which, at, byte) in any::<(usize, usize, u8)>(),
    ) {
        let world = played(&steps);
        let mut entries = world.all();
        let filled = |i: &usize| !entries[*i].bytes.is_empty();
        let json: Vec<usize> = (0..entries.len()).filter(filled).collect();
        let bytes = &mut entries[json[which % json.len()]].bytes;
        let place = at % bytes.len();
        prop_assume!(bytes[place] != byte);
        bytes[place] = byte;
        let broken = json::parse_canonical(bytes).is_err();
        let folded = fold::everything(&entries);
        prop_assert!(!broken || !folded.problems.is_empty());
    }
}

#[test]
fn the_random_requests_reach_every_kind_of_record() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = prop::collection::vec(any::<Step>(), 80);
    let mut kinds = BTreeSet::new();
    let mut granted = 0;
    for _ in 0..60 {
        let steps = strategy.new_tree(&mut runner).unwrap().current();
        let world = played(&steps);
        granted += world.granted;
        for path in world.entries.keys() {
            let name = path.rsplit('/').next().unwrap();
            kinds.insert(name.split(['-', '.']).next().unwrap().to_owned());
        }
    }
    for kind in [
        "accept",
        "attempt",
        "claim",
        "deviation",
        "end",
        "gate",
        "grant",
        "hold",
        "land",
        "landed",
        "lift",
        "origin",
        "void",
    ] {
        assert!(kinds.contains(kind), "{kind} never happened: {kinds:?}");
    }
    assert!(granted > 600, "only {granted} requests were granted");
}
