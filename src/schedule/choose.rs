//! Which agent starts a package: the first of its chain that is trusted enough and is served, as
//! long as the run has anything left to spend.
//!
//! An agent whose service refuses it is left alone by the whole run, so that not one attempt after
//! the other is spent on learning the same thing.

use crate::base::Timestamp;
use crate::model::{OutcomeKind, Trouble, Usage};
use crate::schedule::agenda::Item;
use crate::schedule::hands::Hand;
use crate::schedule::input::Input;
use crate::schedule::why::Why;
use crate::state::view::{AttemptView, PackageView};

/// What the attempts of a package used up in this run.
fn used(input: &Input<'_>, package: &PackageView) -> Usage {
    let ours = |attempt: &&AttemptView| attempt.attempt.run.as_ref() == Some(&input.options.run);
    let attempts = package.attempts.values().filter(ours);
    let results = attempts.filter_map(|attempt| attempt.result.as_ref());
    let accounts = results.filter_map(|result| result.account.as_ref());
    accounts.map(|account| &account.usage).sum()
}

/// Why nothing more is spent on a package, if that is so.
pub(super) fn spent(input: &Input<'_>, item: &Item) -> Option<Why> {
    let purses = &input.options.purses;
    let packages = &input.records().packages;
    let each = packages.values().map(|package| used(input, package));
    let all: Vec<Usage> = each.collect();
    if let Some(words) = purses.run.spent(&all.iter().sum()) {
        return Some(Why::Spent(format!("the run has {words}")));
    }
    let own = packages.get(&item.id).map(|package| used(input, package));
    let words = purses.package.spent(&own.unwrap_or_default())?;
    Some(Why::Spent(format!("the package has {words}")))
}

/// Who starts a package now.
pub(super) fn agent<'a>(input: &Input<'a>, item: &Item) -> Result<&'a Hand, Why> {
    let chain = input.options.hands.of(&item.id);
    let mut refused = None;
    for hand in chain.iter().filter(|hand| hand.trust >= item.min_trust) {
        match trouble(input, &hand.agent) {
            None => return Ok(hand),
            // The first of the chain is the one that the user wants.
            Some(trouble) => refused = refused.or(Some((hand, trouble))),
        }
    }
    Err(match refused {
        Some((hand, trouble)) => Why::Unserved {
            agent: hand.agent.clone(),
            kind: trouble.kind,
            until: trouble.resets_at,
        },
        None => Why::Trust {
            needs: item.min_trust,
            has: chain.iter().map(|hand| hand.trust).max().unwrap_or(0),
        },
    })
}

/// Why the service behind an agent does not serve it, as far as that is still true: until the time
/// it told, or, where it told none, for as long as this process lives.
fn trouble<'a>(input: &Input<'a>, agent: &str) -> Option<&'a Trouble> {
    let lasts = |trouble: &&Trouble| trouble.resets_at.is_none_or(|at| at > input.now);
    let seen = input.observed.unserved.get(agent).filter(lasts);
    seen.or_else(|| recorded(input, agent))
}

fn recorded<'a>(input: &Input<'a>, agent: &str) -> Option<&'a Trouble> {
    let packages = input.records().packages.values();
    let attempts = packages.flat_map(|package| package.attempts.values());
    let ours = attempts.filter(|attempt| {
        attempt.attempt.agent == agent && attempt.attempt.by.actor == input.options.actor
    });
    let troubles = ours.filter_map(unserved);
    let until = |trouble: &&Trouble| trouble.resets_at.filter(|at| *at > input.now);
    troubles
        .filter(|trouble| until(trouble).is_some())
        .max_by_key(|trouble| trouble.resets_at)
}

/// What its service told an attempt that it would not serve.
fn unserved(attempt: &AttemptView) -> Option<&Trouble> {
    let result = attempt.result.as_ref()?;
    let is_refused = result.outcome == OutcomeKind::Unserved;
    let account = result.account.as_ref().filter(|_| is_refused)?;
    account.trouble.as_ref()
}

/// Whether it pays to wait for a service.
pub(super) fn pays_to_wait(input: &Input<'_>, until: Option<Timestamp>) -> bool {
    let most = input.limits.quota_wait;
    until.is_some_and(|at| at.since(input.now) <= most && !most.is_zero())
}
