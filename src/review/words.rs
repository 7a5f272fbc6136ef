//! Text of findings as sets of words, to tell whether two reviewers mean the same.

use std::collections::BTreeSet;

/// Shorter words say nothing about what is meant.
const WORD_CHARS_MIN: usize = 3;

/// The words of `text` in lower case, without numbers: line numbers move between rounds.
pub(super) fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() >= WORD_CHARS_MIN)
        .filter(|word| !word.chars().all(|c| c.is_ascii_digit()))
        .map(str::to_lowercase)
        .collect()
}

/// `text` in lower case, words and single blanks only, without numbers.
pub(super) fn normalised(text: &str) -> String {
    let parts = text.split(|c: char| !c.is_alphanumeric());
    let kept = parts.filter(|part| !part.is_empty() && !part.chars().all(|c| c.is_ascii_digit()));
    kept.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// How much of all words both have, in hundredths; 0 if neither has any.
pub(super) fn shared(a: &BTreeSet<String>, b: &BTreeSet<String>) -> usize {
    let both = a.intersection(b).count();
    let all = a.len() + b.len() - both;
    (both * 100).checked_div(all).unwrap_or(0)
}

/// A path as findings are compared by it: no `./`, no leading `/`, no `:12` or `#L12` at the end.
pub(super) fn place(path: &str) -> String {
    let path = path.trim().replace('\\', "/");
    let path = path.split("#L").next().unwrap_or_default();
    let mut path = path.trim_start_matches("./").trim_start_matches('/');
    while let Some((front, end)) = path.rsplit_once(':') {
        if end.is_empty() || !end.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
            break;
        }
        path = front;
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_the_same_however_it_is_written() {
        for path in [
            "src/a.py",
            "./src/a.py",
            "/src/a.py",
            "src/a.py:12",
            "src/a.py#L4-L9",
            "src\\a.py",
        ] {
            assert_eq!(place(path), "src/a.py", "{path}");
        }
        assert_eq!(place("a:b"), "a:b");
    }

    #[test]
    fn numbers_and_marks_do_not_count() {
        assert_eq!(
            normalised("Line 12: `Foo()` is  wrong."),
            "line foo is wrong"
        );
        assert_eq!(
            shared(
                &words("the lock is never freed"),
                &words("lock never freed (12)")
            ),
            75
        );
        assert_eq!(shared(&words(""), &words("")), 0);
    }
}
