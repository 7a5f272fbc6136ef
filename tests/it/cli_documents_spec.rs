//! Lists of spec:parallel_execute, run with scripted agents: the texts that users know, who ticks
//! what, and what a failure leaves.

use std::fs;

use git_wp::model::Format;
use git_wp::plan::profile;
use git_wp::scope::{Fold, Pattern};

use super::cli_documents::scene;
use super::support::Scratch;

const LIST: &str = "# Implementation Plan: Harbour

### Track A: Quay (No Dependencies)

- [x] 1. **Measure the ground**
  - Files to create/modify: `src/1.txt`
  - _Dependencies: None_
- [ ] 2. **Dig the basin**
  - Files to create/modify: `src/2.txt`
  - _Requirements: 1.1_
  - _Dependencies: Task 1_

- [ ] 4. **Set the stones**
  - Files to create/modify: `src/4.txt`
  - _Dependencies: Task 2_
- [ ] 5. **Set the bollards**
  - Files to create/modify: `src/5.txt`
  - _Dependencies: Task 4_

### Track B: Crane (No Dependencies)

- [ ] 7. **Cast the base**
  - Files to create/modify: `src/7.txt`
  - _Dependencies: None_
- [ ] 8. **Raise the arm**
  - Files to create/modify: `src/8.txt`
  - _Dependencies: Task 7_

### Track C: Light (Dependencies: Track A, B)

- [ ] 9. **Build the tower**
  - Files to create/modify: `src/9.txt`

### Track D: Opening (Dependencies: Track C)

- [ ] 11. **Invite the town**
  - Files to create/modify: `src/11.txt`

## Success Metrics

- [ ] 99 ships in a year
";
const PATH: &str = "documentation/features/harbour/tasks.md";

/// Writes the file of its task and ticks its own box, as the seed tells its agents to.
const WRITES: &str = "mkdir -p src && echo \"$WP_PACKAGE\" > \"src/$WP_PACKAGE.txt\"
if test \"$WP_PACKAGE\" = \"$FAILS\"; then exit 3; fi
sed -i \"s/^- \\[ \\] $WP_PACKAGE\\./- [x] $WP_PACKAGE./\" documentation/features/harbour/tasks.md
git add -A && git commit -q -m work\n";

/// The head of a text: everything before the line that begins with `end`.
fn until<'a>(text: &'a str, end: &str) -> &'a str {
    &text[..text
        .find(&format!("\n{end}"))
        .map_or(text.len(), |at| at + 1)]
}

