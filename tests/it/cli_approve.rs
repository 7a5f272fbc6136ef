//! `approve` and `trust`: what they show, what they bind, and where they refuse.

use super::support::plans::{Pkg, plan_path};
use super::support::{Scratch, run};

#[test]
fn an_approval_shows_every_command_and_publishes_the_plan() {
    let scratch = Scratch::new();
    let package = Pkg::new("wp-one")
        .run("echo from-the-agent")
        .check("unit", "echo from-a-step");
    scratch.add_plan("x", &[package]);
    let before = scratch.belongings();
    let text = scratch.wp(&["approve", "x"]).expect(0).stdout;
    assert!(
        text.contains("echo from-the-agent") && text.contains("echo from-a-step"),
        "{text}"
    );
    let data = scratch.wp(&["approve", "x", "--json"]).expect(0).data();
    assert_eq!(data["feature"], "x");
    assert_eq!(data["commands"].as_array().unwrap().len(), 2);
    assert_eq!(scratch.belongings(), before, "only our own ref moved");
    let files = scratch.git(&["ls-tree", "-r", "--name-only", "refs/wp/state"]);
    let hash = data["plan"].as_str().unwrap();
    assert!(
        files.contains(&format!("/facts/plans/{hash}/plan")),
        "{files}"
    );
    assert!(files.contains("/facts/approvals/"), "{files}");
    assert_eq!(
        scratch.wp(&["status", "--json"]).expect(0).data()["state"],
        "open"
    );
}

#[test]
fn the_right_to_run_is_private_and_outside_the_repository() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    scratch.add_plan("x", &[Pkg::new("wp-one")]);
    scratch.wp(&["approve", "x"]).expect(0);
    let rights = scratch.state_dir().join("git-wp/rights");
    let folder = std::fs::read_dir(rights)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let file = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap();
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_plan_with_errors_is_not_approved() {
    let scratch = Scratch::new();
    scratch.add_plan("x", &[Pkg::new("a").after(&["ghost"])]);
    let run = scratch.wp(&["approve", "x", "--json"]).expect(1);
    let message = run.data()["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("dangling-dependency") && message.contains("yaml:"),
        "{message}"
    );
    assert!(!scratch.state_dir().exists(), "nothing was kept");
    assert_eq!(scratch.git(&["for-each-ref", "refs/wp"]), "");
}

#[test]
fn an_attempt_cannot_approve_trust_or_answer() {
    let scratch = Scratch::new();
    scratch.add_plan("x", &[Pkg::new("wp-one").manual("look")]);
    scratch.wp(&["approve", "x"]).expect(0);
    let tip = scratch.oid("refs/wp/state");
    let verbs = [
        &["approve", "x", "--json"][..],
        &["trust", "--json"],
        &["evidence", "x/wp-one", "look", "--pass", "--json"],
        &["cancel", "x", "--json"],
    ];
    for args in verbs {
        let mut by_name = scratch.wp_command(args);
        by_name.env("WP_ATTEMPT", "a1b2c3");
        let document = run(by_name).expect(5).document();
        assert_eq!(document["error"]["code"], "in-room", "{args:?}");
    }
    scratch.git(&["worktree", "add", "-q", "../wp-a1b2c3", "-b", "room"]);
    for args in verbs {
        let by_place = scratch.wp_command_in(&scratch.beside("wp-a1b2c3"), args);
        let document = run(by_place).expect(5).document();
        assert_eq!(document["error"]["code"], "in-room", "{args:?}");
    }
    assert_eq!(scratch.oid("refs/wp/state"), tip);
}

#[test]
fn trust_is_bound_to_the_bytes_of_wp_toml() {
    let scratch = Scratch::new();
    scratch.wp(&["trust", "--json"]).expect(2);
    scratch.write("wp.toml", "[verify]\nfinal = [\"make all\"]\n");
    let text = scratch.wp(&["trust"]).expect(0).stdout;
    assert!(text.contains("make all"), "{text}");
    scratch.write("wp.toml", "[verify]\nfinall = []\n");
    let document = scratch.wp(&["trust", "--json"]).expect(2).document();
    let message = document["error"]["message"].as_str().unwrap();
    assert!(message.contains("wp.toml:2:"), "{message}");
}

#[test]
fn approving_twice_records_it_once() {
    let scratch = Scratch::new();
    scratch.add_plan("x", &[Pkg::new("wp-one")]);
    scratch.wp(&["approve", "x"]).expect(0);
    let tree = scratch.git(&["rev-parse", "refs/wp/state^{tree}"]);
    scratch.wp(&["approve", &plan_path("x")]).expect(0);
    let again = scratch.git(&["rev-parse", "refs/wp/state^{tree}"]);
    assert_eq!(tree, again);
}
