//! What a prompt says where the plan is a document that people tick off: what the element is
//! called, that it alone is to be done, who keeps its status, and how a review is written.

use crate::model::{Format, ItemKind, Package, Plan, ScopeMode};
use crate::plan::outline::{Item, Text};
use crate::plan::{outline_of, profile};

/// What the package is called: `task`, `phase`, `ticket`, `review`; `None` if the plan is no
/// document.
pub(super) fn unit(plan: &Plan, package: &Package) -> Option<&'static str> {
    let profile = profile::of(plan.format)?;
    Some(match is_review(package) {
        true => "review",
        false => profile.unit,
    })
}

fn is_review(package: &Package) -> bool {
    let listing = package.listing.as_ref();
    listing.is_some_and(|listing| listing.kind == ItemKind::Review)
}

/// That nothing but this element is to be done, and who keeps its status.
pub(super) fn only_this(plan: &Plan, package: &Package, out: &mut String) {
    let Some(unit) = unit(plan, package) else {
        return;
    };
    out.push_str(&format!(
        "Only do this {unit}. Do not begin another one, even where it seems to follow.\n\n\
         git wp alone keeps the statuses in\n`{}`:\n\
         tick no box and change no status there, whatever the text above says. Report in words,\n\
         as told below.\n\n",
        plan.source,
    ));
    if is_review(package) {
        review(plan, package, out);
    }
}

/// How a review is written, so that a person can answer what it came to.
fn review(plan: &Plan, package: &Package, out: &mut String) {
    let folder = match package.id.as_str().starts_with("PR") {
        true => "product_review",
        false => "code_review",
    };
    let feature = profile::feature_folder(plan.format, &plan.source);
    let below = if feature.is_empty() { "" } else { "/" };
    out.push_str(&format!(
        "This is a review: look at what was done and change none of it. Write what you find to\n\
         `{feature}{below}{folder}/{}.md`\n\
         and end that file with one line, `Status: APPROVED` or `Status: REQUIRES CHANGES`. A\n\
         person reads it and decides whether the gate opens.\n\n",
        package.id,
    ));
}

/// The sentence before the list of files that may be written, and what holds of all others.
pub(super) fn scope_words(package: &Package) -> (&'static str, &'static str) {
    match package.scope.mode {
        ScopeMode::Strict => (
            "You may create, change and delete files that match one of these, and no other:",
            "A result that touches any other path is refused as a whole. If the task cannot be \
             done\nwithin this scope, stop and say so in the result file.\n\n",
        ),
        ScopeMode::Amend => (
            "These files are expected to be created, changed or deleted:",
            "Touch another path only where the task cannot do without it; it is noted. A result \
             that\ntouches a path of other unfinished work is refused as a whole: then stop and \
             say so in\nthe result file.\n\n",
        ),
        ScopeMode::Open => (
            "The plan names no files. Nothing else runs meanwhile; create, change and delete what \
             the\ntask needs, and no more:",
            "",
        ),
    }
}

/// What the other tickets of a Purple specification promise, and which files are theirs.
pub(super) fn siblings(plan: &Plan, plan_text: &str, package: &Package) -> Option<String> {
    let text = Text::new(plan_text, &plan.source);
    let outline = outline_of::read_outline(Format::Purple, &text)?;
    let others = outline.items.iter();
    let others = others.filter(|item| item.id != package.id.as_str());
    let told: Vec<String> = others.map(sibling).collect();
    (!told.is_empty()).then(|| told.join("\n"))
}

