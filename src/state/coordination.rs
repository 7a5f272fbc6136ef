//! What holds for every sequence of requests about free-standing tasks, locks and pauses, tried
//! with random ones, where this repository decides.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::base::{
    ActorId, AttemptId, ContentHash, FeatureId, Oid, PackageId, TaskId, Timestamp, TxnId, json,
};
use crate::model::TaskOutcome;
use crate::model::plan::Format;
use crate::state::asked::{TaskClaiming, TaskCompletion, TaskOp};
use crate::state::fold::{self, Entry};
use crate::state::record::{Body, By, PackageBrief, PlanOrigin, Requirements, Task};
use crate::state::task_state::TaskState;
use crate::state::{Op, Refusal, Request, View, evaluate};

/// A step in small numbers.
type Step = (u8, u8, u8, u8);

const SESSIONS: [&str; 3] = ["s0", "s1", "s2"];
const PAUSE: &str = "feature:add-auth:pause";

#[derive(Default)]
struct World {
    view: View,
    entries: BTreeMap<String, Vec<u8>>,
    count: u32,
    granted: BTreeMap<&'static str, u32>,
    /// Results of tasks that are over, as they were first seen.
    over: BTreeMap<TaskId, String>,
}

fn actor(which: u8) -> ActorId {
    ActorId::parse(&format!("c{}", which % 2)).unwrap()
}

fn task(n: u32) -> TaskId {
    TaskId::parse(&format!("t-{n}")).unwrap()
}

fn feature() -> FeatureId {
    FeatureId::parse("add-auth").unwrap()
}

impl World {
    /// A minute passes with every step.
    fn at(&self) -> Timestamp {
        Timestamp::from_millis(i64::from(self.count) * 60_000)
    }

    fn step(&mut self, (kind, a, b, c): Step) {
        self.count += 1;
        let op = self.op(kind, (a, b, c));
        let request = Request {
            txn: TxnId::parse(&format!("x{}", self.count)).unwrap(),
            actor: actor(b),
            label: "ann@host".to_owned(),
            at: self.at(),
            needs: Vec::new(),
            op,
        };
        let paused = self.paused_for(&request.op);
        let before = self.view.clone();
        let Ok(records) = evaluate(&self.view, &request) else {
            return;
        };
        assert!(!paused, "a pause was passed: {request:?}");
        self.view.apply(&records);
        *self.granted.entry(request.op.name()).or_default() += 1;
        for record in records {
            let Body::Json(bytes) = record.body else {
                continue;
            };
            let value = json::parse_canonical(&bytes).unwrap();
            assert_eq!(json::to_canonical(&value).unwrap(), bytes);
            let old = self.entries.insert(record.path.clone(), bytes);
            assert_eq!(old, None, "{} was replaced", record.path);
        }
        self.judge(&before, &request);
    }

    fn publish(&mut self) {
        self.count += 1;
        let by = By {
            actor: actor(0),
            label: String::new(),
            at: self.at(),
        };
        let plan = PlanOrigin {
            barrier: None,
            eager: false,
            contracts: Vec::new(),
            hash: ContentHash::of(b"plan"),
            blob: Oid::parse(&"e".repeat(40)).unwrap(),
            path: String::new(),
            format: Format::WorkPackages,
            plan_revision: 1,
            contracts_revision: 1,
            packages: vec![PackageBrief {
                id: PackageId::parse("wp-api").unwrap(),
                after: Vec::new(),
                retries: 1,
                gate: false,
                definition: None,
            }],
            by,
        };
        let request = Request {
            txn: TxnId::parse("x0").unwrap(),
            actor: actor(0),
            label: String::new(),
            at: self.at(),
            needs: Vec::new(),
            op: Op::Publish {
                feature: feature(),
                title: None,
                plan,
            },
        };
        let records = evaluate(&self.view, &request).unwrap();
        self.view.apply(&records);
        for record in records {
            let bytes = match record.body {
                Body::Json(bytes) => bytes,
                Body::Blob(_) => Vec::new(),
            };
            self.entries.insert(record.path, bytes);
        }
    }

