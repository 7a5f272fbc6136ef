//! The same plan seen by processes with different duties, and by clones of one authority.

use std::time::Duration;

use super::*;
use crate::schedule::input::{IntegratorSeen, LandSeen};
use crate::schedule::why::{Merger, Until};
use crate::state::record::{Land, RunStarted};
use crate::state::view::{LandState, LandView, RunView};

fn attempt(name: &str) -> AttemptId {
    AttemptId::parse(name).unwrap()
}

impl Scene {
    fn with(mut self, duties: Duties) -> Self {
        self.options.duties = duties;
        let started = RunStarted {
            run: run_id(),
            plan: ContentHash::of(b"plan"),
            base: oid('1'),
            branch: RefName::parse("refs/heads/feature/f").unwrap(),
            integration: RefName::parse("refs/wp/integration/f").unwrap(),
            options: std::collections::BTreeMap::new(),
            degraded: Vec::new(),
            by: by(),
        };
        let ended = None;
        let run = RunView { started, ended };
        self.records().runs.insert(run_id(), run);
        self
    }

    fn green(&mut self, name: &str) {
        self.verified(name, Tier::C, StepState::Passed);
    }

    fn not_mine(&mut self) {
        self.observed.mine.clear();
    }

    /// Another clone made every grant.
    fn foreign(&mut self, name: &str) {
        self.not_mine();
        self.observed.supervised.clear();
        for grant in self.package(name).grants.values_mut() {
            grant.by.actor = ActorId::parse("other").unwrap();
            grant.by.label = "bob@far".to_owned();
        }
    }

    fn landing(&mut self) {
        let land = Land {
            n: 1,
            attempts: Vec::new(),
            branch: RefName::parse("refs/wp/integration/f").unwrap(),
            old: oid('1'),
            new: oid('7'),
            by: by(),
        };
        let state = LandState::Open;
        self.records().lands.insert(1, LandView { land, state });
        self.observed.land = Some(LandSeen::AtOld);
    }

    fn elsewhere(&mut self, expired: bool) {
        self.observed.integrator = IntegratorSeen::Elsewhere {
            who: "bob@far".to_owned(),
            epoch: 4,
            expired,
        };
    }

    fn asks(&self) -> Option<Option<u32>> {
        self.decide().iter().find_map(|d| match d {
            Decision::Integrate { steal } => Some(*steal),
            _ => None,
        })
    }

    fn swaps(&self) -> bool {
        let decisions = self.decide();
        decisions.iter().any(|d| matches!(d, Decision::Swap(_)))
    }
}

#[test]
fn who_only_integrates_starts_nothing_and_waits_for_workers() {
    let mut scene = three().with(Duties::Integrate);
    scene.options.hands = Hands::one("tester", 0);
    assert_eq!(scene.starts(), Vec::<String>::new());
    assert_eq!(scene.wait("long"), Why::ForWorkers);
    assert_eq!(scene.result(), None);
    // Somebody who claimed from outside is what it waits for, too.
    scene.hold("long");
    scene.not_mine();
    scene.observed.supervised.clear();
    for grant in scene.package("long").grants.values_mut() {
        grant.lease_seconds = Some(3600);
    }
    scene.fail("short");
    scene.fail("short");
    assert!(matches!(scene.wait("long"), Why::Held { .. }));
    assert_eq!(scene.result(), None);
}

#[test]
fn what_another_process_holds_is_merged_once_it_is_green() {
    for duties in [Duties::All, Duties::Integrate] {
        let mut scene = Scene::new(&[("p", &[], 1)]).with(duties);
        scene.hold("p");
        scene.not_mine();
        assert!(!scene.merges());
        let mut scene = Scene::new(&[("p", &[], 1)]).with(duties);
        scene.green("p");
        scene.not_mine();
        assert!(scene.merges(), "{duties:?}");
        scene.items[0].definition = ContentHash::of(b"other");
        assert!(!scene.merges(), "what the plan says otherwise now");
    }
}

#[test]
fn a_worker_merges_and_ends_nothing() {
    let mut scene = three().with(Duties::Work);
    assert_eq!(scene.starts(), ["long", "short"]);
    scene.green("long");
    assert!(!scene.merges());
    let by = Merger::Nobody;
    assert_eq!(scene.wait("long"), Why::Unmerged { by });
    scene.landing();
    assert!(!scene.swaps());
    let mut done = Scene::new(&[("p", &[], 1)]).with(Duties::Work);
    done.merge("p");
    assert_eq!(done.result(), Some(RunResult::Partial), "no final check");
    let checks = done.decide();
    assert!(!checks.iter().any(|d| d.work().is_some()), "{checks:?}");
}

#[test]
fn a_worker_stays_as_long_as_somebody_merges_and_a_little_longer() {
    let mut scene = Scene::new(&[("p", &[], 1), ("q", &["p"], 1)]).with(Duties::Work);
    scene.options.stay = Stay::Patient(Duration::from_secs(60));
    scene.green("p");
    scene.observed.quiet = Duration::from_secs(59);
    assert_eq!(scene.result(), None);
    scene.observed.quiet = Duration::from_secs(60);
    assert_eq!(scene.result(), Some(RunResult::Partial));
    scene.observed.integrating = true;
    assert_eq!(scene.result(), None, "there will be more");
    scene.options.stay = Stay::Once;
    assert_eq!(scene.result(), Some(RunResult::Partial));
}

