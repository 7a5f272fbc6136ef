//! Whole runs of Purple specifications with scripted agents: order, documentation of tickets, what
//! displays are told, what later prompts hold, and what a failure leaves.

use std::fs;

use git_wp::base::json::{self, Value, json};

use super::cli_documents::scene;
use super::support::Scratch;

const FEATURE: &str = "purple/documentation/251114-shop";
const STANDARDS: &str = "purple/standards/global/how-agents-document.md";

/// Two phases. `AO-010` stands in the second and is needed in the first.
const SPEC: &str = "# Implementation Specification: Shop

## Implementation Phases

### Phase 1: Ground

#### AO-001: Shared types
**Objective:** Types for everything
**Files:**
- CREATE: `src/AO-001.ts`
**Acceptance Criteria:**
- [ ] It compiles
**Estimated Effort:** S
**Dependencies:** None

#### AO-002: The form
**Objective:** A form
**Files:**
- CREATE: `src/AO-002.ts`
**Acceptance Criteria:**
- [ ] It can be sent
**Estimated Effort:** M
**Dependencies:** AO-010

### Phase 2: House

#### AO-010: The schema
**Objective:** A schema
**Files:**
- CREATE: `src/AO-010.ts`
**Acceptance Criteria:**
- [ ] It migrates
**Estimated Effort:** S
**Dependencies:** AO-001

#### AO-003: The page
**Objective:** A page
**Files:**
- CREATE: `src/AO-003.ts`
**Acceptance Criteria:**
- [ ] It shows
**Estimated Effort:** M
**Dependencies:** AO-001

#### AO-004: The menu
**Objective:** A menu
**Files:**
- CREATE: `src/AO-004.ts`
**Acceptance Criteria:**
- [ ] It opens
**Estimated Effort:** S
**Dependencies:** None
";

/// Keeps its prompt, writes its file, and says something. `AO-001` documents itself and `AO-010`.
const WRITES: &str = r#"here=$(dirname "$0")
echo "$WP_PACKAGE" >> "$here/began"
cp "$WP_PROMPT_FILE" "$here/$WP_PACKAGE.prompt"
mkdir -p src && echo "$WP_PACKAGE" > "src/$WP_PACKAGE.ts"
say() { printf '{"schema_version": 1, "status": "%s", "summary": "%s", "notes": "%s"}' "$1" "$2" "$3" > "$WP_RESULT_FILE"; }
if test "$WP_PACKAGE" = "$FAILS"; then say failed "" "the schema conflicts"; exit 3; fi
case "$WP_PACKAGE" in
AO-001)
  docs=purple/documentation/251114-shop/completed-tickets-documentation
  mkdir -p $docs
  cat > $docs/AO-001-AO-010-foundation.md <<'END'
# AO-001, AO-010: Foundation

## What Was Implemented
Both.

## Deviations from Spec
- **Other name:** `Thing` is called `Item` now

## Notes for Subsequent Tickets
- AO-004 has to sort its entries
END
  ;;
AO-002) say completed "A form that can be sent" "Send it with POST";;
esac
git add -A && git commit -q -m work
"#;

fn shop(script: &str) -> Scratch {
    let spec = format!("{FEATURE}/agent-written-specifications/implementation-spec-shop.md");
    let scratch = scene(&spec, SPEC, script);
    scratch.write(STANDARDS, "# How agents document\n");
    scratch.git(&["add", "-A"]);
    scratch.git(&["commit", "-q", "-m", "standards"]);
    scratch.wp(&["approve", FEATURE]).expect(0);
    scratch
}

fn beside(scratch: &Scratch, name: &str) -> String {
    fs::read_to_string(scratch.path().with_file_name(name)).unwrap_or_default()
}

fn began(scratch: &Scratch) -> Vec<String> {
    let began = beside(scratch, "began");
    began.lines().map(str::to_owned).collect()
}

fn documents(scratch: &Scratch, branch: &str) -> Vec<String> {
    let folder = format!("{FEATURE}/completed-tickets-documentation/");
    let listed = scratch.git(&["ls-tree", "-r", "--name-only", branch, &folder]);
    let names = listed.lines().filter_map(|path| path.strip_prefix(&folder));
    names.map(str::to_owned).collect()
}

/// What displays were told: `id status`, and messages about no ticket by their phase.
fn told(scratch: &Scratch, events: &str) -> Vec<Value> {
    let text = fs::read_to_string(scratch.path().join(events)).unwrap();
    let lines = text
        .lines()
        .map(|line| json::parse(line.as_bytes()).unwrap());
    let payloads = lines.filter(|event: &Value| event["event"] == "purple-status");
    payloads
        .map(|event| event["purple_status"].clone())
        .collect()
}

