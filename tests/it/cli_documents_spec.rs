//! Lists of spec:parallel_execute, run with scripted agents: the texts that users know, who ticks
//! what, and what a failure leaves.

use git_wp::model::Format;
use git_wp::plan::profile;
use git_wp::scope::{Fold, Pattern};

use super::cli_documents::scene;

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
