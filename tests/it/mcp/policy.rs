//! Every call asks the policy before it acts, and the audit has the shape that skills know.

use git_wp::base::json::{Value, json};

use super::client::Client;
use crate::support::Scratch;
use crate::support::plans::Pkg;

fn names(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn an_agent_below_the_trust_of_a_tool_is_refused_before_anything_happens() {
    let scratch = Scratch::new();
    scratch.git(&["config", "wp.agent.weak.command", "true"]);
    scratch.git(&["config", "wp.agent.weak.trust", "1"]);
    let who = [
        ("AGENT_ID", "wim"),
        ("AGENT_TYPE", "weak"),
        ("SESSION_ID", "s1"),
    ];
    let mut weak = Client::start(&scratch, &who);
    weak.yes("check_locks", json!({}));
    for (tool, arguments) in [
        ("acquire_lock", json!({"file_path": "src/a"})),
        ("submit_work", json!({"task_type": "t", "description": "d"})),
        ("remember", json!({"summary": "s"})),
        ("get_work", json!({})),
    ] {
        let (text, data) = weak.no(tool, arguments);
        let expected = format!("policy-denied: `{tool}` is not allowed (trust-too-low)");
        assert!(text.starts_with(&expected) && data.is_null(), "{text}");
    }
    let mut strong = Client::start(&scratch, &[("AGENT_ID", "ann"), ("AGENT_TYPE", "claude")]);
    assert_eq!(strong.yes("check_locks", json!({}))["result"], json!([]));
    assert_eq!(strong.yes("get_work", json!({}))["success"], false);
    let asked = json!({"agent_id": "wim", "operation": "decision"});
    let trail = strong.yes("query_audit", asked)["entries"].clone();
    let refused: Vec<&Value> = { trail.as_array().unwrap().iter() }
        .map(|entry| &entry["parameters"]["operation"])
        .collect();
    assert_eq!(
        refused,
        ["task_claim", "remember", "task_submit", "lock_acquire"]
    );
    let last = &trail[3];
    assert_eq!(last["result"]["verdict"], "deny");
    assert_eq!(last["result"]["rules"], json!(["trust-too-low"]));
    assert_eq!(last["parameters"]["resource"], "src/a");
    assert_eq!(last["parameters"]["session"], "s1");
    assert_eq!(
        (&last["agent_type"], &last["success"]),
        (&json!("weak"), &json!(false))
    );
}

#[test]
fn profiles_hold_for_tools_and_resources_and_name_the_next_step() {
    let scratch = Scratch::new();
    scratch.write(
        "wp.toml",
        "[policy.profiles.reviewer]\nallowed = [\"check_locks\", \"help\"]\n",
    );
    let mut client = Client::start(&scratch, &[("AGENT_TYPE", "reviewer")]);
    client.yes("help", json!({}));
    client.yes("check_locks", json!({}));
    let (text, _) = client.no("recall", json!({}));
    assert!(
        text.contains("(profile-omits)") && text.contains("wp.toml"),
        "{text}"
    );
    let read = |client: &mut Client, uri: &str| client.ask("resources/read", json!({"uri": uri}));
    assert!(read(&mut client, "locks://current")["result"].is_object());
    let refused = read(&mut client, "memories://recent");
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains("policy-denied"), "{refused}");
}

#[test]
fn the_audit_has_the_shape_that_skills_know() {
    let scratch = Scratch::new();
    scratch.add_plan("x", &[Pkg::new("wp-a")]);
    scratch.wp(&["approve", "x"]).expect(0);
    let who = [
        ("AGENT_ID", "ann"),
        ("AGENT_TYPE", "claude"),
        ("SESSION_ID", "s1"),
    ];
    let mut client = Client::start(&scratch, &who);
    client.yes("register_session", json!({}));
    client.yes("acquire_lock", json!({"file_path": "src/a"}));
    let trail = client.yes("query_audit", json!({}))["entries"].clone();
    for entry in trail.as_array().unwrap() {
        for name in [
            "id",
            "agent_id",
            "agent_type",
            "operation",
            "parameters",
            "result",
            "duration_ms",
            "success",
            "created_at",
        ] {
            assert!(names(entry).contains(&name), "{name}: {entry}");
        }
        assert!(
            entry["duration_ms"].is_null(),
            "nobody measures it: {entry}"
        );
    }
    let lock = &trail[0];
    assert_eq!(lock["operation"], "lock-acquire");
    assert_eq!(
        (&lock["agent_id"], &lock["agent_type"]),
        (&json!("ann"), &json!("claude"))
    );
    assert_eq!(lock["parameters"], json!({"target": "src/a"}));
    assert_eq!(lock["result"]["commit"], lock["commit"]);
    assert_eq!(lock["success"], true);
    let approved = json!({"operation": "approve", "feature": "x"});
    let trail = client.yes("query_audit", approved)["entries"].clone();
    let words: Vec<&Value> = { trail.as_array().unwrap().iter() }
        .map(|entry| &entry["operation"])
        .collect();
    assert_eq!(words, ["decision", "approve"]);
    assert!(trail[1]["agent_id"].is_null(), "a person said yes");
}
