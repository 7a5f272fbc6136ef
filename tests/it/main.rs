//! The one integration test binary; a file per verb and per concern.

mod cli_frame;
mod git_objects;
mod git_refs;
mod plan_corpus;
mod support;
