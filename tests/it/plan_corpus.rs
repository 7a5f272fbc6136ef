//! Real plans with known verdicts of the original validator, when the corpus stands beside the
//! checkout. Where we differ, a test says so by name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use git_wp::base::json::{self, Value};
use git_wp::check::{self, Context, Report};
use git_wp::graph::Graph;
use git_wp::model::{Code, Finding, Severity};
use git_wp::{plan, scope};

/// Files whose packages are in the simple dialect: the original refuses or crashes on them, we
/// read them and say so.
const SIMPLE_DIALECT: [&str; 3] = [
    "add-skillify-and-resolver-audit",
    "add-update-skills",
    "cli-help-discovery",
];

struct Case {
    name: String,
    verdict: Value,
    bytes: Vec<u8>,
    report: Report,
}

impl Case {
    fn has(&self, code: Code) -> bool {
        self.with(code).next().is_some()
    }

    fn with(&self, code: Code) -> impl Iterator<Item = &Finding> {
        self.report.findings.iter().filter(move |f| f.code == code)
    }

    /// What the original lists under `key`; `None` where it crashed before.
    fn list(&self, key: &str) -> Option<&Vec<Value>> {
        self.verdict[key].as_array()
    }

    fn is_simple(&self) -> bool {
        SIMPLE_DIALECT.contains(&self.name.as_str())
    }
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus")
}

/// All files with their verdicts; none, after saying so, where there is no corpus.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn cases() -> Vec<Case> {
    let Ok(text) = std::fs::read(corpus().join("work-packages-verdicts.json")) else {
        eprintln!("skipped: no corpus at {}", corpus().display());
        return Vec::new();
    };
    let verdicts = json::parse(&text).expect("verdicts in JSON");
    let files = verdicts["files"].as_object().expect("verdicts by file");
    files
        .iter()
        .map(|(path, verdict)| case(path, verdict))
        .collect()
}

fn case(path: &str, verdict: &Value) -> Case {
    let bytes = std::fs::read(corpus().join(path)).expect("a file for each verdict");
    let name = Path::new(path)
        .file_stem()
        .expect("a file name")
        .to_string_lossy()
        .into_owned();
    let context = Context {
        // The contract files of these plans are not part of the corpus; that they are missing is
        // no verdict on the plan.
        read_file: &|_| None,
        program_exists: &|_| true,
        extra_namespaces: &[],
        fold: scope::Fold::None,
    };
    let source = format!("openspec/changes/{name}/work-packages.yaml");
    let report = check::validate(&bytes, &source, &context);
    Case {
        name,
        verdict: verdict.clone(),
        bytes,
        report,
    }
}

#[test]
fn every_finding_has_a_place_within_the_file() {
    for case in cases() {
        let lines = case.bytes.split(|b| *b == b'\n').count();
        assert!(
            case.report.packages > 0 || case.has(Code::Schema),
            "{}",
            case.name
        );
        for finding in &case.report.findings {
            let line = usize::try_from(finding.line).expect("a small number");
            assert!(
                (1..=lines).contains(&line) && finding.column > 0,
                "{finding:?}"
            );
            assert!(
                !finding.message.is_empty() && !finding.hint.is_empty(),
                "{finding:?}"
            );
            assert!(!finding.message.ends_with('.'), "{finding:?}");
        }
    }
}

#[test]
fn the_schema_says_what_the_original_schema_says() {
    for case in cases().iter().filter(|case| !case.is_simple()) {
        let expected = case.verdict["schema_ok"] == Value::Bool(true);
        let first = case.with(Code::Schema).next();
        assert_eq!(first.is_none(), expected, "{}: {first:?}", case.name);
    }
}

#[test]
fn the_simple_dialect_is_read_with_a_warning_where_the_original_crashes() {
    for case in cases().iter().filter(|case| case.is_simple()) {
        assert_eq!(
            case.verdict["validator_crashed"],
            Value::Bool(true),
            "{}",
            case.name
        );
        assert!(
            case.report.valid && case.has(Code::Dialect),
            "{}",
            case.name
        );
        assert_eq!(case.report.packages, 1, "{}", case.name);
        let plan = plan::read(&case.bytes, "x/work-packages.yaml")
            .plan
            .expect("a plan");
        assert_eq!(plan.feature.id.as_str(), case.name);
        assert!(
            plan.packages[0].description.contains("Tasks:\n- 1.1\n"),
            "{}",
            case.name
        );
    }
}

