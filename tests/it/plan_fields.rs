//! What the runner does with each field of a plan: nothing is declared and ignored.
//!
//! What the table says stands in the prompt is looked up there; the other uses are named, and the
//! tests of that place hold them.

use std::collections::BTreeMap;

use git_wp::agent::prompt::{self, Brief, PROMPT_MAX};
use git_wp::agent::slice::Sources;
use git_wp::base::json::Value;
use git_wp::base::{AttemptId, RefName};
use git_wp::plan::{self, schema};

/// Stands in the prompt of the package as written.
const PROMPT: &str = "prompt";

/// Field, and what becomes of it. `*` stands for a map with free names.
const FIELDS: &[(&str, &str)] = &[
    ("schema_version", "plan/schema: only 1 is read"),
    ("feature.id", "names state, branches and worktrees"),
    ("feature.title", PROMPT),
    (
        "feature.plan_revision",
        "approval, summary, example of a result in the prompt",
    ),
    ("feature.created_by", PROMPT),
    ("feature.created_at", PROMPT),
    (
        "contracts.revision",
        "approval, summary, example of a result in the prompt",
    ),
    (
        "contracts.files[].path",
        "check: contract-missing; slice of contract packages; risk class",
    ),
    ("contracts.files[].kind", "check: contract-invalid by kind"),
    ("contracts.openapi.primary", PROMPT),
    (
        "contracts.openapi.files[]",
        "check: contract-missing, contract-invalid, contract-kind",
    ),
    ("contracts.generated.pydantic_dir", PROMPT),
    ("contracts.generated.typescript_dir", PROMPT),
    (
        "contracts.mocks.prism.enabled",
        "plan/convert: false takes the mock server out of the prompt",
    ),
    ("contracts.mocks.prism.command", PROMPT),
    ("contracts.mocks.prism.base_url", PROMPT),
    (
        "contracts.cdc.pact.enabled",
        "plan/convert: true puts Pact into the prompt",
    ),
    ("contracts.cdc.pact.broker_url", PROMPT),
    ("contracts.cdc.pact.consumer_dir", PROMPT),
    ("defaults.priority", "plan/convert: inherited"),
    ("defaults.lock_ttl_minutes", "plan/convert: inherited"),
    ("defaults.timeout_minutes", "plan/convert: inherited"),
    ("defaults.retry_budget", "plan/convert: inherited"),
    (
        "defaults.verification_tier_required",
        "plan/convert: inherited",
    ),
    ("defaults.min_trust_level", "plan/convert: inherited"),
    (
        "packages[].package_id",
        "names state, branches and worktrees",
    ),
    ("packages[].title", PROMPT),
    ("packages[].task_type", PROMPT),
    ("packages[].description", PROMPT),
    ("packages[].role", PROMPT),
    (
        "packages[].priority",
        "schedule: among packages with the same remaining path",
    ),
    ("packages[].decomposition", PROMPT),
    ("packages[].stack_position", PROMPT),
    ("packages[].archetype", PROMPT),
    ("packages[].depends_on[]", "graph: merged first"),
    ("packages[].locks.files[]", PROMPT),
    ("packages[].locks.keys[]", PROMPT),
    ("packages[].locks.ttl_minutes", "lease of the claim"),
    ("packages[].locks.reason", PROMPT),
    ("packages[].scope.write_allow[]", PROMPT),
    ("packages[].scope.read_allow[]", PROMPT),
    ("packages[].scope.deny[]", PROMPT),
    ("packages[].context_impact.surfaces[]", PROMPT),
    (
        "packages[].context_impact.rationale.capabilities.reason",
        PROMPT,
    ),
    (
        "packages[].context_impact.rationale.capabilities.approved_by",
        PROMPT,
    ),
    ("packages[].context_impact.rationale.apis.reason", PROMPT),
    (
        "packages[].context_impact.rationale.apis.approved_by",
        PROMPT,
    ),
    (
        "packages[].context_impact.rationale.architecture.reason",
        PROMPT,
    ),
    (
        "packages[].context_impact.rationale.architecture.approved_by",
        PROMPT,
    ),
    (
        "packages[].context_impact.rationale.decisions.reason",
        PROMPT,
    ),
    (
        "packages[].context_impact.rationale.decisions.approved_by",
        PROMPT,
    ),
    (
        "packages[].context_impact.rationale.documentation.reason",
        PROMPT,
    ),
    (
        "packages[].context_impact.rationale.documentation.approved_by",
        PROMPT,
    ),
    (
        "packages[].context_impact.rationale.semantic_code.reason",
        PROMPT,
    ),
    (
        "packages[].context_impact.rationale.semantic_code.approved_by",
        PROMPT,
    ),
    ("packages[].worktree.name", PROMPT),
    (
        "packages[].worktree.mode",
        "model: a shared package runs alone",
    ),
    (
        "packages[].timeout_minutes",
        "engine: wall-clock limit of an attempt",
    ),
    (
        "packages[].retry_budget",
        "schedule: attempts after a failed one",
    ),
    (
        "packages[].min_trust_level",
        "schedule: an agent below it is not given the package",
    ),
    (
        "packages[].verification.tier_required",
        "verify and gate: A, B or C",
    ),
    ("packages[].verification.steps[].name", PROMPT),
    (
        "packages[].verification.steps[].kind",
        "verify: command runs, ci is delegated, manual awaits a person",
    ),
    ("packages[].verification.steps[].command", PROMPT),
    ("packages[].verification.steps[].cwd", PROMPT),
    (
        "packages[].verification.steps[].env.*",
        "verify: environment of that command",
    ),
    ("packages[].verification.steps[].expect_exit_code", PROMPT),
    (
        "packages[].verification.steps[].ci.provider",
        "verify: evidence of a delegated step",
    ),
    (
        "packages[].verification.steps[].ci.workflow",
        "verify: evidence of a delegated step; prompt",
    ),
    (
        "packages[].verification.steps[].ci.required_checks[]",
        "verify: evidence of a delegated step",
    ),
    (
        "packages[].verification.steps[].manual_instructions",
        "verify: shown in `awaiting`; prompt",
    ),
    (
        "packages[].verification.steps[].evidence.artifacts[]",
        PROMPT,
    ),
    (
        "packages[].verification.steps[].evidence.result_keys[]",
        "verify: keys of the published result",
    ),
    ("packages[].metadata.loc_estimate", PROMPT),
    ("packages[].metadata.alternatives_count", PROMPT),
    ("packages[].metadata.complexity", PROMPT),
    ("packages[].metadata.package_kind", PROMPT),
    ("packages[].inputs", PROMPT),
    ("packages[].outputs.result_keys[]", PROMPT),
    ("packages[].outputs.artifacts[]", PROMPT),
];

