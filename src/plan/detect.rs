//! How much a text looks like a format. Each reader judges for its own; none opens anything.

/// How much a text looks like a format. The greatest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// Nothing of it is there.
    No,
    /// It could be read as this, but so could others.
    Maybe,
    /// It is this.
    Surely,
}
