//! What is wrong with a feature, one item each with its place: for tools that show it in code.

use crate::base::PackageId;
use crate::base::text::cut;
use crate::model::{Criticality, GateViolation, LineRange, StepEvidence, StepState};
use crate::report::reviews::SubjectReview;
use crate::review::{Cluster, Raised};
use crate::state::view::{AttemptView, FeatureView};

/// Characters of a text that are shown.
const TEXT_MAX: usize = 4_000;

/// One item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// The stable name of what it breaks: `review/security`, `gate/not-allowed`, `step/failed`.
    pub rule: String,
    /// How bad it is.
    pub level: AlertLevel,
    /// What is wrong; foreign text.
    pub text: String,
    /// The package.
    pub package: Option<PackageId>,
    /// The file, from the root of the repository; foreign text.
    pub path: Option<String>,
    /// The lines in it.
    pub lines: Option<LineRange>,
    /// The same for the same item in the next run.
    pub key: String,
    /// Why a person set it aside.
    pub set_aside: Option<String>,
}

/// How bad an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertLevel {
    /// To be known.
    Note,
    /// To be looked at.
    Warning,
    /// Keeps the feature from being done.
    Error,
}

impl AlertLevel {
    /// The word in SARIF.
    pub fn as_str(self) -> &'static str {
        match self {
            AlertLevel::Note => "note",
            AlertLevel::Warning => "warning",
            AlertLevel::Error => "error",
        }
    }
}

/// Everything that stands: of each package, what its newest attempt left, and what reviewers say.
pub fn collect(feature: &FeatureView, reviews: &[SubjectReview]) -> Vec<Alert> {
    let mut out = Vec::new();
    for (id, package) in &feature.packages {
        let accepted = package.accept.as_ref().map(|accept| &accept.attempt);
        let accepted = accepted.and_then(|attempt| package.attempts.get(attempt));
        let newest = package.in_order().last().copied();
        if let Some(attempt) = accepted.or(newest) {
            out.extend(of_attempt(id, attempt));
        }
    }
    if let Some(last) = feature.finals.last() {
        out.extend(last.steps.iter().filter_map(|one| step(None, one)));
    }
    for review in reviews {
        let clusters = &review.verdict.consensus.clusters;
        out.extend(
            clusters
                .iter()
                .map(|cluster| finding(review.package.as_ref(), cluster)),
        );
    }
    out
}

fn of_attempt(id: &PackageId, attempt: &AttemptView) -> Vec<Alert> {
    let gate = attempt.gates.last().filter(|gate| !gate.passed);
    let violations = gate.map_or(&[][..], |gate| &gate.violations);
    let mut out: Vec<Alert> = violations.iter().map(|one| violation(id, one)).collect();
    if let Some(newest) = attempt.evidence.last() {
        out.extend(
            newest
                .evidence
                .steps
                .iter()
                .filter_map(|one| step(Some(id), one)),
        );
    }
    out
}

fn violation(id: &PackageId, violation: &GateViolation) -> Alert {
    let path = violation.path.as_ref().map(ToString::to_string);
    Alert {
        rule: format!("gate/{}", violation.rule),
        level: AlertLevel::Error,
        text: cut(&violation.detail, TEXT_MAX),
        package: Some(id.clone()),
        key: format!(
            "gate:{id}:{}:{}",
            violation.rule,
            path.as_deref().unwrap_or("")
        ),
        path,
        lines: None,
        set_aside: None,
    }
}

fn step(id: Option<&PackageId>, step: &StepEvidence) -> Option<Alert> {
    if step.state != StepState::Failed {
        return None;
    }
    let mut text = format!("the step `{}` failed", step.name);
    if let Some(code) = step.exit_code {
        text.push_str(&format!(" with exit code {code}"));
    }
    if let Some(note) = &step.note {
        text.push_str(&format!(": {note}"));
    }
    let of = id.map_or("final", PackageId::as_str);
    Some(Alert {
        rule: "step/failed".to_owned(),
        level: AlertLevel::Error,
        text: cut(&text, TEXT_MAX),
        package: id.cloned(),
        path: None,
        lines: None,
        key: format!("step:{of}:{}", step.name),
        set_aside: None,
    })
}

fn finding(subject: Option<&PackageId>, cluster: &Cluster) -> Alert {
    let first = cluster.first();
    let level = match (cluster.blocks(), cluster.criticality) {
        (true, _) => AlertLevel::Error,
        (false, Criticality::Low) => AlertLevel::Note,
        (false, _) => AlertLevel::Warning,
    };
    let mut text = first.description.clone();
    if let Some(resolution) = &first.resolution {
        text.push_str(&format!("\n\nWhat would put it right: {resolution}"));
    }
    let ruled: Option<Vec<String>> = cluster.raised.iter().map(ruled).collect();
    let package = first.package_id.as_deref().and_then(PackageId::parse);
    Alert {
        rule: format!("review/{}", first.kind.as_str()),
        level,
        text: cut(&text, TEXT_MAX),
        package: subject.cloned().or(package),
        path: first.file_path.clone(),
        lines: first.line_range,
        key: cluster.key.to_string(),
        set_aside: ruled.and_then(|all| all.into_iter().next()),
    }
}

fn ruled(raised: &Raised) -> Option<String> {
    let ruling = raised.ruling.as_ref()?;
    Some(format!(
        "{}: {} ({})",
        ruling.ruling.as_str(),
        ruling.evidence,
        ruling.by
    ))
}
