//! Statuses written into documents and back: the same bytes, and nothing else changes in between.

use std::collections::BTreeSet;

use git_wp::check;
use git_wp::model::{Format, ItemStatus, Severity};
use git_wp::plan::document::{self, Asked};
use git_wp::plan::outline::{Mark, MarkStyle, Outline, Text};
use git_wp::plan::outline_of::read_outline;
use git_wp::plan::write_back::{Document, NewStatus, Refusal, Whose, set_status};
use git_wp::plan::{self, export};
use git_wp::scope::Fold;

use crate::support::documents::documents;

/// Boxes of a document that are given every status; those after them are ticked and cleared.
const ALL_STATUSES_OF: usize = 8;
const SOURCE: &str = "plan.md";

/// What was seen of round trips, so that a test that tried nothing fails.
#[derive(Debug, Default)]
struct Seen {
    elements: usize,
    changes: usize,
    no_place: usize,
    /// Back by the word that all formats share, but in the more usual of two spellings.
    respelt: usize,
}

/// A document under test.
struct Trial<'a> {
    name: &'a str,
    named: (Format, &'a str),
    source: &'a str,
    outline: Outline,
    document: Document<'a>,
}

fn outline(format: Format, source: &str) -> Outline {
    read_outline(format, &Text::new(source, SOURCE)).unwrap()
}

impl<'a> Trial<'a> {
    fn new(format: Format, name: &'a str, source: &'a str) -> Self {
        Trial {
            name,
            named: (format, SOURCE),
            source,
            outline: outline(format, source),
            document: Document::read(source, (format, SOURCE)).unwrap(),
        }
    }

    /// Sets every element, and the document itself, to every status and back.
    fn round(&self, seen: &mut Seen) {
        if let Some(mark) = &self.outline.mark {
            self.there_and_back(Whose::Plan, mark, &ItemStatus::ALL, seen);
        }
        let items = &self.outline.items;
        for (nth, item) in items.iter().enumerate() {
            seen.elements += 1;
            let whose = Whose::Item(&item.id);
            if items.iter().filter(|other| other.id == item.id).count() > 1 {
                let refused = self
                    .document
                    .set(whose, &NewStatus::Status(ItemStatus::Done));
                assert_eq!(
                    refused,
                    Err(Refusal::Repeated),
                    "{}: {}",
                    self.name,
                    item.id
                );
                continue;
            }
            let few = item.mark.style == MarkStyle::Box && self.named.0 != Format::KiroTasks;
            let statuses = match few && nth >= ALL_STATUSES_OF {
                true => &[ItemStatus::Pending, ItemStatus::Done][..],
                false => &ItemStatus::ALL,
            };
            self.there_and_back(whose, &item.mark, statuses, seen);
        }
    }

    fn there_and_back(
        &self,
        whose: Whose<'_>,
        mark: &Mark,
        statuses: &[ItemStatus],
        seen: &mut Seen,
    ) {
        let mut tried = vec![self.source.to_owned()];
        for &status in statuses {
            let place = format!("{}: {whose:?} to {status:?}", self.name);
            let after = match self.document.set(whose, &NewStatus::Status(status)) {
                Ok(after) => after,
                Err(Refusal::NoPlace) => {
                    let removal = status == ItemStatus::Unknown;
                    let put_off = mark.status == ItemStatus::Skipped;
                    assert!(mark.range.is_none() || removal || put_off, "{place}");
                    seen.no_place += 1;
                    continue;
                }
                Err(refusal) => panic!("{place}: {refusal}"),
            };
            if tried.contains(&after) {
                continue;
            }
            seen.changes += 1;
            only_the_mark_differs(self.source, &after, mark, &place);
            self.back(whose, mark, (&after, &place), seen);
            tried.push(after);
        }
    }

