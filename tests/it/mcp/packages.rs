//! Packages of plans in the queue of agents outside of rooms.

use git_wp::base::json::{Value, json};

use super::client::Client;
use crate::support::Scratch;
use crate::support::machines::Machines;
use crate::support::plans::Pkg;

fn work_on(scratch: &Scratch, got: &Value, path: &str) {
    let branch = got["input_data"]["branch"].as_str().unwrap();
    let room = scratch.beside("room");
    let folder = room.to_str().unwrap();
    scratch.git(&["worktree", "add", "-q", folder, branch]);
    let file = room.join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "done\n").unwrap();
    crate::support::git(&room, &["add", "-A"]);
    crate::support::git(&room, &["commit", "-q", "-m", "work"]);
    scratch.git(&["worktree", "remove", folder]);
}

#[test]
fn a_package_is_claimed_shown_and_completed_like_a_task() {
    let scratch = Scratch::new();
    let packages = [
        Pkg::new("wp-a").write(&["a/**"]),
        Pkg::new("wp-b").write(&["b/**"]).after(&["wp-a"]),
    ];
    scratch.add_plan("x", &packages);
    let mut ann = Client::start(&scratch, &[("AGENT_ID", "ann"), ("SESSION_ID", "s1")]);
    assert_eq!(
        ann.yes("get_work", json!({}))["success"],
        false,
        "nobody approved it"
    );
    scratch.wp(&["approve", "x"]).expect(0);
    let early = ann.yes("get_task", json!({"task_id": "x/wp-b"}))["task"].clone();
    assert_eq!(
        (&early["status"], &early["depends_on"]),
        (&json!("waiting"), &json!(["x/wp-a"]))
    );
    let other = ann.yes("get_work", json!({"task_types": ["nothing-of-the-kind"]}));
    assert_eq!(other["success"], false);
    let task = ann.yes("submit_work", json!({"task_type": "t", "description": "d"}));
    let first = ann.yes("get_work", json!({}));
    assert_eq!(first["task_id"], task["task_id"], "tasks come first");
    let got = ann.yes("get_work", json!({"task_types": ["package"]}));
    assert_eq!(got["task_id"], "x/wp-a");
    assert_eq!(got["input_data"]["write_allow"], json!(["a/**"]));
    assert!(
        got["expires_at"].is_string() && got["reason"].is_null(),
        "{got}"
    );
    let mut bob = Client::start(&scratch, &[("AGENT_ID", "bob"), ("SESSION_ID", "s2")]);
    assert_eq!(bob.yes("get_work", json!({}))["success"], false);
    let (text, _) = bob.no(
        "complete_work",
        json!({"task_id": "x/wp-a", "success": true}),
    );
    assert!(text.contains("s1") || text.contains("held"), "{text}");
    bob.no(
        "complete_work",
        json!({"task_id": "x/wp-a", "success": false}),
    );
    work_on(&scratch, &got, "a/f");
    let done = ann.yes(
        "complete_work",
        json!({"task_id": "x/wp-a", "success": true}),
    );
    assert_eq!(done["status"], "completed");
    let shown = ann.yes("get_task", json!({"task_id": "x/wp-a"}))["task"].clone();
    assert_eq!(shown["claimed_by"], "s1");
    assert_eq!(shown["result"]["files_modified"], json!(["a/f"]));
    ann.no("get_task", json!({"task_id": "x/wp-nothing"}));
    ann.no("get_task", json!({"task_id": "y/wp-a"}));
}

#[test]
fn a_package_that_failed_is_given_back_and_trust_is_asked_for() {
    let scratch = Scratch::new();
    scratch.add_plan("x", &[Pkg::new("wp-a").retries(1)]);
    scratch.wp(&["approve", "x"]).expect(0);
    scratch.git(&["config", "wp.agent.weak.command", "true"]);
    scratch.git(&["config", "wp.agent.weak.trust", "1"]);
    let mut weak = Client::start(&scratch, &[("AGENT_TYPE", "weak")]);
    weak.no("get_work", json!({}));
    let mut ann = Client::start(&scratch, &[("SESSION_ID", "s1")]);
    assert_eq!(ann.yes("get_work", json!({}))["task_id"], "x/wp-a");
    let failed = json!({"task_id": "x/wp-a", "success": false, "error_message": "no compiler"});
    assert_eq!(ann.yes("complete_work", failed)["status"], "failed");
    let shown = ann.yes("get_task", json!({"task_id": "x/wp-a"}))["task"].clone();
    assert_eq!(shown["status"], "pending", "a retry is left: {shown}");
    let again = ann.yes("get_work", json!({}));
    assert_eq!(again["task_id"], "x/wp-a");
    scratch.wp(&["pause", "x", "-m", "wait"]).expect(0);
    let mut bob = Client::start(&scratch, &[("SESSION_ID", "s2")]);
    assert_eq!(bob.yes("get_work", json!({}))["success"], false);
}

#[test]
fn where_a_remote_decides_what_is_not_confirmed_is_said_to_be_provisional() {
    let machines = Machines::pair(&[Pkg::new("wp-a"), Pkg::new("wp-b")]);
    let start = |session: &str| {
        Client::of(
            machines.wp_command("m1", &["mcp"]),
            &[("SESSION_ID", session)],
        )
    };
    let mut ann = start("s1");
    ann.open();
    let lock = |path: &str| json!({"file_path": path});
    assert_eq!(
        ann.yes("acquire_lock", lock("docs/a"))["action"],
        "acquired"
    );
    machines.cut();
    assert_eq!(
        ann.yes("acquire_lock", lock("docs/b"))["action"],
        "provisional"
    );
    ann.yes("submit_work", json!({"task_type": "t", "description": "d"}));
    let task = ann.yes("get_work", json!({"task_types": ["t"]}));
    assert_eq!(
        (&task["success"], &task["reason"]),
        (&json!(true), &json!("provisional"))
    );
    let package = ann.yes("get_work", json!({"task_types": ["package"]}));
    assert_eq!(package["reason"], "provisional", "{package}");
    machines.mend();
    let taken = machines.data(
        "m2",
        0,
        &["lock", "acquire", "docs/b", "--as", "m2", "--sync"],
    );
    assert_eq!(taken["claim"], "confirmed");
    let (text, data) = ann.no("acquire_lock", lock("docs/b"));
    assert_eq!(data["locked_by"], "m2", "the authority decides: {text}");
}
