//! Names inside the state tree, as every room spells them.

use crate::base::{ActorId, TxnId};

/// The stem of a record's name.
pub(super) fn json(name: &str) -> Option<&str> {
    name.strip_suffix(".json")
}

/// A number from 1 in its one spelling.
pub(super) fn number(text: &str) -> Option<u32> {
    let n: u32 = text.parse().ok()?;
    (n > 0 && n.to_string() == text).then_some(n)
}

/// `<actor>/<txn>.json`
pub(super) fn filed<S>(actor: &str, name: &str, slot: fn(ActorId, TxnId) -> S) -> Option<S> {
    Some(slot(ActorId::parse(actor)?, TxnId::parse(json(name)?)?))
}
