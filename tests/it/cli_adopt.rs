//! `adopt`: kept work is compared, fetched and taken over, and judged like any other.

use git_wp::base::json::Value;

use super::support::machines::Machines;
use super::support::plans::Pkg;

/// Two machines claimed `wp-a`; the work of `m1` was superseded. Gives both claims.
fn contended() -> (Machines, Value, Value) {
    let machines = Machines::pair(&[Pkg::new("wp-a"), Pkg::new("wp-b")]);
    let (one, two) = (
        machines.claim("m1", "wp-a", 4),
        machines.claim("m2", "wp-a", 4),
    );
    machines.work("m1", &one, "wp-a/one");
    machines.work("m2", &two, "wp-a/two");
    machines.wp("m2", &["sync"]).expect(0);
    machines.wp("m1", &["sync"]).expect(3);
    machines.wp("m2", &["sync"]).expect(0);
    (machines, one, two)
}

fn id(claim: &Value) -> &str {
    claim["attempt"].as_str().unwrap()
}

#[test]
fn kept_work_is_shown_beside_what_the_package_has_on_every_machine() {
    let (machines, one, two) = contended();
    machines.join("m3");
    for name in ["m1", "m2", "m3"] {
        let shown = machines.data(name, 0, &["adopt", id(&one)]);
        assert_eq!(shown["commits"], 1, "{shown}");
        assert_eq!(shown["files"][0], "wp-a/one");
        assert_eq!(shown["against"]["attempt"], two["attempt"]);
        let diff = shown["diff"].as_str().unwrap();
        let words: Vec<&str> = diff.split(' ').skip(1).collect();
        assert!(machines.git(name, &words).contains("wp-a/one"), "{diff}");
    }
    let text = machines.wp("m2", &["adopt", id(&one)]).expect(0).stdout;
    assert!(text.contains("holds the package"), "{text}");
    assert!(
        text.contains(&format!("git wp adopt {} --take", id(&one))),
        "{text}"
    );
}

#[test]
fn taken_work_displaces_the_holder_and_is_merged_like_any_other() {
    let (machines, one, two) = contended();
    let taken = machines.data("m2", 4, &["adopt", id(&one), "--take"]);
    assert_eq!(
        (&taken["claim"], &taken["epoch"]),
        (&"provisional".into(), &2.into())
    );
    assert_eq!(taken["displaced"], two["attempt"]);
    let again = machines.data("m2", 0, &["adopt", id(&one), "--take", "--sync"]);
    assert_eq!(
        again["attempt"], taken["attempt"],
        "a lost answer can be asked for again"
    );
    machines.wp("m1", &["sync"]).expect(0);
    let status = machines.data("m1", 0, &["status", "x"]);
    assert_eq!(status["packages"][0]["status"], "review", "{status}");
    let rows = status["packages"][0]["attempts"].as_array().unwrap();
    let claim = |id: &Value| rows.iter().find(|a| a["id"] == *id).unwrap()["claim"].clone();
    assert_eq!(claim(&taken["attempt"]), "confirmed");
    assert_eq!(claim(&two["attempt"]), "superseded");
    let late = machines.data("m2", 3, &["task", "release", "x/wp-a", "--as", "m2"]);
    assert_eq!(late["claim"], "lost");
    machines.wp("m2", &["approve", "x"]).expect(0);
    let run = machines.data("m2", 0, &["implement", "x"]);
    assert_eq!(run["result"], "merged", "{run}");
    let files = ["ls-tree", "-r", "--name-only", "refs/wp/integration/x"];
    let files = machines.git("m2", &files);
    assert!(
        files.contains("wp-a/one") && !files.contains("wp-a/two"),
        "{files}"
    );
    let error = machines
        .wp("m2", &["adopt", id(&two), "--take", "--json"])
        .expect(3);
    assert_eq!(error.data()["code"], "already-merged");
}

#[test]
fn work_that_no_other_machine_has_is_asked_for_by_name() {
    let (machines, one, _) = contended();
    machines.join("m3");
    let refs = machines.remote_git(&["for-each-ref", "--format=%(refname)", "refs/wp/salvage"]);
    machines.remote_git(&["update-ref", "-d", refs.trim()]);
    let gone = machines.data("m3", 1, &["adopt", id(&one)]);
    assert_eq!(gone["code"], "not-there");
    assert!(gone["hint"].as_str().unwrap().contains("m1@"), "{gone}");
    machines.cut();
    let away = machines.wp("m3", &["adopt", id(&one)]);
    assert!(matches!(away.code, 4 | 75), "{away:?}");
}

#[test]
fn alone_too_work_that_was_given_up_can_be_taken() {
    let machines = Machines::new(&[Pkg::new("wp-a")]);
    let claim = machines.claim("m1", "wp-a", 0);
    let live = machines
        .wp("m1", &["adopt", id(&claim), "--json"])
        .expect(2)
        .document();
    assert_eq!(live["error"]["code"], "attempt-live");
    machines.work("m1", &claim, "wp-a/one");
    machines
        .wp("m1", &["task", "release", "x/wp-a", "--as", "m1"])
        .expect(0);
    let taken = machines.data("m1", 0, &["adopt", id(&claim), "--take"]);
    assert_eq!(
        (&taken["claim"], &taken["epoch"]),
        (&"confirmed".into(), &2.into())
    );
    assert!(taken["displaced"].is_null());
    let run = machines.data("m1", 0, &["implement", "x"]);
    assert_eq!(run["result"], "merged", "{run}");
}

#[test]
fn what_left_no_work_or_is_unknown_cannot_be_adopted() {
    let machines = Machines::new(&[Pkg::new("wp-a")]);
    let claim = machines.claim("m1", "wp-a", 0);
    machines
        .wp("m1", &["task", "release", "x/wp-a", "--as", "m1"])
        .expect(0);
    assert_eq!(
        machines.data("m1", 1, &["adopt", id(&claim)])["code"],
        "nothing-kept"
    );
    for word in ["nosuch", "../x"] {
        let error = machines
            .wp("m1", &["adopt", word, "--json"])
            .expect(2)
            .document();
        assert_eq!(error["error"]["code"], "attempt-unknown");
    }
}
