//! A damaged state is noticed, named, and repaired where that is provably safe.

use std::path::Path;

use git_wp::base::Kind;
use git_wp::model::{Durability, Settings};
use git_wp::store::{Damage, Load, Seat, Store};

use crate::support::state::{claim, end, feature, package, publish};
use crate::support::{FORMATS, Scratch, git_command};

const REF: &str = "refs/wp/state";

fn open(scratch: &Scratch) -> Store {
    let settings = Settings {
        durability: Durability::Full,
        ..Settings::default()
    };
    Store::open(&scratch.repo(), &settings, Seat::Outside)
}

/// A state with a few commits.
fn grown(scratch: &Scratch) -> Store {
    let store = open(scratch);
    let blob = store.put_blob(b"plan").unwrap();
    let names = ["p", "q"].map(str::to_owned);
    for request in [
        publish("t-publish", &blob, &names),
        claim("t1", "p", "a1"),
        end("t2", ("p", "a1"), 1),
        claim("t3", "p", "a2"),
    ] {
        store.submit(vec![request]).unwrap().remove(0).unwrap();
    }
    store
}

fn codes(store: &Store) -> Vec<&'static str> {
    let damages = store.damages().unwrap();
    // The records of these tests name commits that were never made.
    let mut codes: Vec<_> = damages.iter().map(Damage::code).collect();
    codes.retain(|code| *code != "missing-object");
    codes
}

fn fix_all(store: &Store) -> usize {
    let damages = store.damages().unwrap();
    let fixable = damages.iter().filter(|d| d.is_fixable());
    fixable.filter(|d| store.fix(d).unwrap()).count()
}

/// Puts a file into the state behind the program's back, in a commit of its own.
fn plant(scratch: &Scratch, path: &str, content: &str) {
    scratch.write("planted", content);
    let blob = scratch.git(&["hash-object", "-w", "planted"]);
    let index = scratch.beside("index");
    let run = |args: &[&str]| {
        let mut command = git_command(&scratch.path());
        let output = command
            .env("GIT_INDEX_FILE", &index)
            .args(args)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    run(&["read-tree", REF]);
    run(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("100644,{blob},{path}"),
    ]);
    let tree = run(&["write-tree"]);
    let commit = run(&["commit-tree", &tree, "-p", REF, "-m", "planted"]);
    scratch.git(&["update-ref", REF, &commit]);
    std::fs::remove_file(scratch.path().join("planted")).unwrap();
}

#[test]
fn a_ref_that_was_deleted_or_moved_is_noticed_and_put_back() {
    for format in FORMATS {
        let scratch = Scratch::with_format(format);
        let store = grown(&scratch);
        let tip = store.tip().unwrap().unwrap();
        let view = store.view(&Load::All).unwrap();
        assert_eq!(codes(&store), Vec::<&str>::new());
        let back = scratch.git(&["rev-parse", &format!("{REF}~1")]);
        for (change, code) in [
            (vec!["update-ref", "-d", REF], "state-lost"),
            (vec!["update-ref", REF, &back], "state-moved"),
            (vec!["update-ref", REF, "main"], "state-moved"),
        ] {
            scratch.git(&change);
            let store = open(&scratch);
            let error = store.view(&Load::Briefs).unwrap_err();
            assert_eq!((error.kind(), error.code()), (Kind::Damaged, code));
            let error = store.submit(vec![claim("t9", "q", "a9")]).unwrap_err();
            assert_eq!((error.kind(), error.code()), (Kind::Damaged, code));
            assert!(codes(&store).contains(&code), "{:?}", codes(&store));
            assert!(fix_all(&store) > 0);
            assert_eq!(fix_all(&store), 0, "repairing twice changes nothing");
            assert_eq!(codes(&store), Vec::<&str>::new());
            assert_eq!(store.tip().unwrap().as_ref(), Some(&tip));
            assert_eq!(open(&scratch).view(&Load::All).unwrap(), view);
        }
        scratch.assert_sound();
    }
}

