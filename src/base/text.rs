//! Text for people: foreign bytes made harmless, plurals, lists.

use std::fmt;

/// Shows text that came from outside (git, a plan, an agent) without letting it drive a terminal.
///
/// C0 and C1 controls, DEL, bidirectional controls and zero-width characters appear as `\u{..}`
/// escapes; line feeds and tabs too, unless [`Foreign::multi_line`] was asked for.
pub struct Foreign<'a> {
    text: &'a str,
    multi_line: bool,
}

/// Wraps one line of foreign text.
pub fn foreign(text: &str) -> Foreign<'_> {
    Foreign {
        text,
        multi_line: false,
    }
}

impl Foreign<'_> {
    /// Lets line feeds and tabs through.
    #[must_use]
    pub fn multi_line(mut self) -> Self {
        self.multi_line = true;
        self
    }
}

impl fmt::Display for Foreign<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.text.chars() {
            let plain = self.multi_line && matches!(c, '\n' | '\t');
            if !plain && is_hostile(c) {
                write!(f, "{}", c.escape_unicode())?;
            } else {
                fmt::Write::write_char(f, c)?;
            }
        }
        Ok(())
    }
}

/// True for characters that move the cursor, reorder or hide text.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{061c}' | '\u{180e}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// `1 package`, `2 packages`.
pub fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// The first `limit` characters, with `…` where something was cut.
pub fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(limit.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// The word of `known` that `word` is probably meant to be: at most a third of it is different.
pub fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let close = known.map(|k| (distance(word, k), k)).min();
    close
        .filter(|(distance, k)| *distance * 3 <= k.chars().count())
        .map(|(_, k)| k)
}

/// Edits that turn one word into the other; long words are not compared.
fn distance(a: &str, b: &str) -> usize {
    const LONG: usize = 40;
    let b: Vec<char> = b.chars().take(LONG).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().take(LONG).enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let change = before + usize::from(ca != *cb);
            before = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(before + 1);
        }
    }
    row[b.len()]
}

/// The first `max` bytes of `text`, or a little less: no character is cut.
pub fn head(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The last `max` bytes of `text`, or a little less: no character is cut.
pub fn tail(text: &str, max: usize) -> &str {
    let mut from = text.len().saturating_sub(max);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    &text[from..]
}

/// A number of bytes for people: `312 B`, `4.0 KiB`, `1.2 GiB`.
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if number < 1024 {
        return format!("{number} B");
    }
    let (mut whole, mut unit) = (number, 0);
    while whole >= 1024 * 1024 && unit + 1 < UNITS.len() {
        whole /= 1024;
        unit += 1;
    }
    format!(
        "{}.{} {}",
        whole / 1024,
        whole % 1024 * 10 / 1024,
        UNITS[unit]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_units() {
        for (number, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (4096, "4.0 KiB"),
            (1 << 20, "1.0 MiB"),
            (3 << 29, "1.5 GiB"),
        ] {
            assert_eq!(bytes(number), text);
        }
    }

    #[test]
    fn escapes_what_drives_a_terminal() {
        let text = foreign("a\u{1b}]0;x\u{7}b\u{202e}c\n").to_string();
        assert_eq!(text, r"a\u{1b}]0;x\u{7}b\u{202e}c\u{a}");
        assert_eq!(foreign("a\tb\n\r").multi_line().to_string(), "a\tb\n\\u{d}");
    }

    #[test]
    fn heads_and_tails_cut_no_character() {
        assert_eq!(
            (head("aäb", 2), head("aäb", 3), head("a", 9)),
            ("a", "aä", "a")
        );
        assert_eq!(
            (tail("aäb", 2), tail("aäb", 3), tail("a", 9)),
            ("b", "äb", "a")
        );
    }

    #[test]
    fn cuts_by_characters() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüx", 3), "äö…");
        assert_eq!(count(1, "file"), "1 file");
    }

    #[test]
    fn the_nearest_word_is_near() {
        let known = ["depends_on", "description", "scope"];
        let nearest = |word| nearest(word, known.into_iter());
        assert_eq!(nearest("depend_on"), Some("depends_on"));
        assert_eq!(nearest("scopes"), Some("scope"));
        assert_eq!(nearest("xyz"), None);
    }
}
