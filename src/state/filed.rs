//! Requests that only an authority elsewhere can grant: kept as facts until it rules on them.

use serde::{Deserialize, Serialize};

use crate::base::AttemptId;
use crate::state::record::By;
use crate::state::request::Request;

/// A request that waits for the authority. Its clone shows what it would come to meanwhile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Filed {
    /// The order among the requests of one clone: the time in milliseconds, or one more than that
    /// of the last one that still waits, where its clock was set back.
    pub seq: u64,
    /// Who held what the request takes over, when it was filed. Epochs of provisional grants may
    /// change until they are granted; who held them does not.
    pub displaces: Option<AttemptId>,
    /// The holds it lifts, by who made them and when: their numbers may change likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lifts: Vec<By>,
    /// What is asked for.
    pub request: Request,
}
