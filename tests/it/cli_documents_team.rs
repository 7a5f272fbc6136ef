//! What users of team-implement are told: the return texts, the size of the team, resuming.

use std::fs;

use super::cli_documents::scene;
use super::support::Scratch;
use super::support::plans::Pkg;

const PLAN: &str = "specs/412_task_name/plans/01_plan.md";

/// A plan of these waves, every phase after all phases of the wave before.
fn plan(waves: &[&[&str]]) -> String {
    let (mut table, mut phases) = (String::new(), String::new());
    let mut before = "none".to_owned();
    for (nth, wave) in waves.iter().enumerate() {
        let blocked = before.replace("none", "--");
        table += &format!("| {} | {} | {blocked} |\n", nth + 1, wave.join(", "));
        for id in *wave {
            phases += &format!(
                "### Phase {id}: Part {id} [NOT STARTED]\n\n**Goal**: part {id}\n\n\
                 **Depends on**: {before}\n\n**Files to modify**:\n- `src/{id}.txt` - part\n\n"
            );
        }
        before = wave.join(", ");
    }
    format!(
        "# Implementation Plan: Task #412: name\n\n- **Task**: 412 - Name\n\
         - **Status**: [NOT STARTED]\n\n## Implementation Phases\n\n**Dependency Analysis**:\n\
         | Wave | Phases | Blocked by |\n|------|--------|------------|\n{table}\n{phases}\
         ## Testing & Validation\n\n- none\n"
    )
}

/// Writes the file of its phase. Phases of one wave wait for each other, so that they are known to
/// have been under way together; `$FAILS` fails as often as it is said.
fn agent(scratch: &Scratch, waves: &[&[&str]], (fails, times): (&str, usize)) -> String {
    let room = scratch.beside("room");
    fs::create_dir_all(&room).unwrap();
    let room = room.display();
    let mut script = format!("echo x >> {room}/$WP_PACKAGE\n");
    for wave in waves.iter().filter(|wave| wave.len() == 2) {
        for (own, other) in [(wave[0], wave[1]), (wave[1], wave[0])] {
            script += &format!(
                "if test $WP_PACKAGE = {own}; then n=0; while ! test -e {room}/{other}; do \
                 n=$((n+1)); test $n -lt 600 || exit 9; sleep 0.05; done; fi\n"
            );
        }
    }
    script += &format!(
        "if test $WP_PACKAGE = {fails} && test $(wc -l < {room}/{fails}) -le {times}; then \
         echo 'build failed'; exit 3; fi\n"
    );
    script + "mkdir -p src && echo done > src/$WP_PACKAGE.txt\n"
}

fn prepared(waves: &[&[&str]], fails: (&str, usize)) -> Scratch {
    let scratch = scene(PLAN, &plan(waves), "exit 1\n");
    let script = agent(&scratch, waves, fails);
    fs::write(scratch.path().with_file_name("agent.sh"), script).unwrap();
    scratch.wp(&["approve", "412"]).expect(0);
    scratch
}

fn told(stdout: &str) -> Vec<&str> {
    let lines = stdout.lines();
    lines
        .take_while(|line| line.starts_with("Team ") || line.starts_with("- "))
        .collect()
}

#[test]
fn a_whole_run_returns_the_text_its_users_know() {
    let waves: &[&[&str]] = &[&["1", "2"], &["3", "4"], &["5", "6"]];
    let scratch = prepared(waves, ("3", 1));
    let args = ["implement", "412", "--agent", "script"];
    let run = scratch.wp(&args).expect(0);
    let mut lines = told(&run.stdout);
    let session = lines.pop().unwrap();
    assert_eq!(
        lines,
        [
            "Team implementation completed for task 412:",
            "- Executed 3 waves with up to 2 parallel teammates",
            "- Wave 1: Phases 1, 2 completed in parallel",
            "- Wave 2: Phases 3, 4 completed in parallel",
            "- Wave 3: Phases 5, 6 completed in parallel",
            "- 1 debugger invocation for error recovery (resolved)",
            "- All 6 phases completed",
            "- Summary at specs/412_task_name/summaries/01_implementation-summary.md",
            "- Status updated to [COMPLETED]",
        ],
        "{}",
        run.stdout
    );
    let id = session.strip_prefix("- Changes committed with session ");
    let body = scratch.git(&["log", "--all", "--format=%b", "--grep", "complete team"]);
    assert_eq!(
        Some(body.trim()),
        id.map(|id| format!("Session: {id}")).as_deref()
    );
    assert!(run.stdout.contains("\nmerged: "), "{}", run.stdout);
}

#[test]
fn a_partial_run_returns_what_is_in_the_way_and_how_to_go_on() {
    let waves: &[&[&str]] = &[&["1", "2"], &["3"], &["4", "5", "6"]];
    let scratch = prepared(waves, ("3", 9));
    let args = ["implement", "412", "--agent", "script"];
    let run = scratch.wp(&args).expect(1);
    let lines = told(&run.stdout);
    let blocked = "- Wave 2: Phase 3 [BLOCKED] (";
    let (blocked, lines): (Vec<&str>, Vec<&str>) = lines
        .into_iter()
        .partition(|line| line.starts_with(blocked));
    assert_eq!(blocked.len(), 1, "{}", run.stdout);
    assert_eq!(
        lines,
        [
            "Team implementation partially completed for task 412:",
            "- Executed 2 of 3 waves",
            "- Wave 1: Phases 1, 2 completed",
            "- Remaining: Phases 4, 5, 6 blocked by Phase 3",
            "- Debugger attempted fix, see debug report: \
             specs/412_task_name/debug/01_phase-3-debug.md",
            "- Status remains [IMPLEMENTING]",
            "- Run git wp implement 412 to resume after fixing Phase 3",
        ],
        "{}",
        run.stdout
    );
}

