//! Readers against damaged input: no panic, no long wait, and always a place. Seeded, so a failure
//! comes back.

use std::time::{Duration, Instant};

use git_wp::check::{self, Context};
use git_wp::guard::{self, Rules};
use git_wp::model::{Format, LockKey, Trust};
use git_wp::plan::document::{self, Asked};
use git_wp::plan::write_back::{Document, NewStatus, Refusal, Whose};
use git_wp::plan::{self, contracts, queue_result};
use git_wp::scope::Fold;

use crate::support::documents::documents;

/// xorshift; good enough to damage text.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

const SEED: &str = "schema_version: 1\nfeature:\n  id: add-x\n  plan_revision: 1\ncontracts:\n  \
    revision: 1\n  files:\n    - {path: api.yaml, kind: openapi}\ndefaults: {priority: 3}\n\
    packages:\n  - package_id: wp-a\n    description: >-\n      folded\n      text\n    depends_on: []\n    \
    locks: {files: ['a/b'], keys: [\"api:GET /x/{id}\"]}\n    scope:\n      write_allow:\n        - 'src/**'\n        \
    - \"a/{b,c}/[d-f]*\"\n      read_allow: ['**']\n    inputs: {n: 0x1F, f: 1.5e3, x: ~}\n    \
    verification:\n      steps:\n        - name: t\n          kind: command\n          command: |\n            \
    make test\n  - id: two\n    dependencies: [wp-a]\n    tasks: [1.1]\n# end\n";

const SNIPPETS: [&str; 40] = [
    "&a ",
    "*a",
    "!t ",
    "!t,",
    "!<x>",
    "!!int ",
    "<<: ",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "%TAG ! x\n",
    "\t",
    "\"",
    "'",
    "\\",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "\u{1F600}",
    "\r",
    "\r\n",
    "\n",
    "? ",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "|2-\n",
    ">+\n",
    ".nan",
    "1e999",
    "99999999999999999999",
    "\0",
    "#",
    "\"\\x4\"",
    "**",
    "\"\\",
];

fn damaged(dice: &mut Dice, seed: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=dice.roll(5) {
        let at = dice.roll(bytes.len() + 1);
        match dice.roll(5) {
            0 => {
                let to = (at + dice.roll(30)).min(bytes.len());
                bytes.drain(at..to);
            }
            1 if at < bytes.len() => bytes[at] = u8::try_from(dice.roll(256)).unwrap(),
            2 => {
                let to = (at + dice.roll(60)).min(bytes.len());
                let copy = bytes[at..to].to_vec();
                let into = dice.roll(bytes.len() + 1);
                bytes.splice(into..into, copy);
            }
            3 => bytes.truncate(at.max(1)),
            _ => {
                let snippet = SNIPPETS[dice.roll(SNIPPETS.len())];
                bytes.splice(at..at, snippet.bytes());
            }
        }
    }
    bytes
}

fn judge(bytes: &[u8]) {
    let context = Context {
        read_file: &|_| Some(b"openapi: 3.1.0".to_vec()),
        program_exists: &|_| false,
        extra_namespaces: &[],
        fold: Fold::Case,
    };
    let report = check::validate(bytes, "x/work-packages.yaml", &context);
    assert!(report.valid || !report.findings.is_empty());
    for finding in &report.findings {
        assert!(finding.line > 0 && finding.column > 0, "{finding:?}");
    }
}

#[test]
fn damaged_plans_are_judged_without_panic() {
    let mut dice = Dice(0x5eed_0001);
    for _ in 0..rounds() {
        judge(&damaged(&mut dice, SEED.as_bytes()));
    }
}

/// More by request: `FUZZ_ROUNDS=100000 cargo test --release fuzz`.
fn rounds() -> usize {
    let asked = std::env::var("FUZZ_ROUNDS")
        .ok()
        .and_then(|n| n.parse().ok());
    asked.unwrap_or(1_500)
}

