//! Requests: what commands, the engine and agents ask for. Plain data; the only verb on state.

use serde::{Deserialize, Serialize};

use crate::base::{
    ActorId, AttemptId, ContentHash, FeatureId, Oid, PackageId, TaskId, Timestamp, TxnId,
};
use crate::model::gate::GateVerdict;
use crate::model::outcome::{AttemptResult, Deviation, EndReason};
use crate::state::asked::{Said, TaskOp};
use crate::state::locks::LockSet;
use crate::state::record::{
    Answer, Attempt, EvidenceFact, FinalCheck, HoldKind, Land, PlanOrigin, RunEnded, RunStarted,
    Salvage,
};

/// One change that is wanted. It takes effect at most once per `txn`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Minted by the asker; the look-up key for an unknown outcome.
    pub txn: TxnId,
    /// The clone that asks.
    pub actor: ActorId,
    /// `user@host`, for people.
    pub label: String,
    /// Wall time at the asker.
    pub at: Timestamp,
    /// Objects that must exist when the change is made; checked by the store under its lock.
    pub needs: Vec<Oid>,
    /// What is wanted.
    pub op: Op,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Op {
    /// Publishes a feature with a plan; both parts are idempotent.
    Publish {
        /// The feature.
        feature: FeatureId,
        /// Title for people.
        title: Option<String>,
        /// The plan; its blob is in `needs`.
        plan: PlanOrigin,
    },
    /// Records that a person approved a plan here.
    Approve {
        /// The feature.
        feature: FeatureId,
        /// The plan.
        plan: ContentHash,
        /// The command lines that were shown.
        commands: Vec<String>,
    },
    /// A run begins.
    StartRun {
        /// The feature.
        feature: FeatureId,
        /// What holds for the run and its resumes.
        run: RunStarted,
    },
    /// A run ends.
    EndRun {
        /// The feature.
        feature: FeatureId,
        /// How.
        end: RunEnded,
    },
    /// The final verification was done.
    FinalCheck {
        /// The feature.
        feature: FeatureId,
        /// What it showed.
        check: FinalCheck,
    },
    /// Asks for a package: an attempt and its grant, or a refusal that names the holder.
    Claim(Box<Claim>),
    /// Adds a fact about an attempt. Never refused for lack of a right: a late result of an ended
    /// attempt is kept, and never accepted.
    Note {
        /// The feature.
        feature: FeatureId,
        /// The package.
        package: PackageId,
        /// The attempt.
        attempt: AttemptId,
        /// The fact.
        fact: AttemptFact,
    },
    /// Ends an attempt that holds its package.
    End {
        /// The feature.
        feature: FeatureId,
        /// The package.
        package: PackageId,
        /// The attempt.
        attempt: AttemptId,
        /// The epoch it holds; fencing.
        epoch: u32,
        /// Why.
        reason: EndReason,
        /// One line for people.
        note: String,
    },
    /// A person answers an open verification step.
    Answer {
        /// The feature.
        feature: FeatureId,
        /// The package.
        package: PackageId,
        /// The answer.
        answer: Answer,
    },
    /// Records the intent to move the integration ref.
    Land {
        /// The feature.
        feature: FeatureId,
        /// From where to where, with which attempts.
        land: Land,
    },
    /// The ref moved: accepts and ends the attempts of that landing.
    Landed {
        /// The feature.
        feature: FeatureId,
        /// Which landing.
        n: u32,
    },
    /// The ref did not move and will not.
    VoidLand {
        /// The feature.
        feature: FeatureId,
        /// Which landing.
        n: u32,
        /// Why.
        note: String,
    },
    /// Pauses or cancels a feature or one package; a cancel ends what is live.
    Hold {
        /// The feature.
        feature: FeatureId,
        /// One package, or the whole feature.
        package: Option<PackageId>,
        /// What it does.
        kind: HoldKind,
        /// Why.
        reason: String,
    },
    /// Lifts every hold of a feature or one package.
    Lift {
        /// The feature.
        feature: FeatureId,
        /// One package, or the whole feature.
        package: Option<PackageId>,
    },
    /// Asks for the right to merge a feature.
    Integrate {
        /// The feature.
        feature: FeatureId,
        /// The epoch of an integrator that shows no sign of life, to be taken over from.
        steal: Option<u32>,
    },
    /// Gives that right back.
    Resign {
        /// The feature.
        feature: FeatureId,
    },
    /// Takes a lock outside a package.
    LockAcquire {
        /// Minted for this claim.
        attempt: AttemptId,
        /// Path, glob or logical key, checked by the asker.
        key: String,
        /// The session that will hold it.
        session: String,
        /// Why.
        reason: Option<String>,
        /// The lease in minutes; 0 records an intent that excludes nobody.
        ttl_minutes: u32,
        /// The grant of this key to be taken over, with the reason.
        steal: Option<Steal>,
    },
    /// Ends the lock of somebody who shows no sign of life.
    LockEnd {
        /// The key as taken.
        key: String,
        /// Who holds it: the claim that the asker saw.
        holder: AttemptId,
        /// [`EndReason::Lost`] or [`EndReason::Expired`].
        reason: EndReason,
        /// One line for people.
        note: String,
    },
    /// Something about a free-standing task.
    Task(Box<TaskOp>),
    /// Something that an agent leaves for others.
    Say(Box<Said>),
    /// Gives a lock back.
    LockRelease {
        /// The key as taken.
        key: String,
        /// The session that holds it, or `None`: a lock this actor took without naming one.
        session: Option<String>,
    },
}

