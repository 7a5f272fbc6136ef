//! Streams of the real programs, shortened and with other names, read with the built-in profiles.
//!
//! The lines are what Claude Code 2.1.197, Codex 0.169, Gemini CLI 0.61 and opencode 1.18 write;
//! those of the others follow their documentation and what their users report.

use git_wp::agent::stream::{Counting, Digest, Reader};
use git_wp::base::Timestamp;
use git_wp::config::{Environment, agents};
use git_wp::model::{AgentProfile, ParserKind, Settings, TroubleKind, Usage};
use proptest::prelude::*;

fn profile(name: &str) -> AgentProfile {
    let roster = agents::roster(&Environment::default(), &Settings::default()).unwrap();
    roster.profiles[name].profile.clone()
}

fn reader(name: &str) -> Reader {
    let now = Timestamp::parse("2026-11-21T20:40:00Z").unwrap();
    Reader::new(&profile(name), "/room", now)
}

fn read(name: &str, out: &str, err: &str) -> Reader {
    let mut reader = reader(name);
    reader.take_stderr(err.as_bytes());
    reader.take_stdout(out.as_bytes());
    reader.close();
    reader
}

fn digest(name: &str, out: &str) -> Digest {
    read(name, out, "").digest().clone()
}

/// What is wrong, with the hour at which it is over.
fn trouble(name: &str, out: &str, err: &str) -> Option<(TroubleKind, Option<String>)> {
    let mut reader = read(name, out, err);
    reader.settle_reset(0);
    let trouble = reader.digest().trouble.clone()?;
    let hour = trouble
        .resets_at
        .map(|at| at.to_string()[11..16].to_owned());
    Some((trouble.kind, hour))
}

fn usage(input: u64, cached: u64, output: u64, cost_micros: Option<u64>) -> Usage {
    Usage {
        input,
        cached,
        output,
        cost_micros,
    }
}

const CLAUDE: &str = r#"{"type":"system","subtype":"init","cwd":"/room","session_id":"11-22","tools":["Bash"],"model":"m"}
{"type":"assistant","message":{"id":"msg_1","role":"assistant","content":[{"type":"text","text":"I write the file."}],"usage":{"input_tokens":1200,"output_tokens":1,"cache_read_input_tokens":800,"cache_creation_input_tokens":0}},"session_id":"11-22"}
{"type":"assistant","message":{"id":"msg_1","role":"assistant","content":[{"type":"tool_use","id":"t0","name":"Write","input":{"file_path":"/room/src/hello.txt","content":"hello\n"}}],"usage":{"input_tokens":1200,"output_tokens":1,"cache_read_input_tokens":800,"cache_creation_input_tokens":0}},"session_id":"11-22"}
{"type":"user","message":{"role":"user","content":[{"tool_use_id":"t0","type":"tool_result","content":"ok"}]},"session_id":"11-22"}
{"type":"assistant","message":{"id":"msg_2","role":"assistant","content":[{"type":"tool_use","id":"t1","name":"Bash","input":{"command":"git commit -qm x","description":"Commit"}}],"usage":{"input_tokens":1200,"output_tokens":1,"cache_read_input_tokens":800,"cache_creation_input_tokens":0}},"session_id":"11-22"}
"#;
const CLAUDE_END: &str = r#"{"type":"result","subtype":"success","is_error":false,"api_error_status":null,"num_turns":3,"result":"Done.","stop_reason":"end_turn","session_id":"11-22","total_cost_usd":0.0072499999999999995,"usage":{"input_tokens":3600,"cache_creation_input_tokens":0,"cache_read_input_tokens":2400,"output_tokens":102},"modelUsage":{"a":{"inputTokens":3600,"outputTokens":102,"cacheReadInputTokens":2400,"cacheCreationInputTokens":7}}}
"#;

#[test]
fn a_turn_of_claude_code_is_read() {
    let reader = read("claude", CLAUDE, "");
    let found = reader.digest();
    assert_eq!(found.usage, usage(2400, 1600, 2, None));
    assert_eq!(reader.heard(), "Bash git commit -qm x");
    assert!(!found.finished);
    let found = digest("claude", &format!("{CLAUDE}{CLAUDE_END}"));
    assert_eq!(found.session.as_deref(), Some("11-22"));
    assert_eq!(found.usage, usage(3607, 2400, 102, Some(7250)));
    assert_eq!((found.tools, found.events, found.unknown), (2, 6, 0));
    assert_eq!(found.files.iter().collect::<Vec<_>>(), ["src/hello.txt"]);
    assert_eq!(found.stop.as_deref(), Some("end_turn"));
    assert!(found.finished && found.trouble.is_none());
}

