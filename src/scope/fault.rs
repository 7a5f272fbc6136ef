//! Why a text is no pattern, and what to write instead.

use std::fmt;

use crate::base::text::foreign;

/// What is wrong, and where.
pub(super) type Fault = (Reason, usize);

/// Why a text is no pattern, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    /// The text as written.
    pub pattern: String,
    /// The place, in characters from 0.
    pub at: usize,
    /// What is wrong there.
    pub reason: Reason,
}

/// What is wrong with a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// No characters, or `.`.
    Empty,
    /// More characters than a pattern may have.
    TooLong,
    /// A NUL or another control character.
    Control,
    /// A `\`.
    Backslash,
    /// Begins with `/`, `~/` or a drive letter.
    Absolute,
    /// Begins with `!`.
    Negation,
    /// Begins with `:`, git's pathspec magic.
    Magic,
    /// A `.` segment.
    Dot,
    /// A `..` segment.
    Parent,
    /// A segment that some file system takes for `.git`.
    DotGit,
    /// A `{` without its `}`.
    UnclosedBrace,
    /// A `}` without its `{`.
    UnopenedBrace,
    /// `{}`.
    EmptyBraces,
    /// Braces that stand for too many patterns.
    TooManyAlternatives,
    /// A `[` without its `]`.
    UnclosedClass,
    /// A `/` between `[` and `]`.
    SlashInClass,
    /// `[:name:]`.
    NamedClass,
    /// A range whose end comes before its start.
    ReversedRange,
}

impl Reason {
    /// What is wrong and what to write instead.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Reason::Empty => ("names nothing", "write `**` for the whole repository"),
            Reason::TooLong => ("is too long", "use at most 512 characters"),
            Reason::Control => ("holds a control character", "write `?` in its place"),
            Reason::Backslash => ("holds a backslash", "separate with `/`, quote as in `[*]`"),
            Reason::Absolute => ("is absolute", "begin at the repository root, without `/`"),
            Reason::Negation => ("begins with `!`", "list what is excluded under `deny`"),
            Reason::Magic => ("begins with `:`", "leave pathspec magic out"),
            Reason::Dot => ("holds a `.` segment", "leave it out"),
            Reason::Parent => ("holds `..`", "begin at the repository root"),
            Reason::DotGit => ("reaches into `.git`", "name files of the work tree only"),
            Reason::UnclosedBrace => ("lacks a `}`", "close the brace, or quote it as `[{]`"),
            Reason::UnopenedBrace => ("lacks a `{`", "open the brace, or quote it as `[}]`"),
            Reason::EmptyBraces => ("has empty braces", "write `{a,b}`"),
            Reason::TooManyAlternatives => ("has too many alternatives", "write several patterns"),
            Reason::UnclosedClass => ("lacks a `]`", "close the class, or quote it as `[[]`"),
            Reason::SlashInClass => ("has a `/` in a class", "a class never matches `/`"),
            Reason::NamedClass => ("uses a named class", "write a range, for instance `[a-z]`"),
            Reason::ReversedRange => ("has a reversed range", "write the smaller end first"),
        }
    }
}

impl PatternError {
    /// What to write instead.
    pub fn hint(&self) -> &'static str {
        self.reason.words().1
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.reason.words().0;
        let at = self.at + 1;
        write!(f, "`{}` {what} at character {at}", foreign(&self.pattern))
    }
}

impl std::error::Error for PatternError {}
