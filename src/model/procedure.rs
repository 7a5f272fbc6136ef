//! What is done about each type of escalation: one table, and nobody decides beside it.
//!
//! The severity that was said, and whether a person is demanded, choose the column; so an agent
//! can stop its own package, or the feature, and can never wave anything through.

use serde::{Deserialize, Serialize};

use crate::model::escalation::{EscalationKind, EscalationSeverity};

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Procedure {
    /// The type.
    pub kind: EscalationKind,
    /// What happens at severity BLOCKING.
    pub blocking: Treatment,
    /// What happens at MEDIUM and HIGH.
    pub middle: Treatment,
    /// What happens at LOW and NON_BLOCKING.
    pub slight: Treatment,
    /// What a person may answer, the usual one first.
    pub choices: &'static [Choice],
    /// What the tool does by itself, in words.
    pub automatic: &'static str,
}

/// What happens to the package and to the feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Treatment {
    /// To the package that it is about.
    pub package: PackageFate,
    /// To the feature.
    pub feature: FeatureFate,
}

/// What happens to the package of an escalation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageFate {
    /// Nothing: it is recorded and shown.
    GoesOn,
    /// If its attempt fails, another one follows that uses no retry.
    Again,
    /// Nothing of it starts or is merged until somebody answers.
    Waits,
    /// Its attempt fails, whatever it shows, and no other starts until somebody answers.
    Fails,
}

/// What happens to the feature of an escalation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeatureFate {
    /// The other packages go on.
    GoesOn,
    /// Nothing new starts and nothing is finalised until somebody answers; what runs goes on.
    Pauses,
}

/// Who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decider {
    /// The tool, by its procedure.
    Tool,
    /// The author of the plan, a person: `git wp decide`.
    Person,
}

/// An answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// What was done stands, and the work goes on.
    Approve,
    /// The package is given up until the plan changes.
    Reject,
    /// Another attempt; earlier failures no longer count.
    Retry,
    /// As a retry, by an agent that has not tried it.
    Reassign,
    /// The contracts get a new revision first.
    BumpContracts,
    /// The plan gets a new revision first.
    BumpPlan,
    /// The test is noted as flaky, and the work goes on.
    Quarantine,
    /// Known, and taken on by whoever answers, with a reason.
    AcceptRisk,
}

use Choice::{AcceptRisk, Approve, BumpContracts, BumpPlan, Quarantine, Reassign, Reject, Retry};

const GOES_ON: Treatment = treatment(PackageFate::GoesOn, FeatureFate::GoesOn);
const AGAIN: Treatment = treatment(PackageFate::Again, FeatureFate::GoesOn);
const WAITS: Treatment = treatment(PackageFate::Waits, FeatureFate::GoesOn);
const FAILS: Treatment = treatment(PackageFate::Fails, FeatureFate::GoesOn);
const PAUSES: Treatment = treatment(PackageFate::Waits, FeatureFate::Pauses);

const fn treatment(package: PackageFate, feature: FeatureFate) -> Treatment {
    Treatment { package, feature }
}

/// The table, in the order of [`EscalationKind::ALL`].
pub const PROCEDURES: [Procedure; 8] = [
    Procedure {
        kind: EscalationKind::ContractRevisionRequired,
        blocking: PAUSES,
        middle: WAITS,
        slight: GOES_ON,
        choices: &[BumpContracts, Retry, Approve, Reject],
        automatic: "nothing: a contract changes by a new revision only",
    },
    Procedure {
        kind: EscalationKind::PlanRevisionRequired,
        blocking: PAUSES,
        middle: WAITS,
        slight: GOES_ON,
        choices: &[BumpPlan, Retry, Approve, Reject],
        automatic: "nothing: results of packages that a new revision leaves alone are kept",
    },
    Procedure {
        kind: EscalationKind::ResourceConflict,
        blocking: PAUSES,
        middle: AGAIN,
        slight: GOES_ON,
        choices: &[Retry, Approve, Reject],
        automatic: "an attempt that failed by it is made again, up to 3 times and without using a \
                    retry, once nobody else holds the keys that it names",
    },
    Procedure {
        kind: EscalationKind::VerificationInfeasible,
        blocking: PAUSES,
        middle: WAITS,
        slight: GOES_ON,
        choices: &[Reassign, Retry, BumpPlan, Reject],
        automatic: "nothing is merged without its evidence, whatever is answered",
    },
    Procedure {
        kind: EscalationKind::ScopeViolation,
        blocking: FAILS,
        middle: FAILS,
        slight: GOES_ON,
        choices: &[BumpPlan, Retry, Reassign, Reject],
        automatic: "the attempt fails; a scope is never widened by itself",
    },
    Procedure {
        kind: EscalationKind::EnvResourceConflict,
        blocking: PAUSES,
        middle: AGAIN,
        slight: GOES_ON,
        choices: &[Retry, Approve, Reject],
        automatic: "an attempt that failed by it is made again once, with ports of its own and \
                    without using a retry; then it has failed",
    },
    Procedure {
        kind: EscalationKind::SecurityEscalation,
        blocking: PAUSES,
        middle: PAUSES,
        slight: PAUSES,
        choices: &[AcceptRisk, BumpPlan, Retry, Reject],
        automatic: "the feature is paused at every severity",
    },
    Procedure {
        kind: EscalationKind::FlakyTestQuarantineRequest,
        blocking: WAITS,
        middle: GOES_ON,
        slight: GOES_ON,
        choices: &[Quarantine, Retry, Reject],
        automatic: "it is recorded, and shown until the integration has run the test again",
    },
];