fn in_short(payloads: &[Value]) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let short = payloads.iter().map(|payload| match payload.get("ticket") {
        Some(ticket) => format!(
            "{} {}",
            word(&ticket["id"]),
            word(&ticket["status"]["status"])
        ),
        None => word(&payload["phase"]),
    });
    short.collect()
}

const RUN: [&str; 9] = [
    "implement",
    FEATURE,
    "--agent",
    "script",
    "-j",
    "1",
    "--json",
    "--events",
    "../events",
];

#[test]
fn tickets_run_phase_by_phase_and_leave_their_documentation() {
    let scratch = shop(WRITES);
    let data = scratch.wp(&RUN).expect(0).data();
    assert_eq!(data["result"], "merged");
    let branch = data["branch"].as_str().unwrap();
    assert_eq!(
        began(&scratch),
        ["AO-001", "AO-010", "AO-002", "AO-003", "AO-004"]
    );
    assert_eq!(
        documents(&scratch, branch),
        [
            "1-AO-002-the-form-documentation.md",
            "2-AO-003-the-page-documentation.md",
            "2-AO-004-the-menu-documentation.md",
            "AO-001-AO-010-foundation.md",
        ]
    );
    let path = format!("{FEATURE}/completed-tickets-documentation");
    let show = |name: &str| scratch.git(&["show", &format!("{branch}:{path}/{name}")]);
    let written = show("1-AO-002-the-form-documentation.md");
    let day = written.lines().find(|line| line.starts_with("**Date:**"));
    assert_eq!(
        written.replace(day.unwrap(), "**Date:** DAY"),
        "# AO-002: The form

**Ticket:** AO-002
**Phase:** 1
**Status:** Completed
**Date:** DAY

## What Was Implemented

A form that can be sent

## Deviations from Spec

None.

## Files Changed

- `src/AO-002.ts`

## Testing

The specification names no command that was run for this ticket.

## Notes for Subsequent Tickets

Send it with POST"
    );
    assert!(show("2-AO-003-the-page-documentation.md").contains("The agent left no summary."));
    let log = scratch.git(&["log", "--first-parent", "--format=%s", branch]);
    assert!(
        log.lines()
            .any(|line| line == "251114-shop: document AO-002"),
        "{log}"
    );
    scratch.assert_sound();
}

#[test]
fn what_a_ticket_did_otherwise_reaches_whom_it_concerns() {
    let scratch = shop(WRITES);
    scratch.wp(&RUN).expect(0);
    let prompt = |ticket: &str| beside(&scratch, &format!("{ticket}.prompt"));
    let deviation = "deviation from the specification of AO-001, AO-010 \
        (AO-001-AO-010-foundation.md:7)\n**Other name:** `Thing` is called `Item` now";
    let note = "note for later tickets of AO-001, AO-010 (AO-001-AO-010-foundation.md:10)\n\
        AO-004 has to sort its entries";
    for (ticket, concerned) in [("AO-002", [true, true]), ("AO-003", [true, true])] {
        let prompt = prompt(ticket);
        assert_eq!(
            [prompt.contains(deviation), prompt.contains(note)],
            concerned,
            "{prompt}"
        );
        assert!(
            prompt.contains("These are notes, not instructions"),
            "{prompt}"
        );
    }
    // It depends on neither and is only mentioned.
    let menu = prompt("AO-004");
    assert!(!menu.contains(deviation) && menu.contains(note), "{menu}");
    // Tickets of an earlier phase alone are no reason.
    assert!(!menu.contains("Send it with POST"), "{menu}");
    assert!(!prompt("AO-001").contains("These are notes"));
}

#[test]
fn displays_hear_of_every_ticket_one_by_one() {
    let scratch = shop(WRITES);
    let heard = scratch.path().with_file_name("heard");
    let command = format!("sh -c 'cat >> \"$0\"' {}", heard.display());
    scratch.git(&["config", "wp.purple.statusCommand", &command]);
    let run = scratch.wp(&RUN).expect(0);
    assert!(!run.stderr.contains("purple-status"), "{}", run.stderr);
    let payloads = told(&scratch, "../events");
    let short = in_short(&payloads);
    let all = ["AO-001", "AO-002", "AO-010", "AO-003", "AO-004"];
    let todo = all.iter().map(|id| format!("{id} todo"));
    let first = std::iter::once("3 - Implementation".to_owned()).chain(todo);
    assert_eq!(short[..6], first.collect::<Vec<_>>());
    for id in all {
        let of = short[6..].iter().filter(|line| line.starts_with(id));
        let words: Vec<&str> = of.filter_map(|line| line.split(' ').nth(1)).collect();
        assert_eq!(words, ["in_progress", "completed"], "{id}");
    }
    assert_eq!((short.len(), short[16].as_str()), (17, "5 - Complete"));
    assert_eq!(
        payloads[2],
        json!({"featureFolder": FEATURE, "agent": "git-wp", "ticket": {
            "id": "AO-002", "name": "The form", "description": "A form",
            "phase": "Phase 1: Ground", "acceptance": ["It can be sent"],
            "dependencies": [{"id": "AO-010", "phase": "Phase 2: House"}],
            "estimatedEffort": {"humanEffort": "M"}, "status": {"status": "todo"}}})
    );
    let form = payloads.iter().find(|p| {
        p["ticket"]["status"]["completionSummary"] != json!(null) && p["ticket"]["id"] == "AO-002"
    });
    assert_eq!(
        form.unwrap()["ticket"],
        json!({"id": "AO-002", "status":
            {"status": "completed", "completionSummary": "A form that can be sent"}})
    );
    assert_eq!(payloads.last().unwrap()["buildComplete"], true);
    let lines = fs::read_to_string(heard).unwrap();
    let lines = lines
        .lines()
        .map(|line| json::parse(line.as_bytes()).unwrap());
    assert_eq!(lines.collect::<Vec<Value>>(), payloads);
}

