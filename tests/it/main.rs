//! The one integration test binary; a file per verb and per concern.

mod plan_corpus;