impl Procedure {
    /// The row of a type.
    pub fn of(kind: EscalationKind) -> &'static Procedure {
        let row = PROCEDURES.iter().find(|row| row.kind == kind);
        row.expect("the table has a row for every type")
    }

    /// What happens at this severity. Who demands a person gets a question at least.
    pub fn treatment(&self, severity: EscalationSeverity, requires_human: bool) -> Treatment {
        let said = match severity {
            EscalationSeverity::Blocking => self.blocking,
            EscalationSeverity::High | EscalationSeverity::Medium => self.middle,
            EscalationSeverity::Low | EscalationSeverity::NonBlocking => self.slight,
        };
        match requires_human {
            true => Treatment {
                package: said.package.max(PackageFate::Waits),
                ..said
            },
            false => said,
        }
    }

    /// What happens at the severity that is usual for the type.
    pub fn usually(&self) -> Treatment {
        self.treatment(self.kind.usual_severity(), false)
    }
}

impl Treatment {
    /// Who decides.
    pub fn decider(self) -> Decider {
        match (self.package, self.feature) {
            (PackageFate::GoesOn | PackageFate::Again, FeatureFate::GoesOn) => Decider::Tool,
            _ => Decider::Person,
        }
    }

    /// True if somebody has to answer before it goes on.
    pub fn asks(self) -> bool {
        self.decider() == Decider::Person
    }
}

impl PackageFate {
    /// The word in JSON, messages and the table.
    pub fn as_str(self) -> &'static str {
        match self {
            PackageFate::GoesOn => "goes on",
            PackageFate::Again => "again",
            PackageFate::Waits => "waits",
            PackageFate::Fails => "fails",
        }
    }
}

impl FeatureFate {
    /// The word in messages and the table.
    pub fn as_str(self) -> &'static str {
        match self {
            FeatureFate::GoesOn => "goes on",
            FeatureFate::Pauses => "pauses",
        }
    }
}

impl Decider {
    /// The word in messages and the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Decider::Tool => "tool",
            Decider::Person => "person",
        }
    }
}

impl Choice {
    /// Every choice, for lists and messages.
    pub const ALL: [Choice; 8] = [
        Approve,
        Reject,
        Retry,
        Reassign,
        BumpContracts,
        BumpPlan,
        Quarantine,
        AcceptRisk,
    ];

    /// The word on command lines and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Approve => "approve",
            Reject => "reject",
            Retry => "retry",
            Reassign => "reassign",
            BumpContracts => "bump-contracts",
            BumpPlan => "bump-plan",
            Quarantine => "quarantine",
            AcceptRisk => "accept-risk",
        }
    }

    /// The choice of this word.
    pub fn parse(word: &str) -> Option<Choice> {
        Choice::ALL.into_iter().find(|c| c.as_str() == word)
    }

    /// What it does, in words.
    pub fn does(self) -> &'static str {
        match self {
            Approve => "what was done stands, and the work goes on",
            Reject => "the package is given up until the plan changes",
            Retry => "another attempt is made; earlier failures no longer count",
            Reassign => "another attempt is made by an agent that has not tried it",
            BumpContracts => "contracts.revision + 1: change the contracts, then approve the plan",
            BumpPlan => "feature.plan_revision + 1: change the plan, then approve it",
            Quarantine => "the test is noted as flaky, and the work goes on",
            AcceptRisk => "you take it on, with a reason, and the work goes on",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::escalation::EscalationSeverity as Severity;

    #[test]
    fn the_table_has_one_row_per_type_and_every_question_an_answer() {
        let kinds: Vec<_> = PROCEDURES.iter().map(|row| row.kind).collect();
        assert_eq!(kinds, EscalationKind::ALL);
        for row in &PROCEDURES {
            assert!(!row.choices.is_empty() && !row.automatic.is_empty());
            for choice in row.choices {
                assert_eq!(Choice::parse(choice.as_str()), Some(*choice));
            }
        }
    }

    #[test]
    fn what_happens_follows_from_type_severity_and_the_demand_for_a_person() {
        let of = |kind, severity, human| {
            let found = Procedure::of(kind).treatment(severity, human);
            (found.package.as_str(), found.feature.as_str())
        };
        use EscalationKind as Kind;
        for (kind, severity, human, package, feature) in [
            (
                Kind::ContractRevisionRequired,
                Severity::Blocking,
                false,
                "waits",
                "pauses",
            ),
            (
                Kind::ContractRevisionRequired,
                Severity::High,
                false,
                "waits",
                "goes on",
            ),
            (
                Kind::ContractRevisionRequired,
                Severity::Low,
                false,
                "goes on",
                "goes on",
            ),
            (
                Kind::ContractRevisionRequired,
                Severity::Low,
                true,
                "waits",
                "goes on",
            ),
            (
                Kind::ResourceConflict,
                Severity::High,
                false,
                "again",
                "goes on",
            ),
            (
                Kind::ResourceConflict,
                Severity::High,
                true,
                "waits",
                "goes on",
            ),
            (
                Kind::ScopeViolation,
                Severity::Blocking,
                true,
                "fails",
                "goes on",
            ),
            (
                Kind::SecurityEscalation,
                Severity::NonBlocking,
                false,
                "waits",
                "pauses",
            ),
            (
                Kind::FlakyTestQuarantineRequest,
                Severity::High,
                false,
                "goes on",
                "goes on",
            ),
            (
                Kind::FlakyTestQuarantineRequest,
                Severity::Blocking,
                false,
                "waits",
                "goes on",
            ),
        ] {
            let found = of(kind, severity, human);
            assert_eq!(found, (package, feature), "{kind:?} {severity:?} {human}");
        }
        let deciders = PROCEDURES.map(|row| row.usually().decider().as_str());
        let expected = [
            "person", "person", "tool", "person", "person", "tool", "person", "tool",
        ];
        assert_eq!(deciders, expected);
    }
}