/// The ids whose boxes are ticked on the branch.
fn ticked(scratch: &Scratch, branch: &str) -> String {
    let text = scratch.git(&["show", &format!("{branch}:{PATH}")]);
    let boxes = text.lines().filter_map(|line| line.strip_prefix("- [x] "));
    let ids = boxes.map(|line| line.split(". ").next().unwrap());
    ids.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_dry_run_prints_the_plan_that_users_know() {
    let scratch = scene(PATH, LIST, WRITES);
    let run = scratch.wp(&["implement", "harbour", "--dry-run"]).expect(0);
    assert_eq!(
        until(&run.stdout, "into "),
        "Execution Plan for harbour:

Ready to Execute (Group 1):
- Track A: Tasks 2, 4-5 (3 tasks)
- Track B: Tasks 7-8 (2 tasks)

Waiting on Dependencies:
- Group 2: Task 9 (depends on Group 1)
- Group 3: Task 11 (depends on Group 2)

Total: 7 tasks, 1 complete already
"
    );
    let run = scratch.wp(&["implement", "harbour", "--dry-run", "--json"]);
    let data = run.expect(0).data();
    let plan = &data["execution_plan"];
    assert_eq!(plan["ready"][0]["track"], "Track A");
    assert_eq!(plan["ready"][0]["tasks"].to_string(), r#"["2","4","5"]"#);
    assert_eq!(plan["waiting"][0]["group"], 2);
    assert_eq!(plan["waiting"][0]["depends_on"].to_string(), "[1]");
    let needs = &plan["waiting"][0]["waits_for"];
    assert_eq!(needs.to_string(), r#"["2","4","5","7","8"]"#);
    assert_eq!(plan["tasks"], 7);
    assert!(plan["estimate"].is_null(), "nothing was measured yet");
    assert_eq!(data["jobs"], 6, "as many as the format's users expect");
    let first: Vec<_> = data["forecast"]["bars"].as_array().unwrap().clone();
    let first = first.iter().filter(|bar| bar["start"] == 0);
    let first: Vec<String> = first.map(|bar| bar["package"].to_string()).collect();
    assert_eq!(first.join(" "), r#""2" "7""#, "tracks run side by side");
    let few = ["implement", "harbour", "-n", "--max-agents=3", "--json"];
    assert_eq!(scratch.wp(&few).expect(0).data()["jobs"], 3);
}

#[test]
fn a_track_is_run_alone_and_what_it_lacks_is_said() {
    let scratch = scene(PATH, LIST, WRITES);
    let args = ["implement", "harbour", "-n", "--track"];
    let dry = |track: &str| scratch.wp(&[&args[..], &[track]].concat());
    assert_eq!(
        until(&dry("b").expect(0).stdout, "into "),
        "Execution Plan for harbour:

Ready to Execute (Group 1):
- Track B: Tasks 7-8 (2 tasks)

Not in this run:
- Tasks 2, 4-5, 9, 11 (not selected)

Total: 2 tasks, 1 complete already
"
    );
    let late = dry("C").expect(0).stdout;
    let lacks = "- Task 9 (needs `2`, `4`, `5`, `7`, `8`, not selected)\n";
    assert!(late.contains(lacks), "{late}");
    let none = dry("Z").expect(2).stderr;
    assert!(none.contains("its tracks: A, B, C, D"), "{none}");
    let both = scratch.wp(&["implement", "harbour", "--track", "A", "--only", "2"]);
    both.expect(2);
}

const TORN: &str = "# Harbour - Implementation Tasks

## Parallel Execution Strategy

- **Track A**: Quay (Tasks 1-2)
- **Track B**: Crane (Tasks 3)

## Tasks

### Phase 1: Ground

- [ ] 1. **Dig**
  - Create `src/1.txt`
  - _Requirements: 1_
- [ ] 2. **Wall**
  - Create `src/2.txt`

### Phase 2: Tools

- [ ] 3. **Lift**
  - Create `src/3.txt`

## Task Dependencies

### Parallel Execution Groups

**Group 1 (Independent Tracks)**
- Track A: Task 1 (Ground)
- Track B: Task 3 (Lifting)
";

#[test]
fn papers_of_two_elements_never_meet() {
    let formats = [Format::TeamPlan, Format::SpecTasks, Format::Purple];
    for format in formats {
        let of = |id: &str| -> Vec<Pattern> {
            let paths = profile::of(format).unwrap().artefacts.iter();
            let paths = paths.map(|path| path.replace("{id}", id));
            paths.map(|path| Pattern::parse(&path).unwrap()).collect()
        };
        for (one, other) in [
            ("1", "2"),
            ("1", "11"),
            ("CR-A", "CR-B"),
            ("V-1.1", "V-1.10"),
        ] {
            for (a, b) in of(one)
                .iter()
                .flat_map(|a| of(other).into_iter().map(move |b| (a, b)))
            {
                let both = a.intersection(&b, Fold::None);
                assert!(
                    both.is_none(),
                    "{a:?} and {b:?}: nothing would run side by side"
                );
            }
        }
    }
}

#[test]
fn a_letter_with_two_meanings_is_refused_with_both() {
    let scratch = scene(PATH, TORN, WRITES);
    let args = ["implement", "harbour", "-n", "--track"];
    let dry = |track: &str| scratch.wp(&[&args[..], &[track]].concat());
    let refused = dry("A").expect(2).stderr;
    let both = "track `A` has several meanings: under `Parallel Execution Strategy` it is 1-2; \
        under `Task Dependencies` it is 1\n";
    assert!(refused.contains(both), "{refused}");
    assert!(
        refused.contains("--track 'Task Dependencies:A'"),
        "{refused}"
    );
    let chosen = dry("parallel:A").expect(0).stdout;
    assert!(
        chosen.contains("- Phase 1: Tasks 1-2 (2 tasks)\n"),
        "{chosen}"
    );
    let same = dry("B").expect(0).stdout;
    let agreed = "- Task 3 (needs `2`, not selected)\n";
    assert!(same.contains(agreed), "both maps agree: {same}");
}
#[test]
fn a_list_is_run_and_ticked_off_by_the_tool_alone() {
    let scratch = scene(PATH, LIST, WRITES);
    scratch.wp(&["approve", "harbour"]).expect(0);
    let args = ["implement", "harbour", "--agent", "script"];
    let run = scratch.wp(&args).expect(0);
    let report = "
Completion Report
Progress: 8/8 tasks complete
- Track A: Tasks 1-2, 4-5 complete
- Track B: Tasks 7-8 complete
- Track C: Task 9 complete
- Track D: Task 11 complete

merged: feature/harbour at ";
    assert!(run.stdout.contains(report), "{}", run.stdout);
    let story = "\nProgress: 7/8 tasks complete\nActive: None\nCompleted: Tasks 1-2, 4-5, 7-9\n";
    assert!(run.stderr.contains(story), "{}", run.stderr);
    let branch = "feature/harbour";
    assert_eq!(ticked(&scratch, branch), "1 2 4 5 7 8 9 11");
    let checkout = fs::read_to_string(scratch.path().join(PATH)).unwrap();
    assert_eq!(checkout, LIST, "the checkout is the user's own");
    let authors = scratch.git(&["log", "--format=%s", branch, "--", PATH]);
    let ours = |subject: &str| subject.starts_with("harbour: ") || subject == "plan";
    assert!(authors.lines().all(ours), "{authors}");

    let status = scratch.wp(&["status", "harbour"]).expect(0).stdout;
    let block = "
Progress: 8/8 tasks complete
Active: None
Completed: Tasks 1-2, 4-5, 7-9, 11
Failed: None
Time Elapsed: ";
    assert!(status.contains(block), "{status}");
    let data = scratch
        .wp(&["status", "harbour", "--json"])
        .expect(0)
        .data();
    assert_eq!(data["progress"]["complete"], 8);
    assert_eq!(data["format"], "spec-tasks");

    scratch.git(&["merge", "-q", "--ff-only", branch]);
    scratch.wp(&args).expect(0);
    assert_eq!(ticked(&scratch, branch), "1 2 4 5 7 8 9 11");
    scratch.assert_sound();
}

#[test]
fn a_failure_leaves_its_box_and_skips_what_needs_it() {
    let fails = WRITES.replace("$FAILS", "4");
    let scratch = scene(PATH, LIST, &fails);
    scratch.wp(&["approve", "harbour"]).expect(0);
    let args = [
        "implement",
        "harbour",
        "--agent",
        "script",
        "--continue-on-error",
    ];
    let run = scratch.wp(&args).expect(1);
    let report = "
Completion Report
Progress: 4/8 tasks complete
- Track A: Tasks 1-2 complete; Task 4 failed; Task 5 skipped
- Track B: Tasks 7-8 complete
- Track C: Task 9 skipped
- Track D: Task 11 skipped
Failed:
- Task 4: ended with exit code 3
Skipped:
";
    assert!(run.stdout.contains(report), "{}", run.stdout);
    let because = "- Tasks 5, 9: blocked by `4`\n- Task 11: blocked by `9`\n";
    assert!(run.stdout.contains(because), "{}", run.stdout);
    assert_eq!(ticked(&scratch, "feature/harbour"), "1 2 7 8");
    let dry = scratch.wp(&["implement", "harbour", "-n"]).expect(0).stdout;
    assert!(dry.contains("- Track A: Tasks 4-5 (2 tasks)\n"), "{dry}");
    let total = "Total: 4 tasks, 4 complete already, ~";
    assert!(
        dry.contains(total) && dry.contains("estimated from 3 tasks measured"),
        "{dry}"
    );

    fs::write(scratch.path().with_file_name("agent.sh"), WRITES).unwrap();
    let run = scratch.wp(&args).expect(0);
    assert!(
        !run.stderr.contains("2   started"),
        "done is done: {}",
        run.stderr
    );
    assert_eq!(ticked(&scratch, "feature/harbour"), "1 2 4 5 7 8 9 11");
    scratch.assert_sound();
}

const LOOSE: &str = "# Implementation Plan: Yard

### Track A: One (No Dependencies)
- [ ] 1. **First**
  - Files to create/modify: `src/1.txt`
  - _Dependencies: None_
- [ ] 2. **After it**
  - Files to create/modify: `src/2.txt`
  - _Dependencies: Task 1_
### Track B: Two (No Dependencies)
- [ ] 3. **Beside**
  - Files to create/modify: `src/3.txt`
  - _Dependencies: None_
### Track C: Three (No Dependencies)
- [ ] 4. **Beside**
  - Files to create/modify: `src/4.txt`
  - _Dependencies: None_
- [ ] 5. **Beside**
  - Files to create/modify: `src/5.txt`
  - _Dependencies: None_
- [ ] 6. **Beside**
  - Files to create/modify: `src/6.txt`
  - _Dependencies: None_
";

#[test]
fn a_failure_stops_the_run_unless_it_is_to_go_on() {
    let scratch = scene(PATH, LOOSE, &WRITES.replace("$FAILS", "1"));
    scratch.wp(&["approve", "harbour"]).expect(0);
    let args = [
        "implement",
        "harbour",
        "--agent",
        "script",
        "--max-agents=1",
    ];
    let run = scratch.wp(&args).expect(1);
    let stopped = "not started because `1` failed";
    assert!(run.stdout.contains(stopped), "{}", run.stdout);
    assert!(!ticked(&scratch, "feature/harbour").contains('6'));
    let on = [&args[..], &["--continue-on-error"]].concat();
    scratch.wp(&on).expect(1);
    assert_eq!(ticked(&scratch, "feature/harbour"), "3 4 5 6");
}

const GATES: &str = "# Implementation Plan: Harbour

### Track A: Quay (No Dependencies)
- [ ] 1. **Dig**
  - Files to create/modify: `src/1.txt`
  - _Dependencies: None_
- [ ] CR-A. **Code review: Track A**
  - _Dependencies: Task 1_
- [ ] RW-A. **Rework: Track A**
  - _Dependencies: CR-A (failed)_
  - _Trigger: Only if CR-A status is \"Requires changes\"_

### Track B: Crane (Dependencies: Track A, CR-A)
- [ ] 2. **Lift**
  - Files to create/modify: `src/2.txt`
";
const REVIEWS: &str = "case $WP_PACKAGE in
CR-*) mkdir -p documentation/features/harbour/code_review
  echo read > documentation/features/harbour/code_review/$WP_PACKAGE.md ;;
*) mkdir -p src && echo \"$WP_PACKAGE\" > \"src/$WP_PACKAGE.txt\" ;;
esac\n";

#[test]
fn a_gate_is_opened_by_a_person_and_rework_never_runs_by_itself() {
    let scratch = scene(PATH, GATES, REVIEWS);
    scratch.wp(&["approve", "harbour"]).expect(0);
    let dry = scratch.wp(&["implement", "harbour", "-n"]).expect(0).stdout;
    assert_eq!(
        until(&dry, "into "),
        "Execution Plan for harbour:

Ready to Execute (Group 1):
- Track A: Task 1 (1 task), then gate CR-A

Waiting on Dependencies:
- Group 2: Task 2 (depends on Group 1, gate CR-A)

Total: 2 tasks, 1 review gate
Gates: an agent writes the review, a person opens the gate: \
git wp evidence harbour/GATE verdict --pass
Rework: RW-A, only if a review asks for changes
"
    );
    let args = ["implement", "harbour", "--agent", "script"];
    let run = scratch.wp(&args).expect(1);
    let next = "Skipped:
- Task 2: waits for `CR-A`
Gates:
- CR-A waits for a verdict: git wp evidence harbour/CR-A verdict --pass (or --fail)
Rework: RW-A does not run by itself; after --fail the next run has the review written anew

partial: ";
    assert!(run.stdout.contains(next), "{}", run.stdout);
    assert_eq!(ticked(&scratch, "feature/harbour"), "1");
    let status = scratch.wp(&["status", "harbour"]).expect(0).stdout;
    assert!(
        status.contains("Gates: CR-A waits for a verdict\n"),
        "{status}"
    );

    scratch
        .wp(&["evidence", "harbour/CR-A", "verdict", "--pass"])
        .expect(0);
    let run = scratch.wp(&args).expect(0);
    assert!(run.stdout.contains("- CR-A approved\n"), "{}", run.stdout);
    assert_eq!(ticked(&scratch, "feature/harbour"), "1 CR-A 2");
    scratch.assert_sound();
}

#[test]
fn a_gate_that_asks_for_changes_stays_shut_until_another_review_passes() {
    let scratch = scene(PATH, GATES, REVIEWS);
    scratch.wp(&["approve", "harbour"]).expect(0);
    let args = ["implement", "harbour", "--agent", "script"];
    scratch.wp(&args).expect(1);
    scratch
        .wp(&["evidence", "harbour/CR-A", "verdict", "--fail"])
        .expect(0);
    let run = scratch.wp(&args).expect(1);
    let no = "CR-A  failed: `verdict` was answered with fail";
    assert!(run.stderr.contains(no), "{}", run.stderr);
    assert!(
        run.stderr.contains("CR-A  started"),
        "the review is written anew"
    );
    assert!(!run.stderr.contains("RW-A"), "{}", run.stderr);
    assert!(
        run.stdout.contains("- CR-A waits for a verdict"),
        "{}",
        run.stdout
    );
    assert_eq!(ticked(&scratch, "feature/harbour"), "1");
    scratch
        .wp(&["evidence", "harbour/CR-A", "verdict", "--pass"])
        .expect(0);
    scratch.wp(&args).expect(0);
    assert_eq!(ticked(&scratch, "feature/harbour"), "1 CR-A 2");
}

#[test]
fn a_gate_that_is_ticked_while_its_text_asks_for_changes_is_to_be_passed_still() {
    let list = "# Implementation Plan: Harbour

### Track A: Quay (No Dependencies)

- [x] 1. **Measure the ground**
  - Files to create/modify: `src/1.txt`
- [x] CR-A. **Code review: Track A**
  - **Status:** REQUIRES CHANGES
  - _Dependencies: 1_

### Track B: Crane (Dependencies: CR-A)

- [ ] 2. **Raise the arm**
  - Files to create/modify: `src/2.txt`
  - _Dependencies: CR-A_
";
    let scratch = scene(PATH, list, WRITES);
    let data = scratch
        .wp(&["implement", PATH, "-n", "--json"])
        .expect(0)
        .data();
    let ids = |list: &git_wp::base::json::Value| {
        let all = list.as_array().unwrap().iter();
        all.map(|bar| bar["package"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&data["forecast"]["bars"]), ["CR-A", "2"]);
    let passed = list.replace("REQUIRES CHANGES", "APPROVED");
    let scratch = scene(PATH, &passed, WRITES);
    let data = scratch
        .wp(&["implement", PATH, "-n", "--json"])
        .expect(0)
        .data();
    assert_eq!(ids(&data["forecast"]["bars"]), ["2"]);
}

const REWORKED: &str = "case $WP_PACKAGE in
CR-*) mkdir -p documentation/features/harbour/code_review
  echo read >> documentation/features/harbour/code_review/$WP_PACKAGE.md ;;
RW-A) grep -q 'the quay is bad' \"$WP_PROMPT_FILE\" && echo good > src/1.txt ;;
*) mkdir -p src && echo bad > \"src/$WP_PACKAGE.txt\" ;;
esac\n";
/// Only the gate is reviewed with care.
const GATEKEEPER: &str = r#"found=
if grep -q bad src/1.txt && grep -q harbour/CR-A "$WP_PROMPT_FILE"; then
  found='{"id": 1, "type": "correctness", "criticality": "high", "disposition": "fix",
    "axis": "correctness", "severity": "critical", "description": "the quay is bad",
    "file_path": "src/1.txt"}'
fi
echo '{"schema_version": 2, "review_type": "implementation", "target": "x",
  "findings": ['"$found"']}' > "$WP_RESULT_FILE"
"#;

#[test]
fn reviewers_answer_the_gates_and_ask_for_the_rework_that_the_list_names() {
    let scratch = scene(PATH, GATES, REWORKED);
    scratch.wp(&["approve", "harbour"]).expect(0);
    let path = scratch.beside("keeper.sh");
    fs::write(&path, GATEKEEPER).unwrap();
    let command = format!("sh {}", path.display());
    scratch.git(&["config", "wp.agent.keeper.command", &command]);
    let run = scratch.wp(&[
        "implement",
        "harbour",
        "--agent",
        "script",
        "--reviewer",
        "keeper",
    ]);
    assert_eq!(run.code, 0, "{}\n{}", run.stdout, run.stderr);
    assert_eq!(scratch.git(&["show", "feature/harbour:src/1.txt"]), "good");
    assert_eq!(ticked(&scratch, "feature/harbour"), "1 CR-A RW-A 2");
    scratch.wp(&["gate", "harbour"]).expect(0);
}
