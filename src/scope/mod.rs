//! Sets of paths: patterns, exact overlap with a witness, the guard. The home of globset.
