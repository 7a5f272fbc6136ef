//! `guard`, `policy`, and the verbs that ask them.

use std::io::Write as _;
use std::process::Stdio;

use super::support::plans::Pkg;
use super::support::{Scratch, run};

#[test]
fn a_command_line_is_judged_and_never_run() {
    let scratch = Scratch::new();
    let text = scratch
        .wp(&["guard", "check", "touch x; git push -f"])
        .expect(1)
        .stdout;
    assert!(text.contains("block git_force_push: git push -f"), "{text}");
    assert!(text.contains("blocked at trust 2, 1 finding"), "{text}");
    assert!(!scratch.path().join("x").exists());
    let words = [
        "guard", "check", "--json", "--", "git", "commit", "-m", "rm -rf /",
    ];
    let data = scratch.wp(&words).expect(0).data();
    assert_eq!((&data["safe"], &data["trust"]), (&true.into(), &2.into()));
    let data = scratch
        .wp(&["guard", "check", "--json", "rm", "-rf", "a b"])
        .expect(1);
    let finding = &run_data(
        &scratch,
        &["guard", "check", "--json", "--", "rm", "-rf", "a b"],
        1,
    );
    assert!(data.stdout.contains("rm_rf") || data.stdout.contains("blocked"));
    let finding = &finding["findings"][0];
    assert_eq!(finding["rule"], "rm_rf");
    assert_eq!(finding["category"], "file_system");
    assert_eq!(finding["level"], "block");
    assert_eq!(
        (&finding["min_trust"], &finding["blocked"]),
        (&3.into(), &true.into())
    );
    assert_eq!(finding["matched"], "rm -rf 'a b'");
    for trust in ["3", "4"] {
        scratch
            .wp(&["guard", "check", "--trust", trust, "git push -f"])
            .expect(0);
    }
    scratch
        .wp(&["guard", "check", "--trust", "5", "x", "--json"])
        .expect(2);
    scratch.wp(&["guard", "check", "--json"]).expect(2);
    assert_eq!(
        scratch.git(&["for-each-ref", "refs/wp"]),
        "",
        "nothing was written"
    );
}

fn run_data(scratch: &Scratch, args: &[&str], code: i32) -> git_wp::base::json::Value {
    scratch.wp(args).expect(code).data()
}

