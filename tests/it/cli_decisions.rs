//! What the guard and the policy decided is in the audit: who asked for what, what became of it, by
//! which rule. Questions leave nothing there.

use git_wp::base::json::Value;

use super::support::machines::Machines;
use super::support::plans::Pkg;
use super::support::{Scratch, run};

/// Decisions in the trail, newest first.
#[track_caller]
fn decisions(scratch: &Scratch, more: &[&str]) -> Vec<Value> {
    let mut args = vec![
        "audit",
        "--operation",
        "decision",
        "--limit",
        "99",
        "--json",
    ];
    args.extend(more);
    let data = scratch.wp(&args).expect(0).data();
    data["entries"].as_array().unwrap().clone()
}

/// Operation, verdict and rules of each.
fn brief(entries: &[Value]) -> Vec<(String, String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let one = |entry: &Value| {
        let rules = entry["result"]["rules"].as_array().unwrap();
        (
            text(&entry["parameters"]["operation"]),
            text(&entry["result"]["verdict"]),
            rules.iter().map(text).collect(),
        )
    };
    entries.iter().map(one).collect()
}

fn said(operation: &str, verdict: &str, rules: &[&str]) -> (String, String, Vec<String>) {
    let rules = rules.iter().map(|rule| (*rule).to_owned()).collect();
    (operation.to_owned(), verdict.to_owned(), rules)
}

#[test]
fn approvals_and_trust_leave_what_the_guard_said_with_the_act() {
    let scratch = Scratch::new();
    let token = format!("ghp_{}", "a1B2".repeat(9));
    let push = format!("git push -f https://ann:{token}@example.org/x.git");
    scratch.add_plan("x", &[Pkg::new("wp-one").check("unit", &push)]);
    scratch.wp(&["guard", "check", &push]).expect(1);
    scratch.wp(&["policy", "check", "launch"]).expect(1);
    assert_eq!(scratch.git(&["for-each-ref", "refs/wp"]), "");
    let mut denied = scratch.wp_command(&["approve", "x"]);
    denied.env("AGENT_ID", "ann").env("AGENT_TYPE", "claude");
    run(denied).expect(5);
    scratch
        .wp(&["approve", "x", "--despite", "git_force_push"])
        .expect(0);
    let found = decisions(&scratch, &["--feature", "x"]);
    assert_eq!(
        brief(&found),
        [
            said("approve", "despite", &["git_force_push"]),
            said("approve", "deny", &["git_force_push"]),
        ]
    );
    assert_eq!(
        (&found[0]["success"], &found[1]["success"]),
        (&true.into(), &false.into())
    );
    assert_eq!(found[1]["agent_id"], "ann");
    assert_eq!(found[1]["agent_type"], "claude");
    assert_eq!(found[1]["parameters"]["trust"], 0, "the plan asks for none");
    let reason = found[1]["result"]["reason"].as_str().unwrap();
    assert!(
        reason.contains("git push -f") && reason.contains("wp-one"),
        "{reason}"
    );
    let all = scratch.git(&["log", "-p", "refs/wp/state", "--", "decisions"]);
    assert!(!all.contains(&token), "{all}");
    let approved = scratch.wp(&["audit", "--operation", "approve", "--json"]);
    let approved = approved.expect(0).data()["entries"].clone();
    let with: Vec<&Value> = { approved.as_array().unwrap().iter() }
        .filter(|entry| entry["commit"] == found[0]["commit"])
        .collect();
    assert_eq!(
        with.len(),
        2,
        "the yes and what permits it are one transaction"
    );
    scratch.write("wp.toml", "[worktree]\nsetup = [\"make deps\"]\n");
    scratch.wp(&["trust"]).expect(0);
    assert_eq!(
        brief(&decisions(&scratch, &[]))[0],
        said("trust", "allow", &[])
    );
    let shown = scratch
        .wp(&["audit", "--operation", "approve"])
        .expect(0)
        .stdout;
    assert!(
        shown.contains("deny approve ") && shown.contains("(git_force_push)"),
        "{shown}"
    );
    scratch.wp(&["audit", "--verify"]).expect(0);
    scratch.wp(&["doctor"]).expect(0);
}

