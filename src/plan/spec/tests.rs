//! Lists with tracks and gates, and older lists, each in a text of our own.

use super::*;
use crate::model::EdgeOrigin;
use crate::plan::detect::Likeness;
use crate::plan::outline::{Dependency, Ruling, Strength, Target, When};

fn outline(text: &str) -> Outline {
    read(&Text::new(text, "tasks.md"))
}

fn shown(list: &[Dependency]) -> String {
    let show = |d: &Dependency| match &d.to {
        Target::Item(id) if d.when == When::ChangesRequested => format!("{id}!"),
        Target::Item(id) => id.clone(),
        Target::Label { name, value } => format!("{name}:{value}"),
        Target::AllPrior(_) => "all".to_owned(),
    };
    list.iter().map(show).collect::<Vec<_>>().join(" ")
}

fn waits(outline: &Outline, id: &str, origin: EdgeOrigin) -> String {
    let item = outline.item(id).unwrap();
    let own = item.depends_on.iter().filter(|d| d.origin == origin);
    shown(&own.cloned().collect::<Vec<_>>())
}

const TRACKS: &str = "\
# Implementation Plan: Harbour

### Track A: Quay (No Dependencies) ✓
> Primary Agent: mason

- [x] 1. **Dig the basin** ✓
  - Create `quay/basin.rs` with the walls
  - Files to create/modify: `quay/wall.rs`, `quay/gate.rs`
  - _Requirements: 1.1, 2.3_
  - _Dependencies: None_
  - _Agent: mason_
- [ ] 2. **Set the stones**
  - [ ] Order stones
  - _Dependencies: Task 1_

- [x] CR-A. **Code review: Track A** (Re-reviewed after RW-A)
  - **Status: APPROVED** ✅
  - _Dependencies: Tasks 1-2_
- [x] PR-A. **Product review: Track A**
  - **STATUS: REQUIRES REVISION - walls too low**
  - _Dependencies: CR-A_
- [ ] RW-A. **Rework: Track A**
  - _Dependencies: CR-A and/or PR-A (failed)_
  - _Trigger: Only if CR-A or PR-A status is \"Requires changes\"_

### Track B: Crane (Dependencies: Track A, CR-A, PR-A)
- [ ] 3. **Raise it**
  - _Dependencies: Track A completion (Tasks 1-2), CR9_
- [ ] RW-B. **Rework: Track B**
  - _Trigger: Only if CR-A status is \"Requires changes\"_

### Final Review Track (Dependencies: All tracks complete)
- [ ] CR-FINAL. **All of it**
  - _Dependencies: All track approvals (PR-A through PR-F)_

## Parallel Execution Strategy
1. **Group 1 (Immediate Start)**:
   - Track A (Tasks 1-2) - Foundation
2. **Group 2 (After Group 1 + CR-A/PR-A)**:
   - Track B (Tasks 2-3) - Crane

## Success Metrics
- [ ] 1.5 tons lifted
- [ ] 99 ships
";

#[test]
fn tracks_gates_and_rework_are_read_with_their_conditions() {
    let out = outline(TRACKS);
    let ids: Vec<&str> = out.items.iter().map(|i| i.id.as_str()).collect();
    assert_eq!(
        ids,
        ["1", "2", "CR-A", "PR-A", "RW-A", "3", "RW-B", "CR-FINAL"]
    );
    assert_eq!(out.title.as_deref(), Some("Harbour"));
    let kinds: Vec<ItemKind> = out.items.iter().map(|i| i.kind).collect();
    use ItemKind::*;
    assert_eq!(
        kinds,
        [Work, Work, Review, Review, Rework, Work, Rework, Review]
    );
    for (id, expected) in [
        ("1", ""),
        ("2", "1"),
        ("CR-A", "1 2"),
        ("PR-A", "CR-A"),
        ("RW-A", "CR-A! PR-A!"),
        ("3", "1 2 CR9"),
        ("RW-B", ""),
        ("CR-FINAL", "PR-A"),
    ] {
        assert_eq!(waits(&out, id, EdgeOrigin::Field), expected, "{id}");
    }
    assert_eq!(waits(&out, "RW-B", EdgeOrigin::Header), "CR-A!");
    assert_eq!(waits(&out, "RW-A", EdgeOrigin::Header), "");
    assert!(out.item("1").unwrap().declares_order && !out.item("RW-B").unwrap().declares_order);
}

