//! Tickets in all their shapes, each in a text of our own.

use super::*;
use crate::model::ItemStatus;
use crate::plan::outline::{FileMode, MarkStyle, ScopeState};

fn outline(text: &str) -> Outline {
    read(&Text::new(text, "spec.md"))
}

fn shown(list: &[Dependency]) -> String {
    let words = list.iter().map(|d| order::shown(&d.to));
    words.collect::<Vec<_>>().join(" ")
}

fn files(out: &Outline, id: &str) -> String {
    let entries = out.item(id).unwrap().scope.entries.iter();
    let shown = entries.map(|e| format!("{}{}", e.path, if e.optional { "?" } else { "" }));
    shown.collect::<Vec<_>>().join(" ")
}

const OUTCOMES: &str = "\
# Implementation Specification: Ferry
**Status:** Ready
## 3. Phases
### Phase 1: Hull
**Dependencies:** None -- this is the base.
### Phase 2: Deck
**Dependencies:** Phase 1. Can run beside Phase 3.
### Phase 3: Mast
## 4. Tickets
### Phase 1: Hull
#### FE-001: Lay the keel
**Objective:** Keel
**Files:**
- CREATE: `src/keel.ts`
- MODIFY: `src/hull.ts`
- Prose about `React.memo` only
**Acceptance Criteria:**
- It floats
**Estimated Effort:** S (Small)
**Dependencies:** None (can run in parallel with FE-002)
---
### Phase 2: Deck
#### FE-002: Plank
**Contract/Interface:**
```ts
# no heading of the document
## neither
**Not a field** of it
```
**Files:** `src/plank.ts`, `src/deck.ts`
**Estimated Effort:** M
**Dependencies:** FE-001, FE-003
#### FE-003: Nail
**Files:**
- None
**Dependencies:** FE-001 through FE-002
#### FE-004: Paint
**Files:**
- No new files.
**Dependencies:** FE-009
## Dependency Graph
```
FE-001 ──┬──> FE-002
         └──> FE-004
```
";

#[test]
fn tickets_below_phases_are_read_and_phases_are_one_by_number() {
    let out = outline(OUTCOMES);
    assert_eq!(out.title.as_deref(), Some("Ferry"));
    assert_eq!(out.meta[0].name, "Status");
    let ids: Vec<&str> = out.items.iter().map(|i| i.id.as_str()).collect();
    assert_eq!(ids, ["FE-001", "FE-002", "FE-003", "FE-004"]);
    let phases: Vec<_> = out
        .groups
        .iter()
        .map(|g| (g.value.as_str(), g.declares_order))
        .collect();
    assert_eq!(phases, [("1", true), ("2", true), ("3", false)]);
    assert_eq!(shown(&out.groups[1].depends_on), "phase 1");
    let labels = &out.item("FE-001").unwrap().labels;
    assert_eq!(
        (labels["phase"].as_str(), labels["effort"].as_str()),
        ("1", "S")
    );
    assert_eq!(out.item("FE-003").unwrap().labels["phase"], "2");
    let mark = &out.items[0].mark;
    assert_eq!(
        (mark.status, mark.style),
        (ItemStatus::Unknown, MarkStyle::Nowhere)
    );
    assert_eq!(out.items[0].checks, ["It floats"]);
}

#[test]
fn ids_ranges_and_reasons_are_told_apart_and_code_hides_nothing() {
    let out = outline(OUTCOMES);
    let waits = |id: &str| shown(&out.item(id).unwrap().depends_on);
    assert_eq!(waits("FE-001"), "");
    assert!(out.item("FE-001").unwrap().declares_order);
    assert_eq!(waits("FE-002"), "FE-001 FE-003");
    assert_eq!(waits("FE-003"), "FE-001 FE-002");
    assert_eq!(files(&out, "FE-001"), "src/keel.ts src/hull.ts");
    assert_eq!(files(&out, "FE-002"), "src/plank.ts src/deck.ts");
    let state = |id: &str| out.item(id).unwrap().scope.state;
    assert_eq!(state("FE-003"), ScopeState::Nothing);
    assert_eq!(state("FE-004"), ScopeState::Absent);
    let modes: Vec<_> = out.items[0].scope.entries.iter().map(|e| e.mode).collect();
    assert_eq!(modes, [FileMode::Create, FileMode::Modify]);
}

