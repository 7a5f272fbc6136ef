//! Braces: `a{b,c{d,e}}` becomes its alternatives, each character with its place in the source.
//!
//! Bounded: the number of alternatives and their total length have a limit.

use crate::scope::fault::{Fault, Reason};

/// Alternatives one pattern may stand for.
pub(super) const ALTERNATIVES_MAX: usize = 128;
const CHARS_MAX: usize = 16 * 1024;

/// A character and where it stood in the source, counted in characters from 0.
pub(super) type Placed = (char, usize);

/// Returns every alternative in the order of writing.
pub(super) fn expand(source: &[Placed]) -> Result<Vec<Vec<Placed>>, Fault> {
    let mut done = vec![Vec::new()];
    let mut at = 0;
    while let Some(&(c, place)) = source.get(at) {
        match c {
            '{' => {
                let end = closing_brace(source, at)?;
                let choices = choices(&source[at + 1..end], place)?;
                done = product(&done, &choices, place)?;
                at = end + 1;
            }
            '}' => return Err((Reason::UnopenedBrace, place)),
            _ => {
                let end = token_end(source, at)?;
                for text in &mut done {
                    text.extend_from_slice(&source[at..end]);
                }
                at = end;
            }
        }
    }
    Ok(done)
}

fn product(
    heads: &[Vec<Placed>],
    tails: &[Vec<Placed>],
    place: usize,
) -> Result<Vec<Vec<Placed>>, Fault> {
    let chars = |list: &[Vec<Placed>]| list.iter().map(Vec::len).sum::<usize>();
    let total = chars(heads) * tails.len() + chars(tails) * heads.len();
    if heads.len() * tails.len() > ALTERNATIVES_MAX || total > CHARS_MAX {
        return Err((Reason::TooManyAlternatives, place));
    }
    let mut out = Vec::with_capacity(heads.len() * tails.len());
    for head in heads {
        for tail in tails {
            out.push([head.as_slice(), tail.as_slice()].concat());
        }
    }
    Ok(out)
}

/// The alternatives between two braces.
fn choices(inner: &[Placed], place: usize) -> Result<Vec<Vec<Placed>>, Fault> {
    if inner.is_empty() {
        return Err((Reason::EmptyBraces, place));
    }
    let mut out = Vec::new();
    let (mut from, mut at) = (0, 0);
    while at <= inner.len() {
        if at == inner.len() || inner[at].0 == ',' {
            out.extend(expand(&inner[from..at])?);
            from = at + 1;
            at += 1;
        } else if inner[at].0 == '{' {
            at = closing_brace(inner, at)? + 1;
        } else {
            at = token_end(inner, at)?;
        }
        if out.len() > ALTERNATIVES_MAX {
            return Err((Reason::TooManyAlternatives, place));
        }
    }
    Ok(out)
}

fn closing_brace(source: &[Placed], open: usize) -> Result<usize, Fault> {
    let (mut depth, mut at) = (0, open);
    while let Some(&(c, _)) = source.get(at) {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return Ok(at),
            '}' => depth -= 1,
            _ => {
                at = token_end(source, at)?;
                continue;
            }
        }
        at += 1;
    }
    Err((Reason::UnclosedBrace, source[open].1))
}

/// The end of a class, or of a single character.
fn token_end(source: &[Placed], at: usize) -> Result<usize, Fault> {
    if source[at].0 == '[' {
        class_end(source, at)
    } else {
        Ok(at + 1)
    }
}

/// The index after the `]` that closes the class opened at `open`. A `]` that comes first, or
/// first after `!` or `^`, is a member.
pub(super) fn class_end(source: &[Placed], open: usize) -> Result<usize, Fault> {
    let char_at = |i: usize| source.get(i).map(|p| p.0);
    let mut at = open + 1;
    if matches!(char_at(at), Some('!' | '^')) {
        at += 1;
    }
    if char_at(at) == Some(']') {
        at += 1;
    }
    while let Some(&(c, place)) = source.get(at) {
        match c {
            ']' => return Ok(at + 1),
            '/' => return Err((Reason::SlashInClass, place)),
            '[' if char_at(at + 1) == Some(':') => return Err((Reason::NamedClass, place)),
            _ => at += 1,
        }
    }
    Err((Reason::UnclosedClass, source[open].1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Result<Vec<String>, Fault> {
        let placed: Vec<Placed> = source.chars().enumerate().map(|(i, c)| (c, i)).collect();
        let lists = expand(&placed)?;
        let text = |list: Vec<Placed>| list.into_iter().map(|p| p.0).collect();
        Ok(lists.into_iter().map(text).collect())
    }

    #[test]
    fn braces_nest_and_keep_the_order_of_writing() {
        assert_eq!(
            texts("a{b,c{d,e},}f").unwrap(),
            ["abf", "acdf", "acef", "af"]
        );
        assert_eq!(
            texts("{a/b,c}/{d,[,]}").unwrap(),
            ["a/b/d", "a/b/[,]", "c/d", "c/[,]"]
        );
        assert_eq!(texts("a[{]b[}]").unwrap(), ["a[{]b[}]"]);
    }

    #[test]
    fn faults_carry_their_place() {
        for (source, reason, at) in [
            ("ab{c", Reason::UnclosedBrace, 2),
            ("ab}c", Reason::UnopenedBrace, 2),
            ("a{}", Reason::EmptyBraces, 1),
            ("a[bc", Reason::UnclosedClass, 1),
            ("a[b/c]", Reason::SlashInClass, 3),
            ("a[[:alpha:]]", Reason::NamedClass, 2),
        ] {
            assert_eq!(texts(source), Err((reason, at)), "{source}");
        }
        let bomb = "{a,b}".repeat(30);
        assert_eq!(texts(&bomb), Err((Reason::TooManyAlternatives, 35)));
        let nested = format!("{}a{}", "{".repeat(400), "}".repeat(400));
        assert_eq!(texts(&nested).unwrap(), ["a"]);
    }
}
