//! What people and agents hand in: plans, packages, results, settings. Plain, validated data.
//!
//! Types here say what was written and what it means. Reading a format is `plan`, judging is
//! `check`, and no type here knows a file, a clock or git.

pub mod agent_profile;
pub mod contract;
pub mod escalation;
pub mod evidence;
pub mod finding;
pub mod gate;
pub mod guard;
pub mod listing;
pub mod lock_key;
pub mod outcome;
pub mod package;
pub mod plan;
pub mod procedure;
pub mod programs;
pub mod qa;
pub mod queue_result;
pub mod review;
pub mod review_words;
pub mod roster;
pub mod scope_spec;
pub mod settings;
pub mod status;
pub mod task;
pub mod usage;
pub mod verification;

pub use agent_profile::{AgentProfile, Isolation, ParserKind, PromptChannel, SandboxLevel};
pub use contract::{Contract, ContractKind, Contracts};
pub use escalation::Escalation;
pub use evidence::{Evidence, StepEvidence, StepState};
pub use finding::{Code, Finding, Severity};
pub use gate::{GateVerdict, GateViolation};
pub use guard::{Level, Trust};
pub use listing::{ItemKind, ItemStatus, Listing};
pub use lock_key::LockKey;
pub use outcome::{
    AttemptResult, Deviation, EndReason, Held, LogDigest, Mode, OutcomeKind, RoomState,
};
pub use package::{Edge, EdgeOrigin, Package, Role, WorktreeMode};
pub use plan::{Feature, Format, Plan};
pub use procedure::{Choice, FeatureFate, PackageFate, Procedure, Treatment};
pub use queue_result::QueueResult;
pub use review::{
    Adjudication, EarlierFinding, FINDINGS_VERSION, FindingKey, Findings, LineRange, ReviewFailure,
    ReviewFinding, ReviewOutcome, Reviewed,
};
pub use review_words::{
    Axis, Criticality, Disposition, EarlierState, FindingType, ReviewSeverity, ReviewType, Ruling,
};
pub use roster::{Listed, Roster};
pub use scope_spec::{ScopeMode, ScopeSpec};
pub use settings::{Durability, Settings};
pub use status::{PackageStatus, RunResult};
pub use task::TaskOutcome;
pub use usage::{Account, Trouble, TroubleKind, Usage};
pub use verification::{Step, StepKind, Tier, Verification};