impl Op {
    /// The feature it is about; `None` for locks outside packages.
    pub fn feature(&self) -> Option<&FeatureId> {
        match self {
            Op::Publish { feature, .. }
            | Op::Approve { feature, .. }
            | Op::StartRun { feature, .. }
            | Op::EndRun { feature, .. }
            | Op::FinalCheck { feature, .. }
            | Op::Note { feature, .. }
            | Op::End { feature, .. }
            | Op::Answer { feature, .. }
            | Op::Land { feature, .. }
            | Op::Landed { feature, .. }
            | Op::VoidLand { feature, .. }
            | Op::Hold { feature, .. }
            | Op::Lift { feature, .. }
            | Op::Integrate { feature, .. }
            | Op::Resign { feature } => Some(feature),
            Op::Claim(claim) => Some(&claim.attempt.feature),
            Op::Say(said) => said.feature(),
            Op::Task(_) | Op::LockAcquire { .. } | Op::LockRelease { .. } | Op::LockEnd { .. } => {
                None
            }
        }
    }

    /// The key of the lock it is about.
    pub fn lock(&self) -> Option<&str> {
        match self {
            Op::LockAcquire { key, .. } | Op::LockRelease { key, .. } | Op::LockEnd { key, .. } => {
                Some(key)
            }
            _ => None,
        }
    }

    /// The free-standing task it is about; `None` also for a claim that leaves the choice.
    pub fn task(&self) -> Option<&TaskId> {
        match self {
            Op::Task(op) => op.task(),
            _ => None,
        }
    }

    /// True if it may come to a right, so that an authority elsewhere has to rule on it.
    pub fn needs_right(&self) -> bool {
        match self {
            Op::Publish { .. }
            | Op::Approve { .. }
            | Op::StartRun { .. }
            | Op::EndRun { .. }
            | Op::FinalCheck { .. }
            | Op::Note { .. }
            | Op::Answer { .. } => false,
            Op::Claim(_)
            | Op::End { .. }
            | Op::Land { .. }
            | Op::Landed { .. }
            | Op::VoidLand { .. }
            | Op::Hold { .. }
            | Op::Lift { .. }
            | Op::Integrate { .. }
            | Op::Resign { .. }
            | Op::LockAcquire { .. }
            | Op::LockRelease { .. }
            | Op::LockEnd { .. } => true,
            Op::Task(op) => op.needs_right(),
            Op::Say(_) => false,
        }
    }