#[test]
fn contracts_may_be_missing_or_of_another_kind_where_the_original_wants_openapi() {
    for case in cases() {
        let errors = case.list("schema_errors").cloned().unwrap_or_default();
        let contracts = |e: &Value| {
            e["keyword"] == "required"
                && (e["message"].to_string().contains("'contracts'") || e["path"] == "contracts")
        };
        if errors.iter().any(contracts) {
            let about =
                |f: &&Finding| f.message.contains("`contracts`") || f.message.contains("`openapi`");
            assert_eq!(case.with(Code::Schema).find(about), None, "{}", case.name);
        }
    }
}

#[test]
fn what_defaults_supply_may_be_missing_where_the_original_wants_it_in_each_package() {
    for case in cases() {
        for finding in case.with(Code::Schema) {
            for field in [
                "priority",
                "timeout_minutes",
                "retry_budget",
                "min_trust_level",
                "tier_required",
            ] {
                assert!(
                    !finding.message.contains(&format!("has no `{field}`")),
                    "{finding:?}"
                );
            }
        }
    }
}

#[test]
fn cycles_and_dangling_dependencies_are_those_of_the_original() {
    for case in cases() {
        for (key, code) in [
            ("cycle_errors", Code::Cycle),
            ("depends_on_errors", Code::DanglingDependency),
        ] {
            if let Some(errors) = case.list(key) {
                assert_eq!(case.has(code), !errors.is_empty(), "{} {key}", case.name);
            }
        }
        // No file of the corpus repeats an id, which the original would not notice.
        assert!(
            !case.has(Code::DuplicateId) && !case.has(Code::HostileInput),
            "{}",
            case.name
        );
    }
}

#[test]
fn parallel_pairs_are_those_of_the_original() {
    for case in cases() {
        let Some(expected) = case.verdict["parallel_pairs"].as_u64() else {
            continue;
        };
        let plan = plan::read(&case.bytes, "x").plan.expect("a plan");
        let found = Graph::of(&plan).parallel_pairs().count();
        assert_eq!(u64::try_from(found), Ok(expected), "{}", case.name);
    }
}

#[test]
fn overlaps_are_those_of_the_original_with_a_witness() {
    for case in cases() {
        let Some(errors) = case.list("overlap_errors") else {
            continue;
        };
        let found: Vec<&Finding> = case.with(Code::ScopeOverlap).collect();
        assert_eq!(found.len(), errors.len(), "{}: {found:?}", case.name);
        for (finding, error) in found.iter().zip(errors) {
            let error = error.to_string();
            assert!(
                finding
                    .packages
                    .iter()
                    .all(|id| error.contains(id.as_str())),
                "{error}"
            );
            let witness = finding.witness.as_deref().expect("a witness");
            assert!(error.contains(witness), "{witness} {error}");
        }
        assert!(!case.has(Code::LockOverlap), "{}", case.name);
    }
}

/// The original forbids hyphens where they are harmless; everything else it refuses, we do.
#[test]
fn lock_keys_are_those_of_the_original_but_for_hyphens() {
    for case in cases() {
        let Some(errors) = case.list("lock_errors") else {
            continue;
        };
        let refused: BTreeSet<String> = errors
            .iter()
            .filter_map(|e| e.as_str()?.split('\'').nth(1).map(str::to_owned))
            .collect();
        let found: BTreeSet<String> = case
            .with(Code::LockKey)
            .filter_map(|f| f.message.split('`').nth(1).map(str::to_owned))
            .collect();
        let only_hyphens: Vec<&String> = refused.difference(&found).collect();
        for key in only_hyphens {
            let bare = key.replace('-', "");
            let form = bare.starts_with("flag:") || bare.starts_with("event:");
            assert!(key.contains('-') && form, "{}: {key}", case.name);
        }
        assert_eq!(found.difference(&refused).next(), None, "{}", case.name);
    }
}

#[test]
fn a_plan_that_the_original_passes_is_valid_but_for_its_contract_files() {
    for case in cases() {
        let passed = case.verdict["validator_exit"] == 0;
        let errors = case
            .report
            .findings
            .iter()
            .filter(|f| f.severity == Severity::Error && f.code != Code::ContractMissing);
        let errors: Vec<&Finding> = errors.collect();
        assert_eq!(
            errors.is_empty(),
            passed || case.is_simple(),
            "{}: {errors:?}",
            case.name
        );
    }
}
