//! The blocks as people read them.

use super::*;
use crate::base::Timestamp;
use crate::model::Format;
use crate::plan::outline::Text;
use crate::plan::outline_of::read_outline;
use crate::report::event_line::EventLine;

const LIST: &str = "\
# Implementation Plan: Harbour

### Track A: Quay (No Dependencies)
- [x] 1. **Dig**
- [ ] 2. **Wall**
- [ ] 3. **Stones**
- [ ] CR-A. **Code review: Track A**
  - _Dependencies: Tasks 1-3_
- [ ] RW-A. **Rework: Track A**
  - _Trigger: Only if CR-A status is \"Requires changes\"_

### Track B: Crane (No Dependencies)
- [x] 4. **Base**
- [x] CR-B. **Code review: Track B**
  - **STATUS: REQUIRES CHANGES**

### Track C: Light (Dependencies: Track A, CR-A)
- [ ] 10. **Tower**
";

fn list() -> TaskList {
    let outline = read_outline(Format::SpecTasks, &Text::new(LIST, "tasks.md")).unwrap();
    TaskList::of(&FeatureId::parse("harbour").unwrap(), &outline)
}

fn id(word: &str) -> PackageId {
    PackageId::parse(word).unwrap()
}

fn event(kind: &str, word: &str, package: &str) -> EventLine {
    EventLine {
        at: Timestamp::from_millis(0),
        package: Some(id(package)),
        attempt: None,
        kind: kind.to_owned(),
        word: word.to_owned(),
        text: String::new(),
        commit: None,
    }
}

fn span(ended: Option<i64>) -> Option<Span> {
    Some(Span {
        began: Timestamp::from_millis(0),
        ended: ended.map(Timestamp::from_millis),
    })
}

#[test]
fn the_progress_block_follows_what_happens() {
    let mut board = Board::new(list(), Statuses::new(), span(None));
    let lasting = [
        ("attempt-started", "", "2"),
        ("attempt-started", "", "3"),
        ("attempt-started", "", "10"),
        ("landed", "", "2"),
        ("attempt-ended", "completed", "2"),
        ("attempt-ended", "failed", "10"),
        ("attempt-started", "", "CR-A"),
    ];
    let lasting = lasting.map(|(kind, word, id)| board.observe(&event(kind, word, id)));
    assert_eq!(lasting, [false, false, false, true, false, true, false]);
    let now = Timestamp::from_millis(8_100_000);
    insta::assert_snapshot!(board.lines(now).join("\n"), @r"
    Progress: 3/5 tasks complete
    Active: Track A (Task 3, CR-A)
    Completed: Tasks 1-2, 4
    Failed: Task 10
    Gates: CR-A open, CR-B changes requested
    Time Elapsed: 2h 15m
    ");
    let tally = board.tally(now);
    assert_eq!(
        (tally.complete, tally.total, tally.seconds),
        (3, 5, Some(8100))
    );
    assert_eq!(tally.failed, [id("10")]);
}

#[test]
fn a_written_review_waits_for_its_verdict() {
    let mut board = Board::new(list(), Statuses::new(), None);
    board.observe(&event("attempt-started", "", "CR-A"));
    board.observe(&event("verified", "passed", "CR-A"));
    let lines = board.lines(Timestamp::from_millis(0));
    assert_eq!(lines[1], "Active: None");
    assert_eq!(
        lines[4],
        "Gates: CR-A waits for a verdict, CR-B changes requested"
    );
    assert_eq!(lines.len(), 5, "no run, no time");
}

#[test]
fn the_completion_report_says_what_and_why() {
    let statuses = [
        (id("2"), PackageStatus::Failed),
        (id("3"), PackageStatus::Merged),
        (id("CR-A"), PackageStatus::Blocked),
        (id("10"), PackageStatus::Blocked),
    ];
    let why = [
        (id("2"), "ended with exit code 3"),
        (id("CR-A"), "blocked by `2`"),
        (id("10"), "blocked by `2`"),
    ];
    let why = why.map(|(id, why)| (id, why.to_owned())).into();
    let report = Completion::of(&list(), &statuses.into(), &why);
    insta::assert_snapshot!(report.render(), @r"
    Completion Report
    Progress: 3/5 tasks complete
    - Track A: Tasks 1, 3 complete; Task 2 failed
    - Track B: Task 4 complete
    - Track C: Task 10 skipped
    Failed:
    - Task 2: ended with exit code 3
    Skipped:
    - Task 10, then gate CR-A: blocked by `2`
    Gates:
    - CR-A open
    - CR-B changes requested
    ");
}

#[test]
fn a_gate_that_asks_for_changes_names_the_rework() {
    let statuses = [
        (id("2"), PackageStatus::Merged),
        (id("3"), PackageStatus::Merged),
        (id("CR-A"), PackageStatus::Failed),
        (id("10"), PackageStatus::Blocked),
    ];
    let report = Completion::of(&list(), &statuses.into(), &BTreeMap::new());
    let text = report.render();
    let rework = "- CR-B changes requested\n\
        Rework: RW-A does not run by itself; after --fail the next run has the review \
        written anew\n";
    assert!(text.ends_with(rework), "{text}");
    assert_eq!(report.rework, [id("RW-A")]);
    let statuses = [(id("CR-A"), PackageStatus::Awaiting)];
    let text = Completion::of(&list(), &statuses.into(), &BTreeMap::new()).render();
    let next = "- CR-A waits for a verdict: git wp evidence harbour/CR-A verdict --pass";
    assert!(text.contains(next), "{text}");
}
