//! `sync`, and what claims, locks, holds and `status` say where a remote decides.

use std::time::Duration;

use git_wp::base::json::Value;

use super::support::machines::Machines;
use super::support::plans::Pkg;
use super::support::run;

fn pair() -> Machines {
    Machines::pair(&[Pkg::new("wp-a"), Pkg::new("wp-b"), Pkg::new("wp-c")])
}

/// The attempts of the first package.
fn attempts(status: &Value) -> Vec<Value> {
    status["packages"][0]["attempts"]
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn two_machines_that_claim_offline_are_told_apart_by_the_first_push() {
    let machines = pair();
    machines.cut();
    let one = machines.claim("m1", "wp-a", 4);
    let two = machines.claim("m2", "wp-a", 4);
    for claim in [&one, &two] {
        assert_eq!(
            (&claim["claim"], &claim["epoch"]),
            (&"provisional".into(), &1.into())
        );
    }
    let (left, right) = (
        machines.work("m1", &one, "wp-a/file"),
        machines.work("m2", &two, "wp-a/file"),
    );
    let why = machines.data("m1", 0, &["why", "x/wp-a"]);
    let why = why["reasons"][0]["why"].as_str().unwrap();
    assert!(
        why.ends_with("provisional until origin confirms it: git wp sync"),
        "{why}"
    );
    let offline = machines.data("m2", 4, &["sync"]);
    assert_eq!(
        (&offline["result"], &offline["pending"]),
        (&"offline".into(), &1.into())
    );
    machines.mend();
    let second = machines.data("m2", 0, &["sync"]);
    assert_eq!(
        second["confirmed"][0]["attempt"], two["attempt"],
        "{second}"
    );
    let first = machines.data("m1", 3, &["sync"]);
    assert_eq!(first["superseded"][0]["attempt"], one["attempt"], "{first}");
    let why = first["superseded"][0]["why"].as_str().unwrap();
    assert!(why.contains("m2@"), "{why}");
    assert_eq!(first["superseded"][0]["kept"]["commits"], 1);
    let kept = machines.remote_git(&["for-each-ref", "--contains", &left, "refs/wp"]);
    assert_eq!(kept.lines().count(), 1, "{kept}");
    machines.remote_git(&["cat-file", "-e", &format!("{left}^{{tree}}")]);
    machines.wp("m2", &["sync"]).expect(0);
    machines.wp("m1", &["sync"]).expect(0);
    let status = |name| machines.data(name, 0, &["status", "x"]);
    assert_eq!(status("m1"), status("m2"));
    assert_eq!(machines.tree("m1"), machines.tree("m2"));
    let shown = attempts(&status("m2"));
    let of = |claim: &Value| shown.iter().find(|a| a["id"] == claim["attempt"]).unwrap();
    assert_eq!(of(&two)["claim"], "confirmed");
    assert_eq!(of(&one)["claim"], "superseded");
    assert_eq!(of(&one)["kept"]["head"], left.as_str());
    assert_ne!(left, right);
    let text = machines.wp("m2", &["status", "x"]).expect(0).stdout;
    let adopt = format!("git wp adopt {}", one["attempt"].as_str().unwrap());
    assert!(
        text.contains(&adopt) && text.contains("1 commit, 1 file"),
        "{text}"
    );
    machines.git("m1", &["fsck", "--strict", "--no-dangling"]);
}

#[test]
fn a_command_that_asks_at_once_answers_with_the_truth() {
    let machines = pair();
    let claim = |name: &str, code| {
        let args = ["task", "claim", "x/wp-a", "--as", name, "--sync"];
        machines.data(name, code, &args)
    };
    assert_eq!(claim("m1", 0)["claim"], "confirmed");
    let lost = claim("m2", 3);
    assert_eq!(lost["holder"]["session"], "m1");
    assert!(lost["holder"]["label"].as_str().unwrap().starts_with("m1@"));
    machines.cut();
    let args = ["task", "claim", "x/wp-b", "--as", "m2", "--sync"];
    let offline = machines.data("m2", 4, &args);
    assert_eq!(offline["claim"], "provisional");
    assert!(offline["note"].is_string());
    let text = machines.wp("m2", &args).expect(4).stdout;
    assert!(text.contains("next: git wp sync"), "{text}");
    machines.mend();
    let again = machines.data("m2", 0, &args);
    assert_eq!(again["attempt"], offline["attempt"]);
    assert_eq!(again["claim"], "confirmed");
}

#[test]
fn a_lost_claim_leaves_no_branch_where_it_was_asked_at_once() {
    let machines = pair();
    machines
        .wp("m1", &["task", "claim", "x/wp-a", "--as", "m1", "--sync"])
        .expect(0);
    machines
        .wp("m2", &["task", "claim", "x/wp-a", "--as", "m2", "--sync"])
        .expect(3);
    assert_eq!(machines.git("m2", &["for-each-ref", "refs/heads/wp"]), "");
}

#[test]
fn locks_and_holds_wait_for_the_authority_too() {
    let machines = pair();
    let key = ["lock", "acquire", "db:schema:users", "--as", "one"];
    let lock = machines.data("m1", 4, &key);
    assert_eq!(
        (&lock["claim"], &lock["epoch"]),
        (&"provisional".into(), &1.into())
    );
    let args = [
        "lock",
        "acquire",
        "db:schema:users",
        "--as",
        "two",
        "--sync",
    ];
    assert_eq!(machines.data("m2", 0, &args)["claim"], "confirmed");
    let lost = machines.data("m1", 3, &["sync"]);
    assert_eq!(lost["refused"][0]["op"], "lock-acquire", "{lost}");
    assert_eq!(lost["refused"][0]["code"], "held");
    machines
        .wp("m1", &["lock", "release", "db:schema:users", "--as", "one"])
        .expect(3);
    let release = [
        "lock",
        "release",
        "db:schema:users",
        "--as",
        "two",
        "--sync",
    ];
    machines.wp("m2", &release).expect(0);
    assert_eq!(
        machines.data("m1", 4, &["pause", "x", "-m", "lunch"])["claim"],
        "provisional"
    );
    machines.wp("m1", &["sync"]).expect(0);
    machines.wp("m2", &["sync"]).expect(0);
    let held = machines.data("m2", 1, &["task", "claim", "x/wp-a"]);
    assert_eq!(held["code"], "on-hold");
    machines.wp("m2", &["resume", "x", "--sync"]).expect(0);
    machines
        .wp("m2", &["task", "claim", "x/wp-a", "--as", "m2", "--sync"])
        .expect(0);
    let release = ["task", "release", "x/wp-a", "--as", "m2"];
    assert_eq!(machines.data("m2", 4, &release)["claim"], "provisional");
    machines.wp("m2", &["sync"]).expect(0);
    machines
        .wp("m1", &["task", "claim", "x/wp-a", "--as", "m1", "--sync"])
        .expect(0);
}

#[test]
fn a_dry_run_says_what_would_happen_and_changes_nothing() {
    let machines = pair();
    machines.claim("m1", "wp-a", 4);
    machines.claim("m2", "wp-a", 4);
    let refs = |name| machines.git(name, &["for-each-ref"]);
    let was = (refs("m1"), machines.remote_git(&["for-each-ref"]));
    let would = machines.data("m1", 0, &["sync", "--dry-run"]);
    assert_eq!(
        (&would["dry_run"], &would["result"]),
        (&true.into(), &"pushed".into())
    );
    assert_eq!(would["confirmed"].as_array().map(Vec::len), Some(1));
    assert_eq!(was, (refs("m1"), machines.remote_git(&["for-each-ref"])));
    machines.wp("m2", &["sync"]).expect(0);
    let would = machines.data("m1", 3, &["sync", "--dry-run"]);
    assert_eq!(would["superseded"].as_array().map(Vec::len), Some(1));
    assert_eq!(refs("m1"), was.0);
}

#[test]
fn a_clone_without_a_remote_has_nobody_to_sync_with() {
    let machines = Machines::new(&[Pkg::new("wp-a")]);
    for args in [
        &["sync", "--json"][..],
        &["sync", "--remote", "origin", "--json"],
    ] {
        let error = machines.wp("m1", args).expect(2).document();
        assert_eq!(error["error"]["code"], "no-remote");
        let hint = error["error"]["hint"].as_str().unwrap();
        assert_eq!(hint, "git wp init --remote origin");
    }
    // Alone, asking at once is granted at once.
    machines
        .wp("m1", &["task", "claim", "x/wp-a", "--sync"])
        .expect(0);
}

#[test]
fn newer_state_that_a_fetch_brought_is_named_and_reading_writes_nothing() {
    let machines = pair();
    machines
        .wp("m2", &["task", "claim", "x/wp-a", "--as", "m2", "--sync"])
        .expect(0);
    machines.git("m1", &["fetch", "-q"]);
    let refs = || machines.git("m1", &["for-each-ref"]);
    let was = refs();
    machines.cut();
    let status = machines.data("m1", 0, &["status", "x"]);
    assert_eq!(status["remote"]["newer"], true);
    assert_eq!(status["packages"][0]["status"], "ready");
    let text = machines.wp("m1", &["status"]).expect(0).stdout;
    assert!(
        text.contains("newer state from origin: git wp sync"),
        "{text}"
    );
    for args in [
        &["why", "x/wp-a"][..],
        &["log"],
        &["doctor"],
        &["lock", "list"],
    ] {
        machines.wp("m1", args).expect(0);
    }
    assert_eq!(refs(), was);
    machines.mend();
    assert_eq!(machines.data("m1", 0, &["sync"])["result"], "adopted");
    let status = machines.data("m1", 0, &["status", "x"]);
    assert_eq!(status["remote"]["newer"], false);
    let row = &status["packages"][0]["attempts"][0];
    assert_eq!(row["claim"], "confirmed");
    assert!(row["machine"].as_str().unwrap().starts_with("m2@"), "{row}");
}

#[test]
fn a_push_by_hand_that_fast_forwards_is_harmless() {
    let machines = pair();
    machines.claim("m1", "wp-a", 4);
    machines.git("m1", &["push", "-q", "origin", "refs/wp/state"]);
    let synced = machines.data("m1", 0, &["sync"]);
    assert_eq!(
        synced["confirmed"].as_array().map(Vec::len),
        Some(1),
        "{synced}"
    );
    machines.wp("m2", &["sync"]).expect(0);
    assert_eq!(machines.tree("m1"), machines.tree("m2"));
}

#[test]
fn a_remote_that_was_moved_back_freezes_rights_until_a_person_says_how_to_go_on() {
    let machines = pair();
    let old = machines.remote_git(&["rev-parse", "refs/wp/state"]);
    machines
        .wp("m1", &["task", "claim", "x/wp-a", "--as", "m1", "--sync"])
        .expect(0);
    machines.remote_git(&["update-ref", "refs/wp/state", &old]);
    let error = machines.wp("m1", &["sync", "--json"]).expect(6).document();
    assert_eq!(error["error"]["code"], "rewound");
    let hint = error["error"]["hint"].as_str().unwrap();
    assert!(hint.contains("git wp sync --accept-rewind"), "{hint}");
    machines
        .wp("m1", &["task", "claim", "x/wp-b", "--as", "m1", "--json"])
        .expect(6);
    let status = machines.data("m1", 0, &["status", "x"]);
    assert!(status["remote"]["frozen"].is_string(), "{status}");
    let doctor = machines.data("m1", 1, &["doctor"]);
    let codes: Vec<_> = doctor["damages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| &d["code"])
        .collect();
    assert_eq!(codes, ["frozen"]);
    machines.wp("m1", &["sync", "--accept-rewind"]).expect(0);
    machines
        .wp("m1", &["task", "claim", "x/wp-b", "--as", "m1", "--sync"])
        .expect(0);
    machines.wp("m1", &["doctor"]).expect(0);
}

#[test]
fn what_is_no_state_is_refused_and_work_here_goes_on() {
    let machines = pair();
    let good = machines.remote_git(&["rev-parse", "refs/wp/state"]);
    let before = machines.git("m1", &["rev-parse", "refs/wp/state"]);
    machines.remote_git(&["update-ref", "refs/wp/state", "refs/heads/main"]);
    let error = machines.wp("m1", &["sync", "--json"]).expect(6).document();
    let hint = error["error"]["hint"].as_str().unwrap();
    assert!(hint.starts_with("nothing was changed here"), "{error}");
    assert_eq!(machines.git("m1", &["rev-parse", "refs/wp/state"]), before);
    machines.claim("m1", "wp-a", 4);
    machines.wp("m1", &["status"]).expect(0);
    machines.remote_git(&["update-ref", "refs/wp/state", &good]);
    let synced = machines.data("m1", 0, &["sync"]);
    assert_eq!(
        synced["confirmed"].as_array().map(Vec::len),
        Some(1),
        "{synced}"
    );
}

#[test]
fn a_host_that_takes_nothing_any_more_leaves_a_claim_provisional() {
    let machines = pair();
    let words = "printf '\\033[31mclosed\\n' >&2; exit 1";
    machines.hook("pre-receive", words);
    let claim = machines.data(
        "m1",
        4,
        &["task", "claim", "x/wp-a", "--as", "m1", "--sync"],
    );
    assert_eq!(claim["claim"], "provisional");
    assert!(
        claim["note"].as_str().unwrap().contains("closed"),
        "{claim}"
    );
    let run = machines.wp("m1", &["sync"]).expect(5);
    assert!(
        run.stderr.contains("closed") && !run.stderr.contains('\u{1b}'),
        "{run:?}"
    );
    machines.hook("pre-receive", "true");
    machines.wp("m1", &["sync"]).expect(0);
    let again = machines.claim("m1", "wp-a", 0);
    assert_eq!(again["attempt"], claim["attempt"]);
}

#[test]
fn what_keeps_a_clone_from_syncing_is_named_and_repaired_where_that_is_safe() {
    let machines = pair();
    let codes = |code: i32, args: &[&str]| {
        let doctor = machines.data("m1", code, args);
        let all = doctor["damages"].as_array().unwrap().clone();
        let code = |d: &Value| d["code"].as_str().unwrap().to_owned();
        all.iter().map(code).collect::<Vec<_>>()
    };
    assert_eq!(codes(0, &["doctor"]), Vec::<String>::new());
    let key = "remote.origin.fetch";
    machines.git("m1", &["config", "--unset-all", key, "refs/wp/state"]);
    assert_eq!(codes(1, &["doctor"]), ["remote-refspec"]);
    assert_eq!(codes(0, &["doctor", "--fix"]), ["remote-refspec"]);
    assert_eq!(codes(0, &["doctor", "--fix"]), Vec::<String>::new());
    let memory = machines.path("m1").join(".git/wp/remotes/origin.json");
    std::fs::write(&memory, "{ not").unwrap();
    assert_eq!(codes(1, &["doctor", "--fix"]), ["remembered"]);
    machines.wp("m1", &["status"]).expect(0);
    machines
        .wp("m1", &["task", "claim", "x/wp-a", "--as", "m1"])
        .expect(6);
    machines.wp("m1", &["sync"]).expect(6);
    std::fs::remove_file(&memory).unwrap();
    machines.wp("m1", &["sync"]).expect(0);
    machines.git("m1", &["remote", "remove", "origin"]);
    assert_eq!(codes(1, &["doctor"]), ["remote-unknown"]);
    machines.wp("m1", &["status"]).expect(0);
}

#[test]
fn a_sync_that_is_killed_anywhere_grants_nothing_twice_and_loses_nothing() {
    let machines = pair();
    for (round, package) in ["wp-a", "wp-b", "wp-c"].iter().cycle().take(12).enumerate() {
        let mine = machines.wp(
            "m1",
            &["task", "claim", &format!("x/{package}"), "--as", "m1"],
        );
        machines.wp(
            "m2",
            &["task", "claim", &format!("x/{package}"), "--as", "m2"],
        );
        assert!(matches!(mine.code, 0 | 3 | 4), "{mine:?}");
        let mut sync = machines.wp_command("m1", &["sync", "-q"]);
        sync.stdout(std::process::Stdio::null());
        let mut child = sync.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(17 * round as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        let code = machines.wp("m2", &["sync"]).code;
        assert!(matches!(code, 0 | 3), "{code}");
        let code = machines.wp("m1", &["sync"]).code;
        assert!(matches!(code, 0 | 3), "{code}");
        for name in ["m1", "m2"] {
            machines.wp(
                name,
                &["task", "release", &format!("x/{package}"), "--as", name],
            );
            machines.wp(name, &["sync"]);
        }
    }
    for _ in 0..2 {
        machines.wp("m1", &["sync"]).expect(0);
        machines.wp("m2", &["sync"]).expect(0);
    }
    assert_eq!(machines.tree("m1"), machines.tree("m2"));
    assert_eq!(machines.wp("m1", &["doctor"]).expect(0).code, 0);
    let status = machines.data("m2", 0, &["status", "x"]);
    for package in status["packages"].as_array().unwrap() {
        let rows = package["attempts"].as_array().unwrap();
        let mut epochs: Vec<u64> = rows.iter().filter_map(|a| a["epoch"].as_u64()).collect();
        epochs.sort_unstable();
        let expected: Vec<u64> = (1..=epochs.len() as u64).collect();
        assert_eq!(epochs, expected, "{package}");
        assert!(
            rows.iter().all(|a| a["claim"] != "provisional"),
            "{package}"
        );
    }
    machines.remote_git(&["fsck", "--strict", "--no-dangling"]);
}

#[test]
fn of_two_machines_that_ask_at_the_same_time_exactly_one_gets_each_package() {
    let names: Vec<String> = (0..6).map(|i| format!("wp-{i}")).collect();
    let packages: Vec<Pkg> = names.iter().map(|name| Pkg::new(name)).collect();
    let machines = Machines::pair(&packages);
    for package in &names {
        let target = format!("x/{package}");
        let codes: Vec<i32> = std::thread::scope(|scope| {
            let ask = |name: &'static str| {
                let args = ["task", "claim", &target, "--as", name, "--sync"];
                let command = machines.wp_command(name, &args);
                scope.spawn(move || run(command).code)
            };
            let both = [ask("m1"), ask("m2")];
            both.into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 3], "{package}: {codes:?}");
    }
}
