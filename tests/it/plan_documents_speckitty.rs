//! Work packages of spec-kitty: real lists and a real package file, and damaged ones.

use git_wp::model::{Code, Format, ItemStatus};
use git_wp::plan::outline::{Item, Target};

use crate::support::documents::{
    damage_is_survived, documents, fences_change_nothing, outline, repetition_is_cheap,
};

const SPECKITTY: Format = Format::SpeckittyTasks;
const FOLDER: &str = "speckitty-tasks";

fn waits(item: &Item) -> String {
    let ids = item.depends_on.iter().map(|d| match &d.to {
        Target::Item(id) => id.as_str(),
        Target::Label { .. } | Target::AllPrior(_) => "",
    });
    ids.collect::<Vec<_>>().join(" ")
}

/// A package: its id, how many subtasks, what it waits for.
type Package = (&'static str, usize, &'static str);

/// Part of the name of a file, and its packages.
const KNOWN: [(&str, &[Package]); 5] = [
    ("playwright", &[("WP01", 4, ""), ("WP02", 2, "WP01")]),
    (
        "charter-pack",
        &[
            ("WP01", 6, ""),
            ("WP02", 4, ""),
            ("WP03", 4, "WP02"),
            ("WP04", 5, "WP02 WP03"),
            ("WP05", 4, "WP04"),
            ("WP06", 6, "WP03 WP04"),
            ("WP07", 4, "WP03 WP04"),
            ("WP08", 5, "WP02 WP03"),
            ("WP09", 5, "WP02 WP08"),
            ("WP10", 4, "WP02 WP04"),
            ("WP11", 4, "WP02 WP08"),
        ],
    ),
    ("drg-read", &[("WP01", 7, ""), ("WP02", 3, "WP01")]),
    (
        "governed-state",
        &[
            ("WP01", 4, ""),
            ("WP02", 5, "WP01"),
            ("WP03", 3, "WP01"),
            ("WP04", 6, "WP01"),
            ("WP05", 4, "WP01"),
        ],
    ),
    ("integration-boundary", &[("WP04", 4, "WP03")]),
];

#[test]
fn packages_are_read_as_they_are_known() {
    for (name, source) in documents(FOLDER) {
        let known = KNOWN.iter().find(|(part, _)| name.contains(part));
        let (_, known) = known.unwrap();
        let outline = outline(SPECKITTY, &source);
        let read: Vec<_> = outline
            .items
            .iter()
            .map(|item| (item.id.as_str(), item.steps.len(), waits(item)))
            .collect();
        let known: Vec<_> = known
            .iter()
            .map(|(id, n, w)| (*id, *n, (*w).to_owned()))
            .collect();
        assert_eq!(read, known, "{name}");
        let odd = outline
            .findings
            .iter()
            .filter(|f| f.code != Code::Contradiction);
        assert_eq!(odd.count(), 0, "{name}: {:?}", outline.findings);
        assert!(outline.items.iter().all(|i| !i.title.is_empty()), "{name}");
    }
}

#[test]
fn the_boxes_of_a_package_tell_how_it_stands() {
    for (name, source) in documents(FOLDER) {
        if name.contains("playwright") {
            let outline = outline(SPECKITTY, &source);
            let status = |id: &str| outline.item(id).unwrap().mark.status;
            assert_eq!(status("WP01"), ItemStatus::Done);
            assert_eq!(status("WP02"), ItemStatus::Pending);
        }
    }
}

#[test]
fn the_file_of_a_package_names_its_files() {
    for (name, source) in documents(FOLDER) {
        if name.contains("integration-boundary") {
            let outline = outline(SPECKITTY, &source);
            let files = outline.items[0].scope.entries.iter();
            let files: Vec<&str> = files.map(|e| e.path.as_str()).collect();
            assert_eq!(
                files,
                [
                    "tests/architectural/**",
                    "tests/architectural/test_integration_boundary.py"
                ]
            );
        }
    }
}

#[test]
fn an_open_fence_in_a_list_changes_no_package() {
    let mut found = documents(FOLDER);
    found.retain(|(name, _)| !name.contains("integration-boundary"));
    fences_change_nothing(SPECKITTY, &found);
}

#[test]
fn damaged_packages_do_not_bring_the_reader_down() {
    damage_is_survived(SPECKITTY, &documents(FOLDER));
}

#[test]
fn no_line_of_a_list_is_slow_by_its_number() {
    repetition_is_cheap(
        SPECKITTY,
        &[
            "## WP01: a",
            "**Dependencies**: WP01-WP99, WP01-WP99",
            "**a**: **b**: **c**: **d",
            "| WP | Dependencies |",
            "- [ ] T001 a",
            "---",
        ],
    );
}

#[test]
fn real_documents_are_recognised_by_what_they_hold() {
    for (name, source) in documents(FOLDER) {
        let format = git_wp::plan::recognise(source.as_bytes(), "plan.md");
        assert_eq!(format, Some(SPECKITTY), "{name}");
    }
}
