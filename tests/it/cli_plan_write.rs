//! `git wp plan`: one status written into a file, and a plan turned into work packages.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Stdio;

use super::support::Scratch;

const LIST: &str = "openspec/changes/add-login/tasks.md";
const TASKS: &str = "## 1. First\r\n\r\n- [ ] 1.1 One  \r\n- [x] 1.2 Two\r\n- [ ] 1.3 Three\r\n";

fn scene() -> Scratch {
    let scratch = Scratch::new();
    scratch.write(LIST, TASKS);
    scratch
}

fn list(scratch: &Scratch) -> String {
    fs::read_to_string(scratch.path().join(LIST)).unwrap()
}

fn set<'a>(id: &'a str, status: &'a str) -> [&'a str; 6] {
    ["plan", "set-status", LIST, id, status, "--json"]
}

#[test]
fn a_status_is_written_and_told() {
    let scratch = scene();
    let run = scratch.wp(&set("1.1", "done")).expect(0);
    let data = run.data();
    assert_eq!(data["source"], LIST);
    assert_eq!(data["format"], "openspec-tasks");
    assert_eq!(data["id"], "1.1");
    assert_eq!(
        (&data["status"], &data["source_status"]),
        (&"done".into(), &"x".into())
    );
    assert_eq!(data["changed"], true);
    assert_eq!(list(&scratch), TASKS.replace("[ ] 1.1", "[x] 1.1"));
    let again = scratch.wp(&set("1.1", "x")).expect(0).data();
    assert_eq!(again["changed"], false);

    let text = ["plan", "set-status", "add-login", "1.1", "blocked"];
    let run = scratch.wp(&text).expect(0);
    assert_eq!(
        run.stdout,
        format!(
            "{LIST}: 1.1 is pending\nthe format has no marker for blocked; the nearest is ` `\n"
        )
    );
    assert_eq!(list(&scratch), TASKS);
}

#[test]
fn what_cannot_be_written_is_a_usage_error_and_changes_nothing() {
    let scratch = scene();
    let plan = "specs/7_a/plans/1.md";
    let phase = "# Implementation Plan: A\n\n## Implementation Phases\n\n\
        ### Phase 1: One [NOT STARTED]\n\n**Depends on**: none\n\n\
        ### Phase 1: One again [NOT STARTED]\n\n### Phase 2: Two [NOT STARTED]\n";
    scratch.write(plan, phase);
    scratch.write("w.yaml", "packages: []\n");
    for (path, id, status, code) in [
        (LIST, "9.9", "done", "element-unknown"),
        (LIST, "1.1", "finished", "no-marker"),
        (LIST, "1.1", "xx", "no-marker"),
        (plan, "2", "COMPLETD", "no-marker"),
        (plan, "2", "DONE] [BLOCKED", "no-marker"),
        ("w.yaml", "a", "done", "no-document"),
        ("nothing.md", "a", "done", "change-unknown"),
    ] {
        let args = ["plan", "set-status", path, id, status, "--json"];
        let document = scratch.wp(&args).expect(2).document();
        assert_eq!(document["error"]["code"], code, "{path} {id} {status}");
        assert_ne!(document["error"]["hint"], "", "{path} {id} {status}");
    }
    assert_eq!(list(&scratch), TASKS);
    assert_eq!(
        fs::read_to_string(scratch.path().join(plan)).unwrap(),
        phase
    );

    let spec = "# Implementation Spec\n\n## Tickets\n\n### PHASE-1-A: One\n\n\
        **Ticket ID:** PHASE-1-A\n**Objective:** x\n**Dependencies:** None\n";
    scratch.write("purple/documentation/a/implementation-spec-a.md", spec);
    let path = "purple/documentation/a/implementation-spec-a.md";
    let args = [
        "plan",
        "set-status",
        path,
        "PHASE-1-A",
        "done",
        "--plan-format",
        "purple",
        "--json",
    ];
    let document = scratch.wp(&args).expect(2).document();
    assert_eq!(document["error"]["code"], "no-place");
}

#[test]
fn the_mode_of_a_file_is_kept_and_a_link_is_refused() {
    let scratch = scene();
    let path = scratch.path().join(LIST);
    for mode in [0o600, 0o664, 0o755] {
        fs::write(&path, TASKS).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        scratch.wp(&set("1.1", "done")).expect(0);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            mode
        );
    }
    fs::write(&path, TASKS).unwrap();
    symlink(&path, scratch.path().join("link.md")).unwrap();
    let args = ["plan", "set-status", "link.md", "1.1", "done", "--json"];
    let document = scratch.wp(&args).expect(2).document();
    assert_eq!(document["error"]["code"], "plan-unreadable");
    assert!(scratch.path().join("link.md").is_symlink());
    assert_eq!(list(&scratch), TASKS);
}

#[test]
fn two_that_write_at_once_lose_nothing_of_each_other() {
    let scratch = Scratch::new();
    let tasks: String = (1..=12).map(|n| format!("- [ ] 1.{n} Task\n")).collect();
    scratch.write(LIST, &format!("## 1. All\n\n{tasks}"));
    let ids: Vec<String> = (1..=12).map(|n| format!("1.{n}")).collect();
    let children: Vec<_> = ids
        .iter()
        .map(|id| {
            let mut command = scratch.wp_command(&set(id, "done"));
            command.stdout(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(
        list(&scratch).matches("- [x] 1.").count(),
        12,
        "{}",
        list(&scratch)
    );
}

#[test]
fn a_plan_is_turned_into_work_packages_that_are_valid() {
    let scratch = scene();
    let run = scratch.wp(&["plan", "convert", LIST, "--to", "work-packages"]);
    let run = run.expect(0);
    assert!(
        run.stderr.contains("1 element done already, left out"),
        "{}",
        run.stderr
    );
    scratch.write("converted.yaml", &run.stdout);
    let data = scratch
        .wp(&["validate", "converted.yaml", "--json"])
        .expect(0)
        .data();
    assert_eq!(
        (&data["valid"], &data["packages"]),
        (&true.into(), &2.into())
    );

    let args = ["plan", "convert", LIST, "--output", "new.yaml", "--json"];
    let data = scratch.wp(&args).expect(0).data();
    assert_eq!(data["packages"], 2);
    assert_eq!(
        data["renamed"][0],
        git_wp::base::json::json!({"id": "1.1", "name": "wp-1-1"})
    );
    let written = fs::read_to_string(scratch.path().join("new.yaml")).unwrap();
    assert_eq!(written, run.stdout);
    let document = scratch.wp(&args).expect(2).document();
    assert_eq!(document["error"]["code"], "file-exists");
}
