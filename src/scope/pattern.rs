//! One pattern: the dialect, its errors, literal parts.

use std::fmt;

use crate::base::RepoPath;
use crate::base::path::is_dot_git;
use crate::base::text::foreign;
use crate::scope::class::{Class, Symbol};
use crate::scope::expand::{Placed, class_end, expand};
use crate::scope::fault::{Fault, PatternError, Reason};
use crate::scope::fold::Fold;
use crate::scope::program::{Op, Program};

/// Characters of one pattern.
const PATTERN_CHARS_MAX: usize = 512;

/// A set of paths, written like a git pathspec with `glob` magic.
///
/// ```text
/// src/a.py     that path only                 ?        one character but `/`
/// src/         everything below, as `src/**`  *        any characters but `/`
/// src/**       everything below, not `src`    [a-z]    one of these; [!a-z] or [^a-z] none of them
/// **/x         `x` in any folder              {a,b}    either, nested if need be
/// a/**/b       `a/b`, `a/x/b`, `a/x/y/b`      [*]      the character itself; `\` is no escape
/// ```
///
/// `**` crosses `/` only as a whole segment; beside other characters it means `*`. A leading
/// `./` is dropped, `//` is `/`. Absolute paths, `.` and `..` segments, any form of `.git`,
/// control characters and backslashes are errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    normal: String,
    programs: Vec<Program>,
}

/// Where the matches of a pattern lie.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// This path alone.
    Path(String),
    /// Below this folder.
    Below(String),
}

impl Pattern {
    /// Reads one pattern.
    pub fn parse(text: &str) -> Result<Pattern, PatternError> {
        let fail = |(reason, at): Fault| PatternError {
            pattern: text.to_owned(),
            at,
            reason,
        };
        let source = checked(text).map_err(fail)?;
        let mut programs: Vec<Program> = Vec::new();
        for alternative in expand(&source).map_err(fail)? {
            let program = compile(&alternative).map_err(fail)?;
            if !programs.contains(&program) {
                programs.push(program);
            }
        }
        Ok(Pattern {
            text: text.to_owned(),
            normal: normal(text),
            programs,
        })
    }

    /// The pattern that matches exactly `path`. Characters that cannot be written (controls,
    /// backslashes, bytes that are no UTF-8, a leading `!`, `:`) become `?`.
    ///
    /// `None` if the path is hostile or too long.
    pub fn quote(path: &RepoPath) -> Option<Pattern> {
        let mut text = String::new();
        for chunk in path.as_bytes().utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '*' | '?' | '[' | '{' | '}' => text.extend(['[', c, ']']),
                    '\\' => text.push('?'),
                    '!' | ':' if text.is_empty() => text.push('?'),
                    _ if c.is_control() => text.push('?'),
                    _ => text.push(c),
                }
            }
            text.extend(chunk.invalid().iter().map(|_| '?'));
        }
        Pattern::parse(&text).ok()
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Without a leading `./`, doubled `/`, and with `/**` for a trailing `/`.
    pub fn normal(&self) -> &str {
        &self.normal
    }

    /// True if the pattern names one path.
    pub fn is_literal(&self) -> bool {
        self.programs.len() == 1 && self.programs[0].is_literal()
    }

    /// True for `**` in any spelling: the whole repository.
    pub fn is_everything(&self) -> bool {
        self.programs.iter().any(Program::is_everything)
    }

    /// True if `path` is in the set. Meant for few paths; see [`crate::scope::Matcher`] for many.
    pub fn matches(&self, path: &RepoPath, fold: Fold) -> bool {
        let folded = fold.apply(path.as_bytes());
        self.programs(fold).iter().any(|p| p.matches(&folded))
    }

    /// A regular expression, as JavaScript and Rust read it, that takes every match and hardly
    /// anything else, for programs that know no patterns. It takes no quotation mark.
    pub fn expression(&self) -> String {
        let all: Vec<String> = self.programs.iter().map(Program::expression).collect();
        format!("(?:{})", all.join("|"))
    }

    /// What a match can be, one per alternative: that very path, or something below a folder. An
    /// empty folder is the whole repository.
    pub fn reach(&self) -> Vec<Reach> {
        let programs = self.programs.iter();
        let reach = programs.map(|program| match program.is_literal() {
            true => Reach::Path(program.prefix().to_owned()),
            false => {
                let folder = program.prefix().rsplit_once('/');
                Reach::Below(folder.map_or("", |(folder, _)| folder).to_owned())
            }
        });
        reach.collect()
    }

    /// The alternatives, over folded paths.
    pub(super) fn programs(&self, fold: Fold) -> Vec<Program> {
        self.programs.iter().map(|p| p.folded(fold)).collect()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        foreign(&self.text).fmt(f)
    }
}

