//! What an agent used up, and what kept it from working: read from its own output, for people and
//! for the decision whether to go on. Never a proof of anything.

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
use crate::base::json::INTEGER_MAX;

/// Tokens and money.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens that went in, without those read from a cache.
    pub input: u64,
    /// Tokens that were read from a cache.
    #[serde(default)]
    pub cached: u64,
    /// Tokens that came out, reasoning included.
    pub output: u64,
    /// Millionths of a US dollar, where the agent tells them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_micros: Option<u64>,
}

impl Usage {
    /// All tokens.
    pub fn tokens(&self) -> u64 {
        let sum = self.input.saturating_add(self.cached);
        sum.saturating_add(self.output)
    }

    /// True if nothing was told.
    pub fn is_nothing(&self) -> bool {
        self.tokens() == 0 && self.cost_micros.is_none()
    }

    /// What was used since `earlier`, where an agent counts over its whole session.
    #[must_use]
    pub fn since(&self, earlier: &Usage) -> Usage {
        let cost = |now: u64| now.saturating_sub(earlier.cost_micros.unwrap_or(0));
        Usage {
            input: self.input.saturating_sub(earlier.input),
            cached: self.cached.saturating_sub(earlier.cached),
            output: self.output.saturating_sub(earlier.output),
            cost_micros: self.cost_micros.map(cost),
        }
    }

    /// Both together. A cost that one of them does not tell is missing in the sum.
    pub fn add(&mut self, other: &Usage) {
        self.input = sum(self.input, other.input);
        self.cached = sum(self.cached, other.cached);
        self.output = sum(self.output, other.output);
        self.cost_micros = match (self.cost_micros, other.cost_micros) {
            (Some(a), Some(b)) => Some(sum(a, b)),
            (one, other) => one.or(other),
        };
    }
}

/// No sum leaves what a record can hold.
fn sum(a: u64, b: u64) -> u64 {
    a.saturating_add(b).min(INTEGER_MAX.unsigned_abs())
}

impl<'a> std::iter::Sum<&'a Usage> for Usage {
    fn sum<I: Iterator<Item = &'a Usage>>(all: I) -> Self {
        all.fold(Usage::default(), |mut sum, one| {
            sum.add(one);
            sum
        })
    }
}

/// What an agent told of itself while it worked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The name under which the conversation can be gone on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// What it used up.
    #[serde(default)]
    pub usage: Usage,
    /// Tools that it called.
    #[serde(default)]
    pub tool_calls: u32,
    /// Why it stopped, in its own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<String>,
    /// What kept it from going on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
}

/// What kept an agent from working.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// What it is.
    pub kind: TroubleKind,
    /// The agent's words, redacted, one line.
    pub text: String,
    /// When it will be over, where the agent tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resets_at: Option<Timestamp>,
}

/// The kinds of trouble with the service behind an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TroubleKind {
    /// No quota is left, for a time.
    Quota,
    /// Nobody pays.
    Billing,
    /// It is not logged in, or its key is refused.
    Auth,
    /// The conversation is too long for its model.
    Context,
    /// The service is overloaded or out of order.
    Overloaded,
    /// It reports an error of which nobody knows more.
    Other,
}

impl TroubleKind {
    /// True if every further attempt with the same agent would end the same way.
    pub fn is_for_all(self) -> bool {
        matches!(
            self,
            TroubleKind::Quota | TroubleKind::Billing | TroubleKind::Auth
        )
    }

    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            TroubleKind::Quota => "quota",
            TroubleKind::Billing => "billing",
            TroubleKind::Auth => "auth",
            TroubleKind::Context => "context",
            TroubleKind::Overloaded => "overloaded",
            TroubleKind::Other => "other",
        }
    }

    /// What it means, for people.
    pub fn words(self) -> &'static str {
        match self {
            TroubleKind::Quota => "has no quota left",
            TroubleKind::Billing => "is not paid for",
            TroubleKind::Auth => "is not logged in",
            TroubleKind::Context => "ran out of context",
            TroubleKind::Overloaded => "is overloaded",
            TroubleKind::Other => "reports an error",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_keep_a_cost_that_only_one_side_tells() {
        let told = Usage {
            input: 1,
            cached: 2,
            output: 3,
            cost_micros: Some(40),
        };
        let silent = Usage {
            input: 10,
            ..Usage::default()
        };
        let sum: Usage = [&told, &silent, &told].into_iter().sum();
        assert_eq!((sum.tokens(), sum.cost_micros), (22, Some(80)));
        assert!(Usage::default().is_nothing() && !told.is_nothing());
        assert_eq!((sum.since(&told).output, told.since(&sum).input), (3, 0));
        let mut most = told;
        most.add(&Usage {
            input: u64::MAX,
            ..told
        });
        assert_eq!(most.input, INTEGER_MAX.unsigned_abs());
    }
}
