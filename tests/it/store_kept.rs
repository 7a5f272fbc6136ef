//! Locks and tasks that are kept between processes: never anything but what the records say.

use std::path::PathBuf;

use git_wp::base::TaskId;
use git_wp::model::{Durability, Settings};
use git_wp::state::asked::{TaskClaiming, TaskOp};
use git_wp::state::record::{Requirements, Task};
use git_wp::state::{Op, View};
use git_wp::store::{Load, Seat, Store};

use crate::support::Scratch;
use crate::support::state::{attempt, by, lock, request, unlock};

/// A repository with many locks and tasks, some of them taken.
fn crowded() -> Scratch {
    let scratch = Scratch::new();
    let store = open(&scratch);
    let mut requests = Vec::new();
    for i in 0..40 {
        let (key, session) = (format!("src/{i}.rs"), format!("s{}", i % 3));
        requests.push(lock(&format!("l{i}"), &key, &session));
        requests.push(submit(i));
    }
    for i in 0..10 {
        requests.push(claim(i));
        requests.push(unlock(
            &format!("u{i}"),
            &format!("src/{i}.rs"),
            &format!("s{}", i % 3),
        ));
    }
    for outcome in store.submit(requests).unwrap() {
        outcome.unwrap();
    }
    scratch
}

fn submit(i: usize) -> git_wp::state::Request {
    let task = Task {
        id: TaskId::parse(&format!("t-{i}")).unwrap(),
        kind: "test".to_owned(),
        description: format!("do {i}"),
        input: None,
        priority: 5,
        after: Vec::new(),
        needs: Requirements {
            archetype: None,
            min_trust: 0,
        },
        feature: None,
        deadline: None,
        agent: None,
        by: by(),
    };
    request(&format!("s{i}"), Op::Task(Box::new(TaskOp::Submit(task))))
}

fn claim(i: usize) -> git_wp::state::Request {
    let claiming = TaskClaiming {
        attempt: attempt(&format!("c{i}")),
        task: None,
        session: format!("s{i}"),
        agent: "ann".to_owned(),
        archetypes: Vec::new(),
        trust: 2,
        kinds: Vec::new(),
        lease_seconds: 60,
        lost: Vec::new(),
    };
    request(
        &format!("c{i}"),
        Op::Task(Box::new(TaskOp::Claim(claiming))),
    )
}

fn open(scratch: &Scratch) -> Store {
    let settings = Settings {
        durability: Durability::Off,
        ..Settings::default()
    };
    Store::open(&scratch.repo(), &settings, Seat::Outside)
}

fn seen(scratch: &Scratch) -> View {
    View::clone(&open(scratch).view(&Load::All).unwrap())
}

fn file(scratch: &Scratch) -> PathBuf {
    scratch.repo().wp_dir().join("cache/rooms")
}

#[test]
fn what_is_kept_is_what_the_records_say() {
    let scratch = crowded();
    let read = seen(&scratch);
    assert_eq!((read.locks.len(), read.tasks.len()), (40, 40));
    let kept = std::fs::read(file(&scratch)).unwrap();
    assert_eq!(seen(&scratch), read);
    // Nothing changed, so nobody wrote it anew.
    assert_eq!(std::fs::read(file(&scratch)).unwrap(), kept);
}

#[test]
fn what_changed_since_is_read() {
    let scratch = crowded();
    seen(&scratch);
    let store = open(&scratch);
    let changes = vec![
        lock("n1", "src/new.rs", "s9"),
        lock("n2", "src/0.rs", "s9"),
        claim(30),
    ];
    for outcome in store.submit(changes).unwrap() {
        outcome.unwrap();
    }
    let with = seen(&scratch);
    assert_eq!(with, View::clone(&store.view(&Load::All).unwrap()));
    assert!(with.locks["src/new.rs"].live().is_some());
    std::fs::remove_file(file(&scratch)).unwrap();
    assert_eq!(seen(&scratch), with);
}

#[test]
fn a_kept_file_that_is_damaged_or_of_another_state_does_no_harm() {
    let scratch = crowded();
    let read = seen(&scratch);
    let kept = std::fs::read_to_string(file(&scratch)).unwrap();
    let other = crowded();
    seen(&other);
    for rubbish in [
        String::new(),
        "1 0.0.0\n{}".to_owned(),
        kept[..kept.len() / 2].to_owned(),
        kept.replace("\"rooms\"", "\"roms\""),
        std::fs::read_to_string(file(&other)).unwrap(),
    ] {
        std::fs::write(file(&scratch), &rubbish).unwrap();
        assert_eq!(seen(&scratch), read, "{rubbish:.60}");
    }
}

#[test]
fn a_state_that_was_moved_back_forgets_what_is_kept() {
    let scratch = crowded();
    let before = seen(&scratch);
    let old = scratch.git(&["rev-parse", "refs/wp/state"]);
    let store = open(&scratch);
    for i in 0..20 {
        let key = format!("later/{i}.rs");
        let outcome = store.submit(vec![lock(&format!("x{i}"), &key, "s1")]);
        outcome.unwrap().remove(0).unwrap();
    }
    assert_eq!(seen(&scratch).locks.len(), 60);
    scratch.git(&["update-ref", "refs/wp/state", old.trim()]);
    std::fs::remove_file(scratch.repo().wp_dir().join("journal")).unwrap();
    assert_eq!(seen(&scratch), before);
}