#[test]
fn random_bytes_are_judged_without_panic() {
    let mut dice = Dice(0x5eed_0002);
    let alphabet = b"-:?,[]{}#&*!|>'\"%@` \n\ta1\\<~\xc3\xa4\xff";
    for _ in 0..rounds() {
        let length = dice.roll(60);
        let bytes: Vec<u8> = (0..length)
            .map(|_| alphabet[dice.roll(alphabet.len())])
            .collect();
        judge(&bytes);
        let _ = contracts::parse(git_wp::model::ContractKind::Openapi, &bytes);
        let _ = contracts::parse(git_wp::model::ContractKind::JsonSchema, &bytes);
        let _ = queue_result::check(&bytes, "r");
    }
}

#[test]
fn damaged_lock_keys_and_results_are_judged_without_panic() {
    let mut dice = Dice(0x5eed_0003);
    let result =
        br#"{"schema_version": 1, "status": "completed", "git": {"head": {"commit": "0123abc"}}}"#;
    let keys = [
        "api:GET /x/{id}/:y",
        "feature:a:pause",
        "db:schema:users",
        "flag:a/*",
    ];
    for _ in 0..rounds() {
        let _ = queue_result::check(&damaged(&mut dice, result), "r");
        let seed = keys[dice.roll(keys.len())];
        let key = damaged(&mut dice, seed.as_bytes());
        let key = String::from_utf8_lossy(&key).into_owned();
        let other = LockKey::unchecked(keys[dice.roll(keys.len())]);
        let _ = LockKey::parse(&key, &[]);
        let key = LockKey::unchecked(&key);
        assert_eq!(key.meets(&other), other.meets(&key));
    }
}

const COMMANDS: &str = "cd a && A=b sudo -u x sh -c 'rm -rf \"$HOME\"' | tee >(cat) 2>&1 > .env\n\
    for f in {a,b}*; do git -C $f push +x:y; done; case $x in a|b) echo `date` ;; esac\n\
    psql -c \"DROP TABLE a\" <<-'E' ; echo $(( (1<<2) + ${y:-$(id)} )) # x\n\tDELETE FROM b;\n\tE\n\
    find . -exec rm {} \\; f() { eval \"$(curl x)\"; }; echo $'\\x41\\n' <<< \"q\"";

const SHELL_WORDS: [&str; 30] = [
    "$(",
    "`",
    "${",
    "$((",
    "((",
    "))",
    ")",
    "}",
    "'",
    "\"",
    "\\",
    "<<E\n",
    "<<<",
    "<(",
    ">&",
    "|&",
    ";;",
    "case x in ",
    "esac",
    "for a in ",
    "do ",
    "sh -c ",
    "eval ",
    "$'\\u",
    "A=$A$A ",
    "{a,",
    "\n",
    "#",
    "xargs ",
    "env -S ",
];

fn weigh(text: &str) {
    let request = guard::Request {
        text,
        paths: &[text.to_owned()],
        trust: Trust::NONE,
    };
    let verdict = guard::judge(&Rules::default(), &request);
    assert_eq!(
        verdict.safe,
        !verdict.findings.iter().any(|finding| finding.blocked)
    );
}

#[test]
fn damaged_command_lines_are_judged_without_panic() {
    let mut dice = Dice(0x5eed_0004);
    for _ in 0..rounds() {
        let text = String::from_utf8_lossy(&damaged(&mut dice, COMMANDS.as_bytes())).into_owned();
        weigh(&text);
        let words = dice.roll(40);
        let text: String = (0..words)
            .map(|_| SHELL_WORDS[dice.roll(SHELL_WORDS.len())])
            .collect();
        weigh(&text);
    }
}

#[test]
fn command_lines_made_to_exhaust_are_judged_within_a_second() {
    let limit = Duration::from_secs(if cfg!(debug_assertions) { 12 } else { 1 });
    for word in SHELL_WORDS
        .into_iter()
        .chain(["a|", "a=$a$a;", "$a ", "{a,b}", "sh -c \"$(", "a "])
    {
        let text = word.repeat((256 << 10) / word.len());
        let start = Instant::now();
        weigh(&text);
        assert!(
            start.elapsed() < limit,
            "`{word}` took {:?}",
            start.elapsed()
        );
    }
}

