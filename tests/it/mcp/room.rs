//! In the room of an attempt: fewer tools, requests through the inbox, scope by the one engine.

use git_wp::base::json::{self, Value, json};

use super::client::told;
use crate::support::Scratch;
use crate::support::plans::Pkg;

/// What the agent says to its server, line by line.
fn conversation() -> String {
    let call = |id: i64, tool: &str, arguments: Value| {
        let params = json!({"name": tool, "arguments": arguments});
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})
    };
    let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": {"name": "agent", "version": "1"}});
    let lines = [
        json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}),
        call(
            2,
            "scope_check",
            json!({"paths": ["wp-a/x", "wp-b/x", "free/x"]}),
        ),
        call(3, "acquire_lock", json!({"file_path": "db:schema:users"})),
        call(4, "acquire_lock", json!({"file_path": "event:taken"})),
        call(5, "write_handoff", json!({"summary": "from the room"})),
        call(
            6,
            "submit_work",
            json!({"task_type": "t", "description": "d"}),
        ),
        call(7, "help", json!({})),
        call(
            8,
            "request_scope",
            json!({"paths": ["wp-b/x"], "reason": "needed"}),
        ),
    ];
    lines.map(|line| line.to_string() + "\n").concat()
}

#[test]
fn an_attempt_is_offered_what_it_may_do_and_its_supervisor_does_it() {
    let scratch = Scratch::new();
    let talk = scratch.beside("talk");
    std::fs::write(&talk, conversation()).unwrap();
    let out = scratch.beside("out");
    // Not every agent hands our variables on to its servers.
    let script = format!(
        "mkdir -p wp-a; cp \"$WP_MCP_CONFIG\" wp-a/mcp.json; \
         command=$(sed -n 's/.*\"command\": \"\\(.*\\)\",*/\\1/p' \"$WP_MCP_CONFIG\"); \
         env -u WP_ATTEMPT -u WP_FEATURE -u WP_PACKAGE \"$command\" mcp < {} > {}",
        talk.display(),
        out.display(),
    );
    let packages = [
        Pkg::new("wp-a").write(&["wp-a/**"]).run(&script),
        Pkg::new("wp-b").write(&["wp-b/**"]).after(&["wp-a"]),
    ];
    scratch.add_plan("x", &packages);
    scratch.wp(&["approve", "x"]).expect(0);
    scratch
        .wp(&["lock", "acquire", "event:taken", "--as", "somebody"])
        .expect(0);
    scratch.wp(&["implement", "x"]).expect(0);
    let said = std::fs::read_to_string(out).unwrap();
    let mut answers: Vec<Value> = said
        .lines()
        .map(|l| json::parse(l.as_bytes()).unwrap())
        .collect();
    answers.sort_by_key(|answer| answer["id"].as_i64());
    assert_eq!(answers.len(), 9, "{said}");
    let names: Vec<&str> = { answers[1]["result"]["tools"].as_array().unwrap().iter() }
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"acquire_lock") && !names.contains(&"submit_work"),
        "{names:?}"
    );
    let scope = told(&answers[2]).data;
    assert_eq!(
        (&scope["allowed"], &scope["package"]),
        (&json!(false), &json!("wp-a"))
    );
    let refused: Vec<(&Value, &Value)> = { scope["refused"].as_array().unwrap().iter() }
        .map(|refused| (&refused["path"], &refused["owner"]))
        .collect();
    assert_eq!(
        refused,
        [
            (&json!("wp-b/x"), &json!("wp-b")),
            (&json!("free/x"), &Value::Null)
        ]
    );
    assert_eq!(told(&answers[3]).data["action"], "acquired");
    let held = told(&answers[4]);
    assert_eq!(
        (held.is_error, &held.data["locked_by"]),
        (true, &json!("somebody"))
    );
    assert!(!told(&answers[5]).is_error);
    assert_eq!(
        answers[6]["error"]["code"], -32602,
        "it is not offered here"
    );
    let session = told(&answers[7]).data["session"].clone();
    assert_eq!(told(&answers[8]).data["routed"][0]["owner"], "wp-b");
    let handoffs = scratch
        .wp(&["handoff", "read", "--limit", "9", "--json"])
        .expect(0)
        .data();
    let left = handoffs["handoffs"].as_array().unwrap();
    let ours = left
        .iter()
        .find(|h| h["summary"] == "from the room")
        .expect("the handoff");
    assert_eq!(
        (&ours["package"], &ours["session_id"]),
        (&json!("wp-a"), &session)
    );
    let config = scratch.git(&["show", "refs/wp/integration/x:wp-a/mcp.json"]);
    let config = json::parse(config.as_bytes()).unwrap();
    assert_eq!(config["mcpServers"]["git-wp"]["env"]["WP_ATTEMPT"], session);
}
