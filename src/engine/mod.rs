//! The loop: decide, record the intent, perform, record the outcome.
