//! One small plan, looked at from every side.

mod asked;
mod begin;
mod duties;
mod hands;

use std::collections::BTreeSet;

use crate::base::{
    ActorId, AttemptId, ContentHash, FeatureId, Oid, PackageId, RefName, Timestamp, TxnId,
};
use crate::model::{
    AttemptResult, EndReason, Evidence, GateVerdict, GateViolation, Mode, OutcomeKind,
    PackageStatus, RunResult, StepEvidence, StepState, Tier,
};
use crate::schedule::decision::Decision;
use crate::schedule::forecast::{Question, forecast};
use crate::schedule::input::{
    Duties, Input, IntegratorSeen, Limits, Observed, OnError, RunOptions, Stay, Stop, Work,
};
use crate::schedule::{Agenda, Hands, Item, Purses, Qa, Why, decide, status};
use crate::state::record::{
    Accept, Answer, Attempt, By, End, EvidenceFact, Grant, Hold, HoldKind, PackageBrief, PlanOrigin,
};
use crate::state::view::AttemptView;
use crate::state::{FeatureView, LockSet, PackageView, View};

fn id(name: &str) -> PackageId {
    PackageId::parse(name).unwrap()
}

fn feature() -> FeatureId {
    FeatureId::parse("f").unwrap()
}

fn oid(digit: char) -> Oid {
    Oid::parse(&digit.to_string().repeat(40)).unwrap()
}

fn by() -> By {
    By {
        actor: ActorId::parse("me").unwrap(),
        label: "ann@host".to_owned(),
        at: Timestamp::from_millis(1000),
    }
}

fn run_id() -> TxnId {
    TxnId::parse("run").unwrap()
}

fn plan_at(millis: i64) -> PlanOrigin {
    PlanOrigin {
        hash: ContentHash::of(millis.to_string().as_bytes()),
        blob: oid('7'),
        path: String::new(),
        format: crate::model::Format::WorkPackages,
        plan_revision: 2,
        contracts_revision: 1,
        packages: Vec::new(),
        barrier: None,
        eager: false,
        contracts: Vec::new(),
        by: By {
            at: Timestamp::from_millis(millis),
            ..by()
        },
    }
}

/// Everything that a decision is made from, ready to be bent.
struct Scene {
    view: View,
    items: Vec<Item>,
    options: RunOptions,
    observed: Observed,
    limits: Limits,
}

impl Scene {
    /// `(name, after, rank)` each.
    fn new(items: &[(&str, &[&str], u64)]) -> Self {
        let item = |(name, after, rank): &(&str, &[&str], u64)| Item {
            id: id(name),
            after: after.iter().map(|a| id(a)).collect(),
            rank: *rank,
            priority: 5,
            locks: LockSet {
                write: vec![format!("{name}/**")],
                ..LockSet::default()
            },
            retries: 1,
            gate: false,
            tier: Tier::C,
            min_trust: 2,
            minutes: 10,
            definition: ContentHash::of(b"d"),
        };
        let mut view = View::default();
        view.features.insert(feature(), FeatureView::default());
        Scene {
            view,
            items: items.iter().map(item).collect(),
            options: RunOptions {
                run: run_id(),
                actor: by().actor,
                only: None,
                on_error: OnError::Continue,
                hands: Hands::one("tester", 2),
                purses: Purses::default(),
                qa: Qa::Off,
                duties: Duties::All,
                stay: Stay::default(),
            },
            observed: Observed {
                tip: Some(oid('1')),
                advanced: Some(oid('1')),
                ..Observed::default()
            },
            limits: Limits {
                jobs: 2,
                ..Limits::default()
            },
        }
    }

    fn records(&mut self) -> &mut FeatureView {
        self.view.features.get_mut(&feature()).unwrap()
    }

    fn package(&mut self, name: &str) -> &mut PackageView {
        self.records().packages.entry(id(name)).or_default()
    }

    fn decide(&self) -> Vec<Decision> {
        let agenda = Agenda::new(self.items.clone());
        let decisions = decide(self.input(&agenda));
        assert_eq!(decisions, decide(self.input(&agenda)), "asked twice");
        decisions
    }

