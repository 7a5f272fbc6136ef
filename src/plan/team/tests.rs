//! Every variant of a plan that was met among real ones, as a small text of its own.

use super::*;
use crate::model::EdgeOrigin;
use crate::plan::outline::{FileMode, ScopeState, Target};

fn outline(text: &str) -> Outline {
    read(&Text::new(text, "plan.md"))
}

/// A plan with these phases below their section.
fn plan(phases: &str) -> Outline {
    outline(&format!(
        "# Implementation Plan: X\n\n## Implementation Phases\n\n{phases}"
    ))
}

fn ids(outline: &Outline) -> Vec<&str> {
    outline.items.iter().map(|item| item.id.as_str()).collect()
}

fn waits(item: &Item) -> Vec<&str> {
    let id = |d: &'_ _| match d {
        Target::Item(_) => true,
        Target::Label { .. } | Target::AllPrior(_) => false,
    };
    assert!(
        item.depends_on
            .iter()
            .all(|d| id(&d.to) && d.origin == EdgeOrigin::Field)
    );
    let names = item.depends_on.iter().filter_map(|d| match &d.to {
        Target::Item(id) => Some(id.as_str()),
        Target::Label { .. } | Target::AllPrior(_) => None,
    });
    names.collect()
}

fn codes(outline: &Outline) -> Vec<(Code, u32)> {
    outline.findings.iter().map(|f| (f.code, f.line)).collect()
}

const FOUR: &str = "### Phase 1: a [COMPLETED]\n### Phase 2: b [COMPLETED]\n\
                    ### Phase 3: c [COMPLETED]\n### Phase 4: d [COMPLETED]\n";

/// The ids that a value of the dependency field names, beside phases 1 to 4.
fn depends(value: &str) -> (Vec<String>, Option<String>, usize) {
    let read = plan(&format!(
        "{FOUR}### Phase 9: e [COMPLETED]\n**Depends on**: {value}\n"
    ));
    let item = read.item("9").unwrap();
    assert!(item.declares_order);
    let unread = read.findings.iter().filter(|f| f.code == Code::Unreadable);
    let ids = waits(item).into_iter().map(str::to_owned).collect();
    (
        ids,
        item.depends_on.first().and_then(|d| d.note.clone()),
        unread.count(),
    )
}

#[test]
fn every_way_to_write_dependencies_is_read() {
    for (value, wanted) in [
        ("1", "1"),
        ("1, 3", "1 3"),
        ("none", ""),
        ("None.", ""),
        ("none (runs after 3, but needs nothing of it)", ""),
        ("none -- phase 2 is only near", ""),
        ("Phase 3 (it has the words)", "3"),
        ("Phases 2, 3", "2 3"),
        ("Phases 2 and 3 (both)", "2 3"),
        ("Phase 2, 3 (both)", "2 3"),
        (
            "Phase 2 (a), Phase 3 (b, see 4) -- and 1 is not meant",
            "2 3",
        ),
        ("1 (the words of 2", "1"),
        ("1, 2 — 3 would be nice", "1 2"),
        ("1, 2A", "1 2A"),
        ("Phases 1-3", "1 2 3"),
        ("Phase 1 complete (or nearly)", "1"),
        ("Phases 1 and 2 must be complete", "1 2"),
        ("2, 2, 1", "2 1"),
        ("1 - 3", "1 2 3"),
        ("2 - 1 would be nice too", "2"),
    ] {
        let (ids, _, unread) = depends(value);
        assert_eq!((ids.join(" ").as_str(), unread), (wanted, 0), "{value}");
    }
}

#[test]
fn notes_of_dependencies_are_kept_and_words_are_told() {
    assert_eq!(depends("2 (soft)").1.as_deref(), Some("soft"));
    assert_eq!(depends("Task 12, 3"), (vec!["3".to_owned()], None, 1));
    assert_eq!(depends("1-99999").2, 1);
}

#[test]
fn all_phases_before_stay_a_selector() {
    let read = plan("### Phase 2: b [DONE]\n**Depends on**: all prior phases\n");
    assert_eq!(read.items[0].depends_on[0].to, Target::AllPrior(Vec::new()));
}

