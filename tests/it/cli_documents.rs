//! Whole runs of plans that are documents, with scripted agents: what is merged, what the files say
//! afterwards, and how a second run goes on.

use std::fs;

use super::support::Scratch;

const TEAM: &str = "# Implementation Plan: Task #7: cache

- **Task**: 7 - Add a cache
- **Status**: [NOT STARTED]

## Overview

Words.

## Implementation Phases

**Dependency Analysis**:
| Wave | Phases | Blocked by |
|------|--------|------------|
| 1 | 1 | -- |
| 2 | 2, 3 | 1 |
| 3 | 4 | 2, 3 |

### Phase 1: Store [NOT STARTED]

**Goal**: a store

**Depends on**: none

**Files to modify**:
- `src/1.txt` - the store

### Phase 2: Reader [NOT STARTED]

**Goal**: a reader

**Depends on**: 1

**Files to modify**:
- `src/2.txt` - the reader

### Phase 3: Writer [NOT STARTED]

**Goal**: a writer

**Depends on**: 1

**Files to modify**:
- `src/3.txt` - the writer

### Phase 4: Whole [NOT STARTED]

**Goal**: all of it

**Depends on**: 2, 3

**Files to modify**:
- `src/4.txt` - the whole

## Testing & Validation

- none
";
const PLAN: &str = "specs/007_add_cache/plans/01_add-cache.md";

/// A repository with a file of this content, and an agent that does what `script` says.
pub(super) fn scene(path: &str, text: &str, script: &str) -> Scratch {
    let scratch = Scratch::new();
    scratch.write(path, text);
    scratch.git(&["add", "-A"]);
    scratch.git(&["commit", "-q", "-m", "plan"]);
    let agent = scratch.path().with_file_name("agent.sh");
    fs::write(&agent, script).unwrap();
    let command = format!("sh {}", agent.display());
    scratch.git(&["config", "wp.agent.script.command", &command]);
    scratch
}

/// Writes the file of its package and ticks its own phase, as the seed's agents are told to.
const WRITES: &str = "mkdir -p src && echo \"$WP_PACKAGE\" > \"src/$WP_PACKAGE.txt\"
if test \"$WP_PACKAGE\" = \"$FAILS\"; then exit 3; fi
plan=specs/007_add_cache/plans/01_add-cache.md
sed -i \"/^### Phase $WP_PACKAGE:/s/NOT STARTED/COMPLETED/\" $plan
git add -A && git commit -q -m work\n";

fn statuses(scratch: &Scratch, branch: &str) -> Vec<String> {
    let text = scratch.git(&["show", &format!("{branch}:{PLAN}")]);
    let headings = text.lines().filter(|line| line.starts_with("### Phase"));
    let bracket = |line: &str| {
        line.rsplit_once('[')
            .unwrap()
            .1
            .trim_end_matches(']')
            .to_owned()
    };
    headings.map(bracket).collect()
}

#[test]
fn a_team_plan_is_run_and_ticked_off_by_the_tool_alone() {
    let scratch = scene(PLAN, TEAM, WRITES);
    scratch.wp(&["approve", "7"]).expect(0);
    let run = scratch.wp(&["implement", "7", "--agent", "script", "--json"]);
    let data = run.expect(0).data().clone();
    assert_eq!(data["feature"], "007_add_cache");
    assert_eq!(data["result"], "merged");
    let branch = data["branch"].as_str().unwrap();
    assert_eq!(statuses(&scratch, branch), ["COMPLETED"; 4]);
    for package in ["1", "2", "3", "4"] {
        let file = format!("{branch}:src/{package}.txt");
        assert_eq!(scratch.git(&["show", &file]).trim(), package);
    }
    // The checkout is the user's own.
    assert_eq!(fs::read_to_string(scratch.path().join(PLAN)).unwrap(), TEAM);
    let again = scratch.wp(&["implement", "7", "--agent", "script", "--json"]);
    assert_eq!(again.expect(0).data()["result"], "merged");

    // What is ticked off needs no new approval, and is not done again.
    scratch.git(&["merge", "-q", "--ff-only", branch]);
    let merged = scratch.wp(&["implement", "7", "--agent", "script", "--json"]);
    assert_eq!(merged.expect(0).data()["result"], "merged");
    scratch.assert_sound();
}

