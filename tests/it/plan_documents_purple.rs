//! Purple specifications: real ones against what is known of them, and damaged ones.

use git_wp::base::json::{self, Value};
use git_wp::model::Format;
use git_wp::plan::outline::Target;
use git_wp::plan::purple::docs;

use crate::support::documents::{
    corpus, damage_is_survived, documents, fences_change_nothing, outline, repetition_is_cheap,
};

const PURPLE: Format = Format::Purple;
const FOLDER: &str = "purple/midimed";

fn specifications() -> Vec<(String, String)> {
    let mut found = documents(FOLDER);
    found.retain(|(name, _)| name.starts_with("implementation-spec"));
    found
}

fn strings(value: &Value) -> Vec<String> {
    let list = value.as_array().unwrap().iter();
    list.map(|v| v.as_str().unwrap().to_owned()).collect()
}

#[test]
fn specifications_are_read_as_they_are_known() {
    let found = specifications();
    if found.is_empty() {
        return;
    }
    let truth = std::fs::read(corpus().join("purple-truth.json")).unwrap();
    let truth = json::parse(&truth).unwrap();
    let mut tickets = 0;
    for (name, source) in &found {
        let outline = outline(PURPLE, source);
        let known = truth["specs"][format!("midimed/{name}").as_str()]
            .as_array()
            .unwrap();
        assert_eq!(outline.items.len(), known.len(), "{name}");
        for (item, known) in outline.items.iter().zip(known) {
            let place = format!("{name}, {}", item.id);
            assert_eq!(known["id"], item.id.as_str(), "{place}");
            assert_eq!(known["phase"].to_string(), item.labels["phase"], "{place}");
            assert_eq!(known["effort"], item.labels["effort"].as_str(), "{place}");
            let waits = item.depends_on.iter().map(|d| match &d.to {
                Target::Item(id) => id.clone(),
                other => format!("{other:?}"),
            });
            assert_eq!(
                strings(&known["depends_on"]),
                waits.collect::<Vec<_>>(),
                "{place}"
            );
            let files = item.scope.entries.iter().map(|e| match e.optional {
                true => format!("{}?", e.path),
                false => e.path.clone(),
            });
            assert_eq!(
                strings(&known["files"]),
                files.collect::<Vec<_>>(),
                "{place}"
            );
            assert!(!item.title.is_empty(), "{place}");
            tickets += 1;
        }
        assert!(outline.groups.iter().all(|g| g.declares_order), "{name}");
        assert_eq!(outline.findings, [], "{name}");
    }
    assert_eq!((found.len(), tickets), (2, 13));
}

#[test]
fn documentation_of_a_ticket_tells_its_deviations() {
    for (name, text) in documents(FOLDER) {
        if name.starts_with("PHASE-3-A") {
            let doc = docs::read(&text, &name, &["PHASE-3-A", "PHASE-3-B"]);
            assert_eq!(doc.tickets, ["PHASE-3-A"]);
            assert_eq!(doc.status.as_deref(), Some("Completed"));
            assert_eq!((doc.deviations.len(), doc.notes.len()), (1, 0));
            assert!(doc.deviations[0].text.starts_with("**No raw SQL"));
            assert_eq!(
                doc.files,
                ["supabase/functions/appointment-reminders/index.ts"]
            );
        }
    }
}

#[test]
fn an_open_fence_anywhere_changes_no_ticket() {
    fences_change_nothing(PURPLE, &specifications());
}

#[test]
fn damaged_specifications_do_not_bring_the_reader_down() {
    damage_is_survived(PURPLE, &specifications());
}

#[test]
fn no_line_of_a_specification_is_slow_by_its_number() {
    repetition_is_cheap(
        PURPLE,
        &[
            "### AO-001: a",
            "**Dependencies:** AO-001 through AO-999, Phase 1-99",
            "- `a/b.rs`",
            "#### Ticket 1",
            "### Phase 1: x",
            "## Dependency Graph",
            "AO-001 ──┬──> AO-002 │ │ │",
        ],
    );
}

#[test]
fn real_documents_are_recognised_by_what_they_hold() {
    for (name, source) in specifications() {
        let format = git_wp::plan::recognise(source.as_bytes(), "plan.md");
        assert_eq!(format, Some(PURPLE), "{name}");
    }
}
