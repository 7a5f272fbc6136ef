//! What may stand in the books, and who may write it.

use super::*;
use crate::base::{ActorId, ContentHash, Oid, RefName, TxnId};
use crate::model::Format;
use crate::plan::{self, document};
use crate::state::record::By;

const PLAN: &str = "# Implementation Plan: Cache\n\n- **Task**: 7 - cache\n\
    - **Status**: [NOT STARTED]\n\n## Implementation Phases\n\n\
    ### Phase 1: First [NOT STARTED]\n\n**Depends on**: none\n\n- [ ] step\n\n\
    ### Phase 2: Second [NOT STARTED]\n\n**Depends on**: 1\n";

fn read() -> Plan {
    let source = "specs/007_cache/plans/01_cache.md";
    let asked = document::Asked::default();
    let parsed = plan::open(PLAN.as_bytes(), source, Some(Format::TeamPlan), asked);
    document::to_do(parsed.plan.unwrap())
}

#[test]
fn only_the_element_itself_may_be_ticked_by_its_agent() {
    let plan = read();
    let own = PackageId::parse("1").unwrap();
    let says = |after: &str| changes_only(&own, &plan, (PLAN.as_bytes(), after.as_bytes()));
    assert!(says(&PLAN.replacen(
        "[NOT STARTED]\n\n**Depends on**: none",
        "[COMPLETED]\n\n**Depends on**: none",
        1
    )));
    assert!(says(
        &PLAN.replace("- [ ] step", "- [x] step *(completed)*")
    ));
    assert!(!says(
        &PLAN.replace("Second [NOT STARTED]", "Second [COMPLETED]")
    ));
    assert!(!says(
        &PLAN.replace("### Phase 2: Second [NOT STARTED]", "")
    ));
    assert!(!says(
        &PLAN.replace("### Phase 1: First", "### Phase 9: First")
    ));
    assert!(!says(&PLAN.replace(
        "- **Status**: [NOT STARTED]",
        "- **Status**: [COMPLETED]"
    )));
}

fn run_started() -> RunStarted {
    let oid = Oid::parse(&"1".repeat(40)).unwrap();
    let name = |text: &str| RefName::parse(text).unwrap();
    RunStarted {
        run: TxnId::parse("run1").unwrap(),
        plan: ContentHash::of(b"plan"),
        base: oid,
        branch: name("refs/heads/x"),
        integration: name("refs/wp/integration/x"),
        options: BTreeMap::new(),
        degraded: Vec::new(),
        by: By {
            actor: ActorId::parse("actor").unwrap(),
            label: "ann@host".to_owned(),
            at: Timestamp::from_millis(0),
        },
    }
}

/// Keeps the books until nothing is left to write; gives the number of looks that wrote.
fn looks(format: Format, source: &str, text: &str, status: ItemStatus) -> usize {
    let asked = document::Asked::default();
    let parsed = plan::open(text.as_bytes(), source, Some(format), asked);
    let plan = document::to_do(parsed.plan.unwrap());
    assert!(!plan.packages.is_empty(), "{source}");
    let packages = plan.packages.iter();
    let statuses = packages.map(|p| (p.id.clone(), status)).collect();
    let mut tree = BTreeMap::from([(source.to_owned(), text.as_bytes().to_vec())]);
    let (records, run) = (FeatureView::default(), run_started());
    for look in 0..5 {
        let found = {
            let read = |path: &str| Ok(tree.get(path).cloned());
            let list = |folder: &str| {
                let below = tree.keys().filter(|path| path.starts_with(folder));
                Ok(below.cloned().collect())
            };
            entries(&Progress {
                plan: &plan,
                statuses: &statuses,
                records: &records,
                run: &run,
                is_over: true,
                now: Timestamp::from_millis(look * 1000),
                read: &read,
                list: &list,
            })
        };
        let found = found.unwrap();
        if found.is_empty() {
            return usize::try_from(look).unwrap();
        }
        for (path, content) in found.into_iter().flat_map(|entry| entry.files) {
            match content {
                Some(bytes) => tree.insert(path, bytes),
                None => tree.remove(&path),
            };
        }
    }
    panic!("{source}: the books of {format:?} are never up to date");
}

#[test]
fn books_that_were_kept_need_no_keeping_in_any_format() {
    let bare = PLAN.replace("- **Status**: [NOT STARTED]\n", "");
    let ticket = "# Spec\n\n## Tickets\n\n### Phase 1: One\n\n#### AO-001: First\n\n\
        **Objective:** x\n\n**Files:**\n- MODIFY: `a`\n\n**Dependencies:** None\n";
    let boxes = "## 1. One\n\n- [ ] 1.1 Write `a`\n- [ ] 1.2 Write `b`\n";
    let spec = "# Tasks\n\n### Track A: One (No Dependencies)\n\n- [ ] 1. **Write `a`**\n\
        - [ ] 2. **Write `b`**\n";
    let kit = "# Tasks: x\n\n## Phase 1: Setup\n\n- [ ] T001 Write a\n- [ ] T002 [P] Write b\n";
    let purple = "purple/documentation/x/agent-written-specifications/implementation-spec-x.md";
    let files = [
        (Format::TeamPlan, "specs/007_x/plans/01_x.md", PLAN),
        (Format::TeamPlan, "specs/007_x/plans/01_x.md", bare.as_str()),
        (Format::Purple, purple, ticket),
        (Format::OpenspecTasks, "openspec/changes/x/tasks.md", boxes),
        (Format::KiroTasks, ".kiro/specs/x/tasks.md", boxes),
        (Format::SpecTasks, "documentation/features/x/tasks.md", spec),
        (Format::SpeckitTasks, "specs/001-x/tasks.md", kit),
    ];
    for (format, source, text) in files {
        for status in [ItemStatus::Done, ItemStatus::Blocked] {
            assert!(looks(format, source, text, status) <= 1, "{source}");
        }
    }
}