#[test]
fn what_was_written_after_a_ref_was_moved_back_is_never_overwritten() {
    let scratch = Scratch::new();
    let store = grown(&scratch);
    scratch.git(&["update-ref", REF, &format!("{REF}~2")]);
    std::fs::rename(
        scratch.path().join(".git/wp/journal"),
        scratch.beside("journal"),
    )
    .unwrap();
    let other = open(&scratch);
    other
        .submit(vec![claim("t4", "p", "b1")])
        .unwrap()
        .remove(0)
        .unwrap_err();
    other
        .submit(vec![claim("t5", "q", "b2")])
        .unwrap()
        .remove(0)
        .unwrap();
    drop((store, other));
    std::fs::rename(
        scratch.beside("journal"),
        scratch.path().join(".git/wp/journal"),
    )
    .unwrap();
    let store = open(&scratch);
    assert_eq!(codes(&store), ["state-moved"]);
    let damages = store.damages().unwrap();
    let moved = damages.iter().find(|d| d.code() == "state-moved").unwrap();
    assert_eq!(store.fix(moved).unwrap_err().code(), "unfixable");
}

#[test]
fn a_state_from_elsewhere_is_adopted_and_something_else_is_not() {
    let scratch = Scratch::new();
    grown(&scratch);
    std::fs::remove_dir_all(scratch.path().join(".git/wp")).unwrap();
    let store = open(&scratch);
    assert!(store.view(&Load::Briefs).unwrap().problems.is_empty());
    store
        .submit(vec![claim("t4", "q", "a4")])
        .unwrap()
        .remove(0)
        .unwrap();
    let again = store
        .submit(vec![claim("t3", "p", "a2")])
        .unwrap()
        .remove(0);
    assert!(
        again.is_ok(),
        "an old transaction is found in the chain: {again:?}"
    );

    let scratch = Scratch::new();
    scratch.git(&["update-ref", REF, "main"]);
    let store = open(&scratch);
    let blob = store.put_blob(b"plan").unwrap();
    let refused = store
        .submit(vec![publish("t1", &blob, &["p".to_owned()])])
        .unwrap();
    assert_eq!(refused[0].as_ref().unwrap_err().code(), "damaged");
    assert!(codes(&store).contains(&"no-state"));
}

#[test]
fn a_damaged_record_stops_writes_of_its_feature_and_is_named() {
    for format in FORMATS {
        let scratch = Scratch::with_format(format);
        let store = grown(&scratch);
        let view = store.view(&Load::All).unwrap();
        let authority = &view.authority.as_ref().unwrap().id;
        let room = git_wp::state::layout::PackageRoom::of(
            &git_wp::state::layout::FeatureRoom::of(&feature()),
            &package("q"),
        );
        plant(&scratch, &room.grant(authority, 1), "{\"epoch\": 1}\n");
        let view = store.view(&Load::All).unwrap();
        assert_eq!(view.problems.len(), 1, "{:?}", view.problems);
        assert!(view.problems[0].path.ends_with("grant-1.json"));
        let refused = store
            .submit(vec![claim("t8", "p", "a8")])
            .unwrap()
            .remove(0);
        assert_eq!(refused.unwrap_err().code(), "damaged");
        assert_eq!(codes(&store), ["record"]);
        assert_eq!(codes(&open(&scratch)), ["record"]);
        scratch.assert_sound();
    }
}

#[test]
fn a_foreign_file_is_reported_and_stops_nobody() {
    let scratch = Scratch::new();
    let store = grown(&scratch);
    plant(&scratch, "README", "hello\n");
    assert_eq!(codes(&store), ["record"]);
    store
        .submit(vec![claim("t8", "q", "a8")])
        .unwrap()
        .remove(0)
        .unwrap();
}

