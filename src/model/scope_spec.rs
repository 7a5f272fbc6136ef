//! The three lists of a scope as written.

use serde::{Deserialize, Serialize};

/// Where a package may read and write. Patterns are as written; `scope::Pattern` compiles them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeSpec {
    /// May be created, changed, deleted. Empty: the package changes nothing.
    pub write_allow: Vec<String>,
    /// Advice for the agent and the prompt; not enforced on reads.
    pub read_allow: Vec<String>,
    /// Wins over both lists.
    pub deny: Vec<String>,
    /// What happens to a path outside the lists.
    pub mode: ScopeMode,
}

/// What happens to a path outside the scope.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScopeMode {
    /// It is a violation.
    #[default]
    Strict,
    /// It is granted and recorded if no other unfinished package covers it.
    Amend,
    /// No scope was declared: everything may be written, and nothing else runs meanwhile.
    Open,
}
