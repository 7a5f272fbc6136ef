//! `git wp cleanup CHANGE`: what goes with a merged feature, what stays, and what is left to do.

use std::os::unix::fs::PermissionsExt;

use git_wp::base::json::Value;

use super::support::plans::Pkg;
use super::support::{Scratch, run};

/// A run of which one package is merged and one failed, with a third behind that.
fn half_done() -> Scratch {
    let scratch = Scratch::new();
    let failing = Pkg::new("wp-b")
        .run("mkdir wp-b; echo half > wp-b/half")
        .keys(&["api:GET /b"])
        .check("never", "exit 1");
    scratch.write(
        "openspec/changes/x/tasks.md",
        "# Tasks\n\n## 1. Start\n\n- [x] 1.1 a\n\n## 2. End\n\n- [ ] 2.1 b\n- [x] 2.2 c\n",
    );
    let packages = [
        Pkg::new("wp-a"),
        failing,
        Pkg::new("wp-c").after(&["wp-a", "wp-b"]),
    ];
    scratch.add_plan("x", &packages);
    scratch.wp(&["approve", "x"]).expect(0);
    scratch.wp(&["implement", "x"]).expect(1);
    scratch
}

fn merged() -> Scratch {
    let scratch = half_done();
    scratch.git(&["merge", "-q", "--no-edit", "refs/wp/integration/x"]);
    scratch
}

fn words(rows: &Value, key: &str) -> Vec<String> {
    let rows = rows.as_array().unwrap();
    rows.iter()
        .map(|row| row[key].as_str().unwrap().to_owned())
        .collect()
}

fn attempt_branches(scratch: &Scratch) -> String {
    scratch.git(&["for-each-ref", "--format=%(refname:short)", "refs/heads/wp"])
}

#[test]
fn nothing_goes_before_the_feature_is_part_of_the_branch() {
    let scratch = half_done();
    let before = attempt_branches(&scratch);
    let refused = scratch.wp(&["cleanup", "x", "--json"]).expect(1).data();
    assert_eq!(refused["code"], "not-merged");
    assert_eq!(attempt_branches(&scratch), before);
    scratch.wp(&["cleanup", "nosuch", "--json"]).expect(2);
    scratch.wp(&["cleanup", "--archive", "--json"]).expect(2);
}

#[test]
fn a_dry_run_tells_all_and_changes_nothing() {
    let scratch = merged();
    let (before, refs) = (scratch.belongings(), scratch.git(&["for-each-ref"]));
    let told = scratch
        .wp(&["cleanup", "x", "--dry-run", "--unmerged", "--json"])
        .expect(0)
        .data();
    assert_eq!(told["rooms"].as_array().unwrap().len(), 1);
    assert_eq!(told["branches"].as_array().unwrap().len(), 2, "{told}");
    assert_eq!(told["follow_up"]["feature"], "followup-x");
    assert_eq!(scratch.belongings(), before);
    assert_eq!(scratch.git(&["for-each-ref"]), refs);
}

#[test]
fn what_is_held_elsewhere_goes_and_what_is_not_is_saved_first() {
    let scratch = merged();
    scratch
        .wp(&["lock", "acquire", "feature:x:review", "--session", "ann"])
        .expect(0);
    let done = scratch.wp(&["cleanup", "x", "--json"]).expect(0).data();
    assert_eq!(done["released"][0], "feature:x:review");
    assert_eq!(scratch.wp(&["lock", "list", "--json"]).data()["count"], 0);
    let gone = words(&done["branches"], "branch");
    assert!(
        gone.len() == 1 && gone[0].starts_with("wp/x/wp-a/"),
        "{gone:?}"
    );
    assert_eq!(done["branches"][0]["held_by"], "refs/heads/main");
    let kept = words(&done["kept"], "what");
    assert!(
        kept.iter().any(|what| what.starts_with("wp/x/wp-b/")),
        "{kept:?}"
    );
    assert!(attempt_branches(&scratch).starts_with("wp/x/wp-b/"));
    assert_eq!(
        scratch.wp(&["cleanup", "--json"]).data()["count"],
        0,
        "no worktree is left"
    );

    let head = scratch.oid(&kept[0]);
    let done = scratch
        .wp(&["cleanup", "x", "--unmerged", "--json"])
        .expect(0)
        .data();
    assert_eq!(attempt_branches(&scratch), "");
    let holder = done["branches"][0]["held_by"].as_str().unwrap();
    assert_eq!(scratch.oid(holder), head);
    assert_eq!(
        scratch.git(&["show", &format!("{holder}:wp-b/half")]),
        "half"
    );
    assert_eq!(done["follow_up"], Value::Null);
    assert!(words(&done["kept"], "why")[0].contains("exists already"));
    scratch.assert_sound();
}