#[test]
fn a_newer_format_is_read_only() {
    let scratch = Scratch::new();
    grown(&scratch);
    plant(&scratch, "meta/format.json", "{\"v\":2}\n");
    let store = open(&scratch);
    assert_eq!(store.view(&Load::Briefs).unwrap().format, 2);
    let refused = store
        .submit(vec![claim("t8", "q", "a8")])
        .unwrap()
        .remove(0);
    let refusal = refused.unwrap_err();
    assert!(refusal.to_string().contains("format 2"), "{refusal}");
    assert!(codes(&store).contains(&"newer-format"));
}

#[test]
fn a_lost_object_is_named() {
    let scratch = Scratch::new();
    grown(&scratch);
    let list = scratch.git(&["ls-tree", "-r", REF]);
    let line = list.lines().find(|l| l.ends_with("grant-2.json")).unwrap();
    let oid = line.split([' ', '\t']).nth(2).unwrap();
    let path = format!(".git/objects/{}/{}", &oid[..2], &oid[2..]);
    std::fs::remove_file(scratch.path().join(path)).unwrap();
    let store = open(&scratch);
    let damages = store.damages().unwrap();
    let is_lost = |d: &Damage| matches!(d, Damage::Object { path: Some(p), .. } if p.ends_with("grant-2.json"));
    assert!(damages.iter().any(is_lost), "{damages:?}");
    assert!(!codes(&store).contains(&"record"), "one damage, one word");
    let refused = store
        .submit(vec![claim("t8", "q", "a8")])
        .unwrap()
        .remove(0);
    assert_eq!(refused.unwrap_err().code(), "damaged");
}

#[test]
fn dead_requests_and_stale_locks_are_in_nobodys_way() {
    let scratch = Scratch::new();
    let store = grown(&scratch);
    let spool = scratch.path().join(".git/wp/spool");
    std::fs::create_dir_all(&spool).unwrap();
    std::fs::write(spool.join("t77.req"), "{}").unwrap();
    assert_eq!(codes(&store), ["dead-request"]);
    assert_eq!(fix_all(&store), 1);
    assert_eq!(fix_all(&store), 0);
    std::fs::write(spool.join("t77.req"), "{}").unwrap();
    let lock = scratch.path().join(".git/refs/wp/state.lock");
    std::fs::write(&lock, "").unwrap();
    make_old(&lock);
    assert_eq!(codes(&store), ["stale-ref-lock", "dead-request"]);
    store
        .submit(vec![claim("t8", "q", "a8")])
        .unwrap()
        .remove(0)
        .unwrap();
    assert_eq!(codes(&store), Vec::<&str>::new());
}

#[test]
fn a_ref_lock_left_this_moment_is_waited_out() {
    for (format, lock) in [
        (FORMATS[0], ".git/refs/wp/state.lock"),
        (FORMATS[2], ".git/reftable/tables.list.lock"),
    ] {
        let scratch = Scratch::with_format(format);
        let store = grown(&scratch);
        std::fs::write(scratch.path().join(lock), "").unwrap();
        store
            .submit(vec![claim("t8", "q", "a8")])
            .unwrap()
            .remove(0)
            .unwrap();
    }
}

fn make_old(path: &Path) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    let then = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    file.set_modified(then).unwrap();
}

#[test]
fn reading_writes_nothing_but_the_cache() {
    let scratch = Scratch::new();
    grown(&scratch);
    let before = snapshot(&scratch);
    let store = open(&scratch);
    store.view(&Load::Briefs).unwrap();
    store.view(&Load::All).unwrap();
    store.history(10).unwrap();
    store.damages().unwrap();
    assert_eq!(snapshot(&scratch), before);
}

fn snapshot(scratch: &Scratch) -> Vec<(String, u64, std::time::SystemTime)> {
    let mut found = Vec::new();
    let mut folders = vec![scratch.path()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let meta = entry.metadata().unwrap();
            let path = entry.path().display().to_string();
            if meta.is_dir() {
                folders.push(entry.path());
            } else if !path.contains("/wp/cache/") {
                found.push((path, meta.len(), meta.modified().unwrap()));
            }
        }
    }
    found.sort();
    found
}