#[test]
fn a_range_takes_the_lettered_phases_between_its_ends() {
    let read = plan(
        "### Phase 1: a [DONE]\n### Phase 2A: b [DONE]\n### Phase 2B: c [DONE]\n\
         ### Phase 3: d [DONE]\n**Depends on**: 1-2B\n",
    );
    assert_eq!(waits(&read.items[3]), ["1", "2A", "2B"]);
}

#[test]
fn fields_have_their_colon_and_their_bullet_anywhere() {
    for field in [
        "**Depends on**: 1",
        "**Depends on:** 1",
        "- **Depends on:** 1",
        "- **Depends on**: 1",
        "**Dependencies**: Phase 1  ",
        "**Depends on**:\n- Phase 1",
    ] {
        let read = plan(&format!(
            "### Phase 1: a [DONE]\n### Phase 2: b [DONE]\n\n{field}\n"
        ));
        assert_eq!(waits(&read.items[1]), ["1"], "{field}");
    }
    let read = plan("### Phase 1: a [DONE]\n**Goal**: win\n");
    assert!(!read.items[0].declares_order);
}

#[test]
fn markers_stand_at_the_end_of_the_heading() {
    for (name, title, marker, status) in [
        ("a [COMPLETED]", "a", "COMPLETED", ItemStatus::Done),
        (
            "a b[] [c] [PARTIAL]  ",
            "a b[] [c]",
            "PARTIAL",
            ItemStatus::Partial,
        ),
        (
            "a [OPTIONAL] [NOT STARTED]",
            "a",
            "NOT STARTED",
            ItemStatus::Pending,
        ),
        ("a [BLOCKED]", "a", "BLOCKED", ItemStatus::Blocked),
        ("a [DONE]", "a", "DONE", ItemStatus::Done),
        ("a [SKIPPED]", "a", "SKIPPED", ItemStatus::Skipped),
        ("a [IN PROGRESS]", "a", "IN PROGRESS", ItemStatus::Running),
        (
            "a [NOT STARTARTED]",
            "a",
            "NOT STARTARTED",
            ItemStatus::Unknown,
        ),
        (
            "a [REQUIRES FILE READING]",
            "a",
            "REQUIRES FILE READING",
            ItemStatus::Unknown,
        ),
        ("a", "a", "", ItemStatus::Unknown),
    ] {
        let source = format!("## Phases\r\n### Phase 1: {name}\r\ntext\r\n");
        let read = outline(&source);
        let item = &read.items[0];
        let range = item.mark.range.clone().unwrap();
        assert_eq!(
            (item.title.as_str(), item.mark.status),
            (title, status),
            "{name}"
        );
        assert_eq!(
            (item.mark.text.as_str(), &source[range.clone()]),
            (marker, marker)
        );
        if marker.is_empty() {
            assert_eq!(&source[..range.start], "## Phases\r\n### Phase 1: a");
        }
        assert_eq!(item.optional, name.contains("OPTIONAL"));
        let told = codes(&read).contains(&(Code::Unreadable, 2));
        assert_eq!(
            told,
            status == ItemStatus::Unknown && !marker.is_empty(),
            "{name}"
        );
    }
}

#[test]
fn a_status_in_the_body_counts_where_the_heading_has_none() {
    let source = "## Phases\n### Phase 1: a\n\n**Status**: [COMPLETED]\n";
    let read = outline(source);
    let mark = &read.items[0].mark;
    assert_eq!(
        (mark.status, mark.style),
        (ItemStatus::Done, MarkStyle::Bracket)
    );
    assert_eq!(&source[mark.range.clone().unwrap()], "COMPLETED");
    let read = plan("### Phase 1: a\n- **Status:** In progress\n");
    assert_eq!(read.items[0].mark.status, ItemStatus::Running);
    assert_eq!(read.items[0].mark.style, MarkStyle::Words);
    let read = plan("### Phase 1: a [COMPLETED]\n**Status**: BLOCKED\n");
    assert_eq!(read.items[0].mark.status, ItemStatus::Done);
    assert!(codes(&read).contains(&(Code::Contradiction, 6)));
}

