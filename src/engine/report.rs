//! How a run ended, as a value.

use crate::base::{ExitCode, FeatureId, Oid, PackageId};
use crate::engine::effect::Advanced;
use crate::model::RunResult;
use crate::schedule::{Standing, Why};
use crate::state::record::RunStarted;

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct RunReport {
    /// The feature.
    pub feature: FeatureId,
    /// The one word.
    pub result: RunResult,
    /// How the run began: branch, base, options.
    pub started: RunStarted,
    /// Tip of the integration ref; the base if nothing was merged.
    pub head: Oid,
    /// Where every package stands, and which steps wait for an answer.
    pub standing: Standing,
    /// Why packages did not start, in file order.
    pub waits: Vec<(PackageId, Why)>,
    /// What became of the feature branch; `None` if nothing was merged.
    pub branch: Option<Advanced>,
    /// What could not be done, and what the run did without it.
    pub warnings: Vec<String>,
    /// A signal ended it.
    pub interrupted: bool,
    /// Seconds from the first start of the run.
    pub seconds: u64,
}

impl RunReport {
    /// The exit code: 0 for a merged feature only, 130 if a signal ended the run.
    pub fn exit_code(&self) -> ExitCode {
        match self.result {
            RunResult::Merged => ExitCode::Done,
            RunResult::Stopped if self.interrupted => ExitCode::Interrupted,
            RunResult::Partial | RunResult::Failed | RunResult::Stopped => ExitCode::Negative,
        }
    }
}
