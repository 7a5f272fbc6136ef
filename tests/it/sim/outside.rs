//! Everything that outlives an engine: the state, the integration ref, commits, agents, the clock.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use git_wp::base::json::Value;
use git_wp::base::{
    ActorId, AttemptId, ContentHash, FeatureId, Oid, PackageId, RefName, Timestamp, TxnId,
};
use git_wp::engine::{Change, Job};
use git_wp::graph::{Graph, Node};
use git_wp::model::plan::Format;
use git_wp::model::{Edge, EdgeOrigin, EndReason};
use git_wp::schedule::{
    Agenda, Duties, Hands, Item, Limits, OnError, Purses, Qa, ReviewPolicy, Reviewer, RunOptions,
    Stay, growth,
};
use git_wp::state::record::{By, PackageBrief, PlanOrigin, RunStarted};
use git_wp::state::{LockSet, Op, Refusal, Request, View, evaluate};

/// What is simulated; printed by every failure.
#[derive(Debug, Clone, Default)]
pub(super) struct Scenario {
    pub(super) seed: u64,
    /// The engine dies at this touch.
    pub(super) crash_at: Option<usize>,
    /// This many further deaths at random touches.
    pub(super) random_crashes: usize,
    /// Agents outlive their supervisor, and recovery does not find half of them.
    pub(super) zombies: bool,
    /// Somebody else ends attempts between a decision and its transaction.
    pub(super) meddlers: bool,
    /// Agents, the gate, verification and merges fail now and then.
    pub(super) failures: bool,
    /// Two reviewers look at what is merged, and ask for changes at first.
    pub(super) reviews: bool,
    /// QA agents look at what was merged.
    pub(super) qa: bool,
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// A small generator; the same seed gives the same world.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % 1_000_003).unwrap() % limit
    }

    pub(super) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// An agent at work.
#[derive(Debug, Clone)]
pub(super) struct Child {
    pub(super) attempt: AttemptId,
    pub(super) package: PackageId,
    /// The commit that its room begins at.
    pub(super) start: Oid,
    pub(super) ends: i64,
    /// The engine that waits for it; dead if the engine is.
    pub(super) parent: u64,
    pub(super) fails: bool,
}

#[derive(Debug)]
pub(super) struct Outside {
    pub(super) view: View,
    pub(super) commits: usize,
    pub(super) now: i64,
    pub(super) random: Random,
    pub(super) touches: usize,
    pub(super) crash_at: Option<usize>,
    random_crashes: usize,
    pub(super) children: Vec<Child>,
    /// Supervisor locks and the engines that hold them.
    pub(super) locks: BTreeMap<AttemptId, u64>,
    pub(super) engines: u64,
    pub(super) alive: Vec<u64>,
    /// Those of them that may merge.
    pub(super) integrators: BTreeSet<u64>,
    minted: u64,
    txns: u64,
    /// Commits: parents, and whose work it is.
    pub(super) git: BTreeMap<Oid, (Vec<Oid>, Option<AttemptId>)>,
    pub(super) integration: Option<Oid>,
    pub(super) rooms: BTreeSet<AttemptId>,
    /// What every attempt's own agent left, for the comparison at the end.
    pub(super) own_heads: BTreeMap<AttemptId, Oid>,
    reviews: bool,
    pub(super) failures: usize,
    pub(super) qa: bool,
}

pub(super) fn package(name: &str) -> PackageId {
    PackageId::parse(name).unwrap()
}

pub(super) fn feature() -> FeatureId {
    FeatureId::parse("sim").unwrap()
}

/// `name`, what it waits for, its retries.
const PLAN: [(&str, &[&str], u32); 6] = [
    ("contracts", &[], 1),
    ("backend", &["contracts"], 1),
    ("frontend", &["contracts"], 2),
    ("docs", &[], 0),
    ("tests", &["backend"], 1),
    ("integration", &["frontend", "docs", "tests"], 2),
];

