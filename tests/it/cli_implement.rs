//! `implement` through the binary: its answer, its permission, and what it leaves alone.

use git_wp::base::json::{self, Value};

use super::support::plans::{Pkg, plan, plan_path};
use super::support::{Scratch, run};

fn approved(feature: &str, packages: &[Pkg]) -> Scratch {
    let scratch = Scratch::new();
    scratch.add_plan(feature, packages);
    scratch.wp(&["approve", feature]).expect(0);
    scratch
}

fn status_of<'a>(data: &'a Value, id: &str) -> &'a str {
    let packages = data["packages"].as_array().unwrap();
    let package = packages.iter().find(|p| p["id"] == id).unwrap();
    package["status"].as_str().unwrap()
}

#[test]
fn a_plan_is_run_and_merged_and_the_user_is_left_alone() {
    let packages = [
        Pkg::new("wp-a").check("there", "test -f wp-a/file"),
        Pkg::new("wp-b")
            .after(&["wp-a"])
            .check("both", "test -f wp-a/file -a -f wp-b/file"),
        Pkg::new("wp-c").after(&["wp-a"]),
    ];
    let scratch = approved("x", &packages);
    scratch.write("untracked.txt", "mine\n");
    let mut before = scratch.belongings();
    let args = ["implement", "x", "--agent", "shell", "-j", "3", "--json"];
    let run = scratch.wp(&args).expect(0);
    let data = run.data();
    assert_eq!(data["feature"], "x");
    assert_eq!(data["result"], "merged");
    assert_eq!(data["branch"], "openspec/x");
    assert_eq!(data["head"], scratch.oid("openspec/x").as_str());
    assert_eq!(data["awaiting"].as_array().unwrap().len(), 0);
    assert!(data["seconds"].is_u64());
    for package in data["packages"].as_array().unwrap() {
        assert_eq!(package["status"], "merged");
        let attempt = &package["attempts"][0];
        assert_eq!(attempt["epoch"], 1);
        assert_eq!(attempt["agent"], "shell");
        assert_eq!(attempt["outcome"], "merged");
        let id = package["id"].as_str().unwrap();
        let branch = format!("wp/x/{id}/{}", attempt["id"].as_str().unwrap());
        assert_eq!(attempt["branch"], branch);
        assert_eq!(attempt["head"], scratch.oid(&branch).as_str());
    }
    let dirty = run.document()["warnings"][0].clone();
    assert_eq!(dirty["code"], "dirty");
    assert!(dirty["message"].as_str().unwrap().contains("untracked.txt"));
    scratch.git(&["show", "openspec/x:wp-c/file"]);
    let missing = scratch.git(&["ls-tree", "--name-only", "openspec/x"]);
    assert!(!missing.contains("untracked.txt"));
    let rooms = scratch.git(&["worktree", "list"]);
    assert_eq!(
        rooms.lines().count(),
        1,
        "rooms of merged attempts are gone: {rooms}"
    );
    let mut after = scratch.belongings();
    let refs = |all: &mut std::collections::BTreeMap<String, Vec<u8>>| {
        let refs = String::from_utf8(all.remove("refs").unwrap()).unwrap();
        let others = refs
            .lines()
            .filter(|l| !l.starts_with("refs/heads/openspec/x "));
        others.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(refs(&mut before), refs(&mut after));
    assert_eq!(before, after);
    scratch.assert_sound();
}

#[test]
fn running_a_merged_feature_again_does_nothing_and_is_well() {
    let scratch = approved("x", &[Pkg::new("wp-a")]);
    let first = scratch.wp(&["implement", "x", "--json"]).expect(0).data();
    let tree = scratch.git(&["rev-parse", "refs/wp/state^{tree}"]);
    let again = scratch.wp(&["implement", "x", "--json"]).expect(0).data();
    assert_eq!(first["head"], again["head"]);
    assert_eq!(again["result"], "merged");
    assert_eq!(scratch.git(&["rev-parse", "refs/wp/state^{tree}"]), tree);
}

#[test]
fn a_plan_that_was_not_approved_does_not_run_and_says_what_it_would_run() {
    let scratch = Scratch::new();
    scratch.add_plan("x", &[Pkg::new("wp-a").run("touch ../canary")]);
    let before = scratch.belongings();
    let document = scratch
        .wp(&["implement", "x", "--agent", "shell", "--json"])
        .expect(5)
        .document();
    assert_eq!(document["error"]["code"], "not-approved");
    let message = document["error"]["message"].as_str().unwrap();
    assert!(message.contains("touch ../canary"), "{message}");
    assert!(
        document["error"]["hint"]
            .as_str()
            .unwrap()
            .contains("git wp approve x")
    );
    assert_eq!(scratch.belongings(), before);
    assert_eq!(scratch.git(&["for-each-ref", "refs/wp"]), "");
}

#[test]
fn a_plan_that_changed_since_is_refused_with_the_difference() {
    let scratch = approved("x", &[Pkg::new("wp-a").run("echo honest > wp-a")]);
    scratch.write(
        &plan_path("x"),
        &plan("x", &[Pkg::new("wp-a").run("echo evil > wp-a")]),
    );
    let document = scratch
        .wp(&["implement", "x", "--agent", "shell", "--json"])
        .expect(5)
        .document();
    assert_eq!(document["error"]["code"], "plan-changed");
    let message = document["error"]["message"].as_str().unwrap();
    assert!(message.contains("-      run: \"echo honest"), "{message}");
    assert!(message.contains("+      run: \"echo evil"), "{message}");
}

#[test]
fn programs_of_wp_toml_need_a_yes_of_their_own() {
    let scratch = Scratch::new();
    scratch.write("wp.toml", "[verify]\nfinal = [\"test -f wp-a/file\"]\n");
    scratch.add_plan("x", &[Pkg::new("wp-a")]);
    scratch.wp(&["approve", "x"]).expect(0);
    let document = scratch
        .wp(&["implement", "x", "--json"])
        .expect(5)
        .document();
    assert_eq!(document["error"]["code"], "not-trusted");
    assert!(
        document["error"]["message"]
            .as_str()
            .unwrap()
            .contains("test -f wp-a/file")
    );
    scratch.wp(&["trust"]).expect(0);
    scratch.wp(&["implement", "x", "--json"]).expect(0);
    scratch.write("wp.toml", "[verify]\nfinal = [\"touch canary\"]\n");
    let document = scratch
        .wp(&["implement", "x", "--json"])
        .expect(5)
        .document();
    let message = document["error"]["message"].as_str().unwrap();
    assert!(message.contains("+final = [\"touch canary\"]"), "{message}");
}

#[test]
fn a_failed_package_is_told_and_others_go_on() {
    let packages = [
        Pkg::new("wp-a").retries(1).check("never", "exit 3"),
        Pkg::new("wp-b").after(&["wp-a"]),
        Pkg::new("wp-c"),
    ];
    let scratch = approved("x", &packages);
    let data = scratch.wp(&["implement", "x", "--json"]).expect(1).data();
    assert_eq!(data["result"], "failed");
    assert_eq!(status_of(&data, "wp-a"), "failed");
    assert_eq!(status_of(&data, "wp-b"), "blocked");
    assert_eq!(status_of(&data, "wp-c"), "merged");
    let attempts = data["packages"][0]["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2);
    assert!(attempts.iter().all(|a| a["outcome"] == "failed"));
    assert!(attempts[0]["reason"].as_str().unwrap().contains("never"));
    let why = scratch.wp(&["why", "x/wp-b", "--json"]).expect(0).data();
    assert_eq!(why["reasons"][1]["package"], "wp-a");
    let text = scratch.wp(&["implement", "x"]);
    assert_eq!(text.code, 1);
    assert!(text.stdout.contains("git wp why x/wp-a"), "{}", text.stdout);
}

#[test]
fn a_manual_step_makes_the_run_partial_until_it_is_answered() {
    let scratch = approved("x", &[Pkg::new("wp-a").tier('A').manual("look")]);
    let data = scratch.wp(&["implement", "x", "--json"]).expect(1).data();
    assert_eq!(data["result"], "partial");
    assert_eq!(data["awaiting"][0]["step"], "look");
    let status = scratch.wp(&["status", "x", "--json"]).expect(0).data();
    assert_eq!(status["packages"][0]["status"], "awaiting");
    scratch
        .wp(&["evidence", "x/wp-a", "nosuch", "--pass", "--json"])
        .expect(2);
    scratch
        .wp(&["evidence", "x/wp-a", "look", "--json"])
        .expect(2);
    scratch
        .wp(&[
            "evidence",
            "x/wp-a",
            "look",
            "--pass",
            "--url",
            "https://ci/1",
        ])
        .expect(0);
    let data = scratch.wp(&["implement", "x", "--json"]).expect(0).data();
    assert_eq!(data["result"], "merged");
    let report = scratch.wp(&["report", "x"]).expect(0).stdout;
    assert!(
        report.contains("answered") && report.contains("https://ci/1"),
        "{report}"
    );
}

#[test]
fn a_dry_run_shows_and_writes_nothing() {
    let scratch = Scratch::new();
    scratch.add_plan("x", &[Pkg::new("wp-a"), Pkg::new("wp-b").after(&["wp-a"])]);
    let before = scratch.belongings();
    let data = scratch
        .wp(&["implement", "x", "--dry-run", "--json"])
        .expect(0)
        .data();
    assert_eq!(data["approved"], false);
    assert_eq!(data["branch"], "openspec/x");
    assert_eq!(data["forecast"]["bars"][1]["package"], "wp-b");
    assert_eq!(data["forecast"]["bars"][1]["start"], 5);
    assert_eq!(scratch.belongings(), before);
    assert_eq!(scratch.git(&["for-each-ref", "refs/wp"]), "");
    assert!(!scratch.path().join(".git/wp").exists());
}

#[test]
fn events_are_one_versioned_line_each() {
    let scratch = approved("x", &[Pkg::new("wp-a")]);
    let both = scratch.wp(&["implement", "x", "--events", "-", "--json"]);
    both.expect(2);
    let stream = scratch
        .wp(&["implement", "x", "--events", "-", "-q"])
        .expect(0);
    let lines = stream.stdout.lines();
    let events: Vec<Value> = lines.map(|l| json::parse(l.as_bytes()).unwrap()).collect();
    let kinds: Vec<&str> = events
        .iter()
        .map(|e| e["event"].as_str().unwrap())
        .collect();
    for kind in [
        "run-started",
        "attempt-started",
        "gate",
        "verified",
        "landed",
        "run-ended",
    ] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
    assert!(events.iter().all(|e| e["v"] == 1 && e["feature"] == "x"));
    assert_eq!(stream.stderr, "", "quiet");
}

#[test]
fn an_agent_of_git_config_gets_prompt_and_environment() {
    let scratch = Scratch::new();
    let script = "#!/bin/sh\nset -e\ncat > \"$WP_PACKAGE/stdin\"\n\
                  printf '%s/%s/%s' \"$WP_FEATURE\" \"$WP_PACKAGE\" \"$WP_ATTEMPT\" > \"$WP_PACKAGE/env\"\n\
                  cmp \"$WP_PROMPT_FILE\" \"$WP_PACKAGE/stdin\"\nprintf '%s' \"$MY_SECRET\" >> \"$WP_PACKAGE/env\"\n";
    let agent = scratch.beside("agent.sh");
    std::fs::write(
        &agent,
        script.replace("set -e\n", "set -e\nmkdir -p \"$WP_PACKAGE\"\n"),
    )
    .unwrap();
    let command = format!("sh {}", agent.display());
    scratch.git(&["config", "wp.agent.fake.command", &command]);
    scratch.add_plan("x", &[Pkg::new("wp-a")]);
    scratch.wp(&["approve", "x"]).expect(0);
    let mut implement = scratch.wp_command(&["implement", "x", "--agent", "fake", "--json"]);
    implement.env("MY_SECRET", "hush");
    let data = run(implement).expect(0).data();
    let attempt = data["packages"][0]["attempts"][0]["id"].as_str().unwrap();
    let env = scratch.git(&["show", "openspec/x:wp-a/env"]);
    assert_eq!(env, format!("x/wp-a/{attempt}"));
    let prompt = scratch.git(&["show", "openspec/x:wp-a/stdin"]);
    assert!(
        prompt.contains("wp-a") && prompt.contains("do wp-a"),
        "{prompt}"
    );
}

#[test]
fn what_is_named_wrongly_is_a_usage_error_before_anything_is_written() {
    let scratch = approved("x", &[Pkg::new("wp-a")]);
    let tip = scratch.oid("refs/wp/state");
    for (args, code) in [
        (&["--agent", "nosuch"][..], "agent-unknown"),
        (&["--only", "nosuch"], "package-unknown"),
        (&["--base", "nosuch"], "base-unknown"),
        (&["-j", "0"], "usage"),
        (&["--base", "--upload-pack=x"], "usage"),
    ] {
        let mut all = vec!["implement", "x", "--json"];
        all.extend(args);
        let document = scratch.wp(&all).expect(2).document();
        assert_eq!(document["error"]["code"], code, "{args:?}");
    }
    scratch.git(&["branch", "openspec"]);
    let document = scratch
        .wp(&["implement", "x", "--json"])
        .expect(2)
        .document();
    assert_eq!(document["error"]["code"], "branch-clash");
    assert_eq!(scratch.oid("refs/wp/state"), tip);
}

#[test]
fn a_change_without_a_plan_runs_as_one_package() {
    let scratch = Scratch::new();
    scratch.write("openspec/changes/small/proposal.md", "# Say hello\n");
    scratch.commit("small");
    let command = "sh -c 'echo hello > hello.txt'";
    scratch.git(&["config", "wp.agent.fake.command", command]);
    let run = scratch.wp(&["implement", "small", "--json"]).expect(0);
    let data = run.data();
    assert_eq!(data["result"], "merged");
    assert_eq!(data["packages"][0]["id"], "wp-main");
    assert_eq!(scratch.git(&["show", "openspec/small:hello.txt"]), "hello");
    assert_eq!(run.document()["warnings"][0]["code"], "degraded");
}

#[test]
fn a_checked_out_feature_branch_is_left_to_its_user() {
    let scratch = approved("x", &[Pkg::new("wp-a")]);
    scratch.git(&["switch", "-q", "-c", "openspec/x"]);
    let before = scratch.belongings();
    let run = scratch.wp(&["implement", "x"]).expect(0);
    assert!(
        run.stdout
            .contains("git merge --ff-only refs/wp/integration/x"),
        "{}",
        run.stdout
    );
    assert_eq!(scratch.belongings(), before);
    scratch.git(&["merge", "-q", "--ff-only", "refs/wp/integration/x"]);
    assert!(scratch.path().join("wp-a/file").is_file());
}

#[test]
fn a_lock_that_a_killed_run_left_on_the_integration_ref_is_in_nobodys_way() {
    let scratch = approved("x", &[Pkg::new("wp-a")]);
    let folder = scratch.path().join(".git/refs/wp/integration");
    std::fs::create_dir_all(&folder).unwrap();
    let lock = folder.join("x.lock");
    std::fs::write(&lock, "").unwrap();
    let data = scratch
        .wp(&["implement", "x", "--agent", "shell", "--json"])
        .expect(0)
        .data();
    assert_eq!(data["result"], "merged");
    assert!(!lock.exists());
}
