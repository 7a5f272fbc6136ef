//! `git wp merge`: trains of finished features, with culprits among them.

use git_wp::base::json::Value;

use super::support::plans::{Pkg, plan, plan_path};
use super::support::{Scratch, run};

const CHECK: &str = "\
if test -e wp-03/file && test -e wp-09/file; then
  echo 'both of them answer /login'
  exit 3
fi
if test -e strict && test -e wp-06/file; then
  echo 'wp-06 is not strict'
  exit 4
fi
";

/// Finished features `x01` .. with one package each, and a final check that knows two culprits.
fn finished(count: usize) -> Scratch {
    let scratch = Scratch::new();
    scratch.write("check.sh", CHECK);
    scratch.write("wp.toml", "[verify]\nfinal = [\"sh check.sh\"]\n");
    let ids: Vec<String> = (1..=count).map(|i| format!("{i:02}")).collect();
    for id in &ids {
        let feature = format!("x{id}");
        let package = Pkg::new(&format!("wp-{id}"));
        scratch.write(&plan_path(&feature), &plan(&feature, &[package]));
    }
    scratch.commit("plans");
    scratch.wp(&["trust"]).expect(0);
    for id in &ids {
        let feature = format!("x{id}");
        scratch.wp(&["approve", &feature]).expect(0);
        scratch
            .wp(&["implement", &feature, "--agent", "shell"])
            .expect(0);
    }
    scratch
}

fn names(count: usize) -> Vec<String> {
    (1..=count).map(|i| format!("x{i:02}")).collect()
}

fn merge<'a>(features: &'a [String], more: &[&'a str]) -> Vec<&'a str> {
    let features = features.iter().map(String::as_str);
    ["merge"]
        .into_iter()
        .chain(features)
        .chain(more.iter().copied())
        .collect()
}

fn column(rows: &Value, key: &str) -> Vec<String> {
    let rows = rows.as_array().unwrap();
    rows.iter()
        .map(|row| row[key].as_str().unwrap().to_owned())
        .collect()
}

fn left<'a>(data: &'a Value, feature: &str) -> &'a Value {
    let rows = data["left"].as_array().unwrap();
    rows.iter().find(|row| row["feature"] == feature).unwrap()
}

#[test]
fn two_culprits_among_twelve_are_left_behind_and_the_rest_can_be_bisected() {
    let scratch = finished(12);
    scratch.write("strict", "from now on\n");
    scratch.commit("be strict");
    scratch.git(&["branch", "release"]);
    let before = scratch.belongings();
    let features = names(12);
    let forecast = scratch.wp(&merge(&features, &["--onto", "release", "-n", "--json"]));
    let forecast = forecast.expect(0).data();
    assert_eq!(forecast["outcome"], "forecast");
    assert_eq!(column(&forecast["merged"], "feature"), features);
    assert_eq!(scratch.belongings(), before);

    let done = scratch
        .wp(&merge(&features, &["--onto", "release", "--json"]))
        .expect(1)
        .data();
    let merged = column(&done["merged"], "feature");
    let innocent: Vec<String> = { features.iter() }
        .filter(|id| !["x06", "x09"].contains(&id.as_str()))
        .cloned()
        .collect();
    assert_eq!(merged, innocent);
    let (alone, pair) = (left(&done, "x06"), left(&done, "x09"));
    assert_eq!(
        (&alone["alone"], alone["with"].as_array().unwrap().len()),
        (&true.into(), 0)
    );
    assert_eq!(alone["step"]["exit_code"], 4);
    assert_eq!(pair["with"][0], "x03");
    assert_eq!(
        pair["step"]["tail"].as_str().unwrap().trim(),
        "both of them answer /login"
    );
    for row in [alone, pair] {
        assert_eq!(row["reason"], "verification");
        // 2 log2(12) + 2
        assert!(row["verifications"].as_u64().unwrap() <= 9, "{row}");
    }
    assert!(done["verifications"].as_u64().unwrap() <= 19);

    let line = scratch.git(&["log", "--first-parent", "--format=%s", "main..release"]);
    assert_eq!(line.lines().count(), 10, "{line}");
    let head = scratch.oid("openspec/x12");
    assert_eq!(scratch.oid("release^2"), head, "a true merge: {line}");
    let said = scratch.git(&["log", "-1", "--format=%(trailers)", "release"]);
    assert!(
        said.contains("Wp-Feature: x12") && said.contains(head.as_str()),
        "{said}"
    );
    scratch.git(&["checkout", "-q", "release"]);
    scratch.git(&["bisect", "start", "--first-parent", "release", "main"]);
    let found = scratch.git(&["bisect", "run", "sh", "-c", "! test -e wp-07/file"]);
    let culprit = scratch.oid("release~4");
    assert!(
        found.contains(&format!("{culprit} is the first bad commit")),
        "{found}"
    );
    scratch.git(&["bisect", "reset"]);
    assert_eq!(
        scratch.git(&["for-each-ref", "refs/wp/train", "refs/wp/merged"]),
        ""
    );

    let status = scratch.wp(&["status", "x12", "--json"]).expect(0).data();
    assert_eq!(status["delivered"][0]["target"], "refs/heads/release");
    assert_eq!(status["delivered"][0]["position"], 10);
    let log = scratch.wp(&["log", "x12"]).expect(0).stdout;
    assert!(log.contains("deliver"), "{log}");
    scratch.assert_sound();
}

