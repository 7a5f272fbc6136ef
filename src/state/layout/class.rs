//! How the entries of the state tree may change.

use crate::base::ActorId;

/// How an entry of the state tree may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Class {
    /// Part of `meta/`: the authority's to change.
    Meta,
    /// Never changes; anybody may add it under its own id.
    Fact,
    /// Replaced by its one actor.
    Register,
    /// Never changes; written only by the commit that wins the swap on this authority.
    Right(ActorId),
}
