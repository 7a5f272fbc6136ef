//! What follows from reviews: which findings are one, what stands, and what is to be done.
//!
//! Everything here is computed from the reviews and the rulings of people, for one commit, and is
//! never stored. A review that failed is no vote, a reviewer's disposition is never rewritten, and
//! in doubt the answer is no.

mod cluster;
mod consensus;
mod key;
pub mod read;
mod ruled;
mod standing;
#[cfg(test)]
mod tests;
mod trend;
mod verdict;
mod words;

pub use cluster::{Cluster, Raised};
pub use consensus::{Consensus, Dismissed, Independence, ReviewRule, consensus};
pub use key::key;
pub use standing::{Call, Standing};
pub use trend::{Round, Trend, TrendState, trend};
pub use verdict::{Decision, Verdict, verdict};
