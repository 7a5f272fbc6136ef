//! Lists of OpenSpec and of the Kiro family: real ones, where every box is found, and damaged
//! ones.

use git_wp::model::{Code, Format, ItemStatus};
use git_wp::plan::detect::Likeness;
use git_wp::plan::outline::{MarkStyle, Outline, Target, Text};
use git_wp::plan::outline_of::likeness;

use crate::support::documents::{
    damage_is_survived, documents, fences_change_nothing, outline, repetition_is_cheap,
};

const OPENSPEC: Format = Format::OpenspecTasks;
const KIRO: Format = Format::KiroTasks;

/// Open and ticked boxes of a text, counted the way the formats' own tools count them.
fn boxes(source: &str) -> (usize, usize) {
    let marks = source.lines().filter_map(|line| {
        let rest = line.trim_start().strip_prefix(['-', '*'])?.trim_start();
        let (mark, rest) = rest.strip_prefix('[')?.split_at_checked(1)?;
        rest.starts_with(']').then_some(mark)
    });
    let marks: Vec<_> = marks.collect();
    let done = marks.iter().filter(|m| m.eq_ignore_ascii_case("x")).count();
    (marks.len() - done, done)
}

/// The same of what was read: elements and steps.
fn found(outline: &Outline) -> (usize, usize) {
    let items = outline.items.iter().map(|item| &item.mark);
    let steps = outline.items.iter().flat_map(|item| &item.steps);
    let marks = items.chain(steps.map(|step| &step.mark));
    let boxes: Vec<_> = marks.filter(|m| m.style == MarkStyle::Box).collect();
    let done = boxes
        .iter()
        .filter(|m| m.status == ItemStatus::Done)
        .count();
    (boxes.len() - done, done)
}

/// The ids that stand behind boxes as `N.M`, counted without the reader.
fn written_ids(source: &str) -> Vec<&str> {
    let ids = source.lines().filter_map(|line| {
        let (_, rest) = line.trim_start().strip_prefix("- [")?.split_once("] ")?;
        let word = rest.split(' ').next()?.trim_end_matches(['.', '*']);
        let digits = word.starts_with(|c: char| c.is_ascii_digit());
        digits.then_some(word)
    });
    ids.collect()
}

#[test]
fn every_box_of_a_real_list_is_found() {
    for (format, folder) in [(OPENSPEC, "openspec-tasks"), (KIRO, "kiro-tasks")] {
        for (name, source) in documents(folder) {
            let read = outline(format, &source);
            assert_eq!(found(&read), boxes(&source), "{name}");
            let ids = read.items.iter().map(|item| item.id.as_str());
            let ids: Vec<_> = ids.filter(|id| !id.starts_with('S')).collect();
            assert_eq!(ids, written_ids(&source), "{name}");
            assert!(
                read.items.iter().all(|item| !item.title.is_empty()),
                "{name}"
            );
            let text = Text::new(&source, &name);
            assert_eq!(likeness(format, &text, &name), Likeness::Surely, "{name}");
        }
    }
}

#[test]
fn dependencies_of_real_lists_name_what_is_there() {
    let mut fields = 0;
    for (name, source) in documents("openspec-tasks") {
        let read = outline(OPENSPEC, &source);
        fields += read.items.iter().filter(|item| item.declares_order).count();
        for dependency in read.items.iter().flat_map(|item| &item.depends_on) {
            let Target::Item(id) = &dependency.to else {
                continue;
            };
            assert!(read.item(id).is_some(), "{name}: {id}");
        }
        let unread = read.findings.iter().filter(|f| f.code == Code::Unreadable);
        for finding in unread {
            assert!(
                finding.message.contains("ri-0"),
                "{name}: {}",
                finding.message
            );
        }
    }
    let written = |(_, source): &(String, String)| source.matches("**Dependencies").count();
    assert_eq!(
        fields,
        documents("openspec-tasks")
            .iter()
            .map(written)
            .sum::<usize>()
    );
}

#[test]
fn an_open_fence_anywhere_changes_no_task() {
    let mut found = documents("openspec-tasks");
    found.truncate(14);
    fences_change_nothing(OPENSPEC, &found);
    let mut found = documents("kiro-tasks");
    found.retain(|(_, source)| source.len() < 20_000);
    fences_change_nothing(KIRO, &found);
}

#[test]
fn damaged_lists_do_not_bring_the_reader_down() {
    let mut found = documents("openspec-tasks");
    found.truncate(6);
    damage_is_survived(OPENSPEC, &found);
    let found: Vec<_> = documents("kiro-tasks").into_iter().take(3).collect();
    damage_is_survived(KIRO, &found);
}

#[test]
fn no_line_of_a_list_is_slow_by_its_number() {
    repetition_is_cheap(
        OPENSPEC,
        &[
            "- [ ] 1.1 a",
            "- [ ] a",
            "## 1. a",
            "  **Dependencies**: 1-99, 1-99, 1-99",
            "  - _a: b_",
            "- [?] x",
            "  - Files: (a,b",
        ],
    );
}
