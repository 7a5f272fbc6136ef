//! Which rulings of people count for which commit.

use crate::base::Oid;
use crate::model::{Adjudication, FindingKey, Ruling};

/// The ruling on the finding `key` that counts for `commit`.
///
/// A ruling without evidence is void, and one given for another commit says nothing here. `fixed`
/// must name its commit: else it would hide that the flaw comes back.
pub(super) fn ruling<'a>(
    rulings: &'a [Adjudication],
    key: &FindingKey,
    commit: &Oid,
) -> Option<&'a Adjudication> {
    rulings
        .iter()
        .find(|one| one.key == *key && counts(one, commit))
}

fn counts(ruling: &Adjudication, commit: &Oid) -> bool {
    let here = match &ruling.commit {
        Some(named) => named == commit,
        None => ruling.ruling != Ruling::Fixed,
    };
    here && !ruling.evidence.trim().is_empty() && !ruling.by.trim().is_empty()
}
