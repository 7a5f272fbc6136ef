//! Free text of agents, without secrets: taken out before a record is made, whoever asks.

use crate::base::json::{self, Map, Value};
use crate::base::redact::{MARK, is_secret_name};
use crate::base::{Redactor, text};
use crate::model::Escalation;
use crate::model::qa::QaReading;
use crate::model::review::{Findings, ReviewOutcome};
use crate::state::asked::{Said, TaskOp};
use crate::state::record::Judgement;
use crate::state::request::{AttemptFact, Op};

/// Longest text of one field, in bytes; the rest is cut off.
pub const TEXT_BYTES_MAX: usize = 64 << 10;
/// Entries of one list.
const LIST_MAX: usize = 200;

impl Op {
    /// Takes secrets out of what an agent or a person wrote freely, and cuts what is too long.
    pub fn redact(&mut self, redactor: &Redactor) {
        let clean = Clean(redactor);
        match self {
            Op::Say(said) => clean.said(said),
            Op::Task(op) => clean.task(op),
            Op::LockAcquire { reason, .. } => clean.maybe(reason),
            Op::LockEnd { note, .. } | Op::End { note, .. } => clean.text(note),
            Op::Hold { reason, .. } => clean.text(reason),
            Op::Answer { answer, .. } => {
                clean.maybe(&mut answer.note);
                clean.maybe(&mut answer.url);
            }
            Op::Note {
                fact: AttemptFact::Deviation(deviation),
                ..
            } => clean.text(&mut deviation.detail),
            _ => {}
        }
    }
}

struct Clean<'a>(&'a Redactor);

impl Clean<'_> {
    fn said(&self, said: &mut Said) {
        match said {
            Said::Session(session) => {
                self.maybe(&mut session.current_task);
                self.maybe(&mut session.delegated_from);
                self.maybe(&mut session.archetype);
                self.maybe(&mut session.kind);
                self.list(&mut session.capabilities);
            }
            Said::Handoff(handoff) => {
                self.text(&mut handoff.summary);
                for list in [
                    &mut handoff.completed,
                    &mut handoff.in_progress,
                    &mut handoff.decisions,
                    &mut handoff.next_steps,
                    &mut handoff.files,
                ] {
                    self.list(list);
                }
            }
            Said::Remember(memory) => {
                self.text(&mut memory.summary);
                self.json(&mut memory.details);
                self.list(&mut memory.lessons);
                self.list(&mut memory.tags);
            }
            Said::Forget { reason, .. } => self.text(reason),
            Said::Decided(decided) => {
                self.text(&mut decided.resource);
                self.text(&mut decided.reason);
            }
            // Nobody writes freely in it.
            Said::Deliver { .. } => {}
            Said::Escalate { escalated, .. } => self.escalation(&mut escalated.escalation),
            Said::Judge { what, .. } => self.judgement(what),
            Said::Resolve { resolution, .. } => self.text(&mut resolution.reason),
        }
    }

    fn task(&self, op: &mut TaskOp) {
        match op {
            TaskOp::Submit(task) => {
                self.text(&mut task.kind);
                self.text(&mut task.description);
                self.json(&mut task.input);
            }
            TaskOp::Claim(_) => {}
            TaskOp::Complete(completion) => {
                self.json(&mut completion.result);
                self.maybe(&mut completion.message);
            }
            TaskOp::Release { note: text, .. } | TaskOp::Cancel { reason: text, .. } => {
                self.text(text);
            }
        }
    }

    fn judgement(&self, what: &mut Judgement) {
        match what {
            Judgement::Review(reviewed) => match &mut reviewed.outcome {
                ReviewOutcome::Findings(findings) => self.findings(findings),
                ReviewOutcome::Failed { detail, .. } => self.text(detail),
            },
            Judgement::Waiver(waiver) => self.text(&mut waiver.reason),
            Judgement::Qa(round) => round.readings.iter_mut().for_each(|r| self.reading(r)),
        }
    }

    fn reading(&self, reading: &mut QaReading) {
        self.list(&mut reading.faults);
        let Some(report) = &mut reading.report else {
            return;
        };
        for result in &mut report.checks {
            self.text(&mut result.evidence);
        }
        self.list(&mut report.issues);
        self.maybe(&mut report.recommendation);
    }

    fn findings(&self, findings: &mut Findings) {
        self.maybe(&mut findings.summary);
        for earlier in &mut findings.earlier {
            self.maybe(&mut earlier.note);
        }
        for finding in &mut findings.findings {
            self.text(&mut finding.description);
            self.maybe(&mut finding.resolution);
        }
    }

    fn escalation(&self, escalation: &mut Escalation) {
        self.text(&mut escalation.summary);
        self.maybe(&mut escalation.details);
        self.maybe(&mut escalation.proposed_action);
        if let Some(evidence) = &mut escalation.evidence {
            self.list(&mut evidence.files);
            self.list(&mut evidence.logs);
        }
        if let Some(impact) = &mut escalation.impact {
            self.list(&mut impact.impacted_packages);
            self.list(&mut impact.logical_locks);
        }
    }

    fn text(&self, text: &mut String) {
        let clean = self.0.redact(text);
        *text = text::head(&clean, TEXT_BYTES_MAX).to_owned();
    }

    fn maybe(&self, text: &mut Option<String>) {
        if let Some(text) = text {
            self.text(text);
        }
    }

    fn list(&self, list: &mut Vec<String>) {
        list.truncate(LIST_MAX);
        for text in list {
            self.text(text);
        }
    }

    /// JSON stays JSON: its strings are redacted, and what stands under the name of a secret.
    fn json(&self, text: &mut Option<String>) {
        let Some(given) = text else {
            return;
        };
        match json::parse(given.as_bytes()) {
            Ok(mut value) => {
                self.value(&mut value);
                *text = json::line(&value).ok();
            }
            Err(_) => self.text(given),
        }
    }

    fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(map) => self.object(map),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn object(&self, map: &mut Map<String, Value>) {
        for (name, value) in map.iter_mut() {
            match value {
                Value::String(_) if is_secret_name(name) => *value = Value::from(MARK),
                _ => self.value(value),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::TaskId;
    use crate::model::TaskOutcome;
    use crate::state::asked::TaskCompletion;

    #[test]
    fn secrets_in_json_go_and_the_rest_keeps_its_form() {
        let result = r#"{"coverage":93.5,"api_token":"abc","log":["password=hunter2-long"]}"#;
        let mut op = Op::Task(Box::new(TaskOp::Complete(TaskCompletion {
            task: TaskId::parse("t1").unwrap(),
            session: None,
            outcome: TaskOutcome::Completed,
            result: Some(result.to_owned()),
            message: Some("used opensesame12".to_owned()),
        })));
        op.redact(&Redactor::new(["opensesame12".to_owned()]));
        let text = json::line(&op).unwrap();
        assert!(text.contains("93.5"), "{text}");
        for secret in ["abc", "hunter2", "opensesame"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
