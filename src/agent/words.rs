//! Splits a command line into words as a POSIX shell would, without being one: quotes and
//! backslashes, no variables, no globs, no operators.

/// The words of `line`.
///
/// # Errors
/// A quote is not closed, or a backslash ends the line: the reason as a sentence fragment.
pub fn split(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            '\'' | '"' => quoted(c, &mut chars, word.get_or_insert_default())?,
            '\\' => match chars.next() {
                Some(next) => word.get_or_insert_default().push(next),
                None => return Err("ends with a backslash".to_owned()),
            },
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

fn quoted(
    quote: char,
    chars: &mut impl Iterator<Item = char>,
    word: &mut String,
) -> Result<(), String> {
    while let Some(c) = chars.next() {
        match c {
            c if c == quote => return Ok(()),
            '\\' if quote == '"' => match chars.next() {
                Some(next @ ('"' | '\\' | '$' | '`')) => word.push(next),
                Some(next) => word.extend(['\\', next]),
                None => break,
            },
            c => word.push(c),
        }
    }
    Err(format!("has an open quote {quote}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_backslashes_hold_words_together() {
        for (line, words) in [
            ("a  b\tc", &["a", "b", "c"][..]),
            (r#"a 'b c'"d e"f"#, &["a", "b cd ef"]),
            (r#"'' "" x"#, &["", "", "x"]),
            (r#"a\ b "\"q\" \n""#, &["a b", r#""q" \n"#]),
            (r"'a\b'", &[r"a\b"]),
            ("$(x) `y` ; | *", &["$(x)", "`y`", ";", "|", "*"]),
            ("", &[]),
        ] {
            assert_eq!(split(line).unwrap(), words, "{line}");
        }
        for line in ["'a", "\"a", "\"a\\", "a\\"] {
            assert!(split(line).is_err(), "{line}");
        }
    }
}
