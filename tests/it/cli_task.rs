//! `task`, `pause`, `cancel`, `status`, `why` and `log` without a run.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::support::plans::Pkg;
use super::support::{Scratch, run};

fn published() -> Scratch {
    let scratch = Scratch::new();
    let packages = [
        Pkg::new("wp-a").keys(&["db:schema:users"]),
        Pkg::new("wp-b").after(&["wp-a"]),
        Pkg::new("wp-c"),
    ];
    scratch.add_plan("x", &packages);
    scratch.wp(&["approve", "x"]).expect(0);
    scratch
}

#[test]
fn a_claim_answers_attempt_epoch_branch_and_confirmed() {
    let scratch = published();
    let before = scratch.belongings();
    let data = scratch
        .wp(&["task", "claim", "x/wp-a", "--as", "ann", "--json"])
        .expect(0)
        .data();
    assert_eq!(data["claim"], "confirmed");
    assert_eq!(data["epoch"], 1);
    let (attempt, branch) = (
        data["attempt"].as_str().unwrap(),
        data["branch"].as_str().unwrap(),
    );
    assert_eq!(branch, format!("wp/x/wp-a/{attempt}"));
    assert_eq!(scratch.oid(branch), scratch.oid("HEAD"));
    assert_eq!(scratch.belongings(), before);
    let again = scratch
        .wp(&["task", "claim", "x/wp-a", "--as", "ann", "--json"])
        .expect(0)
        .data();
    assert_eq!(
        again["attempt"], attempt,
        "a lost answer can be asked for again"
    );
    let status = scratch.wp(&["status", "x", "--json"]).expect(0).data();
    assert_eq!(status["packages"][0]["status"], "running");
    assert_eq!(status["packages"][0]["attempts"][0]["id"], attempt);
    assert_eq!(status["packages"][0]["attempts"][0]["epoch"], 1);
}

#[test]
fn what_is_held_is_refused_with_its_holder() {
    let scratch = published();
    scratch
        .wp(&["task", "claim", "wp-a", "--as", "ann"])
        .expect(0);
    let data = scratch
        .wp(&["task", "claim", "x/wp-a", "--as", "bob", "--json"])
        .expect(3)
        .data();
    assert_eq!(data["holder"]["session"], "ann");
    assert_eq!(data["holder"]["package"], "wp-a");
    let key = scratch
        .wp(&["lock", "acquire", "db:schema:users", "--json"])
        .expect(3)
        .data();
    assert_eq!(key["holder"]["package"], "wp-a");
    let early = scratch
        .wp(&["task", "claim", "x/wp-b", "--as", "bob", "--json"])
        .expect(1)
        .data();
    assert_eq!(early["code"], "not-ready");
    scratch
        .wp(&["task", "release", "x/wp-a", "--as", "bob", "--json"])
        .expect(3);
    scratch
        .wp(&["task", "release", "x/wp-a", "--as", "ann", "--json"])
        .expect(0);
    let data = scratch
        .wp(&["task", "claim", "x/wp-a", "--as", "bob", "--json"])
        .expect(0)
        .data();
    assert_eq!(data["epoch"], 2);
}

#[test]
fn of_a_crowd_exactly_one_gets_the_package() {
    const CROWD: usize = 12;
    let scratch = published();
    let (won, lost) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for i in 0..CROWD {
            let name = format!("s{i}");
            let command = scratch.wp_command(&["task", "claim", "x/wp-c", "--as", &name, "--json"]);
            let (won, lost) = (&won, &lost);
            scope.spawn(move || match run(command).code {
                0 => won.fetch_add(1, Ordering::SeqCst),
                3 => lost.fetch_add(1, Ordering::SeqCst),
                code => panic!("exit {code}"),
            });
        }
    });
    assert_eq!((won.into_inner(), lost.into_inner()), (1, CROWD - 1));
    let branches = scratch.git(&["for-each-ref", "refs/heads/wp"]);
    assert_eq!(
        branches.lines().count(),
        1,
        "those who lost leave nothing behind"
    );
}

