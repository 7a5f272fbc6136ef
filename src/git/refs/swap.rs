//! What a compare-and-swap asks for, and how it fails.

use crate::base::{Error, Oid, RefName, text};

/// What a ref must hold for a swap to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Nothing: the ref does not exist.
    Absent,
    /// Exactly this.
    Is(Oid),
    /// Whatever it is, or nothing.
    Any,
}

impl Expected {
    /// What was read before: the swap happens only if it is still so.
    pub fn same_as(read: Option<&Oid>) -> Self {
        read.map_or(Expected::Absent, |oid| Expected::Is(oid.clone()))
    }

    pub(in crate::git) fn allows(&self, found: Option<&Oid>) -> bool {
        match self {
            Expected::Absent => found.is_none(),
            Expected::Is(oid) => found == Some(oid),
            Expected::Any => true,
        }
    }
}

/// Why a swap did not happen.
#[derive(Debug)]
pub enum SwapError {
    /// Somebody else was first; the ref holds this now.
    Moved {
        /// `None` if it does not exist.
        found: Option<Oid>,
    },
    /// It could not be tried, or its outcome is unknown: read the ref to learn it.
    Failed(Error),
}

impl SwapError {
    /// The error for those who do not handle a lost race.
    pub fn into_error(self, name: &RefName) -> Error {
        match self {
            SwapError::Failed(error) => error,
            SwapError::Moved { found } => {
                let now = found.map_or("gone".to_owned(), |oid| format!("at {}", oid.short()));
                let name = text::foreign(name.as_str());
                Error::new(
                    crate::base::Kind::Lost,
                    "ref-moved",
                    format!("`{name}` was moved by somebody else, it is {now}"),
                )
            }
        }
    }
}

impl From<Error> for SwapError {
    fn from(error: Error) -> Self {
        SwapError::Failed(error)
    }
}

pub(super) fn clashes(name: &RefName, other: &str) -> Error {
    let (name, other) = (text::foreign(name.as_str()), text::foreign(other));
    let message = format!("`{name}` cannot be made because `{other}` exists");
    Error::usage("ref-clash", message)
}
