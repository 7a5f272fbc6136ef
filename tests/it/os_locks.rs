//! Locks between processes: the kernel frees them, also after a kill.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use git_wp::os::{clock, lock};

const LONG: Duration = Duration::from_secs(60);
const REST: Duration = Duration::from_millis(5);

/// Another process that takes the lock and keeps it until it is killed.
fn holder(path: &Path) -> Child {
    let child = Command::new("flock")
        .args(["--no-fork", "--exclusive"])
        .arg(path)
        .args(["sleep", "300"])
        .spawn()
        .unwrap();
    let held = clock::poll(LONG, REST, || lock::is_held(path).unwrap().then_some(()));
    assert!(held.is_some(), "the other process never got the lock");
    child
}

#[test]
fn a_killed_holder_frees_its_lock_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    fs::write(&path, "").unwrap();
    let mut child = holder(&path);
    assert!(lock::try_lock(&path).unwrap().is_none());
    let error = lock::lock(&path, Duration::from_millis(20)).unwrap_err();
    assert_eq!(error.code(), "locked");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!lock::is_held(&path).unwrap());
    drop(lock::try_lock(&path).unwrap().unwrap());
}

#[test]
fn a_waiting_process_gets_the_lock_when_it_is_freed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    fs::write(&path, "").unwrap();
    let mut child = holder(&path);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| lock::lock(&path, LONG).map(drop));
        child.kill().unwrap();
        child.wait().unwrap();
        waiting.join().unwrap().unwrap();
    });
}

#[test]
fn a_lock_is_not_inherited_by_programs_that_are_started_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    let held = lock::try_lock(&path).unwrap().unwrap();
    let mut child = Command::new("sleep").arg("300").spawn().unwrap();
    drop(held);
    assert!(!lock::is_held(&path).unwrap());
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn sixteen_threads_take_turns() {
    let folder = tempfile::tempdir().unwrap();
    let (path, counter) = (folder.path().join("lock"), folder.path().join("counter"));
    fs::write(&counter, "0").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let _guard = lock::lock(&path, LONG).unwrap();
                    let count: u32 = fs::read_to_string(&counter).unwrap().parse().unwrap();
                    fs::write(&counter, (count + 1).to_string()).unwrap();
                }
            });
        }
    });
    assert_eq!(fs::read_to_string(&counter).unwrap(), "320");
}
