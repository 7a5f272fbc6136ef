//! Histories with a name: each was wrong once, or is one that people will ask about.

use std::rc::Rc;

use git_wp::base::{AttemptId, FeatureId, PackageId};
use git_wp::state::fold::Entry;
use git_wp::state::legible::illegible;
use git_wp::state::settle::{file, settle};
use git_wp::state::view::Problem;
use git_wp::state::{FeatureView, Op, PackageView, Refusal, View};

use super::moves::{Asked, FEATURES, Move};
use super::world::World;

const A: usize = 0;
const B: usize = 1;

fn two_clones() -> World {
    World::new(&[0, 0], 1, None)
}

impl World {
    fn does(&mut self, r: usize, asked: Asked) -> &mut Self {
        self.step(&Move::Ask(r, asked)).unwrap();
        self
    }

    fn syncs(&mut self, r: usize) -> &mut Self {
        self.sync(r).unwrap();
        self
    }

    fn ends(&mut self) -> &View {
        self.finish().unwrap();
        &self.authority.view
    }
}

fn feature(view: &View) -> &FeatureView {
    &view.features[&FeatureId::parse(FEATURES[0]).unwrap()]
}

fn package(view: &View) -> &PackageView {
    &feature(view).packages[&PackageId::parse("wp-api").unwrap()]
}

fn attempt(id: &str) -> AttemptId {
    AttemptId::parse(id).unwrap()
}

#[test]
fn a_claim_that_lost_is_superseded_and_its_facts_are_kept() {
    let mut world = two_clones();
    world
        .does(A, Asked::Claim(0, 1))
        .does(B, Asked::Claim(0, 1));
    world.does(A, Asked::Note(0, 0)).does(A, Asked::End(0, 0));
    world.syncs(B);
    let package = package(world.ends());
    assert_eq!(package.live().unwrap().attempt, attempt("a1x0"));
    let lost = &package.attempts[&attempt("a0x0")];
    assert!(lost.is_superseded());
    assert_eq!(lost.deviations.len(), 1);
}

#[test]
fn who_takes_over_its_own_hope_takes_nothing_from_another() {
    let mut world = two_clones();
    world
        .does(A, Asked::Claim(0, 1))
        .does(A, Asked::Steal(0, 1));
    world.does(B, Asked::Claim(0, 1)).syncs(B);
    let package = package(world.ends());
    assert_eq!(package.live().unwrap().attempt, attempt("a1x0"));
    assert_eq!(package.grants.len(), 1);
}

#[test]
fn a_lock_or_a_role_that_nobody_had_is_not_taken_over_from_who_has_it_by_then() {
    let mut world = two_clones();
    world
        .does(A, Asked::StealLock(0, 1))
        .does(A, Asked::Integrate(0, 0));
    world
        .does(B, Asked::Lock(0, 1))
        .does(B, Asked::Integrate(0, 1))
        .syncs(B);
    let view = world.ends();
    let (holder, _) = view.locks["flag:x"].live().unwrap();
    assert_eq!(holder.attempt, attempt("l1x0"));
    assert_eq!(feature(view).integrators.len(), 1);
}

#[test]
fn nothing_is_merged_on_a_role_that_is_not_confirmed() {
    let mut world = two_clones();
    world
        .does(A, Asked::Integrate(0, 1))
        .does(A, Asked::Claim(0, 1))
        .syncs(A);
    world.does(A, Asked::Land(0, 1)).syncs(A).syncs(B);
    world.does(B, Asked::Integrate(0, 0));
    let request = world.seen.values().next_back().unwrap().request.clone();
    let id = FeatureId::parse(FEATURES[0]).unwrap();
    for op in [
        Op::Landed {
            feature: id.clone(),
            n: 1,
        },
        Op::VoidLand {
            feature: id,
            n: 1,
            note: String::new(),
        },
    ] {
        let request = git_wp::state::Request {
            op,
            ..request.clone()
        };
        let filed = file(&world.replicas[B].shown, &request);
        assert!(
            matches!(filed, Err(Refusal::Provisional { .. })),
            "{filed:?}"
        );
    }
    // The landing that was under way is the new integrator's to end, and only its.
    world.does(A, Asked::Landed(0));
    world.syncs(B).does(B, Asked::Void(0)).syncs(B);
    let lands = &feature(world.ends()).lands;
    assert_eq!(lands[&1].state, git_wp::state::view::LandState::Void);
}

