//! Every variant of these lists that was met among real ones, as a small text of its own.

use super::*;
use crate::model::{EdgeOrigin, ItemStatus};
use crate::plan::outline::{FileMode, MarkStyle, ScopeState, Target};

fn outline(text: &str) -> Outline {
    read(&Text::new(text, "tasks.md"))
}

fn ids(outline: &Outline) -> Vec<&str> {
    outline.items.iter().map(|item| item.id.as_str()).collect()
}

/// Id, title and status of the first element.
fn one(line: &str) -> (String, String, ItemStatus) {
    let item = outline(line).items.remove(0);
    (item.id, item.title, item.mark.status)
}

fn target(to: &Target) -> String {
    match to {
        Target::Item(id) => id.clone(),
        Target::Label { name, value } => format!("{name}:{value}"),
        Target::AllPrior(_) => "all-prior".to_owned(),
    }
}

#[test]
fn ids_are_taken_as_written() {
    for (line, id, title) in [
        ("- [ ] 1.1 do it", "1.1", "do it"),
        ("- [ ] 1. do it", "1", "do it"),
        ("- [ ] 1.2. do it", "1.2", "do it"),
        ("- [ ] 1.2.3 do it", "1.2.3", "do it"),
        ("- [ ] 3.1a do it", "3.1a", "do it"),
        ("* [ ] 2.C do it", "2.C", "do it"),
        ("- [ ] **1.1** do it", "1.1", "do it"),
        ("- [ ] **1.1 Do** it", "1.1", "Do it"),
        ("- [ ] 1.1: do it", "1.1", "do it"),
        ("- [ ] 1 do it", "1", "do it"),
        ("- [ ] 1.1 (S) do it", "1.1", "do it"),
        ("- [ ] 1.1 [XL] do it", "1.1", "do it"),
        ("- [ ] 3 tests pass", "S0#1", "3 tests pass"),
        ("- [ ] 1.10.3beta is out", "S0#1", "1.10.3beta is out"),
        ("- [ ] do it", "S0#1", "do it"),
    ] {
        let read = one(line);
        assert_eq!((read.0.as_str(), read.1.as_str()), (id, title), "{line}");
    }
    let sized = outline("- [ ] 1.1 [M] x\n").items.remove(0);
    assert_eq!(sized.labels["size"], "M");
}

#[test]
fn marks_are_the_character_in_the_box() {
    for (mark, status) in [
        (" ", ItemStatus::Pending),
        ("x", ItemStatus::Done),
        ("X", ItemStatus::Done),
        ("-", ItemStatus::Running),
        ("~", ItemStatus::Blocked),
        ("?", ItemStatus::Unknown),
    ] {
        let source = format!("\u{feff}- [{mark}] 1.1 a  \r\n");
        let read = outline(&source);
        let found = &read.items[0].mark;
        assert_eq!((found.status, found.style), (status, MarkStyle::Box));
        assert_eq!(&source[found.range.clone().unwrap()], mark);
        assert_eq!(read.findings.len(), usize::from(mark == "?"));
    }
}

#[test]
fn boxes_without_an_id_are_numbered_in_their_section() {
    let read = outline(
        "- [ ] before\n## 2. Work\n- [ ] 2.1 a\n- [x] b\n- [ ] Checkpoint: all is well\n\
         ## Phase 3: More\n* [ ] c\n## Notes\n- [ ] d\n## 2. Again\n- [ ] e\n",
    );
    let wanted = ["S0#1", "2.1", "S2#2", "S2#3", "S3#1", "S3#2", "S2#4"];
    assert_eq!(ids(&read), wanted);
    assert_eq!(read.items[3].kind, ItemKind::Checkpoint);
    assert_eq!(read.items[1].labels["group"], "2");
    assert_eq!(read.items[4].labels["phase"], "3");
    assert_eq!(read.items[5].labels["section"], "Notes");
}

#[test]
fn boxes_without_an_id_below_another_are_its_steps() {
    let source = "- [ ] a\n  - [x] b\n    - [ ] c\n  - d\n- e\n- [ ] f\n";
    let read = outline(source);
    assert_eq!(ids(&read), ["S0#1", "S0#2"]);
    let steps = &read.items[0].steps;
    let texts: Vec<_> = steps
        .iter()
        .map(|s| (s.text.as_str(), s.mark.style))
        .collect();
    let wanted = [
        ("b", MarkStyle::Box),
        ("c", MarkStyle::Box),
        ("d", MarkStyle::Nowhere),
    ];
    assert_eq!(texts, wanted);
    assert_eq!(read.items[0].kind, ItemKind::Work);
}

