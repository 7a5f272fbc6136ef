//! Rules of the project: a program and patterns of its arguments, in any order.

use crate::guard::call::Call;
use crate::model::guard::OwnRule;

/// True if the command is one that the rule means.
pub(super) fn applies(rule: &OwnRule, call: &Call) -> bool {
    let words = || call.args().iter().map(|arg| arg.text.as_str());
    glob(&rule.program, &call.program)
        && rule
            .words
            .iter()
            .all(|pattern| words().any(|word| glob(pattern, word)))
}

/// `*` is any text and `?` any character; linear but for the stars.
fn glob(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                back = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match back {
                Some((star, from)) => {
                    back = Some((star, from + 1));
                    p = star + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_match() {
        for (pattern, text) in [
            ("a*", "abc"),
            ("*", ""),
            ("a?c", "abc"),
            ("*b*d", "abcbd"),
            ("x", "x"),
        ] {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a", "ab"), ("a?", "a"), ("*b", "abc"), ("", "a")] {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }
}
