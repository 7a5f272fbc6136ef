//! What an unquoted word of YAML means: nothing, a truth value, a number or text.
//!
//! The same rules as the reader that the rest of the world uses here (YAML 1.2 with `0b`), except
//! that numbers which JSON cannot carry exactly are refused instead of being bent.

use crate::base::json::INTEGER_MAX;
use crate::plan::node::Data;

/// A number that cannot be kept as it is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotANumber;

/// Decides what `word` means.
pub(super) fn resolve(word: &str) -> Result<Data, NotANumber> {
    match word {
        "" | "null" | "Null" | "NULL" | "~" => return Ok(Data::Null),
        "true" | "True" | "TRUE" => return Ok(Data::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Data::Bool(false)),
        _ => {}
    }
    let (sign, digits) = match word.as_bytes()[0] {
        b'-' => (-1, &word[1..]),
        b'+' => (1, &word[1..]),
        _ => (1, word),
    };
    if digits.starts_with(['+', '-']) {
        return Ok(Data::Text(word.to_owned()));
    }
    if has_leading_zero(digits) {
        return Ok(Data::Text(word.to_owned()));
    }
    match integer(digits) {
        Some(Some(number)) => return Ok(Data::Integer(sign * number)),
        Some(None) => return Err(NotANumber),
        None => {}
    }
    match digits {
        ".inf" | ".Inf" | ".INF" => return Err(NotANumber),
        ".nan" | ".NaN" | ".NAN" if digits == word => return Err(NotANumber),
        _ => {}
    }
    match word.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(float(number)),
        // `inf` and `nan` are words, `1e999` is a number that has no end.
        Ok(_) if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') => Err(NotANumber),
        _ => Ok(Data::Text(word.to_owned())),
    }
}

/// A whole number: outer `None` if it is none, inner `None` if JSON cannot carry it.
fn integer(digits: &str) -> Option<Option<i64>> {
    let (body, radix) = match digits.get(..2) {
        Some("0x") => (&digits[2..], 16),
        Some("0o") => (&digits[2..], 8),
        Some("0b") => (&digits[2..], 2),
        _ => (digits, 10),
    };
    if body.is_empty() || !body.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let number = i64::from_str_radix(body, radix).ok();
    Some(number.filter(|n| *n <= INTEGER_MAX))
}

/// `007` is text, since nobody agrees on its base.
fn has_leading_zero(digits: &str) -> bool {
    digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
}

/// `60.0` is the whole number 60: JSON does not tell them apart.
fn float(number: f64) -> Data {
    let limit = INTEGER_MAX as f64;
    if number.fract() == 0.0 && number.abs() <= limit {
        // In range and without a fraction, so the cast is exact.
        Data::Integer(number as i64)
    } else {
        Data::Float(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(word: &str) -> Result<Data, NotANumber> {
        Ok(Data::Text(word.to_owned()))
    }

    #[test]
    fn words_mean_what_the_other_reader_says() {
        for (word, data) in [
            ("", Data::Null),
            ("~", Data::Null),
            ("TRUE", Data::Bool(true)),
            ("-17", Data::Integer(-17)),
            ("+0x1F", Data::Integer(31)),
            ("0o17", Data::Integer(15)),
            ("0", Data::Integer(0)),
            ("60.0", Data::Integer(60)),
            ("1e3", Data::Integer(1000)),
            ("0.5", Data::Float(0.5)),
        ] {
            assert_eq!(resolve(word), Ok(data), "{word}");
        }
        for word in [
            "yes",
            "on",
            "007",
            "-007",
            "1:30",
            "inf",
            "nan",
            "infinity",
            "--1",
            "+-1",
            "1_000",
            "0x",
            "1.2.3",
            "-",
            "+",
            ".",
            "-.nan",
            "2026-01-01",
        ] {
            assert_eq!(resolve(word), text(word), "{word}");
        }
    }

    #[test]
    fn numbers_that_json_cannot_carry_are_refused() {
        for word in [
            ".nan",
            ".inf",
            "-.INF",
            "+.inf",
            "1e999",
            "-1e999",
            "1180591620717411303424",
            "9007199254740992",
            "0xffffffffffffffffff",
            "1000000000000000000000000000000000000000000000000000",
        ] {
            assert_eq!(resolve(word), Err(NotANumber), "{word}");
        }
        assert_eq!(
            resolve("9007199254740991"),
            Ok(Data::Integer(9_007_199_254_740_991))
        );
    }
}
