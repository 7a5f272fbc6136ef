//! How the next attempt begins: afresh, with work that was cut short, or as a debugger.

use super::*;
use crate::model::Deviation;
use crate::schedule::begin::Earlier;
use crate::schedule::{Beginning, Hand};

/// Where a verification is red.
enum At {
    Head,
    Merge,
}

impl Scene {
    /// An attempt whose work was allowed and whose verification failed.
    fn red(&mut self, name: &str, at: At) -> &mut AttemptView {
        self.verified(name, Tier::C, StepState::Passed);
        if let At::Merge = at {
            let attempt = self.last(name);
            let mut fact = attempt.evidence[0].clone();
            (fact.evidence.tree, fact.merged) = (oid('9'), true);
            attempt.evidence.push(fact);
        }
        let attempt = self.last(name);
        let fact = attempt.evidence.last_mut().unwrap();
        fact.evidence.steps[0].state = StepState::Failed;
        self.over(name, EndReason::Failed)
    }

    fn last(&mut self, name: &str) -> &mut AttemptView {
        let attempts = self.package(name).attempts.values_mut();
        attempts.max_by_key(|a| a.attempt.number).unwrap()
    }

    fn over(&mut self, name: &str, reason: EndReason) -> &mut AttemptView {
        let attempt = self.last(name);
        attempt.end = Some(End {
            epoch: 1,
            attempt: attempt.attempt.attempt.clone(),
            reason,
            note: "it broke".to_owned(),
            by: by(),
        });
        attempt
    }

    fn begins(&self) -> (String, Beginning) {
        let decisions = self.decide();
        let mut starts = decisions.into_iter().filter_map(|d| match d {
            Decision::Start {
                agent, beginning, ..
            } => Some((agent, beginning)),
            _ => None,
        });
        starts.next().expect("the package starts")
    }
}

fn scene() -> Scene {
    let mut scene = Scene::new(&[("a", &[], 10)]);
    scene.items[0].retries = 9;
    scene
}

fn afresh() -> Beginning {
    Beginning::default()
}

fn debug(with: Option<(&str, char)>) -> Beginning {
    Beginning {
        mode: Mode::Debug,
        with: with.map(|(attempt, base)| Earlier {
            attempt: AttemptId::parse(attempt).unwrap(),
            base: oid(base),
        }),
    }
}

#[test]
fn red_work_is_repaired_on_the_commit_that_it_grew_from() {
    let mut scene = scene();
    assert_eq!(scene.begins().1, afresh());
    scene.red("a", At::Head);
    scene.observed.tip = Some(oid('7'));
    assert_eq!(scene.begins().1, debug(Some(("a-1", '1'))));
}

#[test]
fn work_that_is_red_once_merged_is_repaired_on_the_tip() {
    let mut scene = scene();
    scene.red("a", At::Merge);
    scene.observed.tip = Some(oid('7'));
    assert_eq!(scene.begins().1, debug(Some(("a-1", '7'))));
}

#[test]
fn what_the_gate_refused_is_neither_repaired_nor_gone_on_with() {
    let mut scene = scene();
    scene.red("a", At::Head);
    let attempt = scene.last("a");
    attempt.gates[0].passed = false;
    assert_eq!(scene.begins().1, afresh());
    // Also not if an agent fails by itself, or a person ends it.
    scene.fail("a");
    assert_eq!(scene.begins().1, afresh());
}

#[test]
fn a_debugger_goes_on_where_the_last_one_failed_and_a_loss_changes_nothing() {
    let mut scene = scene();
    scene.red("a", At::Head);
    scene.hold("a").attempt.mode = Mode::Debug;
    scene.over("a", EndReason::Lost);
    assert_eq!(scene.begins().1, debug(Some(("a-1", '1'))));
    scene.red("a", At::Head).attempt.mode = Mode::Debug;
    assert_eq!(scene.begins().1, debug(Some(("a-3", '1'))));
}

#[test]
fn a_debugger_that_was_cut_short_is_gone_on_with() {
    let mut scene = scene();
    scene.red("a", At::Head);
    let attempt = scene.hold("a");
    attempt.attempt.agent = "tester".to_owned();
    attempt.attempt.mode = Mode::Debug;
    attempt.attempt.base = oid('4');
    attempt.result = Some(result());
    scene.over("a", EndReason::Unserved);
    assert_eq!(scene.begins().1, debug(Some(("a-2", '4'))));
}

#[test]
fn work_that_is_not_at_hand_is_repaired_from_the_tip() {
    type Bend = fn(&mut AttemptView);
    let away: [Bend; 3] = [
        |a| a.attempt.by.actor = ActorId::parse("other").unwrap(),
        |a| a.attempt.definition = ContentHash::of(b"before"),
        |a| {
            a.deviations.push(Deviation {
                kind: Deviation::SCOPE_GRANTED.to_owned(),
                detail: String::new(),
                paths: Vec::new(),
                at: by().at,
            });
        },
    ];
    for bend in away {
        let mut scene = scene();
        bend(scene.red("a", At::Head));
        assert_eq!(scene.begins().1, debug(None));
    }
}

#[test]
fn who_runs_again_gets_a_new_attempt_and_no_debugger() {
    let mut scene = scene();
    scene.red("a", At::Head).attempt.run = Some(TxnId::parse("before").unwrap());
    assert_eq!(scene.begins().1, afresh());
}

#[test]
fn debuggers_count_against_the_budget_and_may_be_others() {
    let mut scene = scene();
    scene.items[0].retries = 1;
    scene.options.hands.debug = vec![Hand {
        agent: "doctor".to_owned(),
        trust: 2,
    }];
    assert_eq!(scene.begins().0, "tester");
    scene.red("a", At::Head);
    assert_eq!(scene.begins().0, "doctor");
    scene.red("a", At::Head).attempt.mode = Mode::Debug;
    assert_eq!(scene.starts(), [""; 0]);
    assert_eq!(scene.result(), Some(RunResult::Failed));
}
