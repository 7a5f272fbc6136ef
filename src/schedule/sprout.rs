//! What a loop asks for: a package that no plan names, and where it comes from.

use crate::base::{ContentHash, PackageId};

/// A package that a loop wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sprout {
    /// Its id, for instance `wp-fix-wp-api`.
    pub id: PackageId,
    /// What it inherits from.
    pub root: Root,
    /// What must be merged before it starts, its root apart.
    pub after: Vec<PackageId>,
    /// What waits for it, beside what waits for its root.
    pub before: Vec<PackageId>,
    /// The word for what it is: `fix`, `refine`, `revise`, `rework`.
    pub kind: &'static str,
    /// A title for people.
    pub title: String,
    /// What is to be done; the heart of its prompt, and a part of its identity.
    pub task: String,
}

/// What a sprout inherits from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// One package.
    Package(PackageId),
    /// These packages together.
    Several(Vec<PackageId>),
    /// Everything that the plan may write; it comes after all of it.
    Whole,
}

/// The id of a sprout; it is its own path component, whatever its root is called.
pub fn id(prefix: &str, root: &PackageId, number: u32) -> Option<PackageId> {
    let name = match number {
        0 | 1 => format!("{prefix}-{}", root.slug()),
        _ => format!("{prefix}-{}-{number}", root.slug()),
    };
    let whole = PackageId::parse(&name)?;
    PackageId::parse(&whole.slug())
}

/// The definition of a sprout: that of its root, and what is to be done.
pub fn definition(root: &ContentHash, task: &str) -> ContentHash {
    ContentHash::of(format!("{root}\n{task}").as_bytes())
}