#[test]
fn a_checked_out_branch_is_left_alone_unless_it_may_be_brought_along() {
    let scratch = finished(2);
    let features = names(2);
    let before = scratch.oid("main");
    let text = scratch.wp(&merge(&features, &[])).expect(0).stdout;
    assert!(
        text.contains("next: git merge --ff-only refs/wp/merged/main"),
        "{text}"
    );
    assert_eq!(scratch.oid("main"), before);
    let status = scratch.wp(&["status", "x01", "--json"]).data();
    assert_eq!(
        status["delivered"].as_array().unwrap().len(),
        0,
        "not before it is true"
    );
    scratch.git(&["merge", "--ff-only", "refs/wp/merged/main"]);
    let again = scratch.wp(&merge(&features, &["--json"])).expect(0).data();
    assert_eq!(again["there"].as_array().unwrap().len(), 2);
    assert_eq!(again["outcome"], "unchanged");
    let status = scratch.wp(&["status", "x01", "--json"]).data();
    assert_eq!(status["delivered"][0]["target"], "refs/heads/main");

    scratch.git(&["reset", "-q", "--hard", before.as_str()]);
    let done = scratch.wp(&merge(
        &features,
        &["--update-checkout", "--each", "--json"],
    ));
    let done = done.expect(0).data();
    assert_eq!(done["outcome"], "moved");
    assert_eq!(done["verifications"], 2, "one per position");
    assert!(scratch.path().join("wp-02/file").exists());
    assert_eq!(scratch.git(&["diff", "HEAD", "--stat"]), "");
}

#[test]
fn what_is_not_finished_is_refused_by_name() {
    let scratch = finished(1);
    let failing = Pkg::new("wp-f").check("never", "exit 1");
    scratch.add_plan("failing", &[failing]);
    scratch.add_plan("new", &[Pkg::new("wp-n")]);
    scratch.wp(&["approve", "failing"]).expect(0);
    scratch.wp(&["approve", "new"]).expect(0);
    scratch.wp(&["implement", "failing"]).expect(1);
    let before = scratch.oid("main");
    let refused = scratch
        .wp(&["merge", "x01", "failing", "new"])
        .expect(1)
        .stderr;
    for part in [
        "`failing`: its last run ended `failed`",
        "`new`: it was never run",
    ] {
        assert!(refused.contains(part), "{refused}");
    }
    assert!(!refused.contains("x01"), "{refused}");
    assert_eq!(scratch.oid("main"), before);
    scratch.wp(&["merge", "x01", "x01", "--json"]).expect(2);
    scratch
        .wp(&["merge", "x01", "--onto", "nowhere", "--json"])
        .expect(2);
    scratch
        .wp(&["merge", "x01", "--onto", "openspec/x01", "--json"])
        .expect(2);
    scratch.wp(&["merge", "--json"]).expect(2);
}

#[test]
fn a_conflict_names_path_and_rival_and_urgency_decides_who_goes_first() {
    let scratch = Scratch::new();
    for id in ["left", "right"] {
        let script = format!("mkdir -p shared && echo {id} > shared/file");
        let package = Pkg::new("wp-s").write(&["shared/**"]).run(&script);
        scratch.write(&plan_path(id), &plan(id, &[package]));
    }
    scratch.commit("plans");
    scratch.git(&["branch", "release"]);
    for id in ["left", "right"] {
        scratch.wp(&["approve", id]).expect(0);
        scratch.wp(&["implement", id]).expect(0);
    }
    let args = [
        "merge",
        "left",
        "right",
        "--onto",
        "release",
        "--priority",
        "right=1",
        "--json",
    ];
    let forecast = scratch.wp(&[&args[..], &["-n"]].concat()).expect(1).data();
    assert_eq!(forecast["left"][0]["feature"], "left");
    let done = scratch.wp(&args).expect(1).data();
    assert_eq!(column(&done["merged"], "feature"), ["right"]);
    let row = left(&done, "left");
    assert_eq!(row["reason"], "conflict");
    assert_eq!(row["with"][0], "right");
    assert_eq!(row["paths"][0]["path"], "shared/file");
    let pair = &done["before"][0];
    assert_eq!(
        (&pair["real"], &pair["declared"]),
        (&"SEQUENTIAL".into(), &"SEQUENTIAL".into())
    );
    assert_eq!(
        done["after"][0]["right"],
        Value::Null,
        "it conflicts with the target now"
    );
    assert_eq!(scratch.git(&["show", "release:shared/file"]), "right");
}