#[test]
fn headers_groups_and_labels_stay_what_they_are() {
    let out = outline(TRACKS);
    let group = |label: &str, value: &str| {
        let same = |g: &&Group| g.label == label && g.value == value;
        out.groups.iter().find(same).unwrap()
    };
    assert_eq!(shown(&group("track", "B").depends_on), "track:A CR-A PR-A");
    assert_eq!(
        shown(&group("track", "Final Review Track").depends_on),
        "all"
    );
    let first = group("track", "A");
    assert!(first.declares_order && first.depends_on.is_empty());
    assert_eq!(first.title.as_deref(), Some("Quay"));
    let second = group("group", "2");
    assert_eq!(shown(&second.depends_on), "group:1 CR-A PR-A");
    assert!(
        second
            .depends_on
            .iter()
            .all(|d| d.strength == Strength::Soft)
    );
    assert_eq!(group("group", "1").members, ["1", "2"]);
    let labels = &out.item("1").unwrap().labels;
    assert_eq!(
        (labels["track"].as_str(), labels["agent"].as_str()),
        ("A", "mason")
    );
    // The heading above task 2 says A, the group's list says B.
    let told: Vec<_> = out.findings.iter().map(|f| (f.code, f.line)).collect();
    assert_eq!(told, [(Code::Contradiction, 40), (Code::GateVerdict, 19)]);
}

#[test]
fn the_verdict_stands_beside_the_tick() {
    let out = outline(TRACKS);
    let ruling = |id: &str| out.item(id).unwrap().verdict.as_ref().map(|v| v.ruling);
    assert_eq!(ruling("CR-A"), Some(Ruling::Approved));
    assert_eq!(ruling("PR-A"), Some(Ruling::ChangesRequested));
    assert_eq!(ruling("CR-FINAL"), None);
    assert_eq!(ruling("RW-A"), None);
    let message = &out
        .findings
        .iter()
        .find(|f| f.code == Code::GateVerdict)
        .unwrap()
        .message;
    assert!(
        message.contains("REQUIRES REVISION - walls too low"),
        "{message}"
    );
}

#[test]
fn files_steps_and_fields_belong_to_their_task() {
    let out = outline(TRACKS);
    let first = out.item("1").unwrap();
    let files: Vec<&str> = first
        .scope
        .entries
        .iter()
        .map(|e| e.path.as_str())
        .collect();
    assert_eq!(files, ["quay/basin.rs", "quay/wall.rs", "quay/gate.rs"]);
    assert_eq!(first.title, "Dig the basin");
    assert_eq!(first.fields[0].value, "1.1, 2.3");
    let second = out.item("2").unwrap();
    assert_eq!(second.steps.len(), 1);
    assert_eq!(second.steps[0].text, "Order stones");
    assert_eq!(&TRACKS[second.mark.range.clone().unwrap()], " ");
    assert!(TRACKS[second.range.clone()].starts_with("- [ ] 2."));
    assert!(TRACKS[second.range.clone()].ends_with("Task 1_\n"));
}

const CLOSING: &str = "\
# Plan
## Strategy of Tracks
- **Track A**: Roof & Walls (Tasks 2, 3-4)
- **Track B**: Floor (Task 5)
## Tasks
### Phase 1: Start
- [x] 1. **One**
- [ ] 2. **Two**
- [ ] 3. **Three**
- [ ] 4. **Four**
- [ ] 5. **Five**
- [ ] 6. **Six**
---
## Task Dependencies & Parallel Execution
### Prerequisites (Must Complete First)
- Task 1: all of it (blocks all)
- Task 2: types (blocks 3-4)
### Parallel Execution Groups
**Group 1 (Independent Tracks)**
- Track A: Tasks 3-4 (Walls)
**Group 2 (Depends on Group 1)**
- Track B: Task 5 (Floor) - needs 3-4
- Task 6 (Paint) - can start anytime after Group 1
### Critical Path
1 → 2 → 3
";