#[test]
fn fences_open_nested_or_with_words_behind_them_hide_no_phase() {
    let read = plan(
        "### Phase 1: a [DONE]\n```\n````md\n### Phase 2: b [DONE]\n``` *(completed)*\n\
         ```bash\n# not a heading of ours\n### Phase 3: c [DONE]\n",
    );
    assert_eq!(ids(&read), ["1", "2", "3"]);
}

#[test]
fn sections_inside_an_example_do_not_end_the_phases() {
    let read = plan(
        "### Phase 1: a [DONE]\n```\n## Overview\n## Notes\n```\n### Phase 2: b [DONE]\n\
         ## Testing & Validation\n### Phase 3: no [DONE]\n",
    );
    assert_eq!(ids(&read), ["1", "2"]);
    assert!(codes(&read).contains(&(Code::Advice, 12)));
}

#[test]
fn the_first_of_an_id_counts_and_the_others_are_told() {
    let read = plan(
        "### Phase 1: a [DONE]\n### Phase 1: example [DONE]\n## Success Criteria\n\
         ### Phase 1: met\n",
    );
    assert_eq!(read.items.len(), 1);
    assert_eq!(read.items[0].title, "a");
    let repeated = codes(&read)
        .into_iter()
        .filter(|(c, _)| *c == Code::RepeatedId);
    assert_eq!(repeated.map(|(_, line)| line).collect::<Vec<_>>(), [6, 8]);
}

#[test]
fn headings_before_the_phases_are_examples() {
    let read = outline(
        "## Overview\n### Phase 1: x [DONE]\n## Implementation Phases [REVISED]\n\
         ### Phase 1: a [DONE]\n## Future Phases\n### Phase 5: later\n",
    );
    assert_eq!(read.items.len(), 1);
    assert_eq!(read.items[0].line, 4);
}

#[test]
fn without_a_section_the_whole_file_counts() {
    let source = "# Implementation Plan: X\n## Dependencies\n## Phase 0: a\n\n\
                  **Dependencies**: None\n## Phase 1: b [MANUAL]\n### Files to Create\n\
                  - `x.md`\n## References\n";
    let read = outline(source);
    assert_eq!(ids(&read), ["0", "1"]);
    let item = &read.items[1];
    assert_eq!(item.scope.entries[0].path, "x.md");
    assert_eq!(item.scope.entries[0].mode, FileMode::Create);
    assert!(source[item.range.clone()].ends_with("`x.md`\n"));
}

#[test]
fn a_heading_that_is_nearly_a_phase_is_told() {
    let read = plan("### Phase 1 - a [DONE]\n### Phase 2 results\n");
    assert!(read.items.is_empty());
    assert_eq!(codes(&read), [(Code::Advice, 5)]);
}

const TABLE: &str = "**Dependency Analysis**:\n\n| Wave | Phases | Blocked by |\n\
                     |------|--------|------------|\n";

#[test]
fn the_table_gives_waves_and_their_own_statement_of_order() {
    let read = plan(&format!(
        "{TABLE}| 1    | 1      | --         |\n```\n| 2 | 2A, 2B | 1 |\n\n\
         ### Phase 1: a [DONE]\n**Depends on**: none\n### Phase 2A: b [DONE]\n\
         **Depends on**: 1\n### Phase 2B: c [DONE]\n**Depends on**: 1\n"
    ));
    assert_eq!(read.findings, []);
    let waves: Vec<_> = read
        .groups
        .iter()
        .map(|g| (g.value.as_str(), g.members.join(" "), g.depends_on.len()))
        .collect();
    assert_eq!(
        waves,
        [("1", "1".to_owned(), 0), ("2", "2A 2B".to_owned(), 1)]
    );
    assert_eq!(read.groups[1].depends_on[0].origin, EdgeOrigin::Table);
    assert_eq!(read.items[2].labels["wave"], "2");
}

