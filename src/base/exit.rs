//! Exit codes: the one table. They are a contract with scripts and never change meaning.

use crate::base::error::Kind;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Done.
    Done = 0,
    /// A negative answer: findings, a failed package, a closed gate.
    Negative = 1,
    /// Usage: the command line or a file it names is wrong.
    Usage = 2,
    /// Lost: somebody else holds it.
    Lost = 3,
    /// Provisional only.
    Provisional = 4,
    /// Refused by trust or policy.
    Refused = 5,
    /// Damaged state; `git wp doctor` says more.
    Damaged = 6,
    /// A defect of this program.
    Bug = 70,
    /// Busy, or the machine failed: try again.
    Busy = 75,
    /// Interrupted by a signal.
    Interrupted = 130,
}

impl ExitCode {
    /// True where `--json` carries `data` and not `error`.
    pub fn carries_data(self) -> bool {
        matches!(
            self,
            ExitCode::Done | ExitCode::Negative | ExitCode::Lost | ExitCode::Provisional
        )
    }
}

impl From<Kind> for ExitCode {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Usage => ExitCode::Usage,
            Kind::Negative => ExitCode::Negative,
            Kind::Lost => ExitCode::Lost,
            Kind::Provisional => ExitCode::Provisional,
            Kind::Policy => ExitCode::Refused,
            Kind::Damaged => ExitCode::Damaged,
            Kind::Bug => ExitCode::Bug,
            Kind::Busy => ExitCode::Busy,
            Kind::Interrupted => ExitCode::Interrupted,
        }
    }
}