    fn input<'a>(&'a self, agenda: &'a Agenda) -> Input<'a> {
        static FEATURE: std::sync::LazyLock<FeatureId> = std::sync::LazyLock::new(feature);
        Input {
            feature: &FEATURE,
            view: &self.view,
            agenda,
            options: &self.options,
            observed: &self.observed,
            limits: self.limits,
            now: by().at,
        }
    }

    fn starts(&self) -> Vec<String> {
        let decisions = self.decide();
        let starts = decisions.iter().filter_map(|d| match d {
            Decision::Start { package, .. } => Some(package.to_string()),
            _ => None,
        });
        starts.collect()
    }

    #[track_caller]
    fn wait(&self, name: &str) -> Why {
        let decisions = self.decide();
        let mut waits = decisions.into_iter().filter_map(|d| match d {
            Decision::Wait { package, why } if package == id(name) => Some(why),
            _ => None,
        });
        waits.next().expect("the package waits")
    }

    fn result(&self) -> Option<RunResult> {
        self.decide().iter().find_map(|d| match d {
            Decision::Finish { result } => Some(*result),
            _ => None,
        })
    }

    fn merge(&mut self, name: &str) {
        self.package(name).accept = Some(Accept {
            epoch: 1,
            attempt: AttemptId::parse(name).unwrap(),
            head: oid('2'),
            merge: oid('3'),
            land: 1,
            by: by(),
        });
    }

    /// An attempt that holds the package.
    fn hold(&mut self, name: &str) -> &mut AttemptView {
        let epoch = u32::try_from(self.package(name).grants.len()).unwrap() + 1;
        let attempt = AttemptId::parse(&format!("{name}-{epoch}")).unwrap();
        let grant = Grant {
            epoch,
            attempt: attempt.clone(),
            locks: LockSet {
                write: vec![format!("{name}/**")],
                ..LockSet::default()
            },
            lease_seconds: None,
            by: by(),
        };
        self.observed.supervised.insert(attempt.clone());
        self.observed.mine.insert(attempt.clone());
        let view = AttemptView {
            attempt: Attempt {
                attempt: attempt.clone(),
                feature: feature(),
                package: id(name),
                number: epoch,
                plan: ContentHash::of(b"plan"),
                definition: ContentHash::of(b"d"),
                base: oid('1'),
                branch: RefName::parse("refs/heads/wp/f/x/y").unwrap(),
                agent: "shell".to_owned(),
                session: None,
                continues: None,
                mode: Mode::Implement,
                sprout: None,
                run: Some(run_id()),
                by: by(),
            },
            epoch: Some(epoch),
            end: None,
            result: None,
            gates: Vec::new(),
            evidence: Vec::new(),
            deviations: Vec::new(),
            salvages: Vec::new(),
        };
        let package = self.package(name);
        package.grants.insert(epoch, grant);
        package.attempts.entry(attempt).or_insert(view)
    }

    fn fail(&mut self, name: &str) {
        let attempt = self.hold(name);
        attempt.end = Some(End {
            epoch: 1,
            attempt: attempt.attempt.attempt.clone(),
            reason: EndReason::Failed,
            note: "it broke".to_owned(),
            by: by(),
        });
    }

    /// An attempt through the gate, with one open step of this kind.
    fn verified(&mut self, name: &str, tier: Tier, state: StepState) {
        let attempt = self.hold(name);
        attempt.result = Some(result());
        attempt.gates.push(GateVerdict {
            base: oid('1'),
            head: oid('5'),
            passed: true,
            violations: Vec::new(),
            commits: 1,
            at: by().at,
        });
        let kind = if state == StepState::Delegated {
            "ci"
        } else {
            "manual"
        };
        attempt.evidence.push(EvidenceFact {
            evidence: Evidence {
                tree: oid('6'),
                tier,
                steps: vec![StepEvidence {
                    name: "look".to_owned(),
                    kind: kind.to_owned(),
                    state,
                    what: String::new(),
                    exit_code: None,
                    millis: 0,
                    at: by().at,
                    tail: String::new(),
                    note: None,
                    reused: false,
                }],
            },
            merged: false,
            at: by().at,
        });
    }

    fn answer(&mut self, name: &str, passed: bool) {
        self.package(name).answers.push(Answer {
            id: run_id(),
            step: "look".to_owned(),
            passed,
            url: None,
            note: None,
            by: by(),
        });
    }

