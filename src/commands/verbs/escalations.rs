//! Escalations: what an agent cannot decide by itself, for whoever can.

use crate::base::{Error, FeatureId, PackageId, Result, TxnId};
use crate::commands::Context;
use crate::commands::verbs::Identity;
use crate::commands::verbs::handoffs::{Noted, say};
use crate::model::Escalation;
use crate::model::escalation::{EscalationImpact, EscalationKind, EscalationSeverity};
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
    /// Lock keys and paths that it is about.
    pub keys: Vec<String>,
    /// Further packages that it concerns.
    pub impacts: Vec<String>,
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
    let id = format!("e-{}", random::id(10)?);
    let escalation = Escalation {
        escalation_id: id.clone(),
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
        impact: (!question.keys.is_empty() || !question.impacts.is_empty()).then(|| {
            EscalationImpact {
                impacted_packages: question.impacts.clone(),
                logical_locks: question.keys.clone(),
                ..EscalationImpact::default()
            }
        }),
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
    let noted = say(cx, store, Said::Escalate { feature, escalated })?;
    // What is typed to answer it, and not the name of the transaction.
    let id = TxnId::parse(&id).ok_or_else(|| Error::bug("an escalation cannot be named"))?;
    Ok(Noted { id, ..noted })
}
