//! Task lists of spec-kit: real ones read without loss, and damaged ones.

use git_wp::model::{Code, Format, ItemStatus};

use crate::support::documents::{
    damage_is_survived, documents, fences_change_nothing, outline, repetition_is_cheap,
};

const SPECKIT: Format = Format::SpeckitTasks;
const FOLDER: &str = "speckit-tasks";

/// A second, naive way to tell a task: a box and an id.
fn is_task(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("- [")?;
    let rest = rest.get(1..)?.strip_prefix("] T")?;
    rest.starts_with(|c: char| c.is_ascii_digit())
        .then(|| rest.split(' ').next().unwrap_or(rest))
}

#[test]
fn every_task_line_is_a_task_and_nothing_else_is() {
    let mut tasks = 0;
    for (name, source) in documents(FOLDER) {
        let outline = outline(SPECKIT, &source);
        let lines: Vec<&str> = source.lines().filter_map(is_task).collect();
        let twice = outline
            .findings
            .iter()
            .filter(|f| f.code == Code::RepeatedId)
            .count();
        assert_eq!(outline.items.len() + twice, lines.len(), "{name}");
        for item in &outline.items {
            assert!(item.labels.contains_key("phase"), "{name}, {}", item.id);
            assert!(
                !item.title.is_empty() && !item.title.starts_with('['),
                "{name}, {}",
                item.id
            );
            assert_ne!(item.mark.status, ItemStatus::Unknown, "{name}, {}", item.id);
        }
        tasks += outline.items.len();
    }
    assert!(tasks == 0 || tasks > 600, "{tasks}");
}

#[test]
fn an_open_fence_anywhere_changes_no_task() {
    fences_change_nothing(
        SPECKIT,
        &documents(FOLDER)[..2.min(documents(FOLDER).len())],
    );
}

#[test]
fn damaged_lists_do_not_bring_the_reader_down() {
    let mut found = documents(FOLDER);
    found.truncate(3);
    damage_is_survived(SPECKIT, &found);
}

#[test]
fn no_line_of_a_list_is_slow_by_its_number() {
    repetition_is_cheap(
        SPECKIT,
        &[
            "- [ ] T001 [P] a",
            "## Phase 1: a",
            "**Checkpoint**: a",
            "- [ ] T001 depends on T001-T999, T001-T999",
            "  - [ ] a",
            "[[[[[[[[[",
        ],
    );
}

#[test]
fn real_documents_are_recognised_by_what_they_hold() {
    for (name, source) in documents(FOLDER) {
        let format = git_wp::plan::recognise(source.as_bytes(), "plan.md");
        assert_eq!(format, Some(SPECKIT), "{name}");
    }
}