    fn merges(&self) -> bool {
        self.decide()
            .iter()
            .any(|d| matches!(d, Decision::Merge { .. }))
    }
}

fn result() -> AttemptResult {
    AttemptResult {
        outcome: OutcomeKind::Finished,
        head: oid('5'),
        tree: oid('6'),
        exit_code: Some(0),
        seconds: 1,
        reason: String::new(),
        files_modified: Vec::new(),
        claimed: crate::base::json::Map::new(),
        log: None,
        tail: String::new(),
        account: None,
        held: None,
        hypotheses: None,
        at: by().at,
    }
}

fn three() -> Scene {
    Scene::new(&[
        ("short", &[], 10),
        ("long", &[], 30),
        ("last", &["long"], 20),
    ])
}

#[test]
fn the_longest_remaining_path_starts_first_within_the_limit() {
    let mut scene = three();
    assert_eq!(scene.starts(), ["long", "short"]);
    scene.limits.jobs = 1;
    assert_eq!(scene.starts(), ["long"]);
    assert_eq!(scene.wait("short"), Why::Places);
    assert_eq!(scene.wait("last"), Why::Needs(vec![id("long")]));
}

#[test]
fn ties_are_broken_by_priority_and_then_by_the_order_of_the_file() {
    let mut scene = Scene::new(&[("a", &[], 10), ("b", &[], 10), ("c", &[], 10)]);
    scene.items[2].priority = 1;
    assert_eq!(scene.starts(), ["c", "a"]);
}

#[test]
fn clones_that_choose_at_the_same_moment_do_not_all_choose_the_same() {
    let names: Vec<String> = (0..8).map(|i| format!("p{i}")).collect();
    let items: Vec<(&str, &[&str], u64)> = names.iter().map(|n| (n.as_str(), &[][..], 1)).collect();
    let mut scene = Scene::new(&items);
    scene.limits.jobs = 1;
    scene.observed.integrator = IntegratorSeen::Free;
    scene.items[3].rank = 9;
    assert_eq!(scene.starts(), ["p3"]);
    scene.items[3].rank = 1;
    let mut chosen = BTreeSet::new();
    for actor in 0..8 {
        scene.options.actor = ActorId::parse(&format!("clone{actor}")).unwrap();
        chosen.extend(scene.starts());
    }
    assert!(chosen.len() >= 4, "{chosen:?}");
}

#[test]
fn a_failure_is_retried_and_then_blocks_its_dependents() {
    let mut scene = three();
    scene.fail("long");
    assert_eq!(scene.starts(), ["long", "short"]);
    scene.fail("long");
    assert_eq!(scene.starts(), ["short"]);
    assert_eq!(scene.wait("last"), Why::Blocked(id("long")));
    scene.options.on_error = OnError::Stop;
    assert_eq!(scene.wait("short"), Why::StoppedAfter(id("long")));
    assert_eq!(scene.result(), Some(RunResult::Failed));
    // Who runs again asks for new attempts.
    scene.options.run = TxnId::parse("run2").unwrap();
    assert_eq!(scene.starts(), ["long", "short"]);
}

#[test]
fn a_selection_names_what_it_lacks() {
    let mut scene = three();
    scene.options.only = Some(BTreeSet::from([id("last")]));
    assert_eq!(scene.wait("last"), Why::SelectedWithout(vec![id("long")]));
    assert_eq!(scene.wait("short"), Why::NotSelected);
    assert_eq!(scene.result(), Some(RunResult::Partial));
    scene.merge("long");
    assert_eq!(scene.starts(), ["last"]);
}

#[test]
fn an_agent_below_the_trust_level_gets_nothing() {
    let mut scene = three();
    scene.options.hands = Hands::one("tester", 1);
    assert_eq!(scene.starts(), [""; 0]);
    assert_eq!(scene.wait("long"), Why::Trust { needs: 2, has: 1 });
    assert_eq!(scene.result(), Some(RunResult::Partial));
}

