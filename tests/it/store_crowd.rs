//! Many writers at once: threads and processes, on one state.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use git_wp::git::Repo;
use git_wp::model::{Durability, Settings};
use git_wp::state::{Refusal, Request};
use git_wp::store::{Accepted, Damage, Load, Memory, Seat, Store};

use crate::support::state::{claim, end, feature, lock, publish, unlock};
use crate::support::{FORMATS, Scratch};

const PACKAGES: usize = 4;

fn open(path: &Path) -> Store {
    let settings = Settings {
        durability: Durability::Fast,
        ..Settings::default()
    };
    Store::open(&Repo::discover(path).unwrap(), &settings, Seat::Outside)
}

fn publish_all(store: &Store) {
    let blob = store.put_blob(b"plan").unwrap();
    let names: Vec<String> = (0..PACKAGES).map(|i| format!("p{i}")).collect();
    store
        .submit(vec![publish("t-publish", &blob, &names)])
        .unwrap();
}

/// Claims and releases packages that others want too; gives the transactions that were accepted.
fn work(store: &Store, name: &str, rounds: usize) -> Vec<String> {
    let mut accepted = Vec::new();
    work_and_tell(store, (name, rounds), &mut |txn| accepted.push(txn));
    accepted
}

/// The same, telling each transaction as soon as it is acknowledged.
fn work_and_tell(store: &Store, (name, rounds): (&str, usize), accepted: &mut dyn FnMut(String)) {
    let mut ask = |request: Request| -> Option<Refusal> {
        let txn = request.txn.to_string();
        match store.submit(vec![request]).unwrap().remove(0) {
            Ok(Accepted::Committed(_)) => accepted(txn),
            Ok(other) => panic!("{other:?}"),
            Err(refusal) => return Some(refusal),
        }
        None
    };
    for round in 0..rounds {
        let package = format!("p{}", round % PACKAGES);
        let (txn, aid) = (format!("t-{name}-{round}"), format!("a-{name}-{round}"));
        match ask(claim(&format!("{txn}c"), &package, &aid)) {
            None => {
                let view = store.view(&Load::Features(vec![feature()])).unwrap();
                let packages = &view.features[&feature()].packages;
                let id = crate::support::state::package(&package);
                let epoch = packages[&id].highest().unwrap().epoch;
                let refusal = ask(end(&format!("{txn}e"), (&package, &aid), epoch));
                assert_eq!(refusal, None);
            }
            Some(refusal) => assert_eq!(refusal.code(), "held"),
        }
        let key = format!("flag:x{}", round % 2);
        match ask(lock(&format!("{txn}l"), &key, name)) {
            None => assert_eq!(ask(unlock(&format!("{txn}u"), &key, name)), None),
            Some(refusal) => assert_eq!(refusal.code(), "held"),
        }
    }
}

/// Everything acknowledged is in the chain exactly once, nothing else is, and nobody ever held
/// what another held.
fn check(store: &Store, accepted: &[String]) {
    let mut found = transactions(store);
    assert!(found.remove("t-publish"));
    let expected: BTreeSet<String> = accepted.iter().cloned().collect();
    assert_eq!(found, expected);
    let view = store.view(&Load::All).unwrap();
    assert!(view.briefs[&feature()].live.is_empty());
    assert!(view.locks.values().all(|lock| lock.live().is_none()));
}

/// The transactions of the chain, each there once.
fn transactions(store: &Store) -> BTreeSet<String> {
    let changes = store.history(usize::MAX).unwrap();
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for change in &changes {
        *count.entry(change.txn.as_str()).or_default() += 1;
    }
    assert!(count.values().all(|n| *n == 1), "{count:?}");
    // Epochs without gaps and ends of everything but the highest are part of the fold.
    assert_eq!(store.view(&Load::All).unwrap().problems, []);
    count.into_keys().map(str::to_owned).collect()
}