#[test]
fn a_table_against_the_fields_is_told() {
    let two = |rows: &str, first: &str, second: &str| {
        let read = plan(&format!(
            "{TABLE}{rows}\n### Phase 1: a [DONE]\n**Depends on**: {first}\n\
             ### Phase 2: b [DONE]\n**Depends on**: {second}\n"
        ));
        assert!(read.findings.iter().all(|f| f.code == Code::Contradiction));
        let messages = read.findings.into_iter().map(|f| (f.message, f.line));
        messages.collect::<Vec<_>>()
    };
    let told = two("| 1 | 1 | -- |\n", "none", "none");
    assert_eq!(
        told,
        [("the table of waves misses phase `2`".to_owned(), 7)]
    );
    let told = two("| 1 | 1, 2 | -- |\n", "none", "1");
    assert_eq!(
        told[0],
        (
            "phase `2` waits for phase `1` of its own wave".to_owned(),
            14
        )
    );
    let told = two("| 1 | 1 | -- |\n| 2 | 2 | 1 |\n", "2", "none");
    assert_eq!(
        told[0],
        (
            "phase `1` waits for phase `2` of a later wave".to_owned(),
            13
        )
    );
    assert!(
        told[1]
            .0
            .starts_with("wave 1 is blocked by nothing, its phases depend on 2")
    );
    let told = two("| 1 | 1 | -- |\n| 2 | 2 | 1 |\n", "none", "none");
    let words = "wave 2 is blocked by 1, its phases depend on nothing";
    assert_eq!(told, [(words.to_owned(), 10)]);
    let told = two("| 1 | 1, 2, 7 | -- |\n", "none", "none");
    assert_eq!(
        told[0],
        ("wave 1 names phase `7`, which does not exist".to_owned(), 9)
    );
    let told = two("| 1 | 1, 2 | -- |\n| 2 | 2 | -- |\n", "none", "none");
    assert!(told[0].0.contains("more than one wave"));
}

#[test]
fn files_are_the_paths_that_begin_a_bullet() {
    let read = plan(
        "### Phase 1: a [DONE]\n**Files to modify**:\n- `a/b.rs` - words about `c`\n\
         - `d.md` (new)\n- prose about `e`\n**Files to create**:\n- `~/f/*.md` — all\n\
         **File**: `g.lua`\n**Files to verify**:\n- [ ] `h` - unchanged\n",
    );
    let entries = &read.items[0].scope.entries;
    let found: Vec<_> = entries.iter().map(|e| (e.path.as_str(), e.mode)).collect();
    let wanted = [
        ("a/b.rs", FileMode::Modify),
        ("d.md", FileMode::Create),
        ("~/f/*.md", FileMode::Create),
        ("g.lua", FileMode::Any),
        ("h", FileMode::Read),
    ];
    assert_eq!(found, wanted);
    assert_eq!(read.items[0].scope.state, ScopeState::Declared);
}

#[test]
fn no_files_is_something_else_than_no_word_about_files() {
    for (section, state, told) in [
        (
            "**Files to modify**: None (read-only)",
            ScopeState::Nothing,
            false,
        ),
        (
            "**Files to modify**:\n- None (verification only)",
            ScopeState::Nothing,
            false,
        ),
        (
            "**Files to modify**:\n- No files modified",
            ScopeState::Nothing,
            false,
        ),
        ("**Goal**: win", ScopeState::Absent, false),
        (
            "**Files to modify**:\n- All 23 files listed above",
            ScopeState::Absent,
            true,
        ),
    ] {
        let read = plan(&format!(
            "### Phase 1: a [DONE]\n**Depends on**: none\n{section}\n"
        ));
        assert_eq!(read.items[0].scope.state, state, "{section}");
        assert_eq!(!read.findings.is_empty(), told, "{section}");
    }
}

#[test]
fn boxes_bullets_and_numbers_below_tasks_are_steps() {
    let source = "## Phases\n### Phase 1: a [DONE]\n- **Tasks:**\n  - [x] **Task 1.1**: one \
                  *(completed: well)*\n    - detail\n  - [ ] two\n    *(deviation: skipped — x)*\n  \
                  - three\n  4. four\n- **Verification:**\n  - [ ] it runs\n  - it stands\n";
    let read = outline(source);
    let steps = &read.items[0].steps;
    let texts: Vec<_> = steps.iter().map(|s| s.text.as_str()).collect();
    assert_eq!(texts, ["one", "two", "three", "four", "it runs"]);
    assert_eq!(steps[0].id.as_deref(), Some("1.1"));
    assert_eq!(steps[0].note.as_deref(), Some("completed: well"));
    assert_eq!(steps[1].note.as_deref(), Some("deviation: skipped — x"));
    assert_eq!(steps[0].mark.status, ItemStatus::Done);
    assert_eq!(&source[steps[0].mark.range.clone().unwrap()], "x");
    assert_eq!(steps[2].mark.style, MarkStyle::Nowhere);
    assert_eq!(read.items[0].checks, ["it runs", "it stands"]);
}