#[test]
fn what_only_the_graph_says_is_order_and_told() {
    let out = outline(OUTCOMES);
    let four = out.item("FE-004").unwrap();
    assert_eq!(shown(&four.depends_on), "FE-009 FE-001");
    assert_eq!(four.depends_on[1].origin, EdgeOrigin::Graph);
    assert_eq!(four.depends_on[1].strength, Strength::OrderOnly);
    let told: Vec<_> = out.findings.iter().map(|f| (f.code, f.line)).collect();
    assert_eq!(told, [(Code::Contradiction, 44)]);
    assert!(OUTCOMES.lines().nth(43).unwrap().ends_with("> FE-004"));
}

const COUNTED: &str = "\
# Spec
## Implementation Phases
### Phase 3: Rooms
**Objective**

Text

#### Ticket 1

**Ticket ID:** `RM-3.1`

**Title**

- Doors

**Files**

- `app.js`
- `styles.css` if the door is blue
- optionally `index.html` if it must change
- whatever else is needed

**Dependencies**

- `RM-1.1`
- RM-2.2 (can be developed with mock responses)

#### Ticket 2

**Title**

- Nameless

**Phase 9: Attic**
#### RM-4.2: Beam
**Dependencies:** All previous tickets
#### RM-5.1: Roof
**Dependencies:** later, we hope
#### PHASE-7-A: Flag
**Title:** Ignored
**Files:**
- **Create:** `a/flag.rs` -- cloth for `Flag`
- **Modify:** This page (x) -- OR -- create `docs/flag.md`
**Dependencies:** RM-3.1,
RM-4.2
#### RM-3.1: Again
";

#[test]
fn bold_lines_without_colon_are_fields_and_the_id_is_one() {
    let out = outline(COUNTED);
    let ids: Vec<&str> = out.items.iter().map(|i| i.id.as_str()).collect();
    assert_eq!(ids, ["RM-3.1", "RM-4.2", "RM-5.1", "PHASE-7-A"]);
    let first = &out.items[0];
    assert_eq!(
        (first.title.as_str(), first.labels["phase"].as_str()),
        ("Doors", "3")
    );
    assert_eq!(files(&out, "RM-3.1"), "app.js styles.css? index.html?");
    assert_eq!(shown(&first.depends_on), "RM-1.1 RM-2.2");
    assert_eq!(first.depends_on[1].strength, Strength::Soft);
    assert!(
        first.depends_on[1]
            .note
            .as_deref()
            .unwrap()
            .contains("mock")
    );
    let codes: Vec<Code> = out.findings.iter().map(|f| f.code).collect();
    assert_eq!(
        codes,
        [Code::Unreadable, Code::RepeatedId, Code::Unreadable]
    );
    assert!(out.findings[0].message.contains("Ticket 2"));
}

#[test]
fn old_ids_tell_their_phase_and_wide_words_stay_selectors() {
    let out = outline(COUNTED.replace("**Phase 9: Attic**", "## Tickets").as_str());
    assert_eq!(out.item("PHASE-7-A").unwrap().labels["phase"], "7");
    assert_eq!(out.item("RM-4.2").unwrap().labels["phase"], "4");
    assert_eq!(
        out.item("RM-4.2").unwrap().depends_on[0].to,
        Target::AllPrior(vec![])
    );
    assert_eq!(
        shown(&out.item("PHASE-7-A").unwrap().depends_on),
        "RM-3.1 RM-4.2"
    );
    assert_eq!(files(&out, "PHASE-7-A"), "a/flag.rs docs/flag.md");
}

#[test]
fn a_specification_is_told_from_other_texts() {
    let likeness = |text: &str| recognises(&Text::new(text, ""), "x.md");
    assert_eq!(likeness(OUTCOMES), Likeness::Surely);
    assert_eq!(likeness(COUNTED), Likeness::Surely);
    assert_eq!(likeness("### WP-01: a\n**Goal**: b\n"), Likeness::No);
    assert_eq!(
        likeness("### Phase 1: a [COMPLETED]\n**Acceptance Criteria:**\n"),
        Likeness::No
    );
}