#[test]
fn a_closing_section_orders_tasks_and_two_maps_are_told() {
    let out = outline(CLOSING);
    for (id, expected) in [
        ("1", ""),
        ("2", "1"),
        ("3", "1 2"),
        ("5", "1 3 4"),
        ("6", "1 group:1"),
    ] {
        assert_eq!(waits(&out, id, EdgeOrigin::Table), expected, "{id}");
    }
    let maps = |value: &str| {
        let tracks = out
            .groups
            .iter()
            .filter(|g| g.label == "track" && g.value == value);
        let shown = tracks.map(|g| (g.map.as_deref().unwrap_or(""), g.members.join(" ")));
        shown.collect::<Vec<_>>()
    };
    assert_eq!(
        maps("A"),
        [
            ("Strategy of Tracks", "2 3 4".to_owned()),
            ("Task Dependencies & Parallel Execution", "3 4".to_owned()),
        ]
    );
    assert_eq!(out.findings.len(), 1, "{:?}", out.findings);
    assert_eq!(
        (out.findings[0].code, out.findings[0].line),
        (Code::Contradiction, 3)
    );
    let five = out.item("5").unwrap();
    assert!(!five.labels.contains_key("track"));
    assert_eq!(
        (five.labels["phase"].as_str(), five.labels["group"].as_str()),
        ("1", "2")
    );
}

#[test]
fn maps_that_agree_give_every_task_its_track() {
    let text = CLOSING.replace("(Tasks 2, 3-4)", "(Tasks 3-4)");
    let out = outline(&text);
    assert_eq!(out.findings, []);
    assert_eq!(out.item("3").unwrap().labels["track"], "A");
    assert_eq!(out.item("5").unwrap().labels["track"], "B");
    assert!(out.groups.iter().all(|g| g.map.is_none()));
}

#[test]
fn headings_can_be_tasks_and_their_boxes_are_steps() {
    let text = "\
# Sea - Tasks
### Required Reading
- [ ] 1.1 Read this
## Implementation Phases
### Phase 1: Depth
#### Task 1.1: Sound it
- [x] Lower the lead
- [ ] Read the mark
- _Requirements: 1.1_

#### Task 1.2: Chart it
- [x] Draw
## Task Dependencies
```mermaid
graph TD
    A[Phase 1: Depth] --> B[Phase 2: Width]
```
### Phase 2: Width
#### Task 2.1: Sail
text
";
    let out = outline(text);
    let read: Vec<_> = out
        .items
        .iter()
        .map(|i| (i.id.as_str(), i.mark.status))
        .collect();
    use ItemStatus::*;
    assert_eq!(read, [("1.1", Partial), ("1.2", Done), ("2.1", Unknown)]);
    assert_eq!(out.items[0].steps.len(), 2);
    assert_eq!(out.items[0].fields[0].name, "Requirements");
    assert_eq!(out.items[0].title, "Sound it");
    let second = &out.groups[1];
    assert_eq!(shown(&second.depends_on), "phase:1");
    assert_eq!(second.depends_on[0].strength, Strength::OrderOnly);
    assert!(!second.declares_order);
    let likeness = |path: &str| recognises(&Text::new(text, ""), path);
    assert_eq!(likeness("tasks.md"), Likeness::Surely);
    assert_eq!(likeness(".kiro/specs/sea/tasks.md"), Likeness::Maybe);
}

#[test]
fn an_id_that_comes_twice_counts_once() {
    let out = outline("- [ ] 1. **A**\n- [x] 1. **B**\n  - `x/y.rs`\n- [?] 2. **C**\n");
    assert_eq!(out.items.len(), 2);
    assert_eq!(out.items[0].mark.status, ItemStatus::Pending);
    assert_eq!(out.items[0].scope.entries, []);
    let codes: Vec<Code> = out.findings.iter().map(|f| f.code).collect();
    assert_eq!(codes, [Code::RepeatedId, Code::Unreadable]);
    assert_eq!(out.item("2").unwrap().mark.status, ItemStatus::Unknown);
}

#[test]
fn what_is_no_list_of_this_kind_is_not_taken_for_one() {
    let likeness = |text: &str| recognises(&Text::new(text, ""), "tasks.md");
    assert_eq!(likeness(TRACKS), Likeness::Surely);
    assert_eq!(likeness(CLOSING), Likeness::Surely);
    assert_eq!(
        likeness("- [ ] 1. Do\n  - _Requirements: 1.1_\n"),
        Likeness::No
    );
    assert_eq!(likeness("### Phase 1: a [NOT STARTED]\n"), Likeness::No);
}