#[test]
fn parents_are_told_by_id_or_by_indent() {
    let flat = outline("- [ ] 1. a\n- [ ] 1.1 b\n  - words\n- [ ] 1.2 c\n- [ ] 2. d\n");
    let parents: Vec<_> = flat.items.iter().map(|i| i.parent).collect();
    assert_eq!(parents, [None, Some(0), Some(0), None]);
    assert_eq!(flat.items[0].kind, ItemKind::Container);
    assert_eq!(flat.items[1].kind, ItemKind::Work);
    let deep = outline("- [ ] 1. a\n  - words\n  - [ ] 7.1 b\n    - [ ] 7.1.1 c\n");
    let parents: Vec<_> = deep.items.iter().map(|i| i.parent).collect();
    assert_eq!(parents, [None, Some(0), Some(1)]);
    assert_eq!(deep.items[0].kind, ItemKind::Work);
    assert_eq!(deep.items[1].column, 3);
}

#[test]
fn an_id_that_is_taken_is_told_and_the_box_is_kept() {
    let read = outline("- [ ] 1.1 a\n- [ ] 1.1 b\n");
    assert_eq!(ids(&read), ["1.1", "S0#2"]);
    assert_eq!(read.items[1].title, "b");
    let codes: Vec<_> = read.findings.iter().map(|f| (f.code, f.line)).collect();
    assert_eq!(codes, [(Code::RepeatedId, 2)]);
}

#[test]
fn optional_and_parallel_tasks_say_so_at_several_places() {
    for line in ["- [ ]* 1.1 a", "- [x]* 1.1 a", "- [ ] 1.1* a"] {
        let item = outline(line).items.remove(0);
        assert_eq!(
            (item.id.as_str(), item.title.as_str()),
            ("1.1", "a"),
            "{line}"
        );
        assert!(item.optional, "{line}");
    }
    for line in ["- [ ] 1.1 a (P)", "- [ ] 1.1 (P) a"] {
        let item = outline(line).items.remove(0);
        assert_eq!(item.title, "a");
        assert_eq!(item.labels["parallel"], "(P)");
        assert!(!item.optional);
    }
}

#[test]
fn numbers_without_a_dot_are_ids_as_long_as_they_count() {
    let read = outline("- [ ] 1 a\n- [ ] 2 b\n- [ ] 4 more\n- [ ] 3 c\n");
    assert_eq!(ids(&read), ["1", "2", "S0#3", "3"]);
}

#[test]
fn dependencies_name_tasks_sections_and_everything_before() {
    let read = |value: &str| {
        let mut read = outline(&format!(
            "## Phase 1\n- [ ] 1.1 a\n- [ ] 1.2 b\n- [ ] 1.3 c\n## 2. x\n### 2.C y\n- [ ] 2.1 d\n\
             ## Phase 3\n- [ ] 3.1 e\n  **Dependencies**: {value}\n"
        ));
        let item = read.items.pop().unwrap();
        assert!(item.declares_order);
        assert!(
            item.depends_on
                .iter()
                .all(|d| d.origin == EdgeOrigin::Field)
        );
        let to: Vec<_> = item.depends_on.iter().map(|d| target(&d.to)).collect();
        (to.join(" "), read.findings.len())
    };
    for (value, wanted) in [
        ("None", ""),
        ("None (contracts come from the spec)", ""),
        ("1.1", "1.1"),
        ("1.1, 1.2", "1.1 1.2"),
        ("1.1-1.3", "1.1 1.2 1.3"),
        ("1.1 through 1.3, 2.1", "1.1 1.2 1.3 2.1"),
        ("Phase 1", "phase:1"),
        ("Phases 1-2", "phase:1 group:2"),
        ("Phase 1, 2.1", "phase:1 2.1"),
        ("Section 2 tasks", "group:2"),
        ("2.C", "part:2.C"),
        ("1.x", "phase:1"),
        ("all prior phases", "all-prior"),
        ("all previous tasks", "all-prior"),
        ("9.9", "9.9"),
    ] {
        assert_eq!(read(value), (wanted.to_owned(), 0), "{value}");
    }
    assert_eq!(read("the other team, 1.1"), ("1.1".to_owned(), 1));
}

#[test]
fn dependencies_of_a_section_are_its_groups() {
    let read = outline("## 1. a\n- [ ] 1.1 a\n## 2. b\n**Dependencies**: 1.1\n\n- [ ] 2.1 b\n");
    let group = &read.groups[1];
    assert!(group.declares_order);
    assert_eq!(target(&group.depends_on[0].to), "1.1");
    assert_eq!(group.depends_on[0].origin, EdgeOrigin::Header);
    assert!(!read.items[1].declares_order);
}

