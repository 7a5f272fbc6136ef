//! The first reader of any YAML: bounds it, refuses what hides or explodes, and marks every part.
//!
//! One linear pass over the events of a scanner, before a second reader sees the text; both must
//! agree. Refused are aliases, anchors, tags, merge keys, keys given twice, several documents,
//! control characters, and anything above the limits. It does not know what the text is about.

use crate::plan::builder::Builder;
use crate::plan::limits::Policy;
use crate::plan::node::{Lines, Node, Span};
use crate::plan::scan::{Refusal, events, hostile};
use crate::plan::{agree, tags};

/// Reads `bytes` into a tree; `None` if they hold no document.
///
/// # Errors
/// The first thing that is refused.
pub fn read(bytes: &[u8], policy: Policy) -> Result<Option<Node>, Refusal> {
    let limit = policy.bytes_max();
    if bytes.len() > limit {
        let message = format!(
            "the file has {} bytes, at most {limit} are read",
            bytes.len()
        );
        return Err(hostile(
            message,
            "split the plan or move long texts elsewhere",
            Span::TOP,
        ));
    }
    let bare = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let skipped = bytes.len() - bare.len();
    let shift = |mut span: Span| {
        span.start += skipped;
        span.end += skipped;
        span
    };
    let root = read_bare(bare, policy, skipped).map_err(|mut refusal| {
        refusal.span = shift(refusal.span);
        refusal
    })?;
    Ok(root)
}

fn read_bare(bytes: &[u8], policy: Policy, skipped: usize) -> Result<Option<Node>, Refusal> {
    let mut text = utf8(bytes)?.to_owned();
    if !text.ends_with('\n') {
        // The scanner looks one character past a backslash; the last line of a file has no right
        // to be different from the others anyway.
        text.push('\n');
    }
    let lines = Lines::of(&text);
    control_characters(&text, &lines)?;
    tags::refuse(&text, &lines)?;
    let mut builder = Builder::new(policy, skipped);
    events(&text, &lines, |data, span| builder.event(data, span))?;
    let root = builder.finish();
    if policy == Policy::Plan && !agree::same(&text, root.as_ref()) {
        return Err(hostile(
            "two YAML readers do not agree on what this file says",
            "write the file in plain block style, with quotes around unusual text",
            Span::TOP,
        ));
    }
    Ok(root)
}

fn utf8(bytes: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(bytes).map_err(|e| {
        let valid = std::str::from_utf8(&bytes[..e.valid_up_to()]).unwrap_or("");
        let span = Lines::of(valid).span(valid.len(), valid.len());
        hostile("the file is not UTF-8", "save the file as UTF-8 text", span)
    })
}

fn control_characters(text: &str, lines: &Lines<'_>) -> Result<(), Refusal> {
    let bad = |c: char| {
        (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}'))
            || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    match text.char_indices().find(|&(_, c)| bad(c)) {
        Some((at, c)) => Err(hostile(
            format!("the control character `{}` stands here", c.escape_unicode()),
            "remove it, or write it as an escape within double quotes",
            lines.span(at, at + c.len_utf8()),
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Code;
    use crate::plan::limits::{BYTES_MAX, NODES_MAX};

    fn refused(text: &str) -> Refusal {
        read(text.as_bytes(), Policy::Plan).expect_err(text)
    }

    #[test]
    fn what_hides_or_explodes_is_refused_with_its_place() {
        for (text, part, line, column) in [
            ("a: &x 1\nb: *x\n", "anchor", 1, 4),
            ("a: 1\nb: *x\n", "alias", 2, 4),
            ("a: !!str 1\n", "tag", 1, 4),
            ("a: [!x,y]\n", "tag", 1, 5),
            ("a: {b: !x,y: 1}\n", "tag", 1, 8),
            ("<<: {a: 1}\n", "merge", 1, 1),
            ("a: 1\nb: 2\na: 3\n", "twice", 3, 1),
            ("a: 1\n---\nb: 2\n", "document", 2, 1),
            ("a: .nan\n", "number", 1, 4),
            ("a: [1, -.inf]\n", "number", 1, 8),
            ("a: 1e999\n", "number", 1, 4),
            ("a: 1180591620717411303424\n", "number", 1, 4),
            ("a: \u{1}\n", "control character", 1, 4),
            ("? [a]\n: 1\n", "key", 1, 3),
        ] {
            let refusal = refused(text);
            assert_eq!(refusal.code, Code::HostileInput, "{text}");
            assert!(
                refusal.message.contains(part),
                "{text}: {}",
                refusal.message
            );
            assert_eq!(
                (refusal.span.line, refusal.span.column),
                (line, column),
                "{text}"
            );
        }
    }

    #[test]
    fn near_misses_are_read() {
        for text in [
            "a: 'x *y'\n",
            "a: R&D\n",
            "a: wow !important, really\n",
            "a: [x !y,z]\n",
            "a: \"!x,y\"\n",
            "# !x,y\na: 1\n",
            "'<<': 1\n",
            "---\na: 1\n...\n",
            "a: '.nan'\n",
            "a: \"\\u0001\"\n",
            "1: x\ntrue: y\n~: z\n",
        ] {
            assert!(read(text.as_bytes(), Policy::Plan).is_ok(), "{text}");
        }
    }

    #[test]
    fn mistakes_of_writing_get_a_hint() {
        for (text, hint) in [
            ("a:\n  - **/*.ts\n", "quote patterns that start with *"),
            ("a:\n\t- x\n", "tabs"),
            ("a: x: y\n", "colon"),
            ("a: @x\n", "quotes"),
            ("a: \"x\\", "look at"),
        ] {
            let refusal = refused(text);
            assert_eq!(refusal.code, Code::Schema, "{text}");
            assert!(refusal.hint.contains(hint), "{text}: {}", refusal.hint);
        }
        assert_eq!(refused("a:\n  - **/*.ts\n").span.line, 2);
    }

    #[test]
    fn a_byte_order_mark_moves_bytes_but_not_columns() {
        let root = read(b"\xef\xbb\xbfab: 1", Policy::Plan).unwrap().unwrap();
        let span = root.get("ab").unwrap().span;
        assert_eq!((span.start, span.end, span.line, span.column), (7, 8, 1, 5));
    }

    #[test]
    fn limits_hold() {
        let deep = "[".repeat(100_000);
        assert!(refused(&deep).message.contains("deep"));
        assert!(
            refused(&"a".repeat(BYTES_MAX + 1))
                .message
                .contains("bytes")
        );
        assert!(
            refused(&"- 1\n".repeat(NODES_MAX + 1))
                .message
                .contains("parts")
        );
        assert_eq!(read(b"\xff", Policy::Plan).unwrap_err().span, Span::TOP);
        assert_eq!(read(b"# nothing\n", Policy::Plan), Ok(None));
    }

    #[test]
    fn foreign_files_may_use_anchors_within_limits() {
        let text = b"a: &x {k: 9223372036854775807}\nb: *x\n";
        let root = read(text, Policy::Foreign).unwrap().unwrap();
        assert_eq!(
            root.get("a").unwrap().to_json(),
            root.get("b").unwrap().to_json()
        );
        let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
        for i in 1..20 {
            let item = format!("*a{},", i - 1).repeat(9);
            bomb.push_str(&format!("a{i}: &a{i} [{item}]\n"));
        }
        assert!(read(bomb.as_bytes(), Policy::Foreign).is_err());
    }
}
