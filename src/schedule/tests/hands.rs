//! Who starts a package: chains, services that refuse, money and tokens.

use std::time::Duration;

use super::*;
use crate::model::{Account, Trouble, TroubleKind, Usage};
use crate::schedule::Purse;
use crate::schedule::hands::{Hand, dollars};
use crate::schedule::stage::{self, Stage};

fn hand(agent: &str, trust: u8) -> Hand {
    Hand {
        agent: agent.to_owned(),
        trust,
    }
}

fn trouble(minutes: Option<i64>) -> Trouble {
    let later = |minutes: i64| Timestamp::from_millis(by().at.millis() + minutes * 60_000);
    Trouble {
        kind: TroubleKind::Quota,
        text: "limit".to_owned(),
        resets_at: minutes.map(later),
    }
}

impl Scene {
    /// Which agent starts which package.
    fn agents(&self) -> Vec<String> {
        let decisions = self.decide();
        let starts = decisions.iter().filter_map(|d| match d {
            Decision::Start { package, agent, .. } => Some(format!("{package} {agent}")),
            _ => None,
        });
        starts.collect()
    }

    /// An attempt that ended because its agent was not served.
    fn refuse(&mut self, name: &str, agent: &str, trouble: Trouble) {
        let attempt = self.hold(name);
        attempt.attempt.agent = agent.to_owned();
        attempt.result = Some(AttemptResult {
            outcome: OutcomeKind::Unserved,
            account: Some(Account {
                trouble: Some(trouble),
                ..Account::default()
            }),
            ..result()
        });
        attempt.end = Some(End {
            epoch: 1,
            attempt: attempt.attempt.attempt.clone(),
            reason: EndReason::Unserved,
            note: "no quota".to_owned(),
            by: by(),
        });
    }

    fn spend(&mut self, name: &str, usage: Usage) {
        self.fail(name);
        let package = self.package(name);
        let last = package.attempts.values_mut().last().unwrap();
        last.result = Some(AttemptResult {
            account: Some(Account {
                usage,
                ..Account::default()
            }),
            ..result()
        });
    }
}

#[test]
fn an_attempt_that_was_refused_ends_as_that_and_uses_up_nothing() {
    let mut scene = three();
    scene.refuse("long", "tester", trouble(None));
    let attempt = scene.package("long").attempts.values_mut().last().unwrap();
    attempt.end = None;
    let reason = scene.decide().into_iter().find_map(|d| match d {
        Decision::End { reason, .. } => Some(reason),
        _ => None,
    });
    assert_eq!(reason, Some(EndReason::Unserved));
    for _ in 0..30 {
        scene.refuse("long", "tester", trouble(None));
    }
    let budget = stage::Budget {
        retries: 1,
        lost_max: 8,
        run: None,
        gate: false,
    };
    let found = stage::stage(scene.records(), &id("long"), budget);
    assert!(matches!(found, Stage::Idle { .. }), "{found:?}");
}

#[test]
fn nothing_more_starts_with_an_agent_that_is_refused() {
    let mut scene = three();
    let unserved = &mut scene.observed.unserved;
    unserved.insert("tester".to_owned(), trouble(None));
    assert_eq!(scene.agents(), [""; 0]);
    let why = scene.wait("long");
    assert_eq!(why.to_string(), "`tester` has no quota left");
    assert_eq!(scene.result(), Some(RunResult::Partial));
    // The others of its chain take over, if they are trusted enough.
    scene.options.hands.common = vec![hand("tester", 2), hand("low", 1), hand("other", 2)];
    assert_eq!(scene.agents(), ["long other", "short other"]);
    let own = vec![hand("third", 3)];
    scene.options.hands.own.insert(id("short"), own);
    assert_eq!(scene.agents(), ["long other", "short third"]);
}

#[test]
fn a_refusal_lasts_until_the_time_that_it_told() {
    let mut scene = three();
    scene.refuse("long", "tester", trouble(Some(30)));
    assert_eq!(
        scene.agents(),
        [""; 0],
        "also in a process that comes later"
    );
    let why = scene.wait("short").to_string();
    assert_eq!(
        why,
        "`tester` has no quota left until 1970-01-01 00:30:01 UTC"
    );
    assert_eq!(scene.result(), Some(RunResult::Partial));
    scene.limits.quota_wait = Duration::from_secs(29 * 60);
    assert_eq!(scene.result(), Some(RunResult::Partial));
    scene.limits.quota_wait = Duration::from_secs(30 * 60);
    assert_eq!(scene.result(), None, "it is waited for");

    let mut scene = three();
    scene.refuse("long", "tester", trouble(Some(0)));
    assert_eq!(scene.agents(), ["long tester", "short tester"]);
    scene.refuse("long", "another", trouble(Some(30)));
    assert_eq!(scene.agents(), ["long tester", "short tester"]);
}

#[test]
fn nothing_starts_once_everything_is_spent() {
    let usage = |tokens, cost| Usage {
        input: tokens,
        cost_micros: Some(cost),
        ..Usage::default()
    };
    let mut scene = three();
    scene.spend("long", usage(100, 1_250_000));
    assert_eq!(scene.starts(), ["long", "short"]);
    scene.options.purses.package.tokens = Some(100);
    assert_eq!(scene.starts(), ["short"]);
    let why = scene.wait("long").to_string();
    assert_eq!(why, "the package has 100 of 100 tokens used");
    scene.options.purses.run = Purse {
        cost_micros: Some(1_500_000),
        tokens: None,
    };
    assert_eq!(scene.starts(), ["short"]);
    scene.spend("short", usage(1, 250_000));
    let why = scene.wait("short").to_string();
    assert_eq!(why, "the run has $1.50 of $1.50 spent");
    assert_eq!(scene.result(), Some(RunResult::Partial));
    assert_eq!(dollars(1), "$0.01", "never less than it is");
}
