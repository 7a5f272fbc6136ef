//! What the records of a free-standing task mean.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::{AttemptId, TxnId};
use crate::state::epochs::{contradictions, pending};
use crate::state::filed::Filed;
use crate::state::record::{End, Grant, Ruling, Task, TaskClaim, TaskClosed, TaskResult};

/// One free-standing task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskView {
    /// What is wanted; `None` where that record cannot be read.
    pub task: Option<Task>,
    /// Claims by their minted id.
    pub claims: BTreeMap<AttemptId, TaskClaim>,
    /// What they came to.
    pub results: BTreeMap<AttemptId, TaskResult>,
    /// Grants by epoch.
    pub grants: BTreeMap<u32, Grant>,
    /// Ends by claim.
    pub ends: BTreeMap<AttemptId, End>,
    /// How it is over, if it is.
    pub closed: Option<TaskClosed>,
    /// Requests that were filed with an authority elsewhere.
    pub filed: BTreeMap<TxnId, Filed>,
    /// What it made of them.
    pub rulings: BTreeMap<TxnId, Ruling>,
}

impl TaskView {
    /// The grant that holds, with its claim.
    pub fn live(&self) -> Option<(&Grant, &TaskClaim)> {
        let (_, grant) = self.grants.last_key_value()?;
        let claim = self.claims.get(&grant.attempt)?;
        (!self.ends.contains_key(&grant.attempt)).then_some((grant, claim))
    }

    /// The result that counts.
    pub fn result(&self) -> Option<&TaskResult> {
        self.results.get(self.closed.as_ref()?.attempt.as_ref()?)
    }

    /// True if the claim neither held the task nor was refused it.
    pub(super) fn waits(&self, claim: &AttemptId) -> bool {
        let granted = self.grants.values().any(|grant| grant.attempt == *claim);
        !granted && !self.ends.contains_key(claim)
    }

    /// Requests on which the authority has not ruled.
    pub(super) fn pending(&self) -> Vec<Filed> {
        pending(&self.filed, &self.rulings)
    }

    /// What cannot have come from one authority.
    pub(super) fn contradictions(&self) -> Vec<String> {
        let mut found = contradictions(&self.grants, |g| self.ends.contains_key(&g.attempt));
        if self.closed.is_some() && self.live().is_some() {
            found.push("it is over and held all the same".to_owned());
        }
        found
    }
}
