//! Questions: what they stop, and how it goes on when somebody answers, however late.

use super::*;
use crate::model::Escalation;
use crate::model::escalation::{EscalationKind, EscalationSeverity};
use crate::state::record::{Escalated, Resolution};

const DAY: u64 = 24 * 60 * 60 * 1000;

fn at(millis: i64) -> By {
    By {
        at: Timestamp::from_millis(millis),
        ..by()
    }
}

impl Scene {
    fn ask(&mut self, name: Option<&str>, kind: EscalationKind, attempt: Option<&str>) {
        let escalation = Escalation {
            escalation_id: "e-1".to_owned(),
            feature_id: "f".to_owned(),
            package_id: name.unwrap_or_default().to_owned(),
            kind,
            severity: kind.usual_severity(),
            summary: "what now".to_owned(),
            details: None,
            evidence: None,
            impact: None,
            proposed_action: None,
            requires_human: false,
            detected_at: String::new(),
        };
        let asked = Escalated {
            escalation,
            package: name.map(id),
            attempt: attempt.map(|text| AttemptId::parse(text).unwrap()),
            agent: "shell".to_owned(),
            offers: Vec::new(),
            by: at(2000),
        };
        self.records().escalations.push(asked);
    }

    fn decided(&mut self, choice: &str, millis: i64) {
        let resolution = Resolution {
            question: "e-1".to_owned(),
            choice: choice.to_owned(),
            reason: "so be it".to_owned(),
            by: at(millis),
        };
        self.records().resolutions.push(resolution);
    }

    fn is_merging(&self) -> bool {
        let decisions = self.decide();
        { decisions.iter() }.any(|d| matches!(d, Decision::Merge { .. }))
    }
}

#[test]
fn a_question_answered_a_day_later_lets_everything_go_on() {
    let mut scene = Scene::new(&[("a", &[], 1), ("b", &[], 1)]);
    scene.ask(Some("a"), EscalationKind::SecurityEscalation, None);
    assert_eq!(scene.starts(), Vec::<String>::new());
    assert!(matches!(scene.wait("b"), Why::Asked(_)));
    assert_eq!(scene.result(), Some(RunResult::Partial));
    scene.decided("accept-risk", 2000 + i64::try_from(DAY).unwrap());
    assert_eq!(scene.starts(), ["a", "b"]);
}

#[test]
fn what_runs_goes_on_and_is_not_merged_until_somebody_answers() {
    let mut scene = Scene::new(&[("a", &[], 1), ("b", &["a"], 1)]);
    scene.verified("a", Tier::C, StepState::Passed);
    assert!(scene.is_merging());
    scene.ask(
        Some("a"),
        EscalationKind::ContractRevisionRequired,
        Some("a-1"),
    );
    assert!(!scene.is_merging());
    assert_eq!(scene.result(), Some(RunResult::Partial));
    scene.decided("approve", 3000);
    assert!(scene.is_merging());
}

#[test]
fn an_answer_decides_what_becomes_of_a_finished_attempt() {
    for (choice, reason) in [
        ("retry", EndReason::Superseded),
        ("reassign", EndReason::Superseded),
        ("reject", EndReason::Failed),
    ] {
        let mut scene = Scene::new(&[("a", &[], 1)]);
        scene.verified("a", Tier::C, StepState::Passed);
        scene.ask(Some("a"), EscalationKind::PlanRevisionRequired, Some("a-1"));
        scene.decided(choice, 3000);
        let ends = scene.decide();
        let end = ends.iter().find_map(|d| match d {
            Decision::End { reason, note, .. } => Some((*reason, note.clone())),
            _ => None,
        });
        let (said, note) = end.expect("it ends");
        assert_eq!(said, reason, "{choice}");
        assert!(note.contains("so be it"), "{note}");
    }
}

#[test]
fn a_revision_that_was_asked_for_is_waited_for_until_a_plan_is_published() {
    let mut scene = Scene::new(&[("a", &[], 1)]);
    scene.ask(None, EscalationKind::PlanRevisionRequired, None);
    scene.decided("bump-plan", 3000);
    assert_eq!(scene.starts(), Vec::<String>::new());
    let why = scene.wait("a").to_string();
    assert!(why.contains("git wp approve"), "{why}");
    let plan = plan_at(4000);
    scene.records().plans.insert(plan.hash.clone(), plan);
    assert_eq!(scene.starts(), ["a"]);
}

#[test]
fn who_met_a_taken_key_waits_until_nobody_holds_it() {
    let mut scene = Scene::new(&[("a", &[], 1), ("b", &[], 1)]);
    scene.fail("a");
    scene.ask(Some("a"), EscalationKind::ResourceConflict, Some("a-1"));
    let said = &mut scene.records().escalations[0].escalation;
    said.impact = Some(crate::model::escalation::EscalationImpact {
        logical_locks: vec!["b/config".to_owned()],
        ..Default::default()
    });
    scene.hold("b");
    assert!(matches!(scene.wait("a"), Why::Held { .. }));
    scene.package("b").grants.clear();
    assert!(scene.starts().contains(&"a".to_owned()));
}

#[test]
fn a_retry_that_a_person_asked_for_counts_no_earlier_failure() {
    let mut scene = Scene::new(&[("a", &[], 1)]);
    scene.items[0].retries = 0;
    scene.fail("a");
    scene.ask(
        Some("a"),
        EscalationKind::VerificationInfeasible,
        Some("a-1"),
    );
    assert_eq!(scene.starts(), Vec::<String>::new());
    scene.decided("retry", 3000);
    assert_eq!(scene.starts(), ["a"]);
}

#[test]
fn severity_is_honoured() {
    let mut scene = Scene::new(&[("a", &[], 1), ("b", &[], 1)]);
    scene.ask(Some("a"), EscalationKind::ContractRevisionRequired, None);
    for (severity, starts) in [
        (EscalationSeverity::Blocking, &[][..]),
        (EscalationSeverity::High, &["b"][..]),
        (EscalationSeverity::Low, &["a", "b"][..]),
    ] {
        scene.records().escalations[0].escalation.severity = severity;
        assert_eq!(scene.starts(), starts, "{severity:?}");
    }
    scene.records().escalations[0].escalation.requires_human = true;
    assert_eq!(scene.starts(), ["b"]);
}
