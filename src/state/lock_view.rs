//! What the records of a lock taken outside a package mean.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::{AttemptId, Timestamp, TxnId};
use crate::state::epochs::{contradictions, pending};
use crate::state::filed::Filed;
use crate::state::record::{End, Grant, LockClaim, Ruling};

/// One lock taken outside a package.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LockView {
    /// Claims and intents by their minted id.
    pub claims: BTreeMap<AttemptId, LockClaim>,
    /// Grants by epoch.
    pub grants: BTreeMap<u32, Grant>,
    /// Ends by claim.
    pub ends: BTreeMap<AttemptId, End>,
    /// Requests that were filed with an authority elsewhere.
    pub filed: BTreeMap<TxnId, Filed>,
    /// What it made of them.
    pub rulings: BTreeMap<TxnId, Ruling>,
}

impl LockView {
    /// True if the claim neither held the lock nor was refused it.
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
        contradictions(&self.grants, |grant| self.ends.contains_key(&grant.attempt))
    }

    /// Intents that were not withdrawn, in the order of their ids.
    pub fn intents(&self) -> impl Iterator<Item = &LockClaim> {
        let open = |claim: &&LockClaim| !self.ends.contains_key(&claim.attempt);
        self.claims.values().filter(|c| c.intent).filter(open)
    }

    /// The grant that holds, with its claim.
    pub fn live(&self) -> Option<(&Grant, &LockClaim)> {
        let (_, grant) = self.grants.last_key_value()?;
        let claim = self.claims.get(&grant.attempt)?;
        (!self.ends.contains_key(&grant.attempt)).then_some((grant, claim))
    }

    /// Intents of the session that were announced before `at`: a grant absorbs those. What was
    /// announced later is no matter of it, whenever the authority rules on it.
    pub(super) fn absorbed<'a>(
        &'a self,
        session: &'a str,
        at: Timestamp,
    ) -> impl Iterator<Item = &'a LockClaim> {
        let earlier = move |claim: &&LockClaim| claim.session == session && claim.by.at < at;
        self.intents().filter(earlier)
    }
}