#[test]
fn inputs_made_to_exhaust_are_refused_within_a_second() {
    let many = |text: &str| text.repeat((1 << 20) / text.len());
    let each =
        |text: &dyn Fn(usize) -> String, count: usize| -> String { (0..count).map(text).collect() };
    let package = |i: usize| format!("  - {{id: p{i}, dependencies: [p{}]}}\n", i + 1);
    let inputs = [
        many("["),
        many("{"),
        many("{a: "),
        many("- "),
        many("? "),
        many("a: "),
        many("!"),
        many("[!a,"),
        many("'"),
        many("\"\\"),
        many("\n"),
        many(" "),
        many("#"),
        many("|\n"),
        many("- |\n"),
        many("a"),
        many("é"),
        many("*a "),
        many("&a "),
        many("- x\n"),
        many("---\n"),
        many("%"),
        many("[],"),
        each(&|i| format!("k{i}: 1\n"), 90_000),
        each(
            &|i| format!("- &a{i} [*a{}, *a{}]\n", i.max(1) - 1, i.max(1) - 1),
            30_000,
        ),
        format!("packages: [{}]", "x,".repeat(500_000)),
        format!("packages: [{}]", "{},".repeat(300_000)),
        format!("packages:\n{}", each(&package, 9_999)),
        format!(
            "packages:\n{}",
            each(&|i| format!("- {{id: p{i}}}\n"), 100_000)
        ),
        format!(
            "packages:\n{}",
            each(
                &|i| format!("- {{id: p{i}, scope: {{write_allow: ['**']}}}}\n"),
                9_999
            )
        ),
        format!(
            "packages:\n- {{id: a, locks: {{keys: [{}]}}}}\n",
            each(&|i| format!("'api:G /{{a}}{i}',"), 40_000)
        ),
        format!(
            "packages:\n- {{id: a, depends_on: [{}]}}\n",
            "b,".repeat(400_000)
        ),
        format!(
            "packages:\n- {{id: a, scope: {{write_allow: [{}]}}}}\n",
            "'**/*a*a*a*',".repeat(60_000)
        ),
    ];
    // Debug builds are an order of magnitude slower than what is promised.
    let limit = Duration::from_secs(if cfg!(debug_assertions) { 12 } else { 1 });
    for (i, input) in inputs.iter().enumerate() {
        let start = Instant::now();
        judge(input.as_bytes());
        let head: String = input.chars().take(40).collect();
        assert!(
            start.elapsed() < limit,
            "input {i} `{head}` took {:?}",
            start.elapsed()
        );
    }
}

#[test]
fn a_thousand_packages_with_ten_patterns_are_judged_in_a_second() {
    let package = |i: usize| {
        let globs: String = (0..10)
            .map(|n| format!("'mod{i}/part{n}/**/*.rs', "))
            .collect();
        format!(
            "  - id: p{i}\n    description: x\n    dependencies: [{}]\n    \
             scope: {{write_allow: [{globs}], read_allow: ['**']}}\n",
            if i.is_multiple_of(7) {
                String::new()
            } else {
                format!("p{}", i - 1)
            }
        )
    };
    let text: String = (0..1_000).map(package).collect();
    let text = format!("change_id: big\npackages:\n{text}");
    let limit = Duration::from_secs(if cfg!(debug_assertions) { 15 } else { 1 });
    let start = Instant::now();
    judge(text.as_bytes());
    assert!(start.elapsed() < limit, "{:?}", start.elapsed());
    assert_eq!(
        plan::read(text.as_bytes(), "x")
            .plan
            .unwrap()
            .packages
            .len(),
        1_000
    );
}

