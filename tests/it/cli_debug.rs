//! Debuggers through the binary: what failed its verification is repaired, or blocked with the
//! story of what was tried.

use git_wp::base::json::Value;

use super::support::Scratch;
use super::support::plans::Pkg;

/// Leaves bad work; its debugger finds it in its room, says what it supposes and makes it good.
const REPAIRS: &str = "if [ \"$WP_MODE\" = debug ]; then \
     grep -q bad wp-a/file && echo 'The word is bad: yes, SECRET-VALUE-9.' > \"$WP_HYPOTHESIS_FILE\" \
     && echo good > wp-a/file; \
     else mkdir -p wp-a && echo bad > wp-a/file; test -z \"$WP_HYPOTHESIS_FILE\"; fi";

fn approved(packages: &[Pkg]) -> Scratch {
    let scratch = Scratch::new();
    scratch.add_plan("x", packages);
    scratch.wp(&["approve", "x"]).expect(0);
    scratch
}

fn package<'a>(data: &'a Value, id: &str) -> &'a Value {
    let packages = data["packages"].as_array().unwrap();
    packages.iter().find(|p| p["id"] == id).unwrap()
}

fn prompt(scratch: &Scratch, attempt: &Value) -> String {
    let id = attempt["id"].as_str().unwrap();
    let args = ["prompt", "x/wp-a", "--attempt", id, "--json"];
    let data = scratch.wp(&args).expect(0).data();
    data["prompt"].as_str().unwrap().to_owned()
}

#[test]
fn a_debugger_repairs_what_failed_its_verification() {
    let packages = [Pkg::new("wp-a")
        .run(REPAIRS)
        .check("good", "cat wp-a/file; grep -q good wp-a/file")
        .retries(1)];
    let scratch = approved(&packages);
    let mut command = scratch.wp_command(&["implement", "x", "--agent", "shell", "--json"]);
    command.env("MY_TOKEN", "SECRET-VALUE-9");
    let data = super::support::run(command).expect(0).data();
    assert_eq!(data["result"], "merged");
    let attempts = package(&data, "wp-a")["attempts"].clone();
    let (first, second) = (&attempts[0], &attempts[1]);
    assert_eq!(
        (&first["mode"], &second["mode"]),
        (&"implement".into(), &"debug".into())
    );
    let said = "The word is bad: yes, [redacted].";
    assert_eq!(second["hypotheses"], said);
    // It went on with the work that had failed.
    let (before, after) = (
        first["head"].as_str().unwrap(),
        second["head"].as_str().unwrap(),
    );
    scratch.git(&["merge-base", "--is-ancestor", before, after]);
    let told = prompt(&scratch, second);
    for part in [
        "# Debug work package wp-a of feature x",
        "That work is in this folder, committed on your branch.",
        "step: good\ncommand: cat wp-a/file; grep -q good wp-a/file\nexit code: 1\nlast output:\nbad",
        "+++ wp-a/file\n@@ -0,0 +1 @@\n+bad",
        "`WP_HYPOTHESIS_FILE`",
        "## Task",
    ] {
        assert!(told.contains(part), "{part}:\n{told}");
    }
    let report = scratch.wp(&["report", "x"]).expect(0).stdout;
    assert!(report.contains("## Repairs"), "{report}");
    assert!(
        report.contains("- `wp-a` try 2, `shell`: repaired; to repair: "),
        "{report}"
    );
    assert!(report.contains(said), "{report}");
    scratch.assert_sound();
}