    fn back(&self, whose: Whose<'_>, mark: &Mark, (after, place): (&str, &str), seen: &mut Seen) {
        let changed = Document::read(after, self.named).unwrap();
        let back = changed.set(whose, &NewStatus::Marker(mark.text.clone()));
        assert_eq!(back.as_deref(), Ok(self.source), "{place}, back by marker");
        let back = changed.set(whose, &NewStatus::Status(mark.status)).unwrap();
        if back != self.source {
            only_the_mark_differs(self.source, &back, mark, place);
            let read = outline(self.named.0, &back);
            let found = match whose {
                Whose::Plan => read.mark.as_ref(),
                Whose::Item(id) => read.item(id).map(|item| &item.mark),
            };
            assert_eq!(found.unwrap().status, mark.status, "{place}, back by word");
            seen.respelt += 1;
        }
    }
}

fn only_the_mark_differs(source: &str, after: &str, mark: &Mark, place: &str) {
    let range = mark.range.clone().unwrap();
    let (mut start, mut end) = (range.start, range.end);
    if mark.style == MarkStyle::Bracket && !mark.text.is_empty() && after.len() < source.len() {
        // The bracket may go with its words.
        start -= " [".len();
        end += "]".len();
    }
    assert!(after.starts_with(&source[..start]), "{place}");
    assert!(after.ends_with(&source[end..]), "{place}");
    assert!(after.len() >= start + source.len() - end, "{place}");
}

/// The round trip of every document in a folder of the corpus; `None` where there is none.
fn corpus(folder: &str, format: Format) -> Option<Seen> {
    let mut seen = Seen::default();
    let found = documents(folder);
    for (name, source) in &found {
        Trial::new(format, name, source).round(&mut seen);
    }
    (!found.is_empty()).then_some(seen)
}

#[test]
fn team_plans_come_back_byte_for_byte() {
    let Some(seen) = corpus("team-plans", Format::TeamPlan) else {
        return;
    };
    assert!(seen.elements == 208 && seen.changes > 1000, "{seen:?}");
    assert_eq!(seen.respelt, 0);
}

#[test]
fn plans_without_dependency_fields_come_back_byte_for_byte() {
    let Some(seen) = corpus("team-plans-nodeps", Format::TeamPlan) else {
        return;
    };
    assert!(seen.elements > 90 && seen.changes > 500, "{seen:?}");
}

#[test]
fn spec_lists_come_back_byte_for_byte() {
    let Some(seen) = corpus("spec-tasks", Format::SpecTasks) else {
        return;
    };
    // A task that is a heading has no box.
    assert!(seen.changes > 100 && seen.no_place > 0, "{seen:?}");
    assert_eq!(seen.respelt, 0);
}

#[test]
fn what_holds_no_status_has_no_place_for_one() {
    for (folder, format) in [
        ("purple/midimed", Format::Purple),
        ("speckitty-tasks", Format::SpeckittyTasks),
    ] {
        let Some(seen) = corpus(folder, format) else {
            return;
        };
        assert!(seen.changes == 0 && seen.no_place > 0, "{seen:?}");
    }
}

#[test]
fn lists_of_openspec_come_back_byte_for_byte() {
    let Some(seen) = corpus("openspec-tasks", Format::OpenspecTasks) else {
        return;
    };
    assert!(seen.changes > 400 && seen.respelt == 0, "{seen:?}");
}

#[test]
fn lists_of_kiro_come_back_byte_for_byte() {
    let Some(seen) = corpus("kiro-tasks", Format::KiroTasks) else {
        return;
    };
    // One `X` stands in a list of `x`.
    assert!(seen.changes > 800 && seen.respelt == 3, "{seen:?}");
}

#[test]
fn lists_of_spec_kit_come_back_byte_for_byte() {
    let Some(seen) = corpus("speckit-tasks", Format::SpeckitTasks) else {
        return;
    };
    assert!(seen.changes > 900 && seen.respelt == 0, "{seen:?}");
}

const TEAM: &str = "# Implementation Plan: Cache\n\n- **Task**: 7 - cache\n\
    - **Status**: [PLANNED]  \n\n## Implementation Phases\n\n\
    ### Phase 1: chapters[] of [API] [DONE]\t \n\n**Depends on**: none\n\n\
    Set the heading to [COMPLETED], not to [NOT STARTED].\n\n- [ ] step [BLOCKED]\n\n\
    ### Phase 2A: Second [OPTIONAL] [NOT STARTED]\n\n**Depends on**: 1\n\n\
    ### Phase 3: Third [MANUAL] (by hand)\n\n**Depends on**: 1\n\n\
    ### Phase 4: Fourth\n\n**Depends on**: 1\n";
