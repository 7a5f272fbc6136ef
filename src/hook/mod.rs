//! Git hooks: install, chain, run.
