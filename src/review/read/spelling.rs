//! Words of review documents as people and agents spelled them, and what they mean.

use crate::model::{Axis, Criticality, Disposition, FindingType, ReviewSeverity, ReviewType};

/// `Spec-Gap ` is `spec_gap`.
pub(super) fn plain(word: &str) -> String {
    word.trim().to_lowercase().replace(['-', ' '], "_")
}

/// Words that name one of the kinds; anything else is a kind of its own.
pub(super) fn kind(word: &str) -> Option<FindingType> {
    use FindingType as T;
    let known = FindingType::parse(word).filter(|kind| *kind != T::Other);
    known.or_else(|| {
        Some(match word {
            "bug" | "logic" | "logic_error" | "defect" | "error" => T::Correctness,
            "completeness" | "missing" | "gap" | "incomplete" | "requirement" | "spec" => {
                T::SpecGap
            }
            "contract" | "interface" | "api" | "schema" => T::ContractMismatch,
            "design" | "structure" | "coupling" | "modularity" => T::Architecture,
            "vulnerability" | "privacy" | "auth" => T::Security,
            "efficiency" | "scalability" | "perf" => T::Performance,
            "readability"
            | "clarity"
            | "naming"
            | "documentation"
            | "docs"
            | "simplification"
            | "formatting"
            | "docstring_inaccuracy" => T::Style,
            "logging" | "monitoring" | "telemetry" => T::Observability,
            "portability" | "migration" | "backward_compatibility" => T::Compatibility,
            "robustness" | "reliability" | "error_handling" | "concurrency" => T::Resilience,
            "behavior" | "behaviour" | "regression" | "behavioural_failure" => T::BehavioralFailure,
            _ => return None,
        })
    })
}

/// The quality that suffers by a kind of flaw: what documents without `axis` leave open.
pub(super) fn axis_of(kind: FindingType) -> Axis {
    match kind {
        FindingType::Architecture => Axis::Architecture,
        FindingType::Security => Axis::Security,
        FindingType::Performance => Axis::Performance,
        FindingType::Style => Axis::Readability,
        FindingType::Observability => Axis::Observability,
        FindingType::Compatibility => Axis::Compatibility,
        FindingType::Resilience => Axis::Resilience,
        FindingType::SpecGap
        | FindingType::ContractMismatch
        | FindingType::Correctness
        | FindingType::BehavioralFailure
        | FindingType::Other => Axis::Correctness,
    }
}

/// The qualities, also where a kind is named in their place.
pub(super) fn axis(word: &str) -> Option<Axis> {
    Axis::parse(word).or_else(|| kind(word).map(axis_of))
}

/// How bad, in the words of other scales.
pub(super) fn criticality(word: &str) -> Option<Criticality> {
    Criticality::parse(word).or_else(|| {
        Some(match word {
            "blocking" | "blocker" | "severe" | "fatal" | "p0" => Criticality::Critical,
            "major" | "important" | "error" | "p1" => Criticality::High,
            "moderate" | "normal" | "warning" | "p2" => Criticality::Medium,
            "minor" | "trivial" | "info" | "informational" | "nit" | "optional" | "fyi"
            | "none" | "note" | "suggestion" | "p3" | "p4" => Criticality::Low,
            _ => return None,
        })
    })
}

/// What is to be done, in other words. Only for documents of which no verdict is made.
pub(super) fn disposition(word: &str) -> Option<Disposition> {
    Disposition::parse(word).or_else(|| {
        Some(match word {
            "must_fix" | "should_fix" | "fix_now" | "change" | "request_changes" | "revise"
            | "fix_required" | "block" | "blocking" | "open" => Disposition::Fix,
            "accepted" | "acceptable" | "no_action" | "none" | "acknowledge" | "acknowledged"
            | "note" | "noted" | "wont_fix" | "ignore" | "pass" | "approve" | "approved"
            | "fixed" | "resolved" | "closed" | "verified" | "rejected" | "false_positive"
            | "defer" | "deferred" | "informational" | "optional" | "consider" | "dismiss"
            | "dismissed" | "accepted_risk" | "addressed" => Disposition::Accept,
            "redo" | "rewrite" | "rework" | "replan" => Disposition::Regenerate,
            "human" | "ask" | "discuss" | "clarify" | "decide" | "escalated"
            | "needs_discussion" | "needs_human" => Disposition::Escalate,
            _ => return None,
        })
    })
}

/// How a finding is marked in a conversation, in other words.
pub(super) fn severity(word: &str) -> Option<ReviewSeverity> {
    ReviewSeverity::parse(word).or_else(|| {
        Some(match word {
            "blocking" | "blocker" | "high" | "major" | "must" => ReviewSeverity::Critical,
            "medium" | "minor" | "moderate" => ReviewSeverity::Nit,
            "low" | "suggestion" => ReviewSeverity::Optional,
            "info" | "informational" | "note" => ReviewSeverity::Fyi,
            "praise" | "positive" => ReviewSeverity::None,
            _ => return None,
        })
    })
}

/// The mark of a finding whose document leaves it open.
pub(super) fn severity_of(criticality: Criticality, wanted: Disposition) -> ReviewSeverity {
    match (criticality, wanted) {
        (Criticality::Critical | Criticality::High, _) => ReviewSeverity::Critical,
        (_, Disposition::Accept) => ReviewSeverity::Fyi,
        (Criticality::Medium, _) => ReviewSeverity::Nit,
        (Criticality::Low, _) => ReviewSeverity::Optional,
    }
}

/// What was reviewed, in other words, or within a file name.
pub(super) fn review_type(word: &str) -> Option<ReviewType> {
    let holds = |parts: &[&str]| parts.iter().any(|part| word.contains(part));
    ReviewType::parse(word).or_else(|| {
        if holds(&["adversarial"]) {
            Some(ReviewType::Adversarial)
        } else if holds(&[
            "impl",
            "code",
            "simplif",
            "valid",
            "integration",
            "pull_request",
            "diff",
        ]) {
            Some(ReviewType::Implementation)
        } else if holds(&["plan", "proposal", "spec", "design"]) {
            Some(ReviewType::Plan)
        } else {
            None
        }
    })
}
