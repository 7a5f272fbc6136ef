//! How much of a file is read, and what it may hold.

/// Larger files are not read.
pub const BYTES_MAX: usize = 1 << 20;
/// Deeper nesting is refused; real plans reach 8.
pub const DEPTH_MAX: usize = 64;
/// More parts are refused; a plan of a thousand packages has about 60,000.
pub const NODES_MAX: usize = 250_000;

/// Larger files of another standard are not read.
pub const FOREIGN_BYTES_MAX: usize = 8 << 20;
/// More parts in such a file are refused.
pub const FOREIGN_NODES_MAX: usize = 1_000_000;

/// What the guard lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// A plan: nothing that hides.
    Plan,
    /// A file of another standard, where anchors and large numbers are usual; aliases are
    /// expanded within the limits.
    Foreign,
}

impl Policy {
    pub(super) fn bytes_max(self) -> usize {
        match self {
            Policy::Plan => BYTES_MAX,
            Policy::Foreign => FOREIGN_BYTES_MAX,
        }
    }

    pub(super) fn nodes_max(self) -> usize {
        match self {
            Policy::Plan => NODES_MAX,
            Policy::Foreign => FOREIGN_NODES_MAX,
        }
    }
}