#[test]
fn a_pause_stops_new_work_and_merges_but_not_what_runs() {
    let mut scene = three();
    scene.verified("short", Tier::A, StepState::Passed);
    assert!(scene.merges());
    scene.records().holds.push(Hold {
        n: 1,
        kind: HoldKind::Pause,
        reason: "lunch".to_owned(),
        by: by(),
    });
    assert!(!scene.merges());
    let why = scene.wait("long").to_string();
    assert_eq!(why, "paused by ann@host: lunch");
    assert_eq!(scene.result(), Some(RunResult::Stopped));
}

#[test]
fn a_package_that_must_be_alone_waits_and_lets_wait() {
    let mut scene = three();
    scene.items[0].locks.alone = true;
    assert_eq!(scene.starts(), ["long"]);
    let mut scene = three();
    scene.items[1].locks.alone = true;
    assert_eq!(scene.starts(), ["long"]);
}

#[test]
fn tier_a_waits_for_every_answer_tier_b_for_manual_ones_tier_c_for_none() {
    let cases = [
        (Tier::A, StepState::Delegated, false),
        (Tier::A, StepState::Awaiting, false),
        (Tier::B, StepState::Delegated, true),
        (Tier::B, StepState::Awaiting, false),
        (Tier::C, StepState::Awaiting, true),
    ];
    for (tier, state, merges) in cases {
        let mut scene = Scene::new(&[("p", &[], 1)]);
        scene.verified("p", tier, state);
        assert_eq!(scene.merges(), merges, "{tier:?} {state:?}");
        if !merges {
            assert_eq!(scene.result(), Some(RunResult::Partial));
        }
        scene.answer("p", true);
        assert!(scene.merges(), "{tier:?} {state:?} answered");
        scene.answer("p", false);
        assert!(!scene.merges());
        let ends = |d: &Decision| {
            matches!(
                d,
                Decision::End {
                    reason: EndReason::Failed,
                    ..
                }
            )
        };
        assert!(scene.decide().iter().any(ends), "{tier:?} answered with no");
    }
}

#[test]
fn the_dead_are_adopted_and_the_living_are_waited_for() {
    let mut scene = Scene::new(&[("p", &[], 1)]);
    scene.hold("p");
    scene.observed.mine.clear();
    assert!(matches!(scene.wait("p"), Why::Held { .. }));
    assert_eq!(scene.result(), None, "a live holder is waited for");
    scene.observed.supervised.clear();
    assert!(matches!(scene.decide()[0], Decision::Adopt(_)));
    scene.observed.mine.insert(AttemptId::parse("p-1").unwrap());
    assert!(matches!(scene.decide()[0], Decision::Recover(_)));
}

#[test]
fn a_lease_of_an_outside_holder_runs_out_by_the_clock_alone_if_nobody_holds_its_lock() {
    let mut scene = Scene::new(&[("p", &[], 1)]);
    scene.hold("p");
    scene.observed.mine.clear();
    scene.observed.supervised.clear();
    let lease = |scene: &mut Scene, seconds| {
        for grant in scene.package("p").grants.values_mut() {
            grant.lease_seconds = Some(seconds);
            grant.by.at = Timestamp::from_millis(0);
        }
    };
    lease(&mut scene, 60);
    assert!(matches!(scene.wait("p"), Why::Held { .. }));
    assert_eq!(
        scene.result(),
        Some(RunResult::Partial),
        "nobody knows how long"
    );
    lease(&mut scene, 0);
    assert!(matches!(scene.decide()[0], Decision::Adopt(_)));
    scene
        .observed
        .supervised
        .insert(AttemptId::parse("p-1").unwrap());
    assert!(matches!(scene.wait("p"), Why::Held { .. }));
}

#[test]
fn a_stop_starts_nothing_and_waits_for_what_runs() {
    let mut scene = three();
    scene.hold("long");
    let attempt = AttemptId::parse("long-1").unwrap();
    scene.observed.in_flight.insert(Work::Run(attempt));
    scene.observed.stop = Stop::Soon;
    assert_eq!(scene.starts(), [""; 0]);
    assert_eq!(scene.result(), None);
    scene.observed.stop = Stop::Now;
    assert_eq!(scene.result(), Some(RunResult::Stopped));
}

