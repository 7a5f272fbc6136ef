//! How the next attempt of a package begins: afresh, where an earlier one was cut short, or as a
//! debugger, with the work whose verification failed.
//!
//! What was refused at the gate is never gone on with.

use crate::base::{AttemptId, Oid};
use crate::model::{Deviation, EndReason, Mode, OutcomeKind};
use crate::schedule::agenda::Item;
use crate::schedule::input::Input;
use crate::schedule::tier::{self, Shown};
use crate::state::view::{AttemptView, PackageView};

/// How an attempt begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beginning {
    /// What it sets out to do.
    pub mode: Mode,
    /// The work that it goes on with; `None`: it begins at the tip.
    pub with: Option<Earlier>,
}

/// Work that another attempt goes on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// Whose.
    pub attempt: AttemptId,
    /// What it grows from now: where it grew from before, or the tip, onto which it is merged.
    pub base: Oid,
}

/// Where the verification of an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Red {
    /// On its own head.
    Alone,
    /// On the tree that its merge would have made.
    Merged,
}

/// Where the verification failed of an attempt whose work was allowed; `None` if it did not fail
/// because of that.
pub fn red(package: &PackageView, attempt: &AttemptView) -> Option<Red> {
    let end = attempt.end.as_ref()?;
    let result = attempt.result.as_ref()?;
    let ran = matches!(result.outcome, OutcomeKind::Finished | OutcomeKind::Empty);
    let mut gates = attempt.gates.iter().rev();
    let verdict = gates.find(|verdict| verdict.head == result.head)?;
    if end.reason != EndReason::Failed || !ran || !verdict.passed {
        return None;
    }
    let on_merge = |fact: &&crate::state::record::EvidenceFact| fact.merged;
    let merged = attempt.evidence.iter().rev().find(on_merge);
    if merged.is_some_and(|fact| fact.evidence.first_failure().is_some()) {
        return Some(Red::Merged);
    }
    matches!(tier::shown(package, attempt), Shown::Red(_)).then_some(Red::Alone)
}

/// The attempt of this run whose failed verification the next one is to repair.
pub fn to_repair(
    package: &PackageView,
    ours: impl Fn(&AttemptView) -> bool,
) -> Option<(&AttemptView, Red)> {
    let mut attempts = package.in_order();
    attempts.retain(|attempt| ours(attempt));
    let mut attempts = attempts.into_iter().rev();
    // An attempt that was lost or cut short says nothing of the work.
    let last = attempts.find(|a| a.end.as_ref().is_some_and(|end| end.reason.uses_retry()))?;
    Some((last, red(package, last)?))
}

/// What the next attempt of `item` sets out to do.
pub(super) fn mode(input: &Input<'_>, item: &Item) -> Mode {
    match failure(input, item) {
        Some(_) => Mode::Debug,
        None => Mode::Implement,
    }
}

/// How the next attempt of `item` begins if `agent` gets it.
pub(super) fn beginning(input: &Input<'_>, item: &Item, agent: &str) -> Beginning {
    Beginning {
        mode: mode(input, item),
        with: cut_short(input, item, agent).or_else(|| red_work(input, item)),
    }
}

fn failure<'a>(input: &Input<'a>, item: &Item) -> Option<(&'a AttemptView, Red)> {
    // What a gate was denied is put right elsewhere; the review itself is written anew.
    let package = input
        .records()
        .packages
        .get(&item.id)
        .filter(|_| !item.gate)?;
    let run = &input.options.run;
    to_repair(package, |attempt| attempt.attempt.run.as_ref() == Some(run))
}

/// The last attempt, if its agent was cut short because its service refused it: what it did is
/// good, and the next attempt goes on with that.
fn cut_short(input: &Input<'_>, item: &Item, agent: &str) -> Option<Earlier> {
    let package = input.records().packages.get(&item.id)?;
    let last = package.in_order().pop()?;
    let is_same = last.attempt.agent == agent && is_at_hand(input, item, last);
    let reason = last.end.as_ref()?.reason;
    (reason == EndReason::Unserved && is_same).then(|| Earlier {
        attempt: last.attempt.attempt.clone(),
        base: last.attempt.base.clone(),
    })
}

/// The work whose verification failed, if a debugger can go on with it.
fn red_work(input: &Input<'_>, item: &Item) -> Option<Earlier> {
    let (last, red) = failure(input, item)?;
    // What was granted outside the scope was granted to that attempt: the gate would refuse it.
    let granted = |deviation: &Deviation| deviation.kind == Deviation::SCOPE_GRANTED;
    if !is_at_hand(input, item, last) || last.deviations.iter().any(granted) {
        return None;
    }
    let base = match red {
        Red::Alone => last.attempt.base.clone(),
        Red::Merged => input.observed.tip.clone()?,
    };
    Some(Earlier {
        attempt: last.attempt.attempt.clone(),
        base,
    })
}

/// True if the work of an attempt stands in this clone and is for the package as it is now.
fn is_at_hand(input: &Input<'_>, item: &Item, attempt: &AttemptView) -> bool {
    attempt.result.is_some()
        && attempt.attempt.by.actor == input.options.actor
        && attempt.attempt.definition == item.definition
}