/// The last two lines of a turn that the service ended.
fn claude_cut(word: &str, status: u32, text: &str) -> String {
    format!(
        r#"{CLAUDE}{{"type":"assistant","message":{{"id":"x","model":"<synthetic>","role":"assistant","content":[{{"type":"text","text":"{text}"}}]}},"session_id":"11-22","error":"{word}"}}
{{"type":"result","subtype":"success","is_error":true,"api_error_status":{status},"result":"{text}","stop_reason":"stop_sequence","session_id":"11-22","total_cost_usd":0}}
"#
    )
}

#[test]
fn troubles_of_claude_code_are_told_apart() {
    use TroubleKind::{Auth, Billing, Context, Overloaded, Quota};
    for (word, status, text, kind, hour) in [
        (
            "rate_limit",
            429,
            "API Error: Request rejected (429) · This request would exceed your usage limit.",
            Quota,
            None,
        ),
        (
            "rate_limit",
            429,
            "You've hit your session limit · resets 9:39pm (UTC)",
            Quota,
            Some("21:39"),
        ),
        (
            "billing_error",
            400,
            "Credit balance is too low",
            Billing,
            None,
        ),
        (
            "authentication_failed",
            401,
            "Invalid API key · Fix external API key",
            Auth,
            None,
        ),
        ("invalid_request", 400, "Prompt is too long", Context, None),
        (
            "unknown",
            529,
            "API Error: 529 Overloaded",
            Overloaded,
            None,
        ),
    ] {
        let found = trouble("claude", &claude_cut(word, status, text), "");
        assert_eq!(found, Some((kind, hour.map(str::to_owned))), "{text}");
    }
    let window = r#"{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1795297176,"rateLimitType":"five_hour"},"session_id":"11-22"}"#;
    let out = format!(
        "{window}\n{}",
        claude_cut("rate_limit", 429, "You've hit your limit").trim_start_matches(CLAUDE)
    );
    assert_eq!(
        trouble("claude", &out, ""),
        Some((Quota, Some("21:39".to_owned())))
    );
}

#[test]
fn what_an_agent_gets_over_is_no_trouble() {
    let retry = r#"{"type":"system","subtype":"api_retry","attempt":1,"max_retries":10,"error_status":529,"error":"overloaded","session_id":"11-22"}"#;
    let stuck = format!("{CLAUDE}{retry}\n");
    assert_eq!(
        trouble("claude", &stuck, "").unwrap().0,
        TroubleKind::Overloaded
    );
    let later = format!("{stuck}{CLAUDE}{CLAUDE_END}");
    assert_eq!(trouble("claude", &later, ""), None);
    let allowed = r#"{"type":"rate_limit_event","rate_limit_info":{"status":"allowed"},"session_id":"11-22"}"#;
    assert_eq!(trouble("claude", &format!("{allowed}\n{CLAUDE}"), ""), None);
    // A text about errors is no error.
    let text = CLAUDE.replace(
        "I write the file.",
        "The rate limit module: invalid api key, usage limit.",
    );
    assert_eq!(trouble("claude", &text, ""), None);
}

const CODEX: &str = r#"{"type":"thread.started","thread_id":"01-th"}
{"type":"item.completed","item":{"id":"item_0","type":"error","message":"Model metadata for `m` not found. Defaulting to fallback metadata."}}
{"type":"turn.started"}
{"type":"item.started","item":{"id":"item_1","type":"file_change","changes":[{"path":"/room/src/hello.txt","kind":"add"}],"status":"in_progress"}}
{"type":"item.completed","item":{"id":"item_1","type":"file_change","changes":[{"path":"/room/src/hello.txt","kind":"add"}],"status":"completed"}}
{"type":"item.started","item":{"id":"item_2","type":"command_execution","command":"/bin/bash -lc 'make'","aggregated_output":"","exit_code":null,"status":"in_progress"}}
{"type":"item.completed","item":{"id":"item_2","type":"command_execution","command":"/bin/bash -lc 'make'","aggregated_output":"ok\n","exit_code":0,"status":"completed"}}
"#;