#[test]
fn paths_and_scripts_are_judged_too_and_without_a_repository() {
    let scratch = Scratch::new();
    let data = run_data(
        &scratch,
        &["guard", "check", "--path", "a/.env", "--json"],
        0,
    );
    assert_eq!(data["findings"][0]["rule"], "env_file_modify");
    run_data(
        &scratch,
        &["guard", "check", "--path", ".ssh/id_rsa", "--json"],
        1,
    );
    let folder = scratch.beside("plain");
    std::fs::create_dir(&folder).unwrap();
    let mut command = scratch.wp_command_in(&folder, &["guard", "check", "--stdin"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin
        .write_all(b"cd x\n# fine\ngit reset --hard\n")
        .unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("git_reset_hard"));
    let rules = run_data(&scratch, &["guard", "rules", "--json"], 0);
    assert!(rules["count"].as_u64().unwrap() > 25);
}

#[test]
fn only_a_trusted_wp_toml_loosens_the_guard() {
    let scratch = Scratch::new();
    let toml = "[guard.off]\nrm_rf = \"rooms are thrown away\"\n\
                [guard.rules.no_prod]\nprogram = \"make\"\nwords = [\"prod\"]\nwhy = \"it deploys\"\n";
    scratch.write("wp.toml", toml);
    let check = ["guard", "check", "rm -rf x"];
    let told = scratch.wp(&check).expect(1);
    assert!(told.stderr.contains("git wp trust"), "{}", told.stderr);
    scratch.wp(&["guard", "check", "make -j2 prod"]).expect(1);
    let trusted = scratch.wp(&["trust"]).expect(0).stdout;
    assert!(trusted.contains("it loosens the guard: rm_rf"), "{trusted}");
    scratch.wp(&check).expect(0);
    scratch.wp(&["guard", "check", "make -j2 prod"]).expect(1);
    scratch.write("wp.toml", &format!("{toml}# changed\n"));
    scratch.wp(&check).expect(1);
}

#[test]
fn an_approval_needs_a_word_for_what_the_guard_blocks() {
    let scratch = Scratch::new();
    let package = Pkg::new("wp-one").check("unit", "make test && git push -f");
    scratch.add_plan("x", &[package]);
    let document = scratch.wp(&["approve", "x", "--json"]).expect(5).document();
    assert_eq!(document["error"]["code"], "guarded");
    let message = document["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("git_force_push") && message.contains("wp-one"),
        "{message}"
    );
    assert!(
        document["error"]["hint"]
            .as_str()
            .unwrap()
            .contains("--despite git_force_push")
    );
    assert!(!scratch.state_dir().exists(), "nothing was kept");
    assert_eq!(
        scratch.git(&["ls-tree", "--name-only", "refs/wp/state"]),
        "decisions\nmeta",
        "nothing was published but the refusal"
    );
    scratch
        .wp(&["approve", "x", "--despite", "rm_rf", "--json"])
        .expect(5);
    scratch
        .wp(&["approve", "x", "--despite", "nonsense", "--json"])
        .expect(2);
    let data = run_data(
        &scratch,
        &["approve", "x", "--despite", "git_force_push", "--json"],
        0,
    );
    assert_eq!(data["findings"][0]["rule"], "git_force_push");
    assert_eq!(data["findings"][0]["place"], "wp-one, step `unit`");
}

#[test]
fn trust_is_not_excused_by_the_file_itself() {
    let scratch = Scratch::new();
    let toml = "[worktree]\nsetup = [\"git clean -xdf\"]\n\
                [guard.off]\ngit_clean_force = \"we like it\"\n";
    scratch.write("wp.toml", toml);
    let document = scratch.wp(&["trust", "--json"]).expect(5).document();
    assert_eq!(document["error"]["code"], "guarded");
    assert!(!scratch.state_dir().exists(), "nothing was kept");
    let args = ["trust", "--despite", "git_clean_force", "--json"];
    let data = run_data(&scratch, &args, 0);
    assert_eq!(data["loosens"][0], "git_clean_force");
}

#[test]
fn a_decision_explains_itself() {
    let scratch = Scratch::new();
    let args = [
        "policy", "check", "get_work", "wp-a", "--trust", "1", "--json",
    ];
    let data = run_data(&scratch, &args, 1);
    assert_eq!(data["operation"], "task_claim");
    assert_eq!(data["rule"], "trust-too-low");
    assert_eq!(
        (&data["needs_trust"], &data["has_trust"]),
        (&2.into(), &1.into())
    );
    assert_eq!(
        (&data["class"], &data["allowed"]),
        (&"write".into(), &false.into())
    );
    scratch.wp(&["policy", "check", "cleanup"]).expect(0);
    let text = scratch
        .wp(&["policy", "check", "launch rockets"])
        .expect(1)
        .stdout;
    assert!(text.starts_with("denied: launch_rockets\n"), "{text}");
    scratch.git(&["config", "wp.agent.bot.command", "bot"]);
    scratch.git(&["config", "wp.agent.bot.trust", "3"]);
    let data = run_data(
        &scratch,
        &["policy", "check", "merge", "--agent", "bot", "--json"],
        0,
    );
    assert_eq!(data["has_trust"], 3);
    scratch
        .wp(&["policy", "check", "merge", "--agent", "ghost", "--json"])
        .expect(2);
}

#[test]
fn profiles_restrict_even_a_person() {
    let scratch = Scratch::new();
    scratch.write(
        "wp.toml",
        "[policy.profiles.person]\nblocked = [\"cleanup\"]\n",
    );
    scratch.wp(&["cleanup"]).expect(0);
    let document = scratch
        .wp(&["cleanup", "--yes", "a1b2c3", "--json"])
        .expect(5)
        .document();
    assert_eq!(document["error"]["code"], "policy-denied");
    assert!(
        document["error"]["message"]
            .as_str()
            .unwrap()
            .contains("profile-blocks")
    );
    assert_eq!(document["error"]["hint"], "git wp policy check cleanup");
}

#[test]
fn an_attempt_that_nobody_knows_may_nothing() {
    let scratch = Scratch::new();
    let mut command = scratch.wp_command(&["policy", "check", "status", "--json"]);
    command.env("WP_ATTEMPT", "a1b2c3");
    let data = run(command).expect(1).data();
    assert_eq!(data["has_trust"], 0);
}
