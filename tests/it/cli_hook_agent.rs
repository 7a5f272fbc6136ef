//! `hook agent`: an agent's own hook asks before a tool runs, outside of rooms and inside.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use git_wp::base::json::{self, Value, json};

use super::cli_documents::scene;
use super::support::Scratch;
use super::support::plans::{Pkg, plan_path};

const PROGRAM: &str = env!("CARGO_BIN_EXE_git-wp");

fn ask(scratch: &Scratch, question: &[u8]) -> Output {
    let mut hook = scratch.wp_command(&["hook", "agent"]);
    hook.stdin(Stdio::piped());
    let hook: &mut Command = hook.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut hook = hook.spawn().unwrap();
    // It may have refused before everything was read.
    let _ = hook.stdin.take().unwrap().write_all(question);
    hook.wait_with_output().unwrap()
}

fn decision(output: &Output) -> Option<String> {
    assert!(output.status.success(), "{output:?}");
    if output.stdout.is_empty() {
        return None;
    }
    let answer: Value = json::parse(&output.stdout).unwrap();
    let said = &answer["hookSpecificOutput"];
    assert_eq!(said["hookEventName"], "PreToolUse");
    assert_eq!(said["permissionDecision"], "deny");
    Some(
        said["permissionDecisionReason"]
            .as_str()
            .unwrap()
            .to_owned(),
    )
}

fn bash(command: &str) -> Vec<u8> {
    let question = json!({
        "session_id": "s", "hook_event_name": "PreToolUse",
        "tool_name": "Bash", "tool_input": {"command": command, "description": "x"},
    });
    question.to_string().into_bytes()
}

#[test]
fn a_destructive_command_is_refused_with_the_rule_and_recorded() {
    let scratch = Scratch::new();
    let said = decision(&ask(&scratch, &bash("cd x && git push -f origin main")));
    let said = said.expect("a forced push is refused");
    assert!(said.contains("git_force_push"), "{said}");
    assert_eq!(
        decision(&ask(&scratch, &bash("git commit -m 'no git push -f'"))),
        None
    );
    let read = json!({"tool_name": "Read", "tool_input": {"file_path": "/etc/passwd"}});
    assert_eq!(decision(&ask(&scratch, read.to_string().as_bytes())), None);
    let args = ["audit", "--operation", "decision", "--json"];
    let audit = scratch.wp(&args).expect(0).data().to_string();
    assert!(audit.contains("git_force_push"), "{audit}");
}

#[test]
fn each_program_is_refused_in_its_own_words() {
    let scratch = Scratch::new();
    let command = "git push --force origin main";
    let input = json!({"command": command});
    for (question, key) in [
        (
            json!({"hook_event_name": "BeforeTool", "tool_name": "run_shell_command", "tool_input": input}),
            "decision",
        ),
        (
            json!({"hook_event_name": "beforeShellExecution", "command": command, "cwd": "/"}),
            "permission",
        ),
        (
            json!({"toolName": "bash", "toolArgs": input.to_string()}),
            "permissionDecision",
        ),
    ] {
        let answer = ask(&scratch, question.to_string().as_bytes());
        let answer: Value = json::parse(&answer.stdout).unwrap();
        assert_eq!(answer[key], "deny", "{answer}");
        assert!(answer.to_string().contains("git_force_push"), "{answer}");
    }
}

