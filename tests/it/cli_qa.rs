//! The QA loop through the binary, with scripted agents: rounds, what is repaired in between, the
//! question after the last one, and rounds that count for nothing.

use git_wp::base::json::Value;

use super::cli_documents::scene as scene_of_documents;
use super::support::Scratch;
use super::support::plans::Pkg;

/// A QA agent: `$n` is the number of the round; what it runs decides over `$s`.
fn checker(decides: &str, report: &str) -> String {
    format!(
        "n=$(sed -n 's/^This is round \\([0-9]*\\).*/\\1/p' \"$WP_PROMPT_FILE\")\n{decides}\n\
         cat > \"$WP_RESULT_FILE\" <<END\n{report}\nEND\n"
    )
}

fn report(checks: usize) -> String {
    let checks: Vec<String> = (1..=checks)
        .map(|n| {
            format!(
                "{{\"id\": \"cli-{n}\", \"status\": \"$s\", \"evidence\": \"bin/tool said $n\"}}"
            )
        })
        .collect();
    format!(
        "{{\"schema_version\": 1, \"surface\": \"cli\", \"status\": \"$s\", \"checks\": [{}],\n\
         \"recommendation\": \"look at bin/tool\"}}",
        checks.join(", ")
    )
}

fn scene(script: &str) -> Scratch {
    let scratch = Scratch::new();
    let tool = Pkg::new("wp-tool")
        .write(&["bin/**"])
        .run("mkdir -p bin && echo \"$WP_PACKAGE\" >> bin/tool");
    scratch.add_plan("x", &[tool, Pkg::new("wp-docs")]);
    scratch.wp(&["approve", "x"]).expect(0);
    let path = scratch.beside("checker.sh");
    std::fs::write(&path, script).unwrap();
    scratch.git(&["config", "wp.agent", "shell"]);
    let command = format!("sh {}", path.display());
    scratch.git(&["config", "wp.agent.checker.command", &command]);
    scratch.git(&["config", "wp.role.qa.agent", "checker"]);
    scratch
}

fn implement(scratch: &Scratch, code: i32) -> Value {
    let args = ["implement", "x", "--qa", "--json"];
    scratch.wp(&args).expect(code).data()
}

fn status(scratch: &Scratch) -> Value {
    scratch.wp(&["status", "x", "--json"]).expect(0).data()
}

fn verdicts(status: &Value) -> Vec<String> {
    let rounds = status["qa"]["rounds"].as_array().unwrap().iter();
    let word = |round: &Value| round["verdict"].as_str().unwrap().to_owned();
    rounds.map(word).collect()
}