#[test]
fn an_attempt_at_another_definition_is_superseded() {
    let mut scene = Scene::new(&[("p", &[], 1)]);
    scene.verified("p", Tier::A, StepState::Passed);
    scene.items[0].definition = ContentHash::of(b"new");
    let superseded = |d: &Decision| {
        matches!(
            d,
            Decision::End {
                reason: EndReason::Superseded,
                ..
            }
        )
    };
    assert!(scene.decide().iter().any(superseded));
    assert!(!scene.merges());
}

#[test]
fn a_status_says_why_down_to_the_cause() {
    let mut scene = three();
    scene.fail("long");
    scene.fail("long");
    let briefs: Vec<PackageBrief> = scene
        .items
        .iter()
        .map(|item| PackageBrief {
            id: item.id.clone(),
            after: item.after.clone(),
            retries: item.retries,
            gate: false,
            definition: None,
        })
        .collect();
    let standing = status::standing_of(&scene.view.features[&feature()], &briefs, None);
    let words: Vec<PackageStatus> = standing.packages.iter().map(|row| row.status).collect();
    assert_eq!(
        words,
        [
            PackageStatus::Ready,
            PackageStatus::Failed,
            PackageStatus::Blocked
        ]
    );
    let chain = standing.reasons(&id("last"));
    let chain: Vec<&str> = chain.iter().map(|(_, why)| why.as_str()).collect();
    assert_eq!(chain, ["blocked by `long`", "it broke"]);
}

#[test]
fn a_forecast_is_the_same_decisions_on_a_simulated_clock() {
    let mut scene = three();
    scene.merge("short");
    let agenda = Agenda::new(scene.items.clone());
    let answer = forecast(
        Question {
            feature: &feature(),
            view: &scene.view,
            agenda: &agenda,
            options: &scene.options,
            limits: scene.limits,
            by: &by(),
            tip: &oid('1'),
        },
        |package| if *package == id("long") { 30 } else { 20 },
    );
    let bars: Vec<(String, u64, u64)> = answer
        .bars
        .iter()
        .map(|bar| (bar.package.to_string(), bar.start, bar.end))
        .collect();
    assert_eq!(
        bars,
        [("long".to_owned(), 0, 30), ("last".to_owned(), 30, 50)]
    );
    assert_eq!((answer.minutes, answer.left.len()), (50, 0));
}

#[test]
fn less_than_the_required_tier_is_no_way_to_a_merge() {
    let mut scene = Scene::new(&[("p", &[], 1)]);
    scene.items[0].tier = Tier::A;
    scene.verified("p", Tier::C, StepState::Passed);
    let note = scene.decide().into_iter().find_map(|d| match d {
        Decision::End { note, .. } => Some(note),
        _ => None,
    });
    let note = note.unwrap();
    assert!(note.starts_with("VERIFICATION_INFEASIBLE"), "{note}");
    assert!(!scene.merges());
}

#[test]
fn a_failure_is_explained_by_the_gate_where_there_is_something_to_judge() {
    let ended = |tail: &str, violations: Option<Vec<GateViolation>>| {
        let mut scene = Scene::new(&[("p", &[], 1)]);
        let attempt = scene.hold("p");
        attempt.result = Some(AttemptResult {
            outcome: OutcomeKind::Failed,
            exit_code: Some(1),
            reason: "ended with exit code 1".to_owned(),
            tail: tail.to_owned(),
            ..result()
        });
        attempt
            .gates
            .extend(violations.map(|violations| GateVerdict {
                base: oid('1'),
                head: oid('5'),
                passed: violations.is_empty(),
                violations,
                commits: 1,
                at: by().at,
            }));
        let decisions = scene.decide();
        decisions.into_iter().find_map(|d| match d {
            Decision::End { reason, note, .. } => Some((reason, note)),
            _ => None,
        })
    };
    assert_eq!(ended("", None), None, "the gate comes first");
    let violation = GateViolation {
        path: Some("evil.txt".into()),
        rule: "not-allowed".to_owned(),
        detail: "adds it".to_owned(),
        commit: None,
        owner: None,
    };
    let because = |note: &str| Some((EndReason::Failed, note.to_owned()));
    assert_eq!(
        ended("bye\n", Some(vec![violation])),
        because("ended with exit code 1; refused at the gate: `evil.txt`: adds it [not-allowed]")
    );
    assert_eq!(
        ended("one\ntwo\n\n", Some(Vec::new())),
        because("ended with exit code 1: two")
    );
}
