//! Real review documents: each is read, or refused by name with a place; ours fit our schema.

use std::path::{Path, PathBuf};

use git_wp::base::Oid;
use git_wp::base::json::{self, Value, json};
use git_wp::model::{Findings, ReviewType};
use git_wp::plan::{Spans, review_findings};
use git_wp::review::read::{Asked, Document, answer, document};

#[expect(clippy::print_stderr, reason = "a skip must not look like a pass")]
fn corpus() -> Option<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/reviews");
    let listed = std::fs::read_dir(&folder).ok();
    if listed.is_none() {
        eprintln!("skipped: {} is not there", folder.display());
    }
    let mut files: Vec<PathBuf> = listed?.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    Some(files)
}

fn fits(findings: &Findings) {
    let value = findings.to_value().unwrap();
    let unfit = review_findings::unfit(&value, "ours", &Spans::default());
    assert!(unfit.is_empty(), "{unfit:?}");
    let text = json::pretty(&value).unwrap();
    let again: Findings = json::parse_as(text.as_bytes()).unwrap();
    assert_eq!(&again, findings);
}

#[test]
fn every_real_document_is_read_and_what_is_read_fits_our_schema() {
    let Some(files) = corpus() else { return };
    let (mut found, mut manifests) = (0, 0);
    for file in &files {
        let bytes = std::fs::read(file).unwrap();
        let old = document(&bytes, &file.display().to_string());
        let old = old.unwrap_or_else(|refused| panic!("{}: {refused:#?}", file.display()));
        match old.document {
            Document::Findings(findings) => {
                fits(&findings);
                let raw = json::parse(&bytes).unwrap();
                let listed = raw["findings"].as_array().unwrap();
                assert_eq!(findings.findings.len(), listed.len(), "{}", file.display());
                for (ours, theirs) in findings.findings.iter().zip(listed) {
                    assert_eq!(ours.disposition.as_str(), theirs["disposition"]);
                    assert_eq!(ours.criticality.as_str(), theirs["criticality"]);
                    assert_eq!(
                        ours.description,
                        theirs["description"].as_str().unwrap().trim()
                    );
                    assert_eq!(ours.file_path.as_deref(), theirs["file_path"].as_str());
                    assert_eq!(
                        ours.line_range.is_some(),
                        theirs.get("line_range").is_some()
                    );
                }
                found += 1;
            }
            Document::Manifest(manifest) => {
                assert!(!manifest.dispatches.is_empty());
                let answered = manifest
                    .dispatches
                    .iter()
                    .filter(|one| one.answered)
                    .count();
                assert_eq!(u32::try_from(answered).ok(), manifest.received);
                manifests += 1;
            }
            other => panic!("{}: {other:?}", file.display()),
        }
    }
    assert_eq!((found, manifests), (18, 3));
}

/// A document before the form was tightened: no axis, no severity, a word of another scale.
const OLD: &str = r#"{
  "schema_version": 1, "round": 2, "reviewer": "some-model-7",
  "findings": [
    {"id": "F1", "type": "completeness", "criticality": "blocking", "disposition": "fix",
     "description": "Half is missing.", "file_path": null, "line_range": "12-14"},
    {"type": "Test-Gap", "criticality": "low", "disposition": "wont_fix",
     "title": "No test.", "location": "src/a.py:7", "suggestion": "Write one."}
  ]
}"#;

#[test]
fn an_old_document_is_carried_over_and_every_guess_is_noted() {
    let old = document(OLD.as_bytes(), "round-2/findings-x-plan.json").unwrap();
    let Document::Findings(findings) = old.document else {
        panic!("not findings")
    };
    fits(&findings);
    assert_eq!(findings.review_type, ReviewType::Plan);
    assert_eq!(findings.reviewer_vendor.as_deref(), Some("some-model-7"));
    let value = findings.to_value().unwrap();
    assert_eq!(
        value["findings"],
        json!([
            {"id": "F1", "type": "spec_gap", "written_type": "completeness",
             "criticality": "critical", "disposition": "fix", "axis": "correctness",
             "severity": "critical", "description": "Half is missing.",
             "line_range": {"start": 12, "end": 14}},
            {"id": "2", "type": "other", "written_type": "Test-Gap", "criticality": "low",
             "disposition": "accept", "axis": "correctness", "severity": "fyi",
             "description": "No test.", "resolution": "Write one.", "file_path": "src/a.py",
             "line_range": {"start": 7, "end": 7}},
        ])
    );
    let notes = old.notes.join("\n");
    for told in [
        "4:57: `findings[0].criticality` is of another scale",
        "`findings[1].disposition` is another word",
        "`findings[1]` has no id",
        "the file has no review_type",
        "the file has no target",
    ] {
        assert!(notes.contains(told), "{told}\n{notes}");
    }
}

