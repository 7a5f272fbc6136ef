//! Which segments a path may have, read one symbol at a time.
//!
//! Agrees with [`RepoPath::is_hostile`](crate::base::RepoPath::is_hostile): not empty, `.`, `..`,
//! nor any form of `.git`. A witness must be a path that can exist.

use crate::scope::class::{Class, Symbol};

/// What is known about the segment read so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Segment {
    /// Nothing read.
    Start,
    /// Only characters that HFS+ ignores.
    Hidden,
    /// Exactly `.`.
    Dot,
    /// Exactly `..`.
    DotDot,
    /// `.`, `.g`, `.gi` in some form; the number of letters after the dot.
    Long(u8),
    /// `g`, `gi`, `git`, `git~` in some form; the number of letters.
    Short(u8),
    /// A form of `.git`.
    Git,
    /// A form of `.git` and a stream name; nothing can mend it.
    Stream,
    /// Never hostile, whatever follows.
    Safe,
}

impl Segment {
    /// True if the segment may end here.
    pub(super) fn may_end(self) -> bool {
        !matches!(
            self,
            Segment::Start | Segment::Dot | Segment::DotDot | Segment::Git | Segment::Stream
        )
    }

    /// After one more symbol, which is not `/`.
    pub(super) fn then(self, symbol: Symbol) -> Segment {
        let Some(c) = char::from_u32(symbol) else {
            return self.then_plain('x');
        };
        if is_hidden(c) {
            return match self {
                Segment::Start => Segment::Hidden,
                Segment::Dot => Segment::Long(0),
                Segment::DotDot => Segment::Safe,
                other => other,
            };
        }
        self.then_plain(c.to_ascii_lowercase())
    }

    fn then_plain(self, c: char) -> Segment {
        match (self, c) {
            (Segment::Start, '.') => Segment::Dot,
            (Segment::Hidden, '.') => Segment::Long(0),
            (Segment::Dot, '.') => Segment::DotDot,
            (Segment::Start | Segment::Hidden, 'g') => Segment::Short(1),
            (Segment::Dot | Segment::Long(0), 'g') => Segment::Long(1),
            (Segment::Long(1), 'i') => Segment::Long(2),
            (Segment::Long(2), 't') => Segment::Git,
            (Segment::Short(1), 'i') => Segment::Short(2),
            (Segment::Short(2), 't') => Segment::Short(3),
            (Segment::Short(3), '~') => Segment::Short(4),
            (Segment::Short(4), '1') => Segment::Git,
            (Segment::Git, '.' | ' ') => Segment::Git,
            (Segment::Git, ':') | (Segment::Stream, _) => Segment::Stream,
            _ => Segment::Safe,
        }
    }
}

fn is_hidden(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

/// True for symbols that can bring a segment nearer to a hostile one. Any other symbol makes
/// the segment safe at once, so one of them stands for all.
pub(super) fn is_special(symbol: Symbol) -> bool {
    char::from_u32(symbol).is_some_and(|c| {
        is_hidden(c)
            || matches!(
                c.to_ascii_lowercase(),
                '.' | 'g' | 'i' | 't' | '~' | '1' | ':' | ' '
            )
    })
}

const READABLE: &str = "xabcdefhjklmnopqrsuvwyzXABCDEFHJKLMNOPQRSUVWYZ023456789_-+=,@#%";

/// Small for characters that read well in a path, the same for no two.
pub(super) fn readability(c: char) -> (usize, char) {
    (READABLE.find(c).unwrap_or(READABLE.len()), c)
}

/// Enough members of `class` to stand for all of it where only [`Segment`] tells members apart:
/// the most readable one that is not special, or else every special one.
pub(super) fn representatives(class: &Class) -> Vec<char> {
    let readable = READABLE.chars().find(|&c| class.contains(c.into()));
    if let Some(c) = readable {
        return vec![c];
    }
    let members = || class.ranges().iter().flat_map(|&(low, high)| low..=high);
    // At most the special symbols stand before the first that is not.
    let other = members()
        .filter(|&s| !is_special(s))
        .find_map(char::from_u32);
    match other {
        Some(c) => vec![c],
        None => members().filter_map(char::from_u32).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::RepoPath;
    use crate::scope::class::symbols;

    fn is_valid(path: &str) -> bool {
        path.split('/').all(|segment| {
            let read = |state: Segment, &s: &Symbol| state.then(s);
            symbols(segment.as_bytes())
                .iter()
                .fold(Segment::Start, read)
                .may_end()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn agrees_with_the_rule_for_hostile_paths(
            path in "(\\.|\\.g|i|t|git|\\.GIT|~1|:| |x|/|\u{200c}|\\.\\.){0,8}"
        ) {
            prop_assert_eq!(is_valid(&path), !RepoPath::from(path.as_str()).is_hostile());
        }
    }
}