    /// The attempt or lock claim that it would make.
    pub fn claims(&self) -> Option<&AttemptId> {
        match self {
            Op::Claim(claim) => Some(&claim.attempt.attempt),
            Op::LockAcquire { attempt, .. } => Some(attempt),
            Op::Task(op) => op.claims(),
            _ => None,
        }
    }

    /// The word in the audit trail.
    pub fn name(&self) -> &'static str {
        match self {
            Op::Publish { .. } => "publish",
            Op::Approve { .. } => "approve",
            Op::StartRun { .. } => "start-run",
            Op::EndRun { .. } => "end-run",
            Op::FinalCheck { .. } => "final-check",
            Op::Claim(_) => "claim",
            Op::Note { fact, .. } => match fact {
                AttemptFact::Result(_) => "note-result",
                AttemptFact::Gate(_) => "note-gate",
                AttemptFact::Evidence(_) => "note-evidence",
                AttemptFact::Deviation(_) => "note-deviation",
                AttemptFact::Salvage(_) => "note-salvage",
            },
            Op::End { .. } => "end",
            Op::Answer { .. } => "answer",
            Op::Land { .. } => "land",
            Op::Landed { .. } => "landed",
            Op::VoidLand { .. } => "void-land",
            Op::Hold { .. } => "hold",
            Op::Lift { .. } => "lift",
            Op::Integrate { .. } => "integrate",
            Op::Resign { .. } => "resign",
            Op::LockAcquire { .. } => "lock-acquire",
            Op::LockRelease { .. } => "lock-release",
            Op::LockEnd { .. } => "lock-end",
            Op::Task(op) => op.name(),
            Op::Say(said) => said.name(),
        }
    }

    /// What it is about, for people: `feature`, `feature/package` or a lock key.
    pub fn target(&self) -> String {
        let package = match self {
            Op::Claim(claim) => Some(&claim.attempt.package),
            Op::Note { package, .. } | Op::End { package, .. } | Op::Answer { package, .. } => {
                Some(package)
            }
            Op::Hold { package, .. } | Op::Lift { package, .. } => package.as_ref(),
            Op::LockAcquire { key, .. } | Op::LockRelease { key, .. } | Op::LockEnd { key, .. } => {
                return key.clone();
            }
            Op::Task(op) => return op.target(),
            Op::Say(said) => return said.target(),
            _ => None,
        };
        match (self.feature(), package) {
            (Some(feature), Some(package)) => format!("{feature}/{package}"),
            (Some(feature), None) => feature.to_string(),
            _ => String::new(),
        }
    }
}

/// A claim of a package.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// The attempt to be made; its `number` and `by` are what the asker saw and is.
    pub attempt: Attempt,
    /// Everything the package needs to hold.
    pub locks: LockSet,
    /// Packages that must be accepted first.
    pub after: Vec<PackageId>,
    /// See [`crate::state::record::Grant::lease_seconds`].
    pub lease_seconds: Option<u32>,
    /// The grant to be taken over, with the reason; refused unless it still is the highest.
    pub steal: Option<Steal>,
}

/// Taking over a grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Steal {
    /// The epoch the asker saw.
    pub epoch: u32,
    /// [`EndReason::Lost`], [`EndReason::Expired`], or [`EndReason::Superseded`] where a person
    /// prefers other work.
    pub reason: EndReason,
    /// One line for people.
    pub note: String,
}

/// A fact about an attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptFact {
    /// What came out; at most one per attempt.
    Result(Box<AttemptResult>),
    /// What the gate found.
    Gate(GateVerdict),
    /// What verification showed.
    Evidence(EvidenceFact),
    /// Something went otherwise than planned.
    Deviation(Deviation),
    /// Where leftovers were saved.
    Salvage(Salvage),
}
