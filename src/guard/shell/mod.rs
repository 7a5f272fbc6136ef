//! Reads text as a POSIX shell (with the habits of bash) would, without running anything.
//!
//! Total: any text gives a [`Script`]; what could not be read is said in [`Script::trouble`]. Size
//! and depth are bounded, time is linear. [`Scope`] then turns words into arguments.

mod expand;
mod list;
mod parse;
mod words;

pub(super) use expand::{Arg, Scope, said};
pub(super) use parse::parse;

/// Every simple command of a text, in the order in which it is written; what belongs to loops,
/// groups and functions is among them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) commands: Vec<Simple>,
    pub(super) trouble: Option<Trouble>,
}

/// Why a text was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Too long, or too many commands.
    Size,
    /// Nested too deeply.
    Depth,
}

/// A simple command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Simple {
    /// `A=b` before it, or alone.
    pub(super) assigns: Vec<Assign>,
    /// Program and arguments.
    pub(super) words: Vec<Word>,
    /// Files that redirections write.
    pub(super) targets: Vec<Word>,
    /// A here-document or here-string.
    pub(super) stdin: Option<Word>,
    /// True if it reads what the command before it writes.
    pub(super) piped: bool,
    /// Words that are expanded and are no command: lists of `for`, patterns of `case`, files that
    /// are read.
    pub(super) aside: Vec<Word>,
}

/// An assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assign {
    pub(super) name: String,
    pub(super) value: Word,
}

/// A word before expansion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) parts: Vec<Part>,
}

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// As it is.
    Text { text: String, quote: Quote },
    /// `$name` or `${name...}`.
    Variable {
        name: String,
        /// What stands behind the name in braces.
        inner: Vec<Part>,
        /// True if `inner` is used where the variable is not set.
        fallback: bool,
        quote: Quote,
    },
    /// `$(...)`, backticks, `<(...)`, with its source in the first form.
    Run {
        source: String,
        script: Script,
        quote: Quote,
    },
}

/// Whether the shell looks at the characters once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quote {
    None,
    Quoted,
}

impl Word {
    /// The text, if it holds nothing quoted and nothing to expand: what a reserved word must be.
    pub(super) fn bare(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [
                Part::Text {
                    text,
                    quote: Quote::None,
                },
            ] => Some(text),
            _ => None,
        }
    }
}

impl Simple {
    /// True if nothing was read into it.
    pub(super) fn is_empty(&self) -> bool {
        self.assigns.is_empty()
            && self.words.is_empty()
            && self.targets.is_empty()
            && self.stdin.is_none()
            && self.aside.is_empty()
    }

    /// Every word whose substitutions run.
    pub(super) fn all_words(&self) -> impl Iterator<Item = &Word> {
        let assigned = self.assigns.iter().map(|assign| &assign.value);
        let own = assigned.chain(&self.words).chain(&self.targets);
        own.chain(&self.stdin).chain(&self.aside)
    }
}
