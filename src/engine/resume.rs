//! What a fresh engine finds: a run that was interrupted, or what an earlier one left.
//!
//! Nothing is believed because it says "running": attempts are looked after by `decide`, which
//! asks the supervisor locks. Only the options of a run are taken as they were recorded.

use crate::base::ContentHash;
use crate::state::FeatureView;
use crate::state::record::RunStarted;

/// What there is to go on with.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// No run of this feature ever began.
    Nothing,
    /// A run began and did not end: it goes on with its own options.
    Interrupted(RunStarted),
    /// The last run ended, or worked for other bytes of the plan: a new one begins, on the same
    /// base, branch and integration ref.
    Earlier(RunStarted),
}

/// Looks for a run to go on with.
pub fn find(records: &FeatureView, plan: &ContentHash) -> Found {
    match records.last_run() {
        None => Found::Nothing,
        Some(run) if run.ended.is_none() && run.started.plan == *plan => {
            Found::Interrupted(run.started.clone())
        }
        Some(run) => Found::Earlier(run.started.clone()),
    }
}