impl Outside {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let mut outside = Outside {
            view: View::default(),
            commits: 0,
            now: 1_000_000,
            random: Random(scenario.seed.wrapping_mul(0x9e37_79b9) | 0x5_0001),
            touches: 0,
            crash_at: scenario.crash_at,
            random_crashes: scenario.random_crashes,
            reviews: scenario.reviews,
            children: Vec::new(),
            locks: BTreeMap::new(),
            engines: 0,
            alive: Vec::new(),
            integrators: BTreeSet::new(),
            minted: 0,
            txns: 0,
            git: BTreeMap::new(),
            integration: None,
            rooms: BTreeSet::new(),
            own_heads: BTreeMap::new(),
            failures: 0,
            qa: scenario.qa,
        };
        let base = oid("base");
        outside.git.insert(base, (Vec::new(), None));
        outside.publish();
        outside
    }

    fn publish(&mut self) {
        let packages = PLAN.iter().map(|(id, after, retries)| PackageBrief {
            id: package(id),
            after: after.iter().map(|a| package(a)).collect(),
            retries: *retries,
            gate: false,
            definition: None,
        });
        let plan = PlanOrigin {
            barrier: None,
            eager: false,
            contracts: Vec::new(),
            hash: ContentHash::of(b"plan"),
            blob: oid("plan"),
            path: "plan.yaml".to_owned(),
            format: Format::WorkPackages,
            plan_revision: 1,
            contracts_revision: 1,
            packages: packages.collect(),
            by: self.by(),
        };
        let op = Op::Publish {
            feature: feature(),
            title: None,
            plan,
        };
        self.commit(op).unwrap();
    }

    pub(super) fn by(&self) -> By {
        By {
            actor: ActorId::parse("actor").unwrap(),
            label: "sim@here".to_owned(),
            at: Timestamp::from_millis(self.now),
        }
    }

    /// The job of a fresh engine: the run that was interrupted, or a first one.
    pub(super) fn job(&self, duties: Duties) -> Job {
        let run = TxnId::parse("run-1").unwrap();
        Job {
            feature: feature(),
            agenda: agenda(),
            options: RunOptions {
                run: run.clone(),
                actor: self.by().actor,
                only: None,
                on_error: OnError::Continue,
                hands: Hands::one("fake", 2),
                purses: Purses::default(),
                qa: if self.qa { Qa::On } else { Qa::Off },
                duties,
                stay: Stay::Patient(Duration::from_millis(200)),
            },
            limits: Limits {
                jobs: 3,
                lost_max: 30,
                ..Limits::default()
            },
            started: RunStarted {
                run,
                plan: ContentHash::of(b"plan"),
                base: oid("base"),
                branch: RefName::parse("refs/heads/feature/sim").unwrap(),
                integration: RefName::parse("refs/wp/integration/sim").unwrap(),
                options: self.options(),
                degraded: Vec::new(),
                by: self.by(),
            },
        }
    }

    fn options(&self) -> BTreeMap<String, Value> {
        let reviewer = |agent: &str| Reviewer {
            agent: agent.to_owned(),
            vendor: agent.to_owned(),
        };
        let policy = ReviewPolicy {
            reviewers: vec![reviewer("one"), reviewer("two")],
            quorum: 2,
            rounds: 3,
            adversarial: false,
            independent: false,
            authors: BTreeMap::new(),
        };
        let options = self.reviews.then(|| {
            let name = ReviewPolicy::OPTION.to_owned();
            (name, policy.to_value().unwrap())
        });
        options.into_iter().collect()
    }

    /// Counts a touch; true if the engine dies here.
    pub(super) fn touch(&mut self) -> bool {
        let here = self.touches;
        self.touches += 1;
        if self.crash_at == Some(here) {
            return true;
        }
        if self.random_crashes > 0 && here > 5 && self.random.one_in(40) {
            self.random_crashes -= 1;
            return true;
        }
        false
    }

    pub(super) fn no_more_crashes(&mut self) {
        self.crash_at = None;
        self.random_crashes = 0;
    }

    /// One transaction of one request.
    pub(super) fn commit(&mut self, op: Op) -> Result<(), Refusal> {
        self.txns += 1;
        let by = self.by();
        let request = Request {
            txn: TxnId::parse(&format!("t{}", self.txns)).unwrap(),
            actor: by.actor,
            label: by.label,
            at: by.at,
            needs: Vec::new(),
            op,
        };
        let records = evaluate(&self.view, &request)?;
        if !records.is_empty() {
            self.commits += 1;
        }
        self.view.apply(&records);
        assert_eq!(self.view.problems, [], "{request:?}");
        Ok(())
    }

    /// Ends some attempt that holds its package, as another process may at any time.
    pub(super) fn meddle(&mut self) {
        let Some(records) = self.view.features.get(&feature()) else {
            return;
        };
        let live = records
            .packages
            .iter()
            .filter_map(|(id, p)| Some((id.clone(), p.live()?.clone())));
        let live: Vec<_> = live.collect();
        if live.is_empty() || !self.random.one_in(6) {
            return;
        }
        let (package, grant) = live[self.random.below(live.len())].clone();
        let op = Op::End {
            feature: feature(),
            package,
            attempt: grant.attempt,
            epoch: grant.epoch,
            reason: EndReason::Lost,
            note: "somebody else ended it".to_owned(),
        };
        // Refused while a landing with it is open.
        let _ = self.commit(op);
    }

    pub(super) fn submit(&mut self, changes: Vec<Change>) -> Vec<Result<(), Refusal>> {
        changes
            .into_iter()
            .map(|change| match change.needs.iter().find(|n| !self.has(n)) {
                Some(missing) => panic!("{missing} is not there: {:?}", change.op),
                None => self.commit(change.op),
            })
            .collect()
    }

    fn has(&self, wanted: &Oid) -> bool {
        self.git.contains_key(wanted) || *wanted == oid("text")
    }

    pub(super) fn retries(&self, id: &PackageId) -> u32 {
        let records = &self.view.features[&feature()];
        let planned = &records.current_plan().unwrap().packages;
        let all = growth::briefs(planned, records);
        all.iter().find(|b| b.id == *id).unwrap().retries
    }

    pub(super) fn mint(&mut self) -> AttemptId {
        self.minted += 1;
        AttemptId::parse(&format!("a{:04}", self.minted)).unwrap()
    }

    pub(super) fn contains(&self, tip: &Oid, wanted: &Oid) -> bool {
        let mut left = vec![tip.clone()];
        let mut seen = BTreeSet::new();
        while let Some(at) = left.pop() {
            if at == *wanted {
                return true;
            }
            if seen.insert(at.clone()) {
                left.extend(self.git[&at].0.clone());
            }
        }
        false
    }
}

/// The id of a commit or tree with this name.
pub(super) fn oid(name: &str) -> Oid {
    Oid::parse(ContentHash::of(name.as_bytes()).short(40)).unwrap()
}

fn agenda() -> Agenda {
    let nodes = PLAN.iter().map(|(id, after, _)| Node {
        id: package(id),
        depends_on: after
            .iter()
            .map(|a| Edge {
                on: package(a),
                origin: EdgeOrigin::Field,
            })
            .collect(),
        integrates: *id == "integration",
        alone: false,
    });
    let graph = Graph::build(nodes.collect());
    let ranks = graph.longest_remaining(|_| 10);
    let items = PLAN.iter().map(|(id, _, retries)| Item {
        id: package(id),
        after: graph
            .effective(&package(id))
            .iter()
            .map(|e| e.on.clone())
            .collect(),
        rank: ranks[&package(id)],
        priority: 5,
        locks: LockSet {
            write: vec![format!("{id}/**")],
            ..LockSet::default()
        },
        retries: *retries,
        gate: false,
        tier: git_wp::model::Tier::A,
        min_trust: 2,
        minutes: 10,
        definition: ContentHash::of(id.as_bytes()),
    });
    Agenda::new(items.collect())
}