fn refusal(text: &str, name: &str) -> String {
    let refused = document(text.as_bytes(), name).unwrap_err();
    let line = |one: &git_wp::model::Finding| {
        assert!(!one.hint.is_empty());
        format!("{}:{}:{}: {}", one.file, one.line, one.column, one.message)
    };
    refused.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_cannot_be_read_is_refused_by_name_and_place() {
    let text = "{\"review_type\": \"plan\", \"target\": \"x\", \"findings\": [\n {\"id\": 1,\n  \
        \"type\": \"style\", \"criticality\": \"huge\", \"description\": \"d\"}]}";
    assert_eq!(
        refusal(text, "f.json"),
        "f.json:2:2: `findings[0]` has no `disposition`\n\
         f.json:3:35: `findings[0].criticality` is `huge`, which is not one of its values"
    );
    for (text, told) in [
        ("{", "not JSON"),
        ("[1]", "`[0]` is no object"),
        ("3", "the file holds no object"),
        ("{\"a\": 1}", "none of the review documents; it has `a`"),
        ("{\"findings\": 3}", "`findings` is no list"),
        (
            "{\"findings\": [{\"id\": 1, \"criticality\": \"low\", \"disposition\": \"fix\"}]}",
            "`findings[0]` has no `description`",
        ),
        (
            "{\"vendor\": \"x\", \"success\": false, \"error\": \"timeout after 300 s\"}",
            "the reviewer gave no answer: timeout after 300 s",
        ),
        (
            "{\"review_type\": \"haiku\", \"findings\": []}",
            "`review_type` is `haiku`",
        ),
        (
            "{\"consensus_findings\": [{\"status\": \"maybe\", \"agreed_criticality\": \"low\"}]}",
            "`consensus_findings[0].status` is `maybe`",
        ),
        (
            "{\"dispatches\": [{\"vendor\": \"x\"}]}",
            "`dispatches[0]` has no `success`",
        ),
        (
            "{\"findings_trend\": [1]}",
            "the file has no `current_phase`",
        ),
    ] {
        let refused = refusal(text, "f.json");
        assert!(refused.contains(told), "{text}\n{refused}");
    }
}

#[test]
fn reports_manifests_and_loops_are_read_in_their_versions() {
    let reports = [
        r#"{"schema_version": 1, "review_type": "implementation", "target": "t",
            "reviewers": [{"vendor": "anyone", "agent_id": "a", "success": true,
            "elapsed_seconds": 1.5}], "quorum_met": true, "consensus_findings": [
            {"id": 1, "status": "unconfirmed", "primary_vendor": "anyone",
             "primary_finding_id": 1, "agreed_type": "security", "agreed_criticality": "critical",
             "recommended_disposition": "accept"}],
            "summary": {"blocking_count": 0}}"#,
        r#"{"reviewers": ["anyone"], "findings": {"confirmed": [], "unconfirmed":
            [{"criticality": "critical", "disposition": "accept", "description": "d"}]},
            "quorum_met": true}"#,
        r#"{"consensus_findings": [{"vendors": ["anyone"], "severity": "blocker",
            "disposition": "accept"}], "quorum_met": true, "reviewers": {"anyone": {}}}"#,
    ];
    for text in reports {
        match document(text.as_bytes(), "x.json").unwrap().document {
            Document::Consensus(report) => {
                assert_eq!(report.reviewers.len(), 1);
                assert_eq!(report.quorum_met, Some(true));
                assert_eq!(report.findings[0].criticality.as_str(), "critical");
                assert_eq!(
                    json::value(&report.findings[0].standing).unwrap(),
                    "unconfirmed"
                );
            }
            other => panic!("{other:?}"),
        }
    }
    let manifest = r#"{"schema_version": 2, "dispatches": [{"requested_vendor": "x",
        "terminal_outcome": "timeout", "quorum_eligible": false}], "quorum_requested": 2,
        "quorum_received": 0, "vendors": []}"#;
    match document(manifest.as_bytes(), "m.json").unwrap().document {
        Document::Manifest(manifest) => {
            assert!(!manifest.dispatches[0].answered);
            assert_eq!(manifest.dispatches[0].error.as_deref(), Some("timeout"));
        }
        other => panic!("{other:?}"),
    }
    for (text, trend) in [
        (
            r#"{"schema_version": 3, "change_id": "c", "current_phase": "IMPL_FIX", "iteration": 2,
             "findings_trend": [4, 2], "findings": [{"any": 1}], "phase_archetype": null}"#,
            vec![4, 2],
        ),
        (
            r#"{"converged": false, "rounds": [{"blocking": 3}], "reason": "stalled"}"#,
            vec![3],
        ),
    ] {
        match document(text.as_bytes(), "loop-state.json")
            .unwrap()
            .document
        {
            Document::Loop(state) => assert_eq!(state.trend, trend),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_answer_is_strict_where_a_verdict_depends_on_it() {
    let commit = Oid::parse(&"ab".repeat(20)).unwrap();
    let asked = Asked {
        commit: &commit,
        review_type: ReviewType::Implementation,
        target: "wp-a",
        source: "review.json",
    };
    let text = |more: &str, disposition: &str| {
        format!(
            "{{{more} \"findings\": [{{\"id\": 1, \"type\": \"bug\", \"criticality\": \"low\", \
             \"disposition\": \"{disposition}\", \"description\": \"d\"}}]}}"
        )
    };
    let read = answer(text("\"commit\": \"abababa\",", "fix").as_bytes(), asked).unwrap();
    fits(&read);
    assert_eq!(read.commit.as_deref(), Some(commit.as_str()));
    for (answered, reason) in [
        (text("", "wont_fix"), "malformed"),
        (text("\"commit\": \"1234567\",", "fix"), "other-commit"),
        (text("\"schema_version\": 3,", "fix"), "malformed"),
        (
            text(
                "\"earlier\": [{\"key\": \"f-1\", \"state\": \"fixed\"}],",
                "fix",
            ),
            "malformed",
        ),
        (String::new(), "missing"),
        ("The code is fine.".to_owned(), "malformed"),
        ("{}".to_owned(), "malformed"),
    ] {
        let (why, findings) = answer(answered.as_bytes(), asked).unwrap_err();
        assert_eq!(why.as_str(), reason, "{answered}");
        assert!(!findings.is_empty(), "{answered}");
    }
}

/// Every value of `seed`, replaced by each of `junk` in turn.
fn variants(seed: &Value, junk: &[Value]) -> Vec<Value> {
    let mut pointers = Vec::new();
    walk(seed, String::new(), &mut pointers);
    let mut out = Vec::new();
    for pointer in &pointers {
        for value in junk {
            let mut document = seed.clone();
            *document.pointer_mut(pointer).unwrap() = value.clone();
            out.push(document);
        }
    }
    out
}

fn walk(value: &Value, pointer: String, out: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                walk(item, format!("{pointer}/{at}"), out);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                walk(field, format!("{pointer}/{name}"), out);
            }
        }
        _ => {}
    }
    out.push(pointer);
}

