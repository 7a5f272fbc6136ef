//! What a run may spend on its agents: words of the command line, and how they are recorded.

use std::collections::BTreeMap;

use crate::base::json::{Value, json};
use crate::schedule::{Purse, Purses};

/// Limits of money and tokens. What an agent used up is known when it tells it, so the attempt
/// that exceeds a limit is not cut short: nothing new starts after it.
#[derive(Debug, Clone, Default, clap::Args)]
pub(in crate::commands) struct PurseWords {
    /// Start no agent once the run has cost so much, as far as agents tell
    #[arg(long, value_name = "USD", value_parser = micros)]
    max_cost: Option<u64>,
    /// Start no agent once the run has used so many tokens
    #[arg(long, value_name = "N")]
    max_tokens: Option<u64>,
    /// Start no further attempt of a package that has cost so much
    #[arg(long, value_name = "USD", value_parser = micros)]
    max_package_cost: Option<u64>,
    /// Start no further attempt of a package that has used so many tokens
    #[arg(long, value_name = "N")]
    max_package_tokens: Option<u64>,
}

/// The names under which they are recorded, in the order of [`PurseWords`].
const NAMES: [&str; 4] = [
    "max-cost-micros",
    "max-tokens",
    "max-package-cost-micros",
    "max-package-tokens",
];

impl PurseWords {
    /// As asked for now, and where nothing is, as the run has it that goes on.
    pub(in crate::commands) fn over(&self, recorded: &BTreeMap<String, Value>) -> Purses {
        let before = self::recorded(recorded);
        Purses {
            run: Purse {
                cost_micros: self.max_cost.or(before.run.cost_micros),
                tokens: self.max_tokens.or(before.run.tokens),
            },
            package: Purse {
                cost_micros: self.max_package_cost.or(before.package.cost_micros),
                tokens: self.max_package_tokens.or(before.package.tokens),
            },
        }
    }
}

/// What a run may spend by its record.
pub(in crate::commands) fn recorded(options: &BTreeMap<String, Value>) -> Purses {
    let [cost, tokens, package_cost, package_tokens] =
        NAMES.map(|name| options.get(name).and_then(Value::as_u64));
    Purses {
        run: Purse {
            cost_micros: cost,
            tokens,
        },
        package: Purse {
            cost_micros: package_cost,
            tokens: package_tokens,
        },
    }
}

/// Puts it on record.
pub(in crate::commands) fn record(purses: &Purses, options: &mut BTreeMap<String, Value>) {
    let values = [
        purses.run.cost_micros,
        purses.run.tokens,
        purses.package.cost_micros,
        purses.package.tokens,
    ];
    for (name, value) in NAMES.into_iter().zip(values) {
        if let Some(value) = value {
            options.insert(name.to_owned(), json!(value));
        }
    }
}

/// `2`, `0.5` or `$12.25` as millionths.
fn micros(text: &str) -> Result<u64, String> {
    let plain = text.trim().trim_start_matches('$');
    let (whole, part) = plain.split_once('.').unwrap_or((plain, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let is_amount = digits(whole) && digits(part) && part.len() <= 6;
    let amount = format!("{whole}{part:0<6}");
    let read = amount.parse().ok();
    read.filter(|_| is_amount && !(whole.is_empty() && part.is_empty()))
        .ok_or_else(|| "an amount of dollars, for instance 2.50".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_without_a_loss() {
        for (text, amount) in [
            ("2", 2_000_000),
            ("$0.5", 500_000),
            (".25", 250_000),
            ("12.345678", 12_345_678),
        ] {
            assert_eq!(micros(text), Ok(amount), "{text}");
        }
        for text in [
            "",
            ".",
            "-1",
            "1e3",
            "1.2345678",
            "ten",
            "99999999999999999999",
        ] {
            assert!(micros(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_recorded_is_what_was_asked_for() {
        let asked = PurseWords {
            max_cost: Some(1),
            max_package_tokens: Some(2),
            ..PurseWords::default()
        };
        let mut options = BTreeMap::new();
        let purses = asked.over(&options);
        record(&purses, &mut options);
        assert_eq!(recorded(&options), purses);
        let more = PurseWords {
            max_cost: Some(5),
            ..PurseWords::default()
        };
        let purses = more.over(&options);
        assert_eq!(purses.run.cost_micros, Some(5));
        assert_eq!(purses.package.tokens, Some(2));
    }
}