fn sibling(item: &Item) -> String {
    let mut out = format!("{}: {}\n", item.id, item.title);
    let files = item.scope.entries.iter().map(|entry| entry.path.as_str());
    let files: Vec<&str> = files.collect();
    if !files.is_empty() {
        out.push_str(&format!("Files: {}\n", files.join(", ")));
    }
    let names = ["contract/interface", "contract", "interface"];
    let contracts = item.fields.iter();
    let is_contract = |name: &str| names.iter().any(|known| name.eq_ignore_ascii_case(known));
    for field in contracts.filter(|field| is_contract(&field.name)) {
        out.push_str(&format!("{}:\n{}\n", field.name, field.value.trim_end()));
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::agent::prompt::{self, Brief, PROMPT_MAX};
    use crate::agent::slice::Sources;
    use crate::base::{AttemptId, PackageId, RefName};
    use crate::plan::document::{self, Asked};

    /// The prompt of a package of a document, with these files in the repository.
    fn prompt_of((source, text): (&str, &str), id: &str, files: &[(&str, &str)]) -> String {
        let parsed = crate::plan::open(text.as_bytes(), source, None, Asked::default());
        let plan = document::to_do(parsed.plan.unwrap());
        let files: BTreeMap<&str, &str> = files.iter().copied().collect();
        let list = |folder: &str| {
            let inside = format!("{folder}/");
            let below = files.keys().filter(|path| path.starts_with(&inside));
            below.map(|path| (*path).to_owned()).collect()
        };
        let brief = Brief {
            plan: &plan,
            plan_text: text,
            package: plan.package(&PackageId::parse(id).unwrap()).unwrap(),
            attempt: &AttemptId::parse("a1").unwrap(),
            branch: &RefName::parse("refs/heads/wp/f/p/a1").unwrap(),
            case: None,
            notes: &[],
            delimiter: "k3j4h5",
            max: PROMPT_MAX,
        };
        let sources = Sources {
            read: &|path| files.get(path).map(|text| (*text).to_owned()),
            list: &list,
        };
        prompt::write(&brief, sources).text
    }

    const SPEC: &str = "\
# Implementation Plan: Harbour

### Track A: Quay (No Dependencies)
- [x] 1. **Dig**
- [ ] 2. **Set the stones**
  - Files to create/modify: `quay/wall.rs`
  - _Requirements: 1.1_
  - _Dependencies: Task 1_
- [ ] CR-A. **Code review: Track A**
  - Read the walls
  - _Dependencies: Task 2_
";
    const SPEC_PATH: &str = "documentation/features/harbour/tasks.md";
    const SPEC_FILES: [(&str, &str); 3] = [
        (
            "documentation/features/harbour/design.md",
            "# Design\nOf stone.\n",
        ),
        (
            "documentation/features/harbour/requirements.md",
            "# Requirements\n1.1 It stands.\n",
        ),
        ("quay/wall.rs", "fn wall() {}\n"),
    ];

    #[test]
    fn a_task_of_a_spec_list_comes_with_requirements_and_design() {
        insta::assert_snapshot!("spec_task", prompt_of((SPEC_PATH, SPEC), "2", &SPEC_FILES));
    }

    #[test]
    fn a_review_is_told_where_to_write_and_how_to_end() {
        let text = prompt_of((SPEC_PATH, SPEC), "CR-A", &SPEC_FILES);
        insta::assert_snapshot!("spec_review", text);
    }

    #[test]
    fn a_task_of_one_module_sees_what_joins_the_modules() {
        let path = "documentation/features/harbour/modules/crane/tasks.md";
        let files = [
            ("documentation/features/harbour/integration.md", "JOINS"),
            ("documentation/features/harbour/requirements.md", "WISHES"),
            (
                "documentation/features/harbour/modules/crane/design.md",
                "ARM",
            ),
            (
                "documentation/features/harbour/modules/quay/design.md",
                "WALL",
            ),
        ];
        let text = prompt_of((path, SPEC), "2", &files);
        for part in ["JOINS", "WISHES", "ARM"] {
            assert!(text.contains(part), "{part}");
        }
        assert!(!text.contains("WALL"));
    }

    const TEAM: &str = "\
# Implementation Plan: Task #7: cache

- **Task**: 7 - Add a cache
- **Status**: [NOT STARTED]

## Overview

All of it.

## Implementation Phases

### Phase 1: Store [COMPLETED]

**Goal**: a store

**Depends on**: none

### Phase 2: Reader [NOT STARTED]

**Goal**: a reader

**Tasks**:
- [ ] **Task 2.1:** read

**Depends on**: 1

**Files to modify**:
- `src/reader.rs` - the reader

**Verification**:
- `cargo test reader`

## Testing & Validation

- none
";

    #[test]
    fn a_phase_of_a_team_plan_comes_with_its_text_alone() {
        let files = [
            ("specs/007_cache/reports/01_cache.md", "REPORT"),
            ("specs/007_cache/design.md", "DESIGN"),
            ("src/reader.rs", "SOURCE"),
        ];
        let path = "specs/007_cache/plans/01_cache.md";
        insta::assert_snapshot!("team_phase", prompt_of((path, TEAM), "2", &files));
    }

    const PURPLE: &str = "\
# Implementation Specification: Reminders

## Tickets

### Phase 1: API

#### REM-001: Store reminders

**Objective:** keep them

**Contract/Interface:**
- `POST /reminders` gives `201`

**Files:**
- CREATE: `server/reminders.rs`

**Dependencies:** None

### Phase 2: UI

#### REM-002: Show reminders

**Objective:** show them in the web frontend

**Files:**
- CREATE: `web/reminders.tsx`

**Dependencies:** REM-001
";

    #[test]
    fn a_ticket_comes_with_standards_of_its_layer_and_what_others_promise() {
        let files = [
            ("purple/standards/backend/sql.md", "SQL"),
            ("purple/standards/frontend/forms.md", "Forms have labels.\n"),
            (
                "purple/standards/global/how-agents-document.md",
                "Write it down.\n",
            ),
            ("web/reminders.tsx", "SOURCE"),
        ];
        let folder = "purple/documentation/260101-reminders/agent-written-specifications";
        let path = format!("{folder}/implementation-spec-reminders.md");
        let text = prompt_of((&path, PURPLE), "REM-002", &files);
        insta::assert_snapshot!("purple_ticket", text);
    }
}
