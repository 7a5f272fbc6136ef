//! Task lists of spec:parallel_execute: real ones against what is known of them, and damaged ones.

use git_wp::base::json::{self, Value};
use git_wp::model::{Code, Format};
use git_wp::plan::outline::{Item, Outline, Ruling, Target};
use git_wp::plan::spec::verdict_of;

use crate::support::documents::{
    corpus, damage_is_survived, documents, fences_change_nothing, outline, repetition_is_cheap,
};

const SPEC: Format = Format::SpecTasks;

fn same_task(outline: &Outline, item: &Item, truth: &Value, place: &str) {
    assert_eq!(truth["id"], item.id.as_str(), "{place}");
    assert_eq!(truth["title"], item.title.as_str(), "{place}");
    assert_eq!(truth["status"], item.mark.text.as_str(), "{place}");
    assert_eq!(truth["line"], item.line, "{place}");
    let phase = item.labels.get("phase").map(|value| {
        let group = outline
            .groups
            .iter()
            .find(|g| g.label == "phase" && g.value == *value);
        let title = group.and_then(|g| g.title.clone()).unwrap_or_default();
        format!("Phase {value}: {title}")
    });
    assert_eq!(truth["phase"].as_str().map(str::to_owned), phase, "{place}");
    let strings = |key: &str| -> Vec<String> {
        let list = truth[key].as_array().unwrap().iter();
        list.map(|v| v.as_str().unwrap().to_owned()).collect()
    };
    let ids = item.depends_on.iter().filter_map(|d| match &d.to {
        Target::Item(id) if item.declares_order => Some(id.clone()),
        _ => None,
    });
    assert_eq!(strings("deps"), ids.collect::<Vec<_>>(), "{place}");
    let files = item.scope.entries.iter().map(|e| e.path.clone());
    assert_eq!(strings("files"), files.collect::<Vec<_>>(), "{place}");
    let field = |name: &str| {
        item.fields
            .iter()
            .find(|f| f.name == name)
            .map(|f| f.value.as_str())
    };
    assert_eq!(
        truth["requirements"].as_str(),
        field("Requirements"),
        "{place}"
    );
    assert_eq!(truth["agent"].as_str(), field("Agent"), "{place}");
}

#[test]
fn task_lists_are_read_as_they_are_known() {
    let found = documents("spec-tasks");
    if found.is_empty() {
        return;
    }
    let truth = std::fs::read(corpus().join("spec-tasks-truth.json")).unwrap();
    let truth = json::parse(&truth).unwrap();
    let (mut tasks, mut headings) = (0, 0);
    for (name, source) in &found {
        let outline = outline(SPEC, source);
        let known = truth[name.as_str()]["tasks"].as_array().unwrap();
        if known.is_empty() {
            // The tasks of this list are headings, which the truth does not count.
            let lines = source.lines();
            let written = lines.filter(|line| line.starts_with("#### Task ")).count();
            assert_eq!(outline.items.len(), written, "{name}");
            headings += written;
            continue;
        }
        assert_eq!(outline.items.len(), known.len(), "{name}");
        for (item, known) in outline.items.iter().zip(known) {
            same_task(&outline, item, known, &format!("{name}, task {}", item.id));
            tasks += 1;
        }
    }
    assert_eq!((found.len(), tasks, headings), (4, 130, 58));
}

#[test]
fn two_maps_that_give_a_letter_to_different_tasks_are_both_kept() {
    let found = documents("spec-tasks");
    for (_, source) in found
        .iter()
        .filter(|(name, _)| name.contains("quality-hook"))
    {
        let outline = outline(SPEC, source);
        let maps = |value: &str| {
            let tracks = outline
                .groups
                .iter()
                .filter(|g| g.label == "track" && g.value == value);
            tracks
                .map(|g| (g.map.is_some(), g.members.join(" ")))
                .collect::<Vec<_>>()
        };
        let two = |a: &str, b: &str| vec![(true, a.to_owned()), (true, b.to_owned())];
        assert_eq!(maps("A"), two("2 4 5 6", "4 5 6"));
        assert_eq!(maps("B"), two("9 10 12", "7 8"));
        assert_eq!(maps("E"), two("19 20 21", "11 12"));
        assert_eq!(maps("F"), two("26 27 28 31 32", "13 14 15"));
        assert_eq!(maps("H"), [(true, "16".to_owned())]);
        let told = outline
            .findings
            .iter()
            .filter(|f| f.code == Code::Contradiction)
            .count();
        assert_eq!((told, outline.findings.len()), (6, 6));
        let waits = |id: &str| {
            let list = outline.item(id).unwrap().depends_on.iter();
            let ids = list.filter_map(|d| match &d.to {
                Target::Item(id) => Some(id.as_str()),
                _ => None,
            });
            ids.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(waits("4"), "1 2");
        assert_eq!(waits("17"), "1 16 13 14 15");
        assert_eq!(waits("22"), "1 19 20 21");
        assert!(waits("1").is_empty());
        let groups = outline.groups.iter().filter(|g| g.label == "group");
        let groups: Vec<_> = groups
            .map(|g| (g.value.as_str(), g.members.len()))
            .collect();
        assert_eq!(groups, [("1", 10), ("2", 7), ("3", 5), ("4", 7)]);
    }
}

#[test]
fn reviews_tell_their_verdict() {
    let found = documents("spec-tasks/_reviews");
    let rulings: Vec<_> = found
        .iter()
        .map(|(name, text)| (name, verdict_of(text).map(|v| v.ruling)))
        .collect();
    assert!(
        rulings
            .iter()
            .all(|(_, ruling)| *ruling == Some(Ruling::Approved)),
        "{rulings:?}"
    );
}

#[test]
fn an_open_fence_anywhere_changes_no_task() {
    fences_change_nothing(SPEC, &documents("spec-tasks"));
}

#[test]
fn damaged_lists_do_not_bring_the_reader_down() {
    damage_is_survived(SPEC, &documents("spec-tasks"));
}

#[test]
fn no_line_of_a_list_is_slow_by_its_number() {
    repetition_is_cheap(
        SPEC,
        &[
            "- [ ] 1. **a**",
            "  - _Dependencies: Tasks 1-999, 1-999_",
            "### Track A: a (Dependencies: Track A, B)",
            "## Parallel Track Dependencies",
            "- Track A (Tasks 1-99) - needs 1-99",
            "(((((((((((((((((((((",
            "_a: b_ _a: b_ _a",
            "A --> B --> C",
        ],
    );
}

#[test]
fn real_documents_are_recognised_by_what_they_hold() {
    for (name, source) in documents("spec-tasks") {
        let format = git_wp::plan::recognise(source.as_bytes(), "plan.md");
        assert_eq!(format, Some(SPEC), "{name}");
    }
}
