//! What a body tells, and that nothing in it gets out of it.

use super::*;
use crate::base::json::json;
use crate::base::{ActorId, Oid, Timestamp};
use crate::model::{
    Axis, Criticality, Disposition, FINDINGS_VERSION, FindingType, Findings, PackageStatus,
    ReviewFinding, ReviewOutcome, ReviewSeverity, ReviewType, Reviewed, Ruling,
};
use crate::report::reviews;
use crate::report::view::PackageRow;
use crate::state::record::{By, Waiver};

fn by() -> By {
    By {
        actor: ActorId::parse("k1").unwrap(),
        label: "ann@host".to_owned(),
        at: Timestamp::from_millis(0),
    }
}

fn review(reviewer: &str, found: Vec<ReviewFinding>) -> Judged {
    let what = Judgement::Review(Box::new(Reviewed {
        reviewer: reviewer.to_owned(),
        vendor: reviewer.to_owned(),
        author_vendor: None,
        review_type: ReviewType::Implementation,
        package: PackageId::parse("wp-a"),
        commit: Oid::parse(&"c".repeat(40)).unwrap(),
        base: None,
        round: 1,
        at: None,
        outcome: ReviewOutcome::Findings(Box::new(Findings {
            schema_version: FINDINGS_VERSION,
            review_type: ReviewType::Implementation,
            target: "x".to_owned(),
            reviewer: None,
            reviewer_vendor: None,
            commit: None,
            base: None,
            summary: None,
            earlier: Vec::new(),
            findings: found,
        })),
    }));
    Judged { what, by: by() }
}

fn records() -> FeatureView {
    let finding = ReviewFinding {
        id: "1".to_owned(),
        kind: FindingType::Security,
        written_type: None,
        criticality: Criticality::High,
        disposition: Disposition::Fix,
        axis: Axis::Security,
        severity: ReviewSeverity::Critical,
        description: "Fixes #12, @root: `rm` | <b>\nnext".to_owned(),
        resolution: None,
        package_id: None,
        file_path: Some("src/db.py".to_owned()),
        line_range: None,
    };
    let waiver = Judgement::Waiver(Waiver {
        key: "no-reviews".to_owned(),
        package: None,
        commit: None,
        ruling: Ruling::AcceptedRisk,
        reason: "only docs".to_owned(),
    });
    FeatureView {
        judged: vec![
            review("codex", vec![finding]),
            review("grok", Vec::new()),
            Judged {
                what: waiver,
                by: by(),
            },
        ],
        ..FeatureView::default()
    }
}

fn with(summary: &Value, text: &str, check: impl FnOnce(&PullRequest<'_>)) {
    let records = records();
    let feature = FeatureId::parse("add-auth").unwrap();
    let mut status = StatusView::of(&feature, &records);
    status.packages = vec![PackageRow {
        id: PackageId::parse("wp-a").unwrap(),
        status: PackageStatus::Merged,
        why: String::new(),
        usage: None,
        attempts: Vec::new(),
    }];
    let qa = [QaRow {
        surface: "cli".to_owned(),
        round: 2,
        passed: true,
        summary: "7 checks".to_owned(),
    }];
    check(&PullRequest {
        feature: &feature,
        title: Some("Add auth for @everyone\n<i>"),
        status: &status,
        summary,
        text,
        reviews: &reviews::of(&records),
        qa: &qa,
        records: &records,
        follow_up: &["rename the helper".to_owned()],
    });
}

#[test]
fn a_body_tells_all_there_is() {
    let summary = json!({
        "base": "a".repeat(40), "head": "b".repeat(40),
        "plan": {"source": "plan.yaml", "plan_revision": 2, "contracts_revision": 1},
        "evidence": [{"package": "wp-a", "steps": [{"state": "passed"}, {"state": "failed"}]}],
        "deviations": [{"package": "wp-a", "number": 1, "deviation":
            {"kind": "amended-scope", "detail": "README.md too"}}],
        "risk": {"class": "high", "rules": [{"rule": "migration", "paths": ["db/1.sql"]}]},
        "awaiting": [], "last_check": {"passed": true},
    });
    with(&summary, "# Add auth\n\nAll of it.", |pull| {
        insta::assert_snapshot!(format!("{}\n\n{}", title(pull), body(pull)));
    });
}

#[test]
fn a_body_without_a_run_and_a_very_long_one_hold() {
    with(&Value::Null, "", |pull| {
        let body = body(pull);
        assert!(body.contains("- [ ] the final verification is green"));
        assert!(!body.contains("<details>"));
    });
    with(&Value::Null, &"long ".repeat(20_000), |pull| {
        assert!(body(pull).len() <= BODY_MAX);
    });
}

#[test]
fn nothing_in_it_calls_a_person_or_closes_an_issue() {
    for (text, tamed) in [
        ("@ann", "@\u{2060}ann"),
        ("fixes #12", "fixes #\u{2060}12"),
        ("closes GH-7", "closes GH-\u{2060}7"),
        ("# Heading", "# Heading"),
        ("a-7 ann@", "a-7 ann@"),
    ] {
        assert_eq!(tame(text), tamed);
    }
}
