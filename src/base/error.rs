//! The one error that leaves a module: what happened, why, and what to type next.
//!
//! The [`Kind`] chooses the exit code, the `code` is the stable word in `--json`, the hints are
//! printed last. Hints never hold a complete destructive command.

use std::error::Error as StdError;
use std::fmt;

/// A result whose error can be shown to a person.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of failure this is; see [`crate::base::ExitCode`] for the code of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The command line, a configuration or a file it names is wrong.
    Usage,
    /// The work was done and its answer is no: findings, a failed package, a closed gate.
    Negative,
    /// Somebody else holds it.
    Lost,
    /// Recorded here, not yet confirmed by the authority.
    Provisional,
    /// Trust or policy forbids it.
    Policy,
    /// The coordination state is damaged or of a newer format.
    Damaged,
    /// A defect of this program.
    Bug,
    /// Nothing is wrong with the request: the machine (disk, lock, git) could not do it now.
    Busy,
    /// A signal ended the command.
    Interrupted,
}

/// A failure with its kind, stable code, message, cause and hints.
pub struct Error {
    kind: Kind,
    code: &'static str,
    message: String,
    hints: Vec<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Makes an error. `message` is a lower-case fragment without a full stop.
    pub fn new(kind: Kind, code: &'static str, message: impl Into<String>) -> Self {
        Error {
            kind,
            code,
            message: message.into(),
            hints: Vec::new(),
            source: None,
        }
    }

    /// The command line or a named file is wrong.
    pub fn usage(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, code, message)
    }

    /// The answer is no.
    pub fn negative(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Negative, code, message)
    }

    /// Trust or policy forbids it.
    pub fn policy(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Policy, code, message)
    }

    /// The coordination state cannot be trusted as it is.
    pub fn damaged(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Damaged, code, message)
    }

    /// The machine could not do it now.
    pub fn busy(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Busy, code, message)
    }

    /// A broken promise inside this program.
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(Kind::Bug, "bug", message)
    }

    /// An operating-system failure on `what`, for instance "cannot read `a/b`".
    pub fn io(what: impl Into<String>, source: std::io::Error) -> Self {
        Self::new(Kind::Busy, "io", what).because(source)
    }

    /// Adds the next thing to type or know.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Keeps the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Says what was being done; the earlier message becomes the cause.
    #[must_use]
    pub fn context(self, message: impl Into<String>) -> Self {
        let Error { kind, code, .. } = self;
        let hints = self.hints.clone();
        Error {
            kind,
            code,
            message: message.into(),
            hints,
            source: Some(Box::new(self)),
        }
    }

    /// The sort of failure.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The stable word for `--json`.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The message alone, without causes.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do next, in order.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The causes, outermost first.
    pub fn causes(&self) -> Vec<String> {
        let mut out = Vec::new();
        let mut next = self.source();
        while let Some(cause) = next {
            out.push(cause.to_string());
            next = cause.source();
        }
        out
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} [{}] {}", self.kind, self.code, self.message)?;
        for cause in self.causes() {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|cause| cause as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_keeps_kind_hints_and_cause() {
        let inner = Error::policy("untrusted", "plan is not approved").hint("git wp approve x");
        let outer = inner.context("cannot run `x`");
        assert_eq!(outer.kind(), Kind::Policy);
        assert_eq!(outer.hints(), ["git wp approve x"]);
        assert_eq!(outer.causes(), ["plan is not approved"]);
    }
}