#[test]
fn a_turn_of_codex_is_read() {
    let end = r#"{"type":"item.completed","item":{"id":"item_3","type":"agent_message","text":"Done."}}
{"type":"turn.completed","usage":{"input_tokens":3600,"cached_input_tokens":2400,"cache_write_input_tokens":0,"output_tokens":102,"reasoning_output_tokens":30}}
"#;
    let found = digest("codex", &format!("{CODEX}{end}"));
    assert_eq!(found.session.as_deref(), Some("01-th"));
    assert_eq!(found.usage, usage(1200, 2400, 102, None));
    assert_eq!(found.counting, Counting::Session);
    assert_eq!((found.tools, found.unknown), (2, 0));
    assert_eq!(found.files.iter().collect::<Vec<_>>(), ["src/hello.txt"]);
    assert!(found.finished && found.trouble.is_none());
}

#[test]
fn troubles_of_codex_are_told_apart() {
    use TroubleKind::{Auth, Billing, Context, Overloaded, Quota};
    for (text, kind, hour) in [
        (
            "You’ve hit your usage limit. Visit https://example.org/usage to purchase more credits or try again at 9:35 PM.",
            Quota,
            Some("21:35"),
        ),
        (
            "Quota exceeded. Check your plan and billing details.",
            Billing,
            None,
        ),
        (
            "unexpected status 401 Unauthorized: Incorrect API key provided., url: http://127.0.0.1/v1",
            Auth,
            None,
        ),
        (
            "Selected model is at capacity. Please try a different model.",
            Overloaded,
            None,
        ),
        (
            "Codex ran out of room in the model's context window. Start a new thread.",
            Context,
            None,
        ),
    ] {
        let out = format!(
            "{CODEX}{{\"type\":\"error\",\"message\":\"{text}\"}}\n{{\"type\":\"turn.failed\",\"error\":{{\"message\":\"{text}\"}}}}\n"
        );
        let found = trouble("codex", &out, "");
        assert_eq!(found, Some((kind, hour.map(str::to_owned))), "{text}");
    }
    let retried = format!("{{\"type\":\"error\",\"message\":\"Reconnecting... 1/5\"}}\n{CODEX}");
    assert_eq!(trouble("codex", &retried, ""), None);
}

const GEMINI: &str = r#"{"type":"init","timestamp":"2026-11-21T20:35:50.447Z","session_id":"8c-ge","model":"auto"}
{"type":"message","timestamp":"2026-11-21T20:35:50.449Z","role":"user","content":"Say hello.\n"}
{"type":"tool_use","timestamp":"2026-11-21T20:35:50.529Z","tool_name":"write_file","tool_id":"w0","parameters":{"file_path":"/room/src/hello.txt","content":"hello\n"}}
{"type":"tool_result","timestamp":"2026-11-21T20:35:50.575Z","tool_id":"w0","status":"success"}
{"type":"message","timestamp":"2026-11-21T20:35:51.081Z","role":"assistant","content":"Let me","delta":true}
{"type":"message","timestamp":"2026-11-21T20:35:51.082Z","role":"assistant","content":" see","delta":true}
"#;

#[test]
fn a_turn_of_gemini_is_read() {
    let reader = read("gemini", GEMINI, "");
    assert_eq!(reader.heard(), "Let me see");
    let end = r#"{"type":"result","timestamp":"2026-11-21T20:35:52Z","status":"success","stats":{"total_tokens":4936,"input_tokens":4800,"output_tokens":136,"cached":3200,"input":1600,"duration_ms":451,"tool_calls":2,"models":{}}}"#;
    let found = digest("gemini", &format!("{GEMINI}{end}"));
    assert_eq!(found.session.as_deref(), Some("8c-ge"));
    assert_eq!(found.usage, usage(1600, 3200, 136, None));
    assert_eq!((found.tools, found.unknown, found.finished), (1, 0, true));
}

