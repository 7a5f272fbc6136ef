//! The QA loop over a feature whose packages are all merged. Pure: what is planned follows from the
//! tree and the configuration, how the loop stands follows from what is recorded.
//!
//! A round counts only with a result for every planned check. Nothing an agent says of the whole is
//! believed: the verdict is computed from the results.

mod detect;
pub mod plan;
pub mod prompt;
pub mod question;
pub mod refine;
pub mod round;
pub mod standing;

pub use plan::planned;
pub use round::Verdict;
pub use standing::{Standing, standing};
