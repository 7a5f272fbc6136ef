//! What a grant holds, and when two holders conflict.

use serde::{Deserialize, Serialize};

use crate::model::lock_key::LockKey;

/// Everything one grant holds: a package gets all of it or nothing, so nobody waits while holding.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockSet {
    /// Write scope, normalised patterns.
    pub write: Vec<String>,
    /// Exceptions from `write`.
    pub deny: Vec<String>,
    /// Paths and globs claimed beside the scope.
    pub files: Vec<String>,
    /// Logical keys.
    pub keys: Vec<LockKey>,
    /// Nothing else of the same feature may be live: no scope was declared, or the worktree mode
    /// is `shared`.
    pub alone: bool,
}
