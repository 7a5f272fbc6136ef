//! What is wrong with a plan, and where.

use serde::{Deserialize, Serialize};

use crate::base::PackageId;

/// One finding. The shape is a contract: `validate --json` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Whether it stops a run.
    pub severity: Severity,
    /// The stable code.
    pub code: Code,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// The file.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// The packages concerned.
    pub packages: Vec<PackageId>,
    /// A path that both sides match, for overlaps.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub witness: Option<String>,
}

/// Whether a finding stops a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The plan is not run.
    Error,
    /// The plan is run; the finding is shown.
    Warning,
}

/// The stable codes. The first eleven are errors, the others warnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// A field is missing, unknown or out of bounds.
    Schema,
    /// Two packages share an id.
    DuplicateId,
    /// A dependency names no package.
    DanglingDependency,
    /// Packages wait for each other.
    Cycle,
    /// Two packages that can run at the same time may write the same path.
    ScopeOverlap,
    /// Two packages that can run at the same time claim the same lock.
    LockOverlap,
    /// A lock key does not have its canonical form.
    LockKey,
    /// A pattern is not in the dialect.
    Glob,
    /// The file tries to exhaust or deceive its reader.
    HostileInput,
    /// A contract file does not exist.
    ContractMissing,
    /// A contract file does not parse as its kind.
    ContractInvalid,
    /// The file is in the simple dialect.
    Dialect,
    /// An `openapi` entry is no YAML or JSON file and counts as kind none.
    ContractKind,
    /// A verification program is not on PATH.
    ProgramMissing,
    /// No package integrates the others.
    NoIntegration,
    /// A lock file lies outside its package's own write scope.
    LockOutsideScope,
    /// A package reads what a parallel package writes.
    ReadOfParallelWrite,
    /// Two paths differ only in case or Unicode form.
    CaseCollision,
    /// A status, a table, a field or a header says something else than another place does.
    Contradiction,
    /// An id that an earlier element has already; the later one is not counted.
    RepeatedId,
    /// Elements that the plan runs side by side name the same file.
    SharedFile,
    /// A review is ticked while its text asks for changes.
    GateVerdict,
    /// A status, a dependency or a file list in words that no rule reads.
    Unreadable,
    /// Something else that is worth a look.
    Advice,
}

impl Code {
    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::Schema => "schema",
            Code::DuplicateId => "duplicate-id",
            Code::DanglingDependency => "dangling-dependency",
            Code::Cycle => "cycle",
            Code::ScopeOverlap => "scope-overlap",
            Code::LockOverlap => "lock-overlap",
            Code::LockKey => "lock-key",
            Code::Glob => "glob",
            Code::HostileInput => "hostile-input",
            Code::ContractMissing => "contract-missing",
            Code::ContractInvalid => "contract-invalid",
            Code::Dialect => "dialect",
            Code::ContractKind => "contract-kind",
            Code::ProgramMissing => "program-missing",
            Code::NoIntegration => "no-integration",
            Code::LockOutsideScope => "lock-outside-scope",
            Code::ReadOfParallelWrite => "read-of-parallel-write",
            Code::CaseCollision => "case-collision",
            Code::Contradiction => "contradiction",
            Code::RepeatedId => "repeated-id",
            Code::SharedFile => "shared-file",
            Code::GateVerdict => "gate-verdict",
            Code::Unreadable => "unreadable",
            Code::Advice => "advice",
        }
    }

    /// Errors stop a run, warnings do not; each code has one severity.
    pub fn severity(self) -> Severity {
        if self <= Code::ContractInvalid {
            Severity::Error
        } else {
            Severity::Warning
        }
    }
}