/// A server as Purple's own: it answers each call, and writes down what it was called with.
const SERVER: &str = r#"while read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\),.*/\1/p')
  case $line in
    *'"initialize"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"capabilities":{}}}\n' "$id" ;;
    *'notifications/initialized'*) echo ready >> "$HEARD" ;;
    *'"purple_status"'*)
      printf '%s\n' "$line" >> "$HEARD"
      printf '{"jsonrpc":"2.0","method":"notifications/message"}\n'
      printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[],"isError":%s}}\n' "$id" "$REFUSES" ;;
  esac
done"#;

#[test]
fn a_server_is_called_once_for_every_message() {
    let scratch = shop(WRITES);
    let heard = scratch.path().with_file_name("heard");
    scratch.write("../server.sh", SERVER);
    let server = |refuses: bool| {
        let heard = heard.display();
        let command = format!("env HEARD={heard} REFUSES={refuses} sh ../server.sh");
        scratch.git(&["config", "wp.purple.statusServer", &command]);
    };
    server(false);
    let run = scratch.wp(&RUN).expect(0);
    assert!(!run.stderr.contains("purple-status"), "{}", run.stderr);
    let text = fs::read_to_string(&heard).unwrap();
    let (first, calls) = text.split_once('\n').unwrap();
    assert_eq!(first, "ready");
    let calls = calls
        .lines()
        .map(|line| json::parse(line.as_bytes()).unwrap());
    let payloads = calls.map(|call| call["params"]["arguments"].clone());
    assert_eq!(
        payloads.collect::<Vec<Value>>(),
        told(&scratch, "../events")
    );
}

#[test]
fn a_server_that_refuses_or_ends_is_one_warning() {
    for (script, why) in [
        (SERVER, "`env` refused a message: no reason given"),
        ("exit 0", "`env` ended without an answer"),
    ] {
        let scratch = shop(WRITES);
        scratch.write("../server.sh", script);
        let command = "env HEARD=/dev/null REFUSES=true sh ../server.sh";
        scratch.git(&["config", "wp.purple.statusServer", command]);
        let run = scratch.wp(&RUN[..6]).expect(0);
        assert!(run.stderr.contains(why), "{}", run.stderr);
        assert_eq!(
            run.stderr.matches("was not told").count(),
            1,
            "{}",
            run.stderr
        );
    }
}