    fn op(&self, kind: u8, (a, b, c): (u8, u8, u8)) -> Op {
        let known = u32::try_from(self.view.tasks.len()).unwrap().max(1);
        let which = task(u32::from(a) % known);
        let session = SESSIONS[usize::from(b) % 3].to_owned();
        let op = match kind % 8 {
            0 | 1 => TaskOp::Submit(self.submission(a, c)),
            2..=4 => TaskOp::Claim(TaskClaiming {
                attempt: AttemptId::parse(&format!("a{}", self.count)).unwrap(),
                task: c.is_multiple_of(2).then_some(which),
                agent: session.clone(),
                session,
                archetypes: Vec::new(),
                trust: 2,
                kinds: Vec::new(),
                lease_seconds: 300 + u32::from(c) * 10,
                lost: Vec::new(),
            }),
            5 => TaskOp::Complete(TaskCompletion {
                task: which,
                session: Some(session),
                outcome: [TaskOutcome::Completed, TaskOutcome::Failed][usize::from(c % 4 == 3)],
                result: Some(format!("{}", c % 3)),
                message: None,
            }),
            6 => match c % 3 {
                0 => TaskOp::Cancel {
                    task: which,
                    reason: String::new(),
                },
                _ => TaskOp::Release {
                    task: which,
                    session: Some(session),
                    note: String::new(),
                },
            },
            _ => return self.lock(session, c),
        };
        Op::Task(Box::new(op))
    }

    fn lock(&self, session: String, c: u8) -> Op {
        let key = [PAUSE, "src/a", "src/**"][usize::from(c) % 3].to_owned();
        match c % 4 {
            0 | 1 => Op::LockAcquire {
                attempt: AttemptId::parse(&format!("l{}", self.count)).unwrap(),
                key,
                session,
                reason: None,
                ttl_minutes: u32::from(c % 5),
                steal: None,
            },
            2 => Op::LockRelease {
                key,
                session: Some(session),
            },
            _ => {
                let live = self.view.locks.get(&key).and_then(|lock| lock.live());
                let none = AttemptId::parse("none").unwrap();
                Op::LockEnd {
                    holder: live.map_or(none, |(grant, _)| grant.attempt.clone()),
                    key,
                    reason: crate::model::EndReason::Expired,
                    note: String::new(),
                }
            }
        }
    }

    fn submission(&self, a: u8, c: u8) -> Task {
        let known = u32::try_from(self.view.tasks.len()).unwrap();
        let after: BTreeSet<u32> = [u32::from(a) % 5, u32::from(c) % 7].into();
        Task {
            id: task(known),
            kind: "test".to_owned(),
            description: "x".to_owned(),
            input: None,
            priority: 1 + u32::from(c % 10),
            after: match c.is_multiple_of(3) {
                true => after.into_iter().map(task).collect(),
                false => Vec::new(),
            },
            needs: Requirements::default(),
            feature: c.is_multiple_of(4).then(feature),
            deadline: None,
            agent: None,
            by: By {
                actor: actor(0),
                label: String::new(),
                at: self.at(),
            },
        }
    }

    /// True if somebody else's pause forbids the request.
    fn paused_for(&self, op: &Op) -> bool {
        let pause = self.view.locks.get(PAUSE).and_then(|lock| lock.live());
        let (Some((_, holder)), Op::Task(op)) = (pause, op) else {
            return false;
        };
        let (id, session) = match op.as_ref() {
            TaskOp::Claim(claiming) => (claiming.task.as_ref(), Some(&claiming.session)),
            TaskOp::Complete(said) if said.outcome == TaskOutcome::Completed => {
                (Some(&said.task), said.session.as_ref())
            }
            _ => return false,
        };
        let known = id.and_then(|id| self.view.tasks.get(id));
        let over = known.is_some_and(|t| t.closed.is_some());
        let task = known.and_then(|t| t.task.as_ref());
        task.is_some_and(|t| t.feature.is_some()) && session != Some(&holder.session) && !over
    }

    /// What a granted request may have done, seen from before it.
    fn judge(&self, before: &View, request: &Request) {
        for (id, now) in &self.view.tasks {
            let Some((grant, claim)) = now.live() else {
                continue;
            };
            let known = before.tasks.get(id);
            if known.and_then(|t| t.live()).map(|(g, _)| g.epoch) == Some(grant.epoch) {
                continue;
            }
            // Newly claimed: nothing before it is open, and nobody lost it before its time.
            for dependency in &now.task.as_ref().unwrap().after {
                let state = before.task_state(dependency);
                assert_eq!(state, Some(TaskState::Completed), "{id} after {dependency}");
            }
            if let Some((old, held)) = known.and_then(|t| t.live()) {
                let end = before.task_expires(old, held).unwrap();
                assert!(
                    request.at >= end,
                    "{id} was taken from {held:?} by {claim:?}"
                );
            }
        }
    }