#[test]
fn a_lift_leaves_the_holds_that_its_asker_did_not_know_of() {
    let mut world = two_clones();
    world.does(A, Asked::Hold(0, 1)).syncs(A).syncs(B);
    world.does(A, Asked::Lift(0, 1));
    world.does(B, Asked::Hold(0, 5)).syncs(B);
    let holds = &feature(world.ends()).holds;
    assert_eq!(holds.len(), 1, "{holds:?}");
    assert_eq!(holds[0].n, 2);
}

#[test]
fn who_lost_its_package_leaves_no_lock_behind() {
    let mut world = two_clones();
    world.does(A, Asked::Claim(0, 1));
    world.ask(A, lock("flag:y", "a0x0")).unwrap();
    world.does(B, Asked::Claim(0, 1)).syncs(B);
    assert!(world.ends().locks["flag:y"].live().is_none());
}

#[test]
fn a_dead_holders_own_lock_does_not_protect_it_from_being_taken_over() {
    let mut world = two_clones();
    world.does(A, Asked::Claim(0, 1));
    world.ask(A, lock("src/api/a.rs", "a0x0")).unwrap();
    world.syncs(A).syncs(B).does(B, Asked::Steal(0, 1));
    let view = world.ends();
    assert_eq!(package(view).live().unwrap().attempt, attempt("a1x0"));
    assert!(view.locks["src/api/a.rs"].live().is_none());
}

#[test]
fn the_same_plan_published_on_two_machines_is_no_fork() {
    let mut world = two_clones();
    world
        .does(A, Asked::Publish(0, 1))
        .does(B, Asked::Publish(0, 1));
    assert_eq!(feature(world.ends()).plans.len(), 2);
}

#[test]
fn what_cannot_be_judged_waits_and_is_not_lost() {
    let mut world = two_clones();
    world.does(A, Asked::Claim(0, 1)).does(A, Asked::End(0, 1));
    let replica = &world.replicas[A];
    let mut view = View::clone(&replica.view);
    let room = git_wp::state::layout::FeatureRoom::of(&FeatureId::parse(FEATURES[0]).unwrap());
    view.problems.push(Problem {
        path: format!("{}/facts/final/x.json", room.path()),
        why: "it is broken".to_owned(),
    });
    let settled = settle(&view, &replica.me);
    assert_eq!((settled.rights.len(), settled.rulings.len()), (0, 0));
    assert_eq!(settled.waiting.len(), 2);
    let settled = settle(&replica.view, &replica.me);
    assert_eq!((settled.rulings.len(), settled.waiting.len()), (2, 0));
}

#[test]
fn a_request_in_a_room_that_it_is_not_about_is_reported() {
    let mut world = World::new(&[0, 0], 2, None);
    world.does(A, Asked::Claim(0, 1));
    let mut entries = world.replicas[A].tree.all();
    let at = entries
        .iter()
        .position(|e| e.path.contains("/requests/"))
        .unwrap();
    let [here, there] = [0, 1].map(|i| {
        let id = FeatureId::parse(FEATURES[i]).unwrap();
        git_wp::state::layout::FeatureRoom::of(&id)
    });
    let legible = |entry: &Entry| illegible(&entry.path, &entry.bytes).is_none();
    assert!(legible(&entries[at]));
    entries[at].path = entries[at].path.replace(here.path(), there.path());
    assert!(!legible(&entries[at]));
    let view = git_wp::state::fold::everything(&entries);
    assert_eq!(view.problems.len(), 1, "{:?}", view.problems);
    assert!(!view.has_pending());
}

#[test]
fn an_answer_that_got_lost_changes_nothing() {
    let mut world = two_clones();
    world.does(A, Asked::Claim(0, 1));
    world.step(&Move::Fetch(A)).unwrap();
    world.step(&Move::Prepare(A)).unwrap();
    world
        .step(&Move::Deliver(0, super::Fate::NoAnswer))
        .unwrap();
    let granted = Rc::clone(&world.authority);
    assert!(world.replicas[A].view.has_pending());
    world.ends();
    assert_eq!(granted.tree.digest, world.authority.tree.digest);
}

fn lock(key: &str, session: &str) -> Op {
    Op::LockAcquire {
        attempt: attempt("lock-of-it"),
        key: key.to_owned(),
        session: session.to_owned(),
        reason: None,
        ttl_minutes: 1,
        steal: None,
    }
}