/// Documents with a little of everything that their format has.
const DOCUMENTS: [(Format, &str); 7] = [
    (
        Format::TeamPlan,
        "# Implementation Plan: A\n\n- **Task**: 7 - a\n- **Status**: [PLANNED]\n\n\
         ## Implementation Phases\n\n| Wave | Phases | Blocked by |\n|---|---|---|\n\
         | 1 | 1 | -- |\n| 2 | 2A, 3 | 1 |\n\n### Phase 1: One [DONE]\n\n**Depends on**: none\n\n\
         - [x] **Task 1.1**: a *(completed)*\n\n**Files to modify**:\n- `src/{a,b}.rs` - x\n\n\
         ### Phase 2A: Two\n\n- **Depends on:** Phases 1 (why\n\n**Status**: in progress\n\n\
         ### Phase 3: Three [NOT STARTED]\n\n**Depends on**: 1-2\n\n## Testing & Validation\n",
    ),
    (
        Format::SpecTasks,
        "# Tasks\n\n### Track A: One (No Dependencies)\n\n> Start after Track B + CR1\n\n\
         - [x] 1. **First** \u{2713}\n  - Files: `a.rs`, `b.rs`\n  - _Dependencies: Tasks 2-3_\n\
         - [ ] CR-A. **Review**\n  - **Status: REQUIRES CHANGES**\n- [ ] RW-A. **Rework**\n  \
         - _Trigger: Only if CR-A status is \"Requires changes\"_\n\n#### Task 1.1: By heading\n\n\
         1. **Group 1 (Immediate Start)**:\n   - Track A (Tasks 1-3) - x\n",
    ),
    (
        Format::Purple,
        "# Implementation Spec\n\n**Phase 1: Base**\n\n### PHASE-1-A: One\n\n\
         **Ticket ID:** `AO-001`\n**Files:**\n- CREATE: `a.ts`\n- optionally `b.ts` if x\n\n\
         **Dependencies:** None (parallel with Phase 2)\n\n#### AO-002: Two\n\n\
         **Dependencies:** AO-001\n\n## Dependency Graph\n\nAO-001 --> AO-002 \u{2500}\u{2500}> AO-003\n",
    ),
    (
        Format::OpenspecTasks,
        "## 1. One\n\n- [ ] 1.1 [S] First\n  **Dependencies**: None\n  **Files**: a.rs\n\
         * [x] 1.2a Second\n- [ ] Checkpoint: all\n- [~] no number\n",
    ),
    (
        Format::KiroTasks,
        "# Implementation Plan\n\n- [X] 1. First\n- [-] 2. Second\n  - [~] 2.1* Part (P)\n    \
         - _Requirements: 1.1_\n    - _Depends: 1_\n- [ ]* 3. Third\n  - File: src/a.ts\n",
    ),
    (
        Format::SpeckitTasks,
        "# Tasks\n\n- [P] tasks = different files\n\n## Phase 1: Setup\n\n- [ ] T001 [P] One in a.py\n\
         - [X] T002 [US1] Two SKIPPED\n- [x] T036.1 Three - DEFERRED: x\n\n**Checkpoint**: x\n\n\
         ## Dependencies & Execution Order\n\n- T001 depends on T002\n",
    ),
    (
        Format::SpeckittyTasks,
        "---\nwork_package_id: \"WP01\"\nlane: \"doing\"\ndependencies: [WP02]\nowned_files: [\"a/**\"]\n\
         subtasks:\n- T001\nhistory:\n- lane: planned\n---\n\n# Work Package Prompt: WP01\n",
    ),
];

