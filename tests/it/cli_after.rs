//! After a run: `report`, `cleanup`, `doctor`, `demo`.

use std::time::Duration;

use git_wp::os::clock;

use super::support::plans::Pkg;
use super::support::{Scratch, run};

fn after_a_failure() -> Scratch {
    let scratch = Scratch::new();
    let failing = Pkg::new("wp-a")
        .run("mkdir wp-a; echo half > wp-a/half")
        .check("never", "exit 1");
    scratch.add_plan("x", &[failing, Pkg::new("wp-b")]);
    scratch.wp(&["approve", "x"]).expect(0);
    scratch.wp(&["implement", "x"]).expect(1);
    scratch
}

#[test]
fn a_report_tells_timeline_evidence_and_risk() {
    let scratch = after_a_failure();
    let text = scratch.wp(&["report"]).expect(0).stdout;
    for part in [
        "# Do x",
        "## Timeline",
        "## Evidence",
        "## Risk",
        "Class: **low**",
        "wp-b",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    let data = scratch.wp(&["report", "x", "--json"]).expect(0).data();
    assert_eq!(data["result"], "failed");
    assert_eq!(data["timeline"][0]["status"], "failed");
    assert_eq!(scratch.wp(&["report", "--format", "json"]).data(), data);
    let fresh = Scratch::new();
    fresh.add_plan("y", &[Pkg::new("wp-y")]);
    fresh.wp(&["report", "y", "--json"]).expect(2);
    fresh.wp(&["approve", "y"]).expect(0);
    assert_eq!(
        fresh.wp(&["report", "y", "--json"]).expect(1).data()["code"],
        "no-report"
    );
}

#[test]
fn cleanup_lists_first_and_saves_what_it_removes() {
    let scratch = after_a_failure();
    let data = scratch.wp(&["cleanup", "--json"]).expect(0).data();
    assert_eq!(
        data["count"], 1,
        "the room of the merged attempt went by itself: {data}"
    );
    let room = &data["rooms"][0];
    assert_eq!(room["package"], "wp-a");
    let path = std::path::PathBuf::from(room["path"].as_str().unwrap());
    std::fs::write(path.join("notes.txt"), "do not lose this\n").unwrap();
    assert!(path.exists(), "listing removes nothing");
    scratch
        .wp(&["cleanup", "--yes", "nosuch", "--json"])
        .expect(2);
    let id = room["attempt"].as_str().unwrap();
    let done = scratch
        .wp(&["cleanup", "--yes", id, "--json"])
        .expect(0)
        .data();
    assert!(!path.exists());
    let saved = done["removed"][0]["saved"].as_str().unwrap();
    assert_eq!(
        scratch.git(&["show", &format!("{saved}:notes.txt")]),
        "do not lose this"
    );
    let kept_by = done["removed"][0]["kept_by"].as_str().unwrap();
    assert_eq!(scratch.oid(kept_by).as_str(), saved);
    scratch.git(&[
        "show",
        &format!("{}:wp-a/half", room["branch"].as_str().unwrap()),
    ]);
    assert_eq!(scratch.wp(&["cleanup", "--json"]).data()["count"], 0);
    scratch.assert_sound();
}

#[test]
fn the_room_of_a_live_attempt_is_not_cleaned_up() {
    let scratch = Scratch::new();
    scratch.add_plan("x", &[Pkg::new("wp-a")]);
    scratch.wp(&["approve", "x"]).expect(0);
    let claim = scratch
        .wp(&["task", "claim", "x/wp-a", "--json"])
        .expect(0)
        .data();
    let id = claim["attempt"].as_str().unwrap();
    scratch.wp(&["cleanup", "--yes", id, "--json"]).expect(2);
}

fn codes(scratch: &Scratch, args: &[&str], exit: i32) -> Vec<(String, String)> {
    let mut all = vec!["doctor", "--json"];
    all.extend(args);
    let data = scratch.wp(&all).expect(exit).data();
    let damages = data["damages"].as_array().unwrap().clone();
    let word = |value: &git_wp::base::json::Value| value.as_str().unwrap().to_owned();
    damages
        .iter()
        .map(|d| (word(&d["code"]), word(&d["repair"])))
        .collect()
}

fn pair(code: &str, repair: &str) -> (String, String) {
    (code.to_owned(), repair.to_owned())
}

#[test]
fn a_sound_repository_is_healthy_and_looking_changes_nothing() {
    let scratch = after_a_failure();
    let before = scratch.belongings();
    let tip = scratch.oid("refs/wp/state");
    assert_eq!(codes(&scratch, &[], 0), []);
    assert_eq!(codes(&scratch, &["--fix"], 0), []);
    assert_eq!(scratch.belongings(), before);
    assert_eq!(scratch.oid("refs/wp/state"), tip);
    assert_eq!(codes(&Scratch::new(), &[], 0), []);
}

#[test]
fn what_is_provably_ours_is_repaired_once() {
    let scratch = after_a_failure();
    let wp = scratch.path().join(".git/wp");
    std::fs::write(wp.join("actor"), "???").unwrap();
    assert_eq!(codes(&scratch, &[], 1), [pair("actor", "possible")]);
    assert_eq!(codes(&scratch, &["--fix"], 0), [pair("actor", "done")]);
    assert_eq!(codes(&scratch, &["--fix"], 0), []);
    scratch.git(&["update-ref", "-d", "refs/wp/state"]);
    scratch.wp(&["status", "x", "--json"]).expect(6);
    assert_eq!(codes(&scratch, &[], 1)[0], pair("state-lost", "possible"));
    assert_eq!(
        codes(&scratch, &["--fix"], 0)[0],
        pair("state-lost", "done")
    );
    assert_eq!(codes(&scratch, &["--fix"], 0), []);
    assert_eq!(
        scratch.wp(&["status", "x", "--json"]).expect(0).data()["state"],
        "failed"
    );
}

#[test]
fn damages_outside_the_state_are_named() {
    let scratch = after_a_failure();
    let room = scratch.wp(&["cleanup", "--json"]).data()["rooms"][0]["path"].clone();
    std::fs::remove_dir_all(room.as_str().unwrap()).unwrap();
    assert_eq!(codes(&scratch, &[], 1), [pair("room-lost", "by-hand")]);
    scratch.git(&["config", "wp.jobs", "many"]);
    let found = codes(&scratch, &[], 1);
    assert!(found.contains(&pair("config", "by-hand")), "{found:?}");
}

#[test]
fn the_demo_merges_a_branch_whose_tests_pass() {
    let scratch = Scratch::new();
    let folder = scratch.beside("demo");
    let args = ["demo", "--keep", folder.to_str().unwrap(), "--json"];
    let data = run(scratch.wp_command_in(&scratch.beside(""), &args))
        .expect(0)
        .data();
    assert_eq!(data["tests_passed"], true);
    let packages = data["packages"].as_array().unwrap();
    assert!(packages.len() >= 6);
    assert!(packages.iter().all(|p| p["status"] == "merged"));
    let retried = packages
        .iter()
        .filter(|p| p["attempts"].as_array().unwrap().len() == 2);
    assert_eq!(retried.count(), 1, "one package is tried again");
    let report = std::fs::read_to_string(data["report"].as_str().unwrap()).unwrap();
    assert!(report.contains("## Timeline"));
    assert!(
        !scratch.state_dir().exists(),
        "the user's own state folder is left alone"
    );
    run(scratch.wp_command_in(&scratch.beside(""), &args)).expect(2);
}

#[test]
fn a_killed_run_is_noticed_and_goes_on() {
    let scratch = Scratch::new();
    let flag = scratch.beside("let-go");
    let wait = format!(
        "mkdir wp-a; echo x > wp-a/f; until [ -e {} ]; do sleep 0.05; done",
        flag.display()
    );
    scratch.add_plan("x", &[Pkg::new("wp-a").run(&wait)]);
    scratch.wp(&["approve", "x"]).expect(0);
    let mut child = scratch
        .wp_command(&["implement", "x", "-q"])
        .spawn()
        .unwrap();
    let is_running = || {
        let status = scratch.wp(&["status", "x", "--json"]).data();
        (status["packages"][0]["status"] == "running").then_some(())
    };
    let (limit, rest) = (Duration::from_secs(60), Duration::from_millis(20));
    let begun = clock::poll(limit, rest, is_running);
    assert!(begun.is_some(), "the run never began");
    child.kill().unwrap();
    child.wait().unwrap();
    let status = scratch.wp(&["status", "x", "--json"]).expect(0).data();
    let why = status["packages"][0]["why"].as_str().unwrap();
    assert!(why.starts_with("nobody looks after it"), "{why}");
    assert!(codes(&scratch, &[], 1).contains(&pair("attempt-dead", "by-hand")));
    std::fs::write(&flag, "").unwrap();
    let data = scratch.wp(&["implement", "x", "--json"]).expect(0).data();
    assert_eq!(data["result"], "merged");
    assert_eq!(codes(&scratch, &[], 0), []);
}
