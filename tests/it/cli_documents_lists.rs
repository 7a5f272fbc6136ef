//! Whole runs of the lists of OpenSpec, Kiro, spec-kit and spec-kitty with a scripted agent: what a
//! failure in the middle leaves in them, and that a second run ends the work.

use std::fs;

use super::cli_documents::scene;
use super::support::Scratch;

/// One format: where its list stands, what it says, and how its marks read after a failure.
struct Case {
    name: &'static str,
    path: &'static str,
    text: &'static str,
    /// The element that fails first.
    fails: &'static str,
    /// The lines that hold a status, after the failure.
    after: &'static [&'static str],
    /// The same when everything is done.
    done: &'static [&'static str],
}

const OPENSPEC: Case = Case {
    name: "add-gate",
    path: "openspec/changes/add-gate/tasks.md",
    text: "## 1. Ground\n\n- [x] 1.1 Measure\n- [ ] 1.2 Dig\n- [ ] 1.3 Fill\n\n\
           ## 2. House\n\n- [ ] 2.1 Build\n",
    fails: "1.3",
    after: &[
        "[x] 1.1 Measure",
        "[x] 1.2 Dig",
        "[ ] 1.3 Fill",
        "[ ] 2.1 Build",
    ],
    done: &[
        "[x] 1.1 Measure",
        "[x] 1.2 Dig",
        "[x] 1.3 Fill",
        "[x] 2.1 Build",
    ],
};

const KIRO: Case = Case {
    name: "gate",
    path: ".kiro/specs/gate/tasks.md",
    text: "# Implementation Plan\n\n- [ ] 1. Ground\n- [ ] 1.1 Dig\n  - by hand\n  \
           - _Requirements: 1.1_\n- [ ] 1.2 Fill\n  - _Requirements: 1.2_\n- [ ] 2. Build\n  \
           - _Requirements: 2_\n- [ ]* 3. Paint\n",
    fails: "1.2",
    after: &[
        "[ ] 1. Ground",
        "[x] 1.1 Dig",
        "[~] 1.2 Fill",
        "[ ] 2. Build",
        "[ ]* 3. Paint",
    ],
    done: &[
        "[x] 1. Ground",
        "[x] 1.1 Dig",
        "[x] 1.2 Fill",
        "[x] 2. Build",
        "[x]* 3. Paint",
    ],
};

const SPECKIT: Case = Case {
    name: "specs/004-gate",
    path: "specs/004-gate/tasks.md",
    text: "# Tasks: Gate\n\n## Phase 1: Setup\n\n- [ ] T001 Dig in src/T001.txt\n\n\
           ## Phase 2: User Story 1 - Walk in (Priority: P1)\n\n\
           - [ ] T002 [P] [US1] Build src/T002.txt\n- [ ] T003 [P] [US1] Paint src/T003.txt\n\n\
           **Checkpoint**: it stands\n\n## Phase 3: Polish\n\n- [ ] T004 Sweep src/T004.txt\n",
    fails: "T003",
    after: &[
        "[X] T001 Dig in src/T001.txt",
        "[X] T002 [P] [US1] Build src/T002.txt",
        "[ ] T003 [P] [US1] Paint src/T003.txt",
        "[ ] T004 Sweep src/T004.txt",
    ],
    done: &[
        "[X] T001 Dig in src/T001.txt",
        "[X] T002 [P] [US1] Build src/T002.txt",
        "[X] T003 [P] [US1] Paint src/T003.txt",
        "[X] T004 Sweep src/T004.txt",
    ],
};

/// Writes the file of its task; fails where it is told to.
const WRITES: &str = "mkdir -p src && echo \"$WP_PACKAGE\" > \"src/$WP_PACKAGE.txt\"
if test \"$WP_PACKAGE\" = \"$FAILS\"; then exit 3; fi\n";

/// The boxes of the list on the branch.
fn boxes(scratch: &Scratch, branch: &str, path: &str) -> Vec<String> {
    let text = scratch.git(&["show", &format!("{branch}:{path}")]);
    let lines = text.lines().map(str::trim_start);
    let lines = lines.filter_map(|line| line.strip_prefix("- "));
    lines
        .filter(|line| line.starts_with('['))
        .map(str::to_owned)
        .collect()
}

fn walk(case: &Case) {
    let fails = WRITES.replace("$FAILS", case.fails);
    let scratch = scene(case.path, case.text, &fails);
    scratch.wp(&["approve", case.name]).expect(0);
    let args = ["implement", case.name, "--agent", "script", "--json"];
    let data = scratch.wp(&args).expect(1).data();
    let branch = data["branch"].as_str().unwrap();
    assert_eq!(boxes(&scratch, branch, case.path), case.after);
    let status = scratch.wp(&["status", "--json"]).expect(0).data();
    assert!(status.to_string().contains(case.fails), "{status}");

    let agent = scratch.path().with_file_name("agent.sh");
    fs::write(agent, WRITES).unwrap();
    let data = scratch.wp(&args).expect(0).data();
    assert_eq!(data["result"], "merged");
    assert_eq!(boxes(&scratch, branch, case.path), case.done);
    let list = scratch.git(&["show", &format!("{branch}:{}", case.path)]);
    assert_eq!(list.lines().count(), case.text.lines().count());
    // The checkout is the user's own.
    let own = fs::read_to_string(scratch.path().join(case.path)).unwrap();
    assert_eq!(own, case.text);
    scratch.wp(&args).expect(0);
    scratch.assert_sound();
}

#[test]
fn a_change_of_openspec_is_ticked_off_as_far_as_it_got() {
    walk(&OPENSPEC);
}

#[test]
fn a_list_of_kiro_is_ticked_off_as_far_as_it_got() {
    walk(&KIRO);
}

#[test]
fn tasks_of_spec_kit_are_ticked_off_as_far_as_they_got() {
    walk(&SPECKIT);
}

/// A work package of spec-kitty is a file of its own, with its lane in the front matter.
#[test]
fn work_packages_of_spec_kitty_move_from_lane_to_lane() {
    let package = |id: &str, after: &str| {
        format!(
            "---\nwork_package_id: {id}\ntitle: Part {id}\nlane: planned\n\
             dependencies: [{after}]\n---\n\n# {id}\n\nWrite src/{id}.txt.\n"
        )
    };
    let path = |id: &str| format!("kitty-specs/004-gate/tasks/{id}-part.md");
    let fails = WRITES.replace("$FAILS", "WP02");
    let scratch = scene(&path("WP01"), &package("WP01", ""), &fails);
    scratch.write(&path("WP02"), &package("WP02", "WP01"));
    scratch.commit("second");
    for (id, code, lane) in [
        ("WP01", 0, "done"),
        ("WP02", 1, "doing"),
        ("WP02", 0, "done"),
    ] {
        scratch.wp(&["approve", &path(id)]).expect(0);
        let args = ["implement", &path(id), "--agent", "script", "--json"];
        let data = scratch.wp(&args).expect(code).data();
        let branch = data["branch"].as_str().unwrap();
        let text = scratch.git(&["show", &format!("{branch}:{}", path(id))]);
        assert!(text.contains(&format!("lane: {lane}\n")), "{id}: {text}");
        fs::write(
            scratch.path().with_file_name("agent.sh"),
            if code == 1 { WRITES } else { &fails },
        )
        .unwrap();
    }
    scratch.assert_sound();
}