#[test]
fn troubles_of_gemini_are_told_apart() {
    use TroubleKind::{Auth, Billing, Context, Overloaded, Quota};
    for (text, kind) in [
        (
            "[API Error: You have exhausted your daily quota on this model.]\\nPlease wait and try again later.",
            Quota,
        ),
        (
            "[API Error: {\\\"error\\\":{\\\"code\\\":400,\\\"message\\\":\\\"API key not valid. Please pass a valid API key.\\\"}}]",
            Auth,
        ),
        (
            "[API Error: {\\\"error\\\":{\\\"message\\\":\\\"The input token count exceeds the maximum.\\\"}}]",
            Context,
        ),
    ] {
        let out = format!(
            r#"{GEMINI}{{"type":"result","status":"error","error":{{"type":"unknown","message":"{text}"}},"stats":{{"input_tokens":2}}}}"#
        );
        assert_eq!(
            trouble("gemini", &out, "").map(|t| t.0),
            Some(kind),
            "{text}"
        );
    }
    for (line, kind) in [
        (
            r#"Attempt 1 failed with status 429. Retrying with backoff... _ApiError: {"error":{"code":429,"message":"Your prepayment credits are depleted.","status":"RESOURCE_EXHAUSTED"}}"#,
            Billing,
        ),
        (
            r#"Attempt 1 failed with status 503. Retrying with backoff... _ApiError: {"error":{"code":503,"message":"The model is overloaded."}}"#,
            Overloaded,
        ),
        ("Invalid auth method selected.", Auth),
    ] {
        let mut reader = reader("gemini");
        reader.take_stdout(GEMINI.as_bytes());
        reader.take_stderr(
            format!("YOLO mode is enabled.\n{line}\n    at x (file:///x.js:1:2)\n").as_bytes(),
        );
        let found = reader.digest().trouble.as_ref().map(|trouble| trouble.kind);
        assert_eq!(found, Some(kind), "{line}");
    }
}

const OPENCODE: &str = r#"{"type":"step_start","timestamp":1795293120135,"sessionID":"ses_1","part":{"type":"step-start"}}
{"type":"tool_use","timestamp":1795293120167,"sessionID":"ses_1","part":{"type":"tool","tool":"write","callID":"c0","state":{"status":"completed","input":{"filePath":"/room/src/hello.txt","content":"hello\n"},"output":"Wrote file."}}}
{"type":"step_finish","timestamp":1795293120260,"sessionID":"ses_1","part":{"reason":"tool-calls","type":"step-finish","tokens":{"total":1234,"input":400,"output":34,"reasoning":6,"cache":{"write":0,"read":800}},"cost":0.000125}}
"#;

#[test]
fn a_turn_of_opencode_is_read() {
    let end = OPENCODE.replace("tool-calls", "stop");
    let found = digest("opencode", &format!("{OPENCODE}{end}"));
    assert_eq!(found.session.as_deref(), Some("ses_1"));
    assert_eq!(found.usage, usage(800, 1600, 80, Some(250)));
    assert_eq!((found.tools, found.unknown, found.finished), (2, 0, true));
    assert!(!digest("opencode", &format!("{OPENCODE}{end}{OPENCODE}")).finished);
}

#[test]
fn troubles_of_opencode_are_told_apart() {
    use TroubleKind::{Auth, Context, Quota};
    let auth = r#"{"type":"error","timestamp":1,"sessionID":"ses_1","error":{"name":"APIError","data":{"message":"Incorrect API key provided.","statusCode":401,"isRetryable":false}}}"#;
    assert_eq!(trouble("opencode", auth, "").unwrap().0, Auth);
    let context = r#"{"type":"error","timestamp":1,"sessionID":"ses_1","error":{"name":"ContextOverflowError","data":{"message":"Your input exceeds the context window of this model."}}}"#;
    assert_eq!(trouble("opencode", context, "").unwrap().0, Context);
    // It says nothing on its stream and tries again for ever.
    let log = r#"timestamp=2026-11-21T20:39:46Z level=ERROR message="stream error" error.error="AI_APICallError: The usage limit has been reached""#;
    let mut reader = reader("opencode");
    reader.take_stdout(OPENCODE.as_bytes());
    reader.take_stderr(format!("{log}\n").as_bytes());
    assert_eq!(reader.digest().trouble.as_ref().unwrap().kind, Quota);
    reader.take_stdout(OPENCODE.as_bytes());
    assert_eq!(reader.digest().trouble, None);
}

