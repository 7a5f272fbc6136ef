//! Which agent starts a package: the first of its chain that is trusted enough and is served, as
//! long as the run has anything left to spend.
//!
//! An agent whose service refuses it is left alone by the whole run, so that not one attempt after
//! the other is spent on learning the same thing.

use std::collections::BTreeMap;

use crate::base::{PackageId, Timestamp};
use crate::model::{OutcomeKind, Trouble, Usage};
use crate::schedule::agenda::Item;
use crate::schedule::input::Input;
use crate::schedule::why::Why;
use crate::state::view::{AttemptView, PackageView};

/// Who works for a run: for every package the agents that may be given it, in the order in which
/// they are tried.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hands {
    /// For packages without a choice of their own.
    pub common: Vec<Hand>,
    /// Choices for single packages.
    pub own: BTreeMap<PackageId, Vec<Hand>>,
}

/// An agent, as far as a decision needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hand {
    /// The name of its profile.
    pub agent: String,
    /// 0 to 4.
    pub trust: u8,
}

impl Hands {
    /// The same agent for everything.
    pub fn one(agent: &str, trust: u8) -> Self {
        Hands {
            common: vec![Hand {
                agent: agent.to_owned(),
                trust,
            }],
            own: BTreeMap::new(),
        }
    }

    /// The chain of a package.
    pub fn of(&self, package: &PackageId) -> &[Hand] {
        self.own.get(package).unwrap_or(&self.common)
    }
}

/// What may be spent; `None` is without limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purse {
    /// Millionths of a US dollar.
    pub cost_micros: Option<u64>,
    /// Tokens of all kinds.
    pub tokens: Option<u64>,
}

impl Purse {
    /// What is used up of it, in words, if nothing is left.
    fn spent(&self, used: &Usage) -> Option<String> {
        let cost = used.cost_micros.unwrap_or(0);
        if let Some(most) = self.cost_micros.filter(|most| cost >= *most) {
            return Some(format!("{} of {} spent", dollars(cost), dollars(most)));
        }
        let tokens = used.tokens();
        let most = self.tokens.filter(|most| tokens >= *most)?;
        Some(format!("{tokens} of {most} tokens used"))
    }
}

/// An amount of money for people: `$1.25`.
pub fn dollars(micros: u64) -> String {
    let cents = micros.div_ceil(10_000);
    format!("${}.{:02}", cents / 100, cents % 100)
}

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
pub(super) fn choose<'a>(input: &Input<'a>, item: &Item) -> Result<&'a Hand, Why> {
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
pub fn unserved(attempt: &AttemptView) -> Option<&Trouble> {
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