fn subjects(scratch: &Scratch, branch: &str) -> Vec<String> {
    let log = scratch.git(&["log", "--first-parent", "--format=%s", branch]);
    let ours = log.lines().filter(|line| line.starts_with("task "));
    let mut subjects: Vec<String> = ours.map(str::to_owned).collect();
    subjects.reverse();
    subjects
}

const STATE: &str = r#"{
  "active_projects": [
    {
      "project_number": 7,
      "project_name": "add_cache",
      "status": "planned",
      "last_updated": "2026-01-01T00:00:00Z",
      "next_artifact_number": 3,
      "artifacts": []
    }
  ]
}
"#;
const LIST: &str = "# Tasks\n\n## Tasks\n\n### 7. Add a cache\n- **Status**: [PLANNED]\n\
    - **Plan**: [007_add_cache/plans/01_add-cache.md]\n\n**Description**: a cache\n";

#[test]
fn a_team_plan_leaves_the_papers_its_users_know() {
    let scratch = scene(PLAN, TEAM, WRITES);
    scratch.write("specs/state.json", STATE);
    scratch.write("specs/TODO.md", LIST);
    scratch.git(&["add", "-A"]);
    scratch.git(&["commit", "-q", "-m", "state"]);
    scratch.wp(&["approve", "7"]).expect(0);
    let args = ["implement", "7", "--agent", "script", "-j", "2", "--json"];
    let data = scratch.wp(&args).expect(0).data().clone();
    let branch = data["branch"].as_str().unwrap().to_owned();
    assert_eq!(
        subjects(&scratch, &branch),
        [
            "task 7: complete wave 1 (phases 1)",
            "task 7: complete wave 2 (phases 2, 3)",
            "task 7: complete wave 3 (phases 4)",
            "task 7: complete team implementation",
        ]
    );
    let show = |path: &str| scratch.git(&["show", &format!("{branch}:{path}")]);
    let body = scratch.git(&["log", "-1", "--format=%b", &branch]);
    assert!(body.starts_with("Session: sess_"), "{body}");
    let folder = "specs/007_add_cache";
    let results = show(&format!("{folder}/phases/02_phase-3-results.md"));
    assert!(
        results.starts_with("# Phase 3 Results: Writer\n"),
        "{results}"
    );
    assert!(results.contains("- `src/3.txt`"), "{results}");
    let summary = show(&format!("{folder}/summaries/02_implementation-summary.md"));
    for line in [
        "# Implementation Summary: Task #7",
        "**Mode**: Team Implementation (2 max concurrent teammates)",
        "### Wave 1 (trunk)",
        "### Wave 2 (parallel)",
        "- Phase 4: Whole [COMPLETED] (script)",
        "| Total phases | 4 |",
        "| Waves executed | 3 |",
        "| Debugger invocations | 0 |",
        "| Total teammates spawned | 4 |",
    ] {
        assert!(
            summary.lines().any(|found| found == line),
            "{line}\n{summary}"
        );
    }
    let meta: git_wp::base::json::Value =
        git_wp::base::json::parse(show(&format!("{folder}/.return-meta.json")).as_bytes()).unwrap();
    assert_eq!(meta["status"], "implemented");
    assert_eq!(meta["metadata"]["phases_completed"], 4);
    assert_eq!(meta["team_execution"]["teammates_spawned"], 4);
    let state = show("specs/state.json");
    assert!(state.contains("\"status\": \"completed\""), "{state}");
    assert!(state.contains("02_implementation-summary.md"), "{state}");
    let list = show("specs/TODO.md");
    assert!(list.contains("- **Status**: [COMPLETED]"), "{list}");
    assert!(show(PLAN).contains("- **Status**: [COMPLETED]"));
}