#[test]
fn the_others_are_read() {
    let copilot = r#"{"type":"session.start","data":{"sessionId":"co-1"}}
{"type":"assistant.turn_start","data":{"turnId":"0"}}
{"type":"assistant.message","data":{"content":"I edit."}}
{"type":"tool.execution_start","data":{"toolName":"edit","arguments":{"path":"/room/a.rs"}}}
{"type":"assistant.usage","data":{"inputTokens":10,"outputTokens":2,"cacheReadTokens":4,"cost":1}}
{"type":"result","sessionId":"co-1","exitCode":0,"usage":{"premiumRequests":1}}"#;
    let found = digest("copilot", copilot);
    assert_eq!((found.session.as_deref(), found.tools), (Some("co-1"), 1));
    assert_eq!(found.usage, usage(6, 4, 2, None));
    assert!(found.finished && found.files.contains("a.rs"));
    let wrong = r#"{"type":"session.error","data":{"errorType":"quota","message":"You have exceeded your premium request allowance."}}
{"type":"result","sessionId":"co-1","exitCode":1}"#;
    assert_eq!(trouble("copilot", wrong, "").unwrap().0, TroubleKind::Quota);

    let cursor = r#"{"type":"system","subtype":"init","session_id":"cu-1","model":"Auto"}
{"type":"thinking","subtype":"delta","text":"hm","session_id":"cu-1"}
{"type":"tool_call","subtype":"started","call_id":"c1","tool_call":{"editToolCall":{"args":{"path":"/room/b.rs"}}},"session_id":"cu-1"}
{"type":"tool_call","subtype":"completed","call_id":"c1","tool_call":{"editToolCall":{"args":{"path":"/room/b.rs"},"result":{"success":{}}}},"session_id":"cu-1"}
{"type":"assistant","message":{"role":"assistant","content":[{"type":"text","text":"Done."}]},"session_id":"cu-1"}
{"type":"result","subtype":"success","is_error":false,"result":"Done.","session_id":"cu-1","usage":{"inputTokens":14948,"outputTokens":103}}"#;
    let found = digest("cursor", cursor);
    assert_eq!((found.session.as_deref(), found.tools), (Some("cu-1"), 1));
    assert_eq!(found.usage, usage(14948, 0, 103, None));
    assert!(found.finished && found.files.contains("b.rs"));

    let goose = r#"{"type":"message","message":{"role":"assistant","content":[{"type":"toolRequest","id":"t","toolCall":{"status":"success","value":{"name":"developer__text_editor","arguments":{"command":"write","path":"/room/c.rs"}}}}]}}
{"type":"message","message":{"role":"assistant","content":[{"type":"text","text":"Do"}]}}
{"type":"message","message":{"role":"assistant","content":[{"type":"text","text":"ne."}]}}
{"type":"complete","total_tokens":12,"input_tokens":10,"output_tokens":2,"cost_usd":0.25}"#;
    let found = digest("goose", goose);
    assert_eq!(found.usage, usage(10, 0, 2, Some(250_000)));
    assert_eq!(
        (found.tools, found.finished, found.trouble),
        (1, true, None)
    );
    assert!(found.files.contains("c.rs"));
    let wrong = r#"{"type":"error","error":"Authentication error: invalid api key"}
{"type":"complete","total_tokens":null}"#;
    assert_eq!(trouble("goose", wrong, "").unwrap().0, TroubleKind::Auth);

    let aider = "Aider v1\nApplied edit to d.rs\nTokens: 2.3k sent, 87 received. Cost: $0.01 message, $0.02 session.\n";
    let found = digest("aider", aider);
    assert_eq!(found.usage, usage(2300, 0, 87, Some(10_000)));
    assert!(found.files.contains("d.rs"));
    let wrong = "litellm.RateLimitError: rate limit, please try again in 20s\n";
    assert_eq!(
        trouble("aider", wrong, "").unwrap(),
        (TroubleKind::Quota, Some("20:40".to_owned()))
    );
    let amp = CLAUDE.replace("11-22", "T-5");
    assert_eq!(digest("amp", &amp).session.as_deref(), Some("T-5"));
}

#[test]
fn the_same_again_and_again_is_counted() {
    let mut reader = reader("claude");
    let tool = CLAUDE.lines().nth(4).unwrap();
    for _ in 0..20 {
        reader.take_stdout(format!("{tool}\n{}\n", CLAUDE.lines().nth(1).unwrap()).as_bytes());
    }
    assert_eq!(reader.in_a_row(), 20);
    reader.take_stdout(format!("{}\n", CLAUDE.lines().nth(2).unwrap()).as_bytes());
    let text = CLAUDE.lines().nth(1).unwrap().replace("I write", "I read");
    reader.take_stdout(format!("{text}\n").as_bytes());
    assert_eq!(reader.in_a_row(), 1);
}

#[test]
fn a_session_that_could_be_an_option_is_none() {
    for id in ["--resume", "a b", "", "x\u{1b}", "-"] {
        let line = format!("{{\"type\":\"thread.started\",\"thread_id\":\"{id}\"}}\n");
        assert_eq!(digest("codex", &line).session, None, "{id:?}");
    }
}