#[test]
fn what_is_left_to_do_becomes_a_plan_that_can_be_run() {
    let scratch = merged();
    let done = scratch.wp(&["cleanup", "x", "--json"]).expect(0).data();
    let folder = "openspec/changes/followup-x";
    let wanted = ["tasks.md", "work-packages.yaml", "proposal.md"];
    let files: Vec<String> = wanted
        .iter()
        .map(|name| format!("{folder}/{name}"))
        .collect();
    let row = &done["follow_up"];
    let told: Vec<&str> = { row["files"].as_array().unwrap().iter() }
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(told, files);
    assert_eq!(row["packages"], Value::from(vec!["wp-b", "wp-c"]));
    let tasks = std::fs::read_to_string(scratch.path().join(&files[0])).unwrap();
    assert_eq!(tasks, "# Tasks\n\n\n## 2. End\n\n- [ ] 2.1 b\n");
    scratch.wp(&["validate", "followup-x"]).expect(0);
    let plan = std::fs::read_to_string(scratch.path().join(&files[1])).unwrap();
    for part in [
        "id: followup-x",
        "What is left of: Do x",
        "api:GET /b",
        "exit 1",
    ] {
        assert!(plan.contains(part), "{part}:\n{plan}");
    }
    let mended = plan.replace("exit 1", "test 1 = 1");
    scratch.write(&files[1], &mended);
    scratch.commit("follow up");
    scratch.wp(&["approve", "followup-x"]).expect(0);
    scratch.wp(&["implement", "followup-x"]).expect(0);
    scratch.git(&["cat-file", "-e", "openspec/followup-x:wp-c/file"]);
}

#[test]
fn the_change_goes_into_the_archive_where_the_tool_is_installed() {
    let scratch = merged();
    let bin = scratch.beside("bin");
    std::fs::create_dir(&bin).unwrap();
    let path = std::env::var("PATH").unwrap();
    let with = |first: &str, args: &[&str]| {
        let mut command = scratch.wp_command(args);
        command.env("PATH", format!("{first}:{path}"));
        run(command)
    };
    let missing = scratch
        .wp(&["cleanup", "x", "--archive", "--json"])
        .expect(1)
        .data();
    assert!(
        missing["archive"]["said"]
            .as_str()
            .unwrap()
            .contains("not installed")
    );
    let tool = bin.join("openspec");
    let script = format!(
        "#!/bin/sh\necho \"$@\" > '{}/asked'\necho archived\n",
        bin.display()
    );
    std::fs::write(&tool, script).unwrap();
    std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
    let bin_text = bin.to_str().unwrap();
    with(bin_text, &["cleanup", "x", "--archive", "-n"]).expect(0);
    assert!(!bin.join("asked").exists());
    let done = with(bin_text, &["cleanup", "x", "--archive", "--json"])
        .expect(0)
        .data();
    assert_eq!(done["archive"]["done"], true);
    assert_eq!(done["archive"]["said"], "archived\n");
    let asked = std::fs::read_to_string(bin.join("asked")).unwrap();
    assert_eq!(asked, "archive x --yes\n");
}