/// A plan in which every field of the schema stands once, with a value of its own.
const EVERYTHING: &str = r#"
schema_version: 1
feature: {id: x, title: Title of it, plan_revision: 3, created_by: somebody, created_at: '2031-01-02'}
contracts:
  revision: 2
  files: [{path: db/schema.sql, kind: sql}]
  openapi: {primary: api/entry.yaml, files: [api/entry.yaml]}
  generated: {pydantic_dir: gen/py, typescript_dir: gen/ts}
  mocks: {prism: {enabled: true, command: prism mock, base_url: 'http://mock:1'}}
  cdc: {pact: {enabled: true, broker_url: 'http://pact:2', consumer_dir: pact/consumers}}
defaults:
  {priority: 4, lock_ttl_minutes: 31, timeout_minutes: 32, retry_budget: 6,
   verification_tier_required: B, min_trust_level: 3}
packages:
  - package_id: wp-a
    title: Title of a
    task_type: painting
    description: Paint the fence.
    role: painter
    priority: 2
    decomposition: stacked
    stack_position: 41
    archetype: heavy
    depends_on: [wp-b]
    locks: {files: [fence/lock], keys: ['component:fence'], ttl_minutes: 33, reason: wet paint}
    scope: {write_allow: ['fence/**'], read_allow: ['garden/**'], deny: ['fence/gate']}
    context_impact:
      surfaces: [decisions]
      rationale:
        capabilities: {reason: why one, approved_by: anna}
        apis: {reason: why two, approved_by: bert}
        architecture: {reason: why three, approved_by: carla}
        decisions: {reason: why four, approved_by: dora}
        documentation: {reason: why five, approved_by: emil}
        semantic_code: {reason: why six, approved_by: franz}
    worktree: {name: the-shed, mode: isolated}
    timeout_minutes: 34
    retry_budget: 7
    min_trust_level: 1
    verification:
      tier_required: A
      steps:
        - name: look closely
          kind: command
          command: stare --long
          cwd: fence/left
          env: {LIGHT: bright}
          expect_exit_code: 17
          ci: {provider: other, workflow: nightly, required_checks: [dew]}
          manual_instructions: squint
          evidence: {artifacts: [photo.png], result_keys: [shade]}
    metadata: {loc_estimate: 4711, alternatives_count: 37, complexity: medium, package_kind: crud}
    inputs: {colour: ultramarine}
    outputs: {result_keys: [painted], artifacts: [fence/done]}
  - package_id: wp-b
    task_type: x
    description: x
    depends_on: []
    locks: {files: [], keys: []}
    scope: {write_allow: [b], read_allow: [b]}
    worktree: {name: b}
    verification: {steps: [{name: b, kind: manual, manual_instructions: b,
      evidence: {artifacts: [], result_keys: []}}]}
    outputs: {result_keys: [b]}
"#;

/// The value of a field in [`EVERYTHING`], the first where there are several.
fn value_of<'v>(document: &'v Value, field: &str) -> &'v Value {
    let pointer = field.replace("[]", ".0").replace('.', "/");
    let pointer = format!("/{}", pointer.trim_end_matches("/*"));
    document
        .pointer(&pointer)
        .unwrap_or_else(|| panic!("`{field}` is not in the plan of this test"))
}

#[test]
fn what_is_said_to_stand_in_the_prompt_stands_there() {
    let parsed = plan::read(
        EVERYTHING.as_bytes(),
        "openspec/changes/x/work-packages.yaml",
    );
    assert_eq!(parsed.findings, []);
    let plan = parsed.plan.unwrap();
    let brief = Brief {
        plan: &plan,
        plan_text: "",
        package: &plan.packages[0],
        attempt: &AttemptId::parse("a1").unwrap(),
        branch: &RefName::parse("refs/heads/wp/x/wp-a/a1").unwrap(),
        notes: &[],
        case: None,
        delimiter: "d",
        max: PROMPT_MAX,
    };
    let sources = Sources {
        read: &|_| None,
        list: &|_| Vec::new(),
    };
    let text = prompt::write(&brief, sources).text;
    let document: Value = serde_yaml::from_str(EVERYTHING).unwrap();
    for (field, used) in FIELDS {
        let values = match value_of(&document, field) {
            Value::String(text) => vec![text.clone()],
            Value::Object(map) => map
                .values()
                .map(|v| v.as_str().unwrap().to_owned())
                .collect(),
            other => vec![other.to_string()],
        };
        for value in values.iter().filter(|_| *used == PROMPT) {
            assert!(
                text.contains(value.as_str()),
                "`{field}`: {value} is not in\n{text}"
            );
        }
    }
}

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