/// The checks that need no structure.
fn checked(text: &str) -> Result<Vec<Placed>, Fault> {
    let source: Vec<Placed> = text.chars().enumerate().map(|(i, c)| (c, i)).collect();
    if source.len() > PATTERN_CHARS_MAX {
        return Err((Reason::TooLong, PATTERN_CHARS_MAX));
    }
    let bytes = text.as_bytes();
    let first = match bytes.first() {
        None => Some(Reason::Empty),
        Some(b'/') => Some(Reason::Absolute),
        Some(b'!') => Some(Reason::Negation),
        Some(b':') => Some(Reason::Magic),
        Some(b) if b.is_ascii_alphabetic() && bytes.get(1) == Some(&b':') => Some(Reason::Absolute),
        Some(b'~') if matches!(bytes.get(1), None | Some(b'/')) => Some(Reason::Absolute),
        Some(_) => None,
    };
    if let Some(reason) = first {
        return Err((reason, 0));
    }
    for &(c, at) in &source {
        if c.is_control() {
            return Err((Reason::Control, at));
        }
        if c == '\\' {
            return Err((Reason::Backslash, at));
        }
    }
    Ok(source)
}

fn normal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    let mut rest = text;
    while let Some(after) = rest.strip_prefix("./") {
        rest = after.trim_start_matches('/');
    }
    for c in rest.chars() {
        if !(c == '/' && out.ends_with('/')) {
            out.push(c);
        }
    }
    if out.ends_with('/') {
        out.push_str("**");
    }
    out
}

/// Compiles one alternative.
fn compile(source: &[Placed]) -> Result<Program, Fault> {
    let start = source.first().map_or(0, |p| p.1);
    if source.first().is_some_and(|p| p.0 == '/') {
        return Err((Reason::Absolute, start));
    }
    let mut segments: Vec<&[Placed]> = source.split(|p| p.0 == '/').collect();
    let below = segments.last().is_some_and(|s| s.is_empty());
    let leading = segments.iter().take_while(|s| is(s, ".")).count();
    segments.drain(..leading.min(segments.len()));
    segments.retain(|segment| !segment.is_empty());
    if segments.is_empty() {
        return Err((Reason::Empty, start));
    }
    let mut ops = Vec::new();
    let count = segments.len();
    for (i, segment) in segments.into_iter().enumerate() {
        let last = i + 1 == count && !below;
        if is(segment, "**") {
            if last {
                ops.extend([Op::Rest, Op::Tail]);
            } else if ops.last() != Some(&Op::Within) {
                ops.extend([Op::Deep, Op::Within]);
            }
            continue;
        }
        let from = ops.len();
        tokens(segment, &mut ops)?;
        refuse(&ops[from..]).map_err(|reason| (reason, segment[0].1))?;
        if !last {
            ops.push(Op::Char('/'));
        }
    }
    if below {
        ops.extend([Op::Rest, Op::Tail]);
    }
    if let [.., Op::Deep, Op::Within, Op::Rest, Op::Tail] = ops.as_slice() {
        // `a/**/**` is `a/**`.
        let rest = ops.split_off(ops.len() - 2);
        ops.truncate(ops.len() - 2);
        ops.extend(rest);
    }
    Ok(Program::new(ops, Fold::None))
}

fn is(segment: &[Placed], text: &str) -> bool {
    segment.iter().map(|p| p.0).eq(text.chars())
}