#[test]
fn a_phase_that_fails_blocks_what_needs_it_and_a_second_run_goes_on() {
    let fails = WRITES.replace("$FAILS", "2");
    let scratch = scene(PLAN, TEAM, &fails);
    scratch.wp(&["approve", "7"]).expect(0);
    let args = ["implement", "7", "--agent", "script", "--json"];
    let data = scratch.wp(&args).expect(1).data().clone();
    let branch = data["branch"].as_str().unwrap().to_owned();
    assert_eq!(
        statuses(&scratch, &branch),
        ["COMPLETED", "BLOCKED", "COMPLETED", "NOT STARTED"]
    );
    assert_eq!(
        subjects(&scratch, &branch),
        [
            "task 7: complete wave 1 (phases 1)",
            "task 7: wave 2 phases 3 (of 2, 3)",
            "task 7: partial team implementation",
        ]
    );
    let show = |path: &str| scratch.git(&["show", &format!("{branch}:{path}")]);
    let debug = show("specs/007_add_cache/debug/01_phase-2-debug.md");
    assert!(debug.contains("## Attempt 2"), "{debug}");
    assert!(debug.contains("- Exit code: 3"), "{debug}");
    assert!(show("specs/007_add_cache/.return-meta.json").contains("\"partial\""));
    assert!(show(PLAN).contains("- **Status**: [IMPLEMENTING]"));

    let agent = scratch.path().with_file_name("agent.sh");
    fs::write(agent, WRITES).unwrap();
    let data = scratch.wp(&args).expect(0).data().clone();
    assert_eq!(data["result"], "merged");
    assert_eq!(statuses(&scratch, &branch), ["COMPLETED"; 4]);
    let last = subjects(&scratch, &branch);
    assert_eq!(last.last().unwrap(), "task 7: complete team implementation");
    scratch.assert_sound();
}

#[test]
fn an_agent_that_edits_the_plan_itself_is_refused() {
    let edits = "mkdir -p src; echo x > \"src/$WP_PACKAGE.txt\"\n\
        sed -i 's/^### Phase 4: Whole/### Phase 4: Nothing/' \
        specs/007_add_cache/plans/01_add-cache.md\n";
    let scratch = scene(PLAN, TEAM, edits);
    scratch.wp(&["approve", "7"]).expect(0);
    let args = ["implement", "7", "--agent", "script", "--json"];
    let run = scratch.wp(&args).expect(1);
    let why = run.data().to_string();
    assert!(
        why.contains("changes the plan beyond its own status"),
        "{why}"
    );
}

#[test]
fn a_change_whose_list_holds_no_task_is_one_package() {
    let path = "openspec/changes/add-x/tasks.md";
    let scratch = scene(path, "## 1. Later\n\nTo be written.\n", "echo x > x\n");
    let data = scratch.wp(&["graph", "add-x", "--json"]).expect(0).data();
    assert_eq!(data["packages"][0]["id"], "wp-main");
    scratch.wp(&["validate", "add-x"]).expect(1);
    scratch.write(path, "## 1. Now\n\n- [x] 1.1 Write a\n- [ ] 1.2 Write b\n");
    let data = scratch.wp(&["graph", "add-x", "--json"]).expect(0).data();
    let row = &data["packages"][0];
    assert_eq!(row["id"], "1.1");
    assert_eq!(row["status"], "done");
    assert_eq!(row["source_status"], "x");
    scratch.commit("list");
    scratch.wp(&["approve", "add-x"]).expect(0);
    let args = ["implement", "add-x", "--agent", "script", "--json"];
    let data = scratch.wp(&args).expect(0).data();
    assert_eq!(data["packages"].as_array().unwrap().len(), 1);
    assert_eq!(data["settled"][0], "1.1");
    let branch = data["branch"].as_str().unwrap();
    let list = scratch.git(&["show", &format!("{branch}:{path}")]);
    assert!(
        list.ends_with("- [x] 1.1 Write a\n- [x] 1.2 Write b"),
        "{list}"
    );
    let dry = scratch.wp(&["implement", "add-x", "--agent", "script", "-n"]);
    assert!(!dry.expect(0).stdout.contains("not approved"));
}