#[test]
fn other_fields_are_kept_in_order_and_with_all_their_lines() {
    let read = plan(
        "### Phase 1: a [DONE]\n**Goal**: win\nmore of it\n\n**Timing**: ~5 min\n\
         **Own Key**: v\n### Phase 2: b [DONE]\n",
    );
    let fields = read.items[0].fields.iter();
    let fields: Vec<_> = fields
        .map(|f| (f.name.as_str(), f.value.as_str()))
        .collect();
    let wanted = [
        ("Goal", "win\nmore of it"),
        ("Timing", "~5 min"),
        ("Own Key", "v"),
    ];
    assert_eq!(fields, wanted);
}

#[test]
fn the_header_holds_title_fields_and_a_status_of_the_plan() {
    let source = "---\nstatus: planned\n---\n# Implementation Plan: Task #7\n\
                  - **Task**: 7 - x\n- **Status**: [IMPLEMENTING]\n## Phases\n\
                  ### Phase 1: a [COMPLETED]\n**Depends on**: none\n";
    let read = outline(source);
    assert_eq!(read.title.as_deref(), Some("Task #7"));
    let names: Vec<_> = read.meta.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["status", "Task", "Status"]);
    let mark = read.mark.as_ref().unwrap();
    assert_eq!(&source[mark.range.clone().unwrap()], "IMPLEMENTING");
    assert_eq!(codes(&read), [(Code::Contradiction, 6)]);
    let read = outline("---\nstatus: planned\n---\n# X\n");
    assert_eq!(read.mark.unwrap().status, ItemStatus::Pending);
}

#[test]
fn a_plan_says_once_what_all_its_phases_lack() {
    let read = plan("### Phase 1: a\n- [ ] x\n### Phase 2: b [DONE]\n- [ ] y\n");
    let told: Vec<_> = read.findings.iter().map(|f| f.message.as_str()).collect();
    let wanted = [
        "1 phase without a status",
        "2 phases without a `Depends on` field",
        "1 phase completed with open boxes",
    ];
    assert_eq!(told, wanted);
}

#[test]
fn a_plan_is_told_from_other_texts() {
    let like = |text: &str, path| recognises(&Text::new(text, path), path);
    let phase = "## Implementation Phases\n### Phase 1: a\n";
    let plan = format!("# Implementation Plan: X\n{phase}");
    assert_eq!(like(&plan, "x.md"), Likeness::Surely);
    assert_eq!(like(phase, "specs/1_x/plans/01_y.md"), Likeness::Surely);
    assert_eq!(like(phase, "x.md"), Likeness::Maybe);
    let list = "# Implementation Plan\n## Phase 1: a\n- [ ] 1.1 b\n";
    assert_eq!(like(list, "tasks.md"), Likeness::Maybe);
    assert_eq!(
        like("# Tasks\n- [ ] 1. a\n", "specs/x/tasks.md"),
        Likeness::No
    );
}

#[test]
fn the_first_field_of_dependencies_counts() {
    let read = plan("### Phase 1: a [DONE]\n**Depends on**: none\n**Depends on**: 2\n");
    assert!(read.items[0].depends_on.is_empty());
    assert_eq!(codes(&read), [(Code::Contradiction, 7)]);
}

#[test]
fn a_plan_without_end_is_refused() {
    let phases = (0..1_100).map(|n| format!("### Phase {n}: a [DONE]\n**Depends on**: none\n"));
    let read = plan(&phases.collect::<String>());
    assert_eq!(read.items.len(), 1_000);
    assert_eq!(codes(&read), [(Code::HostileInput, 2_005)]);
    let read = plan(&format!("{TABLE}{}", "| 1 | -- | -- |\n".repeat(1_100)));
    assert!(codes(&read).contains(&(Code::HostileInput, 1_008)));
}