#[test]
fn fields_are_read_in_every_notation() {
    let read = outline(
        "- [ ] 1.1 a\n  **Files**: `a/b.md`, `c.rs`\n  **Contracts**: d\n  - File: e/f.py (new), g.py\n\
         \x20 - Purpose: words\n  - _Requirements: 1.1, 2.3_\n  - **Validates: Requirements 4**\n\
         \x20 - _Leverage: h.ts_\n  - _Prompt: Role: x | Task: y_\n  - _Boundary: Auth_\n\
         \x20 - _Depends: 1.2_\n- [ ] 1.2 b\n  **Files**: None (verification only)\n",
    );
    let item = &read.items[0];
    let files: Vec<_> = item
        .scope
        .entries
        .iter()
        .map(|e| (e.path.as_str(), e.mode))
        .collect();
    let wanted = [
        ("a/b.md", FileMode::Any),
        ("c.rs", FileMode::Any),
        ("e/f.py", FileMode::Create),
        ("g.py", FileMode::Any),
    ];
    assert_eq!(files, wanted);
    let fields: Vec<_> = item
        .fields
        .iter()
        .map(|f| (f.name.as_str(), f.value.as_str()))
        .collect();
    let wanted = [
        ("Contracts", "d"),
        ("Purpose", "words"),
        ("Requirements", "1.1, 2.3"),
        ("Validates", "Requirements 4"),
        ("Leverage", "h.ts"),
        ("Prompt", "Role: x | Task: y"),
        ("Boundary", "Auth"),
    ];
    assert_eq!(fields, wanted);
    assert_eq!(item.labels["boundary"], "Auth");
    assert_eq!(target(&item.depends_on[0].to), "1.2");
    assert!(item.steps.is_empty());
    assert_eq!(read.items[1].scope.state, ScopeState::Nothing);
}

#[test]
fn a_legend_that_looks_like_a_box_is_told() {
    let read = outline("- [P] tasks may run together\n- [ ] 1.1 a\n");
    assert_eq!(ids(&read), ["1.1"]);
    assert_eq!(read.findings[0].code, Code::Unreadable);
}

#[test]
fn fences_hide_no_box() {
    let read = outline("```\n- [ ] 1.1 a\n````\n  - [ ] 1.2 b\n```bash\n- [ ] 1.3 c\n");
    assert_eq!(ids(&read), ["1.1", "1.2", "1.3"]);
}

#[test]
fn an_element_ends_where_the_next_one_or_a_heading_begins() {
    let source = "# Tasks: x\n- [ ] 1.1 a\n  more\n\n## 2. b\ntext\n- [ ] 2.1 c\n";
    let read = outline(source);
    assert_eq!(
        &source[read.items[0].range.clone()],
        "- [ ] 1.1 a\n  more\n\n"
    );
    assert_eq!(&source[read.items[1].range.clone()], "- [ ] 2.1 c\n");
    assert_eq!(read.title.as_deref(), Some("x"));
}

#[test]
fn titles_lose_the_words_that_name_the_format() {
    for (title, wanted) in [
        ("Implementation Plan", None),
        ("Implementation Plan: Words", Some("Words")),
        ("Tasks — words", Some("words")),
        ("Words - Tasks", Some("Words")),
        (
            "Implementation Tasks (first)",
            Some("Implementation Tasks (first)"),
        ),
    ] {
        let read = outline(&format!("# {title}\n"));
        assert_eq!(read.title.as_deref(), wanted);
    }
}

#[test]
fn the_two_formats_are_told_apart() {
    let like = |text: &str, path: &str| {
        let text = Text::new(text, path);
        (is_openspec(&text, path), is_kiro(&text, path))
    };
    let openspec = "## 1. a\n- [ ] 1.1 b\n";
    assert_eq!(like(openspec, "tasks.md"), (Likeness::Surely, Likeness::No));
    let change = "openspec/changes/x/tasks.md";
    assert_eq!(like("- [ ] b\n", change), (Likeness::Surely, Likeness::No));
    let kiro = "- [ ] 1. a\n  - [ ] 1.1 b\n    - _Requirements: 1.1_\n";
    assert_eq!(like(kiro, "tasks.md"), (Likeness::No, Likeness::Surely));
    let plain = "- [ ] 1. a\n- [ ] 2. b\n";
    assert_eq!(like(plain, ".kiro/specs/x/tasks.md").1, Likeness::Surely);
    assert_eq!(like(plain, "x.md"), (Likeness::No, Likeness::Maybe));
    assert_eq!(like("words\n", "x.md"), (Likeness::No, Likeness::No));
}

#[test]
fn the_first_field_of_dependencies_counts() {
    let read = outline("- [ ] 1.1 a\n- [ ] 1.2 b\n  **Dependencies**: 1.1\n  _Depends: 1.3_\n");
    assert_eq!(read.items[1].depends_on.len(), 1);
    assert_eq!(read.findings[0].code, Code::Contradiction);
}

#[test]
fn a_list_without_end_is_refused() {
    let read = outline(&"- [ ] a\n".repeat(TASKS_MAX + 1));
    assert_eq!(read.items.len(), TASKS_MAX);
    assert_eq!(read.findings[0].code, Code::HostileInput);
}