#[test]
fn what_nobody_knows_is_counted_and_does_no_harm() {
    let noise = b"{\"type\":\"new.kind\",\"x\":1}\nplain\n\xff\xfe{\"type\":1}\n[1,2]\n\n{\"type\":\"\xff\"}\n{";
    for kind in [
        "claude", "codex", "gemini", "opencode", "copilot", "cursor", "goose",
    ] {
        let mut reader = reader(kind);
        reader.take_stdout(noise);
        reader.close();
        let found = reader.digest();
        assert_eq!((found.events, found.unknown), (6, 6), "{kind}");
        assert_eq!(found.trouble, None);
    }
}

#[test]
fn a_line_of_any_length_is_read_in_bounded_memory() {
    let mut reader = reader("claude");
    let chunk = vec![b'['; 1 << 16];
    for _ in 0..(1 << 8) {
        reader.take_stdout(&chunk);
    }
    reader.take_stdout(format!("\n{CLAUDE}").as_bytes());
    let found = reader.digest();
    assert_eq!((found.unknown, found.tools), (1, 2));
}

/// Everything that the tests above read, by agent.
fn streams() -> Vec<(&'static str, String)> {
    vec![
        ("claude", format!("{CLAUDE}{CLAUDE_END}")),
        (
            "claude",
            claude_cut("rate_limit", 429, "hit your limit · resets 9pm (UTC)"),
        ),
        ("codex", CODEX.to_owned()),
        ("gemini", GEMINI.to_owned()),
        ("opencode", OPENCODE.to_owned()),
        (
            "aider",
            "Tokens: 2.3k sent, 87 received. Cost: $0.01 message.\n".to_owned(),
        ),
    ]
}

#[test]
fn chunks_do_not_matter_and_cuts_do_no_harm() {
    for (name, stream) in streams() {
        let whole = digest(name, &stream);
        let bytes = stream.as_bytes();
        for at in 0..bytes.len() {
            let mut two = reader(name);
            two.take_stdout(&bytes[..at]);
            if at % 97 == 0 {
                let mut cut = reader(name);
                cut.take_stdout(&bytes[..at]);
                cut.close();
                assert!(cut.digest().tools <= whole.tools);
            }
            two.take_stdout(&bytes[at..]);
            two.close();
            assert_eq!(*two.digest(), whole, "{name} at {at}");
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(
        which in 0..ParserKind::ALL.len(),
        chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..20),
    ) {
        let mut profile = profile("claude");
        profile.parser = ParserKind::ALL[which];
        let mut reader = Reader::new(&profile, "/room", Timestamp::from_millis(0));
        for chunk in &chunks {
            reader.take_stdout(chunk);
            reader.take_stderr(chunk);
        }
        reader.close();
        reader.settle_reset(i64::from(chunks.len() as u32));
    }

    #[test]
    fn changed_streams_do_not_make_a_reader_panic(
        which in 0..6_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
    ) {
        let (name, stream) = streams().swap_remove(which);
        let mut bytes = stream.into_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let mut reader = reader(name);
        reader.take_stdout(&bytes);
        reader.close();
        prop_assert!(reader.digest().events > 0);
    }

    #[test]
    fn values_of_any_form_are_read(
        kind in "(system|assistant|result|turn.completed|item.completed|message|tool_use|step_finish|error|tool_call|complete|session.error)",
        value in json(),
        which in 0..ParserKind::ALL.len(),
    ) {
        let mut profile = profile("codex");
        profile.parser = ParserKind::ALL[which];
        let mut reader = Reader::new(&profile, "/room", Timestamp::from_millis(0));
        for field in ["message", "item", "part", "usage", "stats", "data", "error", "tool_call"] {
            reader.take_stdout(format!("{{\"type\":\"{kind}\",\"{field}\":{value}}}\n").as_bytes());
        }
        prop_assert!(reader.digest().usage.tokens() < u64::MAX);
    }
}

/// Some JSON.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>()
            .prop_filter("JSON has finite numbers", |n| n.is_finite())
            .prop_map(|n| format!("{n:e}")),
        "[a-z ]{0,8}".prop_map(|text| format!("\"{text}\"")),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let names = "(type|content|text|input|tokens|cache|usage|message|name|path|changes|data|state|args)";
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|list| format!("[{}]", list.join(","))),
            proptest::collection::vec((names, inner), 0..4).prop_map(|fields| {
                let fields: Vec<String> = fields.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}
