//! When there is quota again, read from a text: a time of day, a span, seconds since the epoch.

use std::time::Duration;

use crate::agent::stream::trouble::normal;
use crate::base::Timestamp;

/// Later than this nobody waits; such a number means something else.
const FAR: Duration = Duration::from_secs(60 * 24 * 3600);
const DAY: i64 = 24 * 3600;

/// The time that stands after one of `words` in `text`.
///
/// A time of day without a zone is that of this machine: `offset` are its seconds east of UTC,
/// and without it such a time is not known.
pub(super) fn read(
    text: &str,
    words: &[String],
    now: Timestamp,
    offset: Option<i64>,
) -> Option<Timestamp> {
    let plain = normal(text);
    words.iter().find_map(|word| {
        let word = normal(word);
        plain
            .match_indices(&word)
            .find_map(|(at, _)| time(&plain[at + word.len()..], now, offset))
    })
}

fn time(rest: &str, now: Timestamp, offset: Option<i64>) -> Option<Timestamp> {
    let skip = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ':' | '=' | ',' | '|');
    let mut rest = rest.trim_start_matches(skip);
    for word in ["at ", "in ", "on ", "after "] {
        rest = rest
            .strip_prefix(word)
            .unwrap_or(rest)
            .trim_start_matches(skip);
    }
    let found = stamp(rest)
        .or_else(|| epoch(rest))
        .or_else(|| span(rest).map(|span| now.plus(span)))
        .or_else(|| clock(rest, now, offset));
    found.filter(|at| *at <= now.plus(FAR) && at.millis() > 0)
}

/// RFC 3339.
fn stamp(rest: &str) -> Option<Timestamp> {
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-:.+".contains(c)));
    let word = rest[..end.unwrap_or(rest.len())].trim_end_matches('.');
    Timestamp::parse(&word.to_ascii_uppercase())
}

/// Seconds or milliseconds since 1970.
fn epoch(rest: &str) -> Option<Timestamp> {
    let digits = digits(rest);
    let number: i64 = digits.parse().ok()?;
    match digits.len() {
        10 => Some(Timestamp::from_millis(number * 1000)),
        13 => Some(Timestamp::from_millis(number)),
        _ => None,
    }
}

/// `2h 3m 4.5s`, `5 minutes`, `3 days and 2 hours`.
fn span(rest: &str) -> Option<Duration> {
    let mut rest = rest;
    let mut millis = 0u64;
    let mut found = false;
    loop {
        let number = digits(rest);
        let Ok(count) = number.parse::<u64>() else {
            break;
        };
        let mut after = &rest[number.len()..];
        if let Some(part) = after.strip_prefix('.') {
            after = part.trim_start_matches(|c: char| c.is_ascii_digit());
        }
        let after = after.trim_start();
        let end = after.find(|c: char| !c.is_ascii_alphabetic());
        let word = &after[..end.unwrap_or(after.len())];
        let Some(unit) = unit(word) else {
            break;
        };
        found = true;
        millis = millis.saturating_add(count.saturating_mul(unit));
        rest = after[word.len()..].trim_start_matches([' ', ',']);
        rest = rest.strip_prefix("and ").unwrap_or(rest).trim_start();
    }
    found.then(|| Duration::from_millis(millis))
}

/// Milliseconds of a unit.
fn unit(word: &str) -> Option<u64> {
    Some(match word {
        "ms" | "millisecond" | "milliseconds" => 1,
        "s" | "sec" | "secs" | "second" | "seconds" => 1000,
        "m" | "min" | "mins" | "minute" | "minutes" => 60_000,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        _ => return None,
    })
}

/// `9:35 pm`, `9pm (utc)`: the next such time.
fn clock(rest: &str, now: Timestamp, offset: Option<i64>) -> Option<Timestamp> {
    let first = digits(rest);
    let hour: i64 = first.parse().ok().filter(|hour| *hour <= 24)?;
    let mut after = &rest[first.len()..];
    let mut minute = 0;
    let mut has_minute = false;
    if let Some(part) = after.strip_prefix(':') {
        let part_digits = digits(part);
        minute = part_digits.parse().ok().filter(|minute| *minute < 60)?;
        after = &part[part_digits.len()..];
        has_minute = true;
    }
    let after = after.trim_start();
    let (hour, after) = if let Some(after) = after.strip_prefix("pm") {
        (hour % 12 + 12, after)
    } else if let Some(after) = after.strip_prefix("am") {
        (hour % 12, after)
    } else if has_minute {
        (hour, after)
    } else {
        return None;
    };
    let zone = after.trim_start().trim_start_matches('(');
    let offset = match zone.starts_with("utc") || zone.starts_with("gmt") {
        true => 0,
        // A named zone that nobody knows here is no zone of this machine.
        false if after.trim_start().starts_with('(') => return None,
        false => offset?,
    };
    let local = now.seconds() + offset;
    let today = local - local.rem_euclid(DAY) + hour * 3600 + minute * 60;
    let next = if today > local { today } else { today + DAY };
    Some(Timestamp::from_millis((next - offset) * 1000))
}

fn digits(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit());
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, offset: Option<i64>) -> Option<String> {
        let words = [
            "resets at",
            "resets",
            "try again at",
            "reset after",
            "limit reached|",
        ];
        let words: Vec<String> = words.map(str::to_owned).into();
        let now = Timestamp::parse("2026-11-21T20:40:00Z").unwrap();
        read(text, &words, now, offset).map(|at| at.to_string()[..16].to_owned())
    }

    #[test]
    fn the_forms_of_the_agents_are_read() {
        for (text, offset, time) in [
            (
                "hit your session limit · resets 9:39pm (UTC)",
                None,
                "2026-11-21T21:39",
            ),
            (
                "You\u{2019}ve hit it. Try again at 9:35 PM.",
                Some(0),
                "2026-11-21T21:35",
            ),
            ("try again at 9:35 PM.", Some(3600), "2026-11-22T20:35"),
            ("resets 3am (UTC)", None, "2026-11-22T03:00"),
            ("quota will reset after 2h3m4s.", None, "2026-11-21T22:43"),
            ("resets in 3 days and 1 hour", None, "2026-11-24T21:40"),
            ("usage limit reached|1795297176", None, "2026-11-21T21:39"),
            (
                "\"resets_at\" resets: 1795297176000",
                None,
                "2026-11-21T21:39",
            ),
            (
                "resets at 2026-11-22T01:02:03Z, then",
                None,
                "2026-11-22T01:02",
            ),
        ] {
            assert_eq!(at(text, offset).as_deref(), Some(time), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "resets",
            "resets soon",
            "resets 12",
            "resets 9:39pm",
            "resets 9:39pm (Europe/Berlin)",
            "resets 99999999999999999999 days",
            "resets in 900 days",
            "nothing",
        ] {
            assert_eq!(at(text, None), None, "{text}");
        }
    }
}
