//! Opinions: a pure function from facts to decisions.
