//! What the runner does with each field of a plan: nothing is declared and ignored.

use std::collections::BTreeMap;

use git_wp::base::json::Value;
use git_wp::plan::schema;

/// Field, and what becomes of it. `*` stands for a map with free names.
const FIELDS: &[(&str, &str)] = &[
    ("schema_version", "plan/schema: only 1 is read"),
    ("feature.id", "names state, branches and worktrees"),
    ("feature.title", "prompt and summary"),
    (
        "feature.plan_revision",
        "result of each package; an escalation may ask for a new one",
    ),
    ("feature.created_by", "summary"),
    ("feature.created_at", "summary"),
    (
        "contracts.revision",
        "result of each package; an escalation may ask for a new one",
    ),
    (
        "contracts.files[].path",
        "check: contract-missing; prompt of contract packages; risk class",
    ),
    ("contracts.files[].kind", "check: contract-invalid by kind"),
    (
        "contracts.openapi.primary",
        "check like a file; named in the prompt as entry document",
    ),
    (
        "contracts.openapi.files[]",
        "check: contract-missing, contract-invalid, contract-kind",
    ),
    (
        "contracts.generated.pydantic_dir",
        "prompt, by Contracts::advice",
    ),
    (
        "contracts.generated.typescript_dir",
        "prompt, by Contracts::advice",
    ),
    (
        "contracts.mocks.prism.enabled",
        "false takes the mock server out of the prompt",
    ),
    (
        "contracts.mocks.prism.command",
        "prompt, by Contracts::advice; never started",
    ),
    (
        "contracts.mocks.prism.base_url",
        "prompt, by Contracts::advice",
    ),
    (
        "contracts.cdc.pact.enabled",
        "true puts Pact into the prompt",
    ),
    (
        "contracts.cdc.pact.broker_url",
        "prompt, by Contracts::advice",
    ),
    (
        "contracts.cdc.pact.consumer_dir",
        "prompt, by Contracts::advice",
    ),
    ("defaults.priority", "inherited"),
    ("defaults.lock_ttl_minutes", "inherited"),
    ("defaults.timeout_minutes", "inherited"),
    ("defaults.retry_budget", "inherited"),
    ("defaults.verification_tier_required", "inherited"),
    ("defaults.min_trust_level", "inherited"),
    (
        "packages[].package_id",
        "names state, branches and worktrees",
    ),
    (
        "packages[].title",
        "prompt, commit subjects, status and summary",
    ),
    ("packages[].task_type", "prompt; Role::of; commit subjects"),
    ("packages[].description", "prompt"),
    (
        "packages[].role",
        "Role::of: integration, and which parts of the design the prompt holds",
    ),
    (
        "packages[].priority",
        "schedule: among packages with the same remaining path",
    ),
    ("packages[].decomposition", "merge commit and summary"),
    (
        "packages[].stack_position",
        "merge commit and summary; check: advice",
    ),
    (
        "packages[].archetype",
        "environment and prompt of the agent",
    ),
    ("packages[].depends_on[]", "graph: merged first"),
    (
        "packages[].locks.files[]",
        "claim; check: lock-overlap, lock-outside-scope",
    ),
    (
        "packages[].locks.keys[]",
        "claim; check: lock-key, lock-overlap",
    ),
    ("packages[].locks.ttl_minutes", "lease of the claim"),
    (
        "packages[].locks.reason",
        "told to those who wait for the lock",
    ),
    (
        "packages[].scope.write_allow[]",
        "claim, hooks, gate; check: glob, scope-overlap",
    ),
    (
        "packages[].scope.read_allow[]",
        "prompt, sparse worktrees; check: read-of-parallel-write",
    ),
    (
        "packages[].scope.deny[]",
        "hooks and gate; wins over both lists",
    ),
    ("packages[].context_impact.surfaces[]", "prompt and summary"),
    ("packages[].context_impact.rationale.apis.reason", "summary"),
    (
        "packages[].context_impact.rationale.apis.approved_by",
        "summary",
    ),
    (
        "packages[].context_impact.rationale.architecture.reason",
        "summary",
    ),
    (
        "packages[].context_impact.rationale.architecture.approved_by",
        "summary",
    ),
    (
        "packages[].context_impact.rationale.capabilities.reason",
        "summary",
    ),
    (
        "packages[].context_impact.rationale.capabilities.approved_by",
        "summary",
    ),
    (
        "packages[].context_impact.rationale.decisions.reason",
        "summary",
    ),
    (
        "packages[].context_impact.rationale.decisions.approved_by",
        "summary",
    ),
    (
        "packages[].context_impact.rationale.documentation.reason",
        "summary",
    ),
    (
        "packages[].context_impact.rationale.documentation.approved_by",
        "summary",
    ),
    (
        "packages[].context_impact.rationale.semantic_code.reason",
        "summary",
    ),
    (
        "packages[].context_impact.rationale.semantic_code.approved_by",
        "summary",
    ),
    ("packages[].worktree.name", "shown; never a path"),
    ("packages[].worktree.mode", "shared: runs alone"),
    (
        "packages[].timeout_minutes",
        "wall-clock limit of an attempt",
    ),
    ("packages[].retry_budget", "attempts after a failed one"),
    (
        "packages[].min_trust_level",
        "an agent below it is not given the package",
    ),
    ("packages[].verification.tier_required", "gate: A, B or C"),
    (
        "packages[].verification.steps[].name",
        "evidence, named in `git wp evidence`",
    ),
    (
        "packages[].verification.steps[].kind",
        "command runs, ci is delegated, manual awaits a person",
    ),
    (
        "packages[].verification.steps[].command",
        "run by the verifier after approval",
    ),
    (
        "packages[].verification.steps[].cwd",
        "folder of that command",
    ),
    (
        "packages[].verification.steps[].env.*",
        "environment of that command",
    ),
    (
        "packages[].verification.steps[].expect_exit_code",
        "green is this code",
    ),
    (
        "packages[].verification.steps[].ci.provider",
        "evidence of a delegated step",
    ),
    (
        "packages[].verification.steps[].ci.workflow",
        "evidence of a delegated step",
    ),
    (
        "packages[].verification.steps[].ci.required_checks[]",
        "evidence of a delegated step",
    ),
    (
        "packages[].verification.steps[].manual_instructions",
        "shown in `awaiting`",
    ),
    (
        "packages[].verification.steps[].evidence.artifacts[]",
        "must exist after the step",
    ),
    (
        "packages[].verification.steps[].evidence.result_keys[]",
        "keys of the published result",
    ),
    (
        "packages[].metadata.loc_estimate",
        "weight of the critical path; summary",
    ),
    ("packages[].metadata.alternatives_count", "summary"),
    ("packages[].metadata.complexity", "summary"),
    ("packages[].metadata.package_kind", "risk class and summary"),
    (
        "packages[].inputs",
        "prompt; `run` is what the agent `shell` runs",
    ),
    (
        "packages[].outputs.result_keys[]",
        "keys the published result must hold",
    ),
    (
        "packages[].outputs.artifacts[]",
        "must exist in the merged tree",
    ),
];

