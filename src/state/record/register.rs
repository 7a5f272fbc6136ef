//! Registers: replaced by their one actor, and only by a higher `seq`.

use serde::{Deserialize, Serialize};

use crate::base::AttemptId;
use crate::state::record::entry::By;

/// A clone is alive. Other machines watch `seq` change on their own clocks and never compare
/// `by.at` with them, except where they see this clone for the first time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beat {
    /// Higher than that of every earlier beat of this clone.
    pub seq: u64,
    /// What its supervisors look after.
    pub attempts: Vec<AttemptId>,
    /// Who and when.
    pub by: By,
}
