//! Whole runs of plans that are documents, with scripted agents: what is merged, what the files say
//! afterwards, and how a second run goes on.

use std::fs;

use super::support::Scratch;

const TEAM: &str = "# Implementation Plan: Task #7: cache

- **Task**: 7 - Add a cache
- **Status**: [NOT STARTED]

## Overview

Words.

## Implementation Phases

**Dependency Analysis**:
| Wave | Phases | Blocked by |
|------|--------|------------|
| 1 | 1 | -- |
| 2 | 2, 3 | 1 |
| 3 | 4 | 2, 3 |

### Phase 1: Store [NOT STARTED]

**Goal**: a store

**Depends on**: none

**Files to modify**:
- `src/1.txt` - the store

### Phase 2: Reader [NOT STARTED]

**Goal**: a reader

**Depends on**: 1

**Files to modify**:
- `src/2.txt` - the reader

### Phase 3: Writer [NOT STARTED]

**Goal**: a writer

**Depends on**: 1

**Files to modify**:
- `src/3.txt` - the writer

### Phase 4: Whole [NOT STARTED]

**Goal**: all of it

**Depends on**: 2, 3

**Files to modify**:
- `src/4.txt` - the whole

## Testing & Validation

- none
";
const PLAN: &str = "specs/007_add_cache/plans/01_add-cache.md";

/// A repository with a file of this content, and an agent that does what `script` says.
pub(super) fn scene(path: &str, text: &str, script: &str) -> Scratch {
    let scratch = Scratch::new();
    scratch.write(path, text);
    scratch.git(&["add", "-A"]);
    scratch.git(&["commit", "-q", "-m", "plan"]);
    let agent = scratch.path().with_file_name("agent.sh");
    fs::write(&agent, script).unwrap();
    let command = format!("sh {}", agent.display());
    scratch.git(&["config", "wp.agent.script.command", &command]);
    scratch
}

/// Writes the file of its package and ticks its own phase, as the seed's agents are told to.
const WRITES: &str = "mkdir -p src && echo \"$WP_PACKAGE\" > \"src/$WP_PACKAGE.txt\"
if test \"$WP_PACKAGE\" = \"$FAILS\"; then exit 3; fi
plan=specs/007_add_cache/plans/01_add-cache.md
sed -i \"/^### Phase $WP_PACKAGE:/s/NOT STARTED/COMPLETED/\" $plan
git add -A && git commit -q -m work\n";

fn statuses(scratch: &Scratch, branch: &str) -> Vec<String> {
    let text = scratch.git(&["show", &format!("{branch}:{PLAN}")]);
    let headings = text.lines().filter(|line| line.starts_with("### Phase"));
    let bracket = |line: &str| {
        line.rsplit_once('[')
            .unwrap()
            .1
            .trim_end_matches(']')
            .to_owned()
    };
    headings.map(bracket).collect()
}

#[test]
fn a_team_plan_is_run_and_ticked_off_by_the_tool_alone() {
    let scratch = scene(PLAN, TEAM, WRITES);
    scratch.wp(&["approve", "7"]).expect(0);
    let run = scratch.wp(&["implement", "7", "--agent", "script", "--json"]);
    let data = run.expect(0).data().clone();
    assert_eq!(data["feature"], "007_add_cache");
    assert_eq!(data["result"], "merged");
    let branch = data["branch"].as_str().unwrap();
    assert_eq!(statuses(&scratch, branch), ["COMPLETED"; 4]);
    for package in ["1", "2", "3", "4"] {
        let file = format!("{branch}:src/{package}.txt");
        assert_eq!(scratch.git(&["show", &file]).trim(), package);
    }
    // The checkout is the user's own.
    assert_eq!(fs::read_to_string(scratch.path().join(PLAN)).unwrap(), TEAM);
    let again = scratch.wp(&["implement", "7", "--agent", "script", "--json"]);
    assert_eq!(again.expect(0).data()["result"], "merged");

    // What is ticked off needs no new approval, and is not done again.
    scratch.git(&["merge", "-q", "--ff-only", branch]);
    let merged = scratch.wp(&["implement", "7", "--agent", "script", "--json"]);
    assert_eq!(merged.expect(0).data()["result"], "merged");
    scratch.assert_sound();
}
