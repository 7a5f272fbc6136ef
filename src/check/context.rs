//! What a check cannot know by itself.

use crate::scope::Fold;

/// The answers that a check needs from outside.
pub struct Context<'a> {
    /// The bytes of a file, by its path from the root of the repository; `None` if there is none.
    pub read_file: &'a dyn Fn(&str) -> Option<Vec<u8>>,
    /// True if a program of this name can be started.
    pub program_exists: &'a dyn Fn(&str) -> bool,
    /// Namespaces of lock keys from `wp.toml`.
    pub extra_namespaces: &'a [String],
    /// Which paths count as the same.
    pub fold: Fold,
}