#[test]
fn two_workers_that_wait_for_a_person_do_not_wait_for_each_other() {
    let mut scene = Scene::new(&[("p", &[], 1), ("q", &[], 1)]).with(Duties::Work);
    scene.verified("p", Tier::A, StepState::Awaiting);
    scene.not_mine();
    scene.verified("q", Tier::A, StepState::Awaiting);
    scene.observed.mine.remove(&attempt("p-1"));
    assert!(matches!(scene.wait("p"), Why::Unanswered(_)));
    assert_eq!(scene.result(), Some(RunResult::Partial));
}

#[test]
fn a_worker_leaves_a_run_that_is_over() {
    let mut scene = three().with(Duties::Work);
    scene.records().runs.clear();
    assert_eq!(scene.wait("long"), Why::RunOver);
    assert_eq!(scene.result(), Some(RunResult::Partial));
    scene.hold("long");
    scene.not_mine();
    scene.observed.supervised.clear();
    assert!(
        matches!(scene.wait("long"), Why::Held { .. }),
        "not adopted"
    );
}

#[test]
fn a_worker_rescues_what_another_left_but_not_what_is_done() {
    let mut scene = Scene::new(&[("p", &[], 1)]).with(Duties::Work);
    scene.hold("p");
    scene.not_mine();
    scene.observed.supervised.clear();
    assert!(matches!(scene.decide()[0], Decision::Adopt(_)));
    let mut scene = Scene::new(&[("p", &[], 1)]).with(Duties::Work);
    scene.green("p");
    scene.not_mine();
    scene.observed.supervised.clear();
    assert!(matches!(scene.wait("p"), Why::Unmerged { .. }));
    scene.options.duties = Duties::Integrate;
    assert!(matches!(scene.decide()[0], Decision::Adopt(_)));
}

#[test]
fn places_of_other_features_count() {
    let mut scene = three().with(Duties::Work);
    scene.observed.elsewhere = 1;
    assert_eq!(scene.starts(), ["long"]);
    scene.observed.elsewhere = 2;
    assert_eq!(scene.wait("long"), Why::Places);
    assert_eq!(scene.result(), None);
}

#[test]
fn what_another_clone_holds_is_waited_for_until_it_is_gone() {
    let mut scene = Scene::new(&[("p", &[], 1)]).with(Duties::All);
    scene.observed.integrator = IntegratorSeen::Mine;
    scene.hold("p");
    scene.foreign("p");
    let until = Until::ItEnds;
    assert!(matches!(scene.wait("p"), Why::Held { until: u, .. } if u == until));
    // Not even a lease that ran out lets this clone adopt what stands on another machine.
    for grant in scene.package("p").grants.values_mut() {
        grant.lease_seconds = Some(0);
        grant.by.at = Timestamp::from_millis(0);
    }
    assert!(matches!(scene.wait("p"), Why::Held { .. }));
    scene.observed.expired.insert(attempt("p-1"));
    let expired = |d: &Decision| {
        let reason = EndReason::Expired;
        matches!(d, Decision::End { reason: r, .. } if *r == reason)
    };
    assert!(scene.decide().iter().any(expired));
    let mut green = Scene::new(&[("p", &[], 1)]).with(Duties::All);
    green.observed.integrator = IntegratorSeen::Mine;
    green.green("p");
    green.foreign("p");
    green.observed.expired.insert(attempt("p-1"));
    assert!(green.merges(), "its work is done and safe");
    green.view.tentative.grants.insert(attempt("p-1"));
    assert!(!green.merges(), "nobody confirmed that it held the package");
}

#[test]
fn only_one_clone_merges_and_another_takes_over_from_the_dead() {
    let mut scene = Scene::new(&[("p", &[], 1)]).with(Duties::All);
    scene.green("p");
    scene.landing();
    scene.observed.integrator = IntegratorSeen::Free;
    assert_eq!(scene.asks(), Some(None));
    assert!(!scene.swaps());
    scene.observed.integrator = IntegratorSeen::Asked;
    assert_eq!(scene.asks(), None);
    assert!(!scene.swaps());
    scene.elsewhere(false);
    assert_eq!(scene.asks(), None);
    assert!(!scene.swaps());
    assert_eq!(scene.result(), None, "somebody merges");
    scene.elsewhere(true);
    assert_eq!(scene.asks(), Some(Some(4)));
    scene.observed.integrator = IntegratorSeen::Mine;
    assert!(scene.swaps());
    scene.view.tentative.lands.insert((feature(), 1));
    assert!(!scene.swaps(), "not before it is confirmed");
    scene.options.duties = Duties::Work;
    scene.observed.integrator = IntegratorSeen::Free;
    assert_eq!(scene.asks(), None);
}
