//! What views of packages, locks and tasks have in common: grants by epoch, and filed requests.

use std::collections::BTreeMap;

use crate::base::TxnId;
use crate::state::filed::Filed;
use crate::state::record::{Grant, Ruling};

/// What cannot have come from one authority: gaps, a displaced grant without its end.
pub(super) fn contradictions(
    grants: &BTreeMap<u32, Grant>,
    ended: impl Fn(&Grant) -> bool,
) -> Vec<String> {
    let mut found = Vec::new();
    for (expected, epoch) in (1..).zip(grants.keys()) {
        if *epoch != expected {
            found.push(format!("grant {expected} is missing"));
            break;
        }
    }
    let displaced = grants.values().rev().skip(1).filter(|grant| !ended(grant));
    found.extend(displaced.map(|g| format!("grant {} was displaced without an end", g.epoch)));
    found
}

/// Requests on which the authority has not ruled.
pub(super) fn pending(
    filed: &BTreeMap<TxnId, Filed>,
    rulings: &BTreeMap<TxnId, Ruling>,
) -> Vec<Filed> {
    let open = filed.iter().filter(|(txn, _)| !rulings.contains_key(*txn));
    open.map(|(_, filed)| filed.clone()).collect()
}