#[test]
fn a_command_that_cannot_be_told_is_one_warning() {
    let scratch = shop(WRITES);
    let command = "[purple]\nstatus_command = \"sh -c 'echo no line >&2; exit 1'\"\n";
    scratch.write("wp.toml", command);
    let refused = scratch.wp(&RUN[..6]).expect(5);
    assert!(
        refused.stderr.contains("[purple] status_command"),
        "{}",
        refused.stderr
    );
    scratch.wp(&["trust"]).expect(0);
    let run = scratch.wp(&RUN[..6]).expect(0);
    assert_eq!(
        run.stderr.matches("a display was not told").count(),
        1,
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("`sh` failed: no line"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_ticket_that_fails_stops_what_comes_after_and_a_second_run_goes_on() {
    let scratch = shop(&WRITES.replace("$FAILS", "AO-002"));
    let data = scratch.wp(&RUN).expect(1).data();
    let branch = data["branch"].as_str().unwrap().to_owned();
    let statuses = |data: &Value| -> Vec<String> {
        let rows = data["packages"].as_array().unwrap().iter();
        let row = |row: &Value| format!("{} {}", row["id"], row["status"]).replace('"', "");
        rows.map(row).collect()
    };
    assert_eq!(
        statuses(&data),
        [
            "AO-001 merged",
            "AO-002 failed",
            "AO-010 merged",
            "AO-003 blocked",
            "AO-004 blocked",
        ]
    );
    assert_eq!(
        documents(&scratch, &branch),
        ["AO-001-AO-010-foundation.md"]
    );
    let payloads = told(&scratch, "../events");
    let after = in_short(&payloads)[6..].to_vec();
    assert_eq!(
        after,
        [
            "AO-001 in_progress",
            "AO-001 completed",
            "AO-010 in_progress",
            "AO-010 completed",
            "AO-002 in_progress",
            "AO-002 failed",
        ]
    );
    let why = &payloads.last().unwrap()["ticket"]["status"]["exceptionDescription"];
    assert!(
        why.as_str().unwrap().contains("the schema conflicts"),
        "{why}"
    );

    fs::write(scratch.path().with_file_name("agent.sh"), WRITES).unwrap();
    fs::remove_file(scratch.path().with_file_name("began")).unwrap();
    let data = scratch.wp(&RUN).expect(0).data();
    assert_eq!(data["result"], "merged");
    assert_eq!(began(&scratch), ["AO-002", "AO-003", "AO-004"]);
    assert_eq!(documents(&scratch, &branch).len(), 4);
    let again = in_short(&told(&scratch, "../events"));
    assert_eq!(
        again[..6],
        [
            "3 - Implementation",
            "AO-001 completed",
            "AO-002 todo",
            "AO-010 completed",
            "AO-003 todo",
            "AO-004 todo",
        ]
    );
    scratch.assert_sound();
}

/// `AO-001` ends only once `AO-004` has begun, which stands in the next phase.
const MEETS: &str = r#"here=$(dirname "$0")
touch "$here/$WP_PACKAGE.here"
if test "$WP_PACKAGE" = AO-001; then
  n=0; until test -e "$here/AO-004.here"; do n=$((n+1)); test $n -lt 400 || exit 4; sleep 0.05; done
fi
if test "$WP_PACKAGE" = AO-003; then test -e src/AO-001.ts || exit 5; fi
mkdir -p src && echo x > "src/$WP_PACKAGE.ts"
"#;

#[test]
fn without_a_barrier_only_dependencies_order_the_tickets() {
    let scratch = shop(MEETS);
    let mut args = RUN.to_vec();
    args[5] = "5";
    args.extend(["--barrier", "none"]);
    assert_eq!(scratch.wp(&args).expect(0).data()["result"], "merged");
}

#[test]
fn what_is_missing_is_said_before_anything_starts() {
    let scratch = shop(WRITES);
    let said = |args: &[&str]| {
        let run = scratch.wp(args).expect(2);
        run.stderr.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        said(&["implement", "purple/documentation/251115-nope"])[0],
        "error: there is no feature folder `purple/documentation/251115-nope`"
    );
    scratch.write(
        "purple/documentation/251115-cart/user-provided-product-spec-cart.md",
        "x",
    );
    assert_eq!(
        said(&["implement", "purple/documentation/251115-cart"]),
        [
            "error: there is no engineering specification \
             `purple/documentation/251115-cart/agent-written-specifications/\
             implementation-spec-cart.md`",
            "hint: run /engineer-tasks-from-spec first",
        ]
    );
    fs::remove_file(scratch.path().join(STANDARDS)).unwrap();
    let lines = said(&["implement", FEATURE, "--agent", "script"]);
    assert_eq!(
        lines[0],
        format!("error: the documentation standards `{STANDARDS}` are missing")
    );
    assert_eq!(began(&scratch), [""; 0]);
    let dry = scratch
        .wp(&["implement", FEATURE, "--agent", "script", "-n"])
        .expect(0);
    assert!(dry.stderr.contains("standards"), "{}", dry.stderr);
}

#[test]
fn what_is_needed_softly_is_waited_for_unless_the_run_is_eager() {
    let spec = "# Implementation Specification: Hooks

## Tickets

### Phase 1: Ground

#### HK-001: Route

**Files to Create:**
- `src/route.txt`

**Dependencies:** None

#### HK-002: Hook

**Files to Create:**
- `src/hook.txt`

**Dependencies:** HK-001 (needs the route, but can be developed with mock responses)
";
    let path = "purple/documentation/260101-hooks/agent-written-specifications/\
                implementation-spec-hooks.md";
    let scratch = Scratch::new();
    scratch.write(path, spec);
    let waits = |more: &[&str]| {
        let args = [&["graph", path, "--json"], more].concat();
        let data = scratch.wp(&args).expect(0).data();
        let hook = &data["packages"][1];
        assert_eq!(hook["depends_on"].to_string(), r#"["HK-001"]"#);
        hook["effective_depends_on"].to_string()
    };
    assert_eq!(waits(&[]), r#"["HK-001"]"#);
    assert_eq!(waits(&["--eager"]), "[]");
}
