//! Lists of packages and package files, each in a text of our own.

use super::*;
use crate::model::{Code, EdgeOrigin};
use crate::plan::outline::{ScopeState, Target};

fn outline(text: &str) -> Outline {
    read(&Text::new(text, "tasks.md"))
}

fn waits(out: &Outline, id: &str, origin: EdgeOrigin) -> String {
    let list = out
        .item(id)
        .unwrap()
        .depends_on
        .iter()
        .filter(|d| d.origin == origin);
    let ids = list.map(|d| match &d.to {
        Target::Item(id) => id.as_str(),
        _ => "",
    });
    ids.collect::<Vec<_>>().join(" ")
}

const LIST: &str = "\
# Work Packages: Bridge
**Mission**: `bridge` | **Spec**: [spec.md](./spec.md)

| WP | Title | Dependencies |
|----|-------|--------------|
| WP01 | Piers | — |
| WP02 | Deck | — (beside WP01) |
| WP03 | Rails | WP02 |
| WP04 | Paint | WP01–WP03 |
| WP09 | Ghost | WP01 |

| ID | Description | WP | Parallel |
|----|-------------|----|----------|
| T008 | Mix | WP04 | |
| T009 | Brush | WP04 | [P] |

## Work Package WP01: Piers (Priority: P1)
**Goal**: Stand. **Prompt**: `/tasks/WP01-piers.md`
### Included Subtasks
- [x] T001 Dig (WP01)
- [x] T002 Fill (WP01)
### Dependencies
None.
## WP02 — Deck
**Priority:** P0 (blocks). **Dependencies:** none.
**Agent profile**: carpenter
- [x] T003 Saw
- [ ] T004 Nail
## Work Package WP03: Rails
### Dependencies
- WP01 (needs piers), WP02
### Risks
- T005 may slip after WP04
- [ ] T005 Forge
### WP04 — Paint
**Independent test**: It shines
Included subtasks: T008, T009
---
## Work Package WP01: Again
";

#[test]
fn packages_are_headings_and_their_boxes_are_subtasks() {
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
            ("WP01", Done),
            ("WP02", Partial),
            ("WP03", Pending),
            ("WP04", Unknown)
        ]
    );
    assert_eq!(out.title.as_deref(), Some("Bridge"));
    assert_eq!(out.meta.len(), 2);
    let first = &out.items[0];
    assert_eq!(
        (first.title.as_str(), first.labels["priority"].as_str()),
        ("Piers", "P1")
    );
    assert_eq!(first.steps[1].id.as_deref(), Some("T002"));
    let names: Vec<&str> = first.fields.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["Goal", "Prompt"]);
    let labels = &out.item("WP02").unwrap().labels;
    assert_eq!(
        (labels["priority"].as_str(), labels["agent"].as_str()),
        ("P0", "carpenter")
    );
    let last = out.item("WP04").unwrap();
    assert_eq!(last.checks, ["It shines"]);
    let steps: Vec<_> = last
        .steps
        .iter()
        .map(|s| (s.id.as_deref(), s.text.as_str()))
        .collect();
    assert_eq!(steps, [(Some("T008"), "Mix"), (Some("T009"), "Brush")]);
}

#[test]
fn fields_sections_and_tables_say_what_comes_first() {
    let out = outline(LIST);
    assert_eq!(waits(&out, "WP01", EdgeOrigin::Field), "");
    assert!(out.item("WP01").unwrap().declares_order);
    assert!(out.item("WP02").unwrap().declares_order);
    assert_eq!(waits(&out, "WP03", EdgeOrigin::Field), "WP01 WP02");
    assert_eq!(waits(&out, "WP04", EdgeOrigin::Table), "WP01 WP02 WP03");
    assert!(!out.item("WP04").unwrap().declares_order);
    let told: Vec<_> = out.findings.iter().map(|f| (f.code, f.line)).collect();
    assert_eq!(
        told,
        [
            (Code::RepeatedId, 39),
            (Code::Contradiction, 8),
            (Code::Contradiction, 10)
        ]
    );
}

const PACKAGE: &str = "\
---
work_package_id: WP04
title: Paint: no
lane: \"doing\"
---
";

const GOOD: &str = "\
---
work_package_id: WP04
title: \"Paint: it\"
lane: \"doing\"
dependencies:
- WP01
- WP03
owned_files:
- paint/**
create_intent: [paint/red.rs]
subtasks: [T008, T009]
phase: Phase 2
history:
- at: 'x'
  lane: planned
---
# Work Package Prompt: WP04
### T008 — Mix
## Acceptance Criteria
1. Red
";

#[test]
fn the_file_of_a_package_says_everything_in_its_front_matter() {
    let out = outline(GOOD);
    assert_eq!(out.findings, []);
    let item = &out.items[0];
    assert_eq!(
        (item.id.as_str(), item.title.as_str()),
        ("WP04", "Paint: it")
    );
    assert_eq!(waits(&out, "WP04", EdgeOrigin::Field), "WP01 WP03");
    assert_eq!(item.depends_on[1].line, 7);
    let files: Vec<&str> = item.scope.entries.iter().map(|e| e.path.as_str()).collect();
    assert_eq!(files, ["paint/**", "paint/red.rs"]);
    assert_eq!(
        (item.mark.status, item.mark.style),
        (ItemStatus::Running, MarkStyle::Words)
    );
    assert_eq!(&GOOD[item.mark.range.clone().unwrap()], "doing");
    assert_eq!(item.steps[0].text, "Mix");
    assert_eq!(item.checks, ["Red"]);
    assert_eq!(item.labels["phase"], "Phase 2");
    assert_eq!(item.range, 0..GOOD.len());
}

#[test]
fn the_history_tells_the_lane_where_no_field_does() {
    let text = GOOD.replace("lane: \"doing\"\n", "");
    let item = &outline(&text).items[0];
    assert_eq!(
        (item.mark.status, item.mark.style),
        (ItemStatus::Pending, MarkStyle::Nowhere)
    );
    let text = GOOD.replace(
        "owned_files:\n- paint/**\ncreate_intent: [paint/red.rs]",
        "owned_files: []",
    );
    assert_eq!(outline(&text).items[0].scope.state, ScopeState::Nothing);
    let crlf = format!("\u{feff}{}", GOOD.replace('\n', "\r\n"));
    let out = outline(&crlf);
    assert_eq!(&crlf[out.items[0].mark.range.clone().unwrap()], "doing");
}

#[test]
fn front_matter_that_hides_something_is_refused_with_its_place() {
    let out = outline(PACKAGE);
    assert_eq!((out.items.len(), out.findings.len()), (0, 1));
    assert_eq!(
        (out.findings[0].code, out.findings[0].line),
        (Code::Schema, 3)
    );
    let out = outline("---\nwork_package_id: &a WP01\nx: *a\n---\n");
    assert_eq!(
        (out.findings[0].code, out.findings[0].line),
        (Code::HostileInput, 2)
    );
}

#[test]
fn packages_are_told_from_other_texts() {
    let likeness = |text: &str, path: &str| recognises(&Text::new(text, ""), path);
    assert_eq!(likeness(LIST, "x.md"), Likeness::Surely);
    assert_eq!(likeness(GOOD, "x.md"), Likeness::Surely);
    assert_eq!(likeness("### WP01 — a\n", "x.md"), Likeness::Maybe);
    assert_eq!(
        likeness("### WP01 — a\n", "kitty-specs/a/tasks.md"),
        Likeness::Surely
    );
    assert_eq!(
        likeness("WP01 and T001\n- [ ] T001 a\n", "x.md"),
        Likeness::No
    );
}