#[test]
fn threads_on_one_memory_lose_nothing() {
    let memory = Memory::new();
    publish_all(&Store::in_memory(&memory));
    let accepted: Vec<String> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|i| {
                let memory = memory.clone();
                scope.spawn(move || work(&Store::in_memory(&memory), &format!("w{i}"), 10))
            })
            .collect();
        writers
            .into_iter()
            .flat_map(|w| w.join().unwrap())
            .collect()
    });
    check(&Store::in_memory(&memory), &accepted);
}

#[test]
fn threads_on_one_repository_lose_nothing() {
    for format in FORMATS {
        let scratch = Scratch::with_format(format);
        publish_all(&open(&scratch.path()));
        let path = scratch.path();
        let accepted: Vec<String> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..8)
                .map(|i| {
                    let path = path.clone();
                    scope.spawn(move || work(&open(&path), &format!("w{i}"), 2))
                })
                .collect();
            writers
                .into_iter()
                .flat_map(|w| w.join().unwrap())
                .collect()
        });
        check(&open(&path), &accepted);
        scratch.assert_sound();
    }
}

#[test]
fn processes_on_one_repository_lose_nothing() {
    let scratch = Scratch::new();
    publish_all(&open(&scratch.path()));
    let writers: Vec<_> = (0..16)
        .map(|i| writer(&scratch, &format!("w{i}")))
        .collect();
    let mut accepted = Vec::new();
    for writer in writers {
        let output = writer.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text
            .lines()
            .filter_map(|line| line.strip_prefix("accepted "));
        accepted.extend(lines.map(str::to_owned));
    }
    assert!(!accepted.is_empty());
    check(&open(&scratch.path()), &accepted);
    scratch.assert_sound();
}

/// Starts a process that works and tells on its standard output.
fn writer(scratch: &Scratch, name: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store_crowd::a_writer_process", "--nocapture"])
        .args(["--include-ignored", "--quiet"])
        .env("STORE_CROWD_PATH", scratch.path())
        .env("STORE_CROWD_NAME", name)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn killed_processes_lose_nothing_that_was_acknowledged() {
    for format in [FORMATS[0], FORMATS[2]] {
        let scratch = Scratch::with_format(format);
        publish_all(&open(&scratch.path()));
        let mut accepted = Vec::new();
        for wave in 0..3 {
            let names = (0..6).map(|i| format!("w{wave}{i}"));
            let writers: Vec<_> = names.map(|name| writer(&scratch, &name)).collect();
            let victims = writers.into_iter().enumerate().map(|(i, mut writer)| {
                std::thread::spawn(move || {
                    let output = BufReader::new(writer.stdout.take().unwrap());
                    let mut told = Vec::new();
                    for line in output.lines().map_while(Result::ok) {
                        told.extend(line.strip_prefix("accepted ").map(str::to_owned));
                        // Whatever it does at that moment, it does no more.
                        if told.len() == 1 + 2 * i {
                            writer.kill().unwrap();
                        }
                    }
                    writer.wait().unwrap();
                    told
                })
            });
            for victim in victims.collect::<Vec<_>>() {
                accepted.extend(victim.join().unwrap());
            }
            let store = open(&scratch.path());
            let damages = store.damages().unwrap();
            let serious = |d: &&Damage| !d.is_litter() && d.code() != "missing-object";
            assert_eq!(damages.iter().find(serious), None);
            let key = format!("flag:after-{wave}");
            let next = store.submit(vec![lock(&format!("t-after-{wave}"), &key, "s")]);
            next.unwrap().remove(0).unwrap();
        }
        let found = transactions(&open(&scratch.path()));
        for txn in &accepted {
            assert!(found.contains(txn), "{txn} was acknowledged and is gone");
        }
        assert!(accepted.len() > 12, "{accepted:?}");
        scratch.assert_sound();
    }
}

#[test]
#[ignore = "one of the processes of the tests above"]
#[expect(
    clippy::print_stdout,
    reason = "its parent reads what was acknowledged"
)]
fn a_writer_process() {
    let (Ok(path), Ok(name)) = (
        std::env::var("STORE_CROWD_PATH"),
        std::env::var("STORE_CROWD_NAME"),
    ) else {
        return;
    };
    let mut tell = |txn| println!("accepted {txn}");
    work_and_tell(&open(Path::new(&path)), (&name, 10), &mut tell);
}