    fn check(&mut self) {
        assert_eq!(self.view.problems, []);
        for (id, view) in &self.view.tasks {
            let epochs: Vec<u32> = view.grants.keys().copied().collect();
            let gapless: Vec<u32> = (1..=u32::try_from(epochs.len()).unwrap()).collect();
            assert_eq!(epochs, gapless);
            let live = view
                .grants
                .values()
                .filter(|g| !view.ends.contains_key(&g.attempt));
            assert!(live.count() <= 1, "{id} has two owners");
            if let Some(closed) = &view.closed {
                assert!(view.live().is_none(), "{id} is over and held");
                let now = format!("{closed:?} {:?}", view.result());
                let first = self.over.entry(id.clone()).or_insert_with(|| now.clone());
                assert_eq!(*first, now, "what {id} came to has changed");
            }
        }
        let gone = self
            .over
            .keys()
            .find(|id| self.view.tasks[*id].closed.is_none());
        assert_eq!(gone, None, "it is open again");
        let live: Vec<_> = self.view.locks.values().filter_map(|l| l.live()).collect();
        for (i, (one, mine)) in live.iter().enumerate() {
            for (other, theirs) in &live[..i] {
                let wanted = crate::state::locks::Wanted::new(&one.locks);
                let shared = wanted.shared_with(&other.locks);
                assert!(shared.is_none() || mine.session == theirs.session);
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

fn played(steps: &[Step]) -> World {
    let mut world = World::default();
    world.publish();
    for step in steps {
        world.step(*step);
        world.check();
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn tasks_have_one_owner_one_end_and_wait_for_what_they_need(
        steps in prop::collection::vec(any::<Step>(), 1..120),
        seed in any::<u64>(),
    ) {
        let world = played(&steps);
        let mut shuffled = world.all();
        let mut random = seed;
        for i in (1..shuffled.len()).rev() {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(i, usize::try_from(random >> 33).unwrap() % (i + 1));
        }
        prop_assert_eq!(&fold::everything(&shuffled), &world.view);
    }
}

#[test]
fn the_random_requests_reach_every_kind_of_operation() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = prop::collection::vec(any::<Step>(), 120);
    let mut granted: BTreeMap<&str, u32> = BTreeMap::new();
    for _ in 0..40 {
        use proptest::strategy::ValueTree;
        let steps = strategy.new_tree(&mut runner).unwrap().current();
        for (name, count) in played(&steps).granted {
            *granted.entry(name).or_default() += count;
        }
    }
    for name in [
        "task-submit",
        "task-claim",
        "task-complete",
        "task-release",
        "task-cancel",
        "lock-acquire",
        "lock-release",
        "lock-end",
    ] {
        assert!(
            granted.get(name).is_some_and(|n| *n > 10),
            "{name}: {granted:?}"
        );
    }
}

#[test]
fn a_holder_who_beats_keeps_its_task() {
    let mut world = World::default();
    world.publish();
    world.step((0, 0, 0, 1));
    world.step((2, 0, 0, 1));
    let (grant, _) = world.view.tasks[&task(0)].live().unwrap();
    let attempt = grant.attempt.clone();
    let ask = |world: &World, at: i64, op: Op| {
        let request = Request {
            txn: TxnId::parse("later").unwrap(),
            actor: actor(0),
            label: String::new(),
            at: Timestamp::from_millis(at),
            needs: Vec::new(),
            op,
        };
        evaluate(&world.view, &request)
    };
    let steal = || {
        Op::Task(Box::new(TaskOp::Claim(TaskClaiming {
            attempt: AttemptId::parse("thief").unwrap(),
            task: Some(task(0)),
            session: "s2".to_owned(),
            agent: "s2".to_owned(),
            archetypes: Vec::new(),
            trust: 2,
            kinds: Vec::new(),
            lease_seconds: 60,
            lost: Vec::new(),
        })))
    };
    let late = 60 * 60_000;
    assert!(matches!(
        ask(&world, 3 * 60_000, steal()),
        Err(Refusal::Held(_))
    ));
    assert!(ask(&world, late, steal()).is_ok());
    let beat = crate::state::record::Session {
        seq: 0,
        session: "s0".to_owned(),
        agent: "s0".to_owned(),
        kind: None,
        capabilities: Vec::new(),
        archetype: None,
        current_task: None,
        delegated_from: None,
        status: crate::state::record::SessionStatus::Active,
        life: crate::state::record::SessionLife::Lease,
        lease_seconds: 60,
        started: world.at(),
        by: By {
            actor: actor(0),
            label: String::new(),
            at: world.at(),
        },
    };
    let said = Op::Say(Box::new(crate::state::asked::Said::Session(beat)));
    let records = ask(&world, late - 1000, said).unwrap();
    world.view.apply(&records);
    assert!(matches!(ask(&world, late, steal()), Err(Refusal::Held(_))));
    assert_eq!(
        world.view.tasks[&task(0)].live().unwrap().0.attempt,
        attempt
    );
}