const SPEC: &str = "# Tasks\n\n### Track A: One (No Dependencies)\n\n\
    - [x] 1. **First [x] of them** ✓  \n  - _Dependencies: none_\n\
    - [ ] 2. **Second**\n  - `- [x]` is a box\n  - _Dependencies: Task 1_\n\
    - [ ] CR-A. **Review**\n  - _Dependencies: Tasks 1-2_\n";
const KIRO: &str = "# Implementation Plan\n\n- [X] 1. First\n- [-] 2. Second\n  - [~] 2.1 Part\n\
    - [ ]* 3. Third (P)\n- [/] 4. Fourth\n- [x] 5. Fifth - [ ] [x]\n";
const OPENSPEC: &str = "## 1. Section\n\n- [ ] 1.1 First\n* [x] 1.2 Second\n- [x] no number\n";
const SPECKIT: &str = "# Tasks\n\n## Phase 1: Setup\n\n- [ ] T001 First in a.py\n\
    - [X] T002 [P] Second in b.py\n- [X] T003 Third SKIPPED\n- [x] T004 Fourth\n";
const LANE: &str = "---\nwork_package_id: \"WP01\"\ntitle: \"planned\"\nlane: \"planned\"\n\
    dependencies: []\nhistory:\n- lane: planned\n---\n\n# Work Package Prompt: WP01\n";

/// The same text as other editors save it.
fn saved(text: &str) -> [String; 4] {
    [
        text.to_owned(),
        text.replace('\n', "\r\n"),
        format!("\u{feff}{text}"),
        format!("\u{feff}{}", text.trim_end().replace('\n', "\r\n")),
    ]
}

#[test]
fn documents_of_every_format_come_back_whatever_ends_their_lines() {
    for (format, text, least) in [
        (Format::TeamPlan, TEAM, 30),
        (Format::SpecTasks, SPEC, 3),
        (Format::KiroTasks, KIRO, 15),
        (Format::OpenspecTasks, OPENSPEC, 2),
        (Format::SpeckitTasks, SPECKIT, 3),
        (Format::SpeckittyTasks, LANE, 3),
    ] {
        let mut counts = BTreeSet::new();
        for (nth, text) in saved(text).iter().enumerate() {
            let mut seen = Seen::default();
            Trial::new(format, &format!("{format:?} {nth}"), text).round(&mut seen);
            assert!(seen.changes >= least, "{format:?} {nth}: {seen:?}");
            counts.insert(seen.changes);
        }
        assert_eq!(counts.len(), 1, "{format:?}: {counts:?}");
    }
}

fn written(format: Format, text: &str, id: &str, status: &str) -> Result<String, Refusal> {
    let to = NewStatus::parse(status);
    let after = set_status(text, (format, SOURCE), Whose::Item(id), &to)?;
    let mark = outline(format, &after).item(id).unwrap().mark.clone();
    Ok(mark.text)
}

#[test]
fn a_status_is_written_as_the_users_of_the_format_do() {
    use Format::{KiroTasks, OpenspecTasks, SpeckitTasks, SpeckittyTasks, TeamPlan};
    for (format, text, id, status, marker) in [
        (TeamPlan, TEAM, "1", "in-review", "IN PROGRESS"),
        (TeamPlan, TEAM, "2A", "done", "DONE"),
        (TeamPlan, TEAM, "4", "failed", "PARTIAL"),
        (TeamPlan, TEAM, "4", "EXPANDED", "EXPANDED"),
        (KiroTasks, KIRO, "1", "running", "-"),
        (KiroTasks, KIRO, "1", "blocked", "~"),
        (KiroTasks, KIRO, "2", "blocked", "~"),
        (KiroTasks, KIRO, "3", "partial", "-"),
        (OpenspecTasks, OPENSPEC, "1.1", "done", "x"),
        (OpenspecTasks, OPENSPEC, "1.2", "blocked", " "),
        (SpeckitTasks, SPECKIT, "T001", "x", "x"),
        (SpeckitTasks, SPECKIT, "T001", "skipped", " "),
        (SpeckittyTasks, LANE, "WP01", "in-review", "for_review"),
        (SpeckittyTasks, LANE, "WP01", "done", "done"),
    ] {
        let found = written(format, text, id, status);
        assert_eq!(found.as_deref(), Ok(marker), "{format:?} {id} {status}");
    }
}

