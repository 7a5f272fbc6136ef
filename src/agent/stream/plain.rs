//! Plain text, line by line, with what aider says about tokens, money and files.

use crate::agent::stream::event::{Event, Weight, Wrong};
use crate::agent::stream::values::tool;
use crate::base::json::json;
use crate::model::Usage;

/// The events of one line.
pub(super) fn read(line: &str, out: &mut Vec<Event>) {
    let line = line.trim();
    if line.is_empty() {
        return;
    }
    if let Some(path) = line.strip_prefix("Applied edit to ") {
        tool("edit", &json!({"path": path}), out);
        return;
    }
    if let Some(used) = tokens(line) {
        out.push(Event::Used(used));
        return;
    }
    out.push(Event::Trouble(Wrong::new(line, Weight::Rumour)));
    out.push(Event::Text(line.to_owned()));
}

/// `Tokens: 2.3k sent, 1.1k cache hit, 1.1k received. Cost: $0.01 message, $0.05 session.`
fn tokens(line: &str) -> Option<Usage> {
    let rest = line.strip_prefix("Tokens: ")?;
    let (counts, cost) = rest.split_once("Cost: ").unwrap_or((rest, ""));
    let mut used = Usage::default();
    for part in counts.split(", ") {
        let (number, word) = part.trim().trim_end_matches('.').split_once(' ')?;
        let number = counted(number)?;
        match word.trim() {
            "sent" => used.input = number,
            "cache hit" => used.cached = number,
            "received" => used.output = number,
            _ => {}
        }
    }
    used.cost_micros = cost.split(", ").find_map(|part| {
        let dollars = part.trim().strip_prefix('$')?.strip_suffix(" message")?;
        micro(dollars)
    });
    Some(used)
}

/// `2.3k` is 2300.
fn counted(text: &str) -> Option<u64> {
    let (digits, zeros) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 3),
        None => match text.strip_suffix(['m', 'M']) {
            Some(digits) => (digits, 6),
            None => (text, 0),
        },
    };
    decimal(&digits.replace(',', ""), zeros)
}

/// Dollars in millionths.
fn micro(text: &str) -> Option<u64> {
    decimal(&text.replace(',', ""), 6)
}

/// A decimal number times ten to the power of `places`, without floats; what is smaller is cut.
fn decimal(text: &str, places: usize) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(part) || whole.is_empty() || whole.len() > 12 {
        return None;
    }
    let part: String = part.chars().chain("0000000".chars()).take(places).collect();
    format!("{whole}{part}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_aider_are_read_exactly() {
        let used = tokens(
            "Tokens: 2.3k sent, 1,024 cache hit, 87 received. Cost: $0.0123 message, $1.05 session.",
        );
        let used = used.unwrap();
        assert_eq!((used.input, used.cached, used.output), (2300, 1024, 87));
        assert_eq!(used.cost_micros, Some(12_300));
        assert_eq!(
            tokens("Tokens: 5 sent, 6 received.").unwrap().cost_micros,
            None
        );
        for other in ["Tokens: many", "Tokens are nice", "", "Tokens: 1.2.3 sent"] {
            assert_eq!(tokens(other), None, "{other}");
        }
    }
}
