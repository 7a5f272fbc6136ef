//! What an agent says of its own result, held against git and the approved plan. Pure.
//!
//! Nothing here is believed: the result counts as it was computed. What is claimed otherwise is
//! named, and who says of itself that it failed is taken at its word.

use std::collections::BTreeSet;

use crate::base::json::{Map, Value};
use crate::base::{RepoPath, Timestamp, text};
use crate::model::{AttemptResult, Deviation, OutcomeKind, Package, Plan};

/// Result keys that the runner computes itself.
const COMPUTED_KEYS: [&str; 8] = [
    "files_modified",
    "scope_check",
    "verification",
    "merge_commit",
    "test_count",
    "pass_count",
    "lint_passed",
    "contract_checks",
];

/// What the claims are held against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Truth<'a> {
    /// The approved plan.
    pub(super) plan: &'a Plan,
    /// The package in it.
    pub(super) package: &'a Package,
    /// Which try it is.
    pub(super) number: u32,
    /// Paths that differ, as git says.
    pub(super) files: &'a [RepoPath],
}

/// Makes a failure of a result whose own file says that it is one, or that contradicts itself.
pub(super) fn judge(result: &mut AttemptResult) {
    let ends_well = matches!(result.outcome, OutcomeKind::Finished | OutcomeKind::Empty);
    let status = result.claimed.get("status").and_then(Value::as_str);
    let said = |name: &str| {
        let part = result.claimed.get(name);
        part.and_then(|part| part.get("passed"))
            .and_then(Value::as_bool)
    };
    let verdict = match (status, said("verification"), said("scope_check")) {
        (Some("failed"), ..) => (OutcomeKind::Failed, "its result file says that it failed"),
        (Some("completed"), Some(false), _) => (
            OutcomeKind::BadResult,
            "its result file says `completed`, and that its verification did not pass",
        ),
        (Some("completed"), _, Some(false)) => (
            OutcomeKind::BadResult,
            "its result file says `completed`, and that its scope was not kept",
        ),
        _ => return,
    };
    if ends_well {
        let code = result.claimed.get("error_code").and_then(Value::as_str);
        let code = code.map(|code| format!(": {}", text::foreign(&text::cut(code, 80))));
        result.outcome = verdict.0;
        result.reason = format!("{}{}", verdict.1, code.unwrap_or_default());
    }
}

/// What those who come later should know of a result.
pub(super) fn remarks(truth: Truth<'_>, result: &AttemptResult, at: Timestamp) -> Vec<Deviation> {
    let package = truth.package;
    let of = |kind: &str, detail: String| Deviation {
        kind: kind.to_owned(),
        detail,
        paths: Vec::new(),
        at,
    };
    let mut out = Vec::new();
    if result.outcome == OutcomeKind::Empty && !package.scope.write_allow.is_empty() {
        out.push(of("empty", format!("`{}` changed nothing", package.id)));
    }
    let keys = package.outputs.result_keys.iter().map(String::as_str);
    let missing: Vec<&str> = keys
        .filter(|key| !result.claimed.contains_key(*key))
        .filter(|key| !COMPUTED_KEYS.contains(key) && !is_from_a_step(package, key))
        .collect();
    if !missing.is_empty() && result.outcome == OutcomeKind::Finished {
        let detail = format!("the result file does not have {}", missing.join(", "));
        out.push(of("missing-result-key", detail));
    }
    let claims = contradictions(truth, &result.claimed);
    out.extend(
        claims
            .into_iter()
            .map(|detail| of("contradicted-claim", detail)),
    );
    out
}

/// Keys that a verification step contributes are not asked of the agent.
fn is_from_a_step(package: &Package, key: &str) -> bool {
    let mut steps = package.verification.steps.iter();
    steps.any(|step| step.result_keys.iter().any(|k| k == key))
}

/// What is claimed otherwise than it is, a sentence each.
fn contradictions(truth: Truth<'_>, claimed: &Map<String, Value>) -> Vec<String> {
    let (plan, package) = (truth.plan, truth.package);
    let mut out = Vec::new();
    let numbers = [
        ("plan_revision", plan.feature.plan_revision),
        ("contracts_revision", plan.contracts.revision),
        ("attempt", truth.number),
    ];
    for (name, ours) in numbers {
        let said = claimed.get(name).and_then(Value::as_u64);
        if let Some(said) = said.filter(|said| *said != u64::from(ours)) {
            out.push(format!("`{name}` is claimed to be {said}, it is {ours}"));
        }
    }
    let scope = claimed.get("scope");
    for (name, ours) in [
        ("write_allow", &package.scope.write_allow),
        ("read_allow", &package.scope.read_allow),
        ("deny", &package.scope.deny),
    ] {
        let said = scope.and_then(|scope| texts(scope.get(name)));
        let ours: BTreeSet<&str> = ours.iter().map(String::as_str).collect();
        out.extend(differ(&format!("scope.{name}"), said, &ours, "the plan"));
    }
    let files: Vec<String> = truth.files.iter().map(RepoPath::to_text).collect();
    let files: BTreeSet<&str> = files.iter().map(String::as_str).collect();
    let said = texts(claimed.get("files_modified"));
    out.extend(differ("files_modified", said, &files, "the diff"));
    let verification = claimed.get("verification");
    let tier = verification
        .and_then(|v| v.get("tier"))
        .and_then(Value::as_str);
    let ours = package.verification.tier.as_str();
    if let Some(said) = tier.filter(|said| *said != ours) {
        let said = text::foreign(&text::cut(said, 20)).to_string();
        out.push(format!(
            "`verification.tier` is claimed to be {said}, {ours} is required"
        ));
    }
    let steps = verification
        .and_then(|v| v.get("steps"))
        .and_then(Value::as_array);
    let said = steps.map(|steps| {
        let names = steps.iter().filter_map(|step| step.get("name"));
        names.filter_map(Value::as_str).collect()
    });
    let ours = package
        .verification
        .steps
        .iter()
        .map(|step| step.name.as_str());
    out.extend(differ(
        "verification.steps",
        said,
        &ours.collect(),
        "the plan",
    ));
    out
}

fn texts(value: Option<&Value>) -> Option<BTreeSet<&str>> {
    let items = value?.as_array()?;
    Some(items.iter().filter_map(Value::as_str).collect())
}

/// The first entry that one side has and the other has not.
fn differ(
    name: &str,
    said: Option<BTreeSet<&str>>,
    ours: &BTreeSet<&str>,
    judge: &str,
) -> Option<String> {
    let said = said?;
    let shown = |entry: &str| text::foreign(&text::cut(entry, 120)).to_string();
    if let Some(more) = said.difference(ours).next() {
        return Some(format!(
            "`{name}` claims `{}`, {judge} says no",
            shown(more)
        ));
    }
    let less = ours.difference(&said).next()?;
    Some(format!(
        "`{name}` does not tell `{}`, {judge} does",
        shown(less)
    ))
}