#[test]
fn a_target_that_is_red_by_itself_blames_nobody() {
    let scratch = finished(2);
    scratch.write("check.sh", "exit 9\n");
    scratch.commit("broken");
    scratch.git(&["branch", "release"]);
    let features = names(2);
    let args = merge(&features, &["--onto", "release", "--json"]);
    let done = scratch.wp(&args).expect(1).data();
    assert_eq!(done["target_red"]["exit_code"], 9);
    assert_eq!(done["left"].as_array().unwrap().len(), 0);
    assert_eq!(done["outcome"], "unchanged");
    assert_eq!(scratch.oid("release"), scratch.oid("main"));
}

#[test]
fn nothing_is_verified_that_nobody_trusted_here() {
    let scratch = finished(1);
    let before = scratch.oid("main");
    scratch.write("wp.toml", "[verify]\nfinal = [\"touch pwned\"]\n");
    scratch.wp(&["merge", "x01", "--json"]).expect(5);
    scratch.git(&["checkout", "-q", "wp.toml"]);
    let mut elsewhere = scratch.wp_command(&["merge", "x01", "--json"]);
    elsewhere.env("XDG_STATE_HOME", scratch.beside("other"));
    run(elsewhere).expect(5);
    assert_eq!(scratch.oid("main"), before);
}

#[test]
fn a_target_that_somebody_moves_meanwhile_is_tried_again() {
    let scratch = finished(1);
    scratch.git(&["branch", "release"]);
    // The final check moves the target the first time: what was verified is not what is there.
    let moved = format!(
        "cd '{}' && test -e moved || {{ touch moved && git update-ref refs/heads/release \
         $(git commit-tree -p release -m other release^{{tree}}); }}",
        scratch.path().display()
    );
    scratch.write("wp.toml", &format!("[verify]\nfinal = [{moved:?}]\n"));
    scratch.wp(&["trust"]).expect(0);
    let done = scratch
        .wp(&["merge", "x01", "--onto", "release", "--json"])
        .expect(0);
    let done = done.data();
    assert_eq!(done["outcome"], "moved");
    assert_eq!(
        scratch.git(&["log", "-1", "--format=%s", "release^1"]),
        "other"
    );
    assert_eq!(done["old"], scratch.oid("release^1").as_str());
}

#[test]
fn a_train_that_is_stopped_or_killed_moves_nothing_and_leaves_nothing_for_long() {
    let scratch = finished(1);
    scratch.git(&["branch", "release"]);
    let before = scratch.oid("release");
    let begun = scratch.beside("begun");
    let wait = format!("touch '{}' && exec sleep 600", begun.display());
    scratch.write("wp.toml", &format!("[verify]\nfinal = [{wait:?}]\n"));
    scratch.wp(&["trust"]).expect(0);
    let args = ["merge", "x01", "--onto", "release", "--json"];
    for (signal, code) in [("INT", 130), ("KILL", -1)] {
        let mut child = scratch.wp_command(&args).spawn().unwrap();
        let there = || begun.exists().then_some(());
        let rest = std::time::Duration::from_millis(20);
        let seen = git_wp::os::clock::poll(std::time::Duration::from_secs(120), rest, there);
        seen.expect("the verification begins");
        scratch.wp(&args).expect(3);
        let kept = scratch.git(&["for-each-ref", "refs/wp/train"]);
        assert!(!kept.is_empty(), "what is speculated with is held");
        let pid = child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-s", signal, &pid])
            .status();
        assert!(sent.unwrap().success());
        let ended = child.wait().unwrap();
        assert_eq!(ended.code().unwrap_or(-1), code);
        std::fs::remove_file(&begun).unwrap();
        assert_eq!(scratch.oid("release"), before);
        if signal == "INT" {
            assert_eq!(scratch.git(&["for-each-ref", "refs/wp/train"]), "");
        }
    }
    scratch.write("wp.toml", "[verify]\nfinal = [\"true\"]\n");
    scratch.wp(&["trust"]).expect(0);
    scratch.wp(&args).expect(0);
    assert_eq!(scratch.git(&["for-each-ref", "refs/wp/train"]), "");
    assert_eq!(scratch.git(&["show", "release:wp-01/file"]), "wp-01");
}
