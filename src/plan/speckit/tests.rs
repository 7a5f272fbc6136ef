//! Task lines in all their shapes, in a text of our own.

use super::*;
use crate::plan::outline::FileMode;

fn outline(text: &str) -> Outline {
    read(&Text::new(text, "tasks.md"))
}

const LIST: &str = "\
# Tasks: Lighthouse

**Input**: specs/001

## Format: `[ID] [P?] [Story] Description`
- **[P]**: Can run in parallel
- [ ] T001 [P] An example
- [P] tasks = different files

## Phase 1: Setup
- [X] T001 Create tower in src/tower.py per plan.md
- [ ] T002 [P] Update `lamp/lens.ts` and README.md with Node.js
  - Polish it
  - [ ] Twice

**Checkpoint**: It stands

## Phase 2: User Story 1 (P1)
**Independent Test**: Light it
### Tests
- [ ] T003 [P] [US1] Write tests/lamp_test.py (depends on T001, T002)
- [ ] T003a [US1] [P] Burn
* [x] T036.1 [AUTH-US2] [Setup] Oil — SKIPPED
- [ ] T005 [US1] [US4] Fog [DEFERRED: no fog]
- [ ] T006 Ring, depends on T001-T003a.
- [ ] T003 Again
- [ ] T003-TEST [US1] Prove
- [ ] FR-001 is no task
- [ ] Tea is made

## 阶段 3：收尾
- [-] T007 Sweep `/home/x/y.md`, a/b and GET/POST
## Polish
- [?] T008: Shine
";

#[test]
fn tasks_have_an_id_behind_their_box_and_nothing_else_has() {
    let out = outline(LIST);
    let read: Vec<_> = out
        .items
        .iter()
        .map(|i| (i.id.as_str(), i.mark.status))
        .collect();
    use ItemStatus::*;
    assert_eq!(
        read,
        [
            ("T001", Done),
            ("T002", Pending),
            ("T003", Pending),
            ("T003a", Pending),
            ("T036.1", Skipped),
            ("T005", Skipped),
            ("T006", Pending),
            ("T003-TEST", Pending),
            ("T007", Running),
            ("T008", Unknown),
        ]
    );
    assert_eq!(out.title.as_deref(), Some("Lighthouse"));
    assert_eq!(out.meta[0].name, "Input");
    let codes: Vec<Code> = out.findings.iter().map(|f| f.code).collect();
    assert_eq!(codes, [Code::RepeatedId, Code::Unreadable]);
    assert_eq!(out.item("T008").unwrap().title, "Shine");
    assert_eq!(
        out.item("T003").unwrap().title,
        "Write tests/lamp_test.py (depends on T001, T002)"
    );
}

#[test]
fn labels_come_in_any_order() {
    let out = outline(LIST);
    let label = |id: &str, name: &str| out.item(id).unwrap().labels.get(name).cloned();
    for (id, parallel, story) in [
        ("T002", Some("P"), None),
        ("T003", Some("P"), Some("US1")),
        ("T003a", Some("P"), Some("US1")),
        ("T036.1", None, Some("AUTH-US2")),
        ("T005", None, Some("US1")),
    ] {
        assert_eq!(label(id, "parallel").as_deref(), parallel, "{id}");
        assert_eq!(label(id, "story").as_deref(), story, "{id}");
    }
    assert_eq!(label("T036.1", "area").as_deref(), Some("Setup"));
    assert_eq!(out.item("T005").unwrap().fields[0].value, "US1, US4");
    let phases: Vec<_> = out.groups.iter().map(|g| g.value.as_str()).collect();
    assert_eq!(phases, ["1", "2", "3", "Polish"]);
    assert_eq!(out.groups[1].title.as_deref(), Some("User Story 1 (P1)"));
    assert_eq!(out.groups[2].title.as_deref(), Some("收尾"));
}

#[test]
fn inline_dependencies_steps_and_checks_are_kept() {
    let out = outline(LIST);
    let waits = |id: &str| {
        let list = out
            .item(id)
            .unwrap()
            .depends_on
            .iter()
            .map(|d| match &d.to {
                Target::Item(id) => id.as_str(),
                _ => "",
            });
        list.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(waits("T003"), "T001 T002");
    assert_eq!(waits("T006"), "T001 T002 T003 T003a");
    assert!(out.item("T006").unwrap().declares_order && !out.items[0].declares_order);
    let second = out.item("T002").unwrap();
    assert_eq!(second.steps.len(), 2);
    assert_eq!(second.checks, ["Checkpoint: It stands"]);
    assert!(LIST[second.range.clone()].ends_with("Twice\n"));
    assert_eq!(
        out.item("T003-TEST").unwrap().checks,
        ["Independent Test: Light it"]
    );
}

#[test]
fn paths_are_found_in_running_text() {
    let out = outline(LIST);
    let files = |id: &str| {
        let entries = out.item(id).unwrap().scope.entries.iter();
        entries
            .map(|e| (e.path.as_str(), e.mode))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        files("T001"),
        [
            ("src/tower.py", FileMode::Create),
            ("plan.md", FileMode::Read)
        ]
    );
    assert_eq!(
        files("T002"),
        [
            ("lamp/lens.ts", FileMode::Modify),
            ("README.md", FileMode::Modify)
        ]
    );
    assert_eq!(files("T007"), [("/home/x/y.md", FileMode::Any)]);
    assert_eq!(out.item("T003a").unwrap().scope.state, ScopeState::Absent);
}

#[test]
fn lists_are_told_from_other_texts() {
    let likeness = |text: &str| recognises(&Text::new(text, ""), "x.md");
    assert_eq!(likeness(LIST), Likeness::Surely);
    assert_eq!(likeness("- [ ] T001 a\n"), Likeness::Maybe);
    assert_eq!(
        likeness("- [ ] 1. a\n- [ ] Tea\n- [ ] T-1 b\n"),
        Likeness::No
    );
}