#[test]
fn qa_fails_twice_is_repaired_twice_and_passes() {
    let script = checker("s=FAIL; test $n -ge 3 && s=PASS", &report(3));
    let scratch = scene(&script);
    let data = implement(&scratch, 0);
    assert_eq!(data["result"], "merged");
    let packages = data["packages"].as_array().unwrap().iter();
    let ids: Vec<&str> = packages.map(|p| p["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["wp-tool", "wp-docs", "wp-refine-1", "wp-refine-2"]);
    let status = status(&scratch);
    assert_eq!(verdicts(&status), ["fail", "fail", "pass"]);
    assert_eq!(status["qa"]["state"], "passed");
    assert_eq!(status["qa"]["rounds"][0]["planned"], 3);
    // It was repaired on the feature, by a package like any other.
    let tool = scratch.git(&["show", "openspec/x:bin/tool"]);
    assert_eq!(tool, "wp-tool\nwp-refine-1\nwp-refine-2");
    let args = ["report", "x"];
    let text = scratch.wp(&args).expect(0).stdout;
    assert!(text.contains("## QA\n\nQA passed."), "{text}");
    assert!(text.contains("- round 1 of 3 at "), "{text}");
    // Asked again, nothing is left to do.
    let tree = scratch.oid("refs/wp/state:features");
    implement(&scratch, 0);
    assert_eq!(scratch.oid("refs/wp/state:features"), tree);
    scratch.assert_sound();
}

#[test]
fn qa_fails_three_times_then_a_person_decides_and_it_goes_on() {
    let script = checker("s=FAIL; test $n -ge 4 && s=PASS", &report(3));
    let scratch = scene(&script);
    let data = implement(&scratch, 1);
    assert_eq!(data["result"], "partial");
    let before = status(&scratch);
    assert_eq!(verdicts(&before), ["fail", "fail", "fail"]);
    assert_eq!(before["qa"]["question"], "qa-x-3");
    let asked = &before["escalations"][0];
    assert_eq!(
        (&asked["id"], &asked["requires_human"]),
        (&"qa-x-3".into(), &true.into())
    );
    // The branch is not moved before it is answered, and asking again changes nothing.
    let branch = ["rev-parse", "--verify", "-q", "openspec/x"];
    assert!(
        !super::support::git_command(&scratch.path())
            .args(branch)
            .status()
            .unwrap()
            .success()
    );
    let tree = scratch.oid("refs/wp/state:features");
    implement(&scratch, 1);
    assert_eq!(scratch.oid("refs/wp/state:features"), tree);
    scratch
        .wp(&["decide", "qa-x-3", "retry", "--reason", "once more"])
        .expect(0);
    let data = implement(&scratch, 0);
    assert_eq!(data["result"], "merged");
    assert_eq!(
        verdicts(&status(&scratch)),
        ["fail", "fail", "fail", "pass"]
    );
}

#[test]
fn a_person_can_accept_what_fails_or_stop_it() {
    for (answer, code, state) in [("accept", 0, "accepted"), ("stop", 1, "stopped")] {
        let scratch = scene(&checker("s=FAIL", &report(3)));
        implement(&scratch, 1);
        let args = ["decide", "qa-x-3", answer, "--reason", "known"];
        scratch.wp(&args).expect(0);
        implement(&scratch, code);
        assert_eq!(status(&scratch)["qa"]["state"], state);
    }
}

#[test]
fn a_round_without_a_report_for_every_check_never_passes() {
    let malformed = checker("s=PASS", "this is no report");
    let short = checker("s=PASS", &report(2));
    let nothing = "exit 0\n".to_owned();
    for script in [malformed, short, nothing] {
        let scratch = scene(&script);
        let data = implement(&scratch, 1);
        assert_eq!(data["result"], "partial");
        let status = status(&scratch);
        assert_eq!(verdicts(&status), ["void", "void", "void"], "{script}");
        let found = status["qa"]["rounds"][0]["found"][0].as_str().unwrap();
        assert!(found.starts_with("cli: "), "{found}");
        assert_eq!(status["qa"]["question"], "qa-x-3");
    }
}

const FEATURE: &str = "purple/documentation/251114-shop";

const SPEC: &str = "# Implementation Specification: Shop

## Implementation Phases

### Phase 1: Ground

#### AO-001: The page
**Objective:** A page
**Files:**
- CREATE: `web/index.html`
**Acceptance Criteria:**
- [ ] It shows
**Estimated Effort:** S
**Dependencies:** None
";

#[test]
fn users_of_purple_find_a_report_per_attempt_and_what_was_changed_in_between() {
    let spec = format!("{FEATURE}/agent-written-specifications/implementation-spec-shop.md");
    let writes = "mkdir -p web && echo \"$WP_PACKAGE\" >> web/index.html\n";
    let scratch = scene_of_documents(&spec, SPEC, writes);
    scratch.write(
        "purple/standards/global/how-agents-document.md",
        "# How agents document\n",
    );
    scratch.git(&["add", "-A"]);
    scratch.git(&["commit", "-q", "-m", "standards"]);
    scratch.wp(&["approve", FEATURE]).expect(0);
    let script = checker("s=FAIL; test $n -ge 2 && s=PASS", &report(4));
    let path = scratch.beside("checker.sh");
    std::fs::write(&path, script.replace("cli", "web")).unwrap();
    let command = format!("sh {}", path.display());
    scratch.git(&["config", "wp.agent.checker.command", &command]);
    scratch.git(&["config", "wp.role.qa.agent", "checker"]);
    // Who configures QA agents gets rounds: its users are used to them.
    let args = ["implement", FEATURE, "--agent", "script", "--json"];
    let data = scratch.wp(&args).expect(0).data();
    let head = data["head"].as_str().unwrap();
    let show = |path: &str| scratch.git(&["show", &format!("{head}:{FEATURE}/{path}")]);
    let first = show("qa-results/qa-report-attempt-1.md");
    for part in [
        "**Status:** FAIL\n**Attempt:** 1 of 3\n",
        "| web-4 | AO-001: It shows | FAIL | bin/tool said 1 |",
        "## Issues Found\n\n- web-1: ",
        "## Recommendation\n\n- look at bin/tool",
    ] {
        assert!(first.contains(part), "{part}:\n{first}");
    }
    let second = show("qa-results/qa-report-attempt-2.md");
    assert!(
        second.contains("**Status:** PASS\n**Attempt:** 2 of 3\n"),
        "{second}"
    );
    let changes = show("incremental-changes.md");
    for part in [
        "## Change: Repair what QA attempt 1 found\n\n**Date:** ",
        "**Requested By:** QA attempt 1\n**Type:** Bug fix\n",
        "- `web/index.html`",
        "### Why\n\n- web-1: ",
    ] {
        assert!(changes.contains(part), "{part}:\n{changes}");
    }
}
