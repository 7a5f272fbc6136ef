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
    let instead = told(&answers[6]);
    assert!(
        instead.is_error && instead.text.starts_with("in-room: `submit_work`"),
        "{instead:?}"
    );
    assert!(instead.text.contains("next: escalate"), "{instead:?}");
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

#[test]
fn a_path_that_nobody_has_is_granted_and_merged_and_any_other_is_routed() {
    let scratch = Scratch::new();
    let (talk, out) = (scratch.beside("talk"), scratch.beside("out"));
    let call = |id: i64, tool: &str, arguments: Value| {
        let params = json!({"name": tool, "arguments": arguments});
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})
    };
    let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": {"name": "agent", "version": "1"}});
    let wanted = json!([
        "docs/free.md",
        "wp-b/x",
        "locked/x",
        "other/x",
        "a/.gitattributes",
        "../x",
        "docs/*"
    ]);
    let lines = [
        json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello}),
        call(
            1,
            "request_scope",
            json!({"paths": wanted, "reason": "the docs lie"}),
        ),
        call(
            2,
            "scope_check",
            json!({"paths": ["docs/free.md", "docs/other.md"]}),
        ),
    ];
    let lines = lines.map(|line| line.to_string() + "\n").concat();
    std::fs::write(&talk, lines).unwrap();
    let script = format!(
        "mkdir -p wp-a docs; {} mcp < {} > {}; echo a > wp-a/f; echo d > docs/free.md",
        env!("CARGO_BIN_EXE_git-wp"),
        talk.display(),
        out.display(),
    );
    scratch.add_plan(
        "x",
        &[
            Pkg::new("wp-a").write(&["wp-a/**"]).run(&script),
            Pkg::new("wp-b").write(&["wp-b/**"]).after(&["wp-a"]),
        ],
    );
    scratch.add_plan("y", &[Pkg::new("wp-other").write(&["other/**"])]);
    for feature in ["x", "y"] {
        scratch.wp(&["approve", feature]).expect(0);
    }
    let lock = ["lock", "acquire", "locked/**", "--as", "somebody"];
    scratch.wp(&lock).expect(0);
    scratch.wp(&["implement", "x"]).expect(0);
    let said = std::fs::read_to_string(out).unwrap();
    let answers: Vec<Value> = said
        .lines()
        .map(|l| json::parse(l.as_bytes()).unwrap())
        .collect();
    let asked = told(&answers[1]).data;
    assert_eq!(asked["allowed"], json!(["docs/free.md"]), "{asked}");
    assert_eq!(asked["routed"].as_array().unwrap().len(), 6, "{asked}");
    assert!(asked["request_id"].is_string());
    let check = told(&answers[2]).data;
    assert_eq!(check["refused"].as_array().unwrap().len(), 1, "{check}");
    assert_eq!(check["refused"][0]["path"], "docs/other.md");
    let merged = scratch.git(&["show", "refs/wp/integration/x:docs/free.md"]);
    assert_eq!(merged, "d");
    let status = scratch.wp(&["status", "x"]).expect(0).stdout;
    assert!(status.contains("the docs lie"), "{status}");
    let state = scratch.git(&["ls-tree", "-r", "--name-only", "refs/wp/state"]);
    let deviations = state.lines().filter(|path| path.contains("/deviation-"));
    assert_eq!(deviations.count(), 2, "the request and the grant: {state}");
    let held = scratch.wp(&["lock", "list", "--json"]).expect(0).data();
    assert_eq!(held["count"], 1, "what was granted is free again: {held}");
}
