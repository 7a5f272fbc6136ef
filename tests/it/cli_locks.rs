//! `lock`: who holds it, who is told, and what a crowd does.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::support::{Scratch, run};

#[test]
fn a_lock_has_one_holder_who_is_named_to_others() {
    let scratch = Scratch::new();
    let key = "api:GET /v1/users";
    let data = scratch
        .wp(&[
            "lock",
            "acquire",
            key,
            "--session",
            "ann",
            "-m",
            "moving it",
            "--json",
        ])
        .expect(0)
        .data();
    assert_eq!(data["claim"], "confirmed");
    assert_eq!(data["epoch"], 1);
    let lost = scratch
        .wp(&["lock", "acquire", key, "--as", "bob", "--json"])
        .expect(3)
        .data();
    assert_eq!(lost["holder"]["session"], "ann");
    assert_eq!(lost["holder"]["reason"], "moving it");
    let text = scratch.wp(&["lock", "acquire", key]).expect(3).stderr;
    assert!(
        text.contains("session ann") && text.contains("moving it"),
        "{text}"
    );
    scratch
        .wp(&["lock", "release", key, "--session", "bob"])
        .expect(3);
    scratch
        .wp(&["lock", "release", key, "--session", "ann"])
        .expect(0);
    let data = scratch
        .wp(&["lock", "acquire", key, "--as", "bob", "--json"])
        .expect(0)
        .data();
    assert_eq!(data["epoch"], 2);
}

#[test]
fn paths_and_globs_lock_what_they_match() {
    let scratch = Scratch::new();
    scratch
        .wp(&["lock", "acquire", "src/**/*.ts", "--as", "ann"])
        .expect(0);
    let data = scratch
        .wp(&["lock", "acquire", "src/a/", "--as", "bob", "--json"])
        .expect(3)
        .data();
    assert_eq!(data["holder"]["session"], "ann");
    scratch
        .wp(&["lock", "acquire", "docs/a.md", "--as", "bob"])
        .expect(0);
    let count = scratch.wp(&["lock", "list", "--json"]).expect(0).data()["count"].clone();
    assert_eq!(count, 2);
}

#[test]
fn an_intent_is_shown_and_excludes_nobody() {
    let scratch = Scratch::new();
    scratch
        .wp(&[
            "lock",
            "acquire",
            "db:schema:users",
            "--as",
            "plan",
            "--ttl",
            "0",
        ])
        .expect(0);
    scratch
        .wp(&["lock", "acquire", "db:schema:users", "--as", "ann"])
        .expect(0);
    assert_eq!(scratch.wp(&["lock", "list", "--json"]).data()["count"], 2);
}

#[test]
fn a_key_without_its_form_is_a_usage_error() {
    let scratch = Scratch::new();
    for key in [
        "api:get /x",
        "nosuch:x",
        "../x",
        "/etc/passwd",
        ".git/config",
        "",
        "a\nb",
    ] {
        let document = scratch
            .wp(&["lock", "acquire", "--json", "--", key])
            .expect(2)
            .document();
        assert_eq!(document["error"]["code"], "lock-key", "{key:?}");
    }
    assert_eq!(scratch.git(&["for-each-ref", "refs/wp"]), "");
}

#[test]
fn a_lock_that_nobody_holds_cannot_be_released() {
    let scratch = Scratch::new();
    let document = scratch
        .wp(&["lock", "release", "src/a", "--json"])
        .expect(2)
        .document();
    assert_eq!(document["error"]["code"], "unknown");
}

#[test]
fn of_a_crowd_exactly_one_gets_the_lock() {
    const CROWD: usize = 12;
    let scratch = Scratch::new();
    let (won, lost) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for i in 0..CROWD {
            let name = format!("s{i}");
            let command =
                scratch.wp_command(&["lock", "acquire", "db:migration-slot", "--as", &name]);
            let (won, lost) = (&won, &lost);
            scope.spawn(move || match run(command).code {
                0 => won.fetch_add(1, Ordering::SeqCst),
                3 => lost.fetch_add(1, Ordering::SeqCst),
                code => panic!("exit {code}"),
            });
        }
    });
    assert_eq!((won.into_inner(), lost.into_inner()), (1, CROWD - 1));
    let chain = scratch.git(&["log", "--format=%B", "refs/wp/state"]);
    assert_eq!(chain.matches("Wp-Op: lock-acquire").count(), 1);
    scratch.assert_sound();
}
