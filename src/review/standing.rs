//! How findings that are one stand, and what that calls for.

use serde::Serialize;

use crate::model::{Criticality, Disposition};

/// How many say it, and whether they agree what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// One reviewer says it.
    Unconfirmed,
    /// At least two say it, and want the same.
    Confirmed,
    /// At least two say it, and want different things.
    Disagreement,
}

/// What findings that are one call for; the gravest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// Nothing: noted.
    Passes,
    /// A change before anything goes on.
    Changes,
    /// A person.
    Person,
}

/// One reviewer's word on findings that are one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'a> {
    pub(super) reviewer: &'a str,
    pub(super) criticality: Criticality,
    pub(super) disposition: Disposition,
}

/// How the words stand to each other.
pub(super) fn standing(words: &[Word<'_>]) -> Standing {
    let Some((first, rest)) = words.split_first() else {
        return Standing::Unconfirmed;
    };
    if rest.iter().all(|word| word.reviewer == first.reviewer) {
        Standing::Unconfirmed
    } else if rest
        .iter()
        .all(|word| word.disposition == first.disposition)
    {
        Standing::Confirmed
    } else {
        Standing::Disagreement
    }
}

/// What the open words call for, and why.
///
/// Each word speaks for itself: one reviewer who asks for a person gets one, whatever the others
/// say. How bad it is, is what the worst word says.
pub(super) fn call(open: &[Word<'_>], from: Criticality) -> (Call, &'static str) {
    let any = |wanted: Disposition| open.iter().any(|word| word.disposition == wanted);
    let worst = open.iter().map(|word| word.criticality).max();
    let Some(worst) = worst else {
        return (Call::Passes, "a person ruled on it");
    };
    let accepted = |word: &Word<'_>| {
        word.criticality == Criticality::Critical && word.disposition == Disposition::Accept
    };
    if any(Disposition::Escalate) {
        (Call::Person, "a reviewer asks for a person")
    } else if open.iter().any(accepted) {
        (
            Call::Person,
            "a reviewer accepts what is critical; that is a person's to do",
        )
    } else if any(Disposition::Regenerate) {
        (Call::Changes, "a reviewer wants the work done again")
    } else if any(Disposition::Fix) && worst >= from {
        (
            Call::Changes,
            "a reviewer wants it fixed, and it is not small",
        )
    } else if several_fix(open) {
        (Call::Changes, "several reviewers want it fixed")
    } else {
        (Call::Passes, "noted")
    }
}

fn several_fix(open: &[Word<'_>]) -> bool {
    let mut fixers = open
        .iter()
        .filter(|word| word.disposition == Disposition::Fix);
    let first = fixers.next();
    first.is_some_and(|first| fixers.any(|word| word.reviewer != first.reviewer))
}