#[test]
fn what_no_debugger_repairs_is_failed_and_the_rest_is_merged() {
    let run = "if [ \"$WP_MODE\" = debug ]; then \
         echo \"Guess of $(cat wp-a/tries) tries.\" > \"$WP_HYPOTHESIS_FILE\"; fi; \
         mkdir -p wp-a && echo again >> wp-a/tries";
    let packages = [
        Pkg::new("wp-a").run(run).check("good", "false").retries(2),
        Pkg::new("wp-b").after(&["wp-a"]),
        Pkg::new("wp-c"),
    ];
    let scratch = approved(&packages);
    let args = ["implement", "x", "--agent", "shell", "--json"];
    let data = scratch.wp(&args).expect(1).data();
    assert_eq!(data["result"], "failed");
    for (id, status) in [("wp-a", "failed"), ("wp-b", "blocked"), ("wp-c", "merged")] {
        assert_eq!(package(&data, id)["status"], status, "{id}");
    }
    let attempts = package(&data, "wp-a")["attempts"].clone();
    let modes: Vec<&str> = { attempts.as_array().unwrap().iter() }
        .map(|attempt| attempt["mode"].as_str().unwrap())
        .collect();
    assert_eq!(modes, ["implement", "debug", "debug"]);
    let told = prompt(&scratch, &attempts[2]);
    for part in [
        "## What debuggers tried before you",
        "attempt 2 of a debugger\nended: verification step `good` failed",
        "Guess of again tries.",
        "error of failed attempt 2",
    ] {
        assert!(told.contains(part), "{part}:\n{told}");
    }
    let status = scratch.wp(&["status", "x"]).expect(0).stdout;
    assert!(status.contains("3 debug"), "{status}");
    assert!(status.contains("tried by debuggers"), "{status}");
    assert!(status.contains("Guess of again tries."), "{status}");
    let report = scratch.wp(&["report", "x"]).expect(0).stdout;
    assert!(
        report.contains("- `wp-a` try 3, `shell`: failed"),
        "{report}"
    );
}

#[test]
fn what_fails_once_it_is_merged_is_repaired_on_the_merged_tree() {
    // It looks at the feature until the other package is merged, so that both begin together.
    let run = "if [ \"$WP_MODE\" = debug ]; then \
         test -f wp-b/file && grep -q alone wp-a/file && echo both > wp-a/file; else \
         until git cat-file -e refs/wp/integration/x:wp-b/file 2>/dev/null; do sleep 0.05; done; \
         mkdir -p wp-a && echo alone > wp-a/file; fi";
    let packages = [
        Pkg::new("wp-a")
            .run(run)
            .check("fits", "test ! -f wp-b/file || grep -q both wp-a/file")
            .retries(1),
        Pkg::new("wp-b"),
    ];
    let scratch = approved(&packages);
    let args = ["implement", "x", "--agent", "shell", "-j", "2", "--json"];
    let data = scratch.wp(&args).expect(0).data();
    let attempts = package(&data, "wp-a")["attempts"].clone();
    assert_eq!(attempts[1]["mode"], "debug", "{attempts}");
    let told = prompt(&scratch, &attempts[1]);
    assert!(
        told.contains("merged with what others did meanwhile"),
        "{told}"
    );
    assert!(
        told.contains("merged with the newest state of the feature"),
        "{told}"
    );
    assert_eq!(scratch.git(&["show", "openspec/x:wp-a/file"]), "both");
    scratch.assert_sound();
}

#[test]
fn work_that_the_gate_refused_is_not_gone_on_with() {
    let run = "test \"$WP_MODE\" = implement && test ! -e outside && mkdir -p wp-a \
         && echo x > wp-a/file && echo y > outside";
    let scratch = approved(&[Pkg::new("wp-a").run(run).retries(1)]);
    let args = ["implement", "x", "--agent", "shell", "--json"];
    let data = scratch.wp(&args).expect(1).data();
    let attempts = package(&data, "wp-a")["attempts"].clone();
    for attempt in attempts.as_array().unwrap() {
        assert_eq!(attempt["mode"], "implement");
        let reason = attempt["reason"].as_str().unwrap();
        assert!(reason.contains("refused at the gate"), "{reason}");
    }
}

#[test]
fn an_agent_can_be_chosen_for_repairs() {
    let packages = [Pkg::new("wp-a")
        .run("mkdir -p wp-a && echo bad > wp-a/file")
        .check("good", "grep -q good wp-a/file")
        .retries(1)];
    let scratch = approved(&packages);
    let doctor = scratch.beside("doctor.sh");
    std::fs::write(&doctor, "grep -q bad wp-a/file && echo good > wp-a/file\n").unwrap();
    let command = format!("sh {}", doctor.display());
    scratch.git(&["config", "wp.agent", "shell"]);
    scratch.git(&["config", "wp.agent.doctor.command", &command]);
    scratch.git(&["config", "wp.role.debugger.agent", "doctor"]);
    let data = scratch.wp(&["implement", "x", "--json"]).expect(0).data();
    let attempts = package(&data, "wp-a")["attempts"].clone();
    assert_eq!(attempts[0]["agent"], "shell");
    assert_eq!(attempts[1]["agent"], "doctor");
}
