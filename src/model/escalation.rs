//! A question that an agent cannot answer by itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One escalation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// Unique among those of the package.
    #[schemars(length(min = 1, max = 128))]
    pub escalation_id: String,
    /// The feature.
    #[schemars(length(min = 1, max = 128))]
    pub feature_id: String,
    /// The package.
    #[schemars(length(min = 1, max = 128))]
    pub package_id: String,
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: EscalationKind,
    /// How bad it is.
    pub severity: EscalationSeverity,
    /// In a sentence.
    #[schemars(length(min = 1, max = 500))]
    pub summary: String,
    /// In full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8000))]
    pub details: Option<String>,
    /// What shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EscalationEvidence>,
    /// What it touches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<EscalationImpact>,
    /// What the agent would do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2000))]
    pub proposed_action: Option<String>,
    /// True if only a person can decide it.
    #[serde(default)]
    pub requires_human: bool,
    /// When it was found.
    pub detected_at: String,
}

/// What an escalation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EscalationKind {
    /// A contract must change.
    ContractRevisionRequired,
    /// The plan must change.
    PlanRevisionRequired,
    /// A resource is held by somebody else.
    ResourceConflict,
    /// The required verification cannot be done here.
    VerificationInfeasible,
    /// The work needs a path outside the scope.
    ScopeViolation,
    /// The environment is in the way.
    EnvResourceConflict,
    /// Something is unsafe.
    SecurityEscalation,
    /// A test fails now and then.
    FlakyTestQuarantineRequest,
}

impl EscalationKind {
    /// Every kind, for lists and messages.
    pub const ALL: [EscalationKind; 8] = [
        EscalationKind::ContractRevisionRequired,
        EscalationKind::PlanRevisionRequired,
        EscalationKind::ResourceConflict,
        EscalationKind::VerificationInfeasible,
        EscalationKind::ScopeViolation,
        EscalationKind::EnvResourceConflict,
        EscalationKind::SecurityEscalation,
        EscalationKind::FlakyTestQuarantineRequest,
    ];

    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            EscalationKind::ContractRevisionRequired => "CONTRACT_REVISION_REQUIRED",
            EscalationKind::PlanRevisionRequired => "PLAN_REVISION_REQUIRED",
            EscalationKind::ResourceConflict => "RESOURCE_CONFLICT",
            EscalationKind::VerificationInfeasible => "VERIFICATION_INFEASIBLE",
            EscalationKind::ScopeViolation => "SCOPE_VIOLATION",
            EscalationKind::EnvResourceConflict => "ENV_RESOURCE_CONFLICT",
            EscalationKind::SecurityEscalation => "SECURITY_ESCALATION",
            EscalationKind::FlakyTestQuarantineRequest => "FLAKY_TEST_QUARANTINE_REQUEST",
        }
    }

    /// How often an attempt that failed by it is made again without using a retry.
    pub fn again_max(self) -> usize {
        match self {
            EscalationKind::ResourceConflict => 3,
            EscalationKind::EnvResourceConflict => 1,
            _ => 0,
        }
    }

    /// How bad it is where nobody says otherwise.
    pub fn usual_severity(self) -> EscalationSeverity {
        match self {
            EscalationKind::ContractRevisionRequired
            | EscalationKind::PlanRevisionRequired
            | EscalationKind::ScopeViolation
            | EscalationKind::SecurityEscalation => EscalationSeverity::Blocking,
            EscalationKind::ResourceConflict | EscalationKind::VerificationInfeasible => {
                EscalationSeverity::High
            }
            EscalationKind::EnvResourceConflict => EscalationSeverity::Medium,
            EscalationKind::FlakyTestQuarantineRequest => EscalationSeverity::NonBlocking,
        }
    }
}

impl EscalationSeverity {
    /// Every severity, for lists and messages.
    pub const ALL: [EscalationSeverity; 5] = [
        EscalationSeverity::NonBlocking,
        EscalationSeverity::Low,
        EscalationSeverity::Medium,
        EscalationSeverity::High,
        EscalationSeverity::Blocking,
    ];

    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            EscalationSeverity::NonBlocking => "NON_BLOCKING",
            EscalationSeverity::Low => "LOW",
            EscalationSeverity::Medium => "MEDIUM",
            EscalationSeverity::High => "HIGH",
            EscalationSeverity::Blocking => "BLOCKING",
        }
    }
}

/// How bad an escalation is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EscalationSeverity {
    /// Work goes on.
    NonBlocking,
    /// Worth a look.
    Low,
    /// Worth a look soon.
    Medium,
    /// Worth a look now.
    High,
    /// Nothing goes on.
    Blocking,
}

/// What shows that an escalation is due.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EscalationEvidence {
    /// Files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Logs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<String>,
}

/// What an escalation touches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EscalationImpact {
    /// True if the contracts get a new revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract_revision_bump_required: Option<bool>,
    /// True if the plan gets a new revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_revision_bump_required: Option<bool>,
    /// Packages concerned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub impacted_packages: Vec<String>,
    /// Lock keys concerned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logical_locks: Vec<String>,
}
