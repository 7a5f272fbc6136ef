//! Sets of symbols, as sorted ranges: what one position of a pattern may consume.
//!
//! A symbol is a Unicode scalar value, or a byte that is no UTF-8, moved above them all, so that
//! any path git can store is a string of symbols.

use std::sync::LazyLock;

use crate::scope::fold::{Fold, fold_char};

/// A character, or `INVALID + byte`.
pub(super) type Symbol = u32;

/// Where bytes that are no UTF-8 begin.
pub(super) const INVALID: Symbol = 0x11_0000;
const SYMBOL_MAX: Symbol = INVALID + 0xff;
const SLASH: Symbol = '/' as Symbol;
/// Letters above it are not folded inside ranges; a range that wide is a mistake or an attack.
const FOLD_MAX: Symbol = 0x2fff;

/// The symbols of a path.
pub(super) fn symbols(path: &[u8]) -> Vec<Symbol> {
    let mut out = Vec::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        out.extend(chunk.valid().chars().map(Symbol::from));
        out.extend(chunk.invalid().iter().map(|&b| INVALID + Symbol::from(b)));
    }
    out
}

/// Sorted, disjoint, not adjacent ranges; never holds `/` or NUL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Class {
    ranges: Vec<(Symbol, Symbol)>,
    /// For a negated class what it excludes, since folding comes before negation.
    excluded: Option<Vec<(Symbol, Symbol)>>,
}

/// Letters that no folded path holds.
static UNFOLDED: LazyLock<Class> = LazyLock::new(|| {
    let letters = (1..=FOLD_MAX).filter_map(char::from_u32);
    let unfolded = letters.filter(|&c| fold_char(c) != c);
    Class::new(unfolded.map(|c| (Symbol::from(c), Symbol::from(c))))
});

impl Class {
    /// Takes ranges in any order; `/` is removed.
    pub(super) fn new(ranges: impl IntoIterator<Item = (Symbol, Symbol)>) -> Class {
        let mut ranges: Vec<_> = ranges.into_iter().collect();
        ranges.sort_unstable();
        let mut out: Vec<(Symbol, Symbol)> = Vec::with_capacity(ranges.len());
        for (low, high) in ranges {
            match out.last_mut() {
                Some(last) if low <= last.1 + 1 => last.1 = last.1.max(high),
                _ => out.push((low, high)),
            }
        }
        Class {
            ranges: minus_slash(&out),
            excluded: None,
        }
    }

    /// Every symbol that may stand inside a segment of a path under `fold`.
    pub(super) fn any(fold: Fold) -> Class {
        let any = Class::new([(1, SYMBOL_MAX)]);
        match fold {
            Fold::None => any,
            Fold::Case => any.intersect(&UNFOLDED.negated()),
        }
    }

    /// Everything but these, inside a segment.
    pub(super) fn negated(&self) -> Class {
        let mut out = Vec::with_capacity(self.ranges.len() + 1);
        let mut from = 1;
        for &(low, high) in &self.ranges {
            if from < low {
                out.push((from, low - 1));
            }
            from = high + 1;
        }
        if from <= SYMBOL_MAX {
            out.push((from, SYMBOL_MAX));
        }
        Class {
            ranges: minus_slash(&out),
            excluded: Some(self.ranges.clone()),
        }
    }

    /// The set over folded paths: a letter counts in either case, also where it is excluded.
    pub(super) fn folded(&self) -> Class {
        if let Some(excluded) = &self.excluded {
            let excluded = Class::new(excluded.iter().copied()).folded();
            return excluded.negated().intersect(&Class::any(Fold::Case));
        }
        let letters = self
            .ranges
            .iter()
            .flat_map(|&(low, high)| low..=high.min(FOLD_MAX));
        let folds = letters
            .filter_map(char::from_u32)
            .map(|c| Symbol::from(fold_char(c)))
            .map(|s| (s, s));
        let all: Vec<_> = self.ranges.iter().copied().chain(folds).collect();
        Class::new(all).intersect(&UNFOLDED.negated())
    }

    pub(super) fn contains(&self, symbol: Symbol) -> bool {
        self.ranges
            .iter()
            .any(|&(low, high)| low <= symbol && symbol <= high)
    }

    pub(super) fn ranges(&self) -> &[(Symbol, Symbol)] {
        &self.ranges
    }

    pub(super) fn intersect(&self, other: &Class) -> Class {
        let (mut i, mut j, mut ranges) = (0, 0, Vec::new());
        while let (Some(&a), Some(&b)) = (self.ranges.get(i), other.ranges.get(j)) {
            let (low, high) = (a.0.max(b.0), a.1.min(b.1));
            if low <= high {
                ranges.push((low, high));
            }
            if a.1 < b.1 {
                i += 1;
            } else {
                j += 1;
            }
        }
        Class {
            ranges,
            excluded: None,
        }
    }
}

fn minus_slash(ranges: &[(Symbol, Symbol)]) -> Vec<(Symbol, Symbol)> {
    let around = |&(low, high): &(Symbol, Symbol)| {
        if low <= SLASH && SLASH <= high {
            let left = (low < SLASH).then_some((low, SLASH - 1));
            let right = (high > SLASH).then_some((SLASH + 1, high));
            [left, right]
        } else {
            [Some((low, high)), None]
        }
    };
    ranges.iter().flat_map(around).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_and_its_negation_split_the_segment_symbols() {
        let class = Class::new([(97, 102), (46, 48), (100, 120)]);
        let rest = class.negated();
        assert_eq!(class.ranges(), [(46, 46), (48, 48), (97, 120)]);
        assert!(class.intersect(&rest).ranges().is_empty());
        for symbol in [1, 45, 46, 48, 49, 97, 120, 121, INVALID, SYMBOL_MAX] {
            assert_ne!(class.contains(symbol), rest.contains(symbol), "{symbol}");
        }
        assert!(!class.contains(SLASH) && !rest.contains(SLASH));
    }

    #[test]
    fn folding_comes_before_negation() {
        let upper = Class::new([(65, 67)]);
        assert_eq!(upper.folded().ranges(), [(97, 99)]);
        let others = upper.negated().folded();
        assert!(!others.contains(97) && !others.contains(65) && !others.contains(90));
        assert!(others.contains(122) && others.contains(INVALID));
    }
}