/// Literal segments that no path may have.
fn refuse(segment: &[Op]) -> Result<(), Reason> {
    let literal = |op: &Op| match op {
        Op::Char(c) => Some(*c),
        _ => None,
    };
    let Some(text) = segment.iter().map(literal).collect::<Option<String>>() else {
        return Ok(());
    };
    match text.as_str() {
        "." => Err(Reason::Dot),
        ".." => Err(Reason::Parent),
        _ if is_dot_git(&text) => Err(Reason::DotGit),
        _ => Ok(()),
    }
}

fn tokens(segment: &[Placed], ops: &mut Vec<Op>) -> Result<(), Fault> {
    let mut at = 0;
    while let Some(&(c, _)) = segment.get(at) {
        let end = if c == '[' {
            class_end(segment, at)?
        } else {
            at + 1
        };
        match c {
            '*' if ops.last() == Some(&Op::Star) => {}
            '*' => ops.push(Op::Star),
            '?' => ops.push(Op::One),
            '[' => ops.push(class(&segment[at + 1..end - 1])?),
            _ => ops.push(Op::Char(c)),
        }
        at = end;
    }
    Ok(())
}

/// The operation for what stands between `[` and `]`; a class of one is that character.
fn class(inner: &[Placed]) -> Result<Op, Fault> {
    let negated = matches!(inner.first(), Some(('!' | '^', _)));
    let members = if negated { &inner[1..] } else { inner };
    let mut ranges: Vec<(Symbol, Symbol)> = Vec::new();
    let mut at = 0;
    while let Some(&(low, place)) = members.get(at) {
        let ranged = members.get(at + 1).is_some_and(|p| p.0 == '-');
        let high = members.get(at + 2).filter(|_| ranged).map(|p| p.0);
        match high {
            Some(high) if high < low => return Err((Reason::ReversedRange, place)),
            Some(high) => ranges.push((low.into(), high.into())),
            None => ranges.push((low.into(), low.into())),
        }
        at += if high.is_some() { 3 } else { 1 };
    }
    let class = Class::new(ranges);
    Ok(match class.ranges() {
        _ if negated => Op::Class(class.negated()),
        &[(low, high)] if low == high => char::from_u32(low).map_or(Op::Class(class), Op::Char),
        _ => Op::Class(class),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        let pattern = Pattern::parse(pattern).unwrap();
        pattern.matches(&RepoPath::from(path), Fold::None)
    }

    #[test]
    fn the_dialect_means_what_its_table_says() {
        for (pattern, yes, no) in [
            ("src/a.py", "src/a.py", "src/a.pyc"),
            ("src/", "src/a/b", "src"),
            ("src/**", "src/a", "src"),
            ("**/x", "x", "xx"),
            ("**/x", "a/b/x", "a/bx"),
            ("a/**/b", "a/b", "ab"),
            ("a/**/b", "a/x/y/b", "a/x/y/bb"),
            ("a/**/**/b/**", "a/b/c", "a/b"),
            ("*", "a", "a/b"),
            ("**", "a/b/c", ""),
            ("a**b", "axyb", "ax/yb"),
            ("***", "abc", "a/b"),
            ("?", "é", "éé"),
            ("[a-c]x", "bx", "dx"),
            ("[!a-c]x", "dx", "bx"),
            ("[^a]", "b", "a"),
            ("[]a]", "]", "b"),
            ("[a-]", "-", "b"),
            ("[[]id]/[*]", "[id]/*", "i/*"),
            ("{a,b{c,d}}/x", "bd/x", "b/x"),
            ("./a//b", "a/b", "a//b"),
            ("*.{md,txt}", "x.txt", "d/x.txt"),
            ("src/*/a*b*c", "src/x/aabbc", "src/aabbc"),
            ("**/a/**/a/b", "a/x/a/a/b", "a/b"),
        ] {
            assert!(matches(pattern, yes), "{pattern} should match {yes}");
            assert!(!matches(pattern, no), "{pattern} should not match {no}");
        }
    }

    #[test]
    fn wrong_patterns_are_refused_with_reason_and_place() {
        for (pattern, reason, at) in [
            ("", Reason::Empty, 0),
            (".", Reason::Empty, 0),
            ("./", Reason::Empty, 0),
            ("/etc", Reason::Absolute, 0),
            ("C:/x", Reason::Absolute, 0),
            ("~/x", Reason::Absolute, 0),
            ("{/a,b}", Reason::Absolute, 1),
            ("a/../b", Reason::Parent, 2),
            ("a/{x,..}/b", Reason::Parent, 5),
            ("a/./b", Reason::Dot, 2),
            (".git/config", Reason::DotGit, 0),
            ("a/.GIT", Reason::DotGit, 2),
            ("a/git~1/x", Reason::DotGit, 2),
            ("a/.gi[t]", Reason::DotGit, 2),
            ("a\u{0}b", Reason::Control, 1),
            ("a\nb", Reason::Control, 1),
            ("src\\a", Reason::Backslash, 3),
            ("!a", Reason::Negation, 0),
            (":(glob)a", Reason::Magic, 0),
            ("a/[b", Reason::UnclosedClass, 2),
            ("a/[z-a]", Reason::ReversedRange, 3),
        ] {
            let error = Pattern::parse(pattern).unwrap_err();
            assert_eq!((error.reason, error.at), (reason, at), "{pattern}");
        }
        let error = Pattern::parse(&"x".repeat(513)).unwrap_err();
        assert_eq!(error.reason, Reason::TooLong);
        let error = Pattern::parse("a/../b").unwrap_err();
        assert_eq!(error.to_string(), "`a/../b` holds `..` at character 3");
    }

    #[test]
    fn normal_forms_and_literal_patterns() {
        assert_eq!(
            Pattern::parse(".//src//api/").unwrap().normal(),
            "src/api/**"
        );
        assert!(Pattern::parse("a/[b]").unwrap().is_literal());
        assert!(!Pattern::parse("{a,b}").unwrap().is_literal());
        assert!(Pattern::parse("./**").unwrap().is_everything());
        assert!(!Pattern::parse("**/x").unwrap().is_everything());
    }

    #[test]
    fn expressions_say_what_patterns_say() {
        let expression = |pattern: &str| Pattern::parse(pattern).unwrap().expression();
        assert_eq!(expression("src/a.py"), "(?:src/a\\.py)");
        assert_eq!(expression("a/**/b-*"), "(?:a/(?:[^\"]+/|)b\\-[^/\"]*)");
        assert_eq!(expression("{a,b/}"), "(?:a|b/[^\"]+)");
    }

    #[test]
    fn nothing_that_matches_lies_outside_the_reach() {
        let reach = |pattern: &str| Pattern::parse(pattern).unwrap().reach();
        let below = |folder: &str| Reach::Below(folder.to_owned());
        let path = |path: &str| Reach::Path(path.to_owned());
        assert_eq!(reach("src/api/**"), [below("src/api")]);
        assert_eq!(reach("src/"), [below("src")]);
        assert_eq!(reach("src/a*/b.rs"), [below("src")]);
        assert_eq!(reach("src/api*"), [below("src")]);
        assert_eq!(reach("**/x.rs"), [below("")]);
        assert_eq!(reach("*.md"), [below("")]);
        assert_eq!(reach("a/[b]"), [path("a/b")]);
        assert_eq!(reach("{a,b/**}"), [path("a"), below("b")]);
    }

    #[test]
    fn folding_ignores_case_and_composition() {
        let pattern = Pattern::parse("Src/[A-C]É*.PY").unwrap();
        let path = RepoPath::from("sRC/be\u{301}x.py");
        assert!(pattern.matches(&path, Fold::Case));
        assert!(!pattern.matches(&path, Fold::None));
    }

    #[test]
    fn a_quoted_path_matches_itself() {
        for path in ["a/[id]/x{1}.t*", "!a", "b\\c", "a\nb", ":x", "plain/é"] {
            let path = RepoPath::from(path);
            let pattern = Pattern::quote(&path).unwrap();
            assert!(pattern.matches(&path, Fold::None), "{pattern:?}");
        }
        let bytes = RepoPath::from_bytes(*b"a/\xff\xfe");
        assert!(Pattern::quote(&bytes).unwrap().matches(&bytes, Fold::None));
        assert_eq!(Pattern::quote(&RepoPath::from("a/../b")), None);
    }
}
