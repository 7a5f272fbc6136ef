//! Which agent starts a package: the first of its chain that is trusted enough and is served, as
//! long as the run has anything left to spend.
//!
//! An agent whose service refuses it is left alone by the whole run, so that not one attempt after
//! the other is spent on learning the same thing.

use std::collections::BTreeMap;

use crate::base::Timestamp;
use crate::model::{OutcomeKind, Trouble, Usage};
use crate::schedule::agenda::Item;
use crate::schedule::begin;
use crate::schedule::hands::{Hand, Purse};
use crate::schedule::input::Input;
use crate::schedule::why::Why;
use crate::state::questions;
use crate::state::view::{AttemptView, PackageView};

/// What the attempts of a package used up in this run.
fn used_by(input: &Input<'_>, package: &PackageView) -> Usage {
    let ours = |attempt: &&AttemptView| attempt.attempt.run.as_ref() == Some(&input.options.run);
    let attempts = package.attempts.values().filter(ours);
    let results = attempts.filter_map(|attempt| attempt.result.as_ref());
    let accounts = results.filter_map(|result| result.account.as_ref());
    accounts.map(|account| &account.usage).sum()
}

/// Why nothing more is spent on a package, if that is so.
pub(super) fn spent(input: &Input<'_>, known: &Known<'_>, item: &Item) -> Option<Why> {
    let purses = &input.options.purses;
    if let Some(words) = purses.run.spent(&known.used) {
        return Some(Why::Spent(format!("the run has {words}")));
    }
    let package = input.records().packages.get(&item.id);
    let own = package.map(|package| used_by(input, package));
    let words = purses.package.spent(&own.unwrap_or_default())?;
    Some(Why::Spent(format!("the package has {words}")))
}

/// Who starts a package now.
pub(super) fn agent<'a>(
    input: &Input<'a>,
    known: &Known<'_>,
    item: &Item,
) -> Result<&'a Hand, Why> {
    let chain = input.options.hands.of(&item.id, begin::mode(input, item));
    let tried = tried(input, item);
    let mut refused = None;
    let trusted = chain.iter().filter(|hand| hand.trust >= item.min_trust);
    let mut trusted = trusted.peekable();
    let anybody = trusted.peek().is_some();
    let others: Vec<&Hand> = trusted
        .filter(|hand| !tried.contains(&hand.agent.as_str()))
        .collect();
    if anybody && others.is_empty() {
        return Err(Why::NoOther);
    }
    for hand in others {
        match known.troubles.get(hand.agent.as_str()) {
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

/// Agents that a person wants to see replaced by another one.
fn tried<'a>(input: &Input<'a>, item: &Item) -> Vec<&'a str> {
    let records = input.records();
    let (Some(at), Some(package)) = (
        questions::reassigned(records, &item.id),
        records.packages.get(&item.id),
    ) else {
        return Vec::new();
    };
    let until = package.attempts.values().filter(|a| a.attempt.by.at <= at);
    until.map(|a| a.attempt.agent.as_str()).collect()
}

/// What a round knows of services and of what was spent, found once for all packages.
#[derive(Debug)]
pub(super) struct Known<'a> {
    /// Agents that are not served now: until the time that was told, or, where none was, for as
    /// long as this process lives.
    troubles: BTreeMap<&'a str, &'a Trouble>,
    /// What the run used up; nothing if nobody limits it.
    used: Usage,
}

impl<'a> Known<'a> {
    pub(super) fn of(input: &Input<'a>) -> Self {
        let packages = &input.records().packages;
        let attempts = packages
            .values()
            .flat_map(|package| package.attempts.values());
        let ours = attempts.filter(|a| a.attempt.by.actor == input.options.actor);
        let told = ours.filter_map(|a| Some((a.attempt.agent.as_str(), unserved(a)?)));
        let mut told: Vec<_> = told
            .filter(|(_, trouble)| trouble.resets_at.is_some_and(|at| at > input.now))
            .collect();
        // The last of an agent counts: the one that lasts longest.
        told.sort_by_key(|(_, trouble)| trouble.resets_at);
        let seen = input.observed.unserved.iter();
        let seen = seen.filter(|(_, t)| t.resets_at.is_none_or(|at| at > input.now));
        let seen = seen.map(|(agent, trouble)| (agent.as_str(), trouble));
        let is_limited = input.options.purses.run != Purse::default();
        let used = packages.values().filter(|_| is_limited);
        let used: Vec<Usage> = used.map(|package| used_by(input, package)).collect();
        Known {
            troubles: told.into_iter().chain(seen).collect(),
            used: used.iter().sum(),
        }
    }
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