#[test]
fn whatever_stands_in_a_field_what_is_read_fits_and_what_is_not_is_told() {
    let junk = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(""),
        json!(" \u{202e}x\u{1b}"),
        json!("long ".repeat(8_000)),
        json!([]),
        json!([[], {}, "x"]),
        json!({}),
        json!({"name": {"name": 1}, "start": 0, "end": -4}),
    ];
    let seeds = [
        json!({"schema_version": 2, "review_type": "plan", "target": "t", "reviewer": "r",
            "reviewer_vendor": "v", "commit": "abababa", "base": "1234567", "summary": "s",
            "earlier": [{"key": "f-0123456789abcdef", "state": "open", "note": "n"}],
            "findings": [{"id": 1, "type": "odd", "criticality": "low", "disposition": "fix",
                "axis": "security", "severity": "nit", "description": "d", "resolution": "r",
                "package_id": "p", "file_path": "a/b.py", "line_range": {"start": 1, "end": 2}}]}),
        json!({"consensus_findings": [{"status": "confirmed", "agreed_criticality": "low",
            "recommended_disposition": "fix"}], "reviewers": [{"vendor": "v", "success": true}],
            "quorum_met": true, "summary": {"blocking_count": 1}}),
        json!({"dispatches": [{"vendor": "v", "success": true, "error": "e"}],
            "quorum_requested": 1, "vendors": [{"name": "v", "findings_path": "f"}]}),
        json!({"current_phase": "p", "iteration": 1, "findings_trend": [1, {"blocking": 2}]}),
    ];
    let commit = Oid::parse(&"ab".repeat(20)).unwrap();
    let (mut read, mut refused) = (0, 0);
    for document_of in seeds.iter().flat_map(|seed| variants(seed, &junk)) {
        let bytes = json::line(&document_of).unwrap().into_bytes();
        match document(&bytes, "x.json") {
            Ok(old) => {
                read += 1;
                if let Document::Findings(findings) = &old.document {
                    fits(findings);
                }
            }
            Err(told) => {
                refused += 1;
                assert!(!told.is_empty(), "{document_of}");
                assert!(
                    told.iter()
                        .all(|one| one.line > 0 && !one.message.contains('\u{1b}'))
                );
            }
        }
        let asked = Asked {
            commit: &commit,
            review_type: ReviewType::Plan,
            target: "t",
            source: "x.json",
        };
        match answer(&bytes, asked) {
            Ok(findings) => fits(&findings),
            Err((_, told)) => assert!(!told.is_empty(), "{document_of}"),
        }
    }
    assert!(
        read > 100 && refused > 100,
        "{read} read, {refused} refused"
    );
}
