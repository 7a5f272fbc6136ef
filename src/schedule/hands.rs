//! Who works for a run and what that may cost, as far as a decision needs it. Plain values.

use std::collections::BTreeMap;

use crate::base::PackageId;
use crate::model::{Mode, Usage};

/// Who works for a run: for every package the agents that may be given it, in the order in which
/// they are tried.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hands {
    /// For packages without a choice of their own.
    pub common: Vec<Hand>,
    /// Choices for single packages.
    pub own: BTreeMap<PackageId, Vec<Hand>>,
    /// Who repairs what failed its verification; empty: whoever would be given the package.
    pub debug: Vec<Hand>,
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
            debug: Vec::new(),
        }
    }

    /// The chain of a package.
    pub fn of(&self, package: &PackageId, mode: Mode) -> &[Hand] {
        match mode {
            Mode::Debug if !self.debug.is_empty() => &self.debug,
            Mode::Debug | Mode::Implement => self.own.get(package).unwrap_or(&self.common),
        }
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
    pub(super) fn spent(&self, used: &Usage) -> Option<String> {
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