#[test]
fn a_team_of_one_is_said_to_be_none() {
    let waves: &[&[&str]] = &[&["1"], &["2"]];
    let scratch = prepared(waves, ("none", 0));
    let args = ["implement", "412", "--agent", "script", "-j", "1"];
    let run = scratch.wp(&args).expect(0);
    let lines = told(&run.stdout);
    assert_eq!(
        lines[1],
        "- Executed 2 waves with a single agent (degraded to single)"
    );
    assert_eq!(lines[2], "- Wave 1: Phase 1 completed");
    let meta = "specs/412_task_name/.return-meta.json";
    let branch = scratch.git(&["for-each-ref", "--format=%(refname)", "refs/wp/integration"]);
    let meta = scratch.git(&["show", &format!("{branch}:{meta}")]);
    assert!(meta.contains("\"degraded_to_single\": true"), "{meta}");
}

#[test]
fn the_size_of_a_team_is_two_to_four() {
    let scratch = prepared(&[&["1", "2"], &["3"]], ("none", 0));
    let dry = [
        "implement",
        "412",
        "--agent",
        "script",
        "--dry-run",
        "--json",
    ];
    let jobs = |more: &[&str]| {
        let run = scratch.wp(&[&dry[..], more].concat()).expect(0);
        let document = run.document();
        let jobs = document["data"]["jobs"].as_u64().unwrap();
        (jobs, document["warnings"].to_string())
    };
    assert_eq!(jobs(&[]).0, 2);
    assert_eq!(jobs(&["--team-size", "3"]).0, 3);
    for (asked, size) in [("9", 4), ("1", 2), ("0", 2)] {
        let (jobs, warned) = jobs(&["--team-size", asked]);
        assert_eq!(jobs, size);
        let said = format!("{size} instead of {asked}");
        assert!(warned.contains(&said), "{warned}");
    }
    scratch.add_plan("add-a", &[Pkg::new("wp-one")]);
    for word in ["--team-size", "--resume-phase"] {
        let args = ["implement", "add-a", "--dry-run", word, "2", "--json"];
        let document = scratch.wp(&args).expect(2).document();
        assert_eq!(document["error"]["code"], "not-a-team-plan", "{word}");
    }
}

#[test]
fn resuming_at_a_phase_leaves_those_before_it_alone_and_says_so() {
    let text = plan(&[&["1"], &["2"], &["3"]])
        .replace(
            "Part 2 [NOT STARTED]\n\n**Goal**: part 2\n\n**Depends on**: 1",
            "Part 2 [NOT STARTED]\n\n**Goal**: part 2\n\n**Depends on**: none",
        )
        .replace("| 2 | 2 | 1 |", "| 2 | 2 | -- |");
    let scratch = scene(
        PLAN,
        &text,
        "mkdir -p src && echo x > src/$WP_PACKAGE.txt\n",
    );
    scratch.wp(&["approve", "412"]).expect(0);
    let args = ["implement", "412", "--agent", "script", "--resume-phase"];
    let run = scratch.wp(&[&args[..], &["2"]].concat()).expect(1);
    assert!(
        run.stderr.contains("open and left alone: 1"),
        "{}",
        run.stderr
    );
    let branch = scratch.git(&["for-each-ref", "--format=%(refname)", "refs/wp/integration"]);
    let after = scratch.git(&["show", &format!("{branch}:{PLAN}")]);
    assert!(
        after.contains("### Phase 1: Part 1 [NOT STARTED]"),
        "{after}"
    );
    assert!(after.contains("### Phase 2: Part 2 [COMPLETED]"), "{after}");
    let wrong = [&args[..], &["7", "--json"]].concat();
    let document = scratch.wp(&wrong).expect(2).document();
    assert_eq!(document["error"]["code"], "package-unknown");
}

#[test]
fn phases_are_called_phases() {
    let scratch = prepared(&[&["1", "2"], &["3"]], ("none", 0));
    let valid = scratch.wp(&["validate", "412"]).expect(0).stdout;
    assert_eq!(valid, format!("{PLAN}: valid, 3 phases\n"));
    let dry = ["implement", "412", "--agent", "script", "--dry-run"];
    let text = scratch.wp(&dry).expect(0).stdout;
    assert!(text.starts_with("3 phases in 2 lanes, "), "{text}");
    let done = plan(&[&["1", "2"], &["3"]]).replace("[NOT STARTED]", "[COMPLETED]");
    scratch.write(PLAN, &done);
    let text = scratch.wp(&dry).expect(0).stdout;
    assert!(text.starts_with("nothing is left to do\ninto "), "{text}");
}