/// Every path of the schema that ends in a value.
fn leaves(root: &Value, schema: &Value, path: &str, out: &mut Vec<String>) {
    let reference = schema.get("$ref").and_then(Value::as_str);
    if let Some(target) = reference.and_then(|r| root.pointer(&r[1..])) {
        return leaves(root, target, path, out);
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        for (name, property) in properties {
            let inner = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            leaves(root, property, &inner, out);
        }
    } else if let Some(items) = schema.get("items") {
        leaves(root, items, &format!("{path}[]"), out);
    } else if let Some(values) = schema.get("additionalProperties").filter(|v| v.is_object()) {
        leaves(root, values, &format!("{path}.*"), out);
    } else {
        out.push(path.to_owned());
    }
}

#[test]
fn every_field_of_the_plan_has_a_use() {
    let root = schema::work_packages();
    let mut fields = Vec::new();
    leaves(root, root, "", &mut fields);
    let table: BTreeMap<&str, &str> = FIELDS.iter().copied().collect();
    assert_eq!(table.len(), FIELDS.len(), "a field stands twice");
    for field in &fields {
        assert!(
            table.contains_key(field.as_str()),
            "`{field}` has no line in the table"
        );
    }
    for field in table.keys() {
        assert!(
            fields.iter().any(|f| f == field),
            "`{field}` is not a field of the schema"
        );
    }
}
