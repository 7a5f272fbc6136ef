//! Escalations: what an agent cannot decide by itself, for whoever can.

use crate::base::{FeatureId, PackageId, Result};
use crate::commands::Context;
use crate::commands::verbs::Identity;
use crate::commands::verbs::handoffs::{Noted, say};
use crate::model::Escalation;
use crate::model::escalation::{EscalationKind, EscalationSeverity};
use crate::os::random;
use crate::state::asked::Said;
use crate::state::record::Escalated;
use crate::store::Store;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands) struct Question {
    /// The feature.
    pub feature: FeatureId,
    /// The package; `None`: the feature as a whole.
    pub package: Option<PackageId>,
    /// What it is about.
    pub kind: EscalationKind,
    /// How bad it is; `None`: as bad as its kind is as a rule.
    pub severity: Option<EscalationSeverity>,
    /// In a sentence.
    pub summary: String,
    /// In full.
    pub details: Option<String>,
    /// What the agent would do.
    pub proposed_action: Option<String>,
    /// True if only a person can decide it.
    pub requires_human: bool,
}

/// Asks. In a room the supervisor takes feature and package from the attempt.
///
/// # Errors
/// Usage: there is no such feature or package; or the store failed.
pub(in crate::commands) fn escalate(
    cx: &mut Context<'_>,
    store: &Store,
    (question, who): (&Question, &Identity),
) -> Result<Noted> {
    let by = cx.by()?;
    let escalation = Escalation {
        escalation_id: format!("e-{}", random::id(10)?),
        feature_id: question.feature.to_string(),
        package_id: question
            .package
            .as_ref()
            .map_or_else(String::new, ToString::to_string),
        kind: question.kind,
        severity: question
            .severity
            .unwrap_or_else(|| question.kind.usual_severity()),
        summary: question.summary.clone(),
        details: question.details.clone(),
        evidence: None,
        impact: None,
        proposed_action: question.proposed_action.clone(),
        requires_human: question.requires_human,
        detected_at: by.at.to_string(),
    };
    let escalated = Escalated {
        escalation,
        package: question.package.clone(),
        attempt: None,
        agent: who.agent.clone(),
        offers: Vec::new(),
        by,
    };
    let feature = question.feature.clone();
    say(cx, store, Said::Escalate { feature, escalated })
}
