//! What may stand in the books, and who may write it.

use super::*;
use crate::model::Format;
use crate::plan::{self, document};

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
