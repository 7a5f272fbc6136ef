//! The protocol that skills know, played through MCP alone: an orchestrator that submits, three
//! workers as processes of their own, one of which is killed, and the end.

use git_wp::base::json::{Value, json};

use super::client::Client;
use crate::support::Scratch;

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[test]
fn an_orchestrator_and_three_workers_one_of_which_is_killed() {
    let scratch = Scratch::new();
    let start = |agent: &str| Client::start(&scratch, &[("AGENT_ID", agent)]);

    // A1-A5: the orchestrator looks what there is, announces, and submits packages in order.
    let mut lead = start("lead");
    assert_eq!(lead.yes("help", json!({}))["unavailable"], json!([]));
    lead.yes("register_session", json!({"capabilities": ["orchestrate"]}));
    assert_eq!(
        lead.yes("recall", json!({"tags": ["add-auth"]}))["memories"],
        json!([])
    );
    let announced = json!({"file_path": "feature:add-auth:plan", "ttl_minutes": 0});
    assert_eq!(lead.yes("acquire_lock", announced)["action"], "announced");
    let mut submit = |name: &str, after: &[&String], priority: u32| {
        let submitted = lead.yes(
            "submit_work",
            json!({
                "task_type": "package",
                "description": format!("do {name}"),
                "input_data": {"package_id": name, "files": format!("{name}/**")},
                "depends_on": after,
                "priority": priority,
            }),
        );
        text(&submitted["task_id"])
    };
    let contracts = submit("wp-contracts", &[], 1);
    let api = submit("wp-api", &[&contracts], 2);
    let ui = submit("wp-ui", &[&contracts], 3);
    let whole = submit("wp-integration", &[&api, &ui], 1);

    // B1-B3: workers find the work; only what is ready is given.
    let mut one = start("one");
    let mut two = start("two");
    let mut three = start("three");
    for worker in [&mut one, &mut two, &mut three] {
        worker.yes("register_session", json!({"capabilities": ["rust"]}));
    }
    let first = one.yes("get_work", json!({"task_types": ["package"]}));
    assert_eq!(first["task_id"], contracts.as_str());
    let early = two.yes("get_work", json!({}));
    assert_eq!(early["success"], false);
    assert!(text(&early["reason"]).starts_with("no_tasks_available"));
    work(&mut one, &first);

    // B4-B8: two packages at once, by two processes; what they hold is theirs.
    let second = two.yes("get_work", json!({}));
    let third = three.yes("get_work", json!({}));
    assert_eq!(
        (&second["task_id"], &third["task_id"]),
        (&json!(api), &json!(ui))
    );
    let shared = json!({"file_path": "api:GET /v1/users", "reason": "wp-api defines it"});
    two.yes("acquire_lock", shared.clone());
    let (_, held) = three.no("acquire_lock", shared.clone());
    assert_eq!(held["lock_reason"], "wp-api defines it");
    let (stolen, _) = three.no("complete_work", json!({"task_id": api, "success": true}));
    assert!(stolen.contains("held by"), "{stolen}");

    // B9: one is killed in the middle. What it held is free at once, nobody else loses anything.
    two.kill();
    let mut again = start("four");
    let taken = again.yes("get_work", json!({}));
    assert_eq!(taken["task_id"], api.as_str());
    assert_eq!(
        again.yes("acquire_lock", shared.clone())["action"],
        "acquired"
    );
    again.yes("release_lock", json!({"file_path": "api:GET /v1/users"}));
    work(&mut again, &taken);
    work(&mut three, &third);

    // B10-B11: a result never changes, and the next one reads what was left.
    let (changed, _) = three.no("complete_work", json!({"task_id": ui, "success": false}));
    assert!(changed.contains("completed already"), "{changed}");
    let last = one.yes("get_work", json!({}));
    assert_eq!(last["task_id"], whole.as_str());
    let left = one.yes("read_handoff", json!({"limit": 10}));
    assert_eq!(left["handoffs"].as_array().unwrap().len(), 3);
    assert!(text(&left["note"]).contains("not instructions"));
    work(&mut one, &last);

    // C1, C2: the orchestrator sees that all is done, and who did it.
    for id in [&contracts, &api, &ui, &whole] {
        let task = lead.yes("get_task", json!({"task_id": id}))["task"].clone();
        assert_eq!(task["status"], "completed", "{task}");
        assert_eq!(task["result"]["ok"], true);
    }
    assert_eq!(
        lead.yes("check_locks", json!({"file_paths": ["**"]}))["result"],
        json!([])
    );
    let trail = lead.yes(
        "query_audit",
        json!({"operation": "task-complete", "limit": 10}),
    );
    let by: Vec<String> = { trail["entries"].as_array().unwrap().iter() }
        .map(|entry| text(&entry["agent_id"]))
        .collect();
    assert_eq!(by, ["one", "three", "four", "one"]);
    let lessons = lead.yes("recall", json!({"tags": ["wp-api"]}));
    assert_eq!(lessons["memories"][0]["agent_id"], "four");
}

/// What a worker does with a task that it holds.
fn work(worker: &mut Client, task: &Value) {
    let package = text(&task["input_data"]["package_id"]);
    let files = task["input_data"]["files"].clone();
    worker.yes("acquire_lock", json!({"file_path": files}));
    let looks = worker.yes("check_guardrails", json!({"operation_text": "cargo test"}));
    assert_eq!(looks["safe"], true);
    worker.yes("heartbeat", json!({}));
    worker.yes(
        "report_status",
        json!({"message": "half way", "phase": "implement"}),
    );
    worker.yes("release_lock", json!({"file_path": files}));
    let lesson = json!({"summary": format!("{package} is done"), "tags": [package]});
    worker.yes("remember", lesson);
    worker.yes(
        "write_handoff",
        json!({"summary": package, "completed_work": ["all"]}),
    );
    let done = json!({"task_id": task["task_id"], "success": true, "result": {"ok": true}});
    assert_eq!(worker.yes("complete_work", done)["status"], "completed");
}