#[test]
fn what_a_profile_forbids_is_refused_and_recorded() {
    let scratch = Scratch::new();
    let toml = "[policy.profiles.person]\nblocked = [\"cleanup\", \"merge\"]\n";
    scratch.write("wp.toml", toml);
    scratch.add_plan("x", &[Pkg::new("wp-one")]);
    scratch.wp(&["cleanup"]).expect(0);
    scratch.wp(&["cleanup", "--yes", "a1b2c3"]).expect(5);
    let found = decisions(&scratch, &[]);
    assert_eq!(
        brief(&found),
        [said("cleanup", "deny", &["profile-blocks"])]
    );
    assert_eq!(found[0]["parameters"]["resource"], "a1b2c3");
    assert_eq!(found[0]["parameters"]["trust"], 4);
    assert_eq!(found[0]["parameters"]["profile"], "person");
    scratch.wp(&["approve", "x"]).expect(0);
    let refused = scratch
        .wp(&["implement", "x", "--json"])
        .expect(5)
        .document();
    assert_eq!(refused["error"]["code"], "policy-denied");
    assert_eq!(
        brief(&decisions(&scratch, &["--feature", "x"])),
        [
            said("merge", "deny", &["profile-blocks"]),
            said("approve", "allow", &[])
        ]
    );
}

#[test]
fn a_run_is_permitted_once_and_an_attempt_that_approves_is_refused_in_its_name() {
    let scratch = Scratch::new();
    let script = "git wp approve x; mkdir -p wp-one; echo $WP_ATTEMPT > wp-one/f";
    let program = env!("CARGO_BIN_EXE_git-wp");
    let script = script.replace("git wp", program);
    scratch.add_plan("x", &[Pkg::new("wp-one").run(&script)]);
    scratch.wp(&["approve", "x"]).expect(0);
    scratch.wp(&["implement", "x"]).expect(0);
    scratch.wp(&["implement", "x"]).expect(0);
    let found = decisions(&scratch, &[]);
    assert_eq!(
        brief(&found),
        [
            said("approve", "deny", &["in-room"]),
            said("merge", "allow", &["trust"]),
            said("implement", "allow", &["trust"]),
            said("approve", "allow", &[]),
        ]
    );
    let attempt = scratch.git(&["show", "refs/wp/integration/x:wp-one/f"]);
    assert_eq!(found[0]["parameters"]["session"], attempt.as_str());
    assert_eq!(found[0]["parameters"]["package"], "wp-one");
}

#[test]
fn a_push_takes_along_what_permits_it_and_then_there_is_nothing_to_say() {
    let machines = Machines::pair(&[Pkg::new("wp-one")]);
    machines.wp("m1", &["sync"]).expect(0);
    let before = machines.tree("m1");
    machines.wp("m1", &["sync"]).expect(0);
    assert_eq!(
        machines.tree("m1"),
        before,
        "nothing to push, nothing to permit"
    );
    machines
        .wp("m1", &["remember", "x builds slowly"])
        .expect(0);
    machines.wp("m1", &["sync"]).expect(0);
    machines.wp("m2", &["sync"]).expect(0);
    let data = machines.data("m2", 0, &["audit", "--operation", "sync"]);
    let entries = data["entries"].as_array().unwrap();
    let allowed =
        |entry: &&Value| entry["operation"] == "decision" && entry["result"]["verdict"] == "allow";
    let entry = entries
        .iter()
        .find(allowed)
        .expect("the decision travelled");
    assert_eq!(entry["parameters"]["resource"], "origin");
    let state = machines.remote_git(&["rev-parse", "refs/wp/state^{tree}"]);
    assert_eq!(state, machines.tree("m2"));
}