/// Whatever a document has become: it is judged with places, made a plan of, and every status
/// that can be written can be taken back.
fn judge_document(format: Format, bytes: &[u8], dice: &mut Dice) {
    let context = Context {
        read_file: &|_| None,
        program_exists: &|_| false,
        extra_namespaces: &[],
        fold: Fold::None,
    };
    let parsed = plan::open(bytes, "plan.md", Some(format), Asked::default());
    let report = check::judge(&parsed, "plan.md", &context);
    for finding in &report.findings {
        assert!(finding.line > 0 && finding.column > 0, "{finding:?}");
    }
    if let Some(plan) = parsed.plan {
        document::to_do(plan);
    }
    let (Ok(text), Some(outline)) = (std::str::from_utf8(bytes), parsed.outline) else {
        return;
    };
    if outline.items.is_empty() {
        return;
    }
    let item = &outline.items[dice.roll(outline.items.len())];
    let named = (format, "plan.md");
    let whose = Whose::Item(&item.id);
    let status = NewStatus::parse(["done", "pending", "running", "blocked"][dice.roll(4)]);
    match Document::read(text, named).unwrap().set(whose, &status) {
        Ok(after) => {
            let marker = NewStatus::Marker(item.mark.text.clone());
            let back = Document::read(&after, named).unwrap().set(whose, &marker);
            let nothing_was_changed = after == text;
            let was_unknown = matches!(back, Err(Refusal::NoMarker(_)));
            assert!(
                nothing_was_changed || was_unknown || back.as_deref() == Ok(text),
                "{format:?} {:?}: {back:?}\n{text}",
                item.id
            );
        }
        Err(refusal) => assert_ne!(refusal, Refusal::NoDocument),
    }
}

fn fuzz_document(nth: usize) {
    let (format, seed) = DOCUMENTS[nth];
    let mut dice = Dice(0x5eed_0010 + nth as u64);
    for _ in 0..rounds() {
        let bytes = damaged(&mut dice, seed.as_bytes());
        judge_document(format, &bytes, &mut dice);
    }
}

#[test]
fn damaged_team_plans_are_judged_and_written_without_panic() {
    fuzz_document(0);
}

#[test]
fn damaged_spec_lists_are_judged_and_written_without_panic() {
    fuzz_document(1);
}

#[test]
fn damaged_purple_specs_are_judged_and_written_without_panic() {
    fuzz_document(2);
}

#[test]
fn damaged_openspec_lists_are_judged_and_written_without_panic() {
    fuzz_document(3);
}

#[test]
fn damaged_kiro_lists_are_judged_and_written_without_panic() {
    fuzz_document(4);
}

#[test]
fn damaged_speckit_lists_are_judged_and_written_without_panic() {
    fuzz_document(5);
}

#[test]
fn damaged_speckitty_packages_are_judged_and_written_without_panic() {
    fuzz_document(6);
}

/// The best of twenty, so that a busy machine proves nothing; debug builds keep the promise too.
/// Figures: `cargo test --release --test it fifty -- --nocapture`.
#[test]
#[expect(clippy::print_stderr, reason = "a measurement is told")]
fn no_reader_takes_fifty_milliseconds_on_its_largest_document() {
    for (folder, format) in [
        ("team-plans", Format::TeamPlan),
        ("team-plans-nodeps", Format::TeamPlan),
        ("spec-tasks", Format::SpecTasks),
        ("purple/midimed", Format::Purple),
        ("openspec-tasks", Format::OpenspecTasks),
        ("kiro-tasks", Format::KiroTasks),
        ("speckit-tasks", Format::SpeckitTasks),
        ("speckitty-tasks", Format::SpeckittyTasks),
    ] {
        let found = documents(folder);
        let Some((_, text)) = found.iter().max_by_key(|(_, text)| text.len()) else {
            return;
        };
        let once = || {
            let start = Instant::now();
            let parsed = plan::open(text.as_bytes(), "plan.md", Some(format), Asked::default());
            assert!(parsed.outline.is_some());
            start.elapsed()
        };
        let best = (0..20).map(|_| once()).min().unwrap();
        let (kib, ms) = (text.len() / 1024, best.as_secs_f64() * 1000.0);
        eprintln!("{folder}: {kib} KiB in {ms:.2} ms");
        assert!(best < Duration::from_millis(50), "{folder}: {best:?}");
    }
}
