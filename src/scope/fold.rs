//! Which paths count as the same: letter case and Unicode composition.
//!
//! One character folds to one character, so `?` means the same before and after.

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Which paths count as the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fold {
    /// Byte for byte, as git does on Linux.
    #[default]
    None,
    /// Regardless of letter case and of Unicode composition, as file systems of macOS and Windows.
    Case,
}

impl Fold {
    /// The form in which paths that count as the same are equal.
    pub fn apply(self, path: &[u8]) -> Vec<u8> {
        match self {
            Fold::None => path.to_vec(),
            Fold::Case if path.is_ascii() => path.to_ascii_lowercase(),
            Fold::Case => {
                let mut out = Vec::with_capacity(path.len());
                for chunk in path.utf8_chunks() {
                    out.extend_from_slice(fold_text(chunk.valid()).as_bytes());
                    out.extend_from_slice(chunk.invalid());
                }
                out
            }
        }
    }
}

pub(super) fn fold_text(text: &str) -> String {
    let folded: String = if is_nfc(text) {
        text.chars().map(fold_char).collect()
    } else {
        text.nfc().map(fold_char).collect()
    };
    folded.nfc().collect()
}

/// The simple case folding of one character.
pub(super) fn fold_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let upper = only(c.to_uppercase()).unwrap_or(c);
    only(upper.to_lowercase()).unwrap_or(upper)
}

fn only(mut chars: impl Iterator<Item = char>) -> Option<char> {
    chars.next().filter(|_| chars.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_character_folds_to_one() {
        let pairs = [
            ('A', 'a'),
            ('Ä', 'ä'),
            ('ß', 'ß'),
            ('ſ', 's'),
            ('Σ', 'σ'),
            ('ς', 'σ'),
        ];
        for (from, to) in pairs {
            assert_eq!(fold_char(from), to);
        }
    }

    #[test]
    fn bytes_that_are_no_text_survive() {
        assert_eq!(Fold::Case.apply(b"\xffA\xc3\x84"), b"\xffa\xc3\xa4");
        assert_eq!(Fold::Case.apply("E\u{301}".as_bytes()), "é".as_bytes());
    }
}
