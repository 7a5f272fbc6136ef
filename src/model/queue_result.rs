//! The structured result of a package, in the form users of the original know.
//!
//! An agent may leave one at `WP_RESULT_FILE`; it is read for its notes, escalations and free
//! keys. The result the runner publishes is computed from git and the plan, never copied.

use serde::{Deserialize, Serialize};

use crate::base::json::{Map, Value};

/// A result file. Only the form is checked here; nothing in it is believed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueResult {
    /// 1
    pub schema_version: u32,
    /// The feature.
    pub feature_id: String,
    /// The package.
    pub package_id: String,
    /// The plan revision it was made for.
    pub plan_revision: u32,
    /// The contracts revision it was made for.
    pub contracts_revision: u32,
    /// Everything else, by name; typed where the runner computes it.
    #[serde(default)]
    pub rest: Map<String, Value>,
}