#[test]
fn what_cannot_be_read_is_refused() {
    let scratch = Scratch::new();
    for question in [
        &b""[..],
        b"no json",
        b"[]",
        b"{\"tool_name\": 7}",
        b"{\"tool_name\": \"Bash\", \"tool_input\": {}}",
        b"{\"tool_name\": \"Write\", \"tool_input\": {\"content\": \"x\"}}",
    ] {
        let output = ask(&scratch, question);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn a_file_outside_the_scope_of_the_room_is_refused_with_its_owner() {
    let list = "# Implementation Plan: x\n\n## Implementation Phases\n\n\
        ### Phase 1: One [NOT STARTED]\n\n**Depends on**: none\n\n\
        **Files to modify**:\n- `src/1.txt`\n\n\
        ### Phase 2: Two [NOT STARTED]\n\n**Depends on**: 1\n\n\
        **Files to modify**:\n- `src/2.txt`\n";
    let script = format!(
        "mkdir -p src; echo x > src/$WP_PACKAGE.txt; test $WP_PACKAGE = 1 || exit 0\n\
        ask() {{ printf '{{\"tool_name\": \"Write\", \"tool_input\": {{\"file_path\": \"%s\"}}}}' \"$1\" \
        | {PROGRAM} hook agent; echo \"= $1\"; }}\n\
        patch() {{ printf '{{\"tool_name\": \"Bash\", \"tool_input\": {{\"command\": \"apply_patch <<E\\\\n*** Begin Patch\\\\n*** Add File: %s\\\\nE\"}}}}' \"$1\" \
        | {PROGRAM} hook agent; echo \"= patch\"; }}\n\
        after() {{ printf '{{\"hook_event_name\": \"PostToolUse\", \"tool_name\": \"Bash\", \"tool_input\": {{\"command\": \"x\"}}}}' \
        | {PROGRAM} hook agent; echo \"= after\"; }}\n\
        main=$(cd \"$(git rev-parse --git-common-dir)/..\" && pwd)\n\
        {{ ask src/2.txt; ask \"$PWD/src/1.txt\"; ask src/../src/2.txt; ask /tmp/elsewhere; \
        ask $main/README; ask $main/.git/config; ask $WP_RESULT_FILE; patch src/2.txt; after; \
        echo y > src/2.txt; after; rm src/2.txt; }} \
        > \"$OUT\" 2>&1\n"
    );
    let scratch = scene("specs/001_x/plans/01_x.md", list, "");
    let out = scratch.beside("asked.txt");
    let script = script.replace("$OUT", out.to_str().unwrap());
    std::fs::write(scratch.path().with_file_name("agent.sh"), script).unwrap();
    scratch.wp(&["approve", "1"]).expect(0);
    scratch
        .wp(&["implement", "1", "--agent", "script", "--json"])
        .expect(0);
    let said = std::fs::read_to_string(out).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].contains("belongs to the package `2`"), "{said}");
    assert_eq!(lines[1], "= src/2.txt", "{said}");
    assert!(
        lines[2].starts_with("= /"),
        "its own file is nobody else's: {said}"
    );
    assert!(lines[3].contains("outside the scope of `1`"), "{said}");
    assert_eq!(lines[4], "= src/../src/2.txt", "{said}");
    assert_eq!(lines[5], "= /tmp/elsewhere", "{said}");
    assert!(lines[6].contains("in the main checkout"), "{said}");
    assert!(lines[8].contains("git_dir_modify"), "{said}");
    assert!(
        lines[10].starts_with("= /") && lines[10].ends_with("result.json"),
        "{said}"
    );
    assert!(lines[11].contains("belongs to the package `2`"), "{said}");
    assert_eq!(lines[13], "= after", "nothing stands outside: {said}");
    assert!(lines[14].contains(r#""decision":"block""#), "{said}");
    assert!(lines[14].contains("`src/2.txt` (of `2`)"), "{said}");
}

#[test]
fn a_room_that_shows_its_scope_only_is_held_to_that_when_reading() {
    let out_of = |scratch: &Scratch| scratch.beside("read.txt");
    let scratch = Scratch::new();
    let out = out_of(&scratch);
    let script = format!(
        "ask() {{ printf '{{\"tool_name\": \"Read\", \"tool_input\": {{\"file_path\": \"%s\"}}}}' \"$1\" \\
        | {PROGRAM} hook agent; echo \"= $1\"; }}\n\
        main=$(cd \"$(git rev-parse --git-common-dir)/..\" && pwd)\n\
        {{ ls docs; ask wp-a/file; ask lib/b; ask docs/guide; ask $main/docs/guide; \
        ask $WP_PROMPT_FILE; }} > {} 2>&1\nmkdir -p wp-a; echo x > wp-a/file\n",
        out.display()
    );
    for file in ["docs/guide", "lib/b"] {
        scratch.write(file, "text\n");
    }
    scratch.write("wp.toml", "[worktree]\nsparse = \"scope\"\n");
    scratch.commit("files");
    scratch.add_plan("x", &[Pkg::new("wp-a").run(&script)]);
    let path = scratch.path().join(plan_path("x"));
    let text = std::fs::read_to_string(&path).unwrap();
    let narrow = text.replace("read_allow: [\"**\"]", "read_allow: [\"lib/**\"]");
    assert_ne!(narrow, text);
    std::fs::write(&path, narrow).unwrap();
    scratch.commit("narrow");
    scratch.wp(&["approve", "x"]).expect(0);
    scratch
        .wp(&["implement", "x", "--agent", "shell"])
        .expect(0);
    let said = std::fs::read_to_string(out).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].contains("No such file"), "{said}");
    assert_eq!(lines[1..3], ["= wp-a/file", "= lib/b"], "{said}");
    assert!(
        lines[3].contains("`docs/guide` is outside of what it may read"),
        "{said}"
    );
    assert!(lines[5].contains("in the main checkout"), "{said}");
    assert!(
        lines[7].ends_with("prompt.md") && lines[7].starts_with("= "),
        "{said}"
    );
}