#[test]
fn a_pause_keeps_others_out_and_a_cancel_ends_what_is_live() {
    let scratch = published();
    scratch
        .wp(&["task", "claim", "x/wp-a", "--as", "ann"])
        .expect(0);
    scratch.wp(&["pause", "x", "-m", "lunch"]).expect(0);
    let data = scratch
        .wp(&["task", "claim", "x/wp-c", "--json"])
        .expect(1)
        .data();
    assert_eq!(data["code"], "on-hold");
    assert_eq!(scratch.wp(&["status", "--json"]).data()["state"], "paused");
    scratch.wp(&["resume", "x"]).expect(0);
    let ended = scratch.wp(&["cancel", "x/wp-a", "--json"]).expect(0).data();
    assert_eq!(ended["ended"][0], "wp-a");
    let status = scratch.wp(&["status", "--json"]).expect(0).data();
    assert_eq!(status["packages"][0]["status"], "cancelled");
    assert_eq!(status["packages"][0]["attempts"][0]["outcome"], "cancelled");
    assert_eq!(status["packages"][1]["status"], "blocked");
}

#[test]
fn reasons_are_followed_to_the_last() {
    let scratch = published();
    let data = scratch.wp(&["why", "x/wp-b", "--json"]).expect(0).data();
    assert_eq!(data["status"], "pending");
    assert_eq!(data["reasons"][0]["package"], "wp-b");
    assert_eq!(data["reasons"][1]["package"], "wp-a");
    scratch.wp(&["why", "x/nosuch", "--json"]).expect(2);
    scratch.wp(&["why", "nosuch/wp-a", "--json"]).expect(2);
}

#[test]
fn several_features_are_listed_and_one_is_shown() {
    let scratch = published();
    scratch.add_plan("y", &[Pkg::new("wp-y")]);
    scratch.wp(&["approve", "y"]).expect(0);
    let data = scratch.wp(&["status", "--json"]).expect(0).data();
    assert_eq!(data["count"], 2);
    assert_eq!(data["truncated"], false);
    assert_eq!(data["features"][1]["feature"], "y");
    assert_eq!(
        scratch.wp(&["status", "y", "--json"]).data()["feature"],
        "y"
    );
    scratch.wp(&["why", "wp-a", "--json"]).expect(2);
    let error = scratch.wp(&["status", "z", "--json"]).expect(2).document();
    assert!(error["error"]["hint"].as_str().unwrap().contains("x y"));
}

#[test]
fn the_trail_tells_who_did_what() {
    let scratch = published();
    scratch
        .wp(&["task", "claim", "x/wp-a", "--as", "ann"])
        .expect(0);
    let data = scratch.wp(&["log", "--json"]).expect(0).data();
    assert_eq!(data["entries"][0]["op"], "claim");
    assert_eq!(data["entries"][0]["target"], "x/wp-a");
    let few = scratch.wp(&["log", "-n", "1", "--json"]).data();
    assert_eq!(
        (few["count"].as_u64(), few["truncated"].as_bool()),
        (Some(1), Some(true))
    );
    let one = scratch.wp(&["log", "x/wp-a", "--json"]).data();
    assert_eq!(one["count"], 1);
}

#[test]
fn reading_writes_nothing() {
    let scratch = Scratch::new();
    scratch.add_plan("x", &[Pkg::new("wp-a")]);
    let before = scratch.belongings();
    for args in [
        &["status"][..],
        &["status", "x"],
        &["log"],
        &["why", "wp-a"],
        &["lock", "list"],
    ] {
        scratch.wp(args).expect(0);
    }
    assert_eq!(scratch.belongings(), before);
    assert!(!scratch.path().join(".git/wp").exists());
    assert_eq!(scratch.git(&["for-each-ref", "refs/wp"]), "");
}
