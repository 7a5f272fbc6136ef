//! The published schemas are those of the types. `UPDATE_SCHEMAS=1 cargo test schemas` writes them.

use std::path::Path;

use git_wp::base::json::{self, Value};
use git_wp::plan::{qa_report, queue_result, review_findings, schema};

fn compare(name: &str, schema: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("schemas")
        .join(name);
    let text = json::pretty(schema).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        published == text,
        "{} is not what the types say; run UPDATE_SCHEMAS=1 cargo test schemas",
        path.display()
    );
}

#[test]
fn schemas_are_those_of_the_types() {
    compare("work-packages.schema.json", schema::work_packages());
    compare("work-queue-result.schema.json", queue_result::schema());
    compare("review-findings.schema.json", review_findings::schema());
    compare("qa-report.schema.json", qa_report::schema());
}

#[test]
fn every_object_of_the_schemas_is_closed_and_every_field_described() {
    for schema in [
        schema::work_packages(),
        queue_result::schema(),
        qa_report::schema(),
    ] {
        let definitions = schema["$defs"].as_object().unwrap();
        for (name, form) in definitions.iter().chain([(&"root".to_owned(), schema)]) {
            let Some(properties) = form.get("properties").and_then(Value::as_object) else {
                continue;
            };
            assert_eq!(form["additionalProperties"], Value::Bool(false), "{name}");
            for (field, property) in properties {
                let told = property.get("description").or(property.get("$ref"));
                assert!(told.is_some(), "{name}.{field}");
            }
        }
    }
}

/// A result in full.
fn result() -> Value {
    json::json!({
        "schema_version": 1, "feature_id": "x", "package_id": "wp-a", "plan_revision": 1,
        "contracts_revision": 1, "status": "completed",
        "locks": {"files": [], "keys": []},
        "scope": {"write_allow": ["a"], "read_allow": ["**"], "deny": []},
        "files_modified": ["a"],
        "git": {"base": {"ref": "main"}, "head": {"commit": "0123abc"}},
        "verification": {"tier": "A", "passed": true, "steps": [{
            "name": "t", "kind": "command", "passed": true, "command": "make", "exit_code": 0,
            "evidence": {"artifacts": [], "metrics": {"test_count": 3}},
        }]},
        "escalations": [{
            "escalation_id": "e1", "feature_id": "x", "package_id": "wp-a",
            "type": "SCOPE_VIOLATION", "severity": "HIGH", "summary": "s",
            "detected_at": "2026-01-01T00:00:00Z",
        }],
    })
}

#[test]
fn a_result_in_full_is_read() {
    let text = json::pretty(&result()).unwrap();
    let read = queue_result::check(text.as_bytes(), "result.json").unwrap();
    assert_eq!(read.attempt, 1);
    assert_eq!(read.escalations.len(), 1);
    let again = json::line(&read).unwrap();
    assert_eq!(
        queue_result::check(again.as_bytes(), "result.json").as_ref(),
        Ok(&read)
    );
}

#[test]
fn what_is_wrong_with_a_result_is_all_said_with_its_place() {
    for (pointer, value, message, line) in [
        (
            "/status",
            json::json!("done"),
            "`status` is `done`, which is not one of its values",
            7,
        ),
        (
            "/attempt",
            json::json!(0),
            "`attempt` is 0, at least 1 is needed",
            56,
        ),
        (
            "/git/head/commit",
            json::json!("HEAD"),
            "`git.head.commit` does not have its form",
            29,
        ),
        (
            "/verification/steps/0/kind",
            json::json!("ci"),
            "`verification.steps[0]` has no `ci`",
            36,
        ),
        (
            "/files_modified",
            json::json!(["a", "a"]),
            "`files_modified` names the same entry twice",
            21,
        ),
        (
            "/notes",
            json::json!("x".repeat(8001)),
            "at most 8000 are allowed",
            56,
        ),
        (
            "/approved",
            json::json!(true),
            "the file has no field `approved`",
            56,
        ),
    ] {
        let mut bad = result();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        bad.pointer_mut(parent).unwrap()[name] = value;
        let text = json::pretty(&bad).unwrap();
        let findings = queue_result::check(text.as_bytes(), "result.json").unwrap_err();
        let found = findings.iter().find(|f| f.message.contains(message));
        let found = found.unwrap_or_else(|| panic!("{pointer}: {findings:?}"));
        assert_eq!(found.file, "result.json");
        assert!(
            found.line.abs_diff(line) < 12 && found.line > 1,
            "{pointer}: {}",
            found.line
        );
    }
    for text in ["", "[]", "{", "{\"a\": 1, \"a\": 2}", "\u{feff}", "nul"] {
        assert!(queue_result::check(text.as_bytes(), "r").is_err(), "{text}");
    }
}
