//! What agents used up, in words: money where they tell it, and tokens.

use crate::model::{Account, Usage};
use crate::schedule::hands::dollars;
use crate::state::view::AttemptView;

/// The sum of what was told; `None` if nothing was.
pub fn sum<'a>(accounts: impl Iterator<Item = &'a Account>) -> Option<Usage> {
    let usage: Usage = accounts.map(|account| &account.usage).sum();
    (!usage.is_nothing()).then_some(usage)
}

/// What an agent told of itself in an attempt that ended.
pub fn account(attempt: &AttemptView) -> Option<&Account> {
    attempt.result.as_ref()?.account.as_ref()
}

/// `$0.35, 12.3k tokens`
pub fn words(usage: &Usage) -> String {
    let tokens = match usage.tokens() {
        0 => None,
        tokens => Some(format!("{} tokens", short(tokens))),
    };
    let parts = [usage.cost_micros.map(dollars), tokens];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// `950`, `12.3k`, `4.5M`: never more than it is.
fn short(number: u64) -> String {
    let (unit, word) = match number {
        0..1_000 => return number.to_string(),
        1_000..1_000_000 => (1_000, "k"),
        _ => (1_000_000, "M"),
    };
    format!("{}.{}{word}", number / unit, number % unit * 10 / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_short() {
        let usage = |input, cost_micros| Usage {
            input,
            cost_micros,
            ..Usage::default()
        };
        for (usage, said) in [
            (usage(999, None), "999 tokens"),
            (usage(12_399, Some(345_000)), "$0.35, 12.3k tokens"),
            (usage(999_999, None), "999.9k tokens"),
            (usage(4_560_000, None), "4.5M tokens"),
            (usage(0, Some(10)), "$0.01"),
        ] {
            assert_eq!(words(&usage), said);
        }
    }
}