#[test]
fn what_is_no_marker_is_refused() {
    let no_marker = |format, text, id, status| {
        let refused = written(format, text, id, status);
        let is_no_marker = matches!(&refused, Err(Refusal::NoMarker(known)) if !known.is_empty());
        assert!(is_no_marker, "{status}: {refused:?}");
    };
    for status in ["COMPLETD", "completed", "DONE] [BLOCKED", "A\nB", "x", " "] {
        no_marker(Format::TeamPlan, TEAM, "1", status);
    }
    for status in ["", "xx", "]", "?", "\n", "x] 9. Nine\n- [x"] {
        no_marker(Format::KiroTasks, KIRO, "1", status);
    }
    for status in ["DONE!", "done: x", "\"", "done\nwork_package_id: WP02"] {
        no_marker(Format::SpeckittyTasks, LANE, "WP01", status);
    }
    let refused = written(Format::TeamPlan, TEAM, "9", "done");
    assert_eq!(refused, Err(Refusal::Unknown));
    let refused = set_status(
        "a: 1\n",
        (Format::WorkPackages, SOURCE),
        Whose::Plan,
        &NewStatus::parse("done"),
    );
    assert_eq!(refused, Err(Refusal::NoDocument));
}

/// Every document of the corpus that is a plan to run: as work packages it is one too.
#[test]
fn what_is_converted_is_valid_work_packages() {
    let context = check::Context {
        read_file: &|_| None,
        program_exists: &|_| false,
        extra_namespaces: &[],
        fold: Fold::None,
    };
    let mut converted = 0;
    for (folder, format) in [
        ("team-plans", Format::TeamPlan),
        ("team-plans-nodeps", Format::TeamPlan),
        ("spec-tasks", Format::SpecTasks),
        ("purple/midimed", Format::Purple),
        ("kiro-tasks", Format::KiroTasks),
        ("openspec-tasks", Format::OpenspecTasks),
        ("speckit-tasks", Format::SpeckitTasks),
        ("speckitty-tasks", Format::SpeckittyTasks),
    ] {
        for (name, source) in documents(folder) {
            let source = reopened(format, &source);
            let parsed = plan::open(source.as_bytes(), SOURCE, Some(format), Asked::default());
            let valid = check::judge(&parsed, SOURCE, &context).valid;
            let Some(plan) = parsed.plan.filter(|_| valid) else {
                continue;
            };
            let plan = document::to_do(plan);
            if plan.packages.is_empty() {
                continue;
            }
            let (yaml, renamed) = export::work_packages(&plan).unwrap();
            let report = check::validate(yaml.as_bytes(), "x/work-packages.yaml", &context);
            let errors = report
                .findings
                .iter()
                .filter(|f| f.severity == Severity::Error);
            let errors: Vec<String> = errors.map(|f| f.message.clone()).collect();
            assert!(report.valid, "{folder}/{name}: {errors:?}");
            assert_eq!(report.packages, plan.packages.len(), "{folder}/{name}");
            assert!(renamed.iter().all(|(id, _)| plan.package(id).is_some()));
            converted += 1;
        }
    }
    assert!(converted == 0 || converted > 100, "{converted}");
}

/// The document with nothing done yet, as far as it has places for that.
fn reopened(format: Format, source: &str) -> String {
    let mut text = source.to_owned();
    let mut marks: Vec<Mark> = outline(format, source)
        .items
        .into_iter()
        .map(|item| item.mark)
        .collect();
    marks.sort_by_key(|mark| std::cmp::Reverse(mark.range.as_ref().map(|range| range.start)));
    for mark in marks.into_iter().filter(|mark| mark.status.is_settled()) {
        let open = match mark.style {
            MarkStyle::Box => " ",
            MarkStyle::Bracket | MarkStyle::Words => "NOT STARTED",
            MarkStyle::Nowhere => continue,
        };
        if let Some(range) = mark.range {
            text.replace_range(range, open);
        }
    }
    text
}
