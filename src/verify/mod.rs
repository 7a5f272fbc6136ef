//! Verification steps become evidence keyed by tree id.
